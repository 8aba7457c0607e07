from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt import Respond

from bot.blocks import Message, sentence_message
from bot.room import Room
from bot.workspace import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.brief import Brief
    from bot.plan import Answer, Plan

PLAN = "Executive summary"


def thread_of(bot: Any) -> list[Any]:
    return bot.workspace.thread(bot.channel, bot.thread_ts())


def test_a_command_opens_a_thread_with_the_pictures_before_the_plan(bot: Any) -> None:
    bot.ask("/precall ACME-042")

    parent, pictures, *plan = thread_of(bot)
    assert "Ridgeline Freight 42 · ACME-042" in bot.read(parent)
    assert [file.name for file in pictures.files] == ["waterfall.png", "interactions.png"]
    assert all(file.content.startswith(b"\x89PNG") for file in pictures.files)
    assert PLAN in bot.read(plan)
    assert bot.workspace.refusals == []
    assert bot.workspace.late_acknowledgements == []


@pytest.mark.parametrize("command", ["/precall", "/precall help", "/precall   HELP "])
def test_the_command_explains_itself_to_who_asked(bot: Any, command: str) -> None:
    bot.ask(command)

    [message] = bot.posted()
    assert message.only_visible_to(bot.person)
    assert "/precall account id" in bot.read(message)


def test_a_misspelt_id_is_answered_privately_with_buttons_that_brief(bot: Any) -> None:
    bot.ask("/precall ACNE-042")

    [message] = bot.posted()
    assert message.only_visible_to(bot.person)
    bot.workspace.press("Ridgeline Freight 42 · ACME-042", user=bot.person)
    bot.wait()
    assert PLAN in bot.read(thread_of(bot))


def test_a_name_that_two_accounts_share_is_a_choice_between_them(bot: Any) -> None:
    bot.ask("/precall twin peaks ltd")

    [message] = bot.posted()
    read = bot.read(message)
    assert message.only_visible_to(bot.person)
    assert "TWIN-001" in read
    assert "TWIN-002" in read
    assert "No account" not in read


def test_a_mention_and_a_direct_message_do_what_the_command_does(bot: Any) -> None:
    bot.say("@precall ACME-042")
    bot.workspace.direct_message("please brief me on acme-042", user=bot.person)
    bot.wait()

    direct = bot.workspace.direct_channel(bot.person)
    for channel in (bot.channel, direct):
        assert PLAN in bot.read(bot.posted(channel))
    assert bot.workspace.refusals == []


def test_a_mention_of_nothing_known_is_answered_privately(bot: Any) -> None:
    bot.say("@precall Globex")

    [message] = bot.posted()
    assert message.only_visible_to(bot.person)
    assert bot.workspace.never_shown == []


def test_a_mention_inside_a_thread_is_answered_in_that_thread(bot: Any) -> None:
    opening = bot.say("Call with Ridgeline at ten")
    bot.say("@precall ACME-042", thread_ts=opening.ts)

    assert {message.thread_ts for message in bot.posted()} == {opening.ts}
    bot.say("Why?", thread_ts=opening.ts)
    assert bot.posted()[-1].thread_ts == opening.ts


