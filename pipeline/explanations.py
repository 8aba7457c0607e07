"""Why an account is predicted what it is: SHAP values and interaction values in the unit of the target."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.pipeline import Pipeline

from pipeline.errors import AdditivityError
from pipeline.tree_shap import STORED_BYTES, InterventionalExplainer, from_sklearn
from storage.records import Interaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import pandas as pd

    from pipeline.models import CrossFit, Model
    from storage.records import Feature

    Column = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int16]

BACKGROUND_ROWS = 50
TOLERANCE = 1e-6

STRONGEST = 5
"""How many pairs of features are kept of each account."""

_OVERALL = 10
_MANY = 4096
_PIECE_ROWS = 65_536
_NOTHING = 1e-9  # of the typical prediction: what is left of sums that cancel


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The strongest pairs of features of each account, strongest first, and how strong each pair is over all of them.

    ``features`` [accounts, pairs, 2] are positions, ``amounts`` [accounts, pairs] whole interactions: both entries of
    the symmetric matrix, which is what a pair adds to the prediction beyond what each of its features adds alone; 0
    where there is no pair. ``mean`` [features, features] are the mean absolute interactions.
    """

    features: Places
    amounts: Matrix
    mean: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelExplanation:
    """The mean prediction of the background, one value for each row and column, and the pairs of each row.

    ``sums`` [rows, columns] are the sums of the rows of the matrices of interactions, which should be the values.
    """

    baseline: float
    shap: Matrix
    pairs: Pairs
    sums: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """``baseline`` per account, ``shap`` per account and feature; together they make the prediction.

    ``backgrounds`` are the encoded rows that the accounts of each fold were compared with.
    """

    baseline: Column
    shap: Matrix
    pairs: Pairs
    backgrounds: tuple[Matrix, ...]

    def top_interactions(self, features: Sequence[Feature]) -> tuple[Interaction, ...]:
        """Return the pairs that add or take most over all accounts, with their mean absolute value."""
        first, second = np.triu_indices(len(features), 1)
        values = self.pairs.mean[first, second]
        strongest = [place for place in np.argsort(-values, kind="stable")[:_OVERALL] if values[place] > 0]
        return tuple(
            Interaction(
                first=features[first[place]].name, second=features[second[place]].name, value=float(values[place])
            )
            for place in strongest
        )


def explain(
    fitted: CrossFit, table: pd.DataFrame, *, seed: int, fold_done: Callable[[], None] = lambda: None
) -> Explanations:
    """Explain each account by the model that predicted it, which is one that did not see it.

    Values are interventional (Janzing, Minorics and Blöbaum 2020; Lundberg et al. 2020): against a background of
    ``BACKGROUND_ROWS`` of that model's own training accounts, whose mean prediction is the baseline. Accounts of
    different folds therefore have slightly different baselines. Raises AdditivityError when baseline and values, or the
    interactions of a feature, miss what they add up to by more than ``TOLERANCE`` of the typical prediction.
    """
    random = np.random.default_rng(seed)
    n_accounts, n_features = len(table), len(fitted.models[0].encoder.features)
    baseline, values = np.empty(n_accounts), np.empty((n_accounts, n_features))
    pairs = no_pairs(n_accounts, n_features)
    typical = float(np.median(np.abs(fitted.predicted)))
    backgrounds = []
    for fold, fold_model in enumerate(fitted.models):
        size = min(BACKGROUND_ROWS, len(fold_model.training))
        background = random.choice(fold_model.training, size=size, replace=False)
        backgrounds.append(fold_model.encoder.transform(table.iloc[background]))
        left_out = np.flatnonzero(fitted.folds == fold)
        explain_rows = make_explainer(fold_model.model, backgrounds[-1], n_rows=len(left_out))
        for start in range(0, len(left_out), _PIECE_ROWS):
            places = left_out[start : start + _PIECE_ROWS]
            own = table.iloc[places]
            explained = explain_rows(fold_model.encoder.transform(own))
            check_additivity(explained, fitted.predicted[places], own["account_id"].tolist(), typical=typical)
            baseline[places], values[places] = explained.baseline, explained.shap
            pairs.features[places], pairs.amounts[places] = explained.pairs.features, explained.pairs.amounts
            pairs.mean[:] += explained.pairs.mean * (len(places) / n_accounts)
        fold_done()
    pairs.amounts[np.abs(pairs.amounts) <= _NOTHING * typical] = 0.0
    return Explanations(baseline=baseline, shap=values, pairs=pairs, backgrounds=tuple(backgrounds))


def explain_model(model: Model, rows: Matrix, background: Matrix) -> ModelExplanation:
    """Explain rows by one model; one without products of features has no interactions."""
    return make_explainer(model, background, n_rows=len(rows))(rows)


