"""Whatever is asked by whomever in whichever room: nobody reads there what they may not see."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from bot.access import Audience, Visit
from bot.brief import make_brief
from bot.config import DigestConfig
from bot.digest import channel_subscriptions, post_digest
from bot.rights import EVERYTHING
from bot.workspace import Message
from bot.workspace.errors import WorkspaceError
from bot.workspace.render import read
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.access import Access, Viewer
    from storage.records import Account
    from storage.snapshots import Snapshot

OWNERS = ("Dana Reyes", "Ivo Maric", "Lena Okafor")
REGIONS = ("EMEA", "North America", "APAC")
NUMBERS = range(9)

# Of a fixed length each: shorter stories are parts of longer ones, and hypothesis would tell mostly those.
people = st.tuples(
    *[
        st.tuples(
            st.sampled_from(["rep", "manager", "territory", "ops", "ops", "nobody"]),
            st.integers(0, 2),
            st.sampled_from([{}] * 30 + [{"guest": True}, {"team_id": "T0OTHER"}]),
        )
    ]
    * 4
)
rooms = st.tuples(
    *[
        st.tuples(
            st.sets(st.integers(0, 3), min_size=2),
            st.booleans(),
            st.sampled_from([False] * 9 + [True]),
            st.sampled_from([True] * 9 + [False]),
        )
    ]
    * 2
)
STEPS = (
    "command", "command", "mention", "private", "direct", "ask", "ask", "typo", "why", "press", "share", "vote",
    "evidence", "pdf", "outcome", "move", "promote", "digest", "home",
)  # fmt: skip
steps = st.tuples(
    *[st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.integers(0, 1), st.sampled_from(list(NUMBERS)))] * 9
)


@dataclass
class Person:
    """What the test knows about somebody, apart from anything that the bot works out."""

    user: str
    email: str
    role: str
    which: int
    outsider: bool

    def may_see(self, account: Account, *, default: str) -> bool:
        if self.outsider:
            return False
        if self.role == "territory":
            return account.region == REGIONS[self.which]
        if self.role in {"rep", "manager"}:
            return account.owner == OWNERS[self.which]
        return self.role == "ops" or default == "all"

    def entry(self) -> str:
        says = {
            "rep": f'role = "rep"\nowner = "{OWNERS[self.which]}"',
            "manager": f'role = "manager"\nreps = ["{OWNERS[self.which]}"]',
            "territory": f'role = "manager"\nterritories = ["{REGIONS[self.which]}"]',
            "ops": 'role = "ops"',
        }
        return f'[[people]]\nwho = "{self.email}"\n{says[self.role]}\n' if self.role in says else ""


class Clock:
    """One clock for the bot and the workspace, on which no time passes by itself."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Blind:
    """Access without its check of people, or without its check of rooms: what the property must notice."""

    def __init__(self, access: Access, *, people: bool) -> None:
        self._access, self._people = access, people

    def __getattr__(self, name: str) -> Any:
        return getattr(self._access, name)

    def viewer(self, user_id: str) -> Viewer:
        viewer = self._access.viewer(user_id)
        return replace(viewer, grant=EVERYTHING, outsider=False) if self._people else viewer

    def audience(self, channel: str) -> Audience:
        return self._access.audience(channel) if self._people else Audience(grants=frozenset())

    def visit(self, user_id: str, channel: str) -> Visit:
        return Visit(viewer=self.viewer(user_id), audience=self.audience(channel))


