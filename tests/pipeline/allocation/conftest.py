"""Random small problems, and the value of the best of all allocations there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.allocation.problem import Block, Budget, Constraints, Prerequisite, Problem

if TYPE_CHECKING:
    from pipeline.allocation.problem import Integers

TYPES = ("workshop", "training")
REPS = ("Dana", "Ivo", "Mia")
TERRITORIES = ("APAC", "EMEA", "EMEA")


def make_problem(seed: int, *, accounts: int, nested: bool) -> Problem:
    """Return a problem in which each kind of constraint is there half of the time; ``nested`` ones are laminar."""
    random = np.random.default_rng(seed)
    types = TYPES[: random.integers(1, 3)]
    slots = int(random.integers(1, 4)) if len(types) == 1 else 2
    base = random.choice([20.0, 50.0, 70.0], size=(accounts, len(types), 1)) + random.integers(0, 40, (accounts, 1, 1))
    gains = np.round(base * random.uniform(0.3, 1, size=(1, len(types), 1)) ** np.arange(slots), 2)
    rep = random.integers(3, size=accounts)
    territory = rep if nested else random.integers(3, size=accounts)
    reps = [REPS[each] for each in rep]
    territories = [TERRITORIES[each] for each in territory]

    def maybe() -> bool:
        return bool(random.random() < 0.5)

    ids = [f"A{number:02}" for number in range(accounts)]
    return Problem(
        account_ids=pa.array(ids),
        types=types,
        gains=gains,
        predicted=base[:, 0, 0] * 100,
        reps=reps,
        territories=territories,
        constraints=Constraints(
            capacity=int(random.integers(1, 2 * accounts)) if maybe() else None,
            cap_per_account=int(random.integers(1, 4)) if maybe() else None,
            rep_capacity={name: int(random.integers(5)) for name in set(reps) if maybe()},
            territory_minimum={name: int(random.integers(4)) for name in set(territories) if maybe()},
            budgets={} if nested else {name: Budget(amount=int(random.integers(5))) for name in types if maybe()},
            prerequisites=(Prerequisite(action=TYPES[1], needs=TYPES[0]),)
            if not nested and len(types) > 1 and maybe()
            else (),
            blocks=tuple(
                Block(account_id=each, reason="cooldown", action=types[0] if maybe() else None)
                for each in ids
                if random.random() < 0.15
            ),
        ),
    )


def keeps(problem: Problem, counts: Integers) -> npt.NDArray[np.bool_]:
    """Say which allocations, shape (..., accounts, types), keep every constraint.

    Written anew, so that it can contradict what it checks.
    """
    its = problem.constraints
    total = counts.sum(axis=-1)
    reps, territories = np.array(problem.reps), np.array(problem.territories)
    kept = np.ones(total.shape[:-1], dtype=bool)
    if its.capacity is not None:
        kept &= total.sum(axis=-1) <= its.capacity
    if its.cap_per_account is not None:
        kept &= (total <= its.cap_per_account).all(axis=-1)
    for name, most in its.rep_capacity.items():
        kept &= total[..., reps == name].sum(axis=-1) <= most
    for name, least in its.territory_minimum.items():
        kept &= total[..., territories == name].sum(axis=-1) >= least
    for name, budget in its.budgets.items():
        kept &= counts[..., problem.types.index(name)].sum(axis=-1) <= budget.amount
    for each in its.prerequisites:
        action, needed = problem.types.index(each.action), problem.types.index(each.needs)
        kept &= ((counts[..., action] == 0) | (counts[..., needed] > 0)).all(axis=-1)
    for block in its.blocks:
        mine = counts[..., int(block.account_id[1:]), :]
        kept &= (mine.sum(axis=-1) if block.action is None else mine[..., problem.types.index(block.action)]) == 0
    return kept


def enumerate_best(problem: Problem) -> dict[tuple[int, int], float]:
    """Return the value of the best allocation with each count of each account, by (account, count)."""
    accounts, types, slots = problem.gains.shape
    sums = np.concatenate([np.zeros((accounts, types, 1)), np.cumsum(problem.gains, axis=2)], axis=2)
    every = np.indices([slots + 1] * (accounts * types)).reshape(accounts, types, -1)
    every = np.moveaxis(every, -1, 0)
    every = every[keeps(problem, every)]
    values = sum(sums[row, kind, every[:, row, kind]] for row in range(accounts) for kind in range(types))
    best: dict[tuple[int, int], float] = {}
    for row in range(accounts):
        totals = every[:, row].sum(axis=1)
        for count in np.unique(totals):
            best[row, int(count)] = float(values[totals == count].max())
    return best
