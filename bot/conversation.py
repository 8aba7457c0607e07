"""A brief in its thread, and the questions that are asked in it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Final

from bot.admission import find_subject, remembering
from bot.answering import answer_call, answer_from_data
from bot.audit import AuditKind, audit_brief, audit_text, audit_view
from bot.blocks import (
    answer_message,
    headline_message,
    sent_directly_message,
    sentence_message,
    several_accounts_message,
    unknown_account_message,
)
from bot.boundary import told
from bot.briefing import prepare_brief
from bot.controls import brief_controls, share_here_controls
from bot.errors import AccountGoneError
from bot.kept_plan import find_written, keep
from bot.lookup import Unclear, look_up
from bot.plan import Answer
from bot.plan_posts import PlanPosts
from bot.tools.calls import MOST_QUERY_CHARACTERS, SearchDocuments
from bot.tools.context import ToolContext
from bot.tools.documents import search_documents
from bot.uploads import share_files
from storage.errors import SnapshotGoneError
from storage.state import Thread, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.access import Visit
    from bot.brief import Brief
    from bot.charts import Chart
    from bot.evidence import Evidence
    from bot.room import Room
    from bot.services import Services
    from bot.tools.calls import ToolCall
    from storage.snapshots import Snapshot

_NOT_KEPT: Final = (
    "I no longer have this question: I read it again already, it was deleted, or only you heard the answer. "
    "Ask it in other words."
)


def open_brief(services: Services, visit: Visit, room: Room, asked: str, *, private: bool) -> None:
    """Post the brief of the account that was asked for, where everybody may see it; else send it to who asked.

    A ``private`` one is sent to who asked in any case, from where it can be shared. Where no single account is meant,
    only the person who asked is told, with the closest ones to choose from.
    """
    with services.snapshots.lease() as snapshot:
        found = look_up(snapshot, asked, may_see=visit.viewer.may_see)
        if isinstance(found, Unclear):
            shown = [choice.account_id for choice in found.choices]
            audit_view(services, room, AuditKind.CHOICES, snapshot_id=snapshot.info.snapshot_id, account_ids=shown)
            message = several_accounts_message if found.exact else unknown_account_message
            room.whisper(message(found.asked, found.choices, words=snapshot.info.words))
            return
        brief = prepare_brief(services, snapshot, found)
        if visit.may_post(found) and not private:
            post_brief(services, room, brief)
        else:
            _send_directly(services, visit, room, brief, private=private)
        # Before the brief is read, what a first what-if would wait for is done.
        services.models.warm(snapshot, found.account_id)


def _send_directly(services: Services, visit: Visit, room: Room, brief: Brief, *, private: bool) -> None:
    direct = room.direct()
    thread_ts = post_brief(services, direct, brief, origin=room.channel)
    if direct.channel != room.channel:
        reason = "as you asked" if private else f"because {visit.reserve}"
        notice = sent_directly_message(reason, link=direct.find_link(thread_ts))
        controls = share_here_controls(direct.channel, thread_ts)
        room.whisper(replace(notice, blocks=(*notice.blocks, controls)))


def post_brief(services: Services, room: Room, brief: Brief, *, origin: str = "") -> str:
    """Post a parent message, and in its thread the pictures and the plan; return the ts of the thread.

    Asked within a thread, that thread becomes the brief's. ``origin`` is the room it was asked for in, if another.
    """
    room = remembering(services, room, brief.account.account_id)
    audit_brief(services, room, brief)
    parent_ts = room.post(headline_message(brief), thread_ts=room.thread_ts)
    thread = Thread(
        channel=room.channel,
        thread_ts=room.thread_ts or parent_ts,
        account_id=brief.account.account_id,
        snapshot_id=brief.snapshot.snapshot_id,
        opened_by=room.user_id,
        opened_at=services.clock(),
        private=room.is_direct,
    )
    services.state.open_thread(thread)
    tell = partial(_tell_thread, room, thread)
    with room.working(thread.thread_ts, "is writing the brief"):
        with told(tell=tell, lead="The pictures are missing."):
            _share_charts(room, thread, services.gallery.charts(brief))
        with told(tell=tell, lead="The plan is missing."):
            _post_plan(services, room, thread, brief, origin=origin)
    return thread.thread_ts


def find_obstacle(services: Services, room: Room, thread: Thread) -> str:
    """Return why the brief of a thread cannot be shared to this room, empty where it can.

    The room is looked at now: who was there when the brief was asked for does not count.
    """
    visit, account = services.access.visit(room.user_id, room.channel), find_subject(services, thread)
    if visit.refusal:
        return visit.refusal
    if not services.access.is_member(room.user_id, room.channel):
        return "I share a brief only to a conversation that both of us are in; /invite @precall there."
    if account is None or not visit.may_post(account):
        return f"I did not share it, because {visit.reserve}."
    return ""


def share_brief(services: Services, room: Room, thread: Thread) -> None:
    """Post the brief of a thread in this room; what there is to say about the thread itself is said in it."""
    with _recall(services, replace(room, channel=thread.channel), thread) as (_, brief):
        post_brief(services, room, brief)


def answer_question(services: Services, room: Room, thread: Thread, question: str, *, asked_ts: str) -> None:
    """Answer in the thread, from the thread's own brief and what was said so far; one question after the other."""
    with _taking_turn(services, room, thread):
        transcript = services.state.transcript(thread.channel, thread.thread_ts)
        find = partial(_read_or_write, services, question=question, transcript=transcript)
        _answer(services, room, thread, question, find=find, asked_ts=asked_ts)


