"""The values of the workspace. All are frozen: what changes is replaced, so a value read stays what it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["event", "command", "interaction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person or bot; ``guest`` is a restricted account, ``team_id`` another workspace's for a Slack Connect guest."""

    id: str
    name: str
    real_name: str
    email: str
    timezone: str = "Europe/Berlin"
    utc_offset_seconds: int = 3600
    guest: bool = False
    single_channel_guest: bool = False
    admin: bool = False
    bot: bool = False
    deleted: bool = False
    team_id: str | None = None

    @property
    def browses(self) -> bool:
        """Whether they may open public channels that they did not join."""
        return not (self.guest or self.single_channel_guest or self.team_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation; ``kind`` decides the id's letter, the scopes needed and the event it causes.

    ``shared`` is Slack Connect, ``org_shared`` only between workspaces of one organisation.
    """

    id: str
    name: str
    kind: Literal["channels", "groups", "im", "mpim"]
    members: frozenset[str]
    archived: bool = False
    shared: bool = False
    org_shared: bool = False

    @property
    def type(self) -> str:
        """What events call it: channel, group, im or mpim."""
        return {"channels": "channel", "groups": "group"}.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file and its bytes; it is shared in no channel until ``shares`` says where, as {channel id: message ts}."""

    id: str
    name: str
    title: str
    alt_text: str | None
    size: int
    user: str
    download_url: str = ""
    content: bytes | None = None
    completed: bool = False
    shares: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it stands now; ``ephemeral_to`` is the only person who sees it, if there is one."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    bot_id: str | None = None
    client_msg_id: str | None = None
    files: tuple[UploadedFile, ...] = ()
    metadata: Json | None = None
    reactions: tuple[tuple[str, str], ...] = ()
    subtype: str | None = None
    edited: bool = False
    streaming_since: float | None = None

    @property
    def root_ts(self) -> str:
        """The ts of the thread this message is in, or would start."""
        return self.thread_ts or self.ts

    @property
    def is_reply(self) -> bool:
        """Whether it is in a thread without being its first message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def only_visible_to(self, user: str) -> bool:
        """Tell whether nobody but this person sees the message."""
        return self.ephemeral_to == user


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal or a Home tab of one person; ``content`` is what the app sent, with generated ids filled in."""

    id: str
    user: str
    content: Json
    hash: str
    root_id: str
    previous_id: str | None = None

    @property
    def kind(self) -> str:
        """Modal or home."""
        return str(self.content["type"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call of the app that the workspace refused, and what it said."""

    method: str
    error: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One payload sent to the app and its answer; ``status`` is ``None`` when none came within three seconds."""

    kind: Kind
    payload: Json
    status: int | None
    answer: str
    late: bool = False
    retry: int = 0

    @property
    def failed(self) -> bool:
        """Whether Slack would count it as not delivered."""
        return self.status != 200  # noqa: PLR2004 - HTTP's own word for accepted
