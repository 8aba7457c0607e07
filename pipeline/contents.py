"""What a build hands over to be published: the accounts as one Arrow table, and what is true of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.allocation.score import Candidate, Input
from storage.records import AllocationSummary, FeatureKind
from storage.snapshots import ACCOUNTS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.accounts import Accounts
    from pipeline.allocation.score import Rule
    from pipeline.explanations import Explanations
    from pipeline.intervals import Intervals
    from pipeline.models import CrossFit
    from storage.records import Allocation, Feature


def list_candidates(
    table: pd.DataFrame, features: Sequence[Feature], fitted: CrossFit, rule: Rule
) -> tuple[Candidate, ...]:
    """Return what the allocator reads of each account; for a missing value that is the median its model read."""
    positions = {feature.name: position for position, feature in enumerate(features)}

    def read(name: str, row: int) -> Input:
        value = table[name].iloc[row]
        if pd.isna(value):
            return Input(value=float(fitted.rows[row, positions[name]]), known=False)
        return Input(value=float(value))

    return tuple(
        Candidate(
            account_id=account_id,
            predicted=float(fitted.predicted[row]),
            inputs=tuple(read(weight.feature, row) for weight in rule.weights),
        )
        for row, account_id in enumerate(table["account_id"])
    )


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
    }
    return pa.table({name: pa.array(columns[name], ACCOUNTS_SCHEMA.field(name).type) for name in ACCOUNTS_SCHEMA.names})


def summarise_allocation(
    allocations: Sequence[Allocation], *, allocator: str, capacity: int, cap_per_account: int
) -> AllocationSummary:
    """Return what was to give and what was given."""
    return AllocationSummary(
        allocator=allocator,
        capacity=capacity,
        cap_per_account=cap_per_account,
        allocated=sum(allocation.actions for allocation in allocations),
        accounts_with_actions=sum(allocation.actions > 0 for allocation in allocations),
    )


def _list_values(table: pd.DataFrame, features: Sequence[Feature], kind: FeatureKind) -> list[list[float | str | None]]:
    """Return for each account its values of this kind in the order of the features, None for all others."""
    columns = [_values(table[feature.name], feature, kind) for feature in features]
    return [list(row) for row in zip(*columns, strict=True)]


def _values(column: pd.Series, feature: Feature, kind: FeatureKind) -> list[float | str | None]:
    if feature.kind is not kind:
        return [None] * len(column)
    return [value if known else None for value, known in zip(column.tolist(), column.notna(), strict=True)]
