"""Rights and rooms, asked of a real workspace."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.access import Access
from bot.client import make_client
from bot.config import BotConfig
from bot.directory import Directory
from bot.errors import FaultyRightsError
from bot.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DANA, IVO = (
    '[[people]]\nwho = "dana@example.com"\nrole = "rep"\nowner = "Dana"\n',
    '[[people]]\nwho = "ivo@example.com"\n',
)
RIGHTS = DANA + IVO + 'role = "manager"\nreps = ["Dana"]\nterritories = ["EMEA"]\n'


@dataclass(frozen=True)
class Account:
    owner: str
    region: str = ""


HERS, THEIRS = Account("Dana"), Account("Lena", "EMEA")


class Office:
    """A workspace, its people, and their rights."""

    def __init__(self, workspace: Workspace, home: Path) -> None:
        self.workspace, self.path = workspace, home / "access.toml"
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.dana, self.ivo = workspace.add_person("dana"), workspace.add_person("ivo")
        env = {"SLACK_BOT_TOKEN": workspace.bot_token, "SLACK_SIGNING_SECRET": "s", "SLACK_API_URL": workspace.api_url}
        self._client = make_client(BotConfig.from_env(env))

    def open(self, rights: str | None = RIGHTS) -> Access:
        if rights is not None:
            self.path.write_text(rights)
        return Access(self.path, Directory(self._client, clock=lambda: self.now))

    def room(self, *members: str, **details: Any) -> str:
        return self.workspace.add_channel("room", members=members, **details)

    def minutes_pass(self) -> None:
        self.now += timedelta(minutes=6)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Workspace.running() as workspace:
        yield Office(workspace, tmp_path)


def test_a_person_is_known_by_the_e_mail_that_slack_has(office: Office) -> None:
    access = office.open()

    assert access.viewer(office.dana).may_see(HERS)
    assert not access.viewer(office.dana).may_see(THEIRS)
    assert access.viewer(office.ivo).may_see(THEIRS)
    assert not access.viewer(office.workspace.add_person("stranger")).may_see(HERS)


def test_without_a_file_every_full_member_sees_everything_and_the_log_says_so(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    access = office.open(rights=None)

    assert access.is_open
    assert access.viewer(office.dana).may_see(THEIRS)
    assert "every full member of the workspace sees every account" in caplog.text


@pytest.mark.parametrize("details", [{"guest": True}, {"single_channel_guest": True}, {"team_id": "T0OTHER"}], ids=str)
def test_a_guest_and_a_member_of_another_organisation_see_nothing_even_without_a_file(
    office: Office, details: dict[str, Any]
) -> None:
    access = office.open(rights=None)
    guest = office.workspace.add_person("guest", **details)
    room = office.room(office.dana, guest)

    assert access.viewer(guest).outsider
    assert not access.viewer(guest).may_see(HERS)
    assert access.audience(room).closed
    assert access.visit(guest, room).refusal
    assert access.visit(office.dana, room).refusal


def test_somebody_whom_slack_does_not_know_is_an_outsider(office: Office) -> None:
    assert office.open(rights=None).viewer("U0GONE").outsider


def test_a_room_may_see_what_each_of_its_members_may(office: Office) -> None:
    access = office.open()
    both, alone = office.room(office.dana, office.ivo), office.workspace.direct_channel(office.ivo)

    assert access.audience(both).may_see(HERS)
    assert not access.audience(both).may_see(THEIRS)
    assert access.audience(alone).may_see(THEIRS)


def test_apps_and_closed_accounts_are_not_counted_as_readers(office: Office) -> None:
    access = office.open()
    app = office.workspace.add_person("jira", bot=True)
    left = office.workspace.add_person("left", deleted=True)

    assert access.audience(office.room(office.dana, app, left)).may_see(HERS)


@pytest.mark.parametrize("private", [False, True])
def test_a_room_that_another_organisation_shares_is_closed(office: Office, private: bool) -> None:  # noqa: FBT001 - parametrised
    access = office.open(rights=None)

    assert access.audience(office.room(office.dana, private=private, shared=True)).closed
    within = office.workspace.add_channel("within", members=[office.dana], private=private)
    office.workspace.change_channel(within, org_shared=True)
    assert not access.audience(within).closed


@pytest.mark.parametrize("private", [False, True])
def test_where_the_bot_is_not_nothing_is_for_everybody(office: Office, private: bool) -> None:  # noqa: FBT001 - parametrised
    visit = office.open(rights=None).visit(office.dana, office.room(office.dana, private=private, with_bot=False))

    assert not visit.refusal
    assert not visit.may_post(HERS)
    assert visit.viewer.may_see(HERS)
    assert visit.reserve == "I am not in this conversation"


def test_a_room_of_many_is_asked_about_in_few_calls_and_one_of_too_many_gets_nothing(office: Office) -> None:
    access = office.open('default = "all"')
    crowd = [office.workspace.add_person(f"p{number}") for number in range(1001)]

    assert access.audience(office.room(*crowd[:999])).may_see(HERS)
    larger = office.workspace.add_channel("larger", members=crowd)
    assert not access.audience(larger).may_see(HERS)
    assert "1,000" in access.visit(crowd[0], larger).reserve
    assert office.workspace.refusals == []


def test_who_joins_a_room_counts_after_some_seconds(office: Office) -> None:
    access = office.open()
    room = office.room(office.ivo)
    assert access.audience(room).may_see(THEIRS)

    office.workspace.change_channel(room, members={office.ivo, office.dana, office.workspace.bot_user})
    office.now += timedelta(seconds=11)

    assert not access.audience(room).may_see(THEIRS)


def test_a_changed_e_mail_and_a_member_made_a_guest_count_after_some_minutes(office: Office) -> None:
    access = office.open()
    assert access.viewer(office.dana).may_see(HERS)

    office.workspace.add_person("dana", user_id=office.dana, email="other@example.com")
    office.minutes_pass()
    assert not access.viewer(office.dana).may_see(HERS)

    office.workspace.add_person("dana", user_id=office.dana, guest=True)
    office.minutes_pass()
    assert access.viewer(office.dana).outsider


def rewrite(path: Path, text: str) -> None:
    path.write_text(text)
    later = path.stat().st_mtime_ns + 1_000_000_000  # two writes can fall into one tick of the disk's clock
    os.utime(path, ns=(later, later))


def test_a_changed_file_holds_at_once_and_a_broken_or_lost_one_changes_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    access = office.open()
    assert not access.viewer(office.dana).may_see(THEIRS)

    rewrite(office.path, DANA.replace('owner = "Dana"', 'owner = ["Dana", "Lena"]'))
    assert access.viewer(office.dana).may_see(THEIRS)

    rewrite(office.path, 'default = "everything"')
    assert access.viewer(office.dana).may_see(THEIRS)
    assert "default is 'everything'" in caplog.text
    assert "What it said before holds." in caplog.text

    office.path.unlink()
    assert access.viewer(office.dana).may_see(THEIRS)
    assert not access.viewer(office.ivo).may_see(THEIRS)

    rewrite(office.path, RIGHTS)
    assert not access.viewer(office.dana).may_see(THEIRS)


def test_a_file_that_comes_later_counts(office: Office) -> None:
    access = office.open(rights=None)
    assert access.viewer(office.dana).may_see(THEIRS)

    office.path.write_text(RIGHTS)

    assert not access.is_open
    assert not access.viewer(office.dana).may_see(THEIRS)


def test_a_broken_file_stops_the_start(office: Office) -> None:
    with pytest.raises(FaultyRightsError, match="default is 'everything'"):
        office.open('default = "everything"')


def test_a_public_channel_may_count_as_read_by_everybody(office: Office) -> None:
    access = office.open('public_channels = "everybody"\n' + RIGHTS)

    assert not access.audience(office.room(office.ivo)).may_see(HERS)
    leads = office.workspace.add_channel("leads", members=[office.ivo], private=True)
    assert access.audience(leads).may_see(HERS)
    assert access.audience(office.workspace.direct_channel(office.ivo)).may_see(THEIRS)
