"""Features that know the target: copies, bins and successors of it, and whatever else explains it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeRegressor

from pipeline.columns import split_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

# Enough rows for a verdict, few enough for fifty columns in seconds.
_MOST_ROWS: Final = 4_000
_FEWEST_ROWS: Final = 30
_FOLDS: Final = 5
_LEAF_ROWS: Final = 5

_ALONE: Final = 0.9
# Far ahead of the others: at most this share of what the next best leaves unexplained is left.
_LEFT: Final = 0.5
_SAME: Final = 1e-6
_IN_ORDER: Final = 0.95
_MOST_BINS: Final = 50

# Words of what happens after the outcome. Two of them, or one beside a word of value, name a successor.
_AFTERWARDS: Final = frozenset(
    {"closed", "won", "lost", "actual", "actuals", "realised", "realized", "booked", "bookings", "invoiced", "billed"}
    | {"paid", "final", "outcome", "renewed", "churned"}
)
_VALUE: Final = frozenset({"amount", "value", "revenue", "arr", "acv", "tcv", "total", "date", "deal", "price", "usd"})
_TOO_COMMON: Final = frozenset({"next", "year", "of", "the", "per", "in", "to", "new", "net", "last"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A feature that is suspected to know the target; ``how`` completes "The column …". ``allowed`` by the pack."""

    column: str
    how: str
    allowed: bool = False


def find_leaks(features: Mapping[str, Values], target: Values, *, target_name: str, seed: int = 0) -> tuple[Leak, ...]:
    """Return the features that are suspected, in their order; all arrays have one entry a row, NaN where nothing is.

    Categories come as whole numbers. A feature explains alone if the target's rank, predicted from it by a tree on rows
    that the tree has not seen, has an R² of at least 0.9 and leaves at most half as much open as the next best feature;
    ranks make money's long tail and every monotone scale the same.
    """
    rows = _choose_rows(target, seed)
    if len(rows) < _FEWEST_ROWS:
        return tuple(
            Leak(column=name, how=how)
            for name in features
            if (how := _name_of_successor(name, target_name)) is not None
        )
    chosen = target[rows]
    ranks = _rank(chosen)
    found: dict[str, str] = {}
    alone: dict[str, float] = {}
    for name, values in features.items():
        how = _copy_or_bin(values[rows], chosen) or _name_of_successor(name, target_name)
        if how is not None:
            found[name] = how
        else:
            alone[name] = _explained_alone(values[rows], ranks, seed)
    rest = [r2 for r2 in alone.values() if r2 < _ALONE]
    next_best = max(rest, default=0.0)
    for name, r2 in alone.items():
        if r2 >= _ALONE and 1 - r2 <= _LEFT * (1 - next_best):
            found[name] = (
                f"alone explains {r2:.0%} of how the target ranks the rows, the next best column {next_best:.0%}"
            )
    return tuple(Leak(column=name, how=found[name]) for name in features if name in found)


def _choose_rows(target: Values, seed: int) -> npt.NDArray[np.int64]:
    rows = np.flatnonzero(~np.isnan(target))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
    return rows


def _rank(values: Values) -> Values:
    """Return ranks between 0 and 1, equal values sharing their mean rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(means[places] / max(len(values) - 1, 1), dtype=np.float64)


def _copy_or_bin(values: Values, target: Values) -> str | None:
    known = ~np.isnan(values)
    if known.sum() < _FEWEST_ROWS:
        return None
    feature, outcome = values[known], target[known]
    if np.ptp(feature) == 0 or np.ptp(outcome) == 0:
        return None
    if np.array_equal(feature, outcome):
        return "is a copy of the target"
    if 1 - abs(np.corrcoef(feature, outcome)[0, 1]) < _SAME:
        return "is the target on another scale"
    levels, places, counts = np.unique(feature, return_inverse=True, return_counts=True)
    if len(levels) <= min(_MOST_BINS, len(feature) // _LEAF_ROWS) and counts.min() >= _LEAF_ROWS:
        # Bins of the target follow each other when the rows are sorted by it; chance agreement is taken off (kappa).
        order = np.argsort([np.median(outcome[places == level]) for level in range(len(levels))])
        bins = np.argsort(order)[places]
        agreement = np.mean(bins[np.lexsort((bins, outcome))] == np.sort(bins))
        chance = np.sum((counts / len(feature)) ** 2)
        if (agreement - chance) / (1 - chance) >= _IN_ORDER:
            return f"parts the target into {len(levels)} ranges that do not overlap"
    return None


def _explained_alone(values: Values, ranks: Values, seed: int) -> float:
    """Return R² of the ranks as a small tree predicts them out of fold; that a value is missing may tell as well."""
    lowest = np.nanmin(values) if not np.isnan(values).all() else 0.0
    column = np.where(np.isnan(values), lowest - 1, values).reshape(-1, 1)
    tree = DecisionTreeRegressor(min_samples_leaf=_LEAF_ROWS, random_state=seed)
    predicted = cross_val_predict(tree, column, ranks, cv=KFold(_FOLDS, shuffle=True, random_state=seed))
    spread = np.sum((ranks - ranks.mean()) ** 2)
    return float(1 - np.sum((ranks - predicted) ** 2) / spread) if spread else 0.0


def _name_of_successor(name: str, target_name: str) -> str | None:
    words = set(split_words(name))
    after = words & _AFTERWARDS
    value = words & (_VALUE | set(split_words(target_name)) - _TOO_COMMON) - after
    if len(after) > 1 or (after and value):
        return "is named like something that is known only after the outcome"
    return None


def name_successors(names: Sequence[str], target_name: str) -> tuple[str, ...]:
    """Return the columns that are named like something known only after the outcome."""
    return tuple(name for name in names if _name_of_successor(name, target_name) is not None)
