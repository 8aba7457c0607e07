"""From a private brief to a room: the buttons, and the choice of a channel."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.admission import enter
from bot.controls import Subject, fault, given, share_modal
from bot.conversation import find_obstacle, share_brief
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services
    from storage.state import Thread


def handle_share(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Ask where to share the brief whose button was pressed."""
    subject, room = Subject.of_click(body), find_room(body, client, respond)
    with acknowledging(ack):
        if enter(services, room, services.state.find_thread(subject.channel, subject.thread_ts)):
            view = share_modal(subject, origin=body["actions"][0]["value"])
            client.views_open(trigger_id=body["trigger_id"], view=view)


def handle_share_here(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Share a brief to the room in which the person was told that it went to them."""
    room = find_room(body, client, respond)
    with acknowledging(ack):
        thread = services.state.find_thread(*body["actions"][0]["value"].split(" "))
        if thread is not None:
            work = partial(_share_here, services, room, thread)
            services.desk.take(room, body["trigger_id"], work, ack=ack)


def _share_here(services: Services, room: Room, thread: Thread) -> None:
    if obstacle := find_obstacle(services, room, thread):
        room.tell(obstacle)
    else:
        share_brief(services, room, thread)


def handle_share_modal(services: Services, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    """Share a brief to the channel that was chosen, or say below the choice why not."""
    room = find_room(body, client, respond=None)
    thread = services.state.find_thread(room.channel, room.thread_ts or "")
    target = replace(room, channel=given(body["view"]), thread_ts=None)
    obstacle = find_obstacle(services, target, thread) if thread else ""
    if obstacle:
        ack(response_action="errors", errors=fault(obstacle))
        return
    with acknowledging(ack):
        if thread:
            work = partial(share_brief, services, target, thread)
            services.desk.take(room, f"view:{body['view']['id']}", work, ack=ack)