@dataclass
class World:
    """A running bot, and in it one room full of people after another."""

    bot: Any
    clock: Clock
    rights: Path
    accounts: list[Account]
    everybody: list[Account]
    telling: dict[str, re.Pattern[str]]
    serial: Iterator[int] = field(default_factory=lambda: count(1))
    briefs: int = 0

    def play(self, people: Any, rooms: Any, steps: Any, default: str) -> None:
        slack = self.bot.workspace
        members = []
        for role, which, details in people:
            name = f"p{next(self.serial)}"
            user = slack.add_person(name, **details)
            email = f"{name}@example.com"
            members.append(Person(user=user, email=email, role=role, which=which, outsider=bool(details)))
        channels = [
            slack.add_channel(
                f"r{next(self.serial)}",
                members=[each.user for number, each in enumerate(members) if number in inside],
                private=private,
                shared=shared,
                with_bot=with_bot,
            )
            for inside, private, shared, with_bot in rooms
        ]
        self.write_rights(members, default)
        for kind, who, where, number in steps:
            self.clock.now += timedelta(minutes=10)
            channel = channels[where % len(channels)]
            inside = [each for each in members if each.user in slack.members(channel)]
            # Whoever is to join may be anybody; everything else is done by somebody in the room.
            able = members if kind == "move" or not inside else inside
            person = able[who % len(able)]
            before = f"{self.clock.now.timestamp() - 1:.6f}"
            try:
                self.step(kind, person, channel, self.accounts[number])
            except WorkspaceError:
                continue  # not a member, or nothing to press: Slack would not let them
            finally:
                self.bot.wait()
            if kind == "promote":
                self.write_rights(members, default)
            self.look(members, channels, since=before, default=default)
            self.look_at_modal(person, default=default)
            if kind == "home":
                self.look_at_home(person, default=default)

    def step(self, kind: str, person: Person, channel: str, account: Account) -> None:
        slack, user = self.bot.workspace, person.user
        match kind:
            case "command":
                slack.command(f"/precall {account.account_id}", user=user, channel=channel)
            case "private":
                slack.command(f"/precall --private {account.name}", user=user, channel=channel)
            case "typo":
                slack.command(f"/precall {account.account_id[:-1]}", user=user, channel=channel)
            case "mention":
                slack.say(f"@precall {account.account_id}", user=user, channel=channel)
            case "why":
                slack.command(f"/precall why {account.account_id}", user=user, channel=channel)
            case "direct":
                slack.direct_message(account.account_id, user=user)
            case "ask":
                self.ask_in_the_newest_thread(f"How does it compare with {account.account_id}?", user, channel)
            case "home":
                slack.open_home(user)
            case _:
                self.act(kind, person, channel, account)

    def act(self, kind: str, person: Person, channel: str, account: Account) -> None:
        slack, user = self.bot.workspace, person.user
        match kind:
            case "press":
                slack.press("Share here", user=user)
            case "vote":
                slack.press("👎 Not useful", user=user)
            case "evidence":
                slack.press("Evidence", user=user)
            case "pdf":
                slack.press("PDF", user=user)
            case "outcome":
                slack.choose("step_outcome:0", "Done", user=user)
            case "share":
                slack.press("Share to a channel …", user=user)
                self.bot.wait()
                slack.submit({"given": channel}, user=user)
            case "move":
                inside = slack.members(channel)
                slack.change_channel(channel, members=inside ^ {user} if len(inside) > 2 else inside | {user})
            case "promote":
                person.role, person.which = "rep", OWNERS.index(account.owner) if account.owner in OWNERS else 0
            case "digest":
                day = date(2026, 1, 1) + timedelta(days=next(self.serial))
                with suppress(SlackApiError):  # where the bot is not
                    [subscription] = channel_subscriptions(
                        DigestConfig(channels=(channel,), at=time(), timezone=ZoneInfo("UTC"))
                    )
                    post_digest(self.bot.services, self.bot.client, subscription, day=day)

    def ask_in_the_newest_thread(self, question: str, user: str, channel: str) -> None:
        slack = self.bot.workspace
        briefs = [each.ts for each in slack.messages(channel) if each.user == slack.bot_user and not each.is_reply]
        heads = [ts for ts in briefs if self.bot.services.state.find_thread(channel, ts)]
        if heads:
            slack.say(question, user=user, channel=channel, thread_ts=heads[-1])

    def look(self, members: list[Person], channels: list[str], *, since: str, default: str) -> None:
        slack = self.bot.workspace
        for channel in [*channels, *(slack.direct_channel(each.user) for each in members)]:
            readers = [each for each in members if each.user in slack.members(channel)]
            for message in slack.messages(channel):
                if message.ts <= since or message.user != slack.bot_user:
                    continue
                text = read(message, names={})
                # What somebody typed themselves may be said back to them, and to nobody else.
                shown = re.sub("“[^”]*”", "", text) if message.ephemeral_to or channel.startswith("D") else text
                self.briefs += "predicted expansion revenue" in text
                for reader in readers:
                    if message.ephemeral_to in {None, reader.user}:
                        for account in self.everybody:
                            if not reader.may_see(account, default=default):
                                assert not self.telling[account.account_id].search(shown), (reader, shown)

    def look_at_modal(self, person: Person, *, default: str) -> None:
        if view := self.bot.workspace.modal(person.user):
            shown = json.dumps(view.content, ensure_ascii=False)
            self.bot.workspace.close_modal(person.user)
            for account in self.everybody:
                if not person.may_see(account, default=default):
                    assert not self.telling[account.account_id].search(shown), (person, shown)

    def look_at_home(self, person: Person, *, default: str) -> None:
        """Look at what was opened just now: one that was opened before stays as it was then."""
        view = self.bot.workspace.home(person.user)
        shown = read(Message(channel="", ts="", user="", blocks=tuple(view.content["blocks"])), names={})
        for account in self.everybody:
            if not person.may_see(account, default=default):
                assert not self.telling[account.account_id].search(shown), (person, shown)

    def write_rights(self, members: list[Person], default: str) -> None:
        self.rights.write_text(f'default = "{default}"\n' + "".join(each.entry() for each in members))
        moment = next(self.serial)  # two writes can fall into one tick of the disk's clock
        os.utime(self.rights, (moment, moment))


