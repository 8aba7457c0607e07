"""A tighter bound on allocations: the capacity of each rep is kept in whole numbers, and only what is left is priced.

Where every limit has a price, an account may split between patterns to use up its rep's capacity, which no allocation
can. Here the accounts of one rep choose together, by dynamic programming over the rep's capacity (the multiple-choice
knapsack; Kellerer, Pferschy and Pisinger, 2004, chapter 11), at prices for the few limits that cross reps; what all
reps choose bounds every allocation from above, and no less tightly (Geoffrion, 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline.allocation.gains import Floats
    from pipeline.allocation.market import Market
    from pipeline.allocation.problem import Booleans, Integers

_REP = 1  # the column of ``of_account``
_ROUNDS = 20
_BELOW = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bound:
    """What no allocation exceeds, and how far below it every one stays in which an account has a pattern."""

    value: float
    shortfall: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Books:
    """The accounts of each rep side by side: ``rows`` has the shape (reps, places), -1 where a book has ended.

    ``most`` is the capacity of each rep; an account without one is a book of its own. ``by_size`` lists the patterns
    with each number of actions.
    """

    market: Market
    rows: Integers
    most: Integers
    by_size: tuple[Integers, ...]

    @classmethod
    def of(cls, market: Market) -> Books:
        """Put the accounts of a market into books."""
        limits, accounts = len(market.bounds), len(market.worth)
        rep = market.of_account[:, _REP]
        key = np.where(rep < limits, rep, limits + np.arange(accounts))
        books, place, count = np.unique(key, return_inverse=True, return_counts=True)
        order = np.argsort(place, kind="stable")
        rows = np.full((len(books), count.max()), -1)
        within = np.arange(accounts) - np.repeat(np.cumsum(count) - count, count)
        rows[place[order], within] = order
        size = market.patterns.sum(axis=1)
        own = market.bounds[np.minimum(books, limits - 1)] if limits else np.zeros(len(books))
        most = np.where(books < limits, own, size.max() * count).astype(np.int64)
        return cls(
            market=market,
            rows=rows,
            most=np.minimum(most, size.max() * count),
            by_size=tuple(np.flatnonzero(size == each) for each in range(size.max() + 1)),
        )

    def tighten(self, prices: Floats) -> Bound:
        """Return the best bound found near prices of the limits that are good where reps are priced, too.

        Prices go down the subgradient as far as it takes to a level below the best bound, which comes closer to it
        where it is not reached (Polyak, 1969).
        """
        best_prices = now = np.where(self._outer(), prices, 0.0)
        best, best_slack = bound, slack = self._evaluate(now)
        if best == -np.inf:
            return Bound(value=best, shortfall=np.full_like(self.market.worth, np.inf))
        below = _BELOW * abs(best)
        for _ in range(_ROUNDS):
            norm = float(slack @ slack)
            if norm == 0:
                break
            now = now - (bound - best + below) / norm * slack
            now = np.where(self.market.sign > 0, np.maximum(now, 0.0), np.minimum(now, 0.0))
            bound, slack = self._evaluate(now)
            if bound < best:
                best, best_prices, best_slack = bound, now, slack
            else:
                below /= 2
                now, bound, slack = best_prices, best, best_slack
        return Bound(value=best, shortfall=self.shortfall(best_prices))

    def shortfall(self, prices: Floats) -> Floats:
        """Return by how much each pattern on each account lowers the bound, shape (accounts, patterns)."""
        surplus = self._surplus(prices)
        worth = self._worth_by_size(surplus)
        forward, backward = self._forward(worth), self._forward(worth[:, ::-1])[::-1]
        books, width = np.arange(len(self.most)), forward[0].shape[1]
        best = forward[-1][books, self.most]
        lost = np.full(worth.shape, np.inf)
        for size in range(worth.shape[2]):
            left = self.most[:, None] - size - np.arange(width)
            for place in range(worth.shape[1]):
                after = np.where(
                    left >= 0, np.take_along_axis(backward[place + 1], np.maximum(left, 0), axis=1), -np.inf
                )
                lost[:, place, size] = best - (forward[place] + after).max(axis=1)
        inside = self.rows >= 0
        total = np.empty((len(surplus), worth.shape[2]))
        total[self.rows[inside]] = lost[inside]
        shortfall = np.full(surplus.shape, np.inf)
        for size, patterns in enumerate(self.by_size):
            shortfall[:, patterns] = total[:, [size]] - surplus[:, patterns]
        not_below: Floats = np.maximum(shortfall, 0.0)
        return not_below

    def _outer(self) -> Booleans:
        """Return which limits are priced: all but those of reps."""
        outer = np.ones(len(self.market.bounds), dtype=bool)
        reps = self.market.of_account[:, _REP]
        outer[reps[reps < len(outer)]] = False
        return outer

    def _surplus(self, prices: Floats) -> Floats:
        return self.market.worth - self.market.paid(np.where(self._outer(), prices, 0.0))

    def _worth_by_size(self, surplus: Floats) -> Floats:
        """Return the best surplus of each account with each number of actions, shape (reps, places, sizes)."""
        each = np.column_stack([surplus[:, patterns].max(axis=1, initial=-np.inf) for patterns in self.by_size])
        nobody = np.where(np.arange(each.shape[1]) == 0, 0.0, -np.inf)
        worth: Floats = np.concatenate([each, nobody[None]])[self.rows]
        return worth

    def _forward(self, worth: Floats) -> list[Floats]:
        """Return the best of the first 0, 1, ... accounts of each book with at most so many actions."""
        width = int(self.most.max()) + 1
        best = np.zeros((len(worth), width))
        steps = [best]
        for place in range(worth.shape[1]):
            following = best + worth[:, place, [0]]
            for size in range(1, worth.shape[2]):
                if size < width:
                    taken = best[:, : width - size] + worth[:, place, [size]]
                    following[:, size:] = np.maximum(following[:, size:], taken)
            steps.append(best := following)
        return steps

    def _evaluate(self, prices: Floats) -> tuple[float, Floats]:
        """Return the bound, and the bounds of the priced limits less what the reps' best choices use of them."""
        market = self.market
        surplus = self._surplus(prices)
        worth = self._worth_by_size(surplus)
        forward = self._forward(worth)
        books, left = np.arange(len(self.most)), self.most.copy()
        bound = float(forward[-1][books, left].sum() + prices @ market.bounds)
        used = np.zeros(len(market.bounds) + 1)
        for place in range(worth.shape[1] - 1, -1, -1):
            options = np.full((len(books), worth.shape[2]), -np.inf)
            for size in range(worth.shape[2]):
                fits = left >= size
                options[fits, size] = forward[place][books[fits], left[fits] - size] + worth[fits, place, size]
            size = options.argmax(axis=1)
            left = left - size
            for each, patterns in enumerate(self.by_size):
                mine = self.rows[(size == each) & (self.rows[:, place] >= 0), place]
                if each and len(mine):
                    chosen = market.patterns[patterns[surplus[np.ix_(mine, patterns)].argmax(axis=1)]]
                    for column in market.of_account[mine].T:
                        used += np.bincount(column, weights=chosen.sum(axis=1), minlength=len(used))
                    used += np.bincount(market.of_type, weights=chosen.sum(axis=0), minlength=len(used))
        return bound, np.where(self._outer(), market.bounds - used[:-1], 0.0)
