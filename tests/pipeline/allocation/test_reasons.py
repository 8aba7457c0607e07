from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.allocation import laminar, patterns
from pipeline.allocation.errors import InfeasibleError
from pipeline.allocation.market import Forced
from pipeline.allocation.optimum import Optimum, optimise
from pipeline.allocation.problem import Constraints, Problem, Terms, relax
from pipeline.allocation.reasons import Why, explain, explain_account, worth_of_one_more
from pipeline.allocation.wording import write_line, write_reasons
from storage.records import ReasonKind

from .conftest import enumerate_best, make_problem

seeds = st.integers(0, 10**6)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, nested=st.booleans())
def test_every_claim_about_an_account_is_true_of_all_allocations_there_are(seed: int, *, nested: bool) -> None:
    problem = make_problem(seed, accounts=3, nested=nested)
    optimum = _optimise(problem)

    nested_limits = laminar.is_laminar(problem)
    row = seed % problem.accounts
    why = explain(problem, optimum)[row] if nested_limits else explain_account(problem, optimum, row)
    possible, count = enumerate_best(problem), int(optimum.counts[row].sum())

    _check_step(why, row, count, possible, more=True)
    _check_step(why, row, count, possible, more=False)
    _check_thresholds(problem, why, row, count, exact=nested_limits)


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_every_bound_that_prices_prove_holds_of_all_allocations_there_are(seed: int) -> None:
    problem = make_problem(seed, accounts=3, nested=False)
    assume(not laminar.is_laminar(problem))
    optimum = _optimise(problem)
    possible = enumerate_best(problem)
    best = max(possible.values())

    for row, why in enumerate(explain(problem, optimum)):
        count = int(optimum.counts[row].sum())
        for step, sign in ((why.more, 1), (why.fewer, -1)):
            if step is None:
                continue
            assert not step.exact
            values = [each for (account, n), each in possible.items() if account == row and (n - count) * sign > 0]
            if values and step.cost is not None:
                assert step.cost <= best - max(values) + 1e-6
            assert step.cost is not None or not values
            if step.threshold is not None:
                short = step.threshold * (1 - sign * 1e-6)
                assert any((each - count) * sign <= 0 for each in _best_counts(problem, row, short))


def test_an_allocation_that_is_not_proven_best_still_proves_what_it_says_and_says_how_far_it_may_be_off() -> None:
    problem = next(
        each
        for each in (make_problem(seed, accounts=3, nested=False) for seed in range(99))
        if each.constraints.budgets and not each.constraints.territory_minimum and optimise(each).value
    )
    optimum = optimise(problem)
    worse = replace(optimum, counts=np.zeros_like(optimum.counts), value=0.0)

    possible = enumerate_best(problem)
    for row, each in enumerate(explain(problem, worse)):
        more = [value for (account, count), value in possible.items() if account == row and count]
        assert not more or each.more.cost is None or each.more.cost <= max(0.0, worse.value - max(more)) + 1e-9
    why = explain(problem, worse)[0]
    proof = write_reasons(why, Terms(), gap=worse.gap)[-1].text
    assert (
        proof == "That nothing within the limits brings more is proven but for 100 % of what could be brought at best."
    )


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_every_cost_and_threshold_of_a_larger_book_holds_when_it_is_solved_again(seed: int) -> None:
    problem = make_problem(seed, accounts=30, nested=True)
    assume(laminar.is_laminar(problem))
    optimum = _optimise(problem)
    rows = np.random.default_rng(seed).choice(problem.accounts, size=3, replace=False)

    for row in rows:
        why, count = explain(problem, optimum)[row], int(optimum.counts[row].sum())
        for step, forced in (
            (why.more, Forced(account=row, least=count + 1)),
            (why.fewer, Forced(account=row, most=count - 1)),
        ):
            if step is not None:
                solution = patterns.solve(problem, forced=forced)
                assert (step.cost is None) == (solution is None)
                if solution is not None:
                    assert step.cost == pytest.approx(optimum.value - problem.value(solution.counts), abs=1e-6)
        for threshold, sign in ((why.more.threshold, 1), (why.fewer and why.fewer.threshold, -1)):
            if threshold is not None:
                beyond = _count_at(problem, row, threshold * (1 + sign * 1e-6))
                short = _count_at(problem, row, threshold * (1 - sign * 1e-6))
                assert (beyond - count) * sign >= 1
                assert (short - count) * sign <= 0


