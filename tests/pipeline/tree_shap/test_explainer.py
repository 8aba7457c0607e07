from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor

from pipeline.tree_shap import InterventionalExplainer, from_sklearn
from pipeline.tree_shap.errors import EmptyBackgroundError, LongPathError, RowShapeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap calls functions that matplotlib means to remove
    import shap

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Sample = Callable[..., tuple[Floats, Floats]]
    Enumerate = Callable[[Callable[[Floats], Floats], Floats, Floats], tuple[Floats, Floats]]

# every way in which a leaf can be solved
WAYS = {
    "tables kept": {},
    "patterns that occur": {"stored_bytes": 0},
    "small leaves in tables, others by pattern": {"stored_cells": 4},
}
FAMILIES = {
    "forest": RandomForestRegressor(4, min_samples_leaf=2, random_state=0),
    "extremely randomised": ExtraTreesRegressor(4, min_samples_leaf=2, random_state=0),
    "boosting": HistGradientBoostingRegressor(max_iter=6, min_samples_leaf=3),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("model", FAMILIES.values(), ids=FAMILIES)
def test_values_are_those_of_all_coalitions_with_missing_values_too(
    sample: Sample, enumerate_values: Enumerate, model: Any, way: dict[str, int]
) -> None:
    rows, outcome = sample(80, 5, missing=0.1)
    model.fit(rows, outcome)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows[:12], **way)
    explained = np.vstack([rows[40:43], np.full(5, np.nan), np.full(5, -1e30)])

    shap_values = explainer.explain(explained).shap
    matrices = explainer.interactions(explained)

    for at, row in enumerate(explained):
        expected, expected_matrix = enumerate_values(model.predict, row, rows[:12])
        np.testing.assert_allclose(shap_values[at], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(matrices[at], expected_matrix, rtol=0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_features=st.integers(2, 5),
    missing=st.sampled_from([0.0, 0.3]),
    n_background=st.integers(1, 9),
    depth=st.integers(1, 9),
    family=st.sampled_from([RandomForestRegressor, ExtraTreesRegressor]),
    way=st.sampled_from(list(WAYS)),
)
def test_values_are_those_of_all_coalitions_for_any_small_forest(  # noqa: PLR0917 - what hypothesis draws
    sample: Sample,
    enumerate_values: Enumerate,
    seed: int,
    n_features: int,
    missing: float,
    n_background: int,
    depth: int,
    family: Callable[..., Any],
    way: str,
) -> None:
    rows, outcome = sample(40, n_features, seed=seed, missing=missing)
    model = family(2, max_depth=depth, random_state=seed).fit(rows, outcome)
    background = rows[:n_background]
    explainer = InterventionalExplainer.build(from_sklearn(model), background, **WAYS[way])

    expected, expected_matrix = enumerate_values(model.predict, rows[-1], background)

    np.testing.assert_allclose(explainer.explain(rows[-1:]).shap[0], expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(explainer.interactions(rows[-1:])[0], expected_matrix, rtol=0, atol=1e-11)


def test_categories_known_unknown_and_missing_go_where_the_model_sends_them(
    sample: Sample, enumerate_values: Enumerate
) -> None:
    rows, outcome = sample(300, 4)
    category = np.random.default_rng(1).integers(0, 9, 300)
    rows[:, 2] = category * 1.5 - 2
    outcome += np.where(np.isin(category, [1, 4, 7]), 5, 0)
    rows[::11, 2] = np.nan
    model = HistGradientBoostingRegressor(max_iter=6, categorical_features=[2, 3]).fit(rows, outcome)
    explained = rows[:4].copy()
    explained[1:, 2] = [np.nan, 1_000.0, -2.25]
    explainer = InterventionalExplainer.build(from_sklearn(model), rows[20:30])

    shap_values = explainer.explain(explained).shap

    for at, row in enumerate(explained):
        np.testing.assert_allclose(
            shap_values[at], enumerate_values(model.predict, row, rows[20:30])[0], rtol=0, atol=1e-12
        )


@pytest.mark.parametrize(
    "model",
    [RandomForestRegressor(40, random_state=0), HistGradientBoostingRegressor(max_iter=60)],
    ids=["forest", "boosting"],
)
def test_large_models_agree_with_shap_to_its_precision(sample: Sample, model: Any) -> None:
    rows, outcome = sample(1_000, 12)
    # thresholds and values in single precision, which is all that shap tells apart
    rows = rows.astype(np.float32).astype(np.float64)
    model.fit(rows, outcome)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows[:60])
    theirs = shap.TreeExplainer(model, rows[:60], feature_perturbation="interventional")

    expected = theirs.shap_values(rows[500:540], check_additivity=False)

    found = explainer.explain(rows[500:540])
    np.testing.assert_allclose(found.shap, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    assert found.baseline == pytest.approx(float(np.ravel(theirs.expected_value)[0]), rel=1e-6)


@pytest.mark.parametrize("model", FAMILIES.values(), ids=FAMILIES)
def test_baseline_and_values_add_up_to_the_prediction_and_interactions_to_the_values(
    sample: Sample, model: Any
) -> None:
    rows, outcome = sample(3_000, 9, missing=0.05)
    model.fit(rows, 1e5 * outcome)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows[:50])

    explanation = explainer.explain(rows)

    assert explanation.baseline == pytest.approx(model.predict(rows[:50]).mean(), rel=1e-12)
    np.testing.assert_allclose(explanation.prediction, model.predict(rows), rtol=1e-9)
    matrices = explainer.interactions(rows[:100])
    np.testing.assert_allclose(matrices.sum(axis=2), explanation.shap[:100], rtol=0, atol=1e-7)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))


