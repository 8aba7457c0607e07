"""What people think of a message: thumbs, the reason for one that points down, the cross that takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from slack_sdk.errors import SlackApiError

from bot.acknowledgement import acknowledging
from bot.admission import enter
from bot.controls import Subject, given, reason_modal
from bot.incoming import plain_text
from bot.rights import Role
from bot.room import GONE, find_room
from storage.state import Feedback

if TYPE_CHECKING:
    from slack_bolt import Ack, BoltContext, Respond
    from slack_sdk import WebClient

    from bot.services import Services

_CROSS = "x"


def handle_useful(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Record that somebody found a message useful."""
    with acknowledging(ack):
        if subject := _take(services, body, client, respond):
            vote_on(services, subject, body["user"]["id"], vote=1)
    if subject:
        find_room(body, client, respond).tell("Thank you, noted.")


def handle_not_useful(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Record that somebody did not find a message useful, and ask why."""
    with acknowledging(ack):
        if subject := _take(services, body, client, respond):
            vote_on(services, subject, body["user"]["id"], vote=-1)
    if subject:
        client.views_open(trigger_id=body["trigger_id"], view=reason_modal(subject))


def handle_reason(services: Services, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    """Record why; the modal closes when it is recorded."""
    subject, room = Subject.of_view(body["view"]), find_room(body, client, respond=None)
    if enter(services, room, services.state.find_thread(subject.channel, subject.thread_ts)):
        vote_on(services, subject, body["user"]["id"], vote=-1, reason=plain_text(given(body["view"])))
    ack()


def handle_reaction(services: Services, ack: Ack, event: dict[str, Any], client: WebClient) -> None:
    """Delete a message of the bot when who asked for it, or ops, marks it with a cross."""
    with acknowledging(ack):
        _delete_crossed(services, event, client)


def _delete_crossed(services: Services, event: dict[str, Any], client: WebClient) -> None:
    if event["reaction"] != _CROSS or event["item"].get("type") != "message":
        return
    channel, ts = event["item"]["channel"], event["item"]["ts"]
    message = services.state.find_message(channel, ts)
    if message is None or message.deleted_at is not None:
        return
    if event["user"] != message.requested_by and services.access.viewer(event["user"]).role is not Role.OPS:
        return
    try:
        client.chat_delete(channel=channel, ts=ts)
    except SlackApiError as error:
        if error.response.get("error") != GONE:
            raise
    services.state.mark_message_deleted(channel, ts, now=services.clock())


def is_deletion(event: dict[str, Any]) -> bool:
    """Return whether a message was deleted in Slack, by whomever."""
    return event.get("subtype") == "message_deleted"


def handle_deleted(services: Services, ack: Ack, event: dict[str, Any], context: BoltContext) -> None:
    """Take out of the conversation what was deleted in Slack: one's own question, or as an admin any message."""
    channel, thread_ts = event["channel"], event.get("previous_message", {}).get("thread_ts")
    with acknowledging(ack):
        if context.user_id == context.bot_user_id or (thread_ts and services.state.find_thread(channel, thread_ts)):
            services.state.mark_message_deleted(channel, event["deleted_ts"], now=services.clock())


def _take(services: Services, body: dict[str, Any], client: WebClient, respond: Respond) -> Subject | None:
    """Return what was voted on, unless the click came before or this person may not see it."""
    subject = Subject.of_click(body)
    # A click whose acknowledgement was lost may arrive again.
    if not services.state.claim_event(body["trigger_id"], now=services.clock()):
        return None
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    return subject if enter(services, find_room(body, client, respond), thread) else None


def vote_on(services: Services, subject: Subject, user_id: str, *, vote: Literal[1, -1], reason: str = "") -> None:
    """Record what a person thinks of a message."""
    services.state.add_feedback(
        Feedback(
            channel=subject.channel,
            message_ts=subject.message_ts,
            user_id=user_id,
            vote=vote,
            reason=reason,
            at=services.clock(),
        )
    )
