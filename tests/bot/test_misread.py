"""An answer from the data says how the question was read, and who meant something else has it read again."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import claude

from bot.questions.learn import read_asked, vocabulary_of
from bot.questions.learned import learned
from bot.questions.recognise import weigh
from bot.tools.calls import AccountFacts, Drivers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from anthropic_server import AnthropicServer
    from made_up import Clock

QUESTION = "What is its churn risk?"
BUTTON = "Not what I asked"
LEAST, MOST = 0.6, 0.9
YES = "Yes, answer that"
NOT_KEPT = "I no longer have this question: "
RIGHTS = """
default = "none"
[[people]]
who = "ana@example.com"
role = "ops"
[[people]]
who = "guest@example.com"
role = "rep"
owner = "Nobody"
"""


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    with run_bot(home) as bot:
        yield bot


def answer(bot: Any, question: str) -> Any:
    """Ask in the thread of ACME-042, and return the message that answers."""
    if not bot.posted():
        bot.ask("/precall ACME-042")
    bot.say(question, thread_ts=bot.thread_ts())
    return bot.posted()[-1]


def press(bot: Any, on: Any, *, user: str = "", button: str = BUTTON) -> str:
    """Press the button and return what came of it, as people read it."""
    before = len(bot.posted())
    bot.workspace.press(button, user=user or bot.person, on=on)
    bot.wait()
    assert bot.workspace.refusals == []
    return str(bot.read(bot.posted()[before:]))


@pytest.fixture(scope="module")
def unclear() -> str:
    """A question whose likeliest reading is not clear."""
    asked = read_asked([Path(__file__).with_name("questions_unseen.toml")])
    vocabulary = vocabulary_of(asked)
    for one in asked:
        call, sure = weigh(one.text, vocabulary, earlier=(), model=learned())
        if isinstance(call, AccountFacts | Drivers) and LEAST < sure < MOST and not one.before:
            return one.text
    raise AssertionError("every question is clear")


def said(bot: Any, *, author: str) -> list[str]:
    return [each.text for each in bot.services.state.transcript(bot.channel, bot.thread_ts()) if each.author == author]


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("who owns it", "its owner"),
        (QUESTION, "the value of Churn risk"),
        ("top 3 drivers", "the 3 features that move the prediction most"),
        ("compare with acme-009", "this account beside “acme-009”"),
    ],
)
def test_an_answer_from_the_data_begins_with_how_the_question_was_read(bot: Any, question: str, reading: str) -> None:
    assert f"Read as: {reading}" in bot.read(answer(bot, question)).splitlines()[0]


def test_what_the_writer_reads_itself_has_no_reading_to_object_to(bot: Any) -> None:
    message = answer(bot, "what should I say first?")

    assert "Read as" not in bot.read(message)
    assert BUTTON not in json.dumps(message.blocks)


def test_a_question_that_was_misread_is_answered_by_the_writer_and_the_answer_leaves_the_conversation(bot: Any) -> None:
    misread = answer(bot, QUESTION)
    plan = said(bot, author="precall")[:-1]

    read = press(bot, misread)

    assert "Churn risk is" in read
    assert "answered from the data" not in read
    assert "Read as" not in read
    assert said(bot, author="person") == [QUESTION]
    assert len(said(bot, author="precall")) == len(plan) + 1
    [vote] = bot.services.state.feedback(bot.channel, misread.ts)
    assert (vote.user_id, vote.vote, vote.reason) == (bot.person, -1, "It is not what was asked.")


def test_claude_is_asked_what_was_misread_and_hears_nothing_of_the_answer_to_something_else(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer
) -> None:
    with run_bot(home, env=claude(anthropic)) as bot:
        misread = answer(bot, QUESTION)
        before = len(anthropic.requests)

        read = press(bot, misread)

        messages = json.dumps(anthropic.requests[before]["messages"])
        assert messages.count(QUESTION) == 1
        assert "Written by" in read


def test_who_presses_again_is_told_that_it_was_read_again(bot: Any) -> None:
    misread = answer(bot, QUESTION)
    press(bot, misread)

    assert NOT_KEPT in press(bot, misread)
    assert said(bot, author="person") == [QUESTION]


def test_a_question_that_was_read_again_leaves_the_conversation_when_its_asker_deletes_it(bot: Any) -> None:
    misread = answer(bot, QUESTION)
    [asked] = [each for each in bot.workspace.thread(bot.channel, bot.thread_ts()) if each.text == QUESTION]
    press(bot, misread)

    bot.workspace.delete(asked)
    bot.listeners.wait(60)

    assert said(bot, author="person") == []


def test_who_may_not_see_the_account_gets_no_second_reading(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    (home / "access.toml").write_text(RIGHTS)
    with run_bot(home) as bot:
        misread = answer(bot, QUESTION)
        guest = bot.workspace.add_person("guest")
        bot.workspace.change_channel(bot.channel, members={*bot.workspace.members(bot.channel), guest})

        read = press(bot, misread, user=guest)

        assert "There is nothing here that I can tell you about." in read
        assert "Churn" not in read
        assert said(bot, author="person") == [QUESTION]


def test_of_a_question_that_was_deleted_or_answered_to_one_person_alone_nothing_is_kept_to_read_again(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, clock: Clock
) -> None:
    (home / "access.toml").write_text(RIGHTS)
    with run_bot(home, clock=clock) as bot:
        deleted = answer(bot, QUESTION)
        [asked] = [each for each in bot.workspace.thread(bot.channel, bot.thread_ts()) if each.text == QUESTION]
        bot.workspace.delete(asked)
        bot.listeners.wait(60)
        assert NOT_KEPT in press(bot, deleted)

        clock.now += timedelta(minutes=1)
        guest = bot.workspace.add_person("guest")
        bot.workspace.change_channel(bot.channel, members={*bot.workspace.members(bot.channel), guest})
        whispered = answer(bot, QUESTION)
        assert whispered.ephemeral_to == bot.person
        assert NOT_KEPT in press(bot, whispered)


def test_without_a_model_a_question_that_is_not_clear_is_answered_with_what_it_may_mean(bot: Any, unclear: str) -> None:
    message = answer(bot, unclear)
    read = bot.read(message)
    assert "answered from the data" not in read
    assert "Not in my sources" not in read
    [meant] = re.findall(r"Did you mean: (.+)\?", read)

    read = press(bot, message, button=YES)

    assert f"Read as: {meant}" in read
    assert "answered from the data" in read
    assert said(bot, author="person") == [unclear]
    assert NOT_KEPT in press(bot, message, button=YES)


def test_who_says_yes_to_what_an_older_version_proposed_is_asked_to_ask_again(bot: Any, unclear: str) -> None:
    message = answer(bot, unclear)
    [button] = [
        each for block in message.blocks for each in block.get("elements", []) if each.get("value", "")[:1] == "{"
    ]
    button["value"] = '{"tool": "forecast"}'

    assert "precall was updated since. Ask it again." in press(bot, message, button=YES)
    assert said(bot, author="person") == [unclear]


def test_claude_reads_what_is_not_clear_itself(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer, unclear: str
) -> None:
    with run_bot(home, env=claude(anthropic)) as bot:
        read = bot.read(answer(bot, unclear))

    assert "Written by" in read
    assert "Did you mean" not in read


def test_who_may_not_see_the_account_gets_no_answer_to_what_was_proposed(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, unclear: str
) -> None:
    (home / "access.toml").write_text(RIGHTS)
    with run_bot(home) as bot:
        message = answer(bot, unclear)
        guest = bot.workspace.add_person("guest")
        bot.workspace.change_channel(bot.channel, members={*bot.workspace.members(bot.channel), guest})

        assert "There is nothing here that I can tell you about." in press(bot, message, user=guest, button=YES)
        assert said(bot, author="person") == [unclear]
