"""What a build hands over to be published: the accounts as one Arrow table, and what is true of all of them."""

from __future__ import annotations

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


def tabulate_accounts(
    accounts: Accounts,
    fitted: CrossFit,
    intervals: Intervals,
    explanations: Explanations,
    allocations: Sequence[Allocation],
) -> pa.Table:
    """Return one row per account in the schema of a snapshot."""
    table, features = accounts.table, accounts.features
    sensitivities = table[[name for name, _ in accounts.promotions]].to_numpy(dtype=np.float64)
    columns = {
        **{name: table[name].tolist() for name in ("account_id", "name", "owner", "region", "industry")},
        "predicted": fitted.predicted,
        "low": intervals.low,
        "high": intervals.high,
        "baseline": explanations.baseline,
        "numbers": _list_values(table, features, FeatureKind.NUMBER),
        "texts": _list_values(table, features, FeatureKind.CATEGORY),
        "shap": _list_rows(explanations.shap),
        "interactions": _list_pairs(explanations.pairs),
        "fold": fitted.folds,
        "sensitivities": _list_rows(sensitivities),
        "promotion": sensitivities.argmax(axis=1) if accounts.promotions else [None] * len(table),
        "actions": [allocation.actions for allocation in allocations],
        "rank": [allocation.rank for allocation in allocations],
        "score": [allocation.score for allocation in allocations],
        "scaled_score": [allocation.scaled_score for allocation in allocations],
        "reason": [allocation.reason for allocation in allocations],
        "by_type": _list_records([allocation.by_type for allocation in allocations], "by_type"),
        "reasons": _list_records([allocation.reasons for allocation in allocations], "reasons"),
    }
    return pa.table({name: _column(columns[name], ACCOUNTS_SCHEMA.field(name).type) for name in ACCOUNTS_SCHEMA.names})


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


def _list_pairs(pairs: Pairs) -> pa.Array:
    """Return the pairs of each account without those that add nothing, as a list of structs."""
    there = pairs.amounts != 0
    structs = pa.StructArray.from_arrays(
        [
            pa.array(pairs.features[there][:, 0], pa.int32()),
            pa.array(pairs.features[there][:, 1], pa.int32()),
            pa.array(pairs.amounts[there]),
        ],
        fields=list(ACCOUNTS_SCHEMA.field("interactions").type.value_type),
    )
    return _cut(structs, there.sum(axis=1))


def _cut(values: pa.Array, lengths: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Return lists of these lengths."""
    return pa.ListArray.from_arrays(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32), values)