@settings(max_examples=40, deadline=None)
@given(seed=seeds, scale=st.floats(1.0, 1000.0))
def test_every_threshold_holds_as_it_is_written(seed: int, scale: float) -> None:
    problem = make_problem(seed, accounts=12, nested=True)
    problem = replace(problem, predicted=problem.predicted * scale, gains=problem.gains * scale)
    assume(laminar.is_laminar(problem))
    optimum = _optimise(problem)

    for row, why in enumerate(explain(problem, optimum)):
        count = int(optimum.counts[row].sum())
        for text in (each.text for each in write_reasons(why, Terms()) if each.kind is ReasonKind.CHANGE):
            found = re.match(r"(From|Below) a predicted value of \$([\d.,]+)([KM]?)(?: on)? ", text)
            if found is None:
                assert "a predicted value just " in text
                continue
            written = float(found[2].replace(",", "")) * {"": 1, "K": 1e3, "M": 1e6}[found[3]]
            sign = 1 if found[1] == "From" else -1
            assert (_count_at(problem, row, written * (1 + sign * 1e-9)) - count) * sign >= 1


@pytest.mark.parametrize(
    ("predicted", "row", "text"),
    [
        ((89_960, 89_990), 0, "From a predicted value just above its own of $90K on it would get one."),
        ((90_010, 90_040), 1, "From a predicted value just below its own of $90K on it would lose one."),
        ((90_010, 90_040), 0, "From a predicted value of $90.1K on (now $90K) it would get one."),
        ((89_960, 89_990), 1, "Below a predicted value of $89.9K (now $90K) it would lose one."),
    ],
)
def test_a_threshold_is_never_written_as_the_value_of_today(predicted: tuple[int, int], row: int, text: str) -> None:
    values = np.array(predicted, dtype=np.float64)
    problem = Problem(
        account_ids=pa.array(["ACME-001", "ACME-002"]),
        types=("workshop",),
        gains=values[:, None, None] / 100,
        predicted=values,
        constraints=Constraints(capacity=1),
    )
    why = explain(problem, optimise(problem))[row]

    assert text in [each.text for each in write_reasons(why, Terms())]


@settings(max_examples=40, deadline=None)
@given(seed=seeds, nested=st.booleans())
def test_the_exchange_that_is_named_keeps_the_constraints_and_costs_what_it_says(seed: int, *, nested: bool) -> None:
    problem = make_problem(seed, accounts=12, nested=nested)
    assume(laminar.is_laminar(problem))
    optimum = _optimise(problem)
    whys = explain(problem, optimum)
    totals = dict(zip(problem.account_ids.to_pylist(), optimum.counts.sum(axis=1).tolist(), strict=True))

    for row, why in enumerate(whys):
        for step, change in ((why.more, 1), (why.fewer, -1)):
            if step is not None and step.moves:
                (move,) = step.moves
                other = problem.account_ids.index(move.account_id).as_py()
                fixed = {row: totals[why.account_id] + change, other: totals[move.account_id] + move.change}
                assert move.change == -change
                assert _value_of(problem, {**dict(enumerate(totals.values())), **fixed}) == pytest.approx(
                    optimum.value - (step.cost or 0)
                )


@settings(max_examples=30, deadline=None)
@given(seed=seeds, nested=st.booleans())
def test_the_limits_named_are_those_that_one_more_or_fewer_would_break(seed: int, *, nested: bool) -> None:
    problem = make_problem(seed, accounts=8, nested=nested)
    assume(laminar.is_laminar(problem))
    optimum = _optimise(problem)
    limits = problem.limits()

    for row, why in enumerate(explain(problem, optimum)):
        for step, change in ((why.more, 1), (why.fewer, -1)):
            if step is not None and step.action is not None:
                counts = optimum.counts.copy()
                counts[row, problem.type_index(step.action)] += change
                used = problem.usage(counts, limits)
                broken = {
                    str(limit)
                    for limit, actions in zip(limits, used, strict=True)
                    if (actions < limit.bound if limit.at_least else actions > limit.bound)
                }
                cap = problem.constraints.cap_per_account
                if cap is not None and counts[row].sum() > cap:
                    broken.add(f"the cap of {cap} per account")
                assert set(step.limits) == broken


