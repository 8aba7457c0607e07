"""What is asked of the bot is done, or whoever asked is told why not."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.desk import BUSY, MOST_WAITING, STOPPED, WORKERS, Desk
from bot.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    with run_bot(home, env={"PRECALL_REQUESTS_PER_MINUTE": "2"}, clock=lambda: NOON) as running:
        yield running


@contextmanager
def desk_at_work(bot: Any, *, jobs: int = WORKERS) -> Iterator[tuple[Desk, threading.Event]]:
    """A desk whose workers are at jobs that end with the event, or with the block."""
    begun, end = threading.Semaphore(0), threading.Event()

    def work() -> None:
        begun.release()
        end.wait()

    with ExitStack() as stack:
        state = bot.services.state
        desk = stack.enter_context(Desk(state=state, requests_per_minute=10_000, clock=lambda: NOON))
        stack.callback(end.set)
        for number in range(jobs):
            desk.take(room_of(bot), f"job {number}", work, ack=lambda: None)
        for _ in range(jobs):
            begun.acquire()
        yield desk, end


def room_of(bot: Any) -> Room:
    return Room(client=bot.client, channel=bot.channel, thread_ts=None, user_id=bot.person, respond=None)


def test_who_asks_too_often_is_told_alone_and_how_long_to_wait(bot: Any) -> None:
    for _ in range(3):
        bot.ask("/precall help")

    *_, refused = bot.posted()
    assert len(bot.posted()) == 3
    assert refused.only_visible_to(bot.person)
    assert "You asked me 2 times within a minute" in refused.text
    assert "Try again in 60 seconds." in refused.text


def test_a_minute_is_one_for_all_processes_and_nobody_waits_for_another(bot: Any) -> None:
    other = bot.workspace.add_person("lee")
    state, now = bot.services.state, [NOON]

    with (
        Desk(state=state, requests_per_minute=1, clock=lambda: now[0]) as one,
        Desk(state=state, requests_per_minute=1, clock=lambda: now[0]) as another,
    ):
        done: list[str] = []
        for name, desk, user_id, seconds in (
            ("first", one, bot.person, 0.0),
            ("too soon", another, bot.person, 59.5),
            ("of another", another, other, 59.5),
            ("a minute later", another, bot.person, 60.0),
        ):
            now[0] = NOON + timedelta(seconds=seconds)
            desk.take(replace(room_of(bot), user_id=user_id), name, partial(done.append, name), ack=lambda: None)
            assert desk.wait(60)

    assert done == ["first", "of another", "a minute later"]
    [refused] = bot.posted()
    assert "You asked me 1 time within a minute" in refused.text
    assert refused.text.endswith("Try again in 1 second.")


def test_what_fails_on_the_desk_is_told_in_its_place(bot: Any) -> None:
    def fail() -> None:
        raise ConnectionError("a secret")

    bot.services.desk.take(room_of(bot), "failing", fail, ack=lambda: None)
    bot.wait()

    [told] = bot.posted()
    assert told.only_visible_to(bot.person)
    assert "I could not reach a service that I need." in told.text
    assert "a secret" not in bot.workspace.everything_posted()


def test_beyond_a_full_queue_people_are_told_to_come_back_and_what_waits_is_done(bot: Any) -> None:
    done: list[int] = []
    with desk_at_work(bot) as (desk, end):
        for number in range(MOST_WAITING):
            desk.take(room_of(bot), f"waiting {number}", partial(done.append, number), ack=lambda: None)
        assert bot.posted() == []

        desk.take(room_of(bot), "one too many", lambda: done.append(-1), ack=lambda: None)

        assert [message.text for message in bot.posted()] == [BUSY]
        end.set()
        assert desk.wait(60)
    assert sorted(done) == list(range(MOST_WAITING))


def test_no_work_begins_while_somebody_waits_for_an_acknowledgement(bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk._ACKNOWLEDGED_WITHIN_SECONDS", 600)
    begun = threading.Event()

    with bot.services.desk.hearing():
        bot.services.desk.take(room_of(bot), "quiet", begun.set, ack=lambda: None)
        assert not begun.wait(0.2)
    assert begun.wait(60)


def test_work_is_not_put_off_for_longer_than_slack_waits(bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk._ACKNOWLEDGED_WITHIN_SECONDS", 0.01)
    begun = threading.Event()

    with bot.services.desk.hearing():
        bot.services.desk.take(room_of(bot), "quiet", begun.set, ack=lambda: None)
        assert begun.wait(60)


def test_at_the_end_what_waits_is_handed_back_and_what_was_begun_is_finished(bot: Any) -> None:
    done = []
    with ExitStack() as stack:
        desk, end = stack.enter_context(desk_at_work(bot))
        stack.callback(end.set)
        desk.take(room_of(bot), "late", lambda: done.append("too late"), ack=lambda: None)
        closing = threading.Thread(target=desk.__exit__)
        closing.start()
        while not bot.posted():
            closing.join(0.01)
        end.set()
        closing.join()

    assert done == []
    assert [message.text for message in bot.posted()] == [STOPPED]
    assert bot.services.state.take_over_requests(now=NOON + timedelta(hours=1), lease_seconds=0) == ()


def test_who_waits_for_what_cannot_be_finished_is_told_and_nothing_new_is_taken(bot: Any) -> None:
    with desk_at_work(bot, jobs=2) as (desk, _):
        assert desk.hand_back(60) == 2
        assert bot.services.state.take_over_requests(now=NOON + timedelta(hours=1), lease_seconds=0) == ()
        assert [message.text for message in bot.posted()] == [STOPPED, STOPPED]

        desk.take(room_of(bot), "late", lambda: pytest.fail("taken"), ack=lambda: None)

        assert [message.text for message in bot.posted()] == [STOPPED] * 3
