"""Thumbs, their reasons, and the cross."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from made_up import Clock

RIGHTS = 'default = "all"\n[[people]]\nwho = "boss@example.com"\nrole = "ops"\n'


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, clock: Clock) -> Iterator[Any]:
    (home / "access.toml").write_text(RIGHTS)
    with run_bot(home, clock=clock) as bot:
        yield bot


def join(bot: Any, name: str) -> str:
    user = bot.workspace.add_person(name)
    members = bot.workspace.members(bot.channel) | {user}
    bot.workspace.change_channel(bot.channel, members=members)
    return user


def votes(bot: Any, message: Any) -> dict[str, tuple[int, str]]:
    return {each.user_id: (each.vote, each.reason) for each in bot.services.state.feedback(bot.channel, message.ts)}


def test_many_people_vote_on_one_message_and_each_may_change_their_mind(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    plan, ivo = bot.posted()[-1], join(bot, "ivo")

    bot.workspace.press("👍 Useful", user=bot.person, on=plan)
    bot.workspace.press("👍 Useful", user=ivo, on=plan)
    bot.wait()
    assert votes(bot, plan) == {bot.person: (1, ""), ivo: (1, "")}

    bot.workspace.press("👎 Not useful", user=ivo, on=plan)
    bot.wait()
    assert votes(bot, plan)[ivo] == (-1, "")
    assert bot.workspace.submit({"given": "The rival is another one"}, user=ivo) == {}
    bot.wait()
    assert votes(bot, plan) == {bot.person: (1, ""), ivo: (-1, "The rival is another one")}
    assert bot.workspace.refusals == []


def test_an_answer_can_be_voted_on_too(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.say("What is its churn risk?", thread_ts=bot.thread_ts())
    answer = bot.posted()[-1]

    bot.workspace.press("👍 Useful", user=bot.person, on=answer)
    bot.wait()

    assert votes(bot, answer) == {bot.person: (1, "")}


@pytest.mark.parametrize("who", ["requester", "ops"])
def test_a_cross_of_the_requester_or_of_ops_deletes_an_answer(bot: Any, who: str) -> None:
    bot.ask("/precall ACME-042")
    bot.say("What is its churn risk?", thread_ts=bot.thread_ts())
    answer, user = bot.posted()[-1], bot.person if who == "requester" else join(bot, "boss")

    bot.workspace.react("x", user=user, on=answer)
    bot.wait()

    assert answer.ts not in [message.ts for message in bot.posted()]
    assert bot.services.state.find_message(bot.channel, answer.ts).deleted_at is not None
    assert bot.workspace.refusals == []


def test_a_cross_deletes_pictures_and_the_pdf_too(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.workspace.press("PDF", user=bot.person)
    bot.wait()
    shared = [message for message in bot.posted() if message.files]
    assert [file.name for message in shared for file in message.files] == [
        "waterfall.png",
        "interactions.png",
        "brief.pdf",
    ]

    for message in shared:
        bot.workspace.react("x", user=bot.person, on=message)
        bot.wait()

    assert not any(message.files for message in bot.posted())
    assert bot.workspace.refusals == []


def test_other_crosses_and_other_emoji_delete_nothing(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    before, other = bot.posted(), join(bot, "other")
    said = bot.say("Lunch?")

    bot.workspace.react("x", user=other, on=before[-1])
    bot.workspace.react("eyes", user=bot.person, on=before[-1])
    bot.workspace.react("x", user=bot.person, on=said)
    bot.wait()

    assert [message.ts for message in bot.posted()] == [message.ts for message in before]
    assert bot.workspace.refusals == []


def test_after_a_day_a_thread_is_left_alone_but_for_one_private_nudge(bot: Any, clock: Clock) -> None:
    bot.ask("/precall ACME-042")
    clock.now += timedelta(hours=23)
    bot.say("What is its churn risk?", thread_ts=bot.thread_ts())
    assert "hurn risk" in bot.read(bot.posted()[-1])

    clock.now += timedelta(hours=25)
    before = len(bot.posted())
    bot.say("What is its churn risk?", thread_ts=bot.thread_ts())
    bot.say("Hello?", thread_ts=bot.thread_ts())
    [nudge] = bot.posted()[before:]
    assert nudge.only_visible_to(bot.person)
    assert "Mention me with your question" in bot.read(nudge)

    bot.say("@precall What is its churn risk?", thread_ts=bot.thread_ts())
    assert "hurn risk" in bot.read(bot.posted()[-1])
    bot.say("And its rank?", thread_ts=bot.thread_ts())
    assert len(bot.posted()) == before + 3


@pytest.mark.parametrize("said", ["@ivo can you take this one?", "thanks!", "ok", ":tada:", "👍"])
def test_what_is_meant_for_somebody_else_or_asks_nothing_is_left_alone(bot: Any, said: str) -> None:
    join(bot, "ivo")
    bot.ask("/precall ACME-042")
    before = len(bot.posted())

    bot.say(said, thread_ts=bot.thread_ts())

    assert len(bot.posted()) == before


def test_another_account_named_in_a_thread_gets_a_thread_of_its_own(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    first = bot.thread_ts()

    bot.say("@precall ACME-043", thread_ts=first)

    heads = [message for message in bot.posted() if message.thread_ts is None and message.ephemeral_to is None]
    assert [bot.services.state.find_thread(bot.channel, head.ts).account_id for head in heads] == [
        "ACME-042",
        "ACME-043",
    ]
    assert "ACME-043" in bot.read(heads[1])


def test_while_it_works_the_thread_says_so_and_afterwards_no_longer(bot: Any) -> None:
    seen = []
    bot.workspace.observe(lambda message: seen.append(bot.workspace.status(bot.channel, message.root_ts)))

    bot.ask("/precall ACME-042")

    assert "is writing the brief" in seen
    assert bot.workspace.status(bot.channel, bot.thread_ts()) == ""


def test_where_no_status_can_be_shown_a_message_stands_in_for_it_until_the_end(bot: Any) -> None:
    bot.workspace.fail_next("assistant.threads.setStatus", with_="not_allowed")
    seen = []
    bot.workspace.observe(lambda message: seen.append(message.text))

    bot.ask("/precall ACME-042")

    assert "precall is writing the brief" in seen
    assert "is writing the brief" not in bot.read(bot.posted())
