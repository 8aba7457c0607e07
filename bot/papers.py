"""What a plan rests on, on request: a modal with the evidence of each statement, and the brief as a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.admission import remembering
from bot.brief import make_brief
from bot.kept_plan import recall
from bot.normalise import normalise
from bot.report import brief_pdf, plan_markdown
from bot.uploads import share_files
from bot.wording import plan_sections, statement_words

if TYPE_CHECKING:
    from bot.brief import Brief
    from bot.kept_plan import SourcedPlan
    from bot.plan import Statement
    from bot.room import Room
    from bot.services import Services
    from storage.state import Thread

Block = dict[str, Any]

NOTHING_KEPT: Final = "There is no plan in this thread any more whose evidence I could show. Ask for a fresh brief."
_BLOCKS: Final = 100
_SOURCE: Final = 300
_CITATION: Final = 120


def evidence_modal(sourced: SourcedPlan) -> dict[str, Any]:
    """Return each statement of a plan with what carries it; what does not fit is counted."""
    blocks: list[Block] = []
    left_out = 0
    for heading, statements in plan_sections(sourced.plan):
        made = [_statement_block(statement, sourced) for statement in statements]
        room = max(_BLOCKS - 1 - len(blocks) - 1, 0)
        left_out += len(made[room:])
        if made[:room]:
            blocks += [{"type": "header", "text": _plain(heading)}, *made[:room]]
    if left_out:
        blocks.append({"type": "section", "text": _plain(f"{left_out:,} more statements stand in the PDF.")})
    return {"type": "modal", "title": _plain("Evidence"), "close": _plain("Close"), "blocks": blocks}


def share_pdf(services: Services, room: Room, thread: Thread) -> None:
    """Upload the brief of a thread with its plan and evidence: into the thread, or from a private room to who asked."""
    shown = _find_shown(services, thread)
    if shown is None:
        room.tell(NOTHING_KEPT)
        return
    brief, sourced = shown
    upload = {
        "filename": "brief.pdf",
        "title": f"Brief on {brief.account.name}",
        "content": brief_pdf(brief, sourced, services.gallery.charts(brief)),
    }
    place = remembering(services, room.direct(), thread.account_id) if room.private else room
    share_files(place, [upload], thread_ts=None if room.private else thread.thread_ts)
    if room.private:
        room.tell("I sent the PDF to you directly, since not everybody here may see it.")


def find_plan_text(services: Services, thread: Thread) -> str | None:
    """Return the plan that a thread shows, in Markdown."""
    shown = _find_shown(services, thread)
    if shown is None:
        return None
    brief, sourced = shown
    return plan_markdown(brief, sourced.plan)


def _find_shown(services: Services, thread: Thread) -> tuple[Brief, SourcedPlan] | None:
    kept = services.state.find_shown_plan(thread.channel, thread.thread_ts)
    with services.snapshots.lease(thread.snapshot_id) as snapshot:
        account = snapshot.find_account(thread.account_id)
        if kept is None or account is None:
            return None
        return make_brief(snapshot, account, library=services.shelf.current()), recall(kept)


def _statement_block(statement: Statement, sourced: SourcedPlan) -> Block:
    sources = [source for each in statement.evidence if (source := sourced.find_source(each))]
    lines = [
        _line(
            {"type": "text", "text": f"{source.evidence_id} · {normalise(source.citation, limit=_CITATION)}: "},
            {"type": "text", "text": normalise(source.text, limit=_SOURCE), "style": {"italic": True}},
        )
        for source in sources
    ]
    said = _line({"type": "text", "text": statement_words(statement), "style": {"bold": True}})
    listed = [{"type": "rich_text_list", "style": "bullet", "elements": lines}] if lines else []
    return {"type": "rich_text", "elements": [said, *listed]}


def _line(*parts: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(parts)}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
