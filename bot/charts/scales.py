"""Where values lie along a chart's axis, with the words written there."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from matplotlib.ticker import MaxNLocator

from storage.records import FeatureKind
from storage.units import format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bot.brief import Driver
    from storage.records import Dependence, Feature, FeatureValue

_Amounts = TypeVar("_Amounts", float, "npt.NDArray[np.float64]")

_LOGARITHMIC_FROM: Final = 8  # largest value by median, from where on a linear axis would press most dots together
_OUTLIER_FROM: Final = 5
_FEW_POWERS: Final = 2  # of ten, on a logarithmic axis
_CATEGORIES: Final = 6
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_NOT_KNOWN: Final = "not known"
_PLAIN_UNITS: Final = frozenset({"", "$", "%"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A linear map from amounts (``low`` to ``high``) to pixels (``first`` to ``last``)."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, amount: _Amounts) -> _Amounts:
        """Return the pixel of an amount, or of each in an array."""
        share = (amount - self.low) / ((self.high - self.low) or 1.0)
        return self.first + share * (self.last - self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where accounts lie along the axis of one feature.

    ``places`` are those of the dependence's entries, ``star`` that of this account, ``ticks`` where which word is
    written; beyond ``divider`` lies what has no value.
    """

    places: Sequence[float]
    star: float
    ticks: Sequence[tuple[float, str]]
    low: float
    high: float
    divider: float | None


def without_outliers(dependence: Dependence, *, own: Driver) -> tuple[Dependence, int]:
    """Return the accounts that a picture can hold without pressing the others together, and how many it cannot."""
    inside = _is_near(np.asarray(dependence.shap, dtype=float), own.shap)
    if dependence.feature.kind is FeatureKind.NUMBER and not _is_logarithmic(dependence, own.value):
        value = own.value if isinstance(own.value, (int, float)) else None
        inside &= _is_near(np.asarray(dependence.values, dtype=float), value)
    kept = replace(
        dependence,
        values=tuple(compress(dependence.values, inside)),
        shap=tuple(compress(dependence.shap, inside)),
        actions=tuple(compress(dependence.actions, inside)),
        partners=tuple(compress(dependence.partners, inside)),
    )
    return kept, len(inside) - int(inside.sum())


def number_positions(dependence: Dependence, value: FeatureValue) -> Positions:
    """Return positions of numbers: logarithmic when a few accounts are far larger than most."""
    numbers = np.asarray(dependence.values, dtype=float)
    known = np.append(numbers, value) if isinstance(value, (int, float)) else numbers
    if not known.size:
        return Positions(places=(), star=0.0, ticks=[(0.0, _NOT_KNOWN)], low=-1, high=1, divider=None)
    logarithmic = _is_logarithmic(dependence, value)
    places = (np.log10(numbers) if logarithmic else numbers).tolist()
    ends = np.log10(known) if logarithmic else known
    low, high = float(ends.min()), float(ends.max())
    span = (high - low) or abs(high) or 1.0
    ticks = _logarithmic_ticks(low, high) if logarithmic else _linear_ticks(low, high)
    words = [(place, value_words(dependence.feature, tick)) for place, tick in ticks]
    if value is None:
        star, divider = high + 0.16 * span, high + 0.06 * span
        words = [*((place, word) for place, word in words if place <= high - 0.04 * span), (star, _NOT_KNOWN)]
        return Positions(
            places=places, star=star, ticks=words, low=low - 0.04 * span, high=star + 0.1 * span, divider=divider
        )
    star = float(ends[-1])
    return Positions(
        places=places, star=star, ticks=words, low=low - 0.05 * span, high=high + 0.05 * span, divider=None
    )


def category_positions(dependence: Dependence, value: FeatureValue) -> Positions:
    """Return positions of categories, from the one that takes most to the one that adds most, spread side by side.

    Only the most frequent have a place of their own, and that of this account; the others share one.
    """
    own = _NOT_KNOWN if value is None else str(value)
    names = [str(each) for each in dependence.values]
    counts = Counter(names)
    shown = [name for name, _ in counts.most_common(_CATEGORIES)]
    if len(counts) > _CATEGORIES:
        shown = shown[: _CATEGORIES - 2]
    if own not in shown and value is not None:
        shown.append(own)
    effects = {
        name: [shap for each, shap in zip(names, dependence.shap, strict=True) if each == name] for name in shown
    }
    shown.sort(key=lambda name: float(np.median(effects[name])) if effects[name] else 0.0)
    others = len(counts.keys() - set(shown))
    labels = [*shown, *([f"{others} others"] if others else []), *([_NOT_KNOWN] if value is None else [])]
    place = {name: index for index, name in enumerate(shown)}
    rest = len(shown)
    places = [place.get(name, rest) + 0.6 * ((number * _GOLDEN) % 1 - 0.5) for number, name in enumerate(names)]
    star = float(len(labels) - 1 if value is None else place[own])
    return Positions(
        places=places,
        star=star,
        ticks=[(float(index), label) for index, label in enumerate(labels)],
        low=-0.5,
        high=len(labels) - 0.5,
        divider=len(labels) - 1.5 if value is None and len(labels) > 1 else None,
    )


def _is_logarithmic(dependence: Dependence, value: FeatureValue) -> bool:
    numbers = np.asarray(dependence.values, dtype=float)
    known = np.append(numbers, value) if isinstance(value, (int, float)) else numbers
    return bool(known.size and known.min() > 0 and known.max() > _LOGARITHMIC_FROM * np.median(known))


def _is_near(column: npt.NDArray[np.float64], own: float | None) -> npt.NDArray[np.bool_]:
    """Tell what lies within a few times the range of the middle nine tenths, which is widened to hold ``own``."""
    if not column.size:
        return np.ones(0, dtype=bool)
    low, high = np.quantile(column, (0.05, 0.95))
    room = _OUTLIER_FROM * (high - low)
    if room == 0:
        return np.ones(column.size, dtype=bool)
    low, high = low - room, high + room
    if own is not None:
        low, high = min(low, own), max(high, own)
    near: npt.NDArray[np.bool_] = (column >= low) & (column <= high)
    return near


def _linear_ticks(low: float, high: float) -> list[tuple[float, float]]:
    places = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    margin = 1e-9 * max(abs(low), abs(high))
    return [(float(place), float(place)) for place in places if low - margin <= place <= high + margin]


def _logarithmic_ticks(low: float, high: float) -> list[tuple[float, float]]:
    """Return the powers of ten within, with their double and fivefold where these are few."""
    exponents = range(math.floor(low), math.ceil(high) + 1)
    steps = (1, 2, 5) if high - low < _FEW_POWERS else (1,)
    ticks = [step * 10.0**exponent for exponent in exponents for step in steps]
    within = [(math.log10(tick), tick) for tick in ticks if low <= math.log10(tick) <= high]
    return within[:: max(1, math.ceil(len(within) / 6))]


def value_words(feature: Feature, value: float) -> str:
    """Write a value without the noun or scale that its title names."""
    words = format_value(feature, value)
    return words if feature.unit in _PLAIN_UNITS else words.split(" ")[0]
