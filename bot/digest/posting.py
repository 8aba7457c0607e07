"""Posting digests exactly once, whatever is killed, restarted or run twice in between."""

from __future__ import annotations

import logging
import time as waiting
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from slack_sdk.errors import SlackApiError

from bot.audit import AuditKind
from bot.blocks import sentence_message
from bot.boundary import log_error
from bot.digest.content import LONGEST_DIGEST, make_digest
from bot.digest.schedule import WORKING_DAYS, due, due_moment
from bot.errors import explain
from bot.outcomes import count_handled
from bot.room import post
from storage.errors import StorageError
from storage.state import AuditRow, DigestClaim, PostedMessage, Subscription

if TYPE_CHECKING:
    from datetime import date

    from slack_sdk import WebClient

    from bot.access import Audience
    from bot.config import DigestConfig
    from bot.digest.content import Digest
    from bot.services import Services

logger = logging.getLogger(__name__)

_EVENT_TYPE: Final = "precall_digest"
_HISTORY_PAGE: Final = 200
_LEASE: Final = timedelta(seconds=120)
# What is left of the lease is longer than a call to Slack may take: who takes over then finds what this call posts.
_POST_WITHIN: Final = timedelta(seconds=60)
_PATIENCE: Final = timedelta(minutes=5)
"""A failure that lasts less is not worth telling."""
# Together some 3 seconds for Slack to look at a picture; without it the digest is still one.
_PICTURE_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6)


class Outcome(StrEnum):
    """What became of a digest."""

    POSTED = "posted"
    FOUND = "found in the channel, where an interrupted run had posted it"
    DONE_BEFORE = "posted before"
    SKIPPED = "skipped, because nothing changed since the last one"
    NOTHING_LEFT = (
        "not posted: nothing is left in it that everybody who reads the channel may see and nobody has handled"
    )
    SKIPPED_BEFORE = "skipped before"
    REFUSED = "not posted, because people from outside read the channel"
    NOT_ADMITTED = "not posted, because I am not in the channel, or more people read it than I can look up"
    IN_PROGRESS = "being posted by another process"
    TOO_SLOW = "not posted yet, because making it took too long; another try follows"


_REASONS: Final = {
    Outcome.REFUSED: "People from outside read that conversation.",
    Outcome.NOT_ADMITTED: "I am not in that conversation, or too many people are; you can invite me.",
}
_WORTH_A_LINE: Final = frozenset(Outcome) - {Outcome.DONE_BEFORE, Outcome.SKIPPED_BEFORE, Outcome.IN_PROGRESS}


def channel_subscriptions(config: DigestConfig) -> tuple[Subscription, ...]:
    """Return the subscriptions of the channels that the settings name; their ids are the channels'."""
    return tuple(
        Subscription(
            subscription_id=channel,
            channel=channel,
            created_by="",
            at=config.at,
            timezone=config.timezone.key,
            days=WORKING_DAYS,
            territory=None,
            top=LONGEST_DIGEST,
            created_at=datetime.min,  # noqa: DTZ901 - UTC without a time zone, as the others read back
        )
        for channel in config.channels
    )


def post_due_digests(services: Services, client: WebClient, config: DigestConfig) -> None:
    """Post what is due, one message a channel; who subscribed to what fails is told once a day.

    A digest that fails is logged, tried again at a later tick, and stops no other.
    """
    served: set[str] = set()
    try:
        subscriptions = (*channel_subscriptions(config), *services.state.subscriptions())
    except StorageError as error:  # nobody asked for this run: the log hears of it, and the next tick tries again
        log_error(error)
        return
    for subscription in subscriptions:
        # Slack takes one message a second in a channel; the next of this channel has time until the next tick.
        if subscription.channel not in served and _post_if_due(services, client, subscription) is Outcome.POSTED:
            served.add(subscription.channel)


def _post_if_due(services: Services, client: WebClient, subscription: Subscription) -> Outcome | None:
    day = None
    try:
        zone = ZoneInfo(subscription.timezone)
        day = due(services.clock(), at=subscription.at, timezone=zone, days=subscription.days)
        if day is None:
            return None
        outcome = post_digest(services, client, subscription, day=day)
    except Exception as error:  # noqa: BLE001 - the boundary of a run that nobody asked for and nobody would hear of
        log_error(error)
        if day is not None:
            _tell_failure(services, client, subscription, day, explain(error))
        return None
    if outcome in _WORTH_A_LINE:
        logger.info("digest %s of %s for %s: %s", subscription.subscription_id, day, subscription.channel, outcome)
    if outcome in _REASONS:
        _tell_failure(services, client, subscription, day, _REASONS[outcome])
    return outcome


