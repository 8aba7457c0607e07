"""The Home tab: opening it, and its search."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.conversation import open_brief
from bot.home import find_accounts, publish_home, show_home
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import Ack
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services


def handle_home_opened(services: Services, ack: Ack, event: dict[str, Any], client: WebClient) -> None:
    """Show the Home tab as it is now."""
    with acknowledging(ack):
        if event.get("tab") == "home":
            publish_home(services, client, event["user"], channel=event["channel"])


def suggest_accounts(services: Services, ack: Ack, body: dict[str, Any]) -> None:
    """Offer the accounts that fit what was typed, of those that this person may see."""
    viewer = services.access.viewer(body["user"]["id"])
    ack(options=[] if viewer.outsider else find_accounts(services, viewer, body["value"]))


def handle_found(services: Services, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    """Open the brief of the account that was chosen in the direct messages, and empty the search again."""
    room, found = find_room(body, client, respond=None), body["actions"][0]["selected_option"]["value"]
    with acknowledging(ack):
        services.desk.take(room, body["trigger_id"], partial(_open_found, services, room, found), ack=ack)


def _open_found(services: Services, room: Room, found: str) -> None:
    visit = services.access.visit(room.user_id, room.channel)
    if visit.refusal:
        room.tell(visit.refusal)
        return
    show_home(services, room.client, room.user_id)
    open_brief(services, visit, room, found, private=False)
