"""How near predictions came to outcomes, with standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from storage.records import Score

if TYPE_CHECKING:
    import numpy.typing as npt

    Column = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]


def r_squared(outcome: Column, predicted: Column) -> float:
    """Return the share of the outcome's variance that the prediction explains."""
    return float(1 - np.sum((outcome - predicted) ** 2) / np.sum((outcome - outcome.mean()) ** 2))


def measure_score(outcome: Column, predicted: Column, *, groups: Places, ranked: bool = True) -> Score:
    """Return the score of predictions for rows that did not teach them.

    Each standard error is that of a mean over rows of the influence that a row has on the figure (Hampel et al. 1986,
    section 2.1; ``groups`` as in ``standard_error``); for Spearman's correlation the ranks are held. Without
    ``ranked`` the predictions have no order worth measuring, and the correlation is 0.
    """
    deviation = outcome - outcome.mean()
    variance = float(np.mean(deviation**2))
    error = outcome - predicted
    r2 = 1 - float(np.mean(error**2)) / variance if variance else 0.0
    r2_influence = ((1 - r2) * deviation**2 - error**2) / variance if variance else np.zeros_like(error)
    spearman, spearman_error = _measure_spearman(outcome, predicted, groups) if ranked else (0.0, 0.0)
    return Score(
        r2=r2,
        r2_error=standard_error(r2_influence, groups=groups),
        mae=float(np.mean(np.abs(error))),
        mae_error=standard_error(np.abs(error), groups=groups),
        spearman=spearman,
        spearman_error=spearman_error,
    )


def standard_error(values: Column, *, groups: Places) -> float:
    """Return the standard error of the mean of values that are independent between groups and not within them.

    Liang and Zeger 1986; where every row is a group of its own this is the usual one.
    """
    _, places = np.unique(groups, return_inverse=True)
    sums = np.bincount(places, weights=values - values.mean())
    count = len(sums)
    return float(np.sqrt(np.sum(sums**2) * count / (count - 1)) / len(values)) if count > 1 else 0.0


def _measure_spearman(outcome: Column, predicted: Column, groups: Places) -> tuple[float, float]:
    first, second = (_standardise(pd.Series(each).rank().to_numpy(dtype=np.float64)) for each in (outcome, predicted))
    spearman = float(np.mean(first * second))
    influence = first * second - spearman / 2 * (first**2 + second**2)
    return spearman, standard_error(influence, groups=groups)


def _standardise(values: npt.NDArray[np.floating]) -> Column:
    spread = float(values.std())
    standard: Column = (values - values.mean()) / spread if spread else np.zeros(len(values))
    return standard
