"""Messages that follow one another in a channel, no faster than Slack takes them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bot.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path


class Time:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_three_come_at_once_and_then_one_a_second() -> None:
    time = Time()
    pace = Pace(interval_seconds=1, burst=3, clock=time, sleep=time.sleep)

    def came() -> float:
        pace.wait("sales")
        return time.now

    assert [came() for _ in range(6)] == [100, 100, 100, 101, 102, 103]
    time.now = 104.5
    assert [came() for _ in range(2)] == [104.5, 105]
    time.now = 1_000
    assert [came() for _ in range(4)] == [1_000, 1_000, 1_000, 1_001]


def test_channels_do_not_wait_for_one_another() -> None:
    time = Time()
    pace = Pace(interval_seconds=1, burst=1, clock=time, sleep=time.sleep)

    for channel in ("sales", "east", "west"):
        pace.wait(channel)

    assert time.now == 100


def test_of_threads_that_come_at_once_each_has_a_turn_of_its_own() -> None:
    pauses: list[float] = []
    pace = Pace(interval_seconds=1, burst=2, clock=lambda: 0.0, sleep=pauses.append)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pace.wait("sales"), range(20)))

    assert sorted(pauses) == [float(each) for each in range(1, 19)]


def test_who_asks_for_more_than_slack_takes_at_once_is_refused_nothing(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    with run_bot(home) as bot:
        for _ in range(6):
            bot.ask("/precall ACME-042")

        assert len([each for each in bot.posted() if not each.files]) > 10
        assert bot.workspace.refusals == []
