"""The allocation that brings most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.allocation import laminar, patterns
from pipeline.allocation.infeasible import find_conflict

if TYPE_CHECKING:
    from pipeline.allocation.gains import Floats
    from pipeline.allocation.problem import Integers, Problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Optimum:
    """How many actions of each type each account gets, shape (accounts, types), and what they bring together.

    No allocation within the constraints brings more than ``bound``, to one part in 10⁹. ``prices`` are those of the
    limits, in their order, where the limits are not nested.
    """

    counts: Integers
    value: float
    bound: float
    prices: Floats | None = None

    @property
    def gap(self) -> float:
        """How far the value may be below the best one there is, as a share of it; 0 is proven optimal."""
        return max(0.0, self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def optimise(problem: Problem) -> Optimum:
    """Return the best allocation.

    Raises:
        InfeasibleError: when no allocation keeps the constraints.
    """
    if laminar.is_laminar(problem):
        counts = laminar.choose(problem)
        if counts is None:
            raise find_conflict(problem)
        value = problem.value(counts)
        return Optimum(counts=counts, value=value, bound=value)
    solution = patterns.solve(problem)
    if solution is None:
        raise find_conflict(problem)
    value = problem.value(solution.counts)
    proven = solution.bound - value <= patterns.EXACT * abs(value)
    return Optimum(
        counts=solution.counts, value=value, bound=value if proven else solution.bound, prices=solution.prices
    )