def post_digest(services: Services, client: WebClient, subscription: Subscription, *, day: date) -> Outcome:
    """Post a subscription's digest of a day unless that was done already; safe to run in several processes at once.

    The claim in the ledger has a lease. Who takes over a claim that ran out cannot know whether its owner died before
    or after posting, so the channel itself is asked, by the key in the message's metadata.
    """
    state, key = services.state, f"{subscription.subscription_id}:{day.isoformat()}"
    claimed_at = services.clock()
    claim = state.claim_digest(subscription.subscription_id, day, now=claimed_at, lease_seconds=_LEASE.total_seconds())
    if claim in {DigestClaim.POSTED, DigestClaim.SKIPPED, DigestClaim.TAKEN}:
        return _NOT_OURS[claim]
    audience = services.access.audience(subscription.channel)
    if audience.closed or audience.reserve:
        return Outcome.REFUSED if audience.closed else Outcome.NOT_ADMITTED
    digest, is_news = _make(services, subscription, audience, day)
    message_ts = _find_posted(client, subscription, key, day) if claim is DigestClaim.TAKEN_OVER else None
    if message_ts is None and not (is_news and digest.account_ids):
        state.mark_digest_skipped(subscription.subscription_id, day, now=services.clock())
        return Outcome.NOTHING_LEFT if is_news else Outcome.SKIPPED
    outcome = Outcome.FOUND if message_ts else Outcome.POSTED
    if message_ts is None:
        state.audit(_audit_row(digest, subscription.channel, at=services.clock()))
        picture = upload_picture(client, digest)
        if services.clock() - claimed_at > _POST_WITHIN:
            return Outcome.TOO_SLOW
        message_ts = _post(client, digest, subscription.channel, key, picture)
    state.remember_message(_posted(subscription, message_ts, at=services.clock()))
    state.mark_digest_posted(
        subscription.subscription_id,
        day,
        message_ts=message_ts,
        snapshot_id=digest.info.snapshot_id,
        content=digest.content,
        now=services.clock(),
    )
    return outcome


_NOT_OURS: Final = {
    DigestClaim.POSTED: Outcome.DONE_BEFORE,
    DigestClaim.SKIPPED: Outcome.SKIPPED_BEFORE,
    DigestClaim.TAKEN: Outcome.IN_PROGRESS,
}


def upload_picture(client: WebClient, digest: Digest) -> tuple[str, str] | None:
    """Upload the digest's picture, which is shared nowhere yet; return its id and its words, None where it fails."""
    try:
        chart = digest.chart()
        if chart is None:
            return None
        answer = client.files_upload_v2(
            filename=chart.filename, title=chart.title, content=chart.png, alt_txt=chart.alt_text
        )
        file_id = str(answer["files"][0]["id"])
        for pause in _PICTURE_PAUSES:
            # Until Slack knows what kind of file it is, no block may show it.
            if client.files_info(file=file_id)["file"].get("mimetype"):
                return file_id, chart.alt_text
            waiting.sleep(pause)
    except Exception as error:  # noqa: BLE001 - whatever it was, the digest goes without its picture
        log_error(error)
    return None


def _make(services: Services, subscription: Subscription, audience: Audience, day: date) -> tuple[Digest, bool]:
    """Return the digest, and whether it says anything that the subscription's last one did not."""
    last = services.state.last_digest(subscription.subscription_id)
    digest = make_digest(
        services.snapshots,
        day=day,
        may_see=audience.may_see,
        territory=subscription.territory,
        top=subscription.top,
        handled=count_handled(services.state, since=services.clock() - services.cooldown),
        last=last,
    )
    return digest, last is None or last.content != digest.content


def _post(client: WebClient, digest: Digest, channel: str, key: str, picture: tuple[str, str] | None) -> str:
    metadata = {"event_type": _EVENT_TYPE, "event_payload": {"key": key}}
    if picture:
        message = digest.message(picture)
        try:
            answer = client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=list(message.blocks),
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
            )
            return str(answer["ts"])
        except SlackApiError as error:
            if error.response.get("error") != "invalid_blocks":
                raise
            logger.warning("Slack refused the digest's picture; the digest was posted without it")
    return post(client, digest.message(), channel=channel, metadata=metadata)


def _tell_failure(services: Services, client: WebClient, subscription: Subscription, day: date, reason: str) -> None:
    """Tell who subscribed, once a day, that the digest is late; what mends itself within minutes is not told."""
    moment = due_moment(day, at=subscription.at, timezone=ZoneInfo(subscription.timezone))
    if not subscription.created_by or services.clock() - moment < _PATIENCE:
        return
    where = "here" if subscription.channel.startswith("D") else "in the channel that you subscribed"
    sentence = f"I could not post today's digest {where}. {reason} I go on trying until the end of the day."
    try:
        if services.state.claim_event(
            f"digest-failed:{subscription.subscription_id}:{day.isoformat()}", now=services.clock()
        ):
            direct = client.conversations_open(users=subscription.created_by)["channel"]["id"]
            post(client, sentence_message(sentence), channel=direct)
    except Exception as error:  # noqa: BLE001 - as above: telling is all that could be done
        log_error(error)


def _posted(subscription: Subscription, message_ts: str, *, at: datetime) -> PostedMessage:
    """Return the message as one that who subscribed may have deleted; of a channel of the settings, nobody but ops."""
    return PostedMessage(
        channel=subscription.channel,
        message_ts=message_ts,
        thread_ts=None,
        requested_by=subscription.created_by,
        account_id=None,
        posted_at=at,
    )


def _audit_row(digest: Digest, channel: str, *, at: datetime) -> AuditRow:
    """Return the line of the audit: nobody asked, and all who read the channel saw these accounts."""
    return AuditRow(
        at=at,
        user_id="",
        channel=channel,
        kind=AuditKind.DIGEST,
        snapshot_id=digest.info.snapshot_id,
        evidence=digest.account_ids,
    )


def _find_posted(client: WebClient, subscription: Subscription, key: str, day: date) -> str | None:
    # An hour earlier, so that no difference between Slack's clock and ours hides it.
    oldest = due_moment(day, at=time(), timezone=ZoneInfo(subscription.timezone)) - timedelta(hours=1)
    pages = client.conversations_history(
        channel=subscription.channel,
        oldest=f"{oldest.astimezone(UTC).timestamp():.6f}",
        include_all_metadata=True,
        limit=_HISTORY_PAGE,
    )
    for page in pages:
        for message in page["messages"]:
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == _EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
                return str(message["ts"])
    return None
