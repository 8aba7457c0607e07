"""A perceptron with one hidden layer over signs, and its product with a linear model: what both hold likely counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.questions.linear import scale

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from bot.questions.linear import Linear

_FLOOR: Final = 1e-4  # under which the network, which is too sure of itself, rules nothing out


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Rectified units between signs and names.

    ``hidden`` has a row for each sign in ``rows`` and a column for each unit, ``weights`` a row for each unit and a
    column for each of ``names``.
    """

    names: tuple[str, ...]
    rows: Mapping[str, int]
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def odds(self, signs: Collection[str]) -> dict[str, float]:
        """Return how probable each name is."""
        rows = sorted(self.rows[sign] for sign in signs if sign in self.rows)
        units = np.maximum(self.hidden[rows].sum(axis=0) * scale(signs) + self.hidden_bias, 0.0)
        scores = units @ self.weights + self.bias
        odds = np.exp(scores - scores.max())
        return dict(zip(self.names, (odds / odds.sum()).tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Two models of the same names, multiplied (a product of experts, Hinton 2002)."""

    linear: Linear
    network: Network

    def odds(self, signs: Collection[str]) -> dict[str, float]:
        """Return how probable each name is."""
        one, other = self.linear.odds(signs), self.network.odds(signs)
        odds = {name: one[name] * (other[name] + _FLOOR) for name in one}
        total = sum(odds.values())
        return {name: each / total for name, each in odds.items()}
