"""What Slack sends the app: events, commands and interactions, and what came of each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from bot.workspace.errors import NotConnectedError
from bot.workspace.records import Delivery
from bot.workspace.state import APP_ID, TEAM_ID

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.workspace.records import Channel, Json, Kind, Message, UploadedFile
    from bot.workspace.state import State
    from bot.workspace.transport import Transport

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5
ACCEPTED = 200

# The scope without which a subscription delivers nothing.
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "app_home_opened": "",
}


@dataclass(slots=True, kw_only=True)
class Trigger:
    """What lets the app open a modal for a person: once, within three seconds."""

    user: str
    expires: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """Where the app may answer a command or an interaction: five times within half an hour."""

    user: str
    channel: str
    expires: float
    ts: str | None = None
    thread_ts: str | None = None
    uses_left: int = RESPONSE_URL_USES


class Deliveries:
    """Builds what the app is subscribed to and delivers it by the one way in which the app is reached."""

    def __init__(self, state: State, *, scopes: Collection[str], events: Collection[str]) -> None:
        self.transport: Transport | None = None
        self.base_url = ""
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._state = state
        self._scopes = scopes
        self._events = events
        self._later = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deliveries")

    def close(self) -> None:
        """Drop what is still to be delivered and hang up."""
        self._later.shutdown(wait=True, cancel_futures=True)
        self.connect(None)

    def connect(self, transport: Transport | None) -> None:
        """Deliver this way from now on, and no longer as before."""
        before, self.transport = self.transport, transport
        if before is not None:
            before.close()

    def event(self, event: Json, *, subscription: str, shared: bool = False) -> Delivery | None:
        """Deliver an event and wait for the acknowledgement; ``None`` when the app gets no such events."""
        needed = EVENT_SCOPES[subscription]
        if subscription not in self._events or (needed and needed not in self._scopes):
            return None
        envelope = {
            "token": "loopback",
            "team_id": TEAM_ID,
            "context_team_id": TEAM_ID,
            "context_enterprise_id": None,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": self._state.next_id("Ev"),
            "event_time": int(self._state.clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": self._state.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{uuid4().hex}",
        }
        return self.deliver("event", envelope)

    def message(self, message: Message, *, change: Json | None = None) -> None:
        """Deliver a message of a person as its event, and as a mention when it names the app."""
        channel = self._state.channels[message.channel]
        event = change or message_event(message, channel)
        if self._state.bot.id in channel.members:
            self.event(event, subscription=f"message.{channel.kind}", shared=channel.shared)
            if change is None and channel.kind != "im" and f"<@{self._state.bot.id}>" in message.text:
                mention = {key: value for key, value in event.items() if key != "channel_type"}
                self.event(mention | {"type": "app_mention"}, subscription="app_mention", shared=channel.shared)

    def message_later(self, message: Message, *, change: Json | None = None) -> None:
        """Deliver a message of the app itself, as its call goes on."""
        if self.transport is not None and message.ephemeral_to is None:
            self._later.submit(self.message, message, change=change)

    def command(self, *, name: str, text: str, user: str, channel: Channel) -> Delivery:
        """Deliver a slash command."""
        person = self._state.find_person(user)
        response_url, _ = self.new_response_url(user=user, channel=channel.id)
        payload = {
            "token": "loopback",
            "team_id": TEAM_ID,
            "team_domain": "loopback",
            "channel_id": channel.id,
            "channel_name": {"im": "directmessage", "groups": "privategroup"}.get(channel.kind, channel.name),
            "user_id": user,
            "user_name": person.name,
            "command": name,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": self.new_trigger(user=user),
        }
        return self.deliver("command", payload)

    def interaction(self, kind: str, *, user: str, view_id: str | None = None, **details: Any) -> Delivery:
        """Deliver what a person did with a block or a view."""
        person = self._state.find_person(user)
        payload = {
            "type": kind,
            "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team_id or TEAM_ID},
            "api_app_id": APP_ID,
            "token": "loopback",
            "trigger_id": self.new_trigger(user=user, view_id=view_id),
            "team": {"id": TEAM_ID, "domain": "loopback"},
            "enterprise": None,
            "is_enterprise_install": False,
            **details,
        }
        return self.deliver("interaction", payload)

    def deliver(self, kind: Kind, payload: Json, *, retry: int = 0, reason: str = "") -> Delivery:
        """Send a payload and keep what came of it."""
        if self.transport is None:
            raise NotConnectedError
        reply = self.transport.send(kind, payload, retry=retry, reason=reason)
        delivery = Delivery(
            kind=kind, payload=payload, status=reply.status, answer=reply.answer, late=reply.late, retry=retry
        )
        with self._state.changed:
            self._state.deliveries.append(delivery)
            self._state.changed.notify_all()
        return delivery

    def new_trigger(self, *, user: str, view_id: str | None = None) -> str:
        """Return a trigger id for something a person just did."""
        trigger_id = f"{self._state.next_id('')}.{uuid4().hex}"
        self.triggers[trigger_id] = Trigger(user=user, expires=self._state.clock() + TRIGGER_SECONDS, view_id=view_id)
        return trigger_id

    def new_response_url(
        self, *, user: str, channel: str, ts: str | None = None, thread_ts: str | None = None
    ) -> tuple[str, ResponseUrl]:
        """Return a URL at which the app may answer a person, and what the workspace knows about it."""
        key = uuid4().hex
        self.response_urls[key] = ResponseUrl(
            user=user, channel=channel, ts=ts, thread_ts=thread_ts, expires=self._state.clock() + RESPONSE_URL_SECONDS
        )
        return f"{self.base_url}/respond/{key}", self.response_urls[key]


def message_json(message: Message, *, with_metadata: bool = True, replies: list[Message] | None = None) -> Json:
    """Return a message as the Web API and the events show it; ``replies`` are those of a thread's first message."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": TEAM_ID,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "files": [file_json(file) for file in message.files],
        "subtype": "file_share" if message.files else message.subtype,
        "bot_id": message.bot_id,
        "app_id": APP_ID if message.bot_id else None,
        "client_msg_id": message.client_msg_id,
        "metadata": message.metadata if with_metadata else None,
        "edited": {"user": message.user, "ts": message.ts} if message.edited else None,
        "reactions": [
            {"name": name, "users": [user for user, other in message.reactions if other == name]}
            for name in dict.fromkeys(name for _, name in message.reactions)
        ],
        "thread_ts": message.thread_ts,
    }
    if replies:
        shown |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": list(dict.fromkeys(reply.user for reply in replies)),
            "latest_reply": replies[-1].ts,
        }
    always = {"type", "user", "text", "ts", "team"}
    return {key: value for key, value in shown.items() if key in always or value not in (None, [], False)}


