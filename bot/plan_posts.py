"""A plan on its way into a thread: section by section as they are written, or all at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.blocks import closing_message, plan_messages, section_message

if TYPE_CHECKING:
    from bot.blocks import Block, Message
    from bot.brief import Brief
    from bot.plan import Plan, Section, SectionName
    from bot.room import Room


@dataclass(slots=True, kw_only=True)
class PlanPosts:
    """The messages of one plan in one thread; ``controls`` go below the last."""

    room: Room
    thread_ts: str
    brief: Brief
    controls: Block
    _posted: dict[SectionName, tuple[str, Section]] = field(default_factory=dict)

    def publish(self, section: Section) -> None:
        """Post a section while the next is written."""
        if section.name not in self._posted:
            self._posted[section.name] = (self._post(section_message(self.brief, section)), section)

    def finish(self, plan: Plan) -> list[tuple[str, str]]:
        """Bring the thread to what the finished plan says; return the ts and the text of each message that says it."""
        if not self._posted:
            *first, last = plan_messages(self.brief, plan)
            return [(self._post(message), message.text) for message in (*first, self._with_controls(last))]
        said = []
        for section in plan.sections:
            message = section_message(self.brief, section)
            if section.name not in self._posted:
                ts = self._post(message)
            else:
                ts, posted = self._posted[section.name]
                if posted != section:
                    self.room.edit(ts, message)
            said.append((ts, message.text))
        closing = self._with_controls(closing_message(self.brief, plan))
        return [*said, (self._post(closing), closing.text)]

    def _with_controls(self, message: Message) -> Message:
        return replace(message, blocks=(*message.blocks, self.controls))

    def _post(self, message: Message) -> str:
        return self.room.post(message, thread_ts=self.thread_ts)
