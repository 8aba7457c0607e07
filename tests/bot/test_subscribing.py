"""Subscribing, ending that, and having a digest at once: as people do it in Slack."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.config import DigestConfig
from bot.digest import post_due_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NO_CHANNELS = DigestConfig(channels=(), at=time(8), timezone=ZoneInfo("UTC"))


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    with run_bot(home, clock=lambda: MONDAY_NOON) as running:
        yield running
        assert running.workspace.refusals == []
        assert running.workspace.failed_deliveries == []


def direct(bot: Any) -> list[Any]:
    return bot.posted(bot.workspace.direct_channel(bot.person))


def submit(bot: Any, **values: Any) -> dict[str, str]:
    errors = bot.workspace.submit(values, user=bot.person)
    bot.wait()
    return errors


def test_a_subscription_to_the_direct_messages_is_confirmed_posted_there_and_ended(bot: Any) -> None:
    bot.ask("/precall subscribe")
    assert submit(bot, place="direct", time="09:30", top="3") == {}

    [confirmed] = direct(bot)
    assert "Monday to Friday at 09:30 (Europe/Berlin), top 3" in bot.read(confirmed)
    post_due_digests(bot.services, bot.client, NO_CHANNELS)
    digest = direct(bot)[-1]
    assert bot.read(digest).count("[Brief me]") == 3
    assert bot.posted() == []

    bot.ask("/precall unsubscribe")
    assert "In our direct messages: Monday to Friday at 09:30" in bot.read(bot.posted()[-1])
    bot.workspace.press("End", user=bot.person)
    bot.wait()
    assert "Ended: Monday to Friday at 09:30" in bot.read(bot.posted()[-1])
    assert bot.services.state.subscriptions() == ()


def test_a_subscription_of_a_channel_is_posted_there(bot: Any) -> None:
    bot.ask("/precall subscribe")
    assert submit(bot, place="here", days=["Monday"], territory="EMEA") == {}

    post_due_digests(bot.services, bot.client, NO_CHANNELS)

    [digest] = bot.posted()
    assert "Listed is EMEA." in bot.read(digest)
    assert "The digest comes in the channel where you asked. Monday at 08:00" in bot.read(direct(bot)[0])


def test_who_subscribed_deletes_a_digest_with_a_cross_and_it_is_not_posted_again(bot: Any) -> None:
    bot.ask("/precall subscribe")
    submit(bot, place="here")
    post_due_digests(bot.services, bot.client, NO_CHANNELS)
    [digest] = bot.posted()

    bot.workspace.react("x", user=bot.person, on=digest)
    bot.wait()
    post_due_digests(bot.services, bot.client, NO_CHANNELS)

    assert bot.posted() == []


def test_the_time_zone_is_found_by_typing(bot: Any) -> None:
    bot.ask("/precall subscribe")

    assert bot.workspace.type_ahead("timezone", "new yo", user=bot.person) == ["America/New_York"]
    assert submit(bot, timezone="America/New_York") == {}

    [subscription] = bot.services.state.subscriptions()
    assert subscription.timezone == "America/New_York"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"with_bot": False}, "/invite @precall there first"), ({"shared": True}, "People from outside read this")],
)
def test_a_channel_that_cannot_have_one_says_why_in_the_modal(bot: Any, changes: dict[str, Any], reason: str) -> None:
    place = bot.workspace.add_channel("elsewhere", members=[bot.person], **changes)
    bot.ask("/precall subscribe", channel=place)

    errors = submit(bot, place="here")

    assert reason in errors["place"]
    assert bot.services.state.subscriptions() == ()


def test_a_submission_that_arrives_twice_is_one_subscription(bot: Any) -> None:
    bot.ask("/precall subscribe")
    submit(bot)
    [submission] = [each for each in bot.workspace.deliveries if each.payload.get("type") == "view_submission"]

    bot.workspace.redeliver(submission)
    bot.wait()

    assert len(bot.services.state.subscriptions()) == 1
    assert bot.read(direct(bot)).count("The digest comes") == 1


def test_nobody_ends_what_another_subscribed(bot: Any) -> None:
    bot.ask("/precall subscribe")
    submit(bot, place="here")
    lee = bot.workspace.add_person("lee")
    bot.workspace.change_channel(bot.channel, members=bot.workspace.members(bot.channel) | {lee})

    bot.workspace.command("/precall unsubscribe", user=lee, channel=bot.channel)
    bot.wait()

    assert "You have no subscription." in bot.read(bot.posted()[-1])
    assert len(bot.services.state.subscriptions()) == 1


@pytest.fixture
def ops(bot: Any, home: Path) -> str:
    """Somebody who runs the bot; everybody else is a rep."""
    ops = bot.workspace.add_person("olga")
    (home / "access.toml").write_text(f'default = "all"\n[[people]]\nwho = "{ops}"\nrole = "ops"\n')
    bot.workspace.change_channel(bot.channel, members=bot.workspace.members(bot.channel) | {ops})
    return str(ops)


@pytest.mark.parametrize("place", ["Home", "the channel"])
def test_ops_see_and_end_what_others_subscribed_and_that_is_on_record(bot: Any, ops: str, place: str) -> None:
    bot.ask("/precall subscribe")
    submit(bot, place="here", top="3")
    [subscription] = bot.services.state.subscriptions()
    if place == "Home":
        bot.workspace.open_home(ops)
        bot.wait()
        shown = bot.workspace.home(ops)
        assert "ana, in #sales: Monday to Friday at 08:00 (Europe/Berlin), top 3" in str(shown.content)
    else:
        bot.workspace.command("/precall unsubscribe", user=ops, channel=bot.channel)
        bot.wait()
        shown = bot.posted()[-1]
        assert "You have no subscription.\n" in bot.read(shown)
        assert "ana, in #sales: Monday to Friday at 08:00" in bot.read(shown)

    bot.workspace.press("End", user=ops, on=shown)
    bot.wait()

    assert bot.services.state.subscriptions() == ()
    assert "Who runs me has ended this digest of yours: Monday to Friday at 08:00" in bot.read(direct(bot)[-1])
    [ended] = [row for row in bot.services.state.audit_since(datetime.min) if row.kind == "subscription ended"]  # noqa: DTZ901 - UTC without a time zone
    assert (ended.user_id, ended.evidence) == (ops, (subscription.subscription_id,))


def test_a_room_that_ops_are_not_in_is_not_named_to_them(bot: Any, ops: str) -> None:
    secret = bot.workspace.add_channel("merger-talks", members=[bot.person], private=True)
    bot.ask("/precall subscribe", channel=secret)
    submit(bot, place="here")

    bot.workspace.open_home(ops)
    bot.wait()

    shown = str(bot.workspace.home(ops).content)
    assert "ana, in a channel that you or I are not in: Monday to Friday" in shown
    assert "merger-talks" not in shown


def test_who_is_no_longer_ops_ends_nothing_of_others(bot: Any, ops: str, home: Path) -> None:
    bot.ask("/precall subscribe")
    submit(bot, place="here")
    bot.workspace.open_home(ops)
    bot.wait()
    (home / "access.toml").write_text('default = "all"')

    bot.workspace.press("End", user=ops, on=bot.workspace.home(ops))
    bot.wait()

    assert len(bot.services.state.subscriptions()) == 1
    assert "This subscription has ended already." in bot.read(bot.posted(bot.workspace.direct_channel(ops)))


def test_where_no_modal_can_be_opened_a_button_opens_it(bot: Any) -> None:
    bot.workspace.direct_message("subscribe", user=bot.person)
    bot.wait()
    bot.workspace.press("Subscribe …", user=bot.person)
    bot.wait()

    modal = bot.workspace.modal(bot.person)
    assert modal is not None
    assert [option["value"] for option in modal.content["blocks"][0]["element"]["options"]] == ["direct"]


def test_a_digest_now_is_for_who_asked_alone_and_with_their_rights(bot: Any, home: Path) -> None:
    (home / "access.toml").write_text(f'[[people]]\nwho = "{bot.person}"\nrole = "rep"\nowner = "Dana Reyes"\n')

    bot.ask("/precall digest now")

    [notice] = bot.posted()
    assert notice.only_visible_to(bot.person)
    [digest] = direct(bot)
    read = bot.read(digest)
    assert "Dana Reyes" in read
    assert "Ivo Maric" not in read
    assert "Lena Okafor" not in read


def test_a_channel_is_named_to_who_is_in_it_and_to_nobody_who_has_left(bot: Any) -> None:
    bot.ask("/precall subscribe")
    submit(bot, place="here")
    bot.ask("/precall unsubscribe")
    assert "In #sales: Monday to Friday" in bot.read(bot.posted()[-1])

    elsewhere = bot.workspace.direct_channel(bot.person)
    bot.workspace.change_channel(bot.channel, members={bot.workspace.bot_user})
    bot.services.access._directory._rooms._values.clear()  # noqa: SLF001 - it is remembered for ten seconds
    bot.workspace.direct_message("unsubscribe", user=bot.person)
    bot.wait()

    assert "In a channel that one of us has left: " in bot.read(bot.posted(elsewhere)[-1])


def test_a_digest_in_the_direct_messages_has_what_the_subscriber_may_see(bot: Any, home: Path) -> None:
    (home / "access.toml").write_text(f'[[people]]\nwho = "{bot.person}"\nrole = "rep"\nowner = "Dana Reyes"\n')
    bot.ask("/precall subscribe")
    submit(bot, place="direct")

    post_due_digests(bot.services, bot.client, NO_CHANNELS)

    read = bot.read(direct(bot)[-1])
    assert "Dana Reyes" in read
    assert "Ivo Maric" not in read
    assert "Lena Okafor" not in read
