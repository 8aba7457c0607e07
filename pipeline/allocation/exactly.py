"""What it would take to give one account exactly some number of actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.allocation import patterns
from pipeline.allocation.market import Forced
from pipeline.allocation.reasons import Move

if TYPE_CHECKING:
    from pipeline.allocation.optimum import Optimum
    from pipeline.allocation.problem import Problem

_SECONDS: Final = 2.0  # for limits that are not nested; what is not proven by then is not stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Exactly:
    """The best allocation in which an account gets exactly ``actions``; amounts in the unit of the gains.

    ``value`` is what they bring at this account, ``last`` what the last of them does there, None where actions have
    types. ``cost`` is by how much all actions together bring less than in the optimum and ``moves`` what changes for
    others; both are None, and nothing, where the allocation was not proven to be the best one.
    """

    actions: int
    value: float
    last: float | None
    cost: float | None
    moves: tuple[Move, ...]


def give_exactly(problem: Problem, optimum: Optimum, row: int, actions: int) -> Exactly | None:
    """Solve again with the number of actions of the account in one row fixed; None if no allocation has that."""
    forced = Forced(account=row, least=actions, most=actions)
    solution = patterns.solve(problem, forced=forced, time_limit_seconds=_SECONDS)
    if solution is None:
        return None
    value = problem.value(solution.counts)
    proven = all(
        bound - reached <= patterns.EXACT * max(1.0, abs(reached))
        for bound, reached in ((optimum.bound, optimum.value), (solution.bound, value))
    )
    change = (solution.counts - optimum.counts).sum(axis=1)
    gains, counts = problem.gains[row], solution.counts[row]
    return Exactly(
        actions=actions,
        value=float(gains[np.arange(gains.shape[1]) < counts[:, None]].sum()),
        last=float(gains[0, actions - 1]) if len(problem.types) == 1 and actions else None,
        cost=max(0.0, optimum.value - value) if proven else None,
        moves=tuple(
            Move(account_id=problem.account_id(other), change=int(change[other]))
            for other in np.flatnonzero(change).tolist()
            if proven and other != row
        ),
    )
