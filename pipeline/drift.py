"""What moved since the snapshot before: the values of each feature, and the mean outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.features import read_values
from storage.records import Drift, FeatureDrift, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from storage.records import Feature
    from storage.snapshots import Snapshot

    Column = npt.NDArray[np.float64]
    Values = npt.NDArray[Any]

_BINS = 10

# The least that is worth a look by convention (Siddiqi 2006, chapter 8), and how sure one is that it is no chance.
_NOTABLE, _NORMAL_99 = 0.1, 2.326


def measure_drift(features: Sequence[Feature], table: pd.DataFrame, earlier: Snapshot) -> Drift:
    """Compare the features that the earlier snapshot has, too."""
    measured = {
        feature: _measure_feature(feature, read_values(feature, earlier.column(place)), table[feature.name].to_numpy())
        for place, feature in enumerate(earlier.features)
        if feature in features
    }
    return Drift(
        target_mean=earlier.info.card.target_mean,
        features=tuple(measured[feature] for feature in features if feature in measured),
    )


def _measure_feature(feature: Feature, before: Values, now: Values) -> FeatureDrift:
    first, second = (
        _count_numbers(before, now) if feature.kind is FeatureKind.NUMBER else _count_categories(before, now)
    )
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


def _count_numbers(before: Values, now: Values) -> tuple[Column, Column]:
    """Return how many numbers fall into bins that have held a tenth of them each, and how many are missing."""
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if len(known) else np.empty(0)

    def count(values: Values) -> Column:
        there = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(edges, there, side="right"), minlength=len(edges) + 1)
        return np.append(counts, len(values) - len(there)).astype(np.float64)

    return count(before), count(now)


def _count_categories(before: Values, now: Values) -> tuple[Column, Column]:
    """Return how many are of each category that was there before, missing, or never seen."""
    seen = pd.Index(sorted(pd.unique(before[~pd.isna(before)])), dtype=object)

    def count(values: Values) -> Column:
        missing = pd.isna(values)
        places = seen.get_indexer(values[~missing])
        counts = np.bincount(places[places >= 0], minlength=len(seen))
        return np.array([*counts, missing.sum(), np.sum(places < 0)], dtype=np.float64)

    return count(before), count(now)


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