def telling_words(snapshot: Snapshot, accounts: list[Account]) -> dict[str, re.Pattern[str]]:
    """Return what gives each account away: its id, its name, and its amounts as they are written.

    Not those amounts that are said about another account as well, or that are so round that much comes to the same.
    """
    said = {}
    for account in accounts:
        brief = make_brief(snapshot, account, library=None)
        said[account.account_id] = " ".join([brief.headline, *(each.text for each in brief.evidence)])
    patterns = {}
    for account in accounts:
        amounts = {format_amount(each, "$") for each in (account.predicted, account.low, account.high)}
        others = " ".join(text for account_id, text in said.items() if account_id != account.account_id)
        own = {each for each in amounts if each not in others and sum(map(str.isdigit, each)) > 2}
        if [each.name for each in accounts].count(account.name) == 1:
            own.add(account.name)
        words = [account.account_id, *sorted(own)]
        patterns[account.account_id] = re.compile(rf"(?<![\w.$])({'|'.join(map(re.escape, words))})(?![\w])")
    return patterns


@pytest.fixture
def world(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> Callable[..., AbstractContextManager[World]]:
    @contextmanager
    def world(**settings: Any) -> Iterator[World]:
        clock, rights = Clock(), home / "access.toml"
        rights.write_text("")
        slack = {"slack_clock": lambda: clock().timestamp(), "share_delay_seconds": 0.0, "message_burst": 1000}
        with run_bot(home, clock=clock, **slack, **settings) as bot:
            with bot.services.snapshots.lease() as snapshot:
                asked = ["ACME-000", "ACME-001", "ACME-002", "TWIN-001", "TWIN-002"]
                asked += [row.account_id for row in snapshot.digest(limit=len(NUMBERS) - len(asked))]
                accounts = [snapshot.find_account(account_id) for account_id in asked]
                everybody = [
                    snapshot.find_account(row["account_id"])
                    for row in snapshot.accounts().select(["account_id"]).to_pylist()
                ]
                telling = telling_words(snapshot, everybody)
            yield World(
                bot=bot,
                clock=clock,
                rights=rights,
                accounts=accounts,
                everybody=everybody,
                telling=telling,
            )

    return world


def check(world: World, *, examples: int) -> None:
    """Play random stories and look at everything that anybody can read after each step."""

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(people, rooms, steps, st.sampled_from(["none", "all"]))
    def nothing_leaks(people: Any, rooms: Any, steps: Any, default: str) -> None:
        world.play(people, rooms, steps, default)

    nothing_leaks()


def test_nothing_posted_reveals_an_account_to_who_may_not_see_it(
    world: Callable[..., AbstractContextManager[World]],
) -> None:
    with world() as playing:
        check(playing, examples=20)

        assert playing.briefs > 20
        assert {refusal.error for refusal in playing.bot.workspace.refusals} <= {"channel_not_found", "not_in_channel"}


@pytest.mark.parametrize("people", [True, False], ids=["without the check of people", "without the check of rooms"])
def test_the_property_notices_when_a_check_is_missing(
    world: Callable[..., AbstractContextManager[World]],
    people: bool,  # noqa: FBT001 - parametrised
) -> None:
    with world(access=partial(Blind, people=people)) as playing, pytest.raises(AssertionError):
        check(playing, examples=20)
