from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.intervals import FIFTHS, conformal_bounds, make_intervals, name_fifths
from pipeline.models import CrossFit

if TYPE_CHECKING:
    from pipeline.intervals import Column
    from pipeline.synthetic import SyntheticAccounts


def cross_fitted(predicted: Column, folds: np.ndarray) -> CrossFit:
    """Predictions whose models nobody asks for."""
    everyone = np.ones(len(predicted), dtype=np.bool_)
    return CrossFit(models=(), folds=folds, predicted=predicted, measured=everyone)


@pytest.mark.parametrize("shape", ["wider with the amount", "wider in the middle", "leaning", "negative amounts"])
def test_coverage_holds_overall_and_in_each_fifth_whatever_shape_the_errors_have(shape: str) -> None:
    random = np.random.default_rng(5)
    predicted = np.sort(random.uniform(5_000, 200_000, 2_000))
    spread = {
        "wider with the amount": predicted * 0.2,
        "wider in the middle": 30_000 * np.sin(predicted / 200_000 * np.pi) + 500,
        "leaning": np.full(2_000, 9_000.0),
        "negative amounts": predicted * 0.3,
    }[shape]
    noise = random.exponential(size=2_000) - 1 if shape == "leaning" else random.normal(size=2_000)
    shift = 100_000 if shape == "negative amounts" else 0
    outcome = predicted + spread * noise - shift
    folds = random.integers(0, 5, 2_000)

    intervals = make_intervals(outcome, cross_fitted(predicted - shift, folds))

    assert intervals.coverage(outcome) == pytest.approx(0.8, abs=0.03)
    for fifth in intervals.coverage_by(outcome, {FIFTHS: name_fifths(predicted)}):
        assert fifth.accounts == 400
        assert fifth.coverage == pytest.approx(0.8, abs=0.06)


def test_where_all_are_predicted_the_same_all_errors_count() -> None:
    outcome = np.tile(np.arange(100.0), 5)
    intervals = make_intervals(outcome, cross_fitted(np.full(500, 49.5), np.repeat(np.arange(5), 100)))

    assert set(intervals.low) == {9.0}
    assert set(intervals.high) == {90.0}


def test_an_interval_does_not_depend_on_the_outcomes_of_its_own_fold(
    accounts: SyntheticAccounts, fitted: CrossFit
) -> None:
    own = fitted.folds == 2
    honest = make_intervals(accounts.outcome, fitted)
    absurd = make_intervals(np.where(own, 1e9, accounts.outcome), fitted)

    np.testing.assert_array_equal(absurd.low[own], honest.low[own])
    np.testing.assert_array_equal(absurd.high[own], honest.high[own])
    assert np.all(absurd.high[~own] > honest.high[~own])


def test_no_interval_of_an_amount_that_is_never_negative_reaches_below_nothing() -> None:
    random = np.random.default_rng(6)
    predicted = np.append(random.uniform(0, 10, 299), -3.0)
    outcome = random.exponential(10, 300)

    intervals = make_intervals(outcome, cross_fitted(predicted, np.arange(300) % 5))

    assert intervals.low[:299].min() >= 0
    assert intervals.low[299] == -3


def test_nineteen_errors_are_cut_after_the_second_smallest_and_before_the_second_largest() -> None:
    assert conformal_bounds(np.arange(19.0)) == (1.0, 17.0)
