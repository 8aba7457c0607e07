"""Who writes plans and answers: Claude when there is a key, else, and whenever Claude fails, the offline writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bot.errors import NoKeyError
from bot.writer.offline import OfflineWriter
from bot.writer.section_stream import ignore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.brief import Brief
    from bot.evidence import Evidence
    from bot.plan import Answer, Plan
    from bot.tools.context import ToolContext
    from bot.writer.batch import BatchWriter
    from bot.writer.limits import Limits
    from bot.writer.section_stream import Publish
    from storage.state import Turn

DEFAULT_MODEL = "claude-sonnet-5-5"
ANTHROPIC = "https://api.anthropic.com"


class Writer(Protocol):
    """Writes from a brief, and says nothing that the brief's evidence does not carry."""

    def write_plan(self, brief: Brief, *, publish: Publish = ignore) -> Plan:
        """Return the plan for a call with the brief's account.

        A writer that takes its time gives each section to ``publish`` as soon as it is written; in the plan that is
        returned it may hold more.
        """

    def answer(
        self,
        brief: Brief,
        question: str,
        *,
        transcript: Sequence[Turn],
        passages: Sequence[Evidence],
        tools: ToolContext | None = None,
    ) -> Answer:
        """Return the answer to a question about the account.

        ``transcript`` is the conversation so far, oldest first; ``passages`` is what the library found for this very
        question, numbered after the brief's own. ``tools`` is what a writer who can look things up may read for it.
        """


def make_batch_writer(*, api_key: str | None, base_url: str | None, model: str) -> BatchWriter:
    """Return the writer of plans that nobody waits for.

    Raises:
        NoKeyError: nothing can be written ahead without a model.
    """
    if not api_key:
        raise NoKeyError
    from bot.writer.batch import BatchWriter
    from bot.writer.claude import ClaudeWriter, make_client

    client = make_client(api_key=api_key, base_url=base_url or ANTHROPIC)
    return BatchWriter(client, ClaudeWriter(client, model=model), OfflineWriter(note=""), model=model)


def make_writer(
    *, api_key: str | None, base_url: str | None, model: str, deadline_seconds: float, limits: Limits | None = None
) -> Writer:
    """Return the writer that these settings allow; ``base_url`` None is Anthropic's own."""
    if not api_key:
        return OfflineWriter(note="no ANTHROPIC_API_KEY is set")
    from bot.writer.claude import ClaudeWriter, make_client
    from bot.writer.fallback import FallbackWriter

    client = make_client(api_key=api_key, base_url=base_url or ANTHROPIC)
    claude = ClaudeWriter(client, model=model, deadline_seconds=deadline_seconds, limits=limits)
    return FallbackWriter(claude, OfflineWriter(note=""))
