from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from bot.client import make_hasty_client
from bot.config import DigestConfig
from bot.digest import WORKING_DAYS, Outcome, channel_subscriptions, due, post_digest, post_due_digests
from bot.workspace import Failure
from pipeline.allocation.rules import Rules
from storage.snapshots import SnapshotContents, SnapshotStore, contents_of
from storage.state import ActionOutcome, OutcomeStatus, Subscription

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from storage.snapshots import Snapshot

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


def test_a_digest_without_anything_new_is_skipped_and_the_log_says_why(
    bot: Any, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    post_due_digests(bot.services, bot.client, settings(bot.channel))
    clock.now += timedelta(days=1)

    with caplog.at_level(logging.INFO):
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        post_due_digests(bot.services, bot.client, settings(bot.channel))

    assert len(digests(bot)) == 1
    assert caplog.text.count("skipped, because nothing changed since the last one") == 1


def test_what_somebody_handled_is_left_out_for_the_cooldown(bot: Any, clock: Clock) -> None:
    with bot.services.snapshots.lease() as snapshot:
        first = snapshot.digest(limit=1)[0]
    post_due_digests(bot.services, bot.client, settings(bot.channel))
    for number in range(first.actions):
        handle(bot, first.account_id, f"Action {number}", at=clock.now + timedelta(hours=1))

    for days, listed in ((1, False), (16, True)):
        clock.now = MORNING + timedelta(days=days)
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        buttons = [block["accessory"]["value"] for block in digests(bot)[-1].blocks if "accessory" in block]
        assert (first.account_id in buttons) == listed
        assert "The data is that of the last digest" in bot.read(digests(bot)[-1])
    assert len(digests(bot)) == 3


def handle(bot: Any, account_id: str, action: str, *, at: datetime) -> None:
    bot.services.state.add_outcome(
        ActionOutcome(
            account_id=account_id,
            action=action,
            snapshot_id="any",
            user_id=bot.person,
            status=OutcomeStatus.DONE,
            at=at,
        )
    )


def test_a_digest_shows_a_picture_the_model_and_what_has_no_outcome_yet(bot: Any) -> None:
    post_due_digests(bot.services, bot.client, settings(bot.channel))

    [digest] = digests(bot)
    read = bot.read(digest)
    [image] = [block for block in digest.blocks if block["type"] == "image"]
    assert bot.workspace.files[image["slack_file"]["id"]].content.startswith(b"\x89PNG")
    assert image["alt_text"].startswith("Predicted expansion revenue with its 80 % interval: HUGE-001 ")
    assert "Model better than a constant · R² 0.86 · 80 % interval held 81 % of the outcomes" in read
    assert "• Dana Reyes: " in read.split("Actions with no outcome yet")[1]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.info"])
def test_a_digest_whose_picture_fails_goes_without_it(bot: Any, method: str) -> None:
    bot.workspace.fail_next(method, with_="fatal_error")

    post_due_digests(bot.services, bot.client, settings(bot.channel))

    [digest] = digests(bot)
    assert "image" not in [block["type"] for block in digest.blocks]


def test_a_picture_that_slack_does_not_take_costs_the_digest_nothing_else(bot: Any) -> None:
    bot.workspace.fail_next("chat.postMessage", with_="invalid_blocks")

    post_due_digests(bot.services, bot.client, settings(bot.channel))

    [digest] = digests(bot)
    assert [block["type"] for block in digest.blocks][:3] == ["header", "section", "section"]


def test_an_owner_of_whom_not_all_may_be_seen_has_no_line(bot: Any, home: Path) -> None:
    (home / "access.toml").write_text(
        f'[[people]]\nwho = "{bot.person}"\nrole = "manager"\nreps = ["Dana Reyes"]\nterritories = ["APAC"]\n'
    )
    post_due_digests(bot.services, bot.client, settings(bot.channel))

    read = bot.read(digests(bot)[0])
    assert "• Dana Reyes: " in read
    assert "Ivo Maric" not in read


@pytest.mark.parametrize(
    ("zone", "spring", "autumn"),
    [
        ("Europe/Madrid", date(2026, 3, 29), date(2026, 10, 25)),
        ("America/New_York", date(2026, 3, 8), date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 10, 4), date(2026, 4, 5)),
        ("Africa/Cairo", date(2026, 4, 24), date(2026, 10, 29)),
    ],
)
@pytest.mark.parametrize("at", [time(0, 30), time(2, 30)])
def test_on_both_days_of_the_switch_there_is_one_digest_whenever_the_process_runs(
    zone: str, spring: date, autumn: date, at: time
) -> None:
    timezone = ZoneInfo(zone)
    for switch in (spring, autumn):
        start = datetime.combine(switch - timedelta(days=1), time(), tzinfo=timezone).astimezone(UTC)
        ticks = [start + timedelta(minutes=5 * number) for number in range(3 * 24 * 12)]
        days = [due(tick, at=at, timezone=timezone, days=EVERY_DAY) for tick in ticks]
        for wanted in (switch - timedelta(days=1), switch):
            first, last = days.index(wanted), len(days) - 1 - days[::-1].index(wanted)
            # Once it is due, it stays that day's for the rest of the day: who comes late finds it in the ledger.
            assert set(days[first : last + 1]) == {wanted}
            assert ticks[last + 1].astimezone(timezone).date() == wanted + timedelta(days=1)
            midnight = datetime.combine(wanted, time(), tzinfo=timezone).astimezone(UTC)
            late = ticks[first] - midnight - timedelta(hours=at.hour, minutes=at.minute)
            assert timedelta(hours=-1) <= late <= timedelta(hours=1)


