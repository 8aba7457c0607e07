"""Accounts that choose among patterns of actions at prices for the limits.

A pattern says how many actions of each type an account gets; caps, prerequisites and exclusions are kept by leaving
patterns out. What remains couples accounts only through the few limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.allocation.errors import ConstraintError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.allocation.gains import Floats
    from pipeline.allocation.problem import Booleans, Integers, Limit, Problem

_MOST_PATTERNS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Forced:
    """Bounds on how many actions one account (its row) gets, to see what such an allocation would be worth."""

    account: int
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quote:
    """What prices lead to: how far each account's patterns fall short of its best one, and the bound."""

    prices: Floats
    shortfall: Floats
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """Accounts that choose patterns at prices.

    ``patterns`` has the shape (patterns, types) and ``worth`` (accounts, patterns), -inf where one is not allowed. An
    account falls under the limits in its row of ``of_account``, a type under the one in ``of_type``; an index past the
    last limit stands for none. ``bounds`` has the limits' bounds, and ``sign`` is 1 for maxima and -1 for minima.
    """

    patterns: Integers
    worth: Floats
    of_account: Integers
    of_type: Integers
    bounds: Floats
    sign: Floats

    @classmethod
    def of(cls, problem: Problem, *, forced: Forced | None = None, limits: Sequence[Limit] | None = None) -> Market:
        """Lay out a problem; ``limits`` are those that are kept, by default all of the problem's."""
        keep = problem.limits() if limits is None else tuple(limits)
        patterns = _list_patterns(problem)
        offers = problem.offers()
        worth = np.zeros((problem.accounts, len(patterns)))
        for kind, counts in enumerate(patterns.T):
            steps = np.concatenate([np.zeros((problem.accounts, 1)), np.cumsum(offers[:, kind], axis=1)], axis=1)
            worth += steps[:, counts]
        if forced is not None:
            size = patterns.sum(axis=1)
            most = np.inf if forced.most is None else forced.most
            worth[forced.account, (size < forced.least) | (size > most)] = -np.inf
        members = problem.members(keep)
        none = np.full((1, 1), -1)
        places = [
            np.broadcast_to(members.get(kind, none), (problem.accounts, 1)) for kind in ("capacity", "rep", "territory")
        ]
        of_account = np.concatenate(places, axis=1)
        of_type = np.broadcast_to(members.get("budget", none), (1, len(problem.types)))[0]
        return cls(
            patterns=patterns,
            worth=worth,
            of_account=np.where(of_account < 0, len(keep), of_account),
            of_type=np.where(of_type < 0, len(keep), of_type),
            bounds=np.array([limit.bound for limit in keep], dtype=np.float64),
            sign=np.array([-1.0 if limit.at_least else 1.0 for limit in keep]),
        )

    @property
    def allowed(self) -> Booleans:
        """Which patterns each account may have, shape (accounts, patterns)."""
        return self.worth > -np.inf

    @property
    def margin(self) -> int:
        """How many patterns beside the best ones are worth a look at a time."""
        return 500 + 10 * len(self.bounds) + len(self.worth) // 10

    def paid(self, prices: Floats) -> Floats:
        """Return what each pattern costs each account at prices of the limits."""
        price = np.append(prices, 0.0)
        of_account = np.outer(price[self.of_account].sum(axis=1), self.patterns.sum(axis=1))
        paid: Floats = of_account + self.patterns @ price[self.of_type]
        return paid

    def worth_of(self, chosen: Integers) -> float:
        """Return what the patterns chosen, one per account, bring together."""
        return float(np.take_along_axis(self.worth, chosen[:, None], axis=1).sum())

    def quote(self, prices: Floats) -> Quote:
        """Let every account choose at prices, positive ones for maxima and negative ones for minima."""
        surplus = self.worth - self.paid(prices)
        chosen = surplus.argmax(axis=1)
        best = np.take_along_axis(surplus, chosen[:, None], axis=1)
        return Quote(prices=prices, shortfall=best - surplus, bound=float(best.sum() + prices @ self.bounds))


def _list_patterns(problem: Problem) -> Integers:
    """Return every combination of counts that an account may have, shape (patterns, types)."""
    kinds, slots = problem.gains.shape[1:]
    cap = problem.constraints.cap_per_account
    cap = kinds * slots if cap is None else cap
    patterns = np.zeros((1, 0), dtype=np.int64)
    for _ in range(kinds):
        patterns = np.concatenate(
            [np.column_stack([patterns, np.full(len(patterns), count)]) for count in range(slots + 1)]
        )
        patterns = patterns[patterns.sum(axis=1) <= cap]
        if len(patterns) > _MOST_PATTERNS:
            raise ConstraintError(
                [
                    (
                        f"{kinds} types of action with {slots} slots each combine in more than {_MOST_PATTERNS:,} ways "
                        f"on one account, which needs a lower cap per account than {cap}"
                    )
                ]
            )
    for each in problem.constraints.prerequisites:
        needed, dependent = patterns[:, problem.type_index(each.needs)], patterns[:, problem.type_index(each.action)]
        patterns = patterns[(needed > 0) | (dependent == 0)]
    return patterns
