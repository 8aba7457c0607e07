"""Multinomial logistic regression over signs: what a question, or a part of it, is told by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """``weights`` has a row for each sign in ``rows`` and a column for each of ``names``."""

    names: tuple[str, ...]
    rows: Mapping[str, int]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def odds(self, signs: Iterable[str]) -> dict[str, float]:
        """Return how probable each name is."""
        # In one order: sums of floats depend on it.
        rows = sorted(self.rows[sign] for sign in signs if sign in self.rows)
        scores = self.weights[rows].sum(axis=0) + self.bias
        odds = np.exp(scores - scores.max())
        return dict(zip(self.names, (odds / odds.sum()).tolist(), strict=True))
