"""Subscribing to the digest and ending that, by command and by button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.controls import Subject
from bot.home import show_home
from bot.room import find_room
from bot.subscribing import confirm_subscription, end_subscription, find_obstacle, subscribe, territories
from bot.subscriptions import Wish, find_timezones, subscribe_modal

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services


def ask_for_subscription(services: Services, room: Room, trigger_id: str) -> None:
    """Open the modal that asks where, when and of what a digest is wanted."""
    viewer = services.access.viewer(room.user_id)
    if viewer.outsider:
        room.tell("I work for full members of this workspace only, so I cannot help you here. I am sorry.")
        return
    view = subscribe_modal(
        Subject(channel=room.channel, thread_ts="", message_ts=""),
        timezone=services.access.timezone(room.user_id),
        territories=territories(services, viewer),
        direct=room.is_direct,
    )
    room.client.views_open(trigger_id=trigger_id, view=view)


def handle_subscribe_button(
    services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond
) -> None:
    """Open the modal from a button."""
    with acknowledging(ack):
        ask_for_subscription(services, find_room(body, client, respond), body["trigger_id"])


def handle_subscribe_modal(services: Services, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    """Remember the subscription, then close the modal and confirm it, or say below the choice why not."""
    room, wish = find_room(body, client, respond=None), Wish.of_view(body["view"])
    if obstacle := find_obstacle(services, room, wish):
        ack(response_action="errors", errors={"place": obstacle})
        return
    key = f"view:{body['view']['id']}"
    subscription = subscribe(services, room, wish, subscription_id=key)
    ack()
    if services.state.claim_event(key, now=services.clock()):
        confirm_subscription(room, subscription)
    show_home(services, client, room.user_id)


def handle_unsubscribe(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """End the subscription that the button names."""
    room = find_room(body, client, respond)
    with acknowledging(ack):
        end_subscription(services, room, body["actions"][0]["value"])
    show_home(services, client, room.user_id)


def suggest_timezones(ack: Ack, body: dict[str, Any]) -> None:
    """Offer the time zones whose names hold what was typed."""
    ack(options=find_timezones(body["value"]))
