"""What a person asked for, wherever it was asked: help, the model card, or an account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.admission import enter
from bot.audit import AuditKind, audit_view
from bot.blocks import documents_message, help_message, model_message
from bot.conversation import answer_question, open_brief
from bot.why import answer_why, parse_why
from pipeline.card import describe_model
from storage.errors import NoSnapshotError

if TYPE_CHECKING:
    from bot.room import Room
    from bot.services import Services
    from storage.records import Words
    from storage.state import Thread

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
    elif account.lower() in {"docs", "documents"}:
        audit_view(services, room, AuditKind.DOCUMENTS)
        room.whisper(documents_message(services.shelf.current(), now=services.clock()))
    else:
        open_brief(services, visit, room, account, private=private)


def follow_up(services: Services, room: Room, thread: Thread, question: str) -> None:
    """Answer a question in the thread of a brief, to everybody there if they may all see the account."""
    if entered := enter(services, room, thread):
        answer_question(services, entered, thread, question)


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