def answer_anew(services: Services, room: Room, thread: Thread, *, misread_ts: str) -> None:
    """Have the writer alone answer a question whose answer was one to another, which leaves the conversation."""
    with _taking_turn(services, room, thread):
        transcript = services.state.transcript(thread.channel, thread.thread_ts)
        asked = _find_asked(transcript, misread_ts)
        if asked is None:
            room.tell(_NOT_KEPT)
            return
        kept = [turn for turn in transcript if turn.message_ts != misread_ts]
        find = partial(_write, services, question=asked.text, transcript=kept)
        _answer(services, room, thread, asked.text, find=find, asked_ts=asked.asked_ts)
        services.state.forget_turns(thread.channel, misread_ts)


def answer_proposed(services: Services, room: Room, thread: Thread, call: ToolCall, *, proposed_ts: str) -> None:
    """Answer by the call that the answer before proposed, which leaves the conversation."""
    with _taking_turn(services, room, thread):
        asked = _find_asked(services.state.transcript(thread.channel, thread.thread_ts), proposed_ts)
        if asked is None:
            room.tell(_NOT_KEPT)
            return
        _answer(services, room, thread, asked.text, find=partial(answer_call, call=call), asked_ts=asked.asked_ts)
        services.state.forget_turns(thread.channel, proposed_ts)


@contextmanager
def _taking_turn(services: Services, room: Room, thread: Thread) -> Iterator[None]:
    with (
        told(tell=partial(_tell_thread, room, thread), lead="I could not answer this."),
        services.turns.taking((thread.channel, thread.thread_ts)),
    ):
        yield


def _find_asked(transcript: Sequence[Turn], answer_ts: str) -> Turn | None:
    """Return the question that a message answers, unless it left the conversation."""
    return next((turn for turn in transcript if turn.message_ts == answer_ts and turn.author == "person"), None)


def _answer(
    services: Services,
    room: Room,
    thread: Thread,
    question: str,
    *,
    find: Callable[[ToolContext], Answer],
    asked_ts: str | None,
) -> None:
    asked_at = services.clock()
    with _recall(services, room, thread) as (snapshot, brief):
        context = ToolContext(
            snapshot=snapshot,
            brief=brief,
            library=services.shelf.current(),
            may_see=room.may_see,
            models=services.models,
            known=brief.evidence,
        )
        answer = find(context)
    brief = replace(brief, evidence=context.knowing(answer.evidence).known)
    audit_text(services, room, brief, answer, thread_ts=thread.thread_ts)
    ts = room.post(answer_message(brief, answer), thread_ts=thread.thread_ts)
    asked_back = [answer.proposal.question] if answer.proposal else []
    said = " ".join([*asked_back, *(statement.text for statement in answer.statements)])
    asked = Turn(author="person", user_id=room.user_id, text=question, at=asked_at)
    for turn in (asked, _said(services, said, ts=ts)):
        _remember(services, room, thread, replace(turn, message_ts=ts, asked_ts=asked_ts))


