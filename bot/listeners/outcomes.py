"""What became of a recommended action: the menu beside it, and the modal that asks for more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.admission import enter
from bot.blocks import sentence_message
from bot.controls import Subject, fault, find_action, given, outcome_modal
from bot.incoming import plain_text
from bot.outcomes import describe_outcome, read_amount
from bot.room import find_room
from storage.state import ActionOutcome, OutcomeStatus

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services
    from storage.records import Words
    from storage.state import Thread


def handle_outcome(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Record that an action was done, or ask what there is to say about it."""
    with acknowledging(ack):
        _take(services, ack, body, client, respond)


def _take(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    status = body["actions"][0]["selected_option"]["value"]
    subject = replace(Subject.of_click(body), action=find_action(body), status=status)
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    entered = enter(services, find_room(body, client, respond), thread)
    if not entered or not thread:
        return
    if status == OutcomeStatus.DONE:
        outcome = _record(services, entered, thread, subject, key=body["trigger_id"])
        ack()
        _confirm(services, entered, thread, outcome, key=body["trigger_id"])
    # A click whose acknowledgement was lost may arrive again, and a modal opens once.
    elif services.state.claim_event(body["trigger_id"], now=services.clock()):
        client.views_open(trigger_id=body["trigger_id"], view=outcome_modal(subject, words=_words(services)))


def handle_outcome_modal(services: Services, ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    """Record what was said, or say below the field what cannot be read; the modal closes when it is recorded."""
    view = body["view"]
    subject, said, key = Subject.of_view(view), plain_text(given(view)), f"view:{view['id']}"
    reason, amount = said, None
    if subject.status != OutcomeStatus.NOT_NOW:
        reason, amount = "", read_amount(said, unit=_words(services).unit) if said else None
        if said and amount is None:
            ack(response_action="errors", errors=fault("I cannot read this amount. Write it as 12500 or 12.5K."))
            return
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    entered = enter(services, find_room(body, client, respond=None), thread)
    if not entered or not thread:
        ack()
        return
    outcome = _record(services, entered, thread, subject, key=key, reason=reason, amount=amount)
    ack()
    _confirm(services, entered, thread, outcome, key=key)


def _record(
    services: Services,
    room: Room,
    thread: Thread,
    subject: Subject,
    *,
    key: str,
    reason: str = "",
    amount: float | None = None,
) -> ActionOutcome:
    outcome = ActionOutcome(
        account_id=thread.account_id,
        action=subject.action,
        snapshot_id=thread.snapshot_id,
        user_id=room.user_id,
        status=OutcomeStatus(subject.status),
        at=services.clock(),
        reason=reason,
        amount=amount,
    )
    services.state.add_outcome(outcome, outcome_id=key)
    return outcome


def _confirm(services: Services, room: Room, thread: Thread, outcome: ActionOutcome, *, key: str) -> None:
    if services.state.claim_event(key, now=services.clock()):
        said = describe_outcome(outcome, who=services.access.name_of(room.user_id), words=_words(services))
        room.post(sentence_message(f"Noted: {said}"), thread_ts=thread.thread_ts)


def _words(services: Services) -> Words:
    with services.snapshots.lease() as snapshot:
        return snapshot.info.words
