"""Feature values as small integers: which thresholds of the model a value lies between."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from pipeline.tree_shap.compiled import compiled
from pipeline.tree_shap.errors import RowShapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BinArray = npt.NDArray[np.uint16 | np.uint32]


class Bins(NamedTuple):
    """The bins of every feature: ``edges[start[f]:start[f + 1]]`` are its thresholds, ascending.

    Bin b of a numeric feature holds the values of which exactly b thresholds are smaller; bin b of a categorical one
    holds category b, and whatever is no known category counts as missing. Missing values have the bin after the last.
    """

    edges: Floats
    start: Ints
    categorical: npt.NDArray[np.bool_]
    single_precision: bool

    @classmethod
    def of(cls, edges: Sequence[Floats], *, categorical: Sequence[int], single_precision: bool) -> Self:
        """Join the ascending edges of each feature; ``single_precision`` rounds values to float32 as forests do."""
        flags = np.zeros(len(edges), dtype=np.bool_)
        flags[list(categorical)] = True
        return cls(
            edges=np.concatenate([np.empty(0), *edges]),
            start=np.concatenate([[0], np.cumsum([len(values) for values in edges])]).astype(np.int64),
            categorical=flags,
            single_precision=single_precision,
        )

    @property
    def n_features(self) -> int:
        """The number of columns of a row."""
        return len(self.start) - 1

    @property
    def dtype(self) -> type[np.uint16 | np.uint32]:
        """The integers that hold every bin; not smaller ones for few, as kernels are compiled for each."""
        largest = int(np.diff(self.start).max(initial=0)) + 1
        return np.uint16 if largest <= np.iinfo(np.uint16).max else np.uint32

    def check(self, rows: Floats) -> None:
        """Raise RowShapeError when ``rows`` is not a table with the columns of the model."""
        if rows.ndim != 2 or rows.shape[1] != self.n_features:  # noqa: PLR2004 - rows and columns
            raise RowShapeError(rows.shape, n_features=self.n_features)

    def place(self, rows: Floats) -> BinArray:
        """Return the bins of ``rows`` [N, features], transposed: [features, N].

        Raises:
            RowShapeError: the rows have other columns than the model.
        """
        self.check(rows)
        placed = np.empty((self.n_features, len(rows)), dtype=self.dtype)
        _place(rows, self, placed)
        return placed


@compiled
def _place(rows: Floats, bins: Bins, placed: BinArray) -> None:
    tile = 64  # rows whose cache lines stay near while each feature reads them
    for first in range(0, rows.shape[0], tile):
        last = min(first + tile, rows.shape[0])
        for feature in range(rows.shape[1]):
            edges = bins.edges[bins.start[feature] : bins.start[feature + 1]]
            for row in range(first, last):
                value = rows[row, feature]
                if bins.single_precision:
                    value = np.float64(np.float32(value))
                # the number of smaller edges, by halving without branches
                base = 0
                length = len(edges)
                while length > 1:
                    half = length // 2
                    base += half if edges[base + half - 1] < value else 0
                    length -= half
                if length == 1 and edges[base] < value:
                    base += 1
                known = not np.isnan(value)
                if bins.categorical[feature]:
                    known = base < len(edges) and edges[base] == value
                placed[feature, row] = base if known else len(edges) + 1
