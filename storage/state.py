"""What the bot remembers: seen events, its threads with their turns, and which digests were posted."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Literal

from storage.errors import NewerStateError, StateUnavailableError, UnknownThreadError
from storage.wellformed import well_formed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BUSY_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation about one account of one snapshot. ``opened_at`` reads back as UTC without a time zone."""

    channel: str
    thread_ts: str
    account_id: str
    snapshot_id: str
    opened_by: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What somebody said in a thread. ``at`` reads back as UTC without a time zone."""

    author: Literal["person", "precall"]
    user_id: str
    text: str
    at: datetime


class DigestClaim(StrEnum):
    """What came of the wish to post a digest."""

    CLAIMED = "claimed"
    TAKEN_OVER = "taken over"
    TAKEN = "taken"
    POSTED = "posted"


class State:
    """The state in one SQLite file, for any number of threads and processes.

    What a method has returned from survives a power cut. Moments without a time zone are taken to be UTC. Every method
    may raise StateUnavailableError; NewerStateError comes at once when a later version has written the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # One connection that one thread at a time uses: a statement takes less than what sharing better would cost.
        self._lock = threading.Lock()
        with self._translated_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait while another process turns WAL on, so whoever opens the file waits here.
            with _locked(path.parent):
                self._database = sqlite3.connect(
                    path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
                )
                try:
                    self._database.execute("PRAGMA journal_mode = WAL")
                    self._database.execute("PRAGMA synchronous = FULL")
                    self._database.execute("PRAGMA foreign_keys = ON")
                    self._migrate()
                except BaseException:
                    self._database.close()
                    raise

    def claim_event(self, key: str, *, now: datetime) -> bool:
        """Return True to exactly one of all who ever claim the event with this key."""
        claimed = self._run(
            """
            INSERT INTO seen_events (event_key, seen_at)
            VALUES ($key, $now)
            ON CONFLICT (event_key) DO NOTHING
            RETURNING event_key
            """,
            {"key": key, "now": _to_text(now)},
        )
        return bool(claimed)

    def open_thread(self, thread: Thread) -> None:
        """Remember a thread; one that is open already stays as it is."""
        self._run(
            """
            INSERT INTO threads (channel, thread_ts, account_id, snapshot_id, opened_by, opened_at)
            VALUES ($channel, $thread_ts, $account_id, $snapshot_id, $opened_by, $opened_at)
            ON CONFLICT (channel, thread_ts) DO NOTHING
            """,
            {
                "channel": thread.channel,
                "thread_ts": thread.thread_ts,
                "account_id": thread.account_id,
                "snapshot_id": thread.snapshot_id,
                "opened_by": thread.opened_by,
                "opened_at": _to_text(thread.opened_at),
            },
        )

    def find_thread(self, channel: str, thread_ts: str) -> Thread | None:
        """Return the thread that was opened at this message of the channel."""
        rows = self._run(
            """
            SELECT account_id, snapshot_id, opened_by, opened_at
            FROM threads
            WHERE channel = $channel AND thread_ts = $thread_ts
            """,
            {"channel": channel, "thread_ts": thread_ts},
        )
        if not rows:
            return None
        [(account_id, snapshot_id, opened_by, opened_at)] = rows
        return Thread(
            channel=channel,
            thread_ts=thread_ts,
            account_id=account_id,
            snapshot_id=snapshot_id,
            opened_by=opened_by,
            opened_at=datetime.fromisoformat(opened_at),
        )

    def add_turn(self, channel: str, thread_ts: str, turn: Turn) -> None:
        """Append a turn to a thread; raises UnknownThreadError when the thread was never opened."""
        added = self._run(
            """
            INSERT INTO turns (channel, thread_ts, position, author, user_id, text, at)
            SELECT
                channel,
                thread_ts,
                1 + (
                    SELECT coalesce(max(position), 0)
                    FROM turns
                    WHERE channel = $channel AND thread_ts = $thread_ts
                ),
                $author,
                $user_id,
                $text,
                $at
            FROM threads
            WHERE channel = $channel AND thread_ts = $thread_ts
            RETURNING position
            """,
            {
                "channel": channel,
                "thread_ts": thread_ts,
                "author": turn.author,
                "user_id": turn.user_id,
                "text": turn.text,
                "at": _to_text(turn.at),
            },
        )
        if not added:
            raise UnknownThreadError(channel, thread_ts)

    def transcript(self, channel: str, thread_ts: str) -> tuple[Turn, ...]:
        """Return the turns of a thread, oldest first; none when it was never opened."""
        rows = self._run(
            """
            SELECT author, user_id, text, at
            FROM turns
            WHERE channel = $channel AND thread_ts = $thread_ts
            ORDER BY position
            """,
            {"channel": channel, "thread_ts": thread_ts},
        )
        return tuple(
            Turn(author=author, user_id=user_id, text=text, at=datetime.fromisoformat(at))
            for author, user_id, text, at in rows
        )

    def claim_digest(self, channel: str, local_day: date, *, now: datetime, lease_seconds: float = 120) -> DigestClaim:
        """Say who may post a channel's digest of a day: the first to ask, as long as the lease lasts.

        TAKEN_OVER: an earlier lease ran out before the digest was marked as posted, so it may stand in the channel
        already and the caller must look there before posting. TAKEN: somebody else is at it. POSTED: done.
        """
        claimed = self._run(
            """
            INSERT INTO digests (channel, local_day, claims, leased_until)
            VALUES ($channel, $local_day, 1, $leased_until)
            ON CONFLICT (channel, local_day) DO UPDATE
            SET claims = digests.claims + 1, leased_until = excluded.leased_until
            WHERE digests.posted_at IS NULL AND digests.leased_until <= $now
            RETURNING claims
            """,
            {
                "channel": channel,
                "local_day": local_day.isoformat(),
                "now": _to_text(now),
                "leased_until": _to_text(now + timedelta(seconds=lease_seconds)),
            },
        )
        if claimed:
            [(claims,)] = claimed
            return DigestClaim.CLAIMED if claims == 1 else DigestClaim.TAKEN_OVER
        posted = self._run(
            """
            SELECT posted_at
            FROM digests
            WHERE channel = $channel AND local_day = $local_day AND posted_at IS NOT NULL
            """,
            {"channel": channel, "local_day": local_day.isoformat()},
        )
        return DigestClaim.POSTED if posted else DigestClaim.TAKEN

    def mark_digest_posted(self, channel: str, local_day: date, *, message_ts: str, now: datetime) -> None:
        """Remember that the digest was posted, and where; the first message that was named stays."""
        self._run(
            """
            INSERT INTO digests (channel, local_day, claims, leased_until, posted_at, message_ts)
            VALUES ($channel, $local_day, 1, $now, $now, $message_ts)
            ON CONFLICT (channel, local_day) DO UPDATE
            SET posted_at = excluded.posted_at, message_ts = excluded.message_ts
            WHERE digests.posted_at IS NULL
            """,
            {
                "channel": channel,
                "local_day": local_day.isoformat(),
                "message_ts": message_ts,
                "now": _to_text(now),
            },
        )

    def forget_before(self, moment: datetime) -> int:
        """Forget the events that were seen before this moment and return how many those were."""
        forgotten = self._run(
            "DELETE FROM seen_events WHERE seen_at < $moment RETURNING event_key", {"moment": _to_text(moment)}
        )
        return len(forgotten)

    def close(self) -> None:
        """Close the file; nothing can be asked afterwards."""
        with self._lock:
            self._database.close()

    def _run(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        parameters = {
            name: well_formed(value) if isinstance(value, str) else value for name, value in parameters.items()
        }
        with self._translated_errors(), self._lock, closing(self._database.execute(statement, parameters)) as cursor:
            return cursor.fetchall()

    def _migrate(self) -> None:
        """Bring the tables up to date, all in one transaction."""
        migrations = _read_migrations()
        self._database.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY)")
        [(done,)] = self._database.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchall()
        if done > len(migrations):
            raise NewerStateError(self._path, version=done, known=len(migrations))
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for number, statements in enumerate(migrations[done:], start=done + 1):
                for statement in statements:
                    self._database.execute(statement)
                self._database.execute("INSERT INTO migrations (number) VALUES ($number)", {"number": number})
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StateUnavailableError(self._path, error) from error


def _read_migrations() -> list[list[str]]:
    """Return the statements of each migration; the one at place 0 has the number 1."""
    text = resources.files("storage").joinpath("state.sql").read_text("utf-8")
    _, *migrations = re.split(r"^-- migration \d+:.*\n", text, flags=re.MULTILINE)
    return [[statement for statement in migration.split(";\n") if statement.strip()] for migration in migrations]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _to_text(moment: datetime) -> str:
    """Return the moment in UTC, always of the same length so that texts sort as moments do."""
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return utc.isoformat(timespec="microseconds")
