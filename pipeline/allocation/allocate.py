"""Giving a team's actions by the rules of its business: the one way in for a build, a preview and a what-if."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.allocation import score
from pipeline.allocation.errors import ConstraintError
from pipeline.allocation.gains import ResponseCurve, cautious_value, expected_gains
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Block, Budget, Constraints, Prerequisite, Problem, Terms
from pipeline.turns import ALLOCATOR as TURNS
from pipeline.turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.allocation.book import Book
    from pipeline.allocation.optimum import Optimum
    from pipeline.allocation.problem import Booleans, Integers
    from pipeline.allocation.rules import Block as BlockRule
    from pipeline.allocation.rules import Rules
    from storage.records import Allocation, Words

OPTIMUM = "optimum"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """What was given: ``counts`` has the shape (accounts, types), accounts in the order of their book.

    ``problem`` is what is known of gains and limits, its accounts in ascending order of their ids, which are those at
    ``order`` in the book; ``optimum`` is the best allocation of it. Both are None where actions were given in turns,
    the second where they were given by score, too. ``written`` has what an allocator wrote that explains itself.
    """

    allocator: str
    rules: Rules
    words: Words
    counts: Integers
    order: Integers
    problem: Problem | None = None
    optimum: Optimum | None = None
    written: tuple[Allocation, ...] | None = None

    @property
    def actions(self) -> Integers:
        """How many actions each account gets, in the order of the book."""
        actions: Integers = self.counts.sum(axis=1)
        return actions


def allocate(rules: Rules, book: Book, *, words: Words, ranks: bool = True) -> Given:
    """Give the actions of a business to its accounts; in turns if their predictions do not rank them.

    The optimum keeps every limit; the rule of scores and turns keep the capacity and the cap per account only.

    Raises:
        ConstraintError: when the limits name what does not exist.
        InfeasibleError: when no allocation keeps them.
    """
    rule = score.Rule.of(rules.score, book.features, words)
    numbers = {"capacity": rules.actions.capacity, "cap_per_account": rules.actions.cap_per_account}
    order = book.by_id()
    if not ranks:
        ids, owners = book.table["account_id"].tolist(), book.table["owner"].tolist()
        written = take_turns(ids, owners, rule=rule, **numbers)
        return _written(TURNS, rules, words, order, written)
    if rules.allocation.method == "score":
        written = score.allocate(book.candidates(rule), rule=rule, **numbers)
        given = _written(score.ALLOCATOR, rules, words, order, written)
        return given if rules.actions.types else replace(given, problem=_pose(rules, book, order, words))
    problem = _pose(rules, book, order, words)
    optimum = optimise(problem)
    counts = np.empty_like(optimum.counts)
    counts[order] = optimum.counts
    return Given(
        allocator=OPTIMUM, rules=rules, words=words, counts=counts, order=order, problem=problem, optimum=optimum
    )


def _pose(rules: Rules, book: Book, order: Integers, words: Words) -> Problem:
    """Return the problem whose optimum is wanted, its accounts in this order: ascending by id.

    The k-th action of a type brings ``first * decay ** (k - 1)`` of the account's value, which is its predicted value
    less ``caution`` times what lies between it and the low end of its interval, and not less than nothing.
    """
    owners, regions = (book.names(column, order) for column in ("owner", "region"))
    values = cautious_value(book.predicted[order], book.low[order], caution=rules.allocation.caution)
    return Problem(
        account_ids=book.account_ids.take(pa.array(order)),
        types=_types(rules, words),
        gains=expected_gains(np.maximum(values, 0.0), _curves(rules, words)),
        predicted=values,
        reps=owners,
        territories=regions,
        constraints=_constraints(rules, owners, tuple(_blocks(rules, book, words))),
        terms=Terms(
            account=words.account,
            action=words.action,
            actions=words.actions,
            rep=words.rep,
            reps=words.reps,
            unit=words.unit,
            one_of={each.actions: each.action for each in rules.actions.types},
            caution=rules.allocation.caution,
        ),
    )


def limits_beside(rules: Rules) -> tuple[str, ...]:
    """Name the limits that only the optimum keeps, as far as the rules have them."""
    its, types = rules.allocation, rules.actions.types
    return tuple(
        name
        for name, there in (
            ("types of action", bool(types)),
            ("budgets", any(each.budget is not None for each in types)),
            ("prerequisites", any(each.needs is not None for each in types)),
            ("capacities of single people", its.capacity_per_rep is not None or bool(its.rep_capacity)),
            ("minima of territories", bool(its.territory_minimum)),
            ("cooldowns and exclusions", bool(its.blocks)),
        )
        if there
    )


def _written(allocator: str, rules: Rules, words: Words, order: Integers, written: tuple[Allocation, ...]) -> Given:
    counts = np.array([[each.actions] for each in written], dtype=np.int64)
    return Given(allocator=allocator, rules=rules, words=words, counts=counts, order=order, written=written)


def _types(rules: Rules, words: Words) -> tuple[str, ...]:
    return tuple(each.actions for each in rules.actions.types) or (words.actions,)


def _curves(rules: Rules, words: Words) -> list[ResponseCurve]:
    if rules.actions.response is not None:
        its = rules.actions.response
        slots = max(1, rules.actions.cap_per_account)
        return [ResponseCurve(action=words.actions, base_lift=its.first, decay=its.decay, slots=slots)]
    return [
        ResponseCurve(action=each.actions, base_lift=each.response.first, decay=each.response.decay, slots=each.most)
        for each in rules.actions.types
    ]


def _constraints(rules: Rules, owners: list[str], blocks: tuple[Block, ...]) -> Constraints:
    its, types = rules.allocation, rules.actions.types
    everyone = sorted({owner for owner in owners if owner}) if its.capacity_per_rep is not None else []
    return Constraints(
        capacity=rules.actions.capacity,
        cap_per_account=rules.actions.cap_per_account,
        rep_capacity=dict.fromkeys(everyone, its.capacity_per_rep or 0) | its.rep_capacity,
        territory_minimum=its.territory_minimum,
        budgets={each.actions: Budget(amount=each.budget, cost=each.cost) for each in types if each.budget is not None},
        prerequisites=tuple(
            Prerequisite(action=each.actions, needs=each.needs) for each in types if each.needs is not None
        ),
        blocks=blocks,
    )


def _blocks(rules: Rules, book: Book, words: Words) -> Iterator[Block]:
    """Yield the accounts that must not get actions, by what the table says of them now."""
    kinds = {feature.name for feature in book.features}
    for rule in rules.allocation.blocks:
        if rule.feature is not None and rule.feature not in kinds:
            raise ConstraintError([f"{rule.feature!r}, by which some {words.accounts} get none, is not in the data"])
        blocked = rule.accounts if rule.feature is None else book.table["account_id"][_meets(rule, book)].tolist()
        yield from (Block(account_id=each, reason=rule.reason, action=rule.actions) for each in blocked)


def _meets(rule: BlockRule, book: Book) -> Booleans:
    """Say which accounts meet the condition of a block; a missing value meets none."""
    values = book.table[rule.feature]
    if rule.equals is not None:
        met = values == rule.equals
    elif rule.below is not None:
        met = values < rule.below
    else:
        met = values >= rule.at_least
    return np.asarray(met, dtype=bool)
