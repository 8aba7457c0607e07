"""A brief that was read in private, and the way from there to a room."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from made_up import Clock

PLAN = "Executive summary"
RIGHTS = """
[[people]]
who = "ana@example.com"
role = "ops"

[[people]]
who = "rep@example.com"
role = "rep"
owner = "Dana Reyes"
"""


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, clock: Clock) -> Iterator[Any]:
    """A room of somebody who sees all accounts and a rep who sees every third, ACME-042 but not ACME-043."""
    (home / "access.toml").write_text(RIGHTS)
    with run_bot(home, clock=clock) as bot:
        rep = bot.workspace.add_person("rep")
        bot.workspace.change_channel(bot.channel, members={bot.person, rep, bot.workspace.bot_user})
        yield bot


def direct(bot: Any) -> str:
    return bot.workspace.direct_channel(bot.person)


def public(bot: Any) -> list[Any]:
    return [message for message in bot.posted() if message.ephemeral_to is None]


@pytest.mark.parametrize("said", ["--private ACME-042", "ACME-042 --private", "\u2014private acme-042"])
def test_a_private_brief_is_read_in_the_direct_messages_alone(bot: Any, said: str) -> None:
    bot.ask(f"/precall {said}")

    assert public(bot) == []
    assert "I sent it to you directly, as you asked." in bot.read(bot.posted()[-1])
    assert PLAN in bot.read(bot.posted(direct(bot)))
    assert bot.workspace.refusals == []


def test_the_notice_s_button_shares_the_brief_here(bot: Any) -> None:
    bot.ask("/precall --private ACME-042")
    bot.workspace.press("Share here", user=bot.person)
    bot.wait()

    assert PLAN in bot.read(public(bot))
    thread_ts = public(bot)[0].ts
    assert bot.services.state.find_thread(bot.channel, thread_ts).account_id == "ACME-042"
    assert bot.workspace.refusals == []


def test_the_share_button_looks_at_the_room_at_the_click(bot: Any, clock: Clock) -> None:
    bot.ask("/precall ACME-043")
    assert "not everybody here may see this" in bot.read(bot.posted()[-1])

    bot.workspace.press("Share here", user=bot.person)
    bot.wait()
    assert public(bot) == []
    assert "I did not share it, because not everybody here may see this." in bot.read(bot.posted()[-1])

    bot.workspace.change_channel(bot.channel, members={bot.person, bot.workspace.bot_user})
    clock.now += timedelta(minutes=1)
    bot.workspace.press("Share here", user=bot.person)
    bot.wait()
    assert PLAN in bot.read(public(bot))


def test_a_brief_is_shared_to_a_channel_that_is_chosen(bot: Any) -> None:
    bot.ask("/precall --private ACME-042")
    other = bot.workspace.add_channel("emea", members=[bot.person])
    bot.workspace.press("Share to a channel …", user=bot.person)
    bot.wait()
    assert bot.workspace.modal(bot.person).content["blocks"][0]["element"]["initial_conversation"] == bot.channel

    assert bot.workspace.submit({"given": other}, user=bot.person) == {}
    bot.wait()

    assert PLAN in bot.read(bot.posted(other))
    assert public(bot) == []
    assert bot.workspace.refusals == []


def test_a_channel_that_cannot_have_it_is_refused_below_the_choice(bot: Any) -> None:
    bot.ask("/precall --private ACME-043")
    rooms = {
        bot.channel: "not everybody here may see this",
        bot.workspace.add_channel("alone", members=[bot.person], with_bot=False): "that both of us are in",
        bot.workspace.add_channel("others", members=[]): "that both of us are in",
        bot.workspace.add_channel("partner", members=[bot.person], shared=True): "People from outside",
    }
    bot.workspace.press("Share to a channel …", user=bot.person)
    bot.wait()

    for room, sentence in rooms.items():
        assert sentence in bot.workspace.submit({"given": room}, user=bot.person)["given"]
        bot.wait()
        assert [message for message in bot.posted(room) if message.ephemeral_to is None] == []


def test_who_lost_their_rights_can_no_longer_share(bot: Any, home: Path) -> None:
    bot.ask("/precall --private ACME-043")
    (home / "access.toml").write_text(RIGHTS.replace("ana@", "somebody.else@"))

    bot.workspace.press("Share to a channel …", user=bot.person)
    bot.wait()

    assert bot.workspace.modal(bot.person) is None
    assert "There is nothing here that I can tell you about." in bot.read(bot.posted(direct(bot))[-1])


def test_where_the_bot_is_not_the_brief_comes_directly(bot: Any) -> None:
    secret = bot.workspace.add_channel("secret", members=[bot.person], with_bot=False, private=True)

    bot.ask("/precall ACME-042", channel=secret)

    [notice] = bot.posted(secret)
    assert notice.only_visible_to(bot.person)
    assert "/invite @precall" in bot.read(notice)
    assert PLAN in bot.read(bot.posted(direct(bot)))
