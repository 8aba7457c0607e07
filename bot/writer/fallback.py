"""Claude first, the offline writer where Claude does not deliver: a plan or an answer always comes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.boundary import log_error
from bot.writer.errors import WriterError
from bot.writer.section_stream import ignore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.brief import Brief
    from bot.evidence import Evidence
    from bot.plan import Answer, Authorship, Plan, Section, SectionName
    from bot.tools.context import ToolContext
    from bot.writer.claude import ClaudeWriter
    from bot.writer.offline import OfflineWriter
    from bot.writer.section_stream import Publish
    from storage.state import Turn


def fill_in(plan: Plan, offline: Plan) -> Plan:
    """Return Claude's plan with the offline writer's parts where it left some empty; the note says which."""
    filled = [
        section.name.heading.lower()
        for section, spare in zip(plan.sections, offline.sections, strict=True)
        if not section.statements and spare.statements
    ]
    sections = tuple(
        section if section.statements else spare for section, spare in zip(plan.sections, offline.sections, strict=True)
    )
    promotion = plan.promotion
    if promotion is not None and not promotion.text:
        promotion = offline.promotion
        filled.append("promotion")
    note = plan.authorship.note
    if filled:
        note = f"these parts were written without an AI model, since Claude's had no support: {', '.join(filled)}"
    return replace(plan, sections=sections, promotion=promotion, authorship=replace(plan.authorship, note=note))


class FallbackWriter:
    """Posts what Claude wrote, completed section by section, or the offline text with the reason for it."""

    def __init__(self, claude: ClaudeWriter, offline: OfflineWriter) -> None:
        self._claude = claude
        self._offline = offline

    def write_plan(self, brief: Brief, *, publish: Publish = ignore) -> Plan:
        """Return Claude's plan; what it left empty is the offline writer's, and the note says so.

        Where Claude stops in the middle, what was published stays and the offline writer writes the rest.
        """
        offline = self._offline.write_plan(brief)
        published: dict[SectionName, Section] = {}

        def publish_carried(section: Section) -> None:
            if section.statements:
                published[section.name] = section
            publish(section)

        try:
            plan = self._claude.write_plan(brief, publish=publish_carried)
        except WriterError as error:
            log_error(error)
            sections = tuple(published.get(section.name, section) for section in offline.sections)
            return replace(offline, sections=sections, authorship=_stand_in(offline.authorship, error, len(published)))
        return fill_in(plan, offline)

    def answer(
        self,
        brief: Brief,
        question: str,
        *,
        transcript: Sequence[Turn],
        passages: Sequence[Evidence],
        tools: ToolContext | None = None,
    ) -> Answer:
        """Return Claude's answer, or the offline writer's with the reason for it."""
        try:
            return self._claude.answer(brief, question, transcript=transcript, passages=passages, tools=tools)
        except WriterError as error:
            log_error(error)
            offline = self._offline.answer(brief, question, transcript=transcript, passages=passages)
            return replace(offline, authorship=_stand_in(offline.authorship, error))


def _stand_in(authorship: Authorship, error: WriterError, sections: int = 0) -> Authorship:
    began = f"Claude wrote the first {sections} sections, then stopped. " if sections else ""
    return replace(authorship, note=f"{began}{error}")
