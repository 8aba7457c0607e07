from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor

from pipeline.candidates import BOOSTING, CONSTANT, LINEAR, average
from pipeline.errors import AdditivityError
from pipeline.explanations import STRONGEST, ModelExplanation, Pairs, check_additivity, explain, explain_model
from pipeline.features import Encoder
from pipeline.models import CrossFit, FoldModel
from pipeline.tree_shap import InterventionalExplainer, from_sklearn
from storage.records import Feature, FeatureKind

if TYPE_CHECKING:
    from pipeline.models import Model


def enumerate_shapley(model: Model, row: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values by their definition: the mean prediction with a coalition's features set to the row's."""
    count = len(row)

    def value(coalition: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(coalition)] = row[list(coalition)]
        return float(model.predict(mixed).mean())

    values = np.zeros(count)
    for feature in range(count):
        others = [other for other in range(count) if other != feature]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for coalition in combinations(others, size):
                values[feature] += weight * (value((*coalition, feature)) - value(coalition))
    return values


def test_values_are_those_of_the_definition_against_the_same_background() -> None:
    random = np.random.default_rng(0)
    features = tuple(Feature(name=name, label=name, group="", unit="", kind=FeatureKind.NUMBER) for name in "abcde")
    # One decimal: the case in which thresholds and values come out equal.
    table = pd.DataFrame({name: np.round(random.uniform(0, 9, 70), 1) for name in "abcde"})
    table["account_id"] = [f"ACME-{number:03}" for number in range(70)]
    outcome = (1000 + 500 * table["a"] + 300 * table["b"] * (table["c"] > 4) + 50 * table["d"]).to_numpy()
    training = np.arange(50)  # as many as the background has, so that all of them are the background
    encoder = Encoder.fit(features, table.iloc[training])
    rows = encoder.transform(table)
    model = RandomForestRegressor(n_estimators=8, random_state=0).fit(rows[training], outcome[training])
    fitted = CrossFit(
        models=(FoldModel(encoder=encoder, model=model, training=training),),
        folds=np.zeros(70, dtype=np.intp),
        predicted=model.predict(rows),
        measured=np.ones(70, dtype=np.bool_),
    )

    explanations = explain(fitted, table, seed=1)

    assert explanations.baseline[0] == pytest.approx(model.predict(rows[training]).mean())
    for place in (3, 55, 69):
        expected = enumerate_shapley(model, rows[place], rows[training])
        np.testing.assert_allclose(explanations.shap[place], expected, rtol=1e-9, atol=1e-9)


def test_the_mean_of_two_models_is_explained_by_the_mean_of_their_values() -> None:
    random = np.random.default_rng(3)
    features = tuple(Feature(name=name, label=name, group="", unit="", kind=FeatureKind.NUMBER) for name in "abcd")
    rows = np.round(random.uniform(0, 9, (60, 4)), 1)
    outcome = 100 * rows[:, 0] + 30 * rows[:, 1] * (rows[:, 2] > 4)
    linear = LINEAR.make(features, 60, 1).fit(rows, outcome)
    forest = RandomForestRegressor(n_estimators=8, random_state=0).fit(rows, outcome)
    both = average([linear, forest])

    found, alone = (explain_model(model, rows[:5], rows[10:50]) for model in (both, forest))

    np.testing.assert_array_equal(both.predict(rows), (linear.predict(rows) + forest.predict(rows)) / 2)
    assert found.baseline == pytest.approx(both.predict(rows[10:50]).mean())
    np.testing.assert_allclose(found.shap[2], enumerate_shapley(both, rows[2], rows[10:50]), atol=1e-6)
    np.testing.assert_allclose(found.sums, found.shap, atol=1e-6)
    np.testing.assert_array_equal(found.pairs.amounts, alone.pairs.amounts / 2)
    np.testing.assert_array_equal(found.pairs.features, alone.pairs.features)


def explanations(shap: list[list[float]], sums: list[list[float]]) -> ModelExplanation:
    """Explanations with a baseline of 10 and no pairs."""
    pairs = Pairs(
        features=np.zeros((len(shap), 0, 2), dtype=np.int16),
        amounts=np.zeros((len(shap), 0)),
        mean=np.zeros((2, 2)),
    )
    return ModelExplanation(baseline=10.0, shap=np.array(shap), pairs=pairs, sums=np.array(sums))


def test_an_explanation_that_misses_its_prediction_is_an_error_of_ours() -> None:
    found = explanations([[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]])

    check_additivity(found, np.array([13.0, 13.000001]), ["ACME-000", "ACME-001"], typical=13.0)
    with pytest.raises(AdditivityError, match="explanation of ACME-001"):
        check_additivity(found, np.array([13.0, 13.1]), ["ACME-000", "ACME-001"], typical=13.0)


def test_interactions_that_do_not_add_up_to_their_value_are_an_error_of_ours() -> None:
    found = explanations([[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 2.1]])

    with pytest.raises(AdditivityError, match="interaction of ACME-001"):
        check_additivity(found, np.array([13.0, 13.0]), ["ACME-000", "ACME-001"], typical=13.0)


@pytest.mark.parametrize("place", ["shap", "sums"])
def test_a_value_that_is_no_number_does_not_add_up(place: str) -> None:
    rows = {"shap": [[3.0, 0.0]], "sums": [[3.0, 0.0]]} | {place: [[np.nan, 0.0]]}

    with pytest.raises(AdditivityError):
        check_additivity(explanations(**rows), np.array([13.0]), ["ACME-000"], typical=13.0)


def test_a_linear_model_is_explained_as_the_definition_says_categories_and_all() -> None:
    random = np.random.default_rng(3)
    kinds = dict.fromkeys("abd", FeatureKind.NUMBER) | {"c": FeatureKind.CATEGORY}
    features = tuple(Feature(name=name, label=name, group="", unit="", kind=kinds[name]) for name in "abcd")
    rows = np.column_stack([random.normal(size=(80, 2)), random.integers(0, 4, 80), random.uniform(size=80)])
    outcome = 9 * rows[:, 0] - 4 * rows[:, 1] + 7 * (rows[:, 2] == 2) + random.normal(size=80)
    model = LINEAR.make(features, 80, 1).fit(rows, outcome)

    found = explain_model(model, rows[:5], rows[30:])

    np.testing.assert_allclose(found.baseline + found.shap.sum(axis=1), model.predict(rows[:5]), rtol=1e-12)
    for place in range(5):
        np.testing.assert_allclose(found.shap[place], enumerate_shapley(model, rows[place], rows[30:]), atol=1e-9)
    assert not found.pairs.amounts.any()
    assert not found.pairs.mean.any()


def test_boosted_trees_are_explained_as_the_definition_says() -> None:
    random = np.random.default_rng(4)
    rows = np.round(random.uniform(0, 9, (120, 4)) * 8) / 8
    outcome = 1000 + 300 * rows[:, 0] + 200 * rows[:, 1] * (rows[:, 2] > 4)
    model = BOOSTING.make((), 120, 1).fit(rows, outcome)

    values = explain_model(model, rows[:3], rows[60:]).shap

    for place in range(3):
        np.testing.assert_allclose(values[place], enumerate_shapley(model, rows[place], rows[60:]), rtol=1e-10)


def test_the_strongest_pair_is_the_one_that_the_outcome_was_made_of_and_counts_both_of_its_entries() -> None:
    random = np.random.default_rng(4)
    rows = random.uniform(0, 9, (400, 4))
    model = BOOSTING.make((), 400, 1).fit(rows, 200 * rows[:, 1] * (rows[:, 2] > 4))

    found = explain_model(model, rows, rows[:50])

    assert found.pairs.amounts.shape == (400, STRONGEST)
    assert np.mean((found.pairs.features[:, 0] == [1, 2]).all(axis=1)) > 0.9
    mean = found.pairs.mean
    assert np.unravel_index(mean.argmax(), mean.shape) == (1, 2)
    matrices = InterventionalExplainer.build(from_sklearn(model), rows[:50]).interactions(rows)
    np.testing.assert_allclose(mean[1, 2], np.abs(2 * matrices[:, 1, 2]).mean(), rtol=1e-12)
    first = found.pairs.features[:, 0]
    np.testing.assert_allclose(
        found.pairs.amounts[:, 0], 2 * matrices[np.arange(400), first[:, 0], first[:, 1]], rtol=1e-12
    )


def test_a_constant_is_explained_by_nothing() -> None:
    model = CONSTANT.make((), 3, 1).fit(np.zeros((3, 2)), np.array([1.0, 2.0, 6.0]))

    found = explain_model(model, np.ones((4, 2)), np.zeros((3, 2)))

    assert found.baseline == 3
    assert not found.shap.any()
    assert not found.pairs.amounts.any()
