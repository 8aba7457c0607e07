"""What changed, published and read back, and refused where it contradicts itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from storage.errors import FaultyChangesError, InconsistentContentsError
from storage.records import AllocationSummary, ChangeKind, Comparison, ValueChange
from storage.snapshots import CHANGES_SCHEMA, SnapshotContents, SnapshotStore

from .conftest import FEATURES, MakeContents, account

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
COMPARISON = Comparison(
    previous_id="000001-0123abcd",
    previous_as_of=datetime(2026, 2, 27),  # noqa: DTZ001 - moments in snapshots are UTC without a zone
    not_told_apart=None,
    allocation=AllocationSummary(
        allocator="score", capacity=9, cap_per_account=5, allocated=9, accounts_with_actions=4
    ),
)


def change(place: int, *, move: float = 0.0, **fields: Any) -> dict[str, Any]:
    """Return the change of account number ``place``, whose prediction moved by so much because of its data."""
    row = account(place)
    return {
        **{name: row[name] for name in ("account_id", "name", "owner", "region")},
        "kind": "changed",
        "predicted_before": row["predicted"] - move,
        "predicted_after": row["predicted"],
        "by_data": move,
        "by_model": 0.0,
        "actions_before": row["actions"],
        "actions_after": row["actions"],
        "actions_by_data": 1,
        "actions_by_model": -1,
        "actions_by_rules": 0,
        "values": [],
        **fields,
    }


GONE = {
    **dict.fromkeys(("account_id", "name", "owner", "region"), "Old"),
    "kind": "gone",
    "predicted_before": 1.0,
    "actions_before": 0,
    "values": [],
}


def with_changes(contents: SnapshotContents, *rows: dict[str, Any]) -> SnapshotContents:
    return replace(contents, comparison=COMPARISON, changes=pa.Table.from_pylist(rows, schema=CHANGES_SCHEMA))


def test_changes_are_read_back_as_they_were_handed_over(store: SnapshotStore, make_contents: MakeContents) -> None:
    values = [
        {"feature": 1, "text_before": "silver", "text_after": None},
        {"feature": 2, "number_before": 1.0, "number_after": 3.0},
    ]
    store.publish(with_changes(make_contents(), change(3, move=500.0, values=values), GONE), now=NOW)

    with store.lease() as snapshot:
        found, unchanged = snapshot.find_change("ACME-003"), snapshot.find_change("ACME-002")
        both = snapshot.changes()
        comparison = snapshot.info.comparison
    assert comparison == COMPARISON
    assert unchanged is None
    assert found is not None
    assert (found.kind, found.move, found.by_data, found.actions_by_model) == (ChangeKind.CHANGED, 500.0, 500.0, -1)
    assert found.values == (
        ValueChange(feature=FEATURES[1], before="silver", after=None),
        ValueChange(feature=FEATURES[2], before=1.0, after=3.0),
    )
    assert [(each.account_id, each.kind) for each in both] == [("ACME-003", "changed"), ("Old", "gone")]
    assert (both[1].predicted_after, both[1].move, both[1].is_big) == (None, 0.0, False)


def test_movers_are_the_biggest_moves_of_each_direction_for_an_owner_or_a_region(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    moves = [9_000.0, -4_000.0, 100.0, 7_000.0, -5_000.0, 8_000.0]
    rows = [account(place) for place in range(6)]
    changes = [change(place, move=move) for place, move in enumerate(moves)]
    store.publish(with_changes(make_contents(rows), *changes), now=NOW)

    with store.lease() as snapshot:
        two, adas, emea = (
            snapshot.movers(limit=limit, owner=owner, region=region)
            for limit, owner, region in ((2, None, None), (9, "Ada", None), (9, None, "EMEA"))
        )
    assert [each.move for each in two.up] == [9_000.0, 8_000.0]
    assert [each.move for each in two.down] == [-5_000.0, -4_000.0]
    assert [each.move for each in adas.up + adas.down] == [8_000.0, 7_000.0, -4_000.0]
    assert [each.move for each in emea.up + emea.down] == [8_000.0, -5_000.0, -4_000.0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (change(3, move=500.0, by_data=499.0), "add up to the change of its prediction"),
        (change(3, move=500.0, by_model=float("nan")), "add up to the change of its prediction"),
        (change(3, move=500.0, by_model=None), "add up to the change of its prediction"),
        (change(3, actions_by_data=0), "add up to the change of its actions"),
        (change(3, actions_by_rules=None), "add up to the change of its actions"),
        (change(3, predicted_after=1.0), "not predicted what it changed to"),
        (change(3, kind="gone"), "gone although it is there"),
        (change(3, kind="new"), "new and yet has something before"),
        (change(3, values=[{"feature": 3}]), "changed value of no feature"),
        (change(3, values=[{"feature": -1}]), "changed value of no feature"),
        (GONE | {"kind": "changed"}, "gone although it is there, or the other way round"),
    ],
)
def test_a_change_that_contradicts_itself_is_refused_by_name(
    store: SnapshotStore, make_contents: MakeContents, row: dict[str, Any], fault: str
) -> None:
    with pytest.raises(FaultyChangesError, match=fault) as caught:
        store.publish(with_changes(make_contents(), row, change(1)), now=NOW)

    assert row["account_id"] in str(caught.value)


def test_a_change_that_stands_there_twice_is_refused(store: SnapshotStore, make_contents: MakeContents) -> None:
    with pytest.raises(FaultyChangesError, match=r"'ACME-001' \(and 1 more\) stands there more than once"):
        store.publish(with_changes(make_contents(), change(1), change(1)), now=NOW)


def test_changes_without_a_snapshot_that_they_are_since_are_refused(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    with pytest.raises(InconsistentContentsError, match="names no snapshot"):
        store.publish(replace(with_changes(make_contents(), change(1)), comparison=None), now=NOW)

    assert list(root.glob("*.duckdb")) == []
