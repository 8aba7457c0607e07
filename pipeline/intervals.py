"""Prediction intervals from the errors that models made on accounts they had not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storage.records import Coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pipeline.models import CrossFit

    Column = npt.NDArray[np.float64]

LEVEL = 0.8

# So many neighbours speak for an account: an eighth of all, within these bounds.
_SHARE, _FEWEST, _MOST = 8, 20, 500

FIFTHS = "predicted fifth"
_FIFTHS = ("lowest", "second", "third", "fourth", "highest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """The bounds, in dollars, between which the outcome lies with probability ``LEVEL``, one pair per account."""

    low: Column
    high: Column

    def coverage(self, outcome: Column) -> float:
        """Return the share of outcomes inside their interval."""
        return float(np.mean(self._hits(outcome)))

    def coverage_by(self, outcome: Column, segments: Mapping[str, Sequence[str]]) -> tuple[Coverage, ...]:
        """Return the same for each group of accounts; a segment has the group of each account, in any order."""
        hits = self._hits(outcome)
        rows = []
        for segment, groups in segments.items():
            member = np.asarray(groups)
            names = _FIFTHS if segment == FIFTHS else sorted(set(groups))
            for name in names:
                inside = member == name
                rows.append(
                    Coverage(
                        segment=segment, name=name, accounts=int(inside.sum()), coverage=float(hits[inside].mean())
                    )
                )
        return tuple(rows)

    def _hits(self, outcome: Column) -> npt.NDArray[np.bool_]:
        hits: npt.NDArray[np.bool_] = (self.low <= outcome) & (outcome <= self.high)
        return hits


def name_fifths(predicted: Column) -> list[str]:
    """Return for each account which fifth of all predictions its own is in."""
    names = np.empty(len(predicted), dtype=object)
    for name, places in zip(_FIFTHS, np.array_split(np.argsort(predicted, kind="stable"), len(_FIFTHS)), strict=True):
        names[places] = name
    return [str(name) for name in names]


def make_intervals(outcome: Column, fitted: CrossFit) -> Intervals:
    """Return the interval of each account from the errors in the *other* folds.

    The bounds are conformal quantiles of out-of-fold errors, as in K-fold cross-conformal prediction (Vovk 2015,
    *Cross-conformal predictors*, section 2; Barber, Candès, Ramdas and Tibshirani 2021, *Predictive inference with the
    jackknife+*, section 3, CV+). Errors grow with the amount and lean to one side at its ends, so those of the accounts
    whose prediction is nearest are taken: Mondrian conformal regression (Boström and Johansson 2020) with categories
    that move along with the prediction. Coverage then holds about each amount, and only approximately. The errors of an
    account's own fold are left out, so that the coverage measured on these accounts is honest.

    Where no outcome is negative, no interval reaches below 0, unless the prediction does. An outcome that is not known
    is NaN.
    """
    predicted = fitted.predicted
    low, high = np.empty_like(predicted), np.empty_like(predicted)
    for fold in np.unique(fitted.folds):
        inside, others = fitted.folds == fold, (fitted.folds != fold) & fitted.measured
        lower, upper = _bounds_near(predicted[inside], predicted[others], (outcome - predicted)[others])
        low[inside] = predicted[inside] + np.minimum(lower, 0.0)
        high[inside] = predicted[inside] + np.maximum(upper, 0.0)
    if np.nanmin(outcome) >= 0:
        low = np.maximum(low, np.minimum(predicted, 0.0))
    return Intervals(low=low, high=high)


def _bounds_near(predicted: Column, others: Column, errors: Column) -> tuple[Column, Column]:
    """Return the conformal bounds of the errors that were made nearest to each prediction."""
    order = np.argsort(others, kind="stable")
    size = min(len(others), max(_FEWEST, min(_MOST, len(others) // _SHARE)))
    if np.ptp(others) == 0:
        size = len(others)  # all are equally near
    # Neighbouring windows differ in a few errors, so every so many of them will do.
    step = max(1, size // 20)
    starts = np.arange(0, len(others) - size + 1, step)
    bounds = np.array([conformal_bounds(errors[order[start : start + size]]) for start in starts])
    places = np.searchsorted(others[order], predicted) - size // 2
    nearest = np.clip(np.round(places / step), 0, len(starts) - 1).astype(np.intp)
    return bounds[nearest, 0], bounds[nearest, 1]


def conformal_bounds(errors: Column) -> tuple[float, float]:
    """Return the bounds that leave (1 - LEVEL) / 2 of exchangeable new errors on either side, or fewer.

    With n errors these are the floor((n + 1) a)-th smallest and the floor((n + 1) a)-th largest, a = (1 - LEVEL) / 2
    (Lei et al. 2018, *Distribution-free predictive inference for regression*, section 2); n must be 9 or more.
    """
    place = int(np.floor((len(errors) + 1) * (1 - LEVEL) / 2 + 1e-9))
    ordered = np.sort(errors)
    return float(ordered[place - 1]), float(ordered[-place])