def test_a_clock_that_jumps_back_and_forth_posts_each_day_once(bot: Any, clock: Clock) -> None:
    with bot.services.snapshots.lease() as snapshot:
        listed = snapshot.digest(limit=9)
    for hours, row in zip((0, 2, -1, 24, -5, 30, 24, 0, 47), listed, strict=False):
        clock.now = MORNING + timedelta(hours=hours)
        handle(bot, row.account_id, "Call them", at=clock.now)  # so that there is something new each time
        post_due_digests(bot.services, bot.client, settings(bot.channel))

    keys = [message.metadata["event_payload"]["key"] for message in digests(bot)]
    assert len(keys) == len(set(keys)) == 2


def test_one_channel_gets_one_message_a_tick(bot: Any, clock: Clock) -> None:
    for number in range(3):
        subscribe(bot, clock, f"S{number}", channel=bot.channel)

    for posted in (1, 2, 3, 3):
        post_due_digests(bot.services, bot.client, settings())
        assert len(digests(bot)) == posted


def subscribe(bot: Any, clock: Clock, subscription_id: str, *, channel: str, **changes: Any) -> None:
    given = {"at": time(8), "timezone": "UTC", "days": EVERY_DAY, "territory": None, "top": 10} | changes
    bot.services.state.subscribe(
        Subscription(
            subscription_id=subscription_id, channel=channel, created_by=bot.person, created_at=clock.now, **given
        )
    )


def test_who_subscribed_what_fails_is_told_once_a_day(bot: Any, clock: Clock) -> None:
    elsewhere = bot.workspace.add_channel("elsewhere", members=[bot.person], with_bot=False)
    subscribe(bot, clock, "S1", channel=elsewhere)

    for minutes in (0, 1, 10, 20, 600):
        clock.now = MORNING + timedelta(minutes=minutes)
        post_due_digests(bot.services, bot.client, settings())
        told = bot.posted(bot.workspace.direct_channel(bot.person))
        assert len(told) == (minutes >= 10)

    assert "I could not post today's digest in the channel that you subscribed." in bot.read(told)


def test_a_digest_lists_no_more_than_was_wished_and_of_no_other_territory(bot: Any, clock: Clock) -> None:
    subscribe(bot, clock, "S1", channel=bot.channel, territory="EMEA", top=2)

    post_due_digests(bot.services, bot.client, settings())

    [digest] = digests(bot)
    assert "Listed is EMEA." in bot.read(digest)
    listed = [block["accessory"]["value"] for block in digest.blocks if "accessory" in block]
    with bot.services.snapshots.lease() as snapshot:
        assert listed == [row.account_id for row in snapshot.digest(limit=2, region="EMEA")]


def test_a_digest_says_what_changed_since_the_last_one_of_its_subscription_not_since_the_last_build(
    bot: Any, clock: Clock, republish: Callable[..., str]
) -> None:
    post_due_digests(bot.services, bot.client, settings(bot.channel))
    republish({"ACME-004": 2.0})
    republish({"ACME-004": 2.0, "ACME-005": 0.5})
    clock.now += timedelta(days=1)

    post_due_digests(bot.services, bot.client, settings(bot.channel))

    read = bot.read(digests(bot)[-1])
    assert "most since snapshot 000001" in read
    assert "Ridgeline Freight 4 · ACME-004: +$" in read
    assert "Ridgeline Freight 5 · ACME-005: -$" in read


def test_where_the_rules_say_what_a_rep_can_do_the_digest_says_who_has_room(
    bot: Any, republish: Callable[..., str]
) -> None:
    rules = Rules.model_validate(
        {
            "actions": {"capacity": 30, "cap_per_account": 5, "cost": 1.0, "response": {"first": 0.1, "decay": 0.5}},
            "allocation": {"capacity_per_rep": 12, "rep_capacity": {"Ivo Maric": 1}},
            "score": {"target_per_point": 1000.0},
        }
    )
    republish({}, rules=rules.model_dump_json(by_alias=True))

    post_due_digests(bot.services, bot.client, settings(bot.channel))

    loads = bot.read(digests(bot)[-1]).split("Who has capacity left")[1]
    with bot.services.snapshots.lease() as snapshot:
        given = sum(book.actions for book in snapshot.books() if book.owner == "Dana Reyes")
    assert f"• Dana Reyes: room for {12 - given} actions, {given} of 12 given" in loads
    assert "Ivo Maric" not in loads


