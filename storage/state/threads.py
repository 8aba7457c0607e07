"""The threads that briefs are discussed in, and what was said there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from storage.errors import UnknownThreadError
from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation about one account of one snapshot. Moments read back as UTC without a time zone.

    ``private``: only ``opened_by`` was meant to read it. ``nudged_at``: when somebody who wrote in it long after it was
    opened was told, once, how to go on.
    """

    channel: str
    thread_ts: str
    account_id: str
    snapshot_id: str
    opened_by: str
    opened_at: datetime
    private: bool = False
    nudged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What somebody said in a thread. ``at`` reads back as UTC without a time zone.

    ``message_ts`` is the message of the bot that says it or, of a question, that answers it; ``asked_ts`` is the
    message of a person that asks it or, of an answer, that it answers. When one of them is deleted, the turn leaves the
    conversation.
    """

    author: Literal["person", "precall"]
    user_id: str
    text: str
    at: datetime
    message_ts: str | None = None
    asked_ts: str | None = None


class Threads(Tables):
    """The tables ``threads`` and ``turns``."""

    def open_thread(self, thread: Thread) -> None:
        """Remember a thread; one that is open already stays as it is."""
        self._database.run(
            """
            INSERT INTO threads (channel, thread_ts, account_id, snapshot_id, opened_by, opened_at, private)
            VALUES ($channel, $thread_ts, $account_id, $snapshot_id, $opened_by, $opened_at, $private)
            ON CONFLICT (channel, thread_ts) DO NOTHING
            """,
            channel=thread.channel,
            thread_ts=thread.thread_ts,
            account_id=thread.account_id,
            snapshot_id=thread.snapshot_id,
            opened_by=thread.opened_by,
            opened_at=thread.opened_at,
            private=thread.private,
        )

    def find_thread(self, channel: str, thread_ts: str) -> Thread | None:
        """Return the thread that was opened at this message of the channel."""
        rows = self._database.run(
            """
            SELECT account_id, snapshot_id, opened_by, opened_at, private, nudged_at
            FROM threads
            WHERE channel = $channel AND thread_ts = $thread_ts
            """,
            channel=channel,
            thread_ts=thread_ts,
        )
        if not rows:
            return None
        [(account_id, snapshot_id, opened_by, opened_at, private, nudged_at)] = rows
        return Thread(
            channel=channel,
            thread_ts=thread_ts,
            account_id=account_id,
            snapshot_id=snapshot_id,
            opened_by=opened_by,
            opened_at=to_moment(opened_at),
            private=bool(private),
            nudged_at=to_moment(nudged_at) if nudged_at else None,
        )

    def claim_nudge(self, channel: str, thread_ts: str, *, now: datetime) -> bool:
        """Return True to exactly one of all who ever wish to nudge in this thread."""
        claimed = self._database.run(
            """
            UPDATE threads
            SET nudged_at = $now, nudge_claimant = $claimant
            WHERE channel = $channel
                AND thread_ts = $thread_ts
                AND (nudged_at IS NULL OR nudge_claimant = $claimant)
            RETURNING thread_ts
            """,
            channel=channel,
            thread_ts=thread_ts,
            now=now,
            claimant=secrets.token_hex(8),
        )
        return bool(claimed)

    def add_turn(self, channel: str, thread_ts: str, turn: Turn) -> None:
        """Append a turn to a thread; raises UnknownThreadError when the thread was never opened."""
        added = self._database.run(
            # Holds the thread's row until the end, so that turns which come at once get their places one by one.
            """
            UPDATE threads
            SET opened_at = opened_at
            WHERE channel = $channel AND thread_ts = $thread_ts
            """,
            """
            INSERT INTO turns (channel, thread_ts, position, author, user_id, text, at, message_ts, asked_ts, turn_id)
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
                $at,
                $message_ts,
                $asked_ts,
                $turn_id
            FROM threads
            WHERE channel = $channel AND thread_ts = $thread_ts
            ON CONFLICT (turn_id) DO UPDATE
            SET position = turns.position
            RETURNING position
            """,
            channel=channel,
            thread_ts=thread_ts,
            author=turn.author,
            user_id=turn.user_id,
            text=turn.text,
            at=turn.at,
            message_ts=turn.message_ts,
            asked_ts=turn.asked_ts,
            turn_id=secrets.token_hex(8),
        )
        if not added:
            raise UnknownThreadError(channel, thread_ts)

    def forget_turns(self, channel: str, message_ts: str) -> None:
        """Take an answer and its question out of the conversation."""
        self._database.run(
            "DELETE FROM turns WHERE channel = $channel AND message_ts = $message_ts",
            channel=channel,
            message_ts=message_ts,
        )

    def transcript(self, channel: str, thread_ts: str) -> tuple[Turn, ...]:
        """Return the turns of a thread, oldest first; none when it was never opened."""
        rows = self._database.run(
            # Of a message that was deleted while its text was still being written, the turn came after that.
            """
            SELECT author, user_id, text, at, message_ts, asked_ts
            FROM turns
            WHERE channel = $channel
                AND thread_ts = $thread_ts
                AND NOT EXISTS (
                    SELECT deleted_at
                    FROM messages
                    WHERE messages.channel = turns.channel
                        AND messages.message_ts IN (turns.message_ts, turns.asked_ts)
                        AND deleted_at IS NOT NULL
                )
            ORDER BY position
            """,
            channel=channel,
            thread_ts=thread_ts,
        )
        return tuple(
            Turn(author=author, user_id=user_id, text=text, at=to_moment(at), message_ts=message_ts, asked_ts=asked_ts)
            for author, user_id, text, at, message_ts, asked_ts in rows
        )
