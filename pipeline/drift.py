"""What moved since the snapshot before: the values of each feature, and the mean outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storage.records import Drift, FeatureDrift, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from storage.records import Feature, FeatureValue
    from storage.snapshots import Snapshot

    Column = npt.NDArray[np.float64]

_BINS = 10

# The least that is worth a look by convention (Siddiqi 2006, chapter 8), and how sure one is that it is no chance.
_NOTABLE, _NORMAL_99 = 0.1, 2.326


def measure_drift(features: Sequence[Feature], table: pd.DataFrame, earlier: Snapshot) -> Drift:
    """Compare the features that the earlier snapshot has, too."""
    known = set(earlier.features)
    return Drift(
        target_mean=earlier.info.card.target_mean,
        features=tuple(
            _measure_feature(feature, earlier.values(feature), _values(table[feature.name]))
            for feature in features
            if feature in known
        ),
    )


def _values(column: pd.Series) -> list[FeatureValue]:
    return [value if known else None for value, known in zip(column.tolist(), column.notna(), strict=True)]


def _measure_feature(feature: Feature, before: Sequence[FeatureValue], now: Sequence[FeatureValue]) -> FeatureDrift:
    bins = _number_bins(before) if feature.kind is FeatureKind.NUMBER else None
    first, second = (_count(values, bins, before) for values in (before, now))
    used = first + second > 0
    first, second = first[used], second[used]
    return FeatureDrift(
        feature=feature.name,
        psi=stability_index(first, second),
        limit=max(_NOTABLE, _chance(int(used.sum()), first.sum(), second.sum())),
    )


def stability_index(before: Column, now: Column) -> float:
    """Return the population stability index of two rows of counts: sum of (q - p) ln(q / p).

    A count of 0 would make it infinite; half an account is added to each.
    """
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def _number_bins(before: Sequence[FeatureValue]) -> Column:
    """Return the inner edges of bins that have held a tenth of the numbers each."""
    known = [value for value in before if isinstance(value, float)]
    return np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if known else np.empty(0)


def _count(values: Sequence[FeatureValue], edges: Column | None, before: Sequence[FeatureValue]) -> Column:
    """Return how many values fall into each bin; those that are missing, and categories never seen, have their own."""
    if edges is not None:
        numbers = [float(value) for value in values if value is not None]
        counts = np.bincount(np.searchsorted(edges, numbers, side="right"), minlength=len(edges) + 1)
        return np.append(counts, len(values) - len(numbers)).astype(np.float64)
    seen = {
        category: place for place, category in enumerate(sorted({str(each) for each in before if each is not None}))
    }
    places = [len(seen) if value is None else seen.get(str(value), len(seen) + 1) for value in values]
    return np.bincount(places, minlength=len(seen) + 2).astype(np.float64)


def _chance(bins: int, before: float, now: float) -> float:
    """Return what the index of two samples of one population exceeds once in a hundred times.

    It is about chi-squared with ``bins`` - 1 degrees of freedom times (1/n + 1/m) (Yurdakul and Naranjo 2020), whose
    quantile is that of Wilson and Hilferty 1931.
    """
    if bins <= 1:
        return 0.0
    freedom = bins - 1
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + _NORMAL_99 * np.sqrt(part)) ** 3 * (1 / before + 1 / now))
