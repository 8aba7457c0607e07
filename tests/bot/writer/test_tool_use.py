from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import API_KEY, Scenario, find_fault

from bot.tools.context import ToolContext
from bot.writer import errors
from bot.writer.claude import ClaudeWriter, make_client
from bot.writer.fallback import FallbackWriter
from bot.writer.offline import OfflineWriter
from bot.writer.tool_use import MAX_ROUNDS, tool_params
from pipeline.what_if import OpenModels

if TYPE_CHECKING:
    from collections.abc import Callable

    from anthropic_server import AnthropicServer

    from bot.brief import Brief
    from bot.plan import Answer
    from storage.snapshots import Snapshot

QUESTION = "Is this a good week to call?"


@pytest.fixture
def tools(snapshot: Snapshot, brief_of: Callable[[str], Brief]) -> ToolContext:
    """What may be read about ACME-042 by somebody who may not see the accounts of ACME-008's owner."""
    brief, hidden = brief_of("ACME-042"), brief_of("ACME-008").account.owner
    return ToolContext(
        snapshot=snapshot,
        brief=brief,
        library=None,
        may_see=lambda account: account.owner != hidden,
        models=OpenModels(),
        known=brief.evidence,
    )


def claude_of(server: AnthropicServer) -> ClaudeWriter:
    client = make_client(api_key=API_KEY, base_url=server.url)
    return ClaudeWriter(client, model="claude-sonnet-5-5", deadline_seconds=60)


def ask(server: AnthropicServer, tools: ToolContext) -> Answer:
    return claude_of(server).answer(tools.brief, QUESTION, transcript=[], passages=[], tools=tools)


def results_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in request["messages"][-1]["content"] if block["type"] == "tool_result"]


