"""A line in the audit for every answer and view.

It is written before what it is about can be read: what cannot be recorded is not shown, and a line whose message Slack
did not take is the lesser evil.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.plan import Answer, Plan
from storage.state import AuditRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.brief import Brief
    from bot.room import Room
    from bot.services import Services


class AuditKind(StrEnum):
    """What was asked for."""

    BRIEF = "brief"
    PLAN = "plan"
    ANSWER = "answer"
    CHOICES = "choices"
    MODEL = "model"
    DOCUMENTS = "documents"
    DIGEST = "digest"
    HOME = "home"
    WHY = "why"
    EVIDENCE = "evidence"
    PDF = "pdf"
    WRITTEN_AHEAD = "written ahead"
    UNSUBSCRIBED = "subscription ended"


def audit_view(
    services: Services, room: Room, kind: AuditKind, *, snapshot_id: str | None = None, account_ids: Iterable[str] = ()
) -> None:
    """Record that a person was shown something about these accounts."""
    services.state.audit(
        AuditRow(
            at=services.clock(),
            user_id=room.user_id,
            channel=room.channel,
            thread_ts=room.thread_ts,
            kind=kind,
            snapshot_id=snapshot_id,
            evidence=tuple(account_ids),
        )
    )


def audit_unsubscribed(services: Services, room: Room, subscription_id: str) -> None:
    """Record that somebody who runs the bot ended what another person had subscribed."""
    services.state.audit(
        AuditRow(
            at=services.clock(),
            user_id=room.user_id,
            channel=room.channel,
            kind=AuditKind.UNSUBSCRIBED,
            evidence=(subscription_id,),
        )
    )


def audit_brief(services: Services, room: Room, brief: Brief) -> None:
    """Record that a person was shown a brief, with all its evidence."""
    services.state.audit(
        AuditRow(
            at=services.clock(),
            user_id=room.user_id,
            channel=room.channel,
            thread_ts=room.thread_ts,
            kind=AuditKind.BRIEF,
            account_id=brief.account.account_id,
            snapshot_id=brief.snapshot.snapshot_id,
            evidence=tuple(item.evidence_id for item in brief.evidence),
        )
    )


def audit_text(services: Services, room: Room, brief: Brief, text: Plan | Answer, *, thread_ts: str) -> None:
    """Record that a person was shown a plan or an answer: what it cites, who wrote it and what that cost.

    The other accounts that an answer tells of stand behind what it cites, by their ids.
    """
    kind = AuditKind.PLAN if isinstance(text, Plan) else AuditKind.ANSWER
    services.state.audit(
        _text_row(brief, text, kind, at=services.clock(), user_id=room.user_id, channel=room.channel, ts=thread_ts)
    )


def audit_written_ahead(services: Services, brief: Brief, plan: Plan) -> None:
    """Record what a plan cost that nobody has asked for yet, and so nobody was shown."""
    services.state.audit(
        _text_row(brief, plan, AuditKind.WRITTEN_AHEAD, at=services.clock(), user_id="", channel="", ts="")
    )


def _text_row(
    brief: Brief, text: Plan | Answer, kind: AuditKind, *, at: datetime, user_id: str, channel: str, ts: str
) -> AuditRow:
    if isinstance(text, Plan):
        statements = [item for section in text.sections for item in section.statements]
        statements += [text.promotion] if text.promotion else []
    else:
        statements = list(text.statements)
    others = text.account_ids if isinstance(text, Answer) else ()
    usage = text.authorship.usage
    return AuditRow(
        at=at,
        user_id=user_id,
        channel=channel,
        thread_ts=ts,
        kind=kind,
        account_id=brief.account.account_id,
        snapshot_id=brief.snapshot.snapshot_id,
        evidence=(*dict.fromkeys(each for statement in statements for each in statement.evidence), *others),
        model=text.authorship.model,
        input_tokens=usage.input_tokens if usage else 0,
        cache_read_tokens=usage.cache_read_tokens if usage else 0,
        cache_write_tokens=usage.cache_write_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        dollars=usage.dollars if usage else None,
        seconds=usage.seconds if usage else 0.0,
        dropped=text.authorship.dropped,
    )
