"""What was given, as a snapshot keeps it: counts, ranks, and the reasons in sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.allocation import score
from pipeline.allocation.allocate import limits_beside
from pipeline.allocation.laminar import is_laminar
from pipeline.allocation.market import Market
from pipeline.allocation.reasons import explain, explain_account, worth_of_one_more
from pipeline.allocation.wording import write_line, write_reasons
from pipeline.on_demand import OnDemand
from storage.records import ActionCount, Allocation, AllocationReason, AllocationSummary, ReasonKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.allocation.allocate import Given
    from pipeline.allocation.book import Book
    from pipeline.allocation.gains import Floats
    from pipeline.allocation.optimum import Optimum
    from pipeline.allocation.problem import Integers, Limit, Problem
    from pipeline.allocation.reasons import Worth

_MOST_SOLVED = 20_000
"""Accounts times limits up to which the worth of every limit is found; beyond it only that of the capacity."""
_MOST_WEIGHED = 20_000
"""Accounts times the ways to give one of them actions up to which one account is explained by solving again."""


def describe(given: Given, book: Book) -> tuple[Sequence[Allocation], AllocationSummary]:
    """Return the allocation of each account, in the order of the book, and what is true of all of them.

    The allocations are written when they are asked for: all of them would take more room than all else of a build.
    """
    if given.problem is None or given.optimum is None:
        return _describe_written(given)
    problem, optimum = given.problem, given.optimum
    worths = worth_of_one_more(problem, optimum, limits=_worth_asking(problem, optimum))
    ranks, scores, scaled = _rank(problem)
    baseline, whys = _by_score(given, book), explain(problem, optimum)
    rows = np.empty_like(given.order)
    rows[given.order] = np.arange(problem.accounts)

    def write(place: int) -> Allocation:
        row = int(rows[place])
        why = whys[row]
        mine = [each for each in worths if _falls_under(problem, row, each.limit)]
        reasons = write_reasons(why, problem.terms, worths=mine, gap=optimum.gap)
        return Allocation(
            actions=int(optimum.counts[row].sum()),
            rank=int(ranks[row]),
            score=float(scores[row]),
            scaled_score=float(scaled[row]),
            reason=write_line(why, problem.terms),
            by_type=tuple(ActionCount(actions=name, count=count) for name, count in why.actions)
            if problem.terms.one_of
            else (),
            reasons=(*reasons, _baseline_reason(int(baseline[place]), given)),
        )

    summary = _summarise(given, value=optimum.value, gap=optimum.gap, one_more=_of_capacity(worths))
    return OnDemand(write, problem.accounts), summary


def describe_exactly(given: Given, row: int, kept: Sequence[AllocationReason]) -> Sequence[AllocationReason]:
    """Return the reasons of the account in one row of the problem, exact where a snapshot keeps bounds.

    Those that are kept where they are exact already, where solving again would take too long to wait for, or where it
    gives the account other actions.
    """
    problem, optimum = given.problem, given.optimum
    if problem is None or optimum is None or is_laminar(problem) or Market.of(problem).worth.size > _MOST_WEIGHED:
        return kept
    *solved, proof = write_reasons(explain_account(problem, optimum, row), problem.terms, gap=optimum.gap)
    if solved[0].text != kept[0].text:
        return kept
    worths, baseline = (
        [each for each in kept if each.kind is kind] for kind in (ReasonKind.WORTH, ReasonKind.BASELINE)
    )
    return (*solved, *worths, proof, *baseline)


def _describe_written(given: Given) -> tuple[Sequence[Allocation], AllocationSummary]:
    value = None if given.problem is None else given.problem.value(given.counts[given.order])
    left = limits_beside(given.rules)
    kept = f"Of the limits the capacity and the cap per {given.words.account} are kept, {' and '.join(left)} are not."
    written = given.written or ()

    def note(place: int) -> Allocation:
        each = written[place]
        return replace(
            each,
            reasons=(
                AllocationReason(kind=ReasonKind.GIVEN, text=each.reason),
                *([AllocationReason(kind=ReasonKind.LIMIT, text=kept)] if left else []),
            ),
        )

    return OnDemand(note, len(written)), _summarise(given, value=value)


def _summarise(
    given: Given, *, value: float | None, gap: float | None = None, one_more: float | None = None
) -> AllocationSummary:
    actions = given.actions
    return AllocationSummary(
        allocator=given.allocator,
        capacity=given.rules.actions.capacity,
        cap_per_account=given.rules.actions.cap_per_account,
        allocated=int(actions.sum()),
        accounts_with_actions=int(np.count_nonzero(actions)),
        value=value,
        gap=gap,
        one_more=one_more,
    )


def _worth_asking(problem: Problem, optimum: Optimum) -> tuple[Limit, ...]:
    """Return the limits that are just met, the capacity first.

    A maximum that leaves room is worth nothing more, and of a minimum of 0 there is no fewer.
    """
    limits = problem.limits()
    used = problem.usage(optimum.counts, limits)
    met = [
        limit
        for limit, actions in zip(limits, used.tolist(), strict=True)
        if actions == limit.bound and not (limit.at_least and limit.bound == 0)
    ]
    affordable = len(met) * problem.accounts <= _MOST_SOLVED
    return tuple(limit for limit in met if affordable or limit.kind == "capacity")


def _falls_under(problem: Problem, row: int, limit: Limit) -> bool:
    match limit.kind:
        case "capacity" | "budget":
            return True
        case "rep":
            return problem.reps is not None and problem.reps[row] == limit.name
        case "territory":
            return problem.territories is not None and problem.territories[row] == limit.name


def _of_capacity(worths: tuple[Worth, ...]) -> float:
    """Return what one more of the capacity brings; nothing where the capacity is not used up."""
    return next((each.amount for each in worths if each.limit.kind == "capacity"), 0.0)


def _rank(problem: Problem) -> tuple[Integers, Floats, Floats]:
    """Return ranks, scores and scaled scores: the score is what a first action of the best type would bring."""
    scores: Floats = np.nanmax(problem.gains[:, :, 0], axis=1)
    ranks = np.empty(problem.accounts, dtype=np.int64)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, problem.accounts + 1)
    spread = float(scores.max() - scores.min())
    scaled = (scores - scores.min()) / spread * 100 if spread else np.full(problem.accounts, 100.0)
    return ranks, scores, scaled


def _by_score(given: Given, book: Book) -> Integers:
    rule = score.Rule.of(given.rules.score, book.features, given.words)
    its = given.rules.actions
    served = score.serve(book.scores(rule), given.order, capacity=its.capacity, cap_per_account=its.cap_per_account)
    return served.actions


def _baseline_reason(actions: int, given: Given) -> AllocationReason:
    words = given.words
    count = {0: f"no {words.action}", 1: f"1 {words.action}"}.get(actions, f"{actions} {words.actions}")
    return AllocationReason(
        kind=ReasonKind.BASELINE, text=f"The rule of scores, which does not weigh what an action brings, gives {count}."
    )
