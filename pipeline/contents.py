"""What a build hands over to be published: the accounts as one Arrow table, and what is true of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from storage.records import FeatureKind
from storage.snapshots import ACCOUNTS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from pipeline.accounts import Accounts
    from pipeline.explanations import Explanations, Pairs
    from pipeline.intervals import Intervals
    from pipeline.models import CrossFit
    from storage.records import Allocation, Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltAccounts:
    """The accounts of a build in the schema of a snapshot, of which any part is tabulated when it is asked for."""

    accounts: Accounts
    fitted: CrossFit
    intervals: Intervals
    explanations: Explanations
    allocations: Sequence[Allocation]

    @property
    def num_rows(self) -> int:
        """How many accounts there are."""
        return len(self.accounts.table)

    def select(self, columns: list[str], /) -> pa.Table:
        """Return columns of all accounts, of those that have one plain value for each."""
        return pa.table(self._plain(slice(None))).select(columns)

    def take(self, places: pa.Array, /) -> pa.Table:
        """Return the accounts at these places."""
        chosen = np.asarray(places)
        table, features = self.accounts.table.iloc[chosen], self.accounts.features
        sensitivities = table[[name for name, _ in self.accounts.promotions]].to_numpy(dtype=np.float64)
        columns = {
            **self._plain(chosen),
            "numbers": _list_values(table, features, FeatureKind.NUMBER),
            "texts": _list_values(table, features, FeatureKind.CATEGORY),
            "shap": _list_rows(self.explanations.shap[chosen]),
            "interactions": _list_pairs(self.explanations.pairs, chosen),
            "sensitivities": _list_rows(sensitivities),
            "promotion": sensitivities.argmax(axis=1) if self.accounts.promotions else [None] * len(table),
            **tabulate_allocations([self.allocations[place] for place in chosen.tolist()]),
        }
        return pa.table(
            {name: _column(columns[name], ACCOUNTS_SCHEMA.field(name).type) for name in ACCOUNTS_SCHEMA.names}
        )

    def _plain(self, places: slice | npt.NDArray[np.int64]) -> dict[str, object]:
        table = self.accounts.table.iloc[places]
        return {
            **{
                name: pa.array(table[name], pa.string())
                for name in ("account_id", "name", "owner", "region", "industry")
            },
            "predicted": self.fitted.predicted[places],
            "low": self.intervals.low[places],
            "high": self.intervals.high[places],
            "baseline": self.explanations.baseline[places],
            "fold": self.fitted.folds[places],
        }


def tabulate_allocations(allocations: Sequence[Allocation]) -> dict[str, pa.Array]:
    """Return the columns of ACCOUNTS_SCHEMA that say what accounts are given, and why."""
    columns: dict[str, Sequence[object]] = {
        "actions": [each.actions for each in allocations],
        "rank": [each.rank for each in allocations],
        "score": [each.score for each in allocations],
        "scaled_score": [each.scaled_score for each in allocations],
        "reason": [each.reason for each in allocations],
        "by_type": _list_records([each.by_type for each in allocations], "by_type"),
        "reasons": _list_records([each.reasons for each in allocations], "reasons"),
    }
    return {name: pa.array(values, ACCOUNTS_SCHEMA.field(name).type) for name, values in columns.items()}


def _column(values: object, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _list_records(records: Sequence[Sequence[object]], column: str) -> list[list[dict[str, object]]]:
    """Return the records of each account with the fields that the column has; ``asdict`` would copy every value."""
    names = [field.name for field in ACCOUNTS_SCHEMA.field(column).type.value_type]
    return [[{name: getattr(each, name) for name in names} for each in own] for own in records]


def _list_values(table: pd.DataFrame, features: Sequence[Feature], kind: FeatureKind) -> pa.Array:
    """Return for each account its values of this kind in the order of the features, null for all others."""
    shape = (len(table), len(features))
    known = np.zeros(shape, dtype=np.bool_)
    values = np.zeros(shape) if kind is FeatureKind.NUMBER else np.full(shape, None, dtype=object)
    for position, feature in enumerate(features):
        if feature.kind is kind:
            column = table[feature.name]
            known[:, position] = column.notna()
            values[:, position] = column
    flat = pa.array(values.ravel(), mask=~known.ravel(), type=None if kind is FeatureKind.NUMBER else pa.string())
    return _cut(flat, np.full(len(table), len(features)))


def _list_rows(matrix: npt.NDArray[np.float64]) -> pa.Array:
    return _cut(pa.array(matrix.ravel()), np.full(matrix.shape[0], matrix.shape[1]))


def _list_pairs(pairs: Pairs, places: npt.NDArray[np.int64]) -> pa.Array:
    """Return the pairs of each account at these places without those that add nothing, as a list of structs."""
    features, amounts = pairs.features[places], pairs.amounts[places]
    there = amounts != 0
    structs = pa.StructArray.from_arrays(
        [
            pa.array(features[there][:, 0], pa.int32()),
            pa.array(features[there][:, 1], pa.int32()),
            pa.array(amounts[there]),
        ],
        fields=list(ACCOUNTS_SCHEMA.field("interactions").type.value_type),
    )
    return _cut(structs, there.sum(axis=1))


def _cut(values: pa.Array, lengths: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Return lists of these lengths."""
    return pa.ListArray.from_arrays(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32), values)
