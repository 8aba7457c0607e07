from __future__ import annotations

import numpy as np
import pytest

from pipeline.scores import measure_score, r_squared, standard_error


def test_r_squared_is_one_for_the_truth_and_zero_for_the_mean() -> None:
    outcome = np.array([1.0, 2.0, 6.0])

    assert r_squared(outcome, outcome) == 1
    assert r_squared(outcome, np.full(3, 3.0)) == pytest.approx(0)


def test_standard_errors_are_how_far_figures_vary_from_sample_to_sample() -> None:
    random = np.random.default_rng(1)
    scores = []
    for _ in range(400):
        truth = random.normal(size=300)
        scores.append(measure_score(truth + random.normal(size=300), truth, groups=np.arange(300)))

    for figure in ("r2", "mae", "spearman"):
        spread = np.std([getattr(score, figure) for score in scores])
        stated = np.mean([getattr(score, f"{figure}_error") for score in scores])
        assert stated == pytest.approx(spread, rel=0.15)


def test_copies_of_a_row_do_not_make_a_figure_more_certain() -> None:
    values = np.random.default_rng(2).normal(size=60)

    once = standard_error(values, groups=np.arange(60))

    assert standard_error(np.tile(values, 4), groups=np.tile(np.arange(60), 4)) == pytest.approx(once)
    assert standard_error(np.tile(values, 4), groups=np.arange(240)) < 0.6 * once