def test_a_reason_reads_as_a_person_would_say_it() -> None:
    problem = Problem(
        account_ids=pa.array(["ACME-001", "ACME-002", "ACME-003"]),
        types=("workshop",),
        gains=np.array([[[9000.0, 4500.0]], [[6000.0, 3000.0]], [[5000.0, 2500.0]]]),
        predicted=np.array([90_000.0, 60_000.0, 50_000.0]),
        constraints=Constraints(capacity=3),
    )
    first, second, _ = explain(problem, optimise(problem))

    assert [each.text for each in write_reasons(first, Terms())] == [
        "It gets 1 action, which brings an expected $9K.",
        "The last one brings $9K, $6K more than the best use elsewhere.",
        "One more would bring $4.5K, $500 less than where it would be taken.",
        "One more action here alone would exceed the total capacity of 3.",
        "From a predicted value of $100K on (now $90K) it would get one more.",
        "Below a predicted value of $30K (now $90K) it would lose one.",
        "It is proven that no other way to give the actions within the limits brings more.",
    ]
    assert write_line(first, Terms()) == (
        "1 action brings an expected $9K; one more would bring $4.5K, $500 less than elsewhere."
    )
    assert "One more would bring $3K, $2K less" in write_reasons(second, Terms())[2].text


def test_one_more_of_a_capacity_is_worth_the_best_action_it_lets_in() -> None:
    problem = Problem(
        account_ids=pa.array(["A0", "A1"]),
        types=("workshop",),
        gains=np.array([[[50.0, 20.0]], [[40.0, 30.0]]]),
        predicted=np.array([1.0, 1.0]),
        reps=["Dana", "Ivo"],
        constraints=Constraints(capacity=2, rep_capacity={"Dana": 1, "Ivo": 2}),
    )
    optimum = optimise(problem)

    assert {str(each.limit): each.amount for each in worth_of_one_more(problem, optimum)} == {
        "the total capacity of 2": 30.0,
        "Dana's capacity of 1": 0.0,
        "Ivo's capacity of 2": 0.0,
    }
    assert relax(problem.constraints, problem.limits()[1], 1).rep_capacity == {"Dana": 2, "Ivo": 2}


def _optimise(problem: Problem) -> Optimum:
    try:
        return optimise(problem)
    except InfeasibleError:
        assume(False)
        raise


def _check_step(why: Why, row: int, count: int, possible: dict[tuple[int, int], float], *, more: bool) -> None:
    step = why.more if more else why.fewer
    values = [
        value
        for (account, actions), value in possible.items()
        if account == row and (actions > count if more else actions < count)
    ]
    if step is None:
        assert count == 0
    elif step.cost is None:
        assert not values
    else:
        assert step.cost == pytest.approx(max(possible.values()) - max(values), abs=1e-6)


def _check_thresholds(problem: Problem, why: Why, row: int, count: int, *, exact: bool) -> None:
    """Beyond a threshold some best allocation takes the step, and short of it some best one does not."""
    for step, sign in ((why.more, 1), (why.fewer, -1)):
        if step is not None and step.threshold is not None:
            margin = 1e-3 * step.threshold if exact else 0.0
            beyond = step.threshold + sign * margin
            short = step.threshold - sign * (margin if exact else 1.0)
            assert any((each - count) * sign >= 1 for each in _best_counts(problem, row, beyond))
            assert any((each - count) * sign <= 0 for each in _best_counts(problem, row, short))


def _best_counts(problem: Problem, row: int, predicted: float) -> list[int]:
    possible = enumerate_best(_at(problem, row, predicted))
    best = max(possible.values())
    return [count for (account, count), value in possible.items() if account == row and value > best - 1e-9]


def _count_at(problem: Problem, row: int, predicted: float) -> int:
    return int(optimise(_at(problem, row, predicted)).counts[row].sum())


def _at(problem: Problem, row: int, predicted: float) -> Problem:
    gains = problem.gains.copy()
    gains[row] *= predicted / problem.predicted[row]
    return replace(problem, gains=gains)


def _value_of(problem: Problem, totals: dict[int, int]) -> float:
    """Return the best value with exactly so many actions per account."""
    best = -np.sort(-problem.offers().reshape(problem.accounts, -1), axis=1)
    return float(sum(best[row, :total].sum() for row, total in totals.items()))
