"""Who people and rooms are, asked of Slack and remembered for a moment."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from slack_sdk.errors import SlackApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from slack_sdk import WebClient

MOST_MEMBERS: Final = 1000
"""A room with more members is not looked into."""

_PERSON_KEPT: Final = timedelta(minutes=5)
_ROOM_KEPT: Final = timedelta(seconds=10)
_MOST_KEPT: Final = 20_000
# From so many on, the whole list of a workspace costs fewer calls than each person on their own.
_ONE_BY_ONE: Final = 10
_PAGE: Final = 1000
_MOST_PAGES: Final = 20

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of Slack; an ``outsider`` is a guest, or belongs to another organisation."""

    user_id: str
    name: str
    email: str
    outsider: bool
    reads: bool
    """Whether this is somebody who reads: apps do not, nor do accounts that were closed."""
    timezone: str = ""
    """Such as Europe/Madrid; empty where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A room: who is in it, None where that are too many to ask for, and whether another organisation shares it.

    A ``public`` one can be opened by every full member of the workspace.
    """

    external: bool
    public: bool
    members: tuple[str, ...] | None
    name: str = ""


class Directory:
    """Slack's own knowledge of people and rooms; any number of threads may ask at once.

    Every method may raise SlackApiError, URLError or TimeoutError.
    """

    def __init__(self, client: WebClient, *, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._people: _Remembered[Person] = _Remembered(clock, kept=_PERSON_KEPT)
        self._rooms: _Remembered[Conversation] = _Remembered(clock, kept=_ROOM_KEPT)
        self._home: tuple[str, str] | None = None
        self._listing = threading.Lock()

    def person(self, user_id: str) -> Person:
        """Return who somebody is; of whom Slack tells nothing is an outsider."""
        known = self._people.get(user_id)
        if known is None:
            known = self._people.keep(user_id, self._ask_for(user_id))
        return known

    def people(self, user_ids: Iterable[str]) -> tuple[Person, ...]:
        """Return who several people are."""
        wanted = tuple(user_ids)
        with self._listing:  # where many ask at once, one of them asks Slack
            if sum(self._people.get(each) is None for each in wanted) > _ONE_BY_ONE:
                self._read_list()
        return tuple(map(self.person, wanted))

    def conversation(self, channel: str) -> Conversation | None:
        """Return what a room is, None where the bot is not in it."""
        known = self._rooms.get(channel)
        if known is None and (found := self._look_into(channel)):
            known = self._rooms.keep(channel, found)
        return known

    def _look_into(self, channel: str) -> Conversation | None:
        try:
            info = self._client.conversations_info(channel=channel)["channel"]
        except SlackApiError as error:
            if error.response.get("error") != "channel_not_found":
                raise
            return None
        if not info.get("is_member", True):
            return None
        members = (str(info["user"]),) if info.get("is_im") else self._members(channel)
        public = not (info.get("is_private") or info.get("is_im") or info.get("is_mpim"))
        return Conversation(
            external=_is_external(info), public=public, members=members, name=str(info.get("name") or "")
        )

    def _members(self, channel: str) -> tuple[str, ...] | None:
        members: list[str] = []
        for page in self._client.conversations_members(channel=channel, limit=_PAGE - 1):
            members += page["members"]
            if len(members) > MOST_MEMBERS:
                return None
        return tuple(members)

    def _ask_for(self, user_id: str) -> Person:
        try:
            return self._person(self._client.users_info(user=user_id)["user"])
        except SlackApiError as error:
            if error.response.get("error") not in {"user_not_found", "user_not_visible"}:
                raise
            return Person(user_id=user_id, name="", email="", outsider=True, reads=True)

    def _read_list(self) -> None:
        for number, page in enumerate(self._client.users_list(limit=_PAGE), start=1):
            for user in page["members"]:
                self._people.keep(user["id"], self._person(user))
            if number == _MOST_PAGES:
                return

    def _person(self, user: Mapping[str, Any]) -> Person:
        team, enterprise = self._find_home()
        # A member of another workspace of the same Enterprise organisation is none of an outsider.
        same = user.get("team_id") == team or (
            bool(enterprise) and (user.get("enterprise_user") or {}).get("enterprise_id") == enterprise
        )
        restricted = any(user.get(key) for key in ("is_restricted", "is_ultra_restricted", "is_stranger"))
        return Person(
            user_id=user["id"],
            name=(user.get("profile") or {}).get("real_name") or user.get("real_name") or "",
            email=(user.get("profile") or {}).get("email") or "",
            outsider=restricted or not same,
            reads=not (user.get("is_bot") or user.get("deleted") or user["id"] == "USLACKBOT"),
            timezone=user.get("tz") or "",
        )

    def _find_home(self) -> tuple[str, str]:
        if self._home is None:
            answer = self._client.auth_test()
            self._home = (str(answer["team_id"]), str(answer.get("enterprise_id") or ""))
        return self._home


def _is_external(info: Mapping[str, Any]) -> bool:
    """Return whether another organisation reads here, or was invited to."""
    # What workspaces of one Enterprise organisation share stays inside it.
    shared = info.get("is_shared") and not info.get("is_org_shared")
    return bool(shared or info.get("is_ext_shared") or info.get("is_pending_ext_shared"))


class _Remembered(Generic[Value]):
    """Values by their ids, each for a time."""

    def __init__(self, clock: Callable[[], datetime], *, kept: timedelta) -> None:
        self._clock, self._kept = clock, kept
        self._values: dict[str, tuple[datetime, Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        with self._lock:
            since, value = self._values.get(key, (None, None))
        return value if since is not None and since <= self._clock() < since + self._kept else None

    def keep(self, key: str, value: Value) -> Value:
        with self._lock:
            if len(self._values) >= _MOST_KEPT:
                self._values.clear()
            self._values[key] = (self._clock(), value)
        return value
