"""What accounts with and without a property were worth: the plain figures beside an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from storage.records import BaseRate, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from storage.records import Feature

    Column = npt.NDArray[np.float64]

# A median of fewer accounts is an anecdote.
FEWEST = 10

# Thresholds that people would choose: about the upper third, and of so many digits.
_QUANTILE, _DIGITS = 2 / 3, 2


def measure_base_rates(features: Sequence[Feature], table: pd.DataFrame, outcome: Column) -> tuple[BaseRate, ...]:
    """Return the medians of the outcome on either side of one threshold of each number, and for each category.

    Rows whose outcome is not known (NaN) are in none. Left out is what has fewer than ``FEWEST`` accounts on a side.
    """
    rates = []
    for feature in features:
        column = table[feature.name]
        known = column.notna().to_numpy() & ~np.isnan(outcome)
        if feature.kind is FeatureKind.NUMBER:
            values = column[known].to_numpy(dtype=np.float64)
            threshold = _round(float(np.quantile(values, _QUANTILE, method="higher"))) if len(values) else 0.0
            rates.append(_compare(feature, values >= threshold, outcome[known], threshold=threshold))
        else:
            texts = column[known].to_numpy(dtype=object)
            rates += [
                _compare(feature, texts == category, outcome[known], category=str(category))
                for category in sorted(pd.unique(texts))
            ]
    return tuple(rate for rate in rates if rate is not None)


def _compare(
    feature: Feature,
    inside: npt.NDArray[np.bool_],
    outcome: Column,
    *,
    threshold: float | None = None,
    category: str | None = None,
) -> BaseRate | None:
    count = int(inside.sum())
    if min(count, len(inside) - count) < FEWEST:
        return None
    return BaseRate(
        feature=feature.name,
        threshold=threshold,
        category=category,
        count_with=count,
        median_with=float(np.median(outcome[inside])),
        count_without=len(inside) - count,
        median_without=float(np.median(outcome[~inside])),
    )


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS - 1}e}")
