"""How a question was read: the buttons for who meant something else, and for who meant what is proposed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from bot.acknowledgement import acknowledging
from bot.admission import enter
from bot.controls import Subject
from bot.conversation import answer_anew, answer_proposed
from bot.listeners.feedback import vote_on
from bot.room import find_room
from bot.tools.calls import ToolCall

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services

_MISREAD: Final = "It is not what was asked."
_OUTDATED: Final = "I no longer understand what I proposed there: precall was updated since. Ask it again."
_CALL: Final[TypeAdapter[ToolCall]] = TypeAdapter(ToolCall)


def handle_misread(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Have a question answered anew that was taken for another."""
    room, work = find_room(body, client, respond), partial(_answer_anew, services, Subject.of_click(body))
    with acknowledging(ack):
        services.desk.take(room, body["trigger_id"], partial(work, room), ack=ack)


def handle_proposed(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Answer what a question was proposed to mean."""
    room, proposed = find_room(body, client, respond), body["actions"][0]["value"]
    work = partial(_answer_proposed, services, Subject.of_click(body), proposed)
    with acknowledging(ack):
        services.desk.take(room, body["trigger_id"], partial(work, room), ack=ack)


def _answer_anew(services: Services, subject: Subject, room: Room) -> None:
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    entered = enter(services, room, thread)
    if entered and thread:
        vote_on(services, subject, room.user_id, vote=-1, reason=_MISREAD)
        with entered.working(thread.thread_ts, "is reading it again"):
            answer_anew(services, entered, thread, misread_ts=subject.message_ts)


def _answer_proposed(services: Services, subject: Subject, proposed: str, room: Room) -> None:
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    entered = enter(services, room, thread)
    if not (entered and thread):
        return
    try:
        call = _CALL.validate_json(proposed)
    except ValidationError:
        entered.tell(_OUTDATED)
        return
    with entered.working(thread.thread_ts, "is looking it up"):
        answer_proposed(services, entered, thread, call, proposed_ts=subject.message_ts)
