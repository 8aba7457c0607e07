"""The Home tab, as people of different rights see it."""

from __future__ import annotations

import html
import os
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from bot.rights import Role
from bot.workspace import read
from bot.workspace.errors import NotVisibleError
from bot.workspace.records import Message
from storage.state import ActionOutcome, OutcomeStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
moments = count(1)


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    with run_bot(home, clock=lambda: MONDAY_NOON) as running:
        yield running
        assert running.workspace.refusals == []
        assert running.workspace.failed_deliveries == []


def open_home(bot: Any) -> str:
    bot.workspace.open_home(bot.person)
    bot.wait()
    return read_home(bot)


def read_home(bot: Any) -> str:
    home = bot.workspace.home(bot.person)
    assert home is not None
    return read(Message(channel="", ts="", user="", blocks=tuple(home.content["blocks"])))


def grant(bot: Any, home: Path, role: Role, more: str = "") -> None:
    rights = home / "access.toml"
    rights.write_text(f'[[people]]\nwho = "{bot.person}"\nrole = "{role}"\n{more}')
    moment = next(moments)  # two writes can fall into one tick of the disk's clock
    os.utime(rights, (moment, moment))


def test_a_rep_sees_own_accounts_and_actions_and_nobody_elses(bot: Any, home: Path) -> None:
    grant(bot, home, Role.REP, 'owner = "Dana Reyes"')

    seen = open_home(bot)

    with bot.services.snapshots.lease() as snapshot:
        for row in snapshot.digest(limit=1000, least_actions=0):
            assert row.owner == "Dana Reyes" or f"{row.account_id}:" not in seen
        first = snapshot.digest(limit=1, least_actions=0, owner="Dana Reyes")[0]
    assert "Your accounts" in seen
    assert f"• {first.name} · {first.account_id}: " in seen
    assert "For who runs me" not in seen
    assert len(bot.workspace.home(bot.person).content["blocks"]) <= 100


@pytest.mark.parametrize(
    ("role", "more", "heading"),
    [(Role.MANAGER, 'reps = ["Dana Reyes"]', "Your team's accounts"), (Role.OPS, "", "All accounts")],
)
def test_the_heading_says_whose_accounts_they_are(bot: Any, home: Path, role: Role, more: str, heading: str) -> None:
    grant(bot, home, role, more)

    assert heading in open_home(bot)


def test_who_runs_the_bot_sees_how_it_is(bot: Any, home: Path) -> None:
    grant(bot, home, Role.OPS)

    seen = open_home(bot)

    assert "Last build: snapshot 000001-" in seen
    assert "Readiness: usable with care. Only <64> rows have an outcome." in html.unescape(seen)
    assert "64 of 70 rows used." in seen
    assert "Documents: none" in seen
    assert "State: ok" in seen
    assert "Snapshot: ok" in seen


def test_an_account_with_an_outcome_waits_for_none(bot: Any) -> None:
    with bot.services.snapshots.lease() as snapshot:
        first = snapshot.digest(limit=1)[0]
    for number in range(first.actions):
        outcome = ActionOutcome(
            account_id=first.account_id,
            action=f"Action {number}",
            snapshot_id="any",
            user_id=bot.person,
            status=OutcomeStatus.DONE,
            at=MONDAY_NOON,
        )
        bot.services.state.add_outcome(outcome)

    seen = open_home(bot)

    assert "outcome reported" in seen
    assert first.account_id in seen.split("Open actions")[0]
    assert first.account_id not in seen.split("Open actions")[1]


def test_the_search_finds_what_may_be_seen_and_opens_its_brief_in_the_direct_messages(bot: Any, home: Path) -> None:
    grant(bot, home, Role.REP, 'owner = "Dana Reyes"')
    open_home(bot)

    offered = bot.workspace.type_ahead("find_account", "freight 4", user=bot.person)
    with bot.services.snapshots.lease() as snapshot:
        shown = {account.account_id for account in snapshot.containing("freight 4", limit=99)}
        own = {row.account_id for row in snapshot.digest(limit=1000, least_actions=0, owner="Dana Reyes")}
    assert {label.rpartition(" · ")[2] for label in offered} <= own
    assert {label.rpartition(" · ")[2] for label in offered} >= own & shown
    bot.workspace.choose("find_account", offered[0], user=bot.person)
    bot.wait()

    briefs = bot.posted(bot.workspace.direct_channel(bot.person))
    assert offered[0] in bot.read(briefs)
    assert "Executive summary" in bot.read(briefs)


def test_rights_that_are_taken_away_hold_for_what_was_offered_before(bot: Any, home: Path) -> None:
    grant(bot, home, Role.REP, 'owner = "Dana Reyes"')
    open_home(bot)
    [offered, *_] = bot.workspace.type_ahead("find_account", "freight", user=bot.person)

    grant(bot, home, Role.REP, 'owner = "Ivo Maric"')
    bot.workspace.choose("find_account", offered, user=bot.person)
    bot.wait()

    told = bot.read(bot.posted(bot.workspace.direct_channel(bot.person)))
    assert "Executive summary" not in told
    assert offered.rpartition(" · ")[0] not in told
    assert offered not in read_home(bot)


def test_a_guest_is_told_that_there_is_nothing_for_them(bot: Any) -> None:
    guest = bot.workspace.add_person("guest", guest=True)

    bot.workspace.open_home(guest)
    bot.wait()

    shown = bot.workspace.home(guest).content["blocks"]
    assert len(shown) == 1
    assert "full members of this workspace only" in str(shown)
    with pytest.raises(NotVisibleError):
        bot.workspace.type_ahead("find_account", "freight", user=guest)


def test_subscriptions_are_made_and_ended_at_home(bot: Any) -> None:
    open_home(bot)
    bot.workspace.press("Subscribe …", user=bot.person, on=bot.workspace.home(bot.person))
    bot.wait()
    bot.workspace.submit({}, user=bot.person)
    bot.wait()
    assert "In our direct messages: Monday to Friday at 08:00 (Europe/Berlin)" in read_home(bot)

    bot.workspace.press("End", user=bot.person, on=bot.workspace.home(bot.person))
    bot.wait()

    assert "You have no subscription." in read_home(bot)


def test_before_anything_was_built_the_home_says_so(
    run_bot: Callable[..., AbstractContextManager[Any]], tmp_path: Path
) -> None:
    with run_bot(tmp_path / "empty") as bot:
        assert "I have no data to speak of yet." in open_home(bot)


def test_every_home_that_was_seen_is_in_the_audit(bot: Any) -> None:
    open_home(bot)

    [row] = bot.services.state.audit_since(datetime.min)  # noqa: DTZ901 - the state's moments have no zone
    assert (row.kind, row.user_id) == ("home", bot.person)
    with bot.services.snapshots.lease() as snapshot:
        assert snapshot.digest(limit=1)[0].account_id in row.evidence
