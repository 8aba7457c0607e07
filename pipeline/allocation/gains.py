"""What an action is worth: response curves with diminishing returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pipeline.allocation.errors import ConstraintError

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCurve:
    """How an account's revenue responds to one type of action.

    The k-th action brings the share ``base_lift * decay ** (k - 1)`` of the account's value; an account can take
    ``slots`` of them.
    """

    action: str
    base_lift: float
    decay: float
    slots: int

    def __post_init__(self) -> None:
        faults = []
        if not 0 <= self.base_lift < np.inf:
            faults.append(f"the lift of {self.action} is {self.base_lift}, where 0 or more is needed")
        if not 0 <= self.decay <= 1:
            faults.append(f"the decay of {self.action} is {self.decay}, where returns diminish only from 0 to 1")
        if self.slots < 1:
            faults.append(f"{self.action} has {self.slots} slots, where 1 or more is needed")
        if faults:
            raise ConstraintError(faults)


def expected_gains(values: Floats, curves: Sequence[ResponseCurve]) -> Floats:
    """Return what each action would bring, shape (accounts, types, slots), in the unit of ``values``.

    A type with fewer slots than another ends in NaN, which says that there is no such action.
    """
    lifts = np.full((len(curves), max(curve.slots for curve in curves)), np.nan)
    for row, curve in zip(lifts, curves, strict=True):
        row[: curve.slots] = curve.base_lift * curve.decay ** np.arange(curve.slots)
    gains: Floats = values[:, None, None] * lifts
    return gains


def cautious_value(predicted: Floats, low: Floats, *, caution: float) -> Floats:
    """Return the value to plan with: the prediction at caution 0, the low end of its interval at 1.

    The optimum of the expected revenue is at 0. What lies between is the expected value less a penalty in proportion to
    the downside, so of two equal predictions the surer one is served first.
    """
    return predicted - caution * (predicted - low)