@pytest.fixture
def republish(home: Path) -> Callable[..., str]:
    """Publish the accounts of the first snapshot again, the predictions of some times a factor."""

    def republish(factors: dict[str, float], **changes: Any) -> str:
        with closing(SnapshotStore(home / "snapshots")) as store:
            with store.lease(store.retained()[-1]) as first:
                contents = replace(moved(first, factors), **changes)
            return store.publish(contents, now=MORNING).snapshot_id

    return republish


def test_a_digest_that_was_made_too_slowly_is_left_to_the_next_try(bot: Any, clock: Clock) -> None:
    [subscription] = channel_subscriptions(settings(bot.channel))
    slow = replace(bot.services, access=Slow(bot.services.access, clock))

    assert post_digest(slow, bot.client, subscription, day=MONDAY) is Outcome.TOO_SLOW
    assert digests(bot) == []
    clock.now += timedelta(minutes=1)
    assert post_digest(bot.services, bot.client, subscription, day=MONDAY) is Outcome.POSTED


class Slow:
    """Rights that take a minute and a half to look up."""

    def __init__(self, access: Any, clock: Clock) -> None:
        self._access, self._clock = access, clock

    def audience(self, channel: str) -> Any:
        self._clock.now += timedelta(seconds=90)
        return self._access.audience(channel)


def test_a_digest_whose_answer_was_lost_is_found_again_and_not_doubled(bot: Any, clock: Clock) -> None:
    bot.workspace.fail_next("chat.postMessage", with_=Failure.LOST_ANSWER)

    post_due_digests(bot.services, bot.client, settings(bot.channel))
    post_due_digests(bot.services, bot.client, settings(bot.channel))
    assert len(digests(bot)) == 1
    clock.now += timedelta(minutes=3)
    [subscription] = channel_subscriptions(settings(bot.channel))
    outcome = post_digest(bot.services, bot.client, subscription, day=MONDAY)

    assert outcome is Outcome.FOUND
    assert len(digests(bot)) == 1
    assert post_digest(bot.services, bot.client, subscription, day=MONDAY) is Outcome.DONE_BEFORE


def test_a_digest_that_slack_did_not_take_is_posted_when_the_lease_has_run_out(bot: Any, clock: Clock) -> None:
    bot.workspace.fail_next("chat.postMessage", with_="fatal_error")

    post_due_digests(bot.services, bot.client, settings(bot.channel))
    assert digests(bot) == []
    clock.now += timedelta(minutes=3)
    post_due_digests(bot.services, bot.client, settings(bot.channel))

    assert len(digests(bot)) == 1


def test_a_channel_without_the_bot_stops_no_other(bot: Any, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = bot.workspace.add_channel("elsewhere", with_bot=False)

    caplog.set_level(logging.INFO)
    post_due_digests(bot.services, bot.client, settings("C0NOWHERE", elsewhere, bot.channel))

    assert len(digests(bot)) == 1
    assert digests(bot, elsewhere) == []
    assert caplog.text.count("because I am not in the channel") == 2


def test_a_channel_in_which_slack_asks_to_wait_for_long_keeps_no_other_waiting(bot: Any, clock: Clock) -> None:
    second = bot.workspace.add_channel("second")
    hasty, both = make_hasty_client(bot.config), settings(bot.channel, second)
    bot.workspace.fail_next("chat.postMessage", with_=Failure.LONG_PAUSE)

    post_due_digests(bot.services, hasty, both)
    assert (len(digests(bot)), len(digests(bot, second))) == (0, 1)

    clock.now += timedelta(minutes=4)
    for _ in range(2):
        post_due_digests(bot.services, hasty, both)
    assert (len(digests(bot)), len(digests(bot, second))) == (1, 1)


def test_before_anything_was_built_the_digest_waits(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, tmp_path: Path, clock: Clock
) -> None:
    with run_bot(tmp_path / "empty", clock=clock) as bot:
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        assert digests(bot) == []

        (home / "snapshots").rename(tmp_path / "empty" / "snapshots")
        clock.now += timedelta(minutes=3)
        post_due_digests(bot.services, bot.client, settings(bot.channel))
        assert len(digests(bot)) == 1


def moved(snapshot: Snapshot, factors: dict[str, float]) -> SnapshotContents:
    """Return what a snapshot was published from, with these predictions times their factors."""
    accounts = snapshot.accounts()
    change = [factors.get(each, 1.0) - 1.0 for each in accounts["account_id"].to_pylist()]
    predicted = accounts["predicted"].to_pylist()
    for name in ("predicted", "low", "high", "baseline"):
        moved = [each + by * of for each, by, of in zip(accounts[name].to_pylist(), change, predicted, strict=True)]
        place = accounts.schema.get_field_index(name)
        accounts = accounts.set_column(place, accounts.schema.field(place), pa.array(moved))
    return contents_of(snapshot, accounts=accounts)
