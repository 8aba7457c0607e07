"""What was deleted in Slack is not in the conversation that later questions are answered from."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import AnthropicServer, Scenario
from serving import claude, wait_until

from bot.blocks import sentence_message
from bot.plan import SectionName
from bot.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

FIRST = "What would their chief of staff like to hear from us on Friday?"
SECOND = "What would their chief of staff rather not hear?"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PLAN_MESSAGES = len(SectionName) + 1

by_either = pytest.mark.parametrize("how", ["by a cross", "in Slack itself"])


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer) -> Iterator[Any]:
    with run_bot(home, env=claude(anthropic)) as running:
        yield running


def delete(bot: Any, message: Any, *, how: str) -> None:
    if how == "by a cross":
        wait_until(lambda: bot.services.state.find_message(message.channel, message.ts))
        bot.workspace.react("x", user=bot.person, on=message)
    else:
        bot.workspace.delete(message)
    bot.listeners.wait(60)
    assert message.ts not in [each.ts for each in bot.posted()]


def conversation(bot: Any, anthropic: AnthropicServer) -> list[str]:
    """Ask something in the thread, and return what Claude was given of what was said there before."""
    before = len(anthropic.requests)
    bot.say(SECOND, thread_ts=bot.thread_ts())
    _, *said, asked, _ = anthropic.requests[before]["messages"]
    assert json.loads(asked["content"][0]["text"])["question"] == SECOND
    return [json.loads(block["text"])["text"] for turn in said for block in turn["content"]]


@by_either
def test_a_deleted_answer_leaves_the_conversation_with_its_question_and_stays_in_the_audit(
    bot: Any, anthropic: AnthropicServer, how: str
) -> None:
    bot.ask("/precall ACME-042")
    bot.say(FIRST, thread_ts=bot.thread_ts())
    audited = list(bot.services.state.audit_since(LONG_AGO))

    delete(bot, bot.posted()[-1], how=how)

    assert list(bot.services.state.audit_since(LONG_AGO)) == audited
    assert len(conversation(bot, anthropic)) == PLAN_MESSAGES
    assert conversation(bot, anthropic)[PLAN_MESSAGES] == SECOND


def test_a_question_that_its_asker_deletes_leaves_the_conversation_with_its_answer(
    bot: Any, anthropic: AnthropicServer
) -> None:
    bot.ask("/precall ACME-042")
    bot.say(FIRST, thread_ts=bot.thread_ts())
    [question] = [each for each in bot.workspace.thread(bot.channel, bot.thread_ts()) if each.text == FIRST]

    bot.workspace.delete(question)
    bot.listeners.wait(60)

    assert len(conversation(bot, anthropic)) == PLAN_MESSAGES


def test_a_question_that_is_deleted_while_it_is_answered_leaves_the_conversation(
    bot: Any, anthropic: AnthropicServer
) -> None:
    bot.ask("/precall ACME-042")
    anthropic.next(Scenario.SLOW)
    before = len(anthropic.requests)
    question = bot.workspace.say(FIRST, user=bot.person, channel=bot.channel, thread_ts=bot.thread_ts())
    wait_until(lambda: len(anthropic.requests) > before)

    bot.workspace.delete(question)
    bot.wait()

    assert len(conversation(bot, anthropic)) == PLAN_MESSAGES


@by_either
def test_a_deleted_message_of_a_brief_leaves_the_conversation_and_the_others_stay(
    bot: Any, anthropic: AnthropicServer, how: str
) -> None:
    bot.ask("/precall ACME-042")
    _, _, summary, *others = bot.posted()

    delete(bot, summary, how=how)

    assert conversation(bot, anthropic) == [message.text for message in others]


def test_a_deleted_plan_that_was_posted_in_one_message_leaves_the_conversation_whole(
    bot: Any, anthropic: AnthropicServer
) -> None:
    bot.ask("/precall ACME-042")
    bot = replace(bot, channel=bot.workspace.add_channel("elsewhere", members=[bot.person]))
    bot.ask("/precall ACME-042")
    _, _, plan = bot.posted()

    delete(bot, plan, how="by a cross")

    assert conversation(bot, anthropic) == []


@by_either
def test_a_section_that_is_deleted_while_others_are_written_leaves_the_conversation(
    bot: Any, anthropic: AnthropicServer, how: str
) -> None:
    anthropic.next(Scenario.PAUSES)
    bot.workspace.command("/precall ACME-042", user=bot.person, channel=bot.channel)
    bot.workspace.wait_until(lambda: "Executive summary" in bot.workspace.everything_posted(), 60)
    delete(bot, bot.posted()[2], how=how)
    anthropic.go_on.set()
    bot.wait()

    others = bot.posted()[2:]
    assert len(others) == PLAN_MESSAGES - 1
    assert conversation(bot, anthropic) == [message.text for message in others]


def test_of_a_section_that_was_put_right_the_conversation_has_what_stands_there(
    bot: Any, anthropic: AnthropicServer
) -> None:
    anthropic.next(Scenario.ONE_SECTION_INVENTED)
    bot.ask("/precall ACME-042")
    plan = bot.posted()[2:]
    assert [message.edited for message in plan].count(True) == 1

    said = conversation(bot, anthropic)
    assert said == [message.text for message in plan]

    [edited] = [message for message in plan if message.edited]
    delete(bot, edited, how="by a cross")
    assert conversation(bot, anthropic)[: PLAN_MESSAGES - 1] == [text for text in said if text != edited.text]


def test_a_message_that_was_deleted_before_it_is_put_right_stays_away(bot: Any) -> None:
    room = Room(client=bot.client, channel=bot.channel, thread_ts=None, user_id=bot.person, respond=None)
    ts = room.post(sentence_message("Before."))
    bot.workspace.delete(bot.posted()[-1])

    room.edit(ts, sentence_message("After."))

    assert bot.posted() == []
