"""The messages that the bot posted: who asked for each, and what people thought of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """A message of the bot. Who asked for it may have it deleted. Moments read back as UTC without a time zone."""

    channel: str
    message_ts: str
    thread_ts: str | None
    requested_by: str
    account_id: str | None
    posted_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What one person thought of a message: +1 or -1, and why ("" where no reason was given)."""

    channel: str
    message_ts: str
    user_id: str
    vote: Literal[1, -1]
    reason: str
    at: datetime


class Messages(Tables):
    """The tables ``messages`` and ``feedback``."""

    def remember_message(self, message: PostedMessage) -> None:
        """Remember who asked for a message; one that is remembered stays as it is."""
        self._database.run(
            """
            INSERT INTO messages (channel, message_ts, thread_ts, requested_by, account_id, posted_at, deleted_at)
            VALUES ($channel, $message_ts, $thread_ts, $requested_by, $account_id, $posted_at, $deleted_at)
            ON CONFLICT (channel, message_ts) DO NOTHING
            """,
            channel=message.channel,
            message_ts=message.message_ts,
            thread_ts=message.thread_ts,
            requested_by=message.requested_by,
            account_id=message.account_id,
            posted_at=message.posted_at,
            deleted_at=message.deleted_at,
        )

    def find_message(self, channel: str, message_ts: str) -> PostedMessage | None:
        """Return the message of the bot at this moment of the channel."""
        rows = self._database.run(
            """
            SELECT thread_ts, requested_by, account_id, posted_at, deleted_at
            FROM messages
            WHERE channel = $channel AND message_ts = $message_ts
            """,
            channel=channel,
            message_ts=message_ts,
        )
        if not rows:
            return None
        [(thread_ts, requested_by, account_id, posted_at, deleted_at)] = rows
        return PostedMessage(
            channel=channel,
            message_ts=message_ts,
            thread_ts=thread_ts,
            requested_by=requested_by,
            account_id=account_id,
            posted_at=to_moment(posted_at),
            deleted_at=to_moment(deleted_at) if deleted_at else None,
        )

    def mark_message_deleted(self, channel: str, message_ts: str, *, now: datetime) -> None:
        """Remember that a message was deleted, and forget what was said in it, and in answer to it.

        It may come before the message itself is remembered, and more than once: the first moment stays.
        """
        self._database.run(
            """
            INSERT INTO messages (channel, message_ts, requested_by, posted_at, deleted_at)
            VALUES ($channel, $message_ts, '', $now, $now)
            ON CONFLICT (channel, message_ts) DO UPDATE
            SET deleted_at = coalesce(messages.deleted_at, excluded.deleted_at)
            """,
            "DELETE FROM turns WHERE channel = $channel AND (message_ts = $message_ts OR asked_ts = $message_ts)",
            channel=channel,
            message_ts=message_ts,
            now=now,
        )

    def add_feedback(self, feedback: Feedback) -> None:
        """Remember a vote; it takes the place of an earlier one of the same person on the message."""
        self._database.run(
            """
            INSERT INTO feedback (channel, message_ts, user_id, vote, reason, at)
            VALUES ($channel, $message_ts, $user_id, $vote, $reason, $at)
            ON CONFLICT (channel, message_ts, user_id) DO UPDATE
            SET vote = excluded.vote, reason = excluded.reason, at = excluded.at
            WHERE feedback.at <= excluded.at
            """,
            channel=feedback.channel,
            message_ts=feedback.message_ts,
            user_id=feedback.user_id,
            vote=feedback.vote,
            reason=feedback.reason,
            at=feedback.at,
        )

    def feedback(self, channel: str, message_ts: str) -> tuple[Feedback, ...]:
        """Return every vote on a message, oldest first."""
        rows = self._database.run(
            """
            SELECT user_id, vote, reason, at
            FROM feedback
            WHERE channel = $channel AND message_ts = $message_ts
            ORDER BY at, user_id
            """,
            channel=channel,
            message_ts=message_ts,
        )
        return tuple(
            Feedback(
                channel=channel, message_ts=message_ts, user_id=user_id, vote=vote, reason=reason, at=to_moment(at)
            )
            for user_id, vote, reason, at in rows
        )
