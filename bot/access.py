"""Who may see which account, and what everybody who reads a room may see."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.directory import MOST_MEMBERS
from bot.errors import FaultyRightsError
from bot.rights import NOTHING, OPEN, Grant, Rights, Role, read_rights

if TYPE_CHECKING:
    from pathlib import Path

    from bot.directory import Directory, Person
    from bot.rights import Owned

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who asks. An ``outsider`` is a guest or belongs to another organisation, and sees nothing."""

    user_id: str
    role: Role | None
    grant: Grant
    outsider: bool

    def may_see(self, account: Owned) -> bool:
        """Return whether this person may see the account."""
        return self.grant.covers(account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Everybody who reads a room.

    ``closed`` is a room that guests or another organisation read: nothing is said there. ``reserve`` says why nothing
    may be said although nobody in particular stands against it: the bot is not there, or there are too many members to
    ask about. It is a clause for the middle of a sentence, empty as a rule.
    """

    grants: frozenset[Grant]
    closed: bool = False
    reserve: str = ""

    def may_see(self, account: Owned) -> bool:
        """Return whether every one of them may see the account."""
        return not self.closed and not self.reserve and all(grant.covers(account) for grant in self.grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who asks in a room."""

    viewer: Viewer
    audience: Audience

    @property
    def refusal(self) -> str:
        """Why nothing at all is answered, in a sentence; empty where something may be."""
        if self.viewer.outsider:
            return "I work for full members of this workspace only, so I cannot help you here. I am sorry."
        if self.audience.closed:
            return (
                "People from outside read this conversation, so I say nothing about our data here. "
                "Ask me in a direct message."
            )
        return ""

    @property
    def reserve(self) -> str:
        """Why an answer is for the person who asked alone, as a clause."""
        return self.audience.reserve or "not everybody here may see this"

    def may_post(self, account: Owned) -> bool:
        """Return whether an answer about the account may stand where everybody in the room reads it."""
        return self.viewer.may_see(account) and self.audience.may_see(account)


NOT_THERE: Final = Audience(grants=frozenset(), reserve="I am not in this conversation")
_TOO_MANY: Final = Audience(grants=frozenset(), reserve=f"more than {MOST_MEMBERS:,} people read this conversation")
_CLOSED: Final = Audience(grants=frozenset(), closed=True)
_NO_FILE: Final = "there is no file of rights (%s): every full member of the workspace sees every account"


class Access:
    """The rights of people and rooms; each question is answered by the file and by Slack as they stand then.

    Raises:
        FaultyRightsError: The file cannot be used at the start. Later a version that cannot be used changes nothing.
    """

    def __init__(self, path: Path | None, directory: Directory) -> None:
        self._path, self._directory = path, directory
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._rights = OPEN if path is None or self._stamp is None else read_rights(path)
        if self._stamp is None:
            logger.info(_NO_FILE, path)

    @property
    def is_open(self) -> bool:
        """Whether there is no file, so that every full member of the workspace sees every account."""
        return self._current() is OPEN

    def viewer(self, user_id: str) -> Viewer:
        """Return what somebody may see; may raise what the directory raises."""
        return _viewer(self._current(), self._directory.person(user_id))

    def timezone(self, user_id: str) -> str:
        """Return the time zone that somebody has in Slack, such as Europe/Madrid, empty where it is not known."""
        return self._directory.person(user_id).timezone

    def audience(self, channel: str) -> Audience:
        """Return what everybody who reads a room may see; may raise what the directory raises.

        Apps are not counted: whoever installs one decides what it may read.
        """
        room = self._directory.conversation(channel)
        if room is None:
            return NOT_THERE
        if room.external:
            return _CLOSED
        if room.members is None:
            return _TOO_MANY
        rights = self._current()
        readers = [_viewer(rights, person) for person in self._directory.people(room.members) if person.reads]
        if any(reader.outsider for reader in readers):
            return _CLOSED
        others = rights.everybody if room.public and rights.everybody_reads_public else frozenset()
        return Audience(grants=others | {reader.grant for reader in readers})

    def visit(self, user_id: str, channel: str) -> Visit:
        """Return what somebody may see and have said in a room; may raise what the directory raises."""
        viewer = self.viewer(user_id)
        return Visit(viewer=viewer, audience=_CLOSED if viewer.outsider else self.audience(channel))

    def name_of(self, user_id: str) -> str:
        """Return what somebody is called, empty where Slack does not say; may raise what the directory raises."""
        return self._directory.person(user_id).name

    def is_member(self, user_id: str, channel: str) -> bool:
        """Return whether both somebody and the bot are in a room; may raise what the directory raises."""
        room = self._directory.conversation(channel)
        return room is not None and user_id in (room.members or ())

    def room_name(self, user_id: str, channel: str) -> str:
        """Return what a room is called, empty to who is not in it; may raise what the directory raises."""
        room = self._directory.conversation(channel)
        return room.name if room is not None and user_id in (room.members or ()) else ""

    def _current(self) -> Rights:
        """Return what the file says; where it changed it is read again, and where it is gone its last version holds."""
        with self._lock:
            stamp = _stamp(self._path)
            if self._path is not None and stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._rights = read_rights(self._path)
                    logger.info("%s was read again", self._path)
                except FaultyRightsError as error:
                    logger.error("%s What it said before holds.", error)  # noqa: TRY400 - the sentence says it all
            return self._rights


def _viewer(rights: Rights, person: Person) -> Viewer:
    if person.outsider:
        return Viewer(user_id=person.user_id, role=None, grant=NOTHING, outsider=True)
    named = rights.find(user_id=person.user_id, email=person.email)
    grant = rights.default if named is None else named.grant
    return Viewer(user_id=person.user_id, role=named.role if named else None, grant=grant, outsider=False)


def _stamp(path: Path | None) -> tuple[int, ...] | None:
    """Return what tells one version of a file from another, None where there is no file."""
    if path is None:
        return None
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
