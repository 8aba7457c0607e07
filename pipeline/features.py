"""Which columns the model reads, and how they become numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from storage.records import Feature


UNSEEN = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """Turns a table of accounts into the matrix that a model reads, from what the training rows taught it.

    A missing number becomes the median of the training rows (0 where they have none); a category becomes its place in
    the alphabetical list of those seen in training, and ``UNSEEN`` when it was not among them or is missing.
    ``ranges`` has the smallest and the largest of each number, infinite and the wrong way round where there was none.
    """

    features: tuple[Feature, ...]
    medians: Mapping[str, float]
    categories: Mapping[str, tuple[str, ...]]
    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def fit(cls, features: Sequence[Feature], training: pd.DataFrame) -> Encoder:
        """Learn medians and categories from these rows and no others."""
        numbers = [feature.name for feature in features if feature.kind is FeatureKind.NUMBER]
        texts = [feature.name for feature in features if feature.kind is FeatureKind.CATEGORY]
        return cls(
            features=tuple(features),
            medians={name: float(training[name].median()) if training[name].notna().any() else 0.0 for name in numbers},
            categories={name: tuple(sorted(training[name].dropna().unique())) for name in texts},
            ranges={
                name: (float(training[name].min()), float(training[name].max()))
                if training[name].notna().any()
                else (inf, -inf)
                for name in numbers
            },
        )

    def transform(self, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return one row per account and one column per feature, without a missing value."""
        columns = [self._column(feature, table[feature.name]) for feature in self.features]
        rows: npt.NDArray[np.float64] = np.column_stack(columns)
        return rows

    def _column(self, feature: Feature, values: pd.Series) -> npt.NDArray[np.float64]:
        if feature.kind is FeatureKind.NUMBER:
            return values.fillna(self.medians[feature.name]).to_numpy(dtype=np.float64)
        codes = {category: float(code) for code, category in enumerate(self.categories[feature.name])}
        return np.array([codes.get(value, UNSEEN) for value in values], dtype=np.float64)


def read_values(feature: Feature, values: pa.Array) -> npt.NDArray[Any]:
    """Return the values of a feature as a model's encoder reads them: numbers, or texts with None for nothing."""
    if feature.kind is FeatureKind.NUMBER:
        return np.asarray(values.fill_null(np.nan), dtype=np.float64)
    encoded = values.dictionary_encode()
    texts = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    found: npt.NDArray[Any] = texts[np.asarray(encoded.indices.fill_null(-1))]
    return found