def _one_feature_after_the_other(n_features: int) -> tuple[RandomForestRegressor, Floats]:
    """Return a forest with a path that tests nearly every feature, and its rows."""
    rows = np.vstack([np.zeros(n_features), np.eye(n_features), np.tril(np.ones((n_features, n_features)))])
    model = RandomForestRegressor(2, bootstrap=False, max_features=0.9, random_state=1)
    return model.fit(rows[: n_features + 1], 2.0 ** -np.arange(n_features + 1)), rows


def test_patterns_give_what_tables_give_where_both_can_be_had() -> None:
    model, rows = _one_feature_after_the_other(14)
    ensemble = from_sklearn(model)
    tables = InterventionalExplainer.build(ensemble, rows[::3], stored_cells=2**16, stored_bytes=2**33)
    patterns = InterventionalExplainer.build(ensemble, rows[::3], stored_bytes=0)

    assert max(int(part.terms.cells.max()) for part in tables.first_order) >= 2**13
    np.testing.assert_allclose(patterns.explain(rows).shap, tables.explain(rows).shap, rtol=0, atol=1e-13)


def test_a_large_background_explains_as_its_parts_do_on_average(sample: Sample) -> None:
    rows, outcome = sample(600, 12)
    ensemble = from_sklearn(RandomForestRegressor(3, random_state=0).fit(rows, outcome))
    whole = InterventionalExplainer.build(ensemble, rows[:240])
    parts = [InterventionalExplainer.build(ensemble, part) for part in np.array_split(rows[:240], 6)]

    shap_values = np.mean([part.explain(rows[500:]).shap for part in parts], axis=0)
    matrices = np.mean([part.interactions(rows[500:]) for part in parts], axis=0)

    assert all(len(part.failures.every) > 2 for part in whole.second_order)  # words of 64 rows
    np.testing.assert_allclose(whole.explain(rows[500:]).shap, shap_values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(whole.interactions(rows[500:]), matrices, rtol=0, atol=1e-12)


def test_paths_of_more_features_than_any_table_could_hold_add_up() -> None:
    model, rows = _one_feature_after_the_other(40)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows[::3])

    explanation = explainer.explain(rows)

    assert max(int(np.diff(part.paths.first).max()) for part in explainer.first_order) > 30
    np.testing.assert_allclose(explanation.prediction, model.predict(rows), rtol=0, atol=1e-12)
    np.testing.assert_allclose(explainer.interactions(rows).sum(axis=2), explanation.shap, rtol=0, atol=1e-12)


def test_a_row_is_explained_the_same_alone_among_many_and_by_several_threads(sample: Sample) -> None:
    rows, outcome = sample(5_000, 6, missing=0.05)
    model = RandomForestRegressor(8, max_depth=9, random_state=0).fit(rows, outcome)
    explainer = InterventionalExplainer.build(from_sklearn(model), rows[:30])
    together = explainer.explain(rows).shap

    with ThreadPoolExecutor(4) as threads:
        alone = list(threads.map(lambda at: explainer.explain(rows[at : at + 1]).shap[0], range(0, 5_000, 250)))

    np.testing.assert_array_equal(np.array(alone), together[::250])


