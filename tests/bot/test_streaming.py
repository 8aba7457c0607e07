"""A plan that is posted while Claude still writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import API_KEY, AnthropicServer, Scenario

from bot.plan import Section, SectionName, Statement
from bot.writer.offline import OfflineWriter
from bot.writer.section_stream import SectionStream, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.brief import Brief
    from bot.plan import Plan
    from bot.writer.section_stream import Publish


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer) -> Iterator[Any]:
    env = {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": anthropic.url}
    with run_bot(home, env=env) as running:
        yield running


def headings(bot: Any) -> list[str]:
    """Return the headings that stand in the thread, in their order."""
    return [
        block["text"]["text"]
        for message in bot.workspace.thread(bot.channel, bot.thread_ts())[1:]
        for block in message.blocks
        if block["type"] == "header"
    ]


def test_the_first_sections_stand_there_while_the_model_still_writes_the_others(
    bot: Any, anthropic: AnthropicServer
) -> None:
    anthropic.next(Scenario.PAUSES)
    bot.workspace.command("/precall ACME-042", user=bot.person, channel=bot.channel)

    bot.workspace.wait_until(lambda: "Executive summary" in bot.workspace.everything_posted(), 60)
    assert "Risk mitigation" not in bot.workspace.everything_posted()
    anthropic.go_on.set()
    bot.wait()

    assert headings(bot) == [*(name.heading for name in SectionName), "Recommended promotion"]
    assert "Written by claude-sonnet-5-5" in bot.read(bot.posted()[-1])
    assert bot.workspace.refusals == []


def test_facts_and_pictures_stand_there_before_a_plan_is_begun(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    seen: list[list[Any]] = []

    class Watching(OfflineWriter):
        def write_plan(self, brief: Brief, *, publish: Publish = ignore) -> Plan:
            seen.append(bot.workspace.thread(bot.channel, bot.thread_ts()))
            return super().write_plan(brief, publish=publish)

    with run_bot(home, writer=Watching(note="")) as bot:
        bot.ask("/precall ACME-042")

    [(headline, pictures)] = seen
    assert "predicted expansion revenue" in bot.read([headline])
    assert len(pictures.files) == 2


def test_a_section_that_fails_the_check_is_put_right_in_its_place(bot: Any, anthropic: AnthropicServer) -> None:
    anthropic.next(Scenario.ONE_SECTION_INVENTED)

    bot.ask("/precall ACME-042")

    read = bot.workspace.everything_posted()
    assert headings(bot) == [*(name.heading for name in SectionName), "Recommended promotion"]
    assert "$777,123" not in read
    assert "I am checking" not in bot.read(bot.posted())


def test_what_was_posted_stays_when_claude_stops_and_the_rest_is_written_offline(
    bot: Any, anthropic: AnthropicServer
) -> None:
    anthropic.go_on.set()
    anthropic.next(Scenario.PAUSES_THEN_CUT_OFF)

    bot.ask("/precall ACME-042")

    assert headings(bot) == [*(name.heading for name in SectionName), "Recommended promotion"]
    closing = bot.read(bot.posted()[-1])
    assert "Written without an AI model: Claude wrote the first " in closing
    assert "cut off" in closing


def test_the_same_brief_is_not_written_twice(bot: Any, anthropic: AnthropicServer) -> None:
    bot.ask("/precall ACME-042")
    bot.ask("/precall ACME-042")

    assert len(anthropic.requests) == 1
    assert "UTC from these very facts" in bot.read(bot.posted()[-1])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_each_section_is_given_once_when_the_next_has_begun(size: int) -> None:
    given: list[Section] = []

    def keep_cited(statements: Sequence[Statement]) -> tuple[Statement, ...]:
        return tuple(statement for statement in statements if statement.evidence)

    stream = SectionStream(given.append, check=keep_cited)
    text = (
        '{"written": {"executive_summary": [{"text": "A \\u201cquote\\u201d,  spaced", "evidence": ["D1", "D1"]}, '
        '{"text": "no", "evidence": []}], "talking_points": [{"text": 7}], "pain_points": [{"text": "last"'
    )
    for end in range(size, len(text) + size, size):
        stream.read(text[:end])

    assert given == [
        Section(
            name=SectionName.EXECUTIVE_SUMMARY,
            statements=(Statement(text="A \u201cquote\u201d, spaced", evidence=("D1",)),),
        ),
        Section(name=SectionName.TALKING_POINTS, statements=()),
    ]
