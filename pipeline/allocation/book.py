"""The accounts as an allocator reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.allocation.score import Candidate, Input
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.allocation.gains import Floats
    from pipeline.allocation.problem import Booleans, Integers
    from pipeline.allocation.score import Rule
    from pipeline.models import FoldModel
    from storage.records import Feature


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """Every account that actions can go to, one row each, in any order.

    ``table`` has account_id, owner, region and, as the source has them, those of the ``features`` that the rules name;
    ``medians`` has by number what
    the models of the folds, in their order, read where it is missing, and at the end what an account of no fold is
    taken to have. ``folds`` is the fold of each account. ``predicted``, ``low`` and ``high`` are in the unit of the
    target.
    """

    table: pd.DataFrame
    features: tuple[Feature, ...]
    folds: Integers
    medians: Mapping[str, Floats]
    predicted: Floats
    low: Floats
    high: Floats

    @property
    def account_ids(self) -> pa.Array:
        """The ids of the accounts: a million take 65 MB less so than as texts of Python."""
        return pa.array(self.table["account_id"], pa.string())

    def by_id(self) -> Integers:
        """Return the places of the accounts in ascending order of their ids, as Python compares them."""
        # Arrow compares bytes, and UTF-8 keeps the order of code points; a million objects are not made for it.
        return np.asarray(pc.sort_indices(self.account_ids)).astype(np.intp)

    def names(self, column: str, order: Integers) -> list[str]:
        """Return the names in a column in an order of the accounts, each name once in memory."""
        places, distinct = pd.factorize(self.table[column])
        names: list[str] = np.asarray(distinct, dtype=object)[places[order]].tolist()
        return names

    def candidates(self, rule: Rule) -> tuple[Candidate, ...]:
        """Return what the rule of scores reads of each account; for a missing value that is what its model read."""
        read = [self.read(weight.feature) for weight in rule.weights]
        inputs = [
            [Input(value=value, known=there) for value, there in zip(values.tolist(), known.tolist(), strict=True)]
            for values, known in read
        ]
        return tuple(
            Candidate(account_id=account_id, predicted=predicted, inputs=tuple(each[row] for each in inputs))
            for row, (account_id, predicted) in enumerate(
                zip(self.table["account_id"].tolist(), self.predicted.tolist(), strict=True)
            )
        )

    def scores(self, rule: Rule) -> Floats:
        """Return the score of each account by the rule."""
        return rule.score(self.predicted, [self.read(weight.feature)[0] for weight in rule.weights])

    def read(self, name: str) -> tuple[Floats, Booleans]:
        """Return a number of every account as its model reads it, and whether the source knew it."""
        known = self.table[name].notna().to_numpy()
        values = np.where(known, pd.to_numeric(self.table[name]), self.medians[name][self.folds])
        return values, known


def find_medians(models: Sequence[FoldModel], features: Sequence[Feature]) -> dict[str, Floats]:
    """Return what each of the models reads where a number is missing, and the mean of that."""
    numbers = [feature.name for feature in features if feature.kind is FeatureKind.NUMBER]
    read = {name: [each.encoder.medians[name] for each in models] for name in numbers}
    return {name: np.array([*medians, np.mean(medians)]) for name, medians in read.items()}
