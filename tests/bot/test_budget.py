"""What may be spent on Claude in a day, by all processes together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from anthropic_server import API_KEY, AnthropicServer

from storage.state import AuditRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPENT = "today's budget for Claude, $1.00, is spent until midnight UTC"


def test_when_the_budget_is_spent_plans_and_answers_are_written_offline_and_say_so(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer
) -> None:
    env = {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": anthropic.url, "PRECALL_DAILY_DOLLARS": "1"}
    with run_bot(home, env=env, clock=lambda: NOON) as bot:
        spend(bot, dollars=0.6, at=NOON - timedelta(hours=12))
        spend(bot, dollars=5.0, at=NOON - timedelta(hours=12, seconds=1))
        bot.ask("/precall ACME-042")
        assert len(anthropic.requests) == 1
        assert SPENT not in bot.read(bot.posted())

        spend(bot, dollars=0.4, at=NOON)
        bot.ask("/precall ACME-041")
        assert SPENT in bot.read(bot.posted())
        bot.say("What should I offer them, and what did others say of it?", thread_ts=bot.posted()[-1].root_ts)

        assert bot.read(bot.posted()).count(SPENT) == 2
        assert len(anthropic.requests) == 1


def spend(bot: Any, *, dollars: float, at: datetime) -> None:
    """Let another process have written a plan for so much."""
    bot.services.state.audit(
        AuditRow(at=at, user_id="U0OTHER", channel="C0OTHER", kind="plan", model="claude", dollars=dollars)
    )
