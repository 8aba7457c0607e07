"""The buttons."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.incoming import plain_text
from bot.listeners.asking import ask
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.services import Services


def handle_brief_button(
    services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond
) -> None:
    """Do what ``/precall`` does with the account that the button names."""
    room, account = find_room(body, client, respond), plain_text(body["actions"][0]["value"])
    with acknowledging(ack):
        services.desk.take(room, body["trigger_id"], partial(ask, services, room, account), ack=ack)
