from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.retention import forget_old

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest


def test_what_was_said_is_forgotten_after_its_time_and_the_log_says_how_much(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = [datetime(2026, 11, 23, 8, tzinfo=UTC)]
    caplog.set_level(logging.INFO, logger="bot.retention")
    with run_bot(home, clock=lambda: now[0]) as bot:
        bot.ask("/precall ACME-042")
        state, thread_ts = bot.services.state, bot.thread_ts()

        now[0] += timedelta(days=29)
        forget_old(bot.services, timedelta(days=30))
        assert state.transcript(bot.channel, thread_ts)
        assert "1 events" in caplog.text

        now[0] += timedelta(days=2)
        forget_old(bot.services, timedelta(days=30))
        assert state.transcript(bot.channel, thread_ts) == ()
        assert state.find_thread(bot.channel, thread_ts) is None
        assert "rows older than 30 days" in caplog.text


def test_a_state_that_cannot_be_used_is_logged_without_its_words(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with run_bot(home) as bot:
        bot.services.state.close()
        forget_old(bot.services, timedelta(days=30))

    assert "StateFileError" in caplog.text
    assert str(home) not in caplog.text
