"""The slash command."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.incoming import plain_text
from bot.listeners.asking import ask
from bot.listeners.subscriptions import ask_for_subscription
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.services import Services


def handle_precall(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Answer ``/precall <account>`` with a brief whose thread can be asked about."""
    room, asked, trigger_id = find_room(body, client, respond), plain_text(body.get("text")), body["trigger_id"]
    with acknowledging(ack):
        if asked.lower() != "subscribe":
            services.desk.take(room, trigger_id, partial(ask, services, room, asked), ack=ack)
        # A command whose acknowledgement was lost may arrive again, and a modal opens once.
        elif services.state.claim_event(trigger_id, now=services.clock()):
            ask_for_subscription(services, room, trigger_id)