def _read_or_write(services: Services, context: ToolContext, *, question: str, transcript: Sequence[Turn]) -> Answer:
    """Return the answer from the data where the question clearly has one there, else what the writer makes of it.

    Where no model read what is unclear, its likeliest meaning is proposed, and nothing is said to be missing.
    """
    earlier = [turn.text for turn in transcript if turn.author == "person"]
    found = answer_from_data(context, question, earlier=earlier)
    if isinstance(found, Answer):
        return found
    answer = _write(services, context, question=question, transcript=transcript)
    if found is None or answer.authorship.model is not None:
        return answer
    return replace(answer, statements=tuple(each for each in answer.statements if each.evidence), proposal=found)


def _write(services: Services, context: ToolContext, *, question: str, transcript: Sequence[Turn]) -> Answer:
    passages = _find_passages(context, question)
    answer = services.writer.answer(context.brief, question, transcript=transcript, passages=passages, tools=context)
    return replace(answer, evidence=(*answer.evidence, *passages))


def _share_charts(room: Room, thread: Thread, charts: tuple[Chart, ...]) -> None:
    uploads = [
        {"filename": chart.filename, "title": chart.title, "content": chart.png, "alt_txt": chart.alt_text}
        for chart in charts
    ]
    share_files(room, uploads, thread_ts=thread.thread_ts)


def _post_plan(services: Services, room: Room, thread: Thread, brief: Brief, *, origin: str) -> None:
    controls = brief_controls(share=thread.private, origin=origin)
    posts = PlanPosts(room=room, thread_ts=thread.thread_ts, brief=brief, controls=controls)
    plan = find_written(services, brief) or services.writer.write_plan(brief, publish=posts.publish)
    audit_text(services, room, brief, plan, thread_ts=thread.thread_ts)
    kept = keep(plan, brief, now=services.clock())
    services.state.keep_plan(kept)
    services.state.show_plan(thread.channel, thread.thread_ts, plan_id=kept.plan_id)
    for ts, text in posts.finish(plan):
        _remember(services, room, thread, _said(services, unescape(text), ts=ts))


@contextmanager
def _recall(services: Services, room: Room, thread: Thread) -> Iterator[tuple[Snapshot, Brief]]:
    """Open the thread's own snapshot, or the newest where that is gone, and make the brief again."""
    with ExitStack() as stack:
        try:
            snapshot = stack.enter_context(services.snapshots.lease(thread.snapshot_id))
        except SnapshotGoneError:
            snapshot = stack.enter_context(services.snapshots.lease())
            _tell_thread(room, thread, "The data of this thread is no longer kept; I answer from the newest.")
        account = snapshot.find_account(thread.account_id)
        if account is None:
            raise AccountGoneError(thread.account_id)
        yield snapshot, prepare_brief(services, snapshot, account)


def _find_passages(context: ToolContext, question: str) -> tuple[Evidence, ...]:
    """Return passages about the question that the brief does not have, numbered after its own."""
    found = search_documents(context, SearchDocuments(query=question[:MOST_QUERY_CHARACTERS])).evidence
    return tuple(item for item in found if item not in context.known)


def _remember(services: Services, room: Room, thread: Thread, turn: Turn) -> None:
    """Keep what was said for later answers; what only one person heard must not come up in what others hear."""
    if room.private:
        return
    services.state.add_turn(thread.channel, thread.thread_ts, turn)


def _said(services: Services, text: str, *, ts: str) -> Turn:
    return Turn(author="precall", user_id="", text=text, at=services.clock(), message_ts=ts)


def _tell_thread(room: Room, thread: Thread, sentence: str) -> None:
    room.post(sentence_message(sentence), thread_ts=thread.thread_ts)
