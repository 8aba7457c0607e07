from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.allocation.exactly import give_exactly
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Constraints, Problem

from .conftest import enumerate_best, keeps, make_problem

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


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), nested=st.booleans(), row=st.integers(0, 2))
def test_under_any_limits_a_number_costs_what_the_best_of_all_allocations_with_it_loses(
    seed: int, row: int, *, nested: bool
) -> None:
    problem = make_problem(seed, accounts=3, nested=nested)
    possible = enumerate_best(problem)
    assume(possible)
    optimum = optimise(problem)

    for actions in range(problem.gains.shape[1] * problem.gains.shape[2] + 2):
        found = give_exactly(problem, optimum, row, actions)
        if (row, actions) not in possible:
            assert found is None
            continue
        assert found is not None
        assert found.cost == pytest.approx(optimum.value - possible[row, actions], abs=1e-6)
        if len(problem.types) == 1:
            counts = optimum.counts.copy()
            counts[row] = actions
            for move in found.moves:
                counts[problem.account_ids.index(move.account_id).as_py()] += move.change
            assert keeps(problem, counts)
            assert problem.value(counts) == pytest.approx(possible[row, actions])
