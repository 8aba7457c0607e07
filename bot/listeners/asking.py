"""What a person asked for, wherever it was asked: help, the model card, or an account."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from bot.admission import enter
from bot.audit import AuditKind, audit_view
from bot.blocks import documents_message, help_message, model_message
from bot.conversation import answer_question, open_brief
from bot.lookup import find_named
from bot.subscribing import list_subscriptions, offer_subscription, send_digest
from bot.why import answer_why, parse_why
from pipeline.card import describe_model
from storage.errors import NoSnapshotError

if TYPE_CHECKING:
    from bot.room import Room
    from bot.services import Services
    from storage.records import Words
    from storage.state import Thread

_FOLLOWED: Final = timedelta(hours=24)
_NUDGE: Final = (
    "Nobody has asked me anything in this thread for a day, so I no longer read along. "
    "Mention me with your question and I answer it here."
)
_PRIVATE: Final = re.compile(r"(?<!\S)--?private(?!\S)", re.IGNORECASE)


def ask(services: Services, room: Room, asked: str) -> None:
    """Explain precall, its model or an allocation to who asked for that, else open the brief of the account."""
    visit = services.access.visit(room.user_id, room.channel)
    account, private = _take_private(asked)
    if visit.refusal:
        room.tell(visit.refusal)
    elif account.lower() in {"", "help", "?"}:
        room.whisper(help_message(_find_words(services)))
    elif account.lower() == "model":
        with services.snapshots.lease() as snapshot:
            audit_view(services, room, AuditKind.MODEL, snapshot_id=snapshot.info.snapshot_id)
            room.whisper(model_message(describe_model(snapshot)))
    elif (reasoned := parse_why(account)) is not None:
        answer_why(services, visit, room, reasoned)
    elif account.lower() in {"digest", "digest now"}:
        send_digest(services, visit, room)
    elif account.lower() == "subscribe":
        offer_subscription(room)
    elif account.lower() == "unsubscribe":
        list_subscriptions(services, room)
    elif account.lower() in {"docs", "documents"}:
        audit_view(services, room, AuditKind.DOCUMENTS)
        room.whisper(documents_message(services.shelf.current(), now=services.clock()))
    else:
        open_brief(services, visit, room, account, private=private)


def follow_up(services: Services, room: Room, thread: Thread, question: str, *, ts: str) -> None:
    """Answer the question of a message in the thread of a brief, to everybody there if they may all see the account.

    What names nothing but another account opens that one's brief, in a thread of its own.
    """
    entered = enter(services, room, thread)
    if not entered:
        return
    if _names_another(services, entered, thread, question):
        ask(services, replace(room, thread_ts=None), question)
    else:
        with entered.working(thread.thread_ts, "is looking it up"):
            answer_question(services, entered, thread, question, asked_ts=ts)


def is_fresh(services: Services, thread: Thread) -> bool:
    """Return whether so little time passed since something was said in a thread that it needs no mention."""
    turns = services.state.transcript(thread.channel, thread.thread_ts)
    last = max([thread.opened_at, *(turn.at for turn in turns)])
    return services.clock().astimezone(UTC).replace(tzinfo=None) < last + _FOLLOWED


def nudge(services: Services, room: Room, thread: Thread) -> None:
    """Tell who writes in an old thread, once for all who do, how to be heard there."""
    visit = services.access.visit(room.user_id, room.channel)
    if not visit.refusal and services.state.claim_nudge(thread.channel, thread.thread_ts, now=services.clock()):
        room.tell(_NUDGE)


def _names_another(services: Services, room: Room, thread: Thread, text: str) -> bool:
    with services.snapshots.lease() as snapshot:
        named = find_named(snapshot, text, may_see=room.may_see)
    return named is not None and named.account_id != thread.account_id


def _take_private(asked: str) -> tuple[str, bool]:
    """Return what was asked without ``--private``, of which a keyboard may have made one dash, and whether it was."""
    rest = _PRIVATE.sub(" ", asked)
    return " ".join(rest.split()) if rest != asked else asked, rest != asked


def _find_words(services: Services) -> Words | None:
    try:
        with services.snapshots.lease() as snapshot:
            return snapshot.info.words
    except NoSnapshotError:
        return None
