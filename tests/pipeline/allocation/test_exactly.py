from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from pipeline.allocation.exactly import give_exactly
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Constraints, Problem

GAINS = np.array([[[9.0, 5.0, 1.0]], [[8.0, 7.0, 2.0]], [[4.0, 3.0, 0.5]]])
PROBLEM = Problem(
    account_ids=pa.array(["A0", "A1", "A2"]),
    types=("workshop",),
    gains=GAINS,
    predicted=np.array([90.0, 80.0, 40.0]),
    reps=["Dana", "Dana", "Ivo"],
    territories=["EMEA", "EMEA", "APAC"],
    constraints=Constraints(capacity=4, cap_per_account=3, rep_capacity={"Dana": 4}),
)


def best_with(row: int, actions: int) -> float:
    """Return the value of the best allocation of all in which the account has exactly so many."""
    values = [
        sum(GAINS[place, 0, :count].sum() for place, count in enumerate(counts))
        for counts in product(range(4), repeat=3)
        if sum(counts) <= 4 and counts[row] == actions
    ]
    return float(max(values))


@pytest.mark.parametrize("actions", range(4))
@pytest.mark.parametrize("row", range(3))
def test_the_cost_of_a_number_is_what_every_allocation_with_it_loses(row: int, actions: int) -> None:
    optimum = optimise(PROBLEM)
    found = give_exactly(PROBLEM, optimum, row, actions)

    assert found is not None
    assert found.cost == pytest.approx(optimum.value - best_with(row, actions))
    assert found.value == pytest.approx(GAINS[row, 0, :actions].sum())
    assert found.last == (GAINS[row, 0, actions - 1] if actions else None)
    counts = optimum.counts.copy()
    counts[row] = actions
    for move in found.moves:
        counts[PROBLEM.account_ids.index(move.account_id).as_py()] += move.change
    assert PROBLEM.value(counts) == pytest.approx(best_with(row, actions))


def test_more_than_the_limits_allow_cannot_be_given() -> None:
    assert give_exactly(PROBLEM, optimise(PROBLEM), 0, 4) is None
