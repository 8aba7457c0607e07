"""A process of the bot is killed while somebody waits: they hear of it once, and nothing is answered twice."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import AnthropicServer, Scenario
from serving import claude, serving, wait_until

from bot.desk import Desk
from bot.interrupted import INTERRUPTED, look_after_requests
from bot.room import Room
from bot.workspace import Workspace
from bot.workspace.server import Failure
from storage.state import State, open_state

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.workspace import Message

QUESTION = "What would their chief of staff like to hear from us on Friday?"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workspace with a person and a channel, and what the processes of the bot share."""

    workspace: Workspace
    home: Path
    database_url: str
    person: str
    channel: str

    @contextmanager
    def serving(self, anthropic: AnthropicServer) -> Iterator[subprocess.Popen[str]]:
        env = claude(anthropic) | {"DATABASE_URL": self.database_url}
        with serving(self.workspace, self.home, env=env) as process:
            yield process

    def state(self) -> State:
        return open_state(self.home / "state.sqlite", database_url=self.database_url or None)

    def told(self) -> list[Message]:
        """Return what was said of interruptions, anywhere."""
        return [each for each in self.workspace.visible_to(self.person) if each.text == INTERRUPTED]


@pytest.fixture
def place(request: Any, home: Path) -> Iterator[Place]:
    database_url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else ""
    with Workspace.running() as workspace:
        person = workspace.add_person("ana")
        channel = workspace.add_channel("sales", members=[person])
        yield Place(workspace=workspace, home=home, database_url=database_url, person=person, channel=channel)


def let_leases_run_out(place: Place) -> None:
    """Let so much time pass in the state that whoever renews no lease has lost it."""
    with closing(place.state()) as state:
        # What takes a lease away is the database's own clock in one of the two.
        state._database.run(  # noqa: SLF001 - as above
            "UPDATE open_requests SET leased_until = '2000-01-01T00:00:00.000000'"
        )


def ask_in_a_thread(place: Place, anthropic: AnthropicServer) -> None:
    place.workspace.command("/precall ACME-042", user=place.person, channel=place.channel)
    wait_until(lambda: "feedback_useful" in str([each.blocks for each in place.workspace.messages(place.channel)]))
    thread_ts = next(each.ts for each in place.workspace.messages(place.channel) if not each.is_reply)
    with during_an_answer(anthropic):
        place.workspace.say(QUESTION, user=place.person, channel=place.channel, thread_ts=thread_ts)


def ask_by_command(place: Place, anthropic: AnthropicServer) -> None:
    with during_an_answer(anthropic):
        place.workspace.command("/precall ACME-042", user=place.person, channel=place.channel)


@contextmanager
def during_an_answer(anthropic: AnthropicServer) -> Iterator[None]:
    """Ask in this block what Claude takes long to answer; at its end he is at it."""
    before = len(anthropic.requests)
    anthropic.next(*[Scenario.SLOW] * 10)
    yield
    wait_until(lambda: len(anthropic.requests) > before)


@pytest.mark.parametrize(
    ("place", "ask"),
    [("SQLite", ask_in_a_thread), ("PostgreSQL", ask_by_command)],
    indirect=["place"],
)
def test_who_waited_for_a_process_that_was_killed_is_told_once_in_the_same_place(
    place: Place, anthropic: AnthropicServer, ask: Callable[[Place, AnthropicServer], None]
) -> None:
    workspace = place.workspace
    with place.serving(anthropic) as process:
        ask(place, anthropic)
        process.send_signal(signal.SIGKILL)
        process.wait()
    [*_, asked] = [each for each in workspace.deliveries if workspace.bot_id not in str(each.payload)]
    answered = workspace.visible_to(place.person)
    assert place.told() == []

    let_leases_run_out(place)
    with place.serving(anthropic) as process:
        wait_until(place.told)
        # What Slack delivers once more is heard by somebody who knows it.
        assert not workspace.redeliver(asked).failed
        process.send_signal(signal.SIGTERM)
        process.wait()
    with closing(place.state()) as state:
        assert state.take_over_requests(now=FAR, lease_seconds=0) == ()

    [told] = place.told()
    assert told.channel == place.channel
    assert told.only_visible_to(place.person)
    assert bool(told.thread_ts) == (ask is ask_in_a_thread)
    assert [each for each in workspace.visible_to(place.person) if each.ts > answered[-1].ts] == [told]


