"""The exact optimum where the limits are nested: account within rep within territory within all.

Sets of which any two are disjoint or one within the other form a laminar family. For gains that diminish and bounds on
such sets, taking the best action first is optimal (Federgruen & Groenevelt, 1986, *The greedy procedure for resource
allocation problems*): each set passes its best actions up to the set around it, as many as it may have, and marks as
due those that it must have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline.allocation.gains import Floats
    from pipeline.allocation.problem import Booleans, Integers, Problem


def is_laminar(problem: Problem) -> bool:
    """Say whether every two limits are nested or apart, so that the greedy choice is exact."""
    its = problem.constraints
    if its.budgets or its.prerequisites:
        return False
    if not its.rep_capacity or not its.territory_minimum:
        return True
    territory_of: dict[str, str] = {}
    pairs = zip(problem.reps or (), problem.territories or (), strict=True)
    return all(territory_of.setdefault(rep, territory) == territory for rep, territory in pairs)


def choose(problem: Problem) -> Integers | None:
    """Return the number of actions, shape (accounts, types), or None if the constraints are infeasible."""
    its = problem.constraints
    offers = problem.offers()
    accounts, types, slots = offers.shape
    cap = types * slots if its.cap_per_account is None else min(its.cap_per_account, types * slots)
    flat = offers.reshape(accounts, types * slots)
    taken = _take(problem, _cap(flat, cap))
    if taken is None:
        return None
    return _count(taken.reshape(offers.shape))


def _cap(gains: Floats, cap: int) -> Floats:
    """Return the gains with -inf for all but the ``cap`` best of each row; of equal ones the earlier are kept."""
    slots = gains.shape[1]
    if cap == 0:
        return np.full_like(gains, -np.inf)
    if cap >= slots:
        return gains
    least = np.partition(gains, slots - cap, axis=1)[:, slots - cap]
    kept = (gains >= least[:, None]) & (gains > -np.inf)
    for row in np.flatnonzero(_count(kept) > cap):
        equal = np.flatnonzero(gains[row] == least[row])
        kept[row, equal[len(equal) - int(kept[row].sum()) + cap :]] = False
    capped: Floats = np.where(kept, gains, -np.inf)
    return capped


def _count(mask: Booleans) -> Integers:
    """Return how many are set along the last axis, which is short: a pass for each place is faster than one for all."""
    counts = np.zeros(mask.shape[:-1], dtype=np.int64)
    for place in range(mask.shape[-1]):
        counts += mask[..., place]
    return counts


def _take(problem: Problem, gains: Floats) -> Booleans | None:
    """Return which of the actions offered, one row per account, are given."""
    its = problem.constraints
    due = np.zeros(gains.shape, dtype=bool)
    open_ = gains > -np.inf
    if its.rep_capacity:
        bounds = problem.limits()
        rep = problem.members(bounds)["rep"][:, 0]
        most = np.array([limit.bound for limit in bounds])[rep]
        open_ &= (_rank_within(rep, gains, open_) < most[:, None]) | (rep < 0)[:, None]
    if its.territory_minimum:
        bounds = problem.limits()
        territory = problem.members(bounds)["territory"][:, 0]
        least = np.array([limit.bound for limit in bounds])[territory]
        due = open_ & (_rank_within(territory, gains, open_) < least[:, None]) & (territory >= 0)[:, None]
        if due.sum() < sum(its.territory_minimum.values()):
            return None
    wanted = open_ & ~due & (gains > 0)
    if its.capacity is None:
        return np.logical_or(due, wanted)
    left = its.capacity - int(due.sum())
    return None if left < 0 else due | _largest(gains, wanted, left)


def _rank_within(group: Integers, gains: Floats, open_: Booleans) -> Integers:
    """Return the rank of each open action among those of its group, by gain and then by account; 0 is the best."""
    row, column = np.nonzero(open_)
    order = np.lexsort((column, row, -gains[row, column], group[row]))
    sorted_group = group[row][order]
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(sorted_group, sorted_group)
    ranks = np.zeros(gains.shape, dtype=np.int64)
    ranks[row, column] = rank
    return ranks


def _largest(gains: Floats, wanted: Booleans, count: int) -> Booleans:
    """Return the mask of the ``count`` largest gains that are wanted; of equal ones, those of earlier accounts."""
    if count >= np.count_nonzero(wanted):
        return wanted
    if count == 0:
        return np.zeros_like(wanted)
    candidates = gains[wanted]
    candidates.partition(len(candidates) - count)
    threshold = candidates[len(candidates) - count]
    del candidates
    chosen: Booleans = wanted & (gains > threshold)
    ties = np.flatnonzero(wanted & (gains == threshold))
    chosen.flat[ties[: count - np.count_nonzero(chosen)]] = True
    return chosen
