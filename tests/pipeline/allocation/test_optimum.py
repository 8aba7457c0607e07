from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.allocation import laminar, patterns
from pipeline.allocation.errors import ConstraintError, InfeasibleError
from pipeline.allocation.gains import ResponseCurve, cautious_value, expected_gains
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Block, Budget, Constraints, Prerequisite, Problem

from .conftest import enumerate_best, keeps, make_problem

seeds = st.integers(0, 10**6)


@settings(max_examples=80, deadline=None)
@given(seed=seeds, nested=st.booleans(), accounts=st.integers(1, 3))
def test_no_allocation_of_all_that_there_are_brings_more(seed: int, *, nested: bool, accounts: int) -> None:
    problem = make_problem(seed, accounts=accounts, nested=nested)
    possible = enumerate_best(problem)

    if not possible:
        with pytest.raises(InfeasibleError):
            optimise(problem)
        return
    optimum = optimise(problem)

    assert optimum.value == pytest.approx(max(possible.values()))
    assert optimum.gap == 0
    assert keeps(problem, optimum.counts)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_the_greedy_choice_and_the_priced_patterns_agree_where_limits_are_nested(seed: int) -> None:
    problem = make_problem(seed, accounts=40, nested=True)
    assume(laminar.is_laminar(problem))
    counts, solution = laminar.choose(problem), patterns.solve(problem)

    assert (counts is None) == (solution is None)
    if counts is not None and solution is not None:
        assert keeps(problem, counts)
        assert problem.value(counts) == pytest.approx(problem.value(solution.counts))


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_with_every_constraint_the_bound_is_met(seed: int) -> None:
    problem = make_problem(seed, accounts=60, nested=False)
    try:
        optimum = optimise(problem)
    except InfeasibleError:
        return

    assert keeps(problem, optimum.counts)
    assert optimum.gap == 0


def test_between_equal_gains_the_earlier_account_is_served() -> None:
    problem = _flat(np.full((5, 1, 2), 10.0), capacity=3)

    assert optimise(problem).counts[:, 0].tolist() == [2, 1, 0, 0, 0]


def test_an_action_that_brings_nothing_is_not_given_unless_a_minimum_asks_for_it() -> None:
    problem = _flat(np.zeros((3, 1, 1)), capacity=3)
    asked = replace(
        problem, territories=["EMEA"] * 3, constraints=Constraints(capacity=3, territory_minimum={"EMEA": 1})
    )

    assert optimise(problem).counts.sum() == 0
    assert optimise(asked).counts.sum() == 1


def test_no_accounts_get_no_actions() -> None:
    assert optimise(_flat(np.zeros((0, 1, 2)), capacity=3)).value == 0


def test_gains_diminish_along_the_curve_and_end_with_its_slots() -> None:
    curves = [
        ResponseCurve(action="workshop", base_lift=0.1, decay=0.5, slots=2),
        ResponseCurve(action="training", base_lift=0.2, decay=1, slots=1),
    ]

    gains = expected_gains(np.array([1000.0]), curves)

    assert gains[0, 0].tolist() == [100, 50]
    assert gains[0, 1, 0] == 200
    assert np.isnan(gains[0, 1, 1])


def test_caution_moves_the_value_from_the_prediction_to_the_low_end() -> None:
    predicted, low = np.array([100.0]), np.array([60.0])

    assert cautious_value(predicted, low, caution=0) == 100
    assert cautious_value(predicted, low, caution=0.5) == 80
    assert cautious_value(predicted, low, caution=1) == 60


def test_a_curve_whose_returns_grow_is_refused() -> None:
    with pytest.raises(ConstraintError, match=r"the decay of workshop is 1\.5"):
        ResponseCurve(action="workshop", base_lift=0.1, decay=1.5, slots=2)


def test_a_budget_pays_for_whole_actions_only() -> None:
    assert Budget(amount=1000, cost=300).actions == 3
    assert Budget(amount=0.3, cost=0.1).actions == 3


def test_every_fault_of_the_constraints_is_named_at_once() -> None:
    with pytest.raises(ConstraintError) as caught:
        replace(
            _flat(np.ones((2, 1, 1)), capacity=-1),
            constraints=Constraints(
                capacity=-1,
                rep_capacity={"Nobody": 3},
                budgets={"lunch": Budget(amount=3, cost=0)},
                prerequisites=(Prerequisite(action="workshop", needs="workshop"),),
                blocks=(Block(account_id="A9", reason="cooldown"),),
            ),
        )

    assert caught.value.faults == (
        "the capacity is -1, where 0 or more is needed",
        "a lunch costs 0, where more than 0 is needed",
        "there is no rep Nobody",
        "there is no type of action lunch",
        "there is no account A9",
        "workshop would have to come before itself",
    )


def test_more_patterns_than_can_be_told_apart_are_refused_with_the_way_out() -> None:
    types = tuple("abcdefgh")
    problem = Problem(
        account_ids=pa.array(["A0"]),
        types=types,
        gains=np.ones((1, 8, 5)),
        predicted=np.ones(1),
        constraints=Constraints(budgets={"a": Budget(amount=1)}),
    )

    with pytest.raises(ConstraintError, match="needs a lower cap per account"):
        optimise(problem)


def _flat(gains: np.ndarray, *, capacity: int) -> Problem:
    ids = [f"A{number}" for number in range(len(gains))]
    constraints = Constraints(capacity=max(0, capacity))
    return Problem(
        account_ids=pa.array(ids, pa.string()),
        types=("workshop",),
        gains=gains,
        predicted=np.ones(len(ids)),
        constraints=constraints,
    )
