from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.allocation.errors import InfeasibleError
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Budget, Constraints, Problem

from .conftest import enumerate_best, make_problem


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), nested=st.booleans())
def test_without_any_one_of_the_constraints_named_the_others_can_be_kept(seed: int, *, nested: bool) -> None:
    problem = make_problem(seed, accounts=3, nested=nested)
    assume(not enumerate_best(problem))
    with pytest.raises(InfeasibleError) as caught:
        optimise(problem)
    named = set(caught.value.limits)

    assert not enumerate_best(_only(problem, named))
    for each in named:
        assert enumerate_best(_only(problem, named - {each}))


def test_reps_with_too_little_capacity_are_named_with_what_they_have() -> None:
    problem = Problem(
        account_ids=pa.array([f"A{number:02}" for number in range(60)]),
        types=("workshop",),
        gains=np.ones((60, 1, 2)),
        predicted=np.ones(60),
        reps=["Dana", "Ivo", "Mia"] * 20,
        territories=["EMEA", "EMEA", "APAC"] * 20,
        constraints=Constraints(
            capacity=50,
            cap_per_account=2,
            rep_capacity={"Dana": 12, "Ivo": 20, "Mia": 5},
            territory_minimum={"EMEA": 40, "APAC": 2},
        ),
    )

    with pytest.raises(InfeasibleError) as caught:
        optimise(problem)

    assert str(caught.value) == (
        "EMEA must get at least 40 actions, but its reps Dana (12) and Ivo (20) have only 32 between them. "
        "Raise the capacity of Dana to 20, or raise the capacity of Ivo to 28, or lower the minimum of EMEA to 32."
    )


def test_a_way_out_that_is_offered_is_one() -> None:
    problem = Problem(
        account_ids=pa.array(["A0", "A1", "A2"]),
        types=("workshop",),
        gains=np.ones((3, 1, 2)),
        predicted=np.ones(3),
        territories=["APAC", "EMEA", "EMEA"],
        constraints=Constraints(capacity=4, territory_minimum={"APAC": 2, "EMEA": 3}),
    )

    with pytest.raises(InfeasibleError, match=r"allows only 4 between them\. Raise the capacity to 5, or lower the "):
        optimise(problem)
    assert optimise(replace(problem, constraints=replace(problem.constraints, capacity=5))).value == 5


def test_a_budget_is_raised_in_the_unit_in_which_it_is_kept() -> None:
    problem = Problem(
        account_ids=pa.array(["A0", "A1"]),
        types=("workshop",),
        gains=np.ones((2, 1, 2)),
        predicted=np.ones(2),
        territories=["EMEA", "EMEA"],
        constraints=Constraints(territory_minimum={"EMEA": 3}, budgets={"workshop": Budget(amount=9000, cost=4000)}),
    )

    with pytest.raises(InfeasibleError) as caught:
        optimise(problem)

    assert str(caught.value) == (
        "EMEA must get at least 3 actions, but the budget for workshop (enough for 2) allows only 2. Raise the budget "
        "for workshop to 12,000, which pays for 3, or lower the minimum of EMEA to 2."
    )


def _only(problem: Problem, named: set[str]) -> Problem:
    """Return the problem with the constraints that have these words."""
    its = problem.constraints
    return replace(
        problem,
        constraints=Constraints(
            capacity=its.capacity if f"the total capacity of {its.capacity}" in named else None,
            cap_per_account=its.cap_per_account if f"the cap of {its.cap_per_account} per account" in named else None,
            rep_capacity={k: v for k, v in its.rep_capacity.items() if f"{k}'s capacity of {v}" in named},
            territory_minimum={k: v for k, v in its.territory_minimum.items() if f"{k}'s minimum of {v}" in named},
            budgets={k: v for k, v in its.budgets.items() if f"the budget for {k} (enough for {v.actions})" in named},
            prerequisites=its.prerequisites if "the prerequisites" in named else (),
            blocks=its.blocks if "the cooldowns and exclusions" in named else (),
        ),
    )
