"""Messages: a question in the thread of a brief, or an account named to the bot itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.incoming import plain_text
from bot.listeners.asking import ask, follow_up
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import BoltContext
    from slack_sdk import WebClient

    from bot.services import Services

_WRITTEN_BY_PERSONS = frozenset({None, "file_share", "thread_broadcast"})
_THANKS = re.compile(
    r"(many |ok |great |perfect )?(thanks|thank you|thx|cheers|ta)( a lot| so much| all)?[ !.:)]*", re.IGNORECASE
)


def handle_mention(
    services: Services, body: dict[str, Any], event: dict[str, Any], client: WebClient, context: BoltContext
) -> None:
    """Answer ``@precall <account>``."""
    _hear(services, body, event, client, context, addressed=True)


def handle_message(
    services: Services, body: dict[str, Any], event: dict[str, Any], client: WebClient, context: BoltContext
) -> None:
    """Answer a question in the thread of a brief, and a direct message."""
    _hear(services, body, event, client, context, addressed=event.get("channel_type") == "im")


def _hear(
    services: Services,
    body: dict[str, Any],
    event: dict[str, Any],
    client: WebClient,
    context: BoltContext,
    *,
    addressed: bool,
) -> None:
    if event.get("subtype") not in _WRITTEN_BY_PERSONS or event.get("bot_id") or not event.get("user"):
        return
    room = find_room(body, client, respond=None)
    thread = services.state.find_thread(room.channel, room.thread_ts) if room.thread_ts else None
    text = plain_text(event.get("text"), bot_user_id=context.bot_user_id)
    if (thread is None and not addressed) or (thread and (not text or _THANKS.fullmatch(text))):
        return
    # One message can arrive as a mention and as a message, and each of them again when an answer was lost.
    if not services.state.claim_event(f"{room.channel}:{event['ts']}", now=services.clock()):
        return
    if thread is None:
        ask(services, room, text)
    else:
        follow_up(services, room, thread, text)
