"""What a workspace holds, behind one lock: people, channels, messages, files, views, and a ledger of what was sent."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from bot.workspace.errors import NeverHappenedError, UnknownIdError
from bot.workspace.records import Channel, Delivery, Message, Person, Refusal, UploadedFile, View
from bot.workspace.render import read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEAM_ID = "T0WORKSPACE"
APP_ID = "A0PRECALL"
BOT_ID = "B0PRECALL"
SLACKBOT = "USLACKBOT"


class State:
    """Everything the workspace knows; take ``changed`` (a lock) for whatever must not be interrupted."""

    def __init__(self, *, bot: Person, clock: Callable[[], float], home_tab: bool) -> None:
        self.changed = threading.Condition()
        self.clock = clock
        self.bot = bot
        self.home_tab = home_tab
        self.people: dict[str, Person] = {bot.id: bot}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.files: dict[str, UploadedFile] = {}
        self.homes: dict[str, View] = {}
        self.modals: dict[str, list[View]] = {}
        self.never_shown: list[Message] = []
        self.statuses: dict[tuple[str, str], str] = {}
        self.refusals: list[Refusal] = []
        self.deliveries: list[Delivery] = []
        self.observers: list[Callable[[Message], None]] = []
        self.sent: list[str] = []
        self._serial = count(1)
        self._last_microsecond = 0

    def next_id(self, letter: str) -> str:
        """Return an id nobody else has; ids of one workspace come in the order they were asked for."""
        return f"{letter}{next(self._serial):09d}"

    def next_ts(self) -> str:
        """Return a message's timestamp, which is also its id: strictly later than any before."""
        with self.changed:
            self._last_microsecond = max(self._last_microsecond + 1, int(self.clock() * 1_000_000))
            return f"{self._last_microsecond // 1_000_000}.{self._last_microsecond % 1_000_000:06d}"

    def find_channel(self, channel_id: str) -> Channel:
        """Return the channel with this id, or with this name."""
        for channel in self.channels.values():
            if channel_id.removeprefix("#") in {channel.id, channel.name}:
                return channel
        raise UnknownIdError("channel", channel_id)

    def find_person(self, user_id: str) -> Person:
        """Return the person with this id."""
        try:
            return self.people[user_id]
        except KeyError:
            raise UnknownIdError("person", user_id) from None

    def direct_messages(self, *users: str) -> Channel:
        """Return the conversation between the app and these people, opened if it was not."""
        with self.changed:
            members = frozenset({self.bot.id, *users})
            for channel in self.channels.values():
                if channel.kind in {"im", "mpim"} and channel.members == members:
                    return channel
            kind, letter = ("im", "D") if len(users) == 1 else ("mpim", "G")
            name = "mpdm-" + "--".join(sorted(self.people[user].name for user in users)) if letter == "G" else users[0]
            channel = Channel(id=self.next_id(letter), name=name, kind=kind, members=members)  # type: ignore[arg-type]
            self.channels[channel.id] = channel
            return channel

    def find_message(self, channel: str, ts: str) -> Message | None:
        """Return a message as it stands now."""
        return self.messages.get(channel, {}).get(ts)

    def keep(self, message: Message) -> Message:
        """Store a message, new or changed, and tell whoever watches."""
        with self.changed:
            self.messages.setdefault(message.channel, {})[message.ts] = message
            for observer in self.observers:
                observer(message)
            self.changed.notify_all()
        return message

    def keep_ephemeral(self, message: Message) -> None:
        """Show a message to one person; in what is not yet a thread Slack says ok and shows it to nobody."""
        with self.changed:
            if message.thread_ts and not self.replies(message.channel, message.thread_ts):
                self.never_shown.append(message)
            else:
                self.keep(message)

    def remove(self, message: Message) -> None:
        """Delete a message; the head of a thread leaves a tombstone."""
        with self.changed:
            if self.replies(message.channel, message.ts):
                stone = replace(message, text="This message was deleted.", blocks=(), files=(), subtype="tombstone")
                self.messages[message.channel][message.ts] = stone
            else:
                del self.messages[message.channel][message.ts]
            self.changed.notify_all()

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Return the public replies of a thread in order, without its first message."""
        return [
            message
            for message in self.in_order(channel)
            if message.thread_ts == ts and message.is_reply and message.ephemeral_to is None
        ]

    def in_order(self, channel: str) -> list[Message]:
        """Return every message of a channel, oldest first."""
        with self.changed:
            return [message for _, message in sorted(self.messages.get(channel, {}).items())]

    def everything(self) -> Iterator[Message]:
        """Yield every message of every channel, oldest first."""
        with self.changed:
            everywhere = [message for channel in self.messages.values() for message in channel.values()]
        return iter(sorted(everywhere, key=lambda message: message.ts))

    def show_view(self, view: View, *, instead_of_top: bool = False) -> View:
        """Put a modal on top of a person's stack, or in place of its top; a Home tab has its own place."""
        with self.changed:
            if view.kind == "home":
                self.homes[view.user] = view
            else:
                stack = self.modals.setdefault(view.user, [])
                if instead_of_top:
                    stack.pop()
                stack.append(view)
            self.changed.notify_all()
        return view

    def record_sent(self, value: Any) -> None:
        """Keep every piece of text below ``value`` in the ledger of what the app sent."""
        with self.changed:
            self.sent.extend(_texts(value))

    def record_refusal(self, method: str, error: str, messages: tuple[str, ...] = ()) -> None:
        """Keep a refused call."""
        with self.changed:
            self.refusals.append(Refusal(method=method, error=error, messages=messages))
            self.changed.notify_all()

    def wait_until(self, predicate: Callable[[], object], *, timeout_seconds: float) -> None:
        """Return as soon as the predicate holds.

        It is asked again whenever something changes, and now and then for what changes elsewhere.

        Raises:
            NeverHappenedError: When it does not hold in time.
        """
        deadline = time.monotonic() + timeout_seconds
        with self.changed:
            while not predicate():
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = read_all(list(self.everything())[-5:], names=self.names())
                    refused = ", ".join(f"{refusal.method}: {refusal.error}" for refusal in self.refusals)
                    raise NeverHappenedError(timeout_seconds, seen=seen, refused=refused)
                self.changed.wait(min(left, 0.05))

    def names(self) -> dict[str, str]:
        """Return what people read for each id."""
        people = {person.id: f"@{person.name}" for person in self.people.values()}
        return people | {channel.id: f"#{channel.name}" for channel in self.channels.values()}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
            if value.startswith(("{", "[")):  # structure sent as a string of JSON, where text may be escaped
                with suppress(ValueError):
                    yield from _texts(json.loads(value))
        case dict():
            for key, item in value.items():
                yield from _texts(key)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case None | bool():
            pass
        case _:
            yield str(value)
