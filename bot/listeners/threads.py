"""Messages: a question in the thread of a brief, or an account named to the bot itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.incoming import plain_text
from bot.listeners.asking import ask, follow_up, is_fresh, nudge
from bot.manners import asks_nothing, is_for_others
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import Ack, BoltContext
    from slack_sdk import WebClient

    from bot.services import Services

_WRITTEN_BY_PERSONS = frozenset({None, "file_share", "thread_broadcast"})


def handle_message(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
    """Answer a question in the thread of a brief, a mention such as ``@precall <account>``, and a direct message."""
    with acknowledging(ack):
        _hear(services, ack, body, client, context)


def _hear(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, context: BoltContext) -> None:
    event = body["event"]
    direct = event.get("channel_type") == "im"
    if event.get("subtype") not in _WRITTEN_BY_PERSONS or event.get("bot_id") or not event.get("user"):
        return
    room, bot_user_id = find_room(body, client, respond=None), str(context.bot_user_id)
    thread = services.state.find_thread(room.channel, room.thread_ts) if room.thread_ts else None
    written = event.get("text") or ""
    text = plain_text(written, bot_user_id=bot_user_id)
    addressed = direct or f"<@{bot_user_id}" in written
    if thread is None and not addressed:
        return
    if (thread and not text) or (text and asks_nothing(text)):
        return
    if not direct and is_for_others(written, bot_user_id=bot_user_id):
        return
    if thread and not addressed and not is_fresh(services, thread):
        ack()
        nudge(services, room, thread)
        return
    work = (
        partial(follow_up, services, room, thread, text, ts=event["ts"])
        if thread
        else partial(ask, services, room, text)
    )
    # One message can arrive as a mention and as a message, and each of them again when an answer was lost.
    services.desk.take(room, f"{room.channel}:{event['ts']}", work, ack=ack)
