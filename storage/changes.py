"""What changed since the previous snapshot, as it is written to a database file and checked there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa

from storage.errors import DamagedSnapshotError, FaultyChangesError, InconsistentContentsError
from storage.records import Change, ChangeKind, FeatureKind, ValueChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from storage.records import Comparison, Feature

CHANGES_SCHEMA: Final = pa.schema(
    [
        ("account_id", pa.string()),
        ("name", pa.string()),
        ("owner", pa.string()),
        ("region", pa.string()),
        ("kind", pa.string()),
        ("predicted_before", pa.float64()),
        ("predicted_after", pa.float64()),
        ("by_data", pa.float64()),
        ("by_model", pa.float64()),
        ("actions_before", pa.int32()),
        ("actions_after", pa.int32()),
        ("actions_by_data", pa.int32()),
        ("actions_by_model", pa.int32()),
        ("actions_by_rules", pa.int32()),
        (
            "values",
            pa.list_(
                pa.struct(
                    [
                        ("feature", pa.int32()),
                        ("number_before", pa.float64()),
                        ("number_after", pa.float64()),
                        ("text_before", pa.string()),
                        ("text_after", pa.string()),
                    ]
                )
            ),
        ),
    ]
)
"""One row for each account that is new, gone or not as it was, as in ``Change``; ``feature`` is a position."""

# What must hold of no change; a condition that comes out as NULL counts as met.
_FAULTS: Final = {
    "stands there more than once": (
        "changes.account_id IN (SELECT account_id FROM changes GROUP BY ALL HAVING count(*) > 1)"
    ),
    "says that it is gone although it is there, or the other way round": "(kind = 'gone') = (predicted IS NOT NULL)",
    "is not predicted what it changed to": (
        "predicted IS NOT NULL AND NOT coalesce(predicted_after = predicted AND actions_after = actions, false)"
    ),
    "is new and yet has something before, or is not new and has nothing": (
        "(kind = 'new') <> (predicted_before IS NULL AND actions_before IS NULL)"
    ),
    "has parts that do not add up to the change of its prediction": (
        "kind = 'changed' AND NOT coalesce(abs(predicted_before + coalesce(by_data, 0) + by_model - predicted_after)"
        " <= 1e-9 * greatest(abs(predicted_before), abs(predicted_after), 1), false)"
    ),
    "has parts that do not add up to the change of its actions": (
        "kind = 'changed' AND NOT coalesce(actions_before + coalesce(actions_by_data, 0)"
        " + coalesce(actions_by_model, 0) + actions_by_rules = actions_after, false)"
    ),
    "has a changed value of no feature": (
        'NOT coalesce(list_min(list_transform("values", lambda each: each.feature)), 0) >= 0 OR'
        ' NOT coalesce(list_max(list_transform("values", lambda each: each.feature)), 0) < features'
    ),
}


def make_change(row: Mapping[str, Any], features: Sequence[Feature]) -> Change:
    """Return a row of CHANGES_SCHEMA as a record; ``features`` are those of the snapshot that was compared."""
    fields = {name: value for name, value in row.items() if name not in {"kind", "values"}}
    return Change(
        **fields,
        kind=ChangeKind(row["kind"]),
        values=tuple(_make_value_change(value, features[value["feature"]]) for value in row["values"]),
    )


def _make_value_change(value: Mapping[str, Any], feature: Feature) -> ValueChange:
    kind = "number" if feature.kind is FeatureKind.NUMBER else "text"
    return ValueChange(feature=feature, before=value[f"{kind}_before"], after=value[f"{kind}_after"])


def read_changes(comparison: Comparison | None, changes: pa.Table | None) -> pa.Table:
    """Return the changes in exactly CHANGES_SCHEMA, or raise InconsistentContentsError."""
    if changes is None:
        return CHANGES_SCHEMA.empty_table()
    if comparison is None:
        raise InconsistentContentsError("it has changes but names no snapshot with which it was compared")
    try:
        return changes.select(CHANGES_SCHEMA.names).cast(CHANGES_SCHEMA)
    except (pa.ArrowException, KeyError) as error:
        raise InconsistentContentsError(f"the changes lack columns or have others: {error}") from error


def write_changes(database: DuckDBPyConnection, changes: pa.Table, comparison: Comparison | None) -> None:
    """Insert the changes, which are of CHANGES_SCHEMA, and the snapshot with which they are a comparison."""
    if comparison is not None:
        allocation = comparison.allocation
        database.execute(
            "INSERT INTO comparison VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                comparison.previous_id,
                comparison.previous_as_of,
                comparison.not_told_apart,
                allocation.allocator,
                allocation.capacity,
                allocation.cap_per_account,
                allocation.allocated,
                allocation.accounts_with_actions,
                allocation.value,
                allocation.gap,
                allocation.one_more,
            ],
        )
    database.register("incoming_changes", changes)
    names = ", ".join(f'"{name}"' for name in CHANGES_SCHEMA.names)
    database.execute(f"INSERT INTO changes ({names}) SELECT {names} FROM incoming_changes ORDER BY account_id")


def check_changes(database: DuckDBPyConnection, path: Path, changes: pa.Table) -> None:
    """Read every column of the changes back, compare them with what was handed over and add their parts up.

    Raises InconsistentContentsError when they contradict themselves or the accounts, DamagedSnapshotError when the
    file does not hold them.
    """
    with duckdb.connect() as memory:
        memory.register("incoming", changes)
        expected = _fingerprint(memory, "incoming")
    if _fingerprint(database, "changes") != expected:
        raise DamagedSnapshotError(path, "the changes in it are not those that were written")
    for fault, condition in _FAULTS.items():
        [(count, first)] = database.execute(
            f"""
            SELECT count(*), min(changes.account_id)
            FROM changes
            LEFT JOIN (SELECT account_id, predicted, actions FROM accounts) AS accounts
                ON accounts.account_id = changes.account_id
            CROSS JOIN (SELECT count(*) AS features FROM features)
            WHERE coalesce({condition}, true)
            """
        ).fetchall()
        if count:
            raise FaultyChangesError(fault, first=first, count=count)


def _fingerprint(database: DuckDBPyConnection, table: str) -> tuple[Any, ...]:
    """Return the number of rows and, for each column, the sum over the rows of the hash of (id, cell)."""
    sums = ", ".join(f'sum(hash(account_id, "{name}"))' for name in CHANGES_SCHEMA.names)
    return database.execute(f"SELECT count(*), {sums} FROM {table}").fetchall()[0]