def message_event(message: Message, channel: Channel) -> Json:
    """Return the event a new message causes."""
    return message_json(message) | {"channel": channel.id, "event_ts": message.ts, "channel_type": channel.type}


def changed_event(before: Message, after: Message | None, channel: Channel, *, ts: str) -> Json:
    """Return the event that a message was changed, or deleted when there is none after."""
    what = "message_deleted" if after is None else "message_changed"
    details = {"deleted_ts": before.ts} if after is None else {"message": message_json(after)}
    return details | {
        "type": "message",
        "subtype": what,
        "previous_message": message_json(before),
        "channel": channel.id,
        "channel_type": channel.type,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def download_url(base_url: str, file_id: str, name: str) -> str:
    """Return where the bytes of a file are, for whoever may read it."""
    return f"{base_url}/files-pri/{file_id}/download/{quote(name.rpartition('/')[2])}"


def file_json(file: UploadedFile, *, channels: dict[str, Channel] | None = None) -> Json:
    """Return a file as the Web API shows it; ``shares`` only when the channels are known."""
    shares: Json = {}
    for channel, ts in file.shares.items():
        place = "public" if channels and channels[channel].kind == "channels" else "private"
        shares.setdefault(place, {})[channel] = [{"ts": ts}]
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "alt_txt": file.alt_text,
        "size": file.size,
        "mimetype": guess_type(file.name)[0] or "" if file.completed else "",
        "user": file.user,
        "is_external": False,
        "url_private_download": file.download_url,
        "channels": list(file.shares),
        "shares": shares,
    }
