"""The families of models that are tried, the simplest first, under one interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor, VotingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from pipeline.models import Model
    from storage.records import Feature

# Beyond the first a tree of the forest sees a sample of as many rows; below the second boosting takes smaller steps.
_LARGE = 10_000
_SMALL = 2_000

# Below this a tree has too few rows to do without any of them, or without the one feature that matters.
_FEW = 200

_PENALTIES = tuple(float(each) for each in np.logspace(-1, 4, 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A way to make an unfitted model of these features for this many training rows, the same one for the same seed.

    No model may use several threads to add up a prediction, for they would do so in varying order.
    """

    name: str
    make: Callable[[Sequence[Feature], int, int], Model]


def make_constant(features: Sequence[Feature], rows: int, seed: int) -> DummyRegressor:
    """Return a model that predicts the mean of its training rows, whatever the features."""
    del features, rows, seed
    return DummyRegressor(strategy="mean")


def make_linear(features: Sequence[Feature], rows: int, seed: int) -> Model:
    """Return ridge regression on standardised numbers and one column for each category seen in training.

    The penalty is the one that does best when each training row is left out in turn (Golub, Heath and Wahba 1979).
    """
    del rows, seed
    numbers = [place for place, feature in enumerate(features) if feature.kind is FeatureKind.NUMBER]
    categories = [place for place, feature in enumerate(features) if feature.kind is FeatureKind.CATEGORY]
    columns = [(StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories)]
    model: Model = make_pipeline(make_column_transformer(*[each for each in columns if each[1]]), RidgeCV(_PENALTIES))
    return model


def make_boosting(features: Sequence[Feature], rows: int, seed: int) -> HistGradientBoostingRegressor:
    """Return gradient-boosted trees of few leaves, because more of them explain slower and predict no better."""
    del features
    return HistGradientBoostingRegressor(
        max_iter=200,
        learning_rate=0.05 if rows < _SMALL else 0.1,
        max_leaf_nodes=8 if rows < _SMALL else 15,
        min_samples_leaf=10,
        early_stopping=False,
        random_state=seed,
    )


def make_forest(features: Sequence[Feature], rows: int, seed: int) -> RandomForestRegressor:
    """Return a random forest; a large one is grown by all cores."""
    del features
    return RandomForestRegressor(
        n_estimators=100,
        min_samples_leaf=1 if rows < _FEW else 3,
        max_features=1.0 if rows < _FEW else 0.6,
        max_samples=_LARGE if rows > _LARGE else None,
        n_jobs=-1 if rows > _LARGE else None,
        random_state=seed,
    )


def average(models: Sequence[Model]) -> VotingRegressor:
    """Return the mean of models that are fitted already."""
    named = [(f"model {number}", model) for number, model in enumerate(models, start=1)]
    voting = VotingRegressor(named)
    voting.estimators_ = list(models)  # what fitting it would add; it would fit them again
    return voting


CONSTANT = Family(name="constant", make=make_constant)
LINEAR = Family(name="linear", make=make_linear)
BOOSTING = Family(name="gradient boosting", make=make_boosting)
FOREST = Family(name="random forest", make=make_forest)

SINGLE = (CONSTANT, LINEAR, FOREST, BOOSTING)
AVERAGE = "linear and forest, averaged"
CANDIDATES = (CONSTANT.name, LINEAR.name, AVERAGE, FOREST.name, BOOSTING.name)
"""The stiffest first: nothing to learn, one weight a column, the mean of that and a forest, a forest, boosted trees.

Of two models that miss in different ways the mean misses less than either (Breiman 1996, *Bagging predictors*,
section 4), and most so on few rows, where choosing one of the two costs more than it gains.
"""


def fit_all(
    features: Sequence[Feature], rows: npt.NDArray[np.float64], outcome: npt.NDArray[np.float64], *, seed: int
) -> list[Model]:
    """Return a fitted model of each of ``CANDIDATES``, in their order."""
    fitted = {family: family.make(features, len(rows), seed).fit(rows, outcome) for family in SINGLE}
    for model in fitted.values():
        if isinstance(model, RandomForestRegressor):
            model.n_jobs = None  # threads grew the same trees, but would add up predictions in varying order
    return [
        fitted[CONSTANT],
        fitted[LINEAR],
        average([fitted[LINEAR], fitted[FOREST]]),
        fitted[FOREST],
        fitted[BOOSTING],
    ]


def predict_all(models: Sequence[Model], rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the predictions [models, rows] of what ``fit_all`` made.

    An average is taken of what its models have predicted already, as it would do itself: a forest is slow to ask.
    """
    predicted = {model: model.predict(rows) for model in models if not isinstance(model, VotingRegressor)}
    return np.array(
        [
            np.mean([predicted[each] for each in model.estimators_], axis=0)
            if isinstance(model, VotingRegressor)
            else predicted[model]
            for model in models
        ]
    )
