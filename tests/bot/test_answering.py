from __future__ import annotations

from typing import Any

import pytest

LABEL = "Written without an AI model: answered from the data."


def ask_in_thread(bot: Any, question: str) -> str:
    """Ask in the thread of ACME-042 and return what came of it, as people read it."""
    if not bot.posted():
        bot.ask("/precall ACME-042")
    before = len(bot.posted())
    bot.say(question, thread_ts=bot.thread_ts())
    return str(bot.read(bot.posted()[before:]))


def test_a_question_that_the_data_answers_is_answered_with_its_citation_and_labelled(bot: Any) -> None:
    read = ask_in_thread(bot, "who owns it")

    assert "Its owner is Dana Reyes." in read
    assert "CRM: owner" in read
    assert LABEL in read


def test_another_account_is_compared_where_everybody_may_see_it(bot: Any) -> None:
    read = ask_in_thread(bot, "compare with acme-009")

    assert "Ridgeline Freight 9 (ACME-009)" in read
    assert LABEL in read


def test_an_account_that_nobody_knows_is_said_to_be_unknown(bot: Any) -> None:
    assert "I know no account “globex-907” that you may see." in ask_in_thread(bot, "compare with GLOBEX-907")


def test_a_follow_up_is_read_in_the_light_of_the_question_before(bot: Any) -> None:
    ask_in_thread(bot, "how many actions do they get")

    assert "Allocation" in ask_in_thread(bot, "and why?")


@pytest.mark.parametrize("question", ["what should I say first?", "how many contracts do they have"])
def test_what_is_not_understood_word_for_word_goes_to_the_writer(bot: Any, question: str) -> None:
    assert LABEL not in ask_in_thread(bot, question)


def test_questions_sent_at_once_are_answered_one_after_the_other(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    for question in ("who owns it", "what are they worth", "top drivers"):
        bot.workspace.say(question, user=bot.person, channel=bot.channel, thread_ts=bot.thread_ts())
    bot.wait()

    turns = bot.services.state.transcript(bot.channel, bot.thread_ts())[1:]
    assert [turn.author for turn in turns] == ["person", "precall"] * 3
    answers = {asked.text: answered.text for asked, answered in zip(turns[::2], turns[1::2], strict=True)}
    assert "Its owner is" in answers["who owns it"]
    assert "prediction" in answers["what are they worth"]
    assert "Demo requests" in answers["top drivers"]
