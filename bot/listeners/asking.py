"""What a person asked for, wherever it was asked: help, the model card, or an account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.blocks import help_message, model_message
from bot.conversation import answer_question, find_subject, open_brief
from pipeline.card import describe_model
from storage.errors import NoSnapshotError

if TYPE_CHECKING:
    from bot.room import Room
    from bot.services import Services
    from storage.records import Words
    from storage.state import Thread

_NOTHING_TO_TELL: Final = "There is nothing here that I can tell you about. Ask for a brief with /precall."


def ask(services: Services, room: Room, asked: str) -> None:
    """Explain precall, or its model, to who asked for that, else open the brief of the account."""
    visit = services.access.visit(room.user_id, room.channel)
    if visit.refusal:
        room.tell(visit.refusal)
    elif asked.lower() in {"", "help", "?"}:
        room.whisper(help_message(_find_words(services)))
    elif asked.lower() == "model":
        with services.snapshots.lease() as snapshot:
            room.whisper(model_message(describe_model(snapshot)))
    else:
        open_brief(services, visit, room, asked)


def follow_up(services: Services, room: Room, thread: Thread, question: str) -> None:
    """Answer a question in the thread of a brief, to everybody there if they may all see the account.

    The rights are those of the person who asks and of the room as they are now, whoever opened the thread.
    """
    visit = services.access.visit(room.user_id, room.channel)
    account = find_subject(services, thread)
    if visit.refusal:
        room.tell(visit.refusal)
    elif account is None or not visit.viewer.may_see(account):
        room.tell(_NOTHING_TO_TELL)
    else:
        private = not visit.audience.may_see(account)
        answer_question(services, replace(room, private=private), thread, question)


def _find_words(services: Services) -> Words | None:
    try:
        with services.snapshots.lease() as snapshot:
            return snapshot.info.words
    except NoSnapshotError:
        return None
