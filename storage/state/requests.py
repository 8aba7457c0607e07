"""Requests that were taken and are not answered yet, so that none is lost with the process that took it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.state.database import Tables

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """What somebody waits for: where and who, and nothing of what was asked."""

    key: str
    channel: str
    thread_ts: str | None
    user_id: str


class Requests(Tables):
    """The table ``open_requests``; each is a seen event whose answer is not finished."""

    def open_request(self, request: OpenRequest, *, worker: str, now: datetime, lease_seconds: float) -> bool:
        """Return True to exactly one of all who ever claim the event with the request's key.

        That worker has the lease, which it must renew until it closes the request.
        """
        opened = self._database.run(
            """
            INSERT INTO seen_events (event_key, seen_at, claimant)
            VALUES ($key, $now, $claimant)
            ON CONFLICT (event_key) DO NOTHING
            """,
            # A claim whose answer was lost is repeated by the same claimant.
            """
            INSERT INTO open_requests (event_key, channel, thread_ts, user_id, worker, leased_until)
            SELECT event_key, $channel, $thread_ts, $user_id, $worker, lease_time($now, $lease_seconds)
            FROM seen_events
            WHERE event_key = $key AND claimant = $claimant
            ON CONFLICT (event_key) DO UPDATE
            SET leased_until = excluded.leased_until
            RETURNING event_key
            """,
            key=request.key,
            channel=request.channel,
            thread_ts=request.thread_ts,
            user_id=request.user_id,
            worker=worker,
            now=now,
            lease_seconds=lease_seconds,
            claimant=secrets.token_hex(8),
        )
        return bool(opened)

    def renew_requests(self, worker: str, *, now: datetime, lease_seconds: float) -> None:
        """Lengthen the lease of everything that this worker has open."""
        self._database.run(
            """
            UPDATE open_requests
            SET leased_until = lease_time($now, $lease_seconds)
            WHERE worker = $worker
            """,
            worker=worker,
            now=now,
            lease_seconds=lease_seconds,
        )

    def take_over_requests(self, *, now: datetime, lease_seconds: float) -> tuple[OpenRequest, ...]:
        """Return, to one caller as long as its lease lasts, the requests whose worker let the lease run out."""
        rows = self._database.run(
            """
            UPDATE open_requests
            SET worker = $claimant, leased_until = lease_time($now, $lease_seconds)
            WHERE leased_until <= lease_time($now, 0) OR worker = $claimant
            RETURNING event_key, channel, thread_ts, user_id
            """,
            now=now,
            lease_seconds=lease_seconds,
            claimant=secrets.token_hex(8),
        )
        return tuple(
            OpenRequest(key=key, channel=channel, thread_ts=thread_ts, user_id=user_id)
            for key, channel, thread_ts, user_id in rows
        )

    def close_request(self, key: str) -> None:
        """Remember that a request was answered, or that its asker was told that it will not be."""
        self._database.run("DELETE FROM open_requests WHERE event_key = $key", key=key)
