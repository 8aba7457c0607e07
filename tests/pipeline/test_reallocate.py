"""Giving the actions of a published snapshot again under other limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.allocation.allocate import allocate
from pipeline.allocation.errors import ConstraintError, InfeasibleError
from pipeline.changes import Build
from pipeline.reallocate import Wish, publish, reallocate
from storage.snapshots import SnapshotStore

from .conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.snapshots import Snapshot

    from .conftest import Built

KEPT = ("account_id", "predicted", "low", "high", "numbers", "texts", "shap", "fold", "sensitivities")


@pytest.fixture
def snapshot(built: Built) -> Iterator[Snapshot]:
    with built.store.lease() as snapshot:
        yield snapshot


def test_the_rules_kept_with_a_snapshot_give_again_what_it_gave(snapshot: Snapshot) -> None:
    build = Build.of(snapshot)
    assert build.rules is not None

    given = allocate(build.rules, build.book(), words=build.words)

    assert given.actions.tolist() == snapshot.accounts()["actions"].to_pylist()
    found = reallocate(snapshot, Wish())
    assert (found.changes.gainers, found.changes.losers) == ((), ())
    assert found.after == snapshot.info.allocation


def test_one_more_of_the_capacity_brings_what_the_snapshot_said_it_would(snapshot: Snapshot) -> None:
    found = reallocate(snapshot, Wish(capacities=("251",)))

    assert found.changes.actions == 1
    assert found.after.value is not None
    assert found.before.value is not None
    assert found.after.value - found.before.value == pytest.approx(snapshot.info.allocation.one_more)


def test_less_for_one_person_takes_from_their_accounts_and_the_capacity_stays_used(snapshot: Snapshot) -> None:
    rows = snapshot.accounts().select(["account_id", "owner", "actions"]).to_pylist()
    owner = max({row["owner"] for row in rows}, key=lambda name: sum(r["actions"] for r in rows if r["owner"] == name))
    found = reallocate(snapshot, Wish(capacities=(f"rep:{owner.lower()}=3",)))

    mine = {row["account_id"] for row in rows if row["owner"] == owner}
    assert {change.account_id for change in found.changes.losers} <= mine
    assert found.after.allocated == 250
    given = dict(zip(found.account_ids, found.allocations, strict=True))
    assert sum(given[each].actions for each in mine) == 3


def test_names_that_nobody_has_are_refused_all_at_once_with_the_closest(snapshot: Snapshot) -> None:
    wish = Wish(capacities=("many", "rep:Jonas Lindkvist=3"), budgets=("workshops=2",), minima=("territory:EMEAA=x",))
    with pytest.raises(ConstraintError) as refused:
        reallocate(snapshot, wish)

    assert refused.value.faults[0] == "--capacity many does not end in a whole number"
    assert "there is no account executive Jonas Lindkvist (the closest: Jonas Lindqvist" in refused.value.faults[1]
    assert any("--minimum territory:EMEAA=x" in fault for fault in refused.value.faults)
    assert "there is no type of sales action workshops (there are none)" in refused.value.faults


@pytest.mark.parametrize("capacity", ["0", "-1", "1e3", "9" * 30, "rep:=3", "rep:Jonas Lindqvist=" + "9" * 30])
def test_a_capacity_that_cannot_be_is_refused_and_not_kept(snapshot: Snapshot, capacity: str) -> None:
    with pytest.raises(ConstraintError):
        reallocate(snapshot, Wish(capacities=(capacity,)))


def test_limits_that_contradict_one_another_publish_nothing(built: Built, snapshot: Snapshot) -> None:
    with pytest.raises(InfeasibleError, match="must get at least 300 sales actions"):
        reallocate(snapshot, Wish(minima=("territory:EMEA=300",)))

    assert built.store.retained()[0] == snapshot.info.snapshot_id


def test_a_published_reallocation_differs_in_nothing_but_the_allocation(
    snapshot: Snapshot, built: Built, tmp_path: Path
) -> None:
    store = SnapshotStore(tmp_path / "snapshots")
    found = reallocate(snapshot, Wish(capacities=("200",)))

    info = publish(store, snapshot, found, now=NOW)

    with store.lease() as after:
        assert after.accounts().select(KEPT).equals(snapshot.accounts().select(KEPT))
        assert after.artefact() == snapshot.artefact()
        assert (after.info.card, after.info.source, after.info.words) == (
            snapshot.info.card, snapshot.info.source, snapshot.info.words,
        )  # fmt: skip
        for kept in ("features", "promotions", "base_rates", "top_interactions", "topics", "offers"):
            assert getattr(after, kept) == getattr(snapshot, kept)
            assert getattr(after, kept)
        changes: list[Any] = list(after.changes())
    store.close()
    assert (info.allocation.capacity, info.allocation.allocated) == (200, 200)
    assert info.comparison is not None
    assert info.comparison.previous_id == built.info.snapshot_id
    assert sum(change.actions_by_rules for change in changes) == -50
    assert {(change.move, change.actions_by_data, change.actions_by_model) for change in changes} == {(0.0, 0, 0)}
