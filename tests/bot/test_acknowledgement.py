"""What Slack hears before something is on record, and what it does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.mark.parametrize("way", ["command", "direct message"])
def test_where_the_state_is_slow_slack_need_not_wait_and_who_asked_is_served_once(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    with run_bot(home) as bot:
        channel = bot.workspace.direct_channel(bot.person)
        with closing(sqlite3.connect(home / "state.sqlite", isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            if way == "command":
                bot.workspace.command("/precall ACME-042", user=bot.person, channel=channel)
            else:
                bot.workspace.direct_message("ACME-042", user=bot.person)
            assert bot.posted(channel) == []
            another.execute("ROLLBACK")
        bot.wait()

        assert "acknowledged before it is on record" in caplog.text
        assert bot.read(bot.posted(channel)).count("Executive summary") == 1


def plan_of(bot: Any) -> Any:
    """Return the message of a plan that has its buttons."""
    return next(each for each in bot.posted() if "feedback_useful" in str(each.blocks))


def vote(bot: Any) -> None:
    bot.workspace.press("feedback_useful", user=bot.person)


def say_it_is_done(bot: Any) -> None:
    bot.workspace.choose("step_outcome:0", "Done", user=bot.person)


def cross_out(bot: Any) -> None:
    bot.workspace.react("x", user=bot.person, on=plan_of(bot))


def end_the_subscription(bot: Any) -> None:
    bot.workspace.press("End", user=bot.person)


def subscribe(bot: Any) -> None:
    bot.workspace.command("/precall subscribe", user=bot.person, channel=bot.channel)


@pytest.mark.parametrize(
    ("click", "recorded"),
    [
        (vote, lambda bot: bot.services.state.feedback(bot.channel, plan_of(bot).ts)),
        (say_it_is_done, lambda bot: bot.services.state.outcomes("ACME-046")),
        (cross_out, lambda bot: "feedback_useful" not in str([each.blocks for each in bot.posted()])),
        (end_the_subscription, lambda bot: not bot.services.state.subscriptions()),
        (subscribe, lambda bot: bot.workspace.modal(bot.person)),
    ],
)
def test_what_is_clicked_is_acknowledged_when_it_is_on_record_and_not_before(
    run_bot: Callable[..., AbstractContextManager[Any]],
    home: Path,
    caplog: pytest.LogCaptureFixture,
    click: Callable[[Any], None],
    recorded: Callable[[Any], object],
) -> None:
    with run_bot(home) as bot:
        bot.ask("/precall subscribe")
        assert bot.workspace.submit({"place": "here"}, user=bot.person) == {}
        bot.ask("/precall ACME-046")
        bot.ask("/precall unsubscribe")
        with closing(sqlite3.connect(home / "state.sqlite", isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            click(bot)
            another.execute("ROLLBACK")
        bot.wait()

        assert "acknowledged before it is on record" in caplog.text
        assert recorded(bot)