def test_what_a_tool_found_is_handed_back_and_the_answer_may_cite_it(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(Scenario.TOOL_CALL)
    answer = ask(anthropic, tools)

    first, second = anthropic.requests
    assert [tool["name"] for tool in first["tools"]] == [tool["name"] for tool in tool_params()]
    assert all(tool["strict"] for tool in first["tools"])
    assert find_fault(second) is None
    [result] = results_of(second)
    [found] = json.loads(result["content"])["evidence"]
    assert found["id"] not in {item.evidence_id for item in tools.brief.evidence}
    assert found["id"] in answer.statements[0].evidence
    assert found["id"] in {item.evidence_id for item in answer.evidence}


def test_two_calls_at_once_are_both_answered_with_ids_that_do_not_meet(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(Scenario.TWO_TOOL_CALLS)
    ask(anthropic, tools)

    results = results_of(anthropic.requests[1])
    ids = [row["id"] for result in results for row in json.loads(result["content"])["evidence"]]
    assert len(results) == 2
    assert len(set(ids)) == len(ids)


def test_evidence_about_another_account_says_so(anthropic: AnthropicServer, tools: ToolContext) -> None:
    anthropic.next(Scenario.TWO_TOOL_CALLS)
    ask(anthropic, tools)

    rows = json.loads(results_of(anthropic.requests[1])[0]["content"])["evidence"]
    assert {row["other account"] for row in rows} == {"Ridgeline Freight 9 (ACME-009)"}


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [(Scenario.UNKNOWN_TOOL, "There is no tool send_message"), (Scenario.INVALID_ARGUMENTS, "direction")],
)
def test_a_call_that_cannot_be_done_is_an_error_that_says_why_and_the_answer_still_comes(
    anthropic: AnthropicServer, tools: ToolContext, scenario: Scenario, reason: str
) -> None:
    anthropic.next(scenario)
    answer = ask(anthropic, tools)

    [result] = results_of(anthropic.requests[1])
    assert result["is_error"] is True
    assert reason in result["content"]
    assert answer.statements


def test_an_account_that_may_not_be_seen_is_not_handed_to_the_model(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(Scenario.FORBIDDEN_ACCOUNT)
    ask(anthropic, tools)

    [result] = results_of(anthropic.requests[1])
    assert json.loads(result["content"])["evidence"] == []
    assert "Ridgeline Freight 8" not in result["content"]


def test_after_the_last_round_claude_is_told_to_answer_and_may_call_nothing(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(*[Scenario.TOOL_CALL] * MAX_ROUNDS)
    answer = ask(anthropic, tools)

    *earlier, last = anthropic.requests
    assert len(earlier) == MAX_ROUNDS
    assert last["tool_choice"] == {"type": "none"}
    assert "Answer now" in last["messages"][-1]["content"][-1]["text"]
    assert all("tool_choice" not in request for request in earlier)
    assert answer.authorship.usage is not None
    assert answer.authorship.usage.output_tokens == 1_200 * (MAX_ROUNDS + 1)


def test_endless_calls_are_given_up_and_the_offline_writer_answers(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(*[Scenario.TOOL_CALL] * (MAX_ROUNDS + 1))
    with pytest.raises(errors.EndlessLookupsError):
        ask(anthropic, tools)

    anthropic.next(*[Scenario.TOOL_CALL] * (MAX_ROUNDS + 1))
    writer = FallbackWriter(claude_of(anthropic), OfflineWriter(note=""))
    answer = writer.answer(tools.brief, QUESTION, transcript=[], passages=[], tools=tools)
    assert answer.authorship.model is None
    assert "did not come to an answer" in answer.authorship.note


def test_a_refusal_after_a_call_is_a_refusal(anthropic: AnthropicServer, tools: ToolContext) -> None:
    anthropic.next(Scenario.TOOL_CALL, Scenario.REFUSAL)

    with pytest.raises(errors.RefusedError):
        ask(anthropic, tools)


def test_a_follow_up_begins_as_the_plan_did_so_that_the_brief_is_read_from_the_cache(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(Scenario.ONE_SECTION_INVENTED)
    claude_of(anthropic).write_plan(tools.brief)
    ask(anthropic, tools)

    begun = [
        json.dumps([each[part] for part in ("model", "tools", "system", "output_config")] + each["messages"][:1])
        for each in anthropic.requests
    ]
    assert len(begun) == 3  # the plan, its repair and the follow-up
    assert begun[0] == begun[1] == begun[2]
    assert not any("tool_choice" in each for each in anthropic.requests)
    [policy], brief = anthropic.requests[0]["system"], anthropic.requests[0]["messages"][0]["content"][0]
    assert policy["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert brief["cache_control"] == {"type": "ephemeral"}


def test_what_another_account_shares_is_all_that_comes_before_its_brief(
    anthropic: AnthropicServer, brief_of: Callable[[str], Brief]
) -> None:
    for account_id in ("ACME-042", "ACME-009"):
        claude_of(anthropic).write_plan(brief_of(account_id))

    first, second = anthropic.requests
    assert all(first[part] == second[part] for part in ("tools", "system", "output_config"))


def test_a_plan_for_which_something_is_looked_up_is_asked_for_again_without_tools(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(Scenario.TOOL_CALL)
    plan = claude_of(anthropic).write_plan(tools.brief)

    assert all(section.statements for section in plan.sections)
    assert [each.get("tool_choice") for each in anthropic.requests] == [None, {"type": "none"}]


def test_the_stable_part_is_the_same_for_every_question_and_round(
    anthropic: AnthropicServer, tools: ToolContext
) -> None:
    anthropic.next(Scenario.TOOL_CALL)
    ask(anthropic, tools)
    claude_of(anthropic).answer(tools.brief, "And then?", transcript=[], passages=[], tools=tools)

    stable = [(each["tools"], each["system"], each["messages"][0]) for each in anthropic.requests]
    assert len(stable) == 3
    assert stable[0] == stable[1] == stable[2]
    assert stable[0][2]["content"][0]["cache_control"] == {"type": "ephemeral"}
