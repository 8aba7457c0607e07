"""Three people of different rights in a shared channel, a private one, direct messages and a Slack Connect room.

``pytest -s tests/test_rooms.py`` prints what each of them reads.
"""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from made_up import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

PLAN = "Executive summary"
SENT = "I sent it to you directly, because not everybody here may see this."
OUTSIDE = "People from outside read this conversation"


class Office:
    """A rep, the manager of that rep's territory and somebody of ops, and an account that only each of them may see."""

    def __init__(self, bot: Any, clock: Clock) -> None:
        self.bot, self.clock, self.slack = bot, clock, bot.workspace
        self.rep, self.manager, self.ops = map(self.slack.add_person, ("rep", "manager", "ops"))
        everybody = [self.rep, self.manager, self.ops]
        self.shared = self.slack.add_channel("sales", members=everybody, channel_id="C0SHARED")
        self.leads = self.slack.add_channel("leads", members=[self.manager, self.ops], private=True)
        self.partner = self.slack.add_channel("partner", members=everybody, shared=True)
        with bot.services.snapshots.lease() as snapshot:
            accounts = [
                snapshot.find_account(row["account_id"])
                for row in snapshot.accounts().select(["account_id"]).to_pylist()
            ]
        self.own = accounts[0]
        self.team = next(each for each in accounts if each.owner != self.own.owner and each.region == self.own.region)
        self.foreign = next(
            each for each in accounts if each.owner != self.own.owner and each.region != self.own.region
        )

    def rights(self) -> str:
        return (
            f'[[people]]\nwho = "rep@example.com"\nrole = "rep"\nowner = "{self.own.owner}"\n'
            f'[[people]]\nwho = "manager@example.com"\nrole = "manager"\n'
            f'reps = ["{self.own.owner}"]\nterritories = ["{self.own.region}"]\n'
            '[[people]]\nwho = "ops@example.com"\nrole = "ops"\n'
        )

    def ask(self, said: str, *, user: str, channel: str, thread_ts: str | None = None) -> list[Any]:
        """Say or command something and return what the bot wrote to anybody because of it."""
        self.clock.now += timedelta(minutes=1)
        before = {(each.channel, each.ts) for each in self.written()}
        if said.startswith("/"):
            self.slack.command(said, user=user, channel=channel)
        else:
            self.slack.say(said, user=user, channel=channel, thread_ts=thread_ts)
        self.bot.wait()
        return [each for each in self.written() if (each.channel, each.ts) not in before]

    def written(self) -> list[Any]:
        people = [self.rep, self.manager, self.ops]
        rooms = [self.shared, self.leads, self.partner, *map(self.slack.direct_channel, people)]
        return [each for room in rooms for each in self.slack.messages(room) if each.user == self.slack.bot_user]

    def read_by(self, user: str) -> str:
        """Return everything that the bot wrote and this person can read."""
        visible = {(each.channel, each.ts) for each in self.slack.visible_to(user)}
        return self.bot.read([each for each in self.written() if (each.channel, each.ts) in visible])

    def names(self, text: str, account: Any) -> bool:
        return bool(re.search(rf"(?<!\w){re.escape(account.account_id)}(?!\w)|{re.escape(account.name)}", text))


@pytest.fixture
def office(run_bot: Callable[..., AbstractContextManager[Any]], built_home: Path, tmp_path: Path) -> Iterator[Office]:
    home, clock = shutil.copytree(built_home, tmp_path / "home"), Clock()
    with run_bot(home, clock=clock) as bot:
        office = Office(bot, clock)
        (home / "access.toml").write_text(office.rights())
        yield office


def test_a_day_of_three_people_in_four_rooms(office: Office) -> None:
    read, slack = office.bot.read, office.slack
    rep, manager, ops = office.rep, office.manager, office.ops
    own, team, foreign = (each.account_id for each in (office.own, office.team, office.foreign))

    # Everybody in the shared channel may see the rep's own account: the brief stands there, questions too.
    brief = office.ask(f"/precall {own}", user=rep, channel=office.shared)
    head = brief[0]
    assert all(each.channel == office.shared and each.ephemeral_to is None for each in brief)
    assert PLAN in read(brief)
    answers = office.ask("What is its churn risk?", user=ops, channel=office.shared, thread_ts=head.ts)
    assert len(answers) == 1
    assert answers[0].ephemeral_to is None

    # The manager may see the territory's account and the rep may not: it goes to the manager.
    *direct, notice = sorted(
        office.ask(f"/precall {team}", user=manager, channel=office.shared), key=lambda each: each.ts
    )
    assert notice.only_visible_to(manager)
    assert SENT in read(notice)
    assert {each.channel for each in direct} == {slack.direct_channel(manager)}
    assert PLAN in read(direct)

    # In the private channel of the two who may see it, it is for both.
    leads = office.ask(f"@precall {team}", user=manager, channel=office.leads)
    assert all(each.channel == office.leads and each.ephemeral_to is None for each in leads)

    # What a person may not see is to them as if it did not exist.
    forbidden = read(office.ask(f"/precall {foreign}", user=rep, channel=office.shared))
    unknown = read(office.ask("/precall NONE-999", user=rep, channel=office.shared))
    for answer, asked in ((forbidden, foreign), (unknown, "NONE-999")):
        assert f"No account has the id or name “{asked}”." in answer

    # Alone with the bot everybody gets what they may see, and nothing else.
    for user, account, seen in ((rep, own, True), (rep, team, False), (manager, foreign, False), (ops, foreign, True)):
        answer = read(office.ask(account, user=user, channel=slack.direct_channel(user)))
        assert (PLAN in answer) is seen

    # Where people from outside read, there is nothing but a refusal, told to who asked.
    for said in (f"/precall {own}", f"@precall {own}", "/precall help"):
        [refusal] = office.ask(said, user=ops, channel=office.partner)
        assert refusal.only_visible_to(ops)
        assert OUTSIDE in read(refusal)

    # Rights that were taken away count in threads that were opened before.
    office.clock.now += timedelta(minutes=10)
    slack.add_person("rep", user_id=rep, email="gone@example.com")
    [refused] = office.ask("And its rank?", user=rep, channel=office.shared, thread_ts=head.ts)
    assert refused.only_visible_to(rep)
    assert "There is nothing here that I can tell you about." in read(refused)
    # Others are still answered, but no longer where that person reads along.
    [whispered] = office.ask("And its rank?", user=ops, channel=office.shared, thread_ts=head.ts)
    assert whispered.only_visible_to(ops)

    for user, hidden in ((rep, (office.team, office.foreign)), (manager, (office.foreign,))):
        text = re.sub("“[^”]*”", "", office.read_by(user))
        assert not any(office.names(text, account) for account in hidden)
    assert slack.refusals == []
    assert slack.failed_deliveries == []
    assert slack.never_shown == []
    for name, user in (("the rep", rep), ("the manager", manager), ("ops", ops)):
        print(f"\n===== What {name} reads =====\n{office.read_by(user)}")  # noqa: T201 - what `pytest -s` is for
