from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression

from pipeline.tree_shap import InterventionalExplainer, from_sklearn
from pipeline.tree_shap.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Sample = Callable[..., tuple[Floats, Floats]]


def test_values_a_hair_from_a_threshold_take_the_side_that_the_forest_takes() -> None:
    rows = np.repeat(np.arange(6.0), 5)[:, None] / 3
    model = RandomForestRegressor(3, random_state=0).fit(rows, rows[:, 0])
    thresholds = np.concatenate([tree.tree_.threshold for tree in model.estimators_])
    near = np.concatenate([thresholds, np.nextafter(thresholds, 9), np.nextafter(thresholds, -9), thresholds + 1e-9])
    explainer = InterventionalExplainer.build(from_sklearn(model), rows)

    found = explainer.explain(near[:, None]).prediction
    np.testing.assert_allclose(found, model.predict(near[:, None]), rtol=0, atol=1e-12)


def test_a_forest_trained_without_missing_values_sends_them_where_its_nodes_say(sample: Sample) -> None:
    rows, outcome = sample(200, 3)
    model = RandomForestRegressor(5, random_state=0).fit(rows, outcome)
    holes = np.where(np.random.default_rng(2).random(rows.shape) < 0.4, np.nan, rows)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows)

    np.testing.assert_allclose(explainer.explain(holes).prediction, model.predict(holes), rtol=1e-11, atol=1e-11)


def test_infinite_values_are_beyond_every_threshold_of_boosting(sample: Sample) -> None:
    rows, outcome = sample(200, 3, missing=0.5)
    model = HistGradientBoostingRegressor(max_iter=10).fit(rows, outcome)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows)
    infinite = np.where(np.random.default_rng(2).random(rows.shape) < 0.3, np.inf, -np.inf)

    np.testing.assert_allclose(explainer.explain(infinite).prediction, model.predict(infinite), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda rows, outcome: LinearRegression().fit(rows, outcome), "its class is unknown"),
        (lambda _rows, _outcome: RandomForestRegressor(), "it is not fitted"),
        (lambda _rows, _outcome: HistGradientBoostingRegressor(), "it is not fitted"),
        (lambda rows, outcome: RandomForestRegressor(2).fit(rows, np.stack([outcome, outcome], 1)), "2 outputs"),
        (
            lambda rows, outcome: HistGradientBoostingRegressor(loss="poisson", max_iter=2).fit(rows, np.abs(outcome)),
            "'poisson' predicts through a link",
        ),
    ],
    ids=["another class", "unfitted forest", "unfitted boosting", "two outputs", "a link"],
)
def test_models_that_are_no_plain_sum_of_trees_are_refused_with_the_reason(
    sample: Sample, make: Callable[[Floats, Floats], Any], reason: str
) -> None:
    with pytest.raises(UnsupportedModelError, match=reason):
        from_sklearn(make(*sample(40, 3)))


def test_categories_that_are_no_numbers_are_refused() -> None:
    rows = np.array([["red", 1.0], ["blue", 2.0]] * 20, dtype=object)
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=[0]).fit(rows, np.arange(40.0))

    with pytest.raises(UnsupportedModelError, match="the categories of its column 0 are not numbers"):
        from_sklearn(model)
