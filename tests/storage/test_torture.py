"""A short form of what `bench/torture.py` does to snapshots for longer."""

from __future__ import annotations

import pickle
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bench.torture import damage, fill_disk, flip_bit, kill_publishers, truncate
from storage.snapshots import SnapshotStore

from .conftest import account

if TYPE_CHECKING:
    from pathlib import Path

    from bench.torture import Spoil

    from .conftest import MakeContents


@pytest.fixture
def contents(tmp_path: Path, make_contents: MakeContents) -> Path:
    file = tmp_path / "contents"
    file.write_bytes(pickle.dumps(make_contents([account(place) for place in range(50)])))
    return file


def test_killed_publishers_leave_nothing_half_done(tmp_path: Path, contents: Path) -> None:
    root = tmp_path / "snapshots"

    tally = kill_publishers("ours", root, contents, kills=5, seed=1)

    assert tally.tries == 5
    assert tally.reads > 0
    assert tally.failures == 0
    with closing(SnapshotStore(root)) as store:
        store.publish(pickle.loads(contents.read_bytes()), now=datetime.now(UTC))  # noqa: S301 - the test's own
    assert not (root / "building").exists()
    assert {path.stem for path in root.glob("*.duckdb")} == {path.stem for path in root.glob("*.json")}
    assert len(list(root.glob("*.duckdb"))) <= 7


def test_a_store_that_writes_in_place_fails_under_the_same_kills(tmp_path: Path, contents: Path) -> None:
    tally = kill_publishers("control", tmp_path / "snapshots", contents, kills=5, seed=1)

    assert tally.failures > 0


@pytest.mark.parametrize("spoil", [flip_bit, truncate])
def test_damage_is_never_read_as_truth(spoil: Spoil, tmp_path: Path, contents: Path) -> None:
    root = tmp_path / "snapshots"
    kill_publishers("ours", root, contents, kills=1, seed=2)

    tally = damage(root, tmp_path, spoil, faults=12, seed=3)

    assert tally.tries == 12
    assert tally.failures == 0


def test_a_full_disk_leaves_the_snapshot_before(tmp_path: Path, contents: Path) -> None:
    root = tmp_path / "snapshots"
    kill_publishers("ours", root, contents, kills=1, seed=4)

    tally = fill_disk(root, contents, kilobytes=(16, 256))

    assert tally.tries == 2
    assert tally.failures == 0
