"""The state on a PostgreSQL server, over a network that loses things."""

from __future__ import annotations

import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from storage.errors import NewerStateError, StateUnavailableError
from storage.state import ActionOutcome, AuditRow, DigestClaim, OutcomeStatus, State, Thread, Turn, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 6, 30)  # noqa: DTZ001 - moments in the state are UTC without a zone
DAY = date(2026, 3, 2)
READY = b"Z\x00\x00\x00\x05"
"""What the server ends an answer with, but for a last byte that says whether a transaction is open."""


class Wire:
    """A network between the state and its server, on which an answer can be lost after the server has committed."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._doomed: bytes | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answer_to(self, statement: bytes) -> None:
        self._doomed = statement

    def close(self) -> None:
        # Wakes the thread that waits in accept, which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, suppress(OSError):
            doomed, answer = False, b""
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for end in readable:
                    part = end.recv(65536)
                    if not part:
                        return
                    if end is client:
                        doomed = doomed or bool(self._doomed and self._doomed in part)
                        server.sendall(part)
                    elif not doomed:
                        client.sendall(part)
                    else:
                        answer += part
                        if answer[:-1].endswith(READY):
                            self._doomed = None
                            self.lost += 1
                            return


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    parts = urlsplit(database_url)
    assert parts.hostname
    assert parts.port
    wire = Wire(parts.hostname, parts.port)
    yield wire
    wire.close()


@pytest.fixture
def state(database_url: str, wire: Wire, tmp_path: Path) -> Iterator[State]:
    """A state at the other end of that network."""
    parts = urlsplit(database_url)
    state = open_state(tmp_path, database_url=database_url.replace(f":{parts.port}/", f":{wire.port}/"))
    yield state
    state.close()


def test_an_event_whose_claim_was_answered_into_the_void_belongs_to_who_claimed_it(state: State, wire: Wire) -> None:
    wire.lose_answer_to(b"INSERT INTO seen_events")

    assert [state.claim_event("a", now=NOW) for _ in range(3)] == [True, False, False]
    assert wire.lost == 1


def test_a_digest_whose_claim_was_answered_into_the_void_belongs_to_who_claimed_it(state: State, wire: Wire) -> None:
    wire.lose_answer_to(b"INSERT INTO digests")
    assert state.claim_digest("S1", DAY, now=NOW, lease_seconds=0) is DigestClaim.CLAIMED
    wire.lose_answer_to(b"INSERT INTO digests")
    assert state.claim_digest("S1", DAY, now=NOW) is DigestClaim.TAKEN_OVER

    assert state.claim_digest("S1", DAY, now=NOW) is DigestClaim.TAKEN
    assert wire.lost == 2


def test_a_nudge_whose_claim_was_answered_into_the_void_is_still_given(state: State, wire: Wire) -> None:
    state.open_thread(
        Thread(channel="C1", thread_ts="1.1", account_id="A", snapshot_id="1", opened_by="U1", opened_at=NOW)
    )
    wire.lose_answer_to(b"UPDATE threads")

    assert [state.claim_nudge("C1", "1.1", now=NOW) for _ in range(2)] == [True, False]
    assert wire.lost == 1


@pytest.mark.parametrize("lost", [b"INSERT INTO turns", b"COMMIT"])
def test_a_turn_stands_once_whether_its_answer_or_that_of_its_commit_was_lost(
    state: State, wire: Wire, lost: bytes
) -> None:
    state.open_thread(
        Thread(channel="C1", thread_ts="1.1", account_id="A", snapshot_id="1", opened_by="U1", opened_at=NOW)
    )
    wire.lose_answer_to(lost)
    turns = tuple(Turn(author="person", user_id="U1", text=text, at=NOW) for text in ("Hello", "You?"))
    for turn in turns:
        state.add_turn("C1", "1.1", turn)

    assert state.transcript("C1", "1.1") == turns
    assert wire.lost == 1


def test_rows_whose_insertion_was_answered_into_the_void_stand_once(state: State, wire: Wire) -> None:
    row = AuditRow(at=NOW, user_id="U1", channel="C1", kind="brief")
    outcome = ActionOutcome(
        account_id="A", action="Call.", snapshot_id="1", user_id="U1", status=OutcomeStatus.DONE, at=NOW
    )
    wire.lose_answer_to(b"INSERT INTO audit")
    state.audit(row)
    wire.lose_answer_to(b"INSERT INTO outcomes")
    state.add_outcome(outcome)

    assert list(state.audit_since(NOW)) == [row]
    assert state.outcomes_since(NOW) == (outcome,)
    assert wire.lost == 2


def test_a_server_that_hangs_up_on_everybody_again_and_again_loses_and_doubles_no_claim(
    postgres: str, state: State
) -> None:
    done = threading.Semaphore(0)

    def claim(number: int) -> bool:
        claimed = state.claim_event(str(number % 200), now=NOW)
        done.release()
        return claimed

    with ThreadPoolExecutor(6) as pool, psycopg.connect(postgres, autocommit=True) as administrator:
        claims = [pool.submit(claim, number) for number in range(400)]
        for _ in range(10):
            for _ in range(20):
                done.acquire()
            administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                                  " AND backend_type = 'client backend'")  # fmt: skip
        won = [number % 200 for number, claimed in enumerate(claims) if claimed.result()]

    assert sorted(won) == list(range(200))


def test_leases_run_by_the_servers_clock_not_by_that_of_a_process(state: State) -> None:
    assert state.claim_digest("S1", DAY, now=NOW) is DigestClaim.CLAIMED
    assert state.claim_digest("S1", DAY, now=NOW + timedelta(days=9_999)) is DigestClaim.TAKEN


def test_a_default_of_the_server_that_would_lose_commits_is_overruled(database_url: str, tmp_path: Path) -> None:
    relaxed = f"{database_url}%20-csynchronous_commit%3Doff"
    with psycopg.connect(relaxed) as connection:
        assert connection.execute("SHOW synchronous_commit").fetchall() == [("off",)]

    with closing(open_state(tmp_path, database_url=relaxed)) as state:
        assert state._database.run("SHOW synchronous_commit") == [("on",)]  # noqa: SLF001 - no other way to see it


def test_a_database_of_a_later_version_is_left_alone(database_url: str, tmp_path: Path) -> None:
    open_state(tmp_path, database_url=database_url).close()
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO migrations (number) VALUES (99)")

    with pytest.raises(NewerStateError, match="version 99"):
        open_state(tmp_path, database_url=database_url)


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://precall:s3cret@127.0.0.1:1/postgres",
        "postgresql://precall:s3cret@127.0.0.1:s3cret/postgres",
        "postgresql://precall:s3cret@127.0.0.1/postgres?s3cret=1",
        "s3cret",
    ],
)
def test_a_server_that_cannot_be_used_is_told_without_its_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    monkeypatch.setattr("storage.state.postgres._PAUSES_SECONDS", ())

    with pytest.raises(StateUnavailableError, match="DATABASE_URL cannot be used") as raised:
        open_state(tmp_path, database_url=wrong)
    assert "s3cret" not in f"{raised.value} {raised.value!r} {caplog.text}"


def test_what_the_server_says_of_a_value_is_not_repeated(state: State) -> None:
    with pytest.raises(StateUnavailableError) as raised:
        state._database.run("SELECT CAST($text AS INTEGER)", text="Kingsley & Partners")  # noqa: SLF001 - no method asks for what cannot be

    assert "Kingsley" not in str(raised.value)
    assert "Kingsley" in str(raised.value.__cause__)


def test_the_url_is_in_no_repr(state: State) -> None:
    assert "precall:" not in f"{state!r} {state._database!r}"  # noqa: SLF001 - as above
