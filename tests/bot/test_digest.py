from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.config import DigestConfig
from bot.digest import WORKING_DAYS, Outcome, due, post_digest, post_due_digests
from bot.workspace import Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

EVERY_DAY = frozenset(range(7))
MADRID = ZoneInfo("Europe/Madrid")
MONDAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def moments_of_a_year() -> list[datetime]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [start + timedelta(minutes=10 * number) for number in range(365 * 24 * 6)]


YEAR = moments_of_a_year()


@pytest.mark.parametrize("at", [time(0, 0), time(0, 30), time(2, 30), time(3, 0), time(8, 0), time(23, 50)])
@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Madrid", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
def test_every_local_day_of_a_year_becomes_due_once_and_not_before_its_time(at: time, zone: str) -> None:
    timezone = ZoneInfo(zone)

    first: dict[date, datetime] = {}
    for now in YEAR:
        day = due(now, at=at, timezone=timezone, days=EVERY_DAY)
        if day is not None:
            first.setdefault(day, now)

    days = sorted(first)
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
    assert len(days) >= 364
    for day, now in list(first.items())[1:]:
        local = now.astimezone(timezone)
        # The ticks are ten minutes apart, and a clock that skips the time strikes it up to an hour later.
        late = datetime.combine(day, local.time()) - datetime.combine(day, at)
        assert timedelta(0) <= late < timedelta(minutes=70)
        assert local.date() == day


def test_a_time_that_strikes_twice_counts_once() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert first.astimezone(MADRID).time() == second.astimezone(MADRID).time() == time(2, 30)

    at = {"at": time(2, 30), "timezone": MADRID, "days": EVERY_DAY}
    assert due(first - timedelta(seconds=1), **at) is None
    assert due(first, **at) == due(second, **at) == date(2026, 10, 25)


def test_a_time_that_the_clock_skips_comes_as_soon_as_it_would_have() -> None:
    skipped = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)

    at = {"at": time(2, 30), "timezone": MADRID, "days": EVERY_DAY}
    assert due(skipped - timedelta(seconds=1), **at) is None
    assert due(skipped, **at) == date(2026, 3, 29)


def test_a_missed_morning_is_caught_up_on_the_same_day_and_never_later() -> None:
    at = {"at": time(8, 0), "timezone": UTC, "days": WORKING_DAYS}

    assert due(datetime(2026, 11, 23, 23, 59, tzinfo=UTC), **at) == MONDAY
    assert due(datetime(2026, 11, 24, 0, 1, tzinfo=UTC), **at) is None


def test_nothing_is_due_at_the_weekend() -> None:
    for day in (21, 22):
        now = datetime(2026, 11, day, 12, tzinfo=UTC)
        assert due(now, at=time(8, 0), timezone=ZoneInfo("UTC"), days=WORKING_DAYS) is None


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, clock: Clock) -> Any:
    with run_bot(home, clock=clock) as running:
        yield running


def settings(*channels: str) -> DigestConfig:
    return DigestConfig(channels=channels, at=time(8, 0), timezone=ZoneInfo("UTC"))


def digests(bot: Any, channel: str | None = None) -> list[Any]:
    return [message for message in bot.posted(channel) if message.metadata]


def test_a_digest_lists_accounts_by_expected_value_and_its_button_briefs(bot: Any) -> None:
    post_due_digests(bot.services, bot.client, settings(bot.channel))

    [digest] = digests(bot)
    read = bot.read(digest)
    assert "Monday, 23 Nov 2026" in read
    assert read.index("1. ") < read.index("2. ")
    bot.workspace.press("Brief me", user=bot.person, on=digest)
    bot.wait()
    assert "Executive summary" in bot.read(bot.posted())


def test_a_digest_is_posted_once_however_often_it_is_due(bot: Any, clock: Clock) -> None:
    for _ in range(3):
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        clock.now += timedelta(hours=3)

    assert len(digests(bot)) == 1
    clock.now = MORNING + timedelta(days=1)
    post_due_digests(bot.services, bot.client, settings(bot.channel))
    assert len(digests(bot)) == 2


def test_a_digest_whose_answer_was_lost_is_found_again_and_not_doubled(bot: Any, clock: Clock) -> None:
    bot.workspace.fail_next("chat.postMessage", with_=Failure.LOST_ANSWER)

    post_due_digests(bot.services, bot.client, settings(bot.channel))
    post_due_digests(bot.services, bot.client, settings(bot.channel))
    assert len(digests(bot)) == 1
    clock.now += timedelta(minutes=3)
    outcome = post_digest(bot.services, bot.client, bot.channel, day=MONDAY, timezone=ZoneInfo("UTC"))

    assert outcome is Outcome.FOUND
    assert len(digests(bot)) == 1
    assert (
        post_digest(bot.services, bot.client, bot.channel, day=MONDAY, timezone=ZoneInfo("UTC")) is Outcome.DONE_BEFORE
    )


def test_a_digest_that_slack_did_not_take_is_posted_when_the_lease_has_run_out(bot: Any, clock: Clock) -> None:
    bot.workspace.fail_next("chat.postMessage", with_="fatal_error")

    post_due_digests(bot.services, bot.client, settings(bot.channel))
    assert digests(bot) == []
    clock.now += timedelta(minutes=3)
    post_due_digests(bot.services, bot.client, settings(bot.channel))

    assert len(digests(bot)) == 1


def test_a_channel_without_the_bot_stops_no_other(bot: Any, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = bot.workspace.add_channel("elsewhere", with_bot=False)

    post_due_digests(bot.services, bot.client, settings("C0NOWHERE", elsewhere, bot.channel))

    assert len(digests(bot)) == 1
    assert digests(bot, elsewhere) == []
    assert caplog.text.count("SlackApiError") == 2


def test_before_anything_was_built_the_digest_waits(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, tmp_path: Path, clock: Clock
) -> None:
    with run_bot(tmp_path / "empty", clock=clock) as bot:
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        assert digests(bot) == []

        (home / "snapshots").rename(tmp_path / "empty" / "snapshots")
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        assert len(digests(bot)) == 1
