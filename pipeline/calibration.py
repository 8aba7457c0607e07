"""Whether accounts that are predicted an amount are worth it on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storage.records import Calibration

if TYPE_CHECKING:
    import numpy.typing as npt

    Column = npt.NDArray[np.float64]

_BINS, _FEWEST = 10, 10


def measure_calibration(outcome: Column, predicted: Column) -> tuple[Calibration, ...]:
    """Return mean prediction and mean outcome of tenths of the accounts, by prediction, lowest first.

    With fewer than ``_BINS`` times ``_FEWEST`` accounts there are fewer parts; equal predictions are one part.
    """
    parts = 1 if np.ptp(predicted) == 0 else max(1, min(_BINS, len(outcome) // _FEWEST))
    return tuple(
        Calibration(
            accounts=len(places),
            predicted=float(predicted[places].mean()),
            outcome=float(outcome[places].mean()),
            outcome_error=float(outcome[places].std(ddof=1) / np.sqrt(len(places))),
        )
        for places in np.array_split(np.argsort(predicted, kind="stable"), parts)
    )