def test_a_follow_up_is_answered_once_although_it_arrives_four_times(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    before = len(bot.posted())

    bot.say("@precall why does it get this many actions?", thread_ts=bot.thread_ts())
    for delivery in [each for each in bot.workspace.deliveries if "why does" in str(each.payload)]:
        bot.workspace.redeliver(delivery)
    bot.wait()

    assert len(bot.posted()) == before + 1
    assert bot.posted()[-1].thread_ts == bot.thread_ts()


def test_the_bot_stays_out_of_what_is_not_for_it(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    before = len(bot.posted())

    other = bot.say("Lunch?")
    bot.say("Pizza", thread_ts=other.ts)
    said = bot.say("Thanks!", thread_ts=bot.thread_ts())
    bot.workspace.edit(said, "Thanks a lot, but why?")
    bot.wait()

    assert len(bot.posted()) == before


def test_the_conversation_so_far_is_kept(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.say("What is its churn risk?", thread_ts=bot.thread_ts())

    turns = bot.services.state.transcript(bot.channel, bot.thread_ts())
    assert [turn.author for turn in turns] == ["precall", "person", "precall"]
    assert turns[1].text == "What is its churn risk?"


def test_where_the_bot_is_no_member_the_person_is_told_how_to_invite_it(bot: Any) -> None:
    elsewhere = bot.workspace.add_channel("secret", members=[bot.person], with_bot=False, private=True)

    bot.ask("/precall ACME-042", channel=elsewhere)

    [message] = bot.posted(elsewhere)
    assert message.only_visible_to(bot.person)
    assert "/invite @precall" in bot.read(message)


def test_without_pictures_the_plan_still_comes_and_a_sentence_says_so(bot: Any) -> None:
    bot.workspace.fail_next("files.getUploadURLExternal", with_="fatal_error")

    bot.ask("/precall ACME-042")

    read = bot.read(thread_of(bot))
    assert "The pictures are missing." in read
    assert PLAN in read


class Broken:
    """A writer with a fault of its own."""

    def write_plan(self, brief: Brief) -> Plan:
        raise KeyError(brief.account.name)

    def answer(self, brief: Brief, question: str, **_: Any) -> Answer:
        raise KeyError(brief.account.name, question)


def test_when_the_writer_breaks_the_facts_stand_and_a_sentence_says_so(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with run_bot(home, writer=Broken()) as bot:
        bot.ask("/precall ACME-042")
        bot.say("What is its secret?", thread_ts=bot.thread_ts())

        read = bot.read(thread_of(bot))
        assert "[waterfall.png]" in read
        assert "The plan is missing. Something went wrong" in read
        assert "I could not answer this. Something went wrong" in read
    assert "Ridgeline" not in caplog.text
    assert "secret" not in caplog.text


def test_when_slack_does_not_take_blocks_the_plain_text_is_posted(bot: Any) -> None:
    bot.workspace.fail_next("chat.postMessage", with_="invalid_blocks")

    bot.ask("/precall ACME-042")

    assert bot.posted()[0].text.startswith("Ridgeline Freight 42")


def test_when_slack_does_not_take_the_blocks_of_a_private_answer_its_plain_text_is_told(bot: Any) -> None:
    bot.ask("/precall help")
    [command] = [each for each in bot.workspace.deliveries if each.kind == "command"]
    by_address = Respond(response_url=command.payload["response_url"])
    before = len(bot.posted())

    for respond in (None, by_address):
        room = Room(client=bot.client, channel=bot.channel, thread_ts=None, user_id=bot.person, respond=respond)
        room.whisper(Message(text="Only for you.", blocks=({"type": "a block of next year"},)))

    told = bot.posted()[before:]
    assert [message.text for message in told] == ["Only for you."] * 2
    assert all(message.only_visible_to(bot.person) for message in told)


def test_when_slack_does_not_take_the_blocks_of_an_edited_message_it_is_its_plain_text(bot: Any) -> None:
    room = Room(client=bot.client, channel=bot.channel, thread_ts=None, user_id=bot.person, respond=None)
    ts = room.post(sentence_message("Before."))

    room.edit(ts, Message(text="After.", blocks=({"type": "a block of next year"},)))

    [edited] = bot.posted()
    assert (edited.text, edited.blocks) == ("After.", ())


def test_a_lost_answer_of_slack_doubles_no_message(bot: Any) -> None:
    bot.workspace.fail_next("chat.postMessage", with_=Failure.LOST_ANSWER)

    bot.ask("/precall ACME-042")

    assert sum("predicted expansion revenue" in bot.read(message) for message in bot.posted()) == 1
    assert bot.read(bot.posted()[-1]).count("could not reach") == 1


def test_a_call_that_slack_limits_is_made_again(bot: Any) -> None:
    bot.workspace.fail_next("chat.postMessage", times=4, with_=Failure.RATE_LIMITED)

    bot.ask("/precall ACME-042")

    assert PLAN in bot.read(thread_of(bot))


def test_an_account_name_pings_nobody(bot: Any) -> None:
    bot.ask("/precall EVIL-<!here>&001")

    everything = bot.workspace.everything_posted()
    assert "EVIL-" in everything
    for message in bot.posted():
        assert "<!" not in message.text
        assert "<@" not in message.text


def test_before_anything_was_built_the_person_is_told_what_to_run(
    run_bot: Callable[..., AbstractContextManager[Any]], tmp_path: Path
) -> None:
    with run_bot(tmp_path / "empty") as bot:
        bot.ask("/precall ACME-042")

        [message] = bot.posted()
        assert message.only_visible_to(bot.person)
        assert "precall build" in bot.read(message)


def test_a_thread_whose_snapshot_is_gone_is_answered_from_the_newest_and_says_so(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    with run_bot(home) as bot:
        bot.ask("/precall ACME-042")
        thread_ts = bot.thread_ts()
        thread = bot.services.state.find_thread(bot.channel, thread_ts)
        parent = bot.say("An older thread")
        bot.services.state.open_thread(replace(thread, thread_ts=parent.ts, snapshot_id="000001-00000000"))
        bot.say("What is its churn risk?", thread_ts=parent.ts)

        notice, answer = [message for message in bot.posted() if message.thread_ts == parent.ts]
        assert "no longer kept; I answer from the newest" in bot.read(notice)
        assert "hurn risk" in bot.read(answer)


RIGHTS = """
[[people]]
who = "ana@example.com"
role = "rep"
owner = "Dana Reyes"

[[people]]
who = "ops@example.com"
role = "ops"
"""


@pytest.fixture
def restricted(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    """A bot with rights: the person owns every third account, ACME-042 among them and ACME-043 not."""
    (home / "access.toml").write_text(RIGHTS)
    with run_bot(home) as bot:
        yield bot


def test_a_forbidden_account_and_an_unknown_one_are_told_in_the_same_words(restricted: Any) -> None:
    bot = restricted
    direct = bot.workspace.direct_channel(bot.person)
    bot.workspace.say("@precall ACME-043", user=bot.person, channel=bot.channel)
    bot.wait()
    bot.workspace.direct_message("ACME-043", user=bot.person)
    for asked in ("ACME-043", "ZZZZ-043"):
        bot.ask(f"/precall {asked}")
        bot.ask(f"/precall what about {asked}?", channel=direct)

    answers = [bot.read(message) for message in bot.posted() + bot.posted(direct)]
    assert len(answers) == 6
    for answer in answers:
        assert "has the id or name" in answer
        assert "Ridgeline Freight 43" not in answer
    assert "Ridgeline Freight 43" not in bot.workspace.everything_posted()


def test_a_brief_that_not_everybody_in_the_room_may_see_goes_to_who_asked(restricted: Any) -> None:
    bot = restricted
    ops = bot.workspace.add_person("ops")
    bot.workspace.change_channel(bot.channel, members={ops, bot.person, bot.workspace.bot_user})

    bot.workspace.command("/precall ACME-043", user=ops, channel=bot.channel)
    bot.wait()

    [notice] = bot.posted()
    assert notice.only_visible_to(ops)
    assert "I sent it to you directly, because not everybody here may see this." in bot.read(notice)
    assert PLAN in bot.read(bot.posted(bot.workspace.direct_channel(ops)))
    assert not any("ACME-043" in bot.read(message) for message in bot.workspace.visible_to(bot.person))
    assert bot.workspace.refusals == []


def test_a_question_is_answered_with_the_rights_of_who_asks_it(restricted: Any) -> None:
    bot = restricted
    ops, other = bot.workspace.add_person("ops"), bot.workspace.add_person("other")
    bot.ask("/precall ACME-042")
    before = len(bot.posted())
    bot.workspace.change_channel(bot.channel, members={ops, other, bot.person, bot.workspace.bot_user})

    bot.workspace.say("What is its churn risk?", user=other, channel=bot.channel, thread_ts=bot.thread_ts())
    bot.wait()

    [answer] = bot.posted()[before:]
    assert answer.only_visible_to(other)
    assert "There is nothing here that I can tell you about." in bot.read(answer)


@pytest.mark.parametrize("said", ["/precall ACME-042", "/precall help", "/precall model", "@precall ACME-042"])
@pytest.mark.parametrize("outside", ["shared", "guest"])
def test_where_outsiders_read_there_is_nothing_but_a_refusal(bot: Any, said: str, outside: str) -> None:
    guest = bot.workspace.add_person("gil", guest=True)
    changes = {"shared": True} if outside == "shared" else {"members": {bot.person, guest, bot.workspace.bot_user}}
    bot.workspace.change_channel(bot.channel, **changes)

    if said.startswith("/"):
        bot.ask(said)
    else:
        bot.say(said)

    [message] = bot.posted()
    assert message.only_visible_to(bot.person)
    assert "People from outside read this conversation" in bot.read(message)
    assert "Ridgeline" not in bot.workspace.everything_posted()
