"""Which values a feature can have: by its unit, and by what the accounts show of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from rapidfuzz import fuzz, process

from pipeline.errors import ImpossibleValueError, UnknownFeatureError
from storage.records import FeatureKind
from storage.units import format_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from storage.records import Feature, FeatureValue

_SHOWN: Final = 8
_CLOSEST: Final = 3
_LEAST_SIMILAR: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasible:
    """The values that a feature can have; a bound of None is no bound.

    A score lies between 0 and 10. A share lies between 0 and 100 %, or is a growth and not below -100 %, whichever the
    accounts show. Whatever is negative in no account cannot be, a count that is whole in all of them is whole, and a
    category is one of those that some account has. Not known is always possible.
    """

    feature: Feature
    low: float | None = None
    high: float | None = None
    whole: bool = False
    categories: tuple[str, ...] = ()

    @classmethod
    def of(cls, feature: Feature, values: pd.Series) -> Self:
        """Return what a feature can be, from its values in all accounts."""
        known = values.dropna()
        if feature.kind is FeatureKind.CATEGORY:
            return cls(feature=feature, categories=tuple(sorted(known.unique())))
        numbers = known.to_numpy(dtype=np.float64)
        smallest, largest = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
        if feature.unit == "0-10":
            return cls(feature=feature, low=0.0, high=10.0)
        if feature.unit == "%":
            is_share = smallest >= 0 and largest <= 1
            return cls(feature=feature, low=0.0 if is_share else -1.0, high=1.0 if is_share else None)
        whole = feature.unit == "" and bool((numbers == np.round(numbers)).all())
        return cls(feature=feature, low=0.0 if smallest >= 0 else None, whole=whole)

    @classmethod
    def find(cls, name: str, known: Mapping[str, Feasible]) -> Feasible:
        """Return what is known of the feature of this name, or raise UnknownFeatureError with the closest ones."""
        if name in known:
            return known[name]
        choices = {key: f"{key} {feasible.feature.label}".casefold() for key, feasible in known.items()}
        asked = name.replace("_", " ").casefold()
        closest = process.extract(
            asked, choices, scorer=fuzz.token_set_ratio, limit=_CLOSEST, score_cutoff=_LEAST_SIMILAR
        )
        raise UnknownFeatureError(name, closest=[key for _, _, key in closest] or list(known)[:_CLOSEST])

    def check(self, value: FeatureValue) -> None:
        """Raise ImpossibleValueError for what the feature cannot be."""
        if value is not None and not self._allows(value):
            shown = value if isinstance(value, str) or not isfinite(value) else format_value(self.feature, value)
            raise ImpossibleValueError(self.feature.label, value=str(shown), feasible=self.describe())

    def describe(self) -> str:
        """Return the range in words: ``between 0 of 10 and 10 of 10``, ``0 or more, in whole numbers``."""
        if self.feature.kind is FeatureKind.CATEGORY:
            more = len(self.categories) - _SHOWN
            named = ", ".join(self.categories[:_SHOWN])
            return f"one of {named}" + (f" and {more} more" if more > 0 else "")
        low, high = (
            None if bound is None else format_value(self.feature, bound).replace(" of 10", "")
            for bound in (self.low, self.high)
        )
        if low is not None and high is not None:
            return f"between {low} and {high}"
        bound = "a number" if low is None else f"{low} or more"
        return f"{bound}, in whole numbers" if self.whole else bound

    def _allows(self, value: float | str) -> bool:
        if self.feature.kind is FeatureKind.CATEGORY:
            return value in self.categories
        if isinstance(value, str) or not isfinite(value) or (self.whole and value != round(value)):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
