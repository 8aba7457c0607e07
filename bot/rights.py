"""Who may see which accounts, as the file access.toml says it."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from bot.errors import FaultyRightsError
from storage.wellformed import without_invisible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Role(StrEnum):
    """What a person is to the accounts."""

    REP = "rep"
    MANAGER = "manager"
    OPS = "ops"


class Owned(Protocol):
    """An account, or as much of one as rights are decided by."""

    @property
    def owner(self) -> str:
        """Whose account it is, as the source names them."""

    @property
    def region(self) -> str:
        """The territory that it is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Which accounts somebody may see: all of them, or those of these owners and territories (both case-folded)."""

    everything: bool = False
    owners: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()

    def covers(self, account: Owned) -> bool:
        """Return whether the account is among them."""
        return self.everything or _fold(account.owner) in self.owners or _fold(account.region) in self.territories


EVERYTHING: Final = Grant(everything=True)
NOTHING: Final = Grant()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person that the file names: by the role, with what the role gives."""

    role: Role
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the file says. ``people`` are keyed by Slack user id, or by e-mail in small letters.

    ``everybody_reads_public``: a public channel counts as read by all full members, who may open it without joining.
    """

    people: Mapping[str, Named]
    default: Grant
    everybody_reads_public: bool = False

    @property
    def everybody(self) -> frozenset[Grant]:
        """What each full member of the workspace may see, named or not."""
        return frozenset({self.default, *(named.grant for named in self.people.values())})

    def find(self, *, user_id: str, email: str) -> Named | None:
        """Return the person with this Slack id or this e-mail; the id counts first."""
        return self.people.get(user_id) or (self.people.get(email.strip().casefold()) if email else None)


OPEN: Final = Rights(people={}, default=EVERYTHING)
"""What holds without a file: every full member of the workspace sees every account."""

_KEYS: Final = {
    Role.REP: frozenset({"owner"}),
    Role.MANAGER: frozenset({"owner", "reps", "territories"}),
    Role.OPS: frozenset(),
}
_WHO: Final = re.compile(r"[UW][A-Z0-9]{2,}|[^@\s]+@[^@\s]+")
_PERSON: Final = re.compile(r"^[ \t]*\[\[[ \t]*people[ \t]*\]\]", re.MULTILINE)
_ROLES: Final = '"rep", "manager" or "ops"'


def read_rights(path: Path) -> Rights:
    """Return what the file says.

    Raises:
        FaultyRightsError: It cannot be read, or says what has no meaning; every fault is named, with its line.
    """
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise FaultyRightsError(path, ["it is not written in UTF-8; save it as that"]) from error
    except OSError as error:
        raise FaultyRightsError(path, [f"it cannot be read ({error.strerror}); make it readable to precall"]) from error
    except tomllib.TOMLDecodeError as error:
        raise FaultyRightsError(path, [f"it is not TOML: {error}"]) from error
    faults: list[str] = []
    rights = _read(content, lines=_lines_of_people(text), faults=faults)
    if faults:
        raise FaultyRightsError(path, faults)
    return rights


def _read(content: Mapping[str, Any], *, lines: list[int], faults: list[str]) -> Rights:
    strange = sorted(content.keys() - {"default", "public_channels", "people"})
    faults += [f'{key!r} is no key of it; there are "default", "public_channels" and [[people]]' for key in strange]
    default = content.get("default", "none")
    if default not in ("none", "all"):
        faults.append(f'default is {default!r}; it must be "none" or "all"')
    public = content.get("public_channels", "members")
    if public not in ("members", "everybody"):
        faults.append(f'public_channels is {public!r}; it must be "members" or "everybody", whoever is to count there')
    listed = content.get("people", [])
    if not isinstance(listed, list) or any(not isinstance(entry, dict) for entry in listed):
        faults.append("people is no list of tables; begin each person with the line [[people]]")
        listed = []
    people: dict[str, Named] = {}
    for number, entry in enumerate(listed, start=1):
        place = f"line {lines[number - 1]}, [[people]]" if len(lines) == len(listed) else f"person {number}"
        wrong = list(_faults_of(entry, known=people))
        faults += [f"{place}: {fault}" for fault in wrong]
        if not wrong:
            people[_key(entry["who"])] = _named(entry)
    return Rights(
        people=people,
        default=EVERYTHING if default == "all" else NOTHING,
        everybody_reads_public=public == "everybody",
    )


def _faults_of(entry: Mapping[str, Any], *, known: Mapping[str, Named]) -> Iterable[str]:
    """Say what is wrong with a person; the person is not named, for this may be logged."""
    who, role = entry.get("who"), entry.get("role")
    if not isinstance(who, str) or not _WHO.fullmatch(who.strip()):
        yield "who must be an e-mail address, or a Slack user id such as U024BE7LH"
    elif _key(who) in known:
        yield "this person is named before; keep one of the two"
    if role not in list(Role):
        yield f"role is {role!r}; it must be {_ROLES}" if role is not None else f"role is missing; it is {_ROLES}"
        return
    for key in sorted(entry.keys() - {"who", "role"}):
        if key not in _KEYS[Role(role)]:
            allowed = ", ".join(sorted(_KEYS[Role(role)])) or "no further key"
            yield f"{key!r} does not go with the role {role!r}; there may be {allowed}"
        elif _texts(entry[key]) is None:
            yield f"{key} must be a name, or a list of names, none of them empty"
    if role == Role.REP and "owner" not in entry and "@" not in str(who):
        yield "owner is missing; give the name that the owner column of the accounts has for this person"
    if role == Role.MANAGER and not entry.keys() & {"reps", "territories"}:
        yield "a manager needs reps or territories, each a list of names as the accounts have them"


def _named(entry: Mapping[str, Any]) -> Named:
    role = Role(entry["role"])
    if role is Role.OPS:
        return Named(role=role, grant=EVERYTHING)
    # Whose owner column holds e-mail addresses needs to say nothing more.
    own = _texts(entry.get("owner")) or ([entry["who"]] if "@" in entry["who"] else [])
    return Named(
        role=role,
        grant=Grant(
            owners=frozenset(map(_fold, [*own, *(_texts(entry.get("reps")) or [])])),
            territories=frozenset(map(_fold, _texts(entry.get("territories")) or [])),
        ),
    )


def _texts(value: Any) -> list[str] | None:
    """Return one name or several as a list, None where it is neither."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) and _fold(each) for each in listed):
        return None
    return listed


def _key(who: str) -> str:
    return who.strip().casefold() if "@" in who else who.strip()


def _fold(name: str) -> str:
    """Return a name so that two spellings of it are equal: neither case, composition, spaces nor what hides counts."""
    return " ".join(unicodedata.normalize("NFKC", without_invisible(name)).casefold().split())


def _lines_of_people(text: str) -> list[int]:
    return [1 + text.count("\n", 0, found.start()) for found in _PERSON.finditer(text)]