def test_values_are_written_where_the_caller_wants_them(sample: Sample) -> None:
    rows, outcome = sample(100, 4)
    explainer = InterventionalExplainer.build(from_sklearn(RandomForestRegressor(3).fit(rows, outcome)), rows[:5])
    out = np.full((100, 4), np.nan)

    assert explainer.explain(rows, out=out).shap is out
    np.testing.assert_array_equal(out, explainer.explain(rows).shap)


def test_the_strongest_pairs_are_those_of_the_whole_matrix(sample: Sample) -> None:
    rows, outcome = sample(200, 6)
    explainer = InterventionalExplainer.build(
        from_sklearn(HistGradientBoostingRegressor(max_iter=20).fit(rows, outcome)), rows[:40]
    )
    matrices = explainer.interactions(rows)

    top = explainer.top_interactions(rows, 4)

    first, second = np.triu_indices(6, 1)
    strengths = -np.sort(-np.abs(matrices[:, first, second]), axis=1)[:, :4]
    assert (top.features[:, :, 0] < top.features[:, :, 1]).all()
    np.testing.assert_array_equal(np.abs(top.values), strengths)
    np.testing.assert_array_equal(
        top.values, matrices[np.arange(200)[:, None], top.features[:, :, 0], top.features[:, :, 1]]
    )
    np.testing.assert_allclose(top.sums, explainer.explain(rows).shap, rtol=0, atol=1e-12)
    np.testing.assert_allclose(top.mean, np.abs(matrices).mean(axis=0), rtol=1e-12)
    assert explainer.top_interactions(rows[:3], 99).values.shape == (3, 15)


@pytest.mark.parametrize(
    "model", [RandomForestRegressor(3), HistGradientBoostingRegressor(max_iter=3)], ids=["forest", "boosting"]
)
def test_a_constant_model_explains_nothing(sample: Sample, model: Any) -> None:
    rows, _ = sample(50, 3)
    explainer = InterventionalExplainer.build(from_sklearn(model.fit(rows, np.full(50, 7.0))), rows[:1])

    explanation = explainer.explain(rows)

    assert explanation.baseline == pytest.approx(7.0)
    assert not explanation.shap.any()
    assert not explainer.interactions(rows[:3]).any()


def test_a_feature_that_no_tree_tests_gets_nothing_and_no_rows_give_no_values(sample: Sample) -> None:
    rows, outcome = sample(100, 4)
    rows[:, 1] = 3.0
    explainer = InterventionalExplainer.build(from_sklearn(RandomForestRegressor(5).fit(rows, outcome)), rows[:9])
    changed = rows.copy()
    changed[:, 1] = np.nan

    assert not explainer.explain(changed).shap[:, 1].any()
    assert explainer.explain(rows[:0]).shap.shape == (0, 4)


def test_rows_and_backgrounds_that_do_not_fit_are_refused_in_a_sentence(sample: Sample) -> None:
    rows, outcome = sample(60, 4)
    ensemble = from_sklearn(RandomForestRegressor(2).fit(rows, outcome))
    explainer = InterventionalExplainer.build(ensemble, rows)

    with pytest.raises(RowShapeError, match=r"reads a table of 4 columns, and was given an array of shape \(60, 3\)"):
        explainer.explain(rows[:, :3])
    with pytest.raises(RowShapeError, match=r"shape \(4,\)"):
        explainer.interactions(rows[0])
    with pytest.raises(EmptyBackgroundError, match="no rows"):
        InterventionalExplainer.build(ensemble, rows[:0])


def test_a_path_of_more_features_than_a_pattern_has_bits_is_refused() -> None:
    rows = np.vstack([np.zeros(70), np.eye(70)])
    outcome = 2.0 ** -np.arange(71)
    model = RandomForestRegressor(1, bootstrap=False, random_state=0).fit(rows, outcome)

    with pytest.raises(LongPathError, match="distinct features, and the explainer handles 64"):
        InterventionalExplainer.build(from_sklearn(model), rows)
