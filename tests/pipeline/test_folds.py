from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from pipeline.errors import TooFewGroupsError, TooFewTimesError
from pipeline.folds import NOBODY, assign_folds, draw_teachers


def test_folds_are_of_equal_size_and_each_has_one_of_five_neighbours_by_outcome() -> None:
    folds = assign_folds(np.arange(50.0), seed=1).of

    assert [sorted(folds[start : start + 5]) for start in range(0, 50, 5)] == [[0, 1, 2, 3, 4]] * 10


def test_no_company_teaches_a_model_that_is_tested_on_it() -> None:
    companies = [f"company {row // 3}" for row in range(120)]
    folds = assign_folds(np.random.default_rng(1).normal(size=120), seed=1, groups=companies)

    for fold in range(folds.count):
        tested = {companies[row] for row in folds.left_out(fold)}
        assert not tested & {companies[row] for row in folds.training(fold)}
        assert len(tested) == 8
        both = tested | {companies[row] for row in folds.left_out((fold + 1) % 5)}
        assert not both & {companies[row] for row in folds.training(fold, without=(fold + 1) % 5)}


def test_in_order_of_time_only_what_came_before_teaches() -> None:
    random = np.random.default_rng(2)
    days = [date(2026, 1, 1) + timedelta(days=int(each)) for each in random.integers(0, 300, 240)]
    folds = assign_folds(random.normal(size=240), seed=1, times=days)

    assert folds.count == 6
    for fold in range(1, 6):
        assert max(days[row] for row in folds.training(fold)) < min(days[row] for row in folds.left_out(fold))
    assert not folds.measured[folds.left_out(0)].any()
    assert folds.measured[folds.of > 0].all()


def test_in_order_of_time_the_past_of_the_tested_company_does_not_teach_either() -> None:
    companies, moments = [row % 20 for row in range(120)], list(range(120))
    folds = assign_folds(np.arange(120.0), seed=1, groups=companies[:60] + [99] * 60, times=moments)

    assert 99 not in {([*companies[:60], *[99] * 60])[row] for row in folds.training(5)}


def test_too_little_to_compare_on_is_said() -> None:
    with pytest.raises(TooFewGroupsError, match="9 independent rows"):
        assign_folds(np.arange(50.0), seed=1, groups=[row % 9 for row in range(50)])
    with pytest.raises(TooFewTimesError, match="3 different moments"):
        assign_folds(np.arange(50.0), seed=1, times=[row % 3 for row in range(50)])


def test_rows_that_had_a_fold_keep_it_and_new_ones_are_spread_over_all() -> None:
    outcome = np.random.default_rng(3).normal(size=120)
    before = assign_folds(outcome[:100], seed=1).of
    earlier = np.r_[before, np.full(20, NOBODY)]

    folds = assign_folds(outcome + 0.3, seed=1, earlier=earlier).of

    np.testing.assert_array_equal(folds[:100], before)
    assert np.bincount(folds[100:]).tolist() == [4] * 5


@pytest.mark.parametrize("earlier", [[0] * 90 + [1, 2, 3, 4] + [NOBODY] * 6, [row % 6 for row in range(100)]])
def test_folds_that_are_lopsided_or_of_another_kind_are_drawn_anew(earlier: list[int]) -> None:
    outcome = np.arange(100.0)

    folds = assign_folds(outcome, seed=1, earlier=np.array(earlier)).of

    np.testing.assert_array_equal(folds, assign_folds(outcome, seed=1).of)


def test_a_row_without_an_outcome_is_in_a_fold_and_teaches_and_measures_nothing() -> None:
    outcome = np.where(np.arange(100) % 4 == 0, np.nan, np.arange(100.0))
    folds = assign_folds(outcome, seed=1)

    assert np.bincount(folds.of[np.isnan(outcome)]).tolist() == [5] * 5
    assert not np.isnan(outcome[folds.measured]).any()
    for fold in range(folds.count):
        assert not np.isnan(outcome[folds.training(fold)]).any()


def test_in_order_of_time_the_newest_rows_without_an_outcome_are_predicted_from_all_before_them() -> None:
    outcome = np.r_[np.arange(100.0), np.full(20, np.nan)]
    folds = assign_folds(outcome, seed=1, times=list(range(120)))

    assert set(folds.of[100:]) == {5}
    assert np.bincount(folds.of[:100]).min() >= 16


def test_all_with_an_outcome_teach_unless_they_are_too_many() -> None:
    outcome = np.where(np.arange(90) % 3 == 0, np.nan, 1.0)
    ids = [f"ACME-{row:02}" for row in range(90)]

    assert draw_teachers(ids, outcome, most=60, seed=1).tolist() == np.flatnonzero(outcome == 1.0).tolist()
    drawn = draw_teachers(ids, outcome, most=20, seed=1)
    assert len(set(drawn.tolist())) == 20
    assert (outcome[drawn] == 1.0).all()
    assert drawn.tolist() != draw_teachers(ids, outcome, most=20, seed=2).tolist()


def test_who_taught_before_teaches_again_wherever_it_stands_in_the_file() -> None:
    ids = [f"ACME-{row:03}" for row in range(500)]
    moved = [f"NEW-{row}" for row in range(10)] + ids[::-1]

    before, after = (
        {named[row] for row in draw_teachers(named, np.ones(len(named)), most=100, seed=1)} for named in (ids, moved)
    )

    assert len(before & after) >= 100 - 10
