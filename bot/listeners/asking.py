"""What a person asked for, wherever it was asked: help, the model card, or an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.blocks import help_message, model_message
from bot.conversation import open_brief
from pipeline.card import describe_model
from storage.errors import NoSnapshotError

if TYPE_CHECKING:
    from bot.room import Room
    from bot.services import Services
    from storage.records import Words


def ask(services: Services, room: Room, asked: str) -> None:
    """Explain precall, or its model, to who asked for that, else open the brief of the account."""
    if asked.lower() in {"", "help", "?"}:
        room.whisper(help_message(_find_words(services)))
    elif asked.lower() == "model":
        with services.snapshots.lease() as snapshot:
            room.whisper(model_message(describe_model(snapshot)))
    else:
        open_brief(services, room, asked)


def _find_words(services: Services) -> Words | None:
    try:
        with services.snapshots.lease() as snapshot:
            return snapshot.info.words
    except NoSnapshotError:
        return None
