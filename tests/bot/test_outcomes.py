"""What people say became of an action, from the menu to the next brief and the digest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.config import DigestConfig
from bot.digest import Outcome, channel_subscriptions, post_digest
from bot.outcomes import read_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from made_up import Clock


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, clock: Clock) -> Iterator[Any]:
    with run_bot(home, clock=clock) as bot:
        yield bot


def plan_of(bot: Any) -> Any:
    """Return the newest message that recommends actions."""
    return [each for each in bot.posted() if any("accessory" in block for block in each.blocks)][-1]


def choose(bot: Any, label: str, *, number: int = 0) -> None:
    bot.workspace.choose(f"step_outcome:{number}", label, user=bot.person, on=plan_of(bot))
    bot.wait()


def outcomes(bot: Any, account_id: str = "ACME-046") -> list[tuple[Any, ...]]:
    found = bot.services.state.outcomes(account_id)
    return [(each.status, each.reason, each.amount, each.user_id) for each in found]


def test_done_is_recorded_at_once_and_said_in_the_thread(bot: Any) -> None:
    bot.ask("/precall ACME-046")
    action = next(block["text"]["text"] for block in plan_of(bot).blocks if "accessory" in block)

    choose(bot, "Done")

    assert outcomes(bot) == [("done", "", None, bot.person)]
    assert bot.services.state.outcomes("ACME-046")[0].action == action
    said = bot.posted()[-1]
    assert said.thread_ts == bot.thread_ts()
    assert "was done on 23 Nov 2026 by ana." in bot.read(said)
    assert bot.workspace.refusals == []


def test_not_now_asks_why_and_won_for_how_much(bot: Any, clock: Clock) -> None:
    bot.ask("/precall ACME-046")

    choose(bot, "Not now …")
    assert bot.workspace.submit({"given": "Budget is frozen until January"}, user=bot.person) == {}
    bot.wait()
    assert outcomes(bot) == [("not now", "Budget is frozen until January", None, bot.person)]
    assert "was put off on 23 Nov 2026 by ana: Budget is frozen until January." in bot.read(bot.posted()[-1])

    clock.now += timedelta(minutes=1)
    choose(bot, "Won …")
    assert "cannot read this amount" in bot.workspace.submit({"given": "a lot"}, user=bot.person)["given"]
    assert bot.workspace.submit({"given": "12.5K"}, user=bot.person) == {}
    bot.wait()
    assert outcomes(bot) == [("won", "", 12_500.0, bot.person)]
    assert "for $12.5K" in bot.read(bot.posted()[-1])

    clock.now += timedelta(minutes=1)
    choose(bot, "Lost …")
    assert bot.workspace.submit(user=bot.person) == {}
    bot.wait()
    assert outcomes(bot) == [("lost", "", None, bot.person)]
    assert bot.workspace.refusals == []


def test_a_modal_stays_open_until_what_was_said_is_recorded(bot: Any) -> None:
    bot.ask("/precall ACME-046")
    choose(bot, "Not now …")
    bot.services.state.close()

    bot.workspace.submit({"given": "Budget is frozen until January"}, user=bot.person)
    bot.wait()

    assert bot.workspace.deliveries[-1].failed
    assert bot.workspace.modal(bot.person) is not None


@pytest.mark.parametrize("label", ["Done", "Not now …"])
def test_what_is_delivered_twice_is_one_outcome_and_noted_once(bot: Any, label: str) -> None:
    bot.ask("/precall ACME-046")
    choose(bot, label)
    if label != "Done":
        bot.workspace.submit({"given": "Budget is frozen"}, user=bot.person)
        bot.wait()
    [*_, told] = [each for each in bot.workspace.deliveries if each.kind == "interaction"]

    assert not bot.workspace.redeliver(told).failed
    bot.wait()

    assert len(bot.services.state.outcomes_since(datetime(2026, 1, 1, tzinfo=UTC))) == 1
    assert bot.read(bot.posted()).count("Noted: ") == 1


def test_a_later_brief_says_what_was_done_and_has_it_as_evidence(bot: Any, clock: Clock) -> None:
    bot.ask("/precall ACME-046")
    choose(bot, "Done")
    clock.now += timedelta(days=1)
    bot.ask("/precall ACME-046")

    heads = [bot.read(message) for message in bot.posted() if "predicted expansion revenue" in bot.read(message)]
    assert "So far" not in heads[0]
    assert "was done on 23 Nov 2026 by ana." in heads[1]
    rows = [row for row in bot.services.state.audit_since(datetime(2026, 1, 1, tzinfo=UTC)) if row.kind == "brief"]
    assert len(rows[1].evidence) == len(rows[0].evidence) + 1


def test_where_no_action_is_given_nothing_can_be_done_with_one(bot: Any) -> None:
    bot.ask("/precall ACME-042")

    assert "What to propose" in bot.read(bot.posted())
    assert not any("accessory" in block for message in bot.posted() for block in message.blocks)


def test_a_handled_action_stays_out_of_the_digest_until_the_cooldown_is_over(bot: Any, clock: Clock) -> None:
    with bot.services.snapshots.lease() as snapshot:
        *_, last = [row for row in snapshot.digest(limit=100) if row.actions == 1]

    config = DigestConfig(channels=(bot.channel,), at=time(), timezone=ZoneInfo("UTC"))
    [subscription] = channel_subscriptions(config)

    def digest(day: int) -> str:
        outcome = post_digest(bot.services, bot.client, subscription, day=date(2026, 12, day))
        assert outcome is Outcome.POSTED
        return bot.read(bot.posted()[-1])

    assert last.account_id in digest(1)
    bot.ask(f"/precall {last.account_id}")
    choose(bot, "Done")
    assert last.account_id not in digest(2)
    clock.now += timedelta(days=15)
    assert last.account_id in digest(3)


def test_who_may_no_longer_see_the_account_records_nothing(bot: Any, home: Path) -> None:
    bot.ask("/precall ACME-046")
    (home / "access.toml").write_text("")

    choose(bot, "Done")
    choose(bot, "Won …")

    assert outcomes(bot) == []
    assert bot.workspace.modal(bot.person) is None
    assert "There is nothing here that I can tell you about." in bot.read(bot.posted()[-1])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12500", 12_500.0),
        ("$12,500", 12_500.0),
        ("12,500.50", 12_500.5),
        ("12.500", 12_500.0),
        ("12.500,50 €", 12_500.5),
        ("12 500", 12_500.0),
        ("12'500 CHF", 12_500.0),
        ("12.5K", 12_500.0),
        ("12,5k", 12_500.0),
        ("1.2m", 1_200_000.0),
        ("$1.250M", 1_250_000.0),
        ("0", 0.0),
        ("  7 ", 7.0),
        ("-5", None),
        ("(500)", None),
        ("12 %", None),
        ("a lot", None),
        ("12 or 13", None),
        ("", None),
        ("1e400", None),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, amount: float | None) -> None:
    assert read_amount(text, unit="$") == amount


def test_the_unit_may_be_written_behind_an_amount() -> None:
    assert read_amount("12 patients", unit="patients") == 12.0
