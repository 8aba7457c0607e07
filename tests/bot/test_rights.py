from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import FaultyRightsError
from bot.rights import NOTHING, Role, read_rights

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
default = "none"

[[people]]
who = "Dana.Reyes@example.com"
role = "rep"
owner = "Dana Reyes"

[[people]]
who = "U024BE7LH"
role = "manager"
reps = ["Ivo Maric"]
territories = ["EMEA"]

[[people]]
who = "ops@example.com"
role = "ops"
"""


@dataclass(frozen=True)
class Account:
    owner: str
    region: str


def read(tmp_path: Path, text: str | bytes) -> Any:
    path = tmp_path / "access.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rights(path)


def test_a_rep_sees_their_own_a_manager_the_team_s_and_ops_all(tmp_path: Path) -> None:
    rights = read(tmp_path, WHOLE)
    rep = rights.find(user_id="U0DANA", email="dana.reyes@EXAMPLE.com")
    manager = rights.find(user_id="U024BE7LH", email="")
    ops = rights.find(user_id="U0OPS", email="ops@example.com")

    assert (rep.role, manager.role, ops.role) == (Role.REP, Role.MANAGER, Role.OPS)
    own, team, territory, other = (
        Account("Dana Reyes", "APAC"),
        Account("Ivo Maric", "APAC"),
        Account("Lena Okafor", "EMEA"),
        Account("Lena Okafor", "APAC"),
    )
    assert [rep.grant.covers(each) for each in (own, team, territory, other)] == [True, False, False, False]
    assert [manager.grant.covers(each) for each in (own, team, territory, other)] == [False, True, True, False]
    assert all(ops.grant.covers(each) for each in (own, team, territory, other))
    assert rights.default == NOTHING
    assert rights.find(user_id="U0NOBODY", email="nobody@example.com") is None


@pytest.mark.parametrize("owner", ["Dana Reyes", "Dana\u200b Reyes\u202e"])
def test_names_agree_whatever_their_case_and_spaces_and_what_hides_in_them(tmp_path: Path, owner: str) -> None:
    rights = read(tmp_path, '[[people]]\nwho = "U1A"\nrole = "rep"\nowner = "DANA  reyes "')

    assert rights.people["U1A"].grant.covers(Account(owner, ""))


def test_a_name_of_which_nothing_can_be_seen_is_none(tmp_path: Path) -> None:
    with pytest.raises(FaultyRightsError, match="owner must be a name"):
        read(tmp_path, '[[people]]\nwho = "U1A"\nrole = "rep"\nowner = "\u200b"')


def test_an_account_without_an_owner_and_a_territory_is_nobody_s(tmp_path: Path) -> None:
    rights = read(tmp_path, WHOLE)

    assert not any(
        named.grant.covers(Account("", "")) for named in rights.people.values() if named.role is not Role.OPS
    )


def test_who_owns_by_e_mail_needs_no_other_name(tmp_path: Path) -> None:
    rights = read(tmp_path, '[[people]]\nwho = "dana@example.com"\nrole = "rep"')

    assert rights.people["dana@example.com"].grant.covers(Account("Dana@Example.com", ""))


def test_everybody_may_be_let_see_everything_but_who_is_named(tmp_path: Path) -> None:
    rights = read(tmp_path, 'default = "all"\n' + WHOLE.replace('default = "none"', ""))

    assert rights.default.covers(Account("", ""))
    assert not rights.people["dana.reyes@example.com"].grant.covers(Account("Ivo Maric", ""))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[people]]\nwho = "U1A"\nrole = "boss"', r"line 1, \[\[people\]\]: role is 'boss'; it must be \"rep\""),
        ('\n\n[[people]]\nwho = "U1A"', "line 3.*role is missing"),
        ('[[people]]\nwho = "dana"\nrole = "ops"', "who must be an e-mail address, or a Slack user id such as U"),
        ('[[people]]\nrole = "ops"', "who must be an e-mail address"),
        ('[[people]]\nwho = "U1A"\nrole = "rep"', "owner is missing; give the name that the owner column"),
        ('[[people]]\nwho = "U1A"\nrole = "rep"\nreps = ["x"]', "'reps' does not go with the role 'rep'"),
        ('[[people]]\nwho = "U1A"\nrole = "manager"', "a manager needs reps or territories"),
        ('[[people]]\nwho = "U1A"\nrole = "manager"\nreps = [""]', "reps must be a name, or a list of names"),
        ('[[people]]\nwho = "U1A"\nrole = "manager"\nreps = 7', "reps must be a name, or a list of names"),
        ('[[people]]\nwho = "U1A"\nrole = ["rep"]', "role is"),
        ('default = "some"', 'default is \'some\'; it must be "none" or "all"'),
        ('public_channels = "some"', "public_channels is 'some'; it must be"),
        ("default = []", r"default is \[\]"),
        ("people = 3", r"begin each person with the line \[\[people\]\]"),
        ("peopel = []", "'peopel' is no key of it"),
        ("default = none", "it is not TOML: .*line 1"),
        (b"default = '\xff'", "not written in UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_place_and_a_way_out(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    with pytest.raises(FaultyRightsError, match=sentence) as caught:
        read(tmp_path, text)

    assert str(tmp_path / "access.toml") in str(caught.value)


def test_every_fault_is_named_at_once_and_no_person_is(tmp_path: Path) -> None:
    text = '[[people]]\nwho = "dana@example.com"\nrole = "boss"\n\n' * 2 + '[[people]]\nwho = "x"\nrole = "ops"\n'
    text += '\n[[people]]\nwho = "U1A"\nrole = "ops"\n\n[[people]]\nwho = "U1A"\nrole = "ops"\n'

    with pytest.raises(FaultyRightsError) as caught:
        read(tmp_path, text)

    assert len(caught.value.faults) == 4
    assert caught.value.faults[-1] == "line 17, [[people]]: this person is named before; keep one of the two"
    assert "dana" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FaultyRightsError, match="make it readable"):
        read_rights(tmp_path)
