"""Answers to a command or an interaction: in the acknowledgement's body or, later, at the response URL."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.workspace.errors import SlackError

if TYPE_CHECKING:
    from bot.workspace.events import ResponseUrl
    from bot.workspace.records import Json, Message
    from bot.workspace.web_api import Call


def parse(body: str) -> Json | None:
    """Return an answer's fields, ``None`` when it says nothing; plain text is an answer as it stands."""
    if not body.strip():
        return None
    if not body.lstrip().startswith("{"):
        return {"text": body}
    fields: Json = json.loads(body)
    return fields


def answer(call: Call, where: ResponseUrl, *, ts: str | None = None) -> None:
    """Post, replace or delete what the call's arguments say, where a person asked; at this place in time, or now.

    Neither scope nor membership is needed here: the person let the app in by asking.

    Raises:
        SlackError: When Slack would not take the message.
    """
    state = call.state
    original = state.find_message(where.channel, where.ts) if where.ts else None
    if call.flag("delete_original"):
        state.remove(_existing(original))
    elif call.flag("replace_original"):
        draft = call.draft(where.channel, ts=_existing(original).ts)
        state.keep(replace(_existing(original), text=draft.text, blocks=draft.blocks, edited=True))
    else:
        draft = call.draft(where.channel, ts=ts or state.next_ts())
        draft = replace(draft, thread_ts=call.text("thread_ts") or None)
        if call.text("response_type", "ephemeral") == "in_channel":
            call.deliveries.message_later(state.keep(draft))
        else:
            state.keep_ephemeral(replace(draft, ephemeral_to=where.user))


def _existing(message: Message | None) -> Message:
    if message is None:
        raise SlackError("no_original_message")
    return message
