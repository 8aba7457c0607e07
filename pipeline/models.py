"""Models, cross-fitted: every account is predicted by one that did not see its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from pipeline.features import Encoder

    Column = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]


class Model(Protocol):
    """What the pipeline asks of a regression model; rows are accounts, columns encoded features, outcomes dollars."""

    def fit(self, rows: Matrix, outcome: Column, /) -> Self:
        """Learn from these accounts."""
        ...

    def predict(self, rows: Matrix, /) -> Column:
        """Return the expected outcome of each account."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldModel:
    """A model, the encoder of its rows, and the places of the accounts that taught both."""

    encoder: Encoder
    model: Model
    training: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossFit:
    """Predictions in dollars, each by the model of the fold that its account was left out of.

    ``folds`` says for every account which of ``models`` predicted it, and ``measured`` whether its prediction may be
    compared with its outcome.
    """

    models: tuple[FoldModel, ...]
    folds: npt.NDArray[np.intp]
    predicted: Column
    measured: npt.NDArray[np.bool_]


def predict_left_out(models: Sequence[FoldModel], table: pd.DataFrame, folds: npt.NDArray[np.intp]) -> Column:
    """Return the prediction of each account by the model of its fold."""
    predicted = np.empty(len(table))
    for fold, each in enumerate(models):
        left_out = np.flatnonzero(folds == fold)
        if len(left_out):
            predicted[left_out] = each.model.predict(each.encoder.transform(table.iloc[left_out]))
    return predicted