def make_explainer(model: Model, background: Matrix, *, n_rows: int) -> Callable[[Matrix], ModelExplanation]:
    """Return what explains rows by one model, ``n_rows`` of them in all, any part of them at a time."""
    if isinstance(model, VotingRegressor):
        parts = [make_explainer(each, background, n_rows=n_rows) for each in model.estimators_]
        return lambda rows: _average([explain_rows(rows) for explain_rows in parts])
    if isinstance(model, DummyRegressor):
        mean = float(model.predict(background).mean())
        return lambda rows: _without_pairs(mean, np.zeros_like(rows))
    if isinstance(model, Pipeline):
        return lambda rows: _without_pairs(*_explain_linear(model, rows, background))
    # Tables of all patterns cost more than they save where there are few rows to look up in them.
    stored_bytes = STORED_BYTES if n_rows >= _MANY else 0
    explainer = InterventionalExplainer.build(from_sklearn(model), background, stored_bytes=stored_bytes)
    return partial(_explain_trees, explainer)


def _explain_trees(explainer: InterventionalExplainer, rows: Matrix) -> ModelExplanation:
    explained = explainer.explain(rows)
    features, strongest, sums, mean = explainer.top_interactions(rows, STRONGEST)
    pairs = no_pairs(*rows.shape)
    kept = strongest.shape[1]
    pairs.features[:, :kept], pairs.amounts[:, :kept] = features, 2 * strongest
    pairs.mean[:] = 2 * mean * (1 - np.eye(rows.shape[1]))  # without main effects
    return ModelExplanation(baseline=explained.baseline, shap=explained.shap, pairs=pairs, sums=sums)


def _average(explained: Sequence[ModelExplanation]) -> ModelExplanation:
    """Return the explanation of the mean of models, of which at most one has interactions: values are linear in it."""
    pairs = next((each.pairs for each in explained if each.pairs.mean.any()), explained[0].pairs)
    return ModelExplanation(
        baseline=float(np.mean([each.baseline for each in explained])),
        shap=np.mean([each.shap for each in explained], axis=0),
        pairs=Pairs(features=pairs.features, amounts=pairs.amounts / len(explained), mean=pairs.mean / len(explained)),
        sums=np.mean([each.sums for each in explained], axis=0),
    )


def _without_pairs(baseline: float, values: Matrix) -> ModelExplanation:
    return ModelExplanation(baseline=baseline, shap=values, pairs=no_pairs(*values.shape), sums=values)


def no_pairs(n_rows: int, n_features: int) -> Pairs:
    """Return the pairs of so many accounts none of whose features interact; whoever calls fills them in."""
    return Pairs(
        features=np.zeros((n_rows, STRONGEST, 2), dtype=np.int16),
        amounts=np.zeros((n_rows, STRONGEST)),
        mean=np.zeros((n_features, n_features)),
    )


def _explain_linear(model: Any, rows: Matrix, background: Matrix) -> tuple[float, Matrix]:
    """Return coefficient times (value - background mean), added up over the columns that a category became.

    Štrumbelj and Kononenko 2014, section 3: in a linear model that is the Shapley value.
    """
    columns, ridge = model[0], model[-1]
    terms = (columns.transform(rows) - columns.transform(background).mean(axis=0)) * ridge.coef_
    values = np.zeros_like(rows)
    start = 0
    for _, transformer, places in columns.transformers_:
        if transformer == "drop":
            continue
        widths = [len(each) for each in getattr(transformer, "categories_", [[None]] * len(places))]
        for place, width in zip(places, widths, strict=True):
            values[:, place] = terms[:, start : start + width].sum(axis=1)
            start += width
    return float(model.predict(background).mean()), values


def check_additivity(
    explained: ModelExplanation, predicted: Column, account_ids: Sequence[str], *, typical: float
) -> None:
    """Raise AdditivityError for the account whose explanation misses its prediction by most, if that is too much.

    A miss is compared with the prediction, or with the typical one where that is larger: near 0 no share is small. The
    interactions of a feature with itself and all others are to add up to its SHAP value as nearly.
    """
    scale = TOLERANCE * np.maximum(np.abs(predicted), typical)
    _check(explained.baseline + explained.shap.sum(axis=1), predicted, scale, account_ids, what="explanation")
    worst = np.abs(explained.sums - explained.shap).argmax(axis=1)[:, np.newaxis]
    sums, values = (np.take_along_axis(each, worst, axis=1)[:, 0] for each in (explained.sums, explained.shap))
    _check(sums, values, scale, account_ids, what="interaction")


def _check(found: Column, expected: Column, scale: Column, account_ids: Sequence[str], *, what: str) -> None:
    excess = np.abs(found - expected) - scale
    # Written so that a miss that is not a number fails, too; no account, no miss.
    if not excess.max(initial=0.0) <= 0:
        worst = int(np.argmax(excess))
        raise AdditivityError(account_ids[worst], what=what, expected=float(expected[worst]), found=float(found[worst]))
