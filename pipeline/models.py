"""Models, cross-fitted: every account is predicted by one that did not see its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

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

    ``folds`` says for every account which of ``models`` predicted it, ``rows`` what that model read, and ``measured``
    whether its prediction may be compared with its outcome.
    """

    models: tuple[FoldModel, ...]
    folds: npt.NDArray[np.intp]
    rows: Matrix
    predicted: Column
    measured: npt.NDArray[np.bool_]
