"""What Slack delivers several times is handled once, whichever process hears it."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.app import make_app
from bot.config import BotConfig, DigestConfig
from bot.digest import post_due_digests
from bot.server import EVENTS_PATH, Listeners, listening_http, slack_requests
from bot.services import open_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What two processes of the bot share, on one machine or on two."""

    homes: tuple[Path, Path]
    env: dict[str, str]


@pytest.fixture(params=["one machine", "two machines and a database"])
def place(request: Any, home: Path, tmp_path: Path) -> Place:
    if request.param == "one machine":
        return Place(homes=(home, home), env={})
    shutil.copytree(home, tmp_path / "other")
    return Place(homes=(home, tmp_path / "other"), env={"DATABASE_URL": request.getfixturevalue("database_url")})


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], place: Place) -> Iterator[Any]:
    with run_bot(place.homes[0], env=place.env) as running:
        yield running


@contextmanager
def second_process(bot: Any, place: Place) -> Iterator[tuple[Services, Callable[[], None]]]:
    """Another process of the bot, to which the workspace delivers from now on."""
    env = {
        "SLACK_BOT_TOKEN": bot.workspace.bot_token,
        "SLACK_SIGNING_SECRET": bot.workspace.signing_secret,
        "SLACK_API_URL": bot.workspace.api_url,
        "PRECALL_HOME": str(place.homes[1]),
    }
    config = replace(BotConfig.from_env(env | place.env), host="127.0.0.1", port=0)
    with ExitStack() as stack:
        services = stack.enter_context(open_services(config))
        listeners = stack.enter_context(Listeners())
        app = make_app(config, services, executor=listeners)
        port = stack.enter_context(listening_http(slack_requests(app, services), config))
        bot.workspace.connect(f"http://127.0.0.1:{port}{EVENTS_PATH}")

        def finish() -> None:
            assert listeners.wait(60)
            assert services.desk.wait(60)

        yield services, finish


BEGINNING = datetime.min  # noqa: DTZ901 - moments in the state are UTC without a zone


def answers(bot: Any) -> list[str]:
    """Return what the bot said after the brief that it was asked about."""
    return [
        message.text for message in bot.workspace.thread(bot.channel, bot.thread_ts()) if message.user != bot.person
    ]


def test_a_command_that_slack_repeats_opens_one_brief(bot: Any, place: Place) -> None:
    bot.ask("/precall ACME-042")
    once = len(bot.posted())
    [command] = [delivery for delivery in bot.workspace.deliveries if delivery.kind == "command"]

    assert not bot.workspace.redeliver(command).failed
    bot.wait()
    with second_process(bot, place) as (_, finish):
        assert not bot.workspace.redeliver(command).failed
        finish()

    assert len(bot.posted()) == once


@pytest.mark.parametrize("question", ["Why this many actions?", "@precall why this many actions?"])
def test_a_question_is_answered_once_however_often_and_to_whom_it_is_delivered(
    bot: Any, place: Place, question: str
) -> None:
    bot.ask("/precall ACME-042")
    before = len(answers(bot))
    bot.say(question, thread_ts=bot.thread_ts())
    assert len(answers(bot)) == before + 1
    events = [delivery for delivery in bot.workspace.deliveries if "actions?" in str(delivery.payload)]
    assert len(events) == (2 if question.startswith("@") else 1)

    with second_process(bot, place) as (_, finish):
        for event in events:
            assert not bot.workspace.redeliver(event).failed
        finish()

    assert len(answers(bot)) == before + 1


@pytest.mark.parametrize("edited", ["Why so many actions?", "@precall why so many actions?"])
def test_a_question_that_is_edited_is_not_answered_again(bot: Any, edited: str) -> None:
    bot.ask("/precall ACME-042")
    question = bot.say("Why this many actions?", thread_ts=bot.thread_ts())
    once = len(answers(bot))

    bot.workspace.edit(question, edited)
    bot.wait()

    assert len(answers(bot)) == once


def test_what_the_bot_itself_says_is_not_answered(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    once = len(answers(bot))

    bot.client.chat_postMessage(channel=bot.channel, thread_ts=bot.thread_ts(), text="Why this many actions?")
    bot.wait()

    assert len(answers(bot)) == once + 1


def test_a_thread_that_one_process_opened_is_known_to_another(bot: Any, place: Place) -> None:
    bot.ask("/precall ACME-042")
    before = len(answers(bot))

    with second_process(bot, place) as (_, finish):
        bot.workspace.say("Why this many actions?", user=bot.person, channel=bot.channel, thread_ts=bot.thread_ts())
        finish()

    assert len(answers(bot)) == before + 1
    assert [row.kind for row in bot.services.state.audit_since(BEGINNING)] == ["brief", "plan", "answer"]


def test_a_digest_that_two_processes_find_due_at_once_is_posted_once(bot: Any, place: Place) -> None:
    due_now = DigestConfig(channels=(bot.channel,), at=time(), timezone=ZoneInfo("UTC"))
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)

    with second_process(bot, place) as (other, _), ThreadPoolExecutor(4) as pool:
        processes = [replace(services, clock=lambda: monday) for services in (bot.services, other) * 2]
        list(pool.map(lambda services: post_due_digests(services, bot.client, due_now), processes))

    assert len(bot.posted()) == 1
