"""A brief in its thread, and the questions that are asked in it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.blocks import (
    answer_message,
    headline_message,
    plan_messages,
    sent_directly_message,
    sentence_message,
    several_accounts_message,
    unknown_account_message,
)
from bot.boundary import told
from bot.brief import make_brief
from bot.errors import AccountGoneError
from bot.evidence import EvidenceKind, passage_evidence
from bot.lookup import Unclear, look_up
from bot.report import plan_markdown
from storage.errors import SnapshotGoneError
from storage.state import Thread, Turn

if TYPE_CHECKING:
    from bot.access import Visit
    from bot.brief import Brief
    from bot.charts import Chart
    from bot.evidence import Evidence
    from bot.room import Room
    from bot.services import Services
    from storage.records import Account

# Together some 13 seconds: a share that takes longer appears below the plan, which is better than no plan.
_SHARE_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
_PASSAGES_PER_QUESTION = 5


def open_brief(services: Services, visit: Visit, room: Room, asked: str) -> None:
    """Post the brief of the account that was asked for, where everybody may see it; else send it to who asked.

    Where no single account is meant, only the person who asked is told, with the closest ones to choose from.
    """
    with services.snapshots.lease() as snapshot:
        found = look_up(snapshot, asked, may_see=visit.viewer.may_see)
        if isinstance(found, Unclear):
            message = several_accounts_message if found.exact else unknown_account_message
            room.whisper(message(found.asked, found.choices, words=snapshot.info.words))
            return
        brief = make_brief(snapshot, found, library=services.shelf.current())
    if visit.may_post(found):
        post_brief(services, room, brief)
        return
    direct = room.direct()
    room.whisper(sent_directly_message(visit.reserve, link=post_brief(services, direct, brief)))


def post_brief(services: Services, room: Room, brief: Brief) -> str:
    """Post a parent message, and in its thread the pictures and the plan; return the address of the parent.

    Asked within a thread, that thread becomes the brief's.
    """
    parent_ts = room.post(headline_message(brief), thread_ts=room.thread_ts)
    thread = Thread(
        channel=room.channel,
        thread_ts=room.thread_ts or parent_ts,
        account_id=brief.account.account_id,
        snapshot_id=brief.snapshot.snapshot_id,
        opened_by=room.user_id,
        opened_at=services.clock(),
    )
    services.state.open_thread(thread)
    tell = partial(_tell_thread, room, thread)
    with told(tell=tell, lead="The pictures are missing."):
        _share_charts(room, thread, services.gallery.charts(brief))
    with told(tell=tell, lead="The plan is missing."):
        _post_plan(services, room, thread, brief)
    return room.find_link(parent_ts)


def find_subject(services: Services, thread: Thread) -> Account | None:
    """Return the account that a thread is about as the newest data know it, else as the thread's own did."""
    for snapshot_id in (None, thread.snapshot_id):
        with suppress(SnapshotGoneError), services.snapshots.lease(snapshot_id) as snapshot:
            if account := snapshot.find_account(thread.account_id):
                return account
    return None


def answer_question(services: Services, room: Room, thread: Thread, question: str) -> None:
    """Answer in the thread, from the thread's own brief and what was said so far."""
    with told(tell=partial(_tell_thread, room, thread), lead="I could not answer this."):
        transcript = services.state.transcript(thread.channel, thread.thread_ts)
        _remember(services, thread, Turn(author="person", user_id=room.user_id, text=question, at=services.clock()))
        brief = _recall_brief(services, room, thread)
        passages = _find_passages(services, question, brief)
        answer = services.writer.answer(brief, question, transcript=transcript, passages=passages)
        brief = replace(brief, evidence=(*brief.evidence, *passages))
        message = answer_message(brief, answer)
        room.post(message, thread_ts=thread.thread_ts)
        said = " ".join(statement.text for statement in answer.statements)
        _remember(services, thread, Turn(author="precall", user_id="", text=said, at=services.clock()))


def _share_charts(room: Room, thread: Thread, charts: tuple[Chart, ...]) -> None:
    uploads = [
        {"filename": chart.filename, "title": chart.title, "content": chart.png, "alt_txt": chart.alt_text}
        for chart in charts
    ]
    answer = room.client.files_upload_v2(channel=thread.channel, thread_ts=thread.thread_ts, file_uploads=uploads)
    file_ids = [file["id"] for file in answer["files"]]
    for pause in _SHARE_PAUSES:
        # Slack shares after it has answered; what is posted before that would stand above the pictures.
        if all(room.client.files_info(file=file_id)["file"].get("shares") for file_id in file_ids):
            return
        time.sleep(pause)


def _post_plan(services: Services, room: Room, thread: Thread, brief: Brief) -> None:
    plan = services.writer.write_plan(brief)
    for message in plan_messages(brief, plan):
        room.post(message, thread_ts=thread.thread_ts)
    text = plan_markdown(brief, plan)
    _remember(services, thread, Turn(author="precall", user_id="", text=text, at=services.clock()))


def _recall_brief(services: Services, room: Room, thread: Thread) -> Brief:
    try:
        return _make_brief_of(services, thread, snapshot_id=thread.snapshot_id)
    except SnapshotGoneError:
        brief = _make_brief_of(services, thread, snapshot_id=None)
        _tell_thread(room, thread, "The data of this thread is no longer kept; I answer from the newest.")
        return brief


def _make_brief_of(services: Services, thread: Thread, *, snapshot_id: str | None) -> Brief:
    with services.snapshots.lease(snapshot_id) as snapshot:
        account = snapshot.find_account(thread.account_id)
        if account is None:
            raise AccountGoneError(thread.account_id)
        return make_brief(snapshot, account, library=services.shelf.current())


def _find_passages(services: Services, question: str, brief: Brief) -> tuple[Evidence, ...]:
    """Return passages about the question that the brief does not have, numbered after its own."""
    library = services.shelf.current()
    known = {item.text for item in brief.evidence}
    hits = () if library is None else library.search(question, limit=_PASSAGES_PER_QUESTION)
    fresh = [hit for hit in hits if passage_evidence([hit])[0].text not in known]
    first = 1 + sum(item.kind is EvidenceKind.PASSAGE for item in brief.evidence)
    return passage_evidence(fresh, first=first)


def _remember(services: Services, thread: Thread, turn: Turn) -> None:
    services.state.add_turn(thread.channel, thread.thread_ts, turn)


def _tell_thread(room: Room, thread: Thread, sentence: str) -> None:
    room.post(sentence_message(sentence), thread_ts=thread.thread_ts)
