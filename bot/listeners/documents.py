"""Files in the documents' channel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.acknowledgement import acknowledging
from bot.blocks import sentence_message, taken_in_message
from bot.boundary import told
from bot.rights import Role
from bot.room import find_room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slack_bolt import Ack
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services

_MOST_FILES: Final = 10  # as many as Slack lets a person share in one message


def is_dropped_document(services: Services, event: dict[str, Any]) -> bool:
    """Return whether a person shared files in the channel that is there for documents."""
    return (
        event.get("subtype") == "file_share"
        and services.intake.channel is not None
        and event.get("channel") == services.intake.channel
        and bool(event.get("user") and not event.get("bot_id"))
    )


def handle_document(
    services: Services, ack: Ack, body: dict[str, Any], event: dict[str, Any], client: WebClient
) -> None:
    """Take in every PDF of a message and say in its thread what became of it."""
    room, files = find_room(body, client, respond=None), event.get("files", [])[:_MOST_FILES]
    work = partial(_take_in, services, room, files, thread_ts=event.get("thread_ts") or event["ts"])
    with acknowledging(ack):
        services.desk.take(room, f"{event['channel']}:{event['ts']}", work, ack=ack)


def _take_in(services: Services, room: Room, files: Sequence[Mapping[str, Any]], *, thread_ts: str) -> None:
    viewer = services.access.viewer(room.user_id)
    if viewer.outsider:
        room.tell("Only full members of this workspace can add documents.")
        return
    if not services.access.is_open and viewer.role is not Role.OPS:
        room.tell("Only people with the role ops can add documents here.")
        return

    def tell(sentence: str) -> None:
        room.post(sentence_message(sentence), thread_ts=thread_ts)

    for file in files:
        with told(tell=tell, lead="I could not take in a file."):
            room.post(taken_in_message(services.intake.take_in(room.client, file)), thread_ts=thread_ts)
