from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from anthropic_server import API_KEY, Scenario

from bot.plan import SectionName
from bot.writer import DEFAULT_MODEL, make_writer

if TYPE_CHECKING:
    from anthropic_server import AnthropicServer

    from bot.brief import Brief
    from bot.writer import Writer


def make_loopback_writer(server: AnthropicServer) -> Writer:
    return make_writer(api_key=API_KEY, base_url=server.url, model=DEFAULT_MODEL, deadline_seconds=60)


def test_without_a_key_the_offline_writer_writes_and_says_so(brief: Brief) -> None:
    plan = make_writer(api_key=None, base_url=None, model=DEFAULT_MODEL, deadline_seconds=60).write_plan(brief)

    assert plan.authorship.model is None
    assert plan.authorship.note == "no ANTHROPIC_API_KEY is set"


def test_what_claude_wrote_is_returned_as_it_is(anthropic: AnthropicServer, brief: Brief) -> None:
    plan = make_loopback_writer(anthropic).write_plan(brief)

    assert plan.authorship.model == DEFAULT_MODEL
    assert plan.authorship.note == ""
    assert all(statement.text.startswith("Claude") for section in plan.sections for statement in section.statements)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (Scenario.REFUSAL, "Claude declined to write this"),
        (Scenario.OVERLOADED, "Claude's service is overloaded"),
        (Scenario.CUT_OFF, "cut off"),
        (Scenario.INVALID_JSON, "did not have the form"),
        (Scenario.HIJACKED, "none of what Claude wrote"),
    ],
)
def test_when_claude_fails_the_offline_plan_comes_and_the_note_says_why(
    anthropic: AnthropicServer, brief: Brief, scenario: Scenario, words: str
) -> None:
    anthropic.next(*[scenario] * 3)
    plan = make_loopback_writer(anthropic).write_plan(brief)

    assert plan.authorship.model is None
    assert words in plan.authorship.note
    assert all(section.statements for section in plan.sections)


def test_the_log_says_that_claude_failed_and_nothing_of_the_customer(
    anthropic: AnthropicServer, brief: Brief, caplog: pytest.LogCaptureFixture
) -> None:
    anthropic.next(*[Scenario.REFUSAL] * 2)
    writer = make_loopback_writer(anthropic)
    writer.write_plan(brief)
    writer.answer(brief, "Who owns this account?", transcript=[], passages=[])

    failures = [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]
    assert len(failures) == 2
    assert all("RefusedError at bot.writer.claude:" in failure for failure in failures)
    assert not any(secret in "".join(failures) for secret in (brief.account.account_id, brief.account.name))


def test_a_section_that_the_check_emptied_is_filled_offline_and_named(anthropic: AnthropicServer, brief: Brief) -> None:
    anthropic.next(Scenario.ONE_SECTION_INVENTED, Scenario.INVENTED_NUMBERS)
    plan = make_loopback_writer(anthropic).write_plan(brief)

    first, *others = plan.sections
    assert first.name is SectionName.EXECUTIVE_SUMMARY
    assert first.statements
    assert "777,123" not in str(plan)
    assert all(section.statements[0].text.startswith("Claude") for section in others)
    assert plan.authorship.dropped == 2
    assert plan.authorship.note.endswith("executive summary")


def test_an_answer_comes_offline_when_claude_fails(anthropic: AnthropicServer, brief: Brief) -> None:
    anthropic.next(Scenario.REFUSAL)
    answer = make_loopback_writer(anthropic).answer(brief, "Who owns this account?", transcript=[], passages=[])

    assert brief.account.owner in answer.statements[0].text
    assert "declined" in answer.authorship.note
