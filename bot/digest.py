"""Who is due a digest, what is in it, and posting it exactly once."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.access import NOT_THERE
from bot.audit import AuditKind
from bot.blocks import digest_message
from bot.boundary import log_error
from bot.outcomes import count_handled
from bot.room import post
from storage.state import AuditRow, DigestClaim

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from slack_sdk import WebClient

    from bot.blocks import Message
    from bot.config import DigestConfig
    from bot.rights import Owned
    from bot.services import Services
    from storage.snapshots import SnapshotStore

logger = logging.getLogger(__name__)

WORKING_DAYS = frozenset(range(5))
"""Monday to Friday, as ``date.weekday`` numbers them."""
LONGEST_DIGEST = 10
MOST_MOVERS = 3
"""In each direction."""
_EVENT_TYPE = "precall_digest"
_HISTORY_PAGE = 200


class Outcome(StrEnum):
    """What became of a digest."""

    POSTED = "posted"
    FOUND = "found in the channel, where an interrupted run had posted it"
    DONE_BEFORE = "posted before"
    REFUSED = "not posted, because people from outside read the channel"
    NOTHING_LEFT = (
        "not posted: nothing is left in it that everybody who reads the channel may see and nobody has handled"
    )
    IN_PROGRESS = "being posted by another process"


def due(now: datetime, *, at: time, timezone: ZoneInfo, days: Collection[int]) -> date | None:
    """Return the local day whose digest may be posted now, or None before its time and on other days.

    ``now`` is aware. What was missed is caught up on the same day, never later. Where the clock skips ``at``, it is as
    long after midnight as on other days; where it strikes twice, the first one counts.
    """
    today = now.astimezone(timezone).date()
    moment = datetime.combine(today, at, tzinfo=timezone).astimezone(UTC)
    return today if today.weekday() in days and now.astimezone(UTC) >= moment else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest as it is posted, the snapshot it was made from, and the accounts that it names."""

    message: Message
    snapshot_id: str
    account_ids: tuple[str, ...]


def make_digest(
    snapshots: SnapshotStore,
    *,
    day: date,
    may_see: Callable[[Owned], bool] = lambda _: True,
    handled: Mapping[str, int] = MappingProxyType({}),
) -> Digest:
    """Return the newest snapshot's accounts that get actions, highest expected value first, and the biggest moves.

    Only what ``may_see`` admits is in it. Actions that were ``handled``, counted by account, are not shown again.

    Raises:
        NoSnapshotError: nothing was ever built.
    """
    with snapshots.lease() as snapshot:
        given = snapshot.digest(limit=LONGEST_DIGEST + len(handled), visible=may_see)
        left = (replace(row, actions=row.actions - handled.get(row.account_id, 0)) for row in given)
        rows = tuple(row for row in left if row.actions > 0)[:LONGEST_DIGEST]
        movers = snapshot.movers(limit=MOST_MOVERS, visible=may_see)
        ids = [row.account_id for row in rows] + [change.account_id for change in (*movers.up, *movers.down)]
        return Digest(
            message=digest_message(snapshot.info, rows, day=day, movers=movers),
            snapshot_id=snapshot.info.snapshot_id,
            account_ids=tuple(dict.fromkeys(ids)),
        )


def post_due_digests(services: Services, client: WebClient, config: DigestConfig) -> None:
    """Post what is due; a channel that fails is logged, tried again at a later tick, and stops no other channel."""
    day = due(services.clock(), at=config.at, timezone=config.timezone, days=WORKING_DAYS)
    if day is None:
        return
    for channel in config.channels:
        try:
            outcome = post_digest(services, client, channel, day=day, timezone=config.timezone)
        except Exception as error:  # noqa: BLE001 - the boundary of a run that nobody asked for and nobody would hear of
            log_error(error)
        else:
            if outcome in {Outcome.POSTED, Outcome.FOUND, Outcome.REFUSED, Outcome.NOTHING_LEFT}:
                logger.info("digest of %s for %s: %s", day, channel, outcome)


def post_digest(services: Services, client: WebClient, channel: str, *, day: date, timezone: ZoneInfo) -> Outcome:
    """Post a channel's digest of a day unless it stands there already; safe to run in several processes at once.

    The claim in the ledger has a lease. Who takes over a claim that ran out cannot know whether its owner died before
    or after posting, so the channel itself is asked, by the key in the message's metadata.
    """
    audience = services.access.audience(channel)
    if audience.closed:
        return Outcome.REFUSED
    handled = count_handled(services.state, since=services.clock() - services.cooldown)
    digest = make_digest(services.snapshots, day=day, may_see=audience.may_see, handled=handled)
    if not digest.account_ids and audience != NOT_THERE and make_digest(services.snapshots, day=day).account_ids:
        return Outcome.NOTHING_LEFT
    claim = services.state.claim_digest(channel, day, now=services.clock())
    if claim is DigestClaim.POSTED:
        return Outcome.DONE_BEFORE
    if claim is DigestClaim.TAKEN:
        return Outcome.IN_PROGRESS
    key = f"{channel}:{day.isoformat()}"
    message_ts = _find_posted(client, channel, key, day, timezone) if claim is DigestClaim.TAKEN_OVER else None
    outcome = Outcome.FOUND if message_ts else Outcome.POSTED
    if message_ts is None:
        metadata = {"event_type": _EVENT_TYPE, "event_payload": {"key": key}}
        services.state.audit(_audit_row(digest, channel, at=services.clock()))
        message_ts = post(client, digest.message, channel=channel, metadata=metadata)
    services.state.mark_digest_posted(
        channel, day, message_ts=message_ts, snapshot_id=digest.snapshot_id, now=services.clock()
    )
    return outcome


def _audit_row(digest: Digest, channel: str, *, at: datetime) -> AuditRow:
    """Return the line of the audit: nobody asked, and all who read the channel saw these accounts."""
    return AuditRow(
        at=at,
        user_id="",
        channel=channel,
        kind=AuditKind.DIGEST,
        snapshot_id=digest.snapshot_id,
        evidence=digest.account_ids,
    )


def _find_posted(client: WebClient, channel: str, key: str, day: date, timezone: ZoneInfo) -> str | None:
    # An hour earlier, so that no difference between Slack's clock and ours hides it.
    oldest = datetime.combine(day, time(), tzinfo=timezone) - timedelta(hours=1)
    pages = client.conversations_history(
        channel=channel, oldest=f"{oldest.timestamp():.6f}", include_all_metadata=True, limit=_HISTORY_PAGE
    )
    for page in pages:
        for message in page["messages"]:
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == _EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
                return str(message["ts"])
    return None
