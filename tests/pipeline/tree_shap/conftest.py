from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Sample = Callable[..., tuple[Floats, Floats]]
    Enumerate = Callable[[Callable[[Floats], Floats], Floats, Floats], tuple[Floats, Floats]]


@pytest.fixture(scope="session")
def sample() -> Sample:
    """Return a maker of rows, some values missing, and an outcome with interactions."""

    def make(n_rows: int, n_features: int, *, seed: int = 0, missing: float = 0.0) -> tuple[Floats, Floats]:
        random = np.random.default_rng(seed)
        rows = random.normal(size=(n_rows, n_features))
        rows[:, n_features // 2 :] = np.round(2 * rows[:, n_features // 2 :])
        outcome = rows @ np.linspace(1, 2, n_features) + 2 * rows[:, 0] * rows[:, -1] + random.normal(size=n_rows)
        rows[random.random(rows.shape) < missing] = np.nan
        return rows, outcome

    return make


@pytest.fixture(scope="session")
def enumerate_values() -> Enumerate:
    """Return the definition itself: SHAP values [n] and interaction values [n, n] of a row, by every coalition."""
    return _enumerate_values


def _enumerate_values(predict: Callable[[Floats], Floats], row: Floats, background: Floats) -> tuple[Floats, Floats]:
    """Return the SHAP values [n] and the matrix of interaction values [n, n] of one row."""
    n = len(row)
    coalitions = list(_subsets(range(n)))
    joined = np.array([[feature in coalition for feature in range(n)] for coalition in coalitions])
    mixed = np.where(joined[:, None, :], row, background).reshape(-1, n)
    worths = predict(mixed).reshape(len(coalitions), len(background)).mean(axis=1)
    worth = dict(zip(coalitions, worths, strict=True))

    shap = np.zeros(n)
    matrix = np.zeros((n, n))
    for s in coalitions:
        for i in set(range(n)) - s:
            shap[i] += factorial(len(s)) * factorial(n - len(s) - 1) / factorial(n) * (worth[s | {i}] - worth[s])
            for j in set(range(n)) - s - {i}:
                together = worth[s | {i, j}] - worth[s | {i}] - worth[s | {j}] + worth[s]
                matrix[i, j] += factorial(len(s)) * factorial(n - len(s) - 2) / factorial(n - 1) * together / 2
    matrix[range(n), range(n)] = shap - matrix.sum(axis=1)
    return shap, matrix


def _subsets(features: range) -> Iterator[frozenset[int]]:
    for size in range(len(features) + 1):
        yield from map(frozenset, combinations(features, size))
