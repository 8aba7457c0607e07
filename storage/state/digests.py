"""Who wants a digest, and the ledger of those that were posted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from storage.state.database import Tables, to_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The wish for a digest in a channel or a direct message. Moments read back as UTC without a time zone.

    ``subscription_id`` is the caller's choice: a wish that is sent twice under one id is one. ``days`` numbers the days
    of the week as ``date.weekday`` does, ``top`` is how many accounts are listed, ``territory`` is None for all.
    """

    subscription_id: str
    channel: str
    created_by: str
    at: time
    timezone: str
    days: frozenset[int]
    territory: str | None
    top: int
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedDigest:
    """A digest that was posted: from which snapshot, and what tells its content from another's, if that is known."""

    snapshot_id: str
    content: str | None


class DigestClaim(StrEnum):
    """What came of the wish to post a digest."""

    CLAIMED = "claimed"
    TAKEN_OVER = "taken over"
    TAKEN = "taken"
    POSTED = "posted"
    SKIPPED = "skipped"


class Digests(Tables):
    """The tables ``subscriptions`` and ``digests``; a digest's key is its subscription and the local day."""

    def subscribe(self, subscription: Subscription) -> None:
        """Remember a subscription; one that has this id already stays as it is."""
        self._database.run(
            """
            INSERT INTO subscriptions (
                subscription_id, channel, created_by, local_time, timezone, days, territory, top, created_at
            )
            VALUES (
                $subscription_id, $channel, $created_by, $local_time, $timezone, $days, $territory, $top, $created_at
            )
            ON CONFLICT (subscription_id) DO NOTHING
            """,
            subscription_id=subscription.subscription_id,
            channel=subscription.channel,
            created_by=subscription.created_by,
            local_time=subscription.at.isoformat("minutes"),
            timezone=subscription.timezone,
            days="".join(map(str, sorted(subscription.days))),
            territory=subscription.territory,
            top=subscription.top,
            created_at=subscription.created_at,
        )

    def unsubscribe(self, subscription_id: str, *, user_id: str, now: datetime) -> None:
        """End a subscription; it and its digests stay on record, and so does who ended it first."""
        self._database.run(
            """
            UPDATE subscriptions
            SET ended_at = $now, ended_by = $user_id
            WHERE subscription_id = $subscription_id AND ended_at IS NULL
            """,
            subscription_id=subscription_id,
            user_id=user_id,
            now=now,
        )

    def find_subscription(self, subscription_id: str) -> Subscription | None:
        """Return the subscription with this id, unless it has ended."""
        return next((each for each in self.subscriptions() if each.subscription_id == subscription_id), None)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return the subscriptions that have not ended, oldest first."""
        rows = self._database.run(
            """
            SELECT subscription_id, channel, created_by, local_time, timezone, days, territory, top, created_at
            FROM subscriptions
            WHERE ended_at IS NULL
            ORDER BY created_at, subscription_id
            """
        )
        return tuple(
            Subscription(
                subscription_id=subscription_id,
                channel=channel,
                created_by=created_by,
                at=time.fromisoformat(local_time),
                timezone=timezone,
                days=frozenset(map(int, days)),
                territory=territory,
                top=top,
                created_at=to_moment(created_at),
            )
            for subscription_id, channel, created_by, local_time, timezone, days, territory, top, created_at in rows
        )

    def claim_digest(
        self, subscription_id: str, local_day: date, *, now: datetime, lease_seconds: float = 120
    ) -> DigestClaim:
        """Say who may post a subscription's digest of a day: the first to ask, as long as the lease lasts.

        TAKEN_OVER: an earlier lease ran out before the digest was marked as posted, so it may stand in the channel
        already and the caller must look there before posting. TAKEN: somebody else is at it. POSTED, SKIPPED: done.
        """
        claimed = self._database.run(
            # A claim whose answer was lost is repeated by the same claimant: it is still the first, or still took over.
            """
            INSERT INTO digests (subscription_id, local_day, claims, leased_until, claimant)
            VALUES ($subscription_id, $local_day, 1, lease_time($now, $lease_seconds), $claimant)
            ON CONFLICT (subscription_id, local_day) DO UPDATE
            SET
                claims = digests.claims + CASE WHEN digests.claimant = $claimant THEN 0 ELSE 1 END,
                leased_until = excluded.leased_until,
                claimant = excluded.claimant
            WHERE digests.posted_at IS NULL
                AND digests.skipped_at IS NULL
                AND (digests.leased_until <= lease_time($now, 0) OR digests.claimant = $claimant)
            RETURNING claims
            """,
            subscription_id=subscription_id,
            local_day=local_day,
            now=now,
            lease_seconds=lease_seconds,
            claimant=secrets.token_hex(8),
        )
        if claimed:
            [(claims,)] = claimed
            return DigestClaim.CLAIMED if claims == 1 else DigestClaim.TAKEN_OVER
        [(posted_at, skipped_at)] = self._database.run(
            """
            SELECT posted_at, skipped_at
            FROM digests
            WHERE subscription_id = $subscription_id AND local_day = $local_day
            """,
            subscription_id=subscription_id,
            local_day=local_day,
        )
        if posted_at:
            return DigestClaim.POSTED
        return DigestClaim.SKIPPED if skipped_at else DigestClaim.TAKEN

    def mark_digest_posted(
        self,
        subscription_id: str,
        local_day: date,
        *,
        message_ts: str,
        now: datetime,
        snapshot_id: str | None = None,
        content: str | None = None,
    ) -> None:
        """Remember that the digest was posted, where, from which snapshot, and what tells its content from another's.

        The first message named stays.
        """
        self._database.run(
            """
            INSERT INTO digests (
                subscription_id, local_day, claims, leased_until, posted_at, message_ts, snapshot_id, content
            )
            VALUES ($subscription_id, $local_day, 1, $now, $now, $message_ts, $snapshot_id, $content)
            ON CONFLICT (subscription_id, local_day) DO UPDATE
            SET
                posted_at = excluded.posted_at,
                message_ts = excluded.message_ts,
                snapshot_id = excluded.snapshot_id,
                content = excluded.content
            WHERE digests.posted_at IS NULL
            """,
            subscription_id=subscription_id,
            local_day=local_day,
            message_ts=message_ts,
            snapshot_id=snapshot_id,
            content=content,
            now=now,
        )

    def mark_digest_skipped(self, subscription_id: str, local_day: date, *, now: datetime) -> None:
        """Remember that there was nothing to post on a day that was claimed."""
        self._database.run(
            """
            UPDATE digests
            SET skipped_at = $now
            WHERE subscription_id = $subscription_id AND local_day = $local_day AND posted_at IS NULL
            """,
            subscription_id=subscription_id,
            local_day=local_day,
            now=now,
        )

    def last_digest(self, subscription_id: str) -> PostedDigest | None:
        """Return the subscription's newest posted digest of which it is known what it was made from."""
        rows = self._database.run(
            """
            SELECT snapshot_id, content
            FROM digests
            WHERE subscription_id = $subscription_id AND snapshot_id IS NOT NULL
            ORDER BY local_day DESC
            LIMIT 1
            """,
            subscription_id=subscription_id,
        )
        return PostedDigest(snapshot_id=rows[0][0], content=rows[0][1]) if rows else None
