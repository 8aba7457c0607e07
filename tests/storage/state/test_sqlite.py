"""Files of the state as earlier versions left them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING

from storage.state import DigestClaim, Turn, open_state
from storage.state.database import read_migrations

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 2, 6, 30)  # noqa: DTZ001 - moments in the state are UTC without a zone


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
