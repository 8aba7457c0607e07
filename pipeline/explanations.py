"""Why an account is predicted what it is: SHAP values in dollars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from sklearn.dummy import DummyRegressor
from sklearn.pipeline import Pipeline

from pipeline.errors import AdditivityError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import pandas as pd

    from pipeline.models import CrossFit, Model

    Column = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]

BACKGROUND_ROWS = 50
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """Dollars: ``baseline`` per account, ``shap`` per account and feature; together they make the prediction."""

    baseline: Column
    shap: Matrix


def explain(
    fitted: CrossFit, table: pd.DataFrame, *, seed: int, fold_done: Callable[[], None] = lambda: None
) -> Explanations:
    """Explain each account by the model that predicted it, which is one that did not see it.

    Values are interventional (Janzing, Minorics and Blöbaum 2020; Lundberg et al. 2020): against a background of
    ``BACKGROUND_ROWS`` of that model's own training accounts, whose mean prediction is the baseline. Accounts of
    different folds therefore have slightly different baselines. Raises AdditivityError when baseline and values miss a
    prediction by more than ``TOLERANCE`` of the typical one.
    """
    random = np.random.default_rng(seed)
    baseline, values = np.empty_like(fitted.predicted), np.empty_like(fitted.rows)
    for fold, fold_model in enumerate(fitted.models):
        size = min(BACKGROUND_ROWS, len(fold_model.training))
        background = random.choice(fold_model.training, size=size, replace=False)
        left_out = fitted.folds == fold
        baseline[left_out], values[left_out] = explain_model(
            fold_model.model, fitted.rows[left_out], fold_model.encoder.transform(table.iloc[background])
        )
        fold_done()
    explanations = Explanations(baseline=baseline, shap=values)
    check_additivity(explanations, fitted.predicted, table["account_id"].tolist())
    return explanations


def explain_model(model: Model, rows: Matrix, background: Matrix) -> tuple[float, Matrix]:
    """Return the mean prediction of the background, and one value for each row and column."""
    if isinstance(model, DummyRegressor):
        return float(model.predict(background).mean()), np.zeros_like(rows)
    if isinstance(model, Pipeline):
        return _explain_linear(model, rows, background)
    explainer = shap.TreeExplainer(model, data=background, feature_perturbation="interventional")
    # The check of shap itself tolerates far more than ours.
    return np.asarray(explainer.expected_value).item(), explainer.shap_values(rows, check_additivity=False)


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


def check_additivity(explanations: Explanations, predicted: Column, account_ids: Sequence[str]) -> None:
    """Raise AdditivityError for the account whose explanation misses its prediction by most, if that is too much.

    A miss is compared with the prediction, or with the typical one where that is larger: near 0 no share is small.
    """
    explained = explanations.baseline + explanations.shap.sum(axis=1)
    excess = np.abs(explained - predicted) - TOLERANCE * np.maximum(np.abs(predicted), np.median(np.abs(predicted)))
    worst = int(np.argmax(excess))
    # Written so that a miss that is not a number fails, too.
    if not excess[worst] <= 0:
        raise AdditivityError(account_ids[worst], predicted=float(predicted[worst]), explained=float(explained[worst]))
