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