def command(place: Place) -> None:
    place.workspace.command("/precall ACME-042", user=place.person, channel=place.channel)


def direct_message(place: Place) -> None:
    place.workspace.direct_message("ACME-042", user=place.person)


@pytest.mark.parametrize(("place", "ask"), [("SQLite", command), ("PostgreSQL", direct_message)], indirect=["place"])
def test_what_was_acknowledged_is_on_record_although_the_process_was_killed_at_that_moment(
    place: Place, anthropic: AnthropicServer, ask: Callable[[Place], None]
) -> None:
    with place.serving(anthropic) as process:
        ask(place)
        process.kill()
        process.wait()
    assert place.workspace.failed_deliveries == []

    let_leases_run_out(place)
    with place.serving(anthropic):
        wait_until(place.told)


@pytest.fixture
def clock() -> list[datetime]:
    """What time it is for the bot: the last of these."""
    return [datetime(2026, 11, 23, 12, tzinfo=UTC)]


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, clock: list[datetime]) -> Iterator[Any]:
    with run_bot(home, clock=lambda: clock[-1]) as running:
        yield running


@contextmanager
def left_behind(bot: Any, clock: list[datetime], *, channel: str, lives: bool = False) -> Iterator[None]:
    """In this block somebody waits for work that another process has begun, which renews no lease unless it lives."""
    at_work, end = threading.Event(), threading.Event()

    def work() -> None:
        at_work.set()
        end.wait()

    with Desk(state=bot.services.state, requests_per_minute=10, clock=lambda: clock[-1]) as desk:
        try:
            room = Room(client=bot.client, channel=channel, thread_ts=None, user_id=bot.person, respond=None)
            desk.take(room, "a question", work, ack=lambda: None)
            at_work.wait()
            for _ in range(4):
                clock.append(clock[-1] + timedelta(minutes=1))
                if lives:
                    desk.renew_leases()
            yield
        finally:
            end.set()


def told(bot: Any) -> list[Message]:
    return [each for each in bot.workspace.visible_to(bot.person) if each.text == INTERRUPTED]


def test_of_several_processes_that_find_an_interrupted_request_one_tells(bot: Any, clock: list[datetime]) -> None:
    with left_behind(bot, clock, channel=bot.channel), ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: look_after_requests(bot.services, bot.client), range(8)))

    assert len(told(bot)) == 1


def test_nobody_is_told_while_the_process_lives(bot: Any, clock: list[datetime]) -> None:
    with left_behind(bot, clock, channel=bot.channel, lives=True):
        look_after_requests(bot.services, bot.client)
    clock.append(clock[-1] + timedelta(minutes=10))
    look_after_requests(bot.services, bot.client)

    assert told(bot) == []


@pytest.mark.parametrize("asked", ["directly", "where the bot may not write"])
def test_who_cannot_be_told_in_a_channel_is_told_directly(bot: Any, clock: list[datetime], asked: str) -> None:
    direct = bot.workspace.direct_channel(bot.person)
    elsewhere = bot.workspace.add_channel("elsewhere", members=[bot.person], with_bot=False)
    with left_behind(bot, clock, channel=direct if asked == "directly" else elsewhere):
        look_after_requests(bot.services, bot.client)
        look_after_requests(bot.services, bot.client)

    [sentence] = told(bot)
    assert sentence.channel == direct


def test_while_slack_is_not_reached_the_request_stays_open(bot: Any, clock: list[datetime]) -> None:
    with left_behind(bot, clock, channel=bot.channel):
        bot.workspace.fail_next("chat.postEphemeral", with_=Failure.SERVER_ERROR)
        look_after_requests(bot.services, bot.client)
        look_after_requests(bot.services, bot.client)
        clock.append(clock[-1] + timedelta(minutes=3))
        look_after_requests(bot.services, bot.client)
        look_after_requests(bot.services, bot.client)

    assert len(told(bot)) == 1
