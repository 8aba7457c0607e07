"""What a build hands over to be published: the accounts as one Arrow table, and what is true of all of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from storage.records import FeatureKind
from storage.snapshots import ACCOUNTS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pipeline.accounts import Accounts
    from pipeline.explanations import Explanations
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
        "shap": explanations.shap.tolist(),
        "fold": fitted.folds,
        "sensitivities": sensitivities.tolist(),
        "promotion": sensitivities.argmax(axis=1) if accounts.promotions else [None] * len(table),
        "actions": [allocation.actions for allocation in allocations],
        "rank": [allocation.rank for allocation in allocations],
        "score": [allocation.score for allocation in allocations],
        "scaled_score": [allocation.scaled_score for allocation in allocations],
        "reason": [allocation.reason for allocation in allocations],
        "by_type": [[asdict(each) for each in allocation.by_type] for allocation in allocations],
        "reasons": [[asdict(each) for each in allocation.reasons] for allocation in allocations],
    }
    return pa.table({name: pa.array(columns[name], ACCOUNTS_SCHEMA.field(name).type) for name in ACCOUNTS_SCHEMA.names})


def _list_values(table: pd.DataFrame, features: Sequence[Feature], kind: FeatureKind) -> list[list[float | str | None]]:
    """Return for each account its values of this kind in the order of the features, None for all others."""
    columns = [_values(table[feature.name], feature, kind) for feature in features]
    return [list(row) for row in zip(*columns, strict=True)]


def _values(column: pd.Series, feature: Feature, kind: FeatureKind) -> list[float | str | None]:
    if feature.kind is not kind:
        return [None] * len(column)
    return [value if known else None for value, known in zip(column.tolist(), column.notna(), strict=True)]
