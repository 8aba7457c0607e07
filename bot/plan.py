"""A plan for a call and an answer to a question: statements, each with the evidence that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.evidence import Evidence


class SectionName(StrEnum):
    """The seven sections of a plan, in the order in which they are read; the value is the key in structured output."""

    EXECUTIVE_SUMMARY = "executive_summary"
    TALKING_POINTS = "talking_points"
    PAIN_POINTS = "pain_points"
    COMPETITIVE_POSITIONING = "competitive_positioning"
    ACTIONS = "actions"
    SUCCESS_METRICS = "success_metrics"
    RISK_MITIGATION = "risk_mitigation"

    @property
    def heading(self) -> str:
        """The heading that a reader sees."""
        return _HEADINGS[self]


_HEADINGS = {
    SectionName.EXECUTIVE_SUMMARY: "Executive summary",
    SectionName.TALKING_POINTS: "Talking points",
    SectionName.PAIN_POINTS: "Pain points and needs",
    SectionName.COMPETITIVE_POSITIONING: "Competitive positioning",
    SectionName.ACTIONS: "What to propose",
    SectionName.SUCCESS_METRICS: "Success metrics",
    SectionName.RISK_MITIGATION: "Risk mitigation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence and the ids of the evidence that carries it, such as ``("D1", "K3")``."""

    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One of the seven sections."""

    name: SectionName
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a text cost: tokens read fresh, read from the cache, written to the cache, and written; seconds.

    ``dollars`` is None for a model whose price we do not know.
    """

    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    dollars: float | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who wrote a text.

    ``model`` is None for the offline writer; ``note`` then says, in a sentence for the reader, why no model wrote it.
    ``dropped`` counts the statements that were left out because their evidence does not carry them.
    """

    model: str | None
    note: str
    dropped: int
    usage: Usage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A pre-call plan: the seven sections in order and the recommended promotion, None where there are none."""

    sections: tuple[Section, ...]
    promotion: Statement | None
    authorship: Authorship


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a question may have meant: in words, and the call of a tool that answers it, in JSON."""

    reading: str
    call: str

    @property
    def question(self) -> str:
        """What who asked is asked back."""
        return f"I am not sure how to read this. Did you mean: {self.reading}? If not, please ask it in other words."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a follow-up question; ``evidence`` is what it rests on that the brief does not hold.

    ``account_ids`` are the other accounts that were looked at for it. ``reading`` is how the question was read, in
    words, where that was decided without its writer, else empty; ``proposal`` is what it may have meant where that
    could not be decided and no model answered it.
    """

    statements: tuple[Statement, ...]
    authorship: Authorship
    evidence: tuple[Evidence, ...] = ()
    account_ids: tuple[str, ...] = ()
    reading: str = ""
    proposal: Proposal | None = None
