"""The buttons that show what a plan rests on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.acknowledgement import acknowledging
from bot.admission import enter
from bot.audit import AuditKind, audit_view
from bot.controls import Subject
from bot.kept_plan import recall
from bot.papers import NOTHING_KEPT, evidence_modal, share_pdf
from bot.room import find_room

if TYPE_CHECKING:
    from slack_bolt import Ack, Respond
    from slack_sdk import WebClient

    from bot.room import Room
    from bot.services import Services


def handle_evidence(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Show the person who pressed the button the evidence of each statement."""
    with acknowledging(ack):
        _open_evidence(services, Subject.of_click(body), find_room(body, client, respond), body["trigger_id"])


def _open_evidence(services: Services, subject: Subject, room: Room, trigger_id: str) -> None:
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    if not enter(services, room, thread) or thread is None:
        return
    kept = services.state.find_shown_plan(thread.channel, thread.thread_ts)
    if kept is None:
        room.tell(NOTHING_KEPT)
        return
    audit_view(services, room, AuditKind.EVIDENCE, snapshot_id=thread.snapshot_id, account_ids=[thread.account_id])
    room.client.views_open(trigger_id=trigger_id, view=evidence_modal(recall(kept)))


def handle_pdf(services: Services, ack: Ack, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Upload the brief as a PDF: into its thread, or to the person alone where not everybody may see it."""
    room = find_room(body, client, respond)
    work = partial(_share_pdf, services, room, Subject.of_click(body))
    with acknowledging(ack):
        services.desk.take(room, body["trigger_id"], work, ack=ack)


def _share_pdf(services: Services, room: Room, subject: Subject) -> None:
    thread = services.state.find_thread(subject.channel, subject.thread_ts)
    entered = enter(services, room, thread)
    if entered and thread:
        audit_view(services, entered, AuditKind.PDF, snapshot_id=thread.snapshot_id, account_ids=[thread.account_id])
        share_pdf(services, entered, thread)
