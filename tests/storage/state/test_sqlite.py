"""The state in a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from storage.errors import NewerStateError, StateUnavailableError
from storage.state import DigestClaim, State, Turn, open_state
from storage.state.database import read_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 6, 30)  # noqa: DTZ001 - moments in the state are UTC without a zone
DAY = date(2026, 3, 2)


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    state = open_state(path)
    yield state
    state.close()


def test_what_the_first_version_wrote_is_kept(path: Path) -> None:
    path.parent.mkdir()
    moment = NOW.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE migrations (number INTEGER NOT NULL PRIMARY KEY)")
        database.execute("INSERT INTO migrations (number) VALUES (1)")
        for statement in read_migrations()[0]:
            database.execute(statement)
        database.execute("INSERT INTO seen_events VALUES ('a', ?)", [moment])
        database.execute("INSERT INTO threads VALUES ('C1', '1.1', 'ACME-042', '000007-1a2b3c4d', 'U1', ?)", [moment])
        database.execute("INSERT INTO turns VALUES ('C1', '1.1', 1, 'person', 'U1', 'Hello', ?)", [moment])
        database.execute("INSERT INTO digests VALUES ('C1', '2026-03-02', 1, ?, ?, '2.2')", [moment, moment])

    with closing(open_state(path)) as state:
        assert not state.claim_event("a", now=NOW)
        state.add_turn("C1", "1.1", Turn(author="precall", user_id="", text="Hi", at=NOW))
        assert [turn.text for turn in state.transcript("C1", "1.1")] == ["Hello", "Hi"]
        assert state.claim_digest("C1", date(2026, 3, 2), now=NOW) is DigestClaim.POSTED


def test_a_digest_is_claimed_once_and_taken_over_when_the_lease_runs_out(state: State) -> None:
    def claim(seconds: float) -> DigestClaim:
        return state.claim_digest("C1", DAY, now=NOW + timedelta(seconds=seconds))

    assert claim(0) is DigestClaim.CLAIMED
    assert claim(119.9) is DigestClaim.TAKEN
    assert claim(120) is DigestClaim.TAKEN_OVER
    assert claim(239) is DigestClaim.TAKEN
    assert claim(240) is DigestClaim.TAKEN_OVER


def test_commits_reach_the_disk_before_a_method_returns(path: Path, state: State) -> None:
    [[mode]] = state._database.run("PRAGMA journal_mode")  # noqa: SLF001 - no other way to see it
    [[synchronous]] = state._database.run("PRAGMA synchronous")  # noqa: SLF001 - as above

    assert (mode, synchronous) == ("wal", 2)
    assert path.exists()


def test_a_file_of_a_later_version_is_left_alone(path: Path, state: State) -> None:
    state.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO migrations (number) VALUES (99)")

    with pytest.raises(NewerStateError, match="version 99"):
        open_state(path)


def test_a_file_that_is_no_state_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)

    with pytest.raises(StateUnavailableError, match=r"state\.sqlite"):
        open_state(path)
