"""Multinomial logistic regression over signs: what a question, or a part of it, is told by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray


_USUAL: Final = 100  # signs


def scale(signs: Collection[str]) -> float:
    """Return what each of so many signs counts: of many, each tells less."""
    return math.sqrt(_USUAL / max(len(signs), 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """``weights`` has a row for each sign in ``rows`` and a column for each of ``names``."""

    names: tuple[str, ...]
    rows: Mapping[str, int]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def odds(self, signs: Collection[str]) -> dict[str, float]:
        """Return how probable each name is."""
        # In one order: sums of floats depend on it.
        rows = sorted(self.rows[sign] for sign in signs if sign in self.rows)
        scores = self.weights[rows].sum(axis=0) * scale(signs) + self.bias
        odds = np.exp(scores - scores.max())
        return dict(zip(self.names, (odds / odds.sum()).tolist(), strict=True))
