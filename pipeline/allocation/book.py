"""The accounts as an allocator reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.allocation.score import Candidate, Input

if TYPE_CHECKING:
    from pipeline.allocation.gains import Floats
    from pipeline.allocation.score import Rule
    from storage.records import Feature


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """Every account that actions can go to, one row each, in any order.

    ``table`` has account_id, owner, region and the ``features`` as the source has them; ``rows`` the same as the models
    read them, a number for everything. ``predicted``, ``low`` and ``high`` are in the unit of the target.
    """

    table: pd.DataFrame
    features: tuple[Feature, ...]
    rows: Floats
    predicted: Floats
    low: Floats
    high: Floats

    def candidates(self, rule: Rule) -> tuple[Candidate, ...]:
        """Return what the rule of scores reads of each account; for a missing value that is what its model read."""
        positions = {feature.name: position for position, feature in enumerate(self.features)}

        def read(name: str) -> list[Input]:
            shown, read_as = self.table[name].tolist(), self.rows[:, positions[name]].tolist()
            return [
                Input(value=float(instead), known=False) if pd.isna(value) else Input(value=float(value))
                for value, instead in zip(shown, read_as, strict=True)
            ]

        inputs = [read(weight.feature) for weight in rule.weights]
        return tuple(
            Candidate(account_id=account_id, predicted=float(predicted), inputs=tuple(each[row] for each in inputs))
            for row, (account_id, predicted) in enumerate(
                zip(self.table["account_id"].tolist(), self.predicted.tolist(), strict=True)
            )
        )
