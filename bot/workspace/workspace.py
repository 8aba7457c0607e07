"""A Slack workspace: its people and what they do, and what they and a test can see."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot.workspace import answers
from bot.workspace.block_kit import sent_options, sent_view
from bot.workspace.errors import NotAllowedError, NotVisibleError, SlackError, UnknownIdError
from bot.workspace.events import EVENT_SCOPES, Deliveries, changed_event, download_url, message_json
from bot.workspace.loopback import Loopback
from bot.workspace.records import Channel, Delivery, Message, Person, Refusal, UploadedFile, View
from bot.workspace.render import controls, label, read, read_all
from bot.workspace.server import RESPONSE_URL, Failure, Server, Token
from bot.workspace.shares import Shares
from bot.workspace.state import BOT_ID, SLACKBOT, TEAM_ID, State
from bot.workspace.transport import RequestUrl
from bot.workspace.web_api import new_view, view_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from bot.workspace.events import ResponseUrl
    from bot.workspace.records import Json
    from bot.workspace.transport import Transport

BOT_SCOPES = frozenset(
    [
        "commands",
        "chat:write",
        "files:write",
        "files:read",
        "app_mentions:read",
        "channels:history",
        "groups:history",
        "im:history",
        "mpim:history",
        "channels:read",
        "groups:read",
        "im:read",
        "mpim:read",
        "im:write",
        "users:read",
        "users:read.email",
        "reactions:read",
    ]
)
EVENTS = frozenset(EVENT_SCOPES) - {"reaction_removed"}
DEFAULT_QUERY_LENGTH = 3  # of an external select that does not say how much must be typed
MENTION = re.compile(r"&lt;(@U\w+)&gt;")

# Where a control's choice stands in a view's state and in an action, by the kind of element.
CHOSEN = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


class Workspace:
    """A workspace with one app installed, as strict with it as Slack.

    Args:
        scopes: Bot scopes granted; a method without its scope answers ``missing_scope``.
        app_scopes: The same for the app-level token.
        events: What the app is subscribed to, in the manifest's words.
        home_tab: Whether the app's manifest turns its Home tab on.
        clock: Seconds since the epoch, for timestamps, rate limits and everything that expires.
        message_burst: How many messages a channel takes at once before one a second.
        share_delay_seconds: When an uploaded file appears in its channel; ``None`` waits for ``share_files``.
    """

    def __init__(
        self,
        *,
        scopes: Collection[str] = BOT_SCOPES,
        events: Collection[str] = EVENTS,
        home_tab: bool = True,
        bot_name: str = "precall",
        bot_token: str = "xoxb-loopback",  # noqa: S107 - opens nothing but this workspace
        app_token: str = "xapp-loopback",  # noqa: S107 - as above
        app_scopes: Collection[str] = frozenset({"connections:write"}),
        signing_secret: str = "loopback-signing-secret",  # noqa: S107 - as above
        clock: Callable[[], float] = time.time,
        message_burst: int = 10,
        share_delay_seconds: float | None = 0.1,
        port: int = 0,
    ) -> None:
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.team_id = TEAM_ID
        self.bot_id = BOT_ID
        bot = Person(id="U0PRECALL", name=bot_name, real_name=bot_name, email="", bot=True)
        self.bot_user = bot.id
        self._state = State(bot=bot, clock=clock, home_tab=home_tab)
        self._deliveries = Deliveries(self._state, scopes=scopes, events=events)
        self._shares = Shares(self._state, self._deliveries, delay_seconds=share_delay_seconds)
        self._server = Server(
            self._state,
            self._deliveries,
            self._shares,
            tokens={
                "bot": Token(text=bot_token, scopes=frozenset(scopes)),
                "app": Token(text=app_token, scopes=frozenset(app_scopes)),
            },
            message_burst=message_burst,
        )
        self._loopback = Loopback(self._server, port=port)
        self._server.base_url = self._deliveries.base_url = self._loopback.url
        self.api_url = f"{self._loopback.url}/api/"
        self._loads_options = True
        self._offered: dict[tuple[str, str], list[Json]] = {}

    @classmethod
    @contextmanager
    def running(cls, *, bot_url: str | None = None, **settings: Any) -> Iterator[Workspace]:
        """Serve a workspace until the end of the block; ``settings`` are those of the constructor."""
        workspace = cls(**settings)
        if bot_url:
            workspace.connect(bot_url)
        with workspace._loopback:
            try:
                yield workspace
            finally:
                workspace._shares.close()
                workspace._deliveries.close()

    def connect(self, bot_url: str, *, loads_options: bool = True) -> None:
        """Deliver events, commands and interactions to this URL from now on.

        Without ``loads_options`` the app's page Interactivity names no Options Load URL, and no select gets options.
        """
        self._loads_options = loads_options
        self.connect_by(RequestUrl(bot_url, signing_secret=self.signing_secret))

    def connect_by(self, transport: Transport) -> None:
        """Deliver them by another transport from now on; it is closed with the workspace."""
        self._deliveries.connect(transport)

    def add_person(
        self,
        name: str,
        *,
        user_id: str | None = None,
        real_name: str | None = None,
        email: str | None = None,
        **details: Any,
    ) -> str:
        """Add a person and return their id; ``details`` are further fields of ``Person``."""
        person = Person(
            id=user_id or self._state.next_id("U"),
            name=name,
            real_name=real_name or name,
            email=f"{name}@example.com" if email is None else email,
            **details,
        )
        self._state.people[person.id] = person
        return person.id

    def add_channel(
        self,
        name: str,
        *,
        members: Iterable[str] = (),
        with_bot: bool = True,
        private: bool = False,
        shared: bool = False,
        archived: bool = False,
        channel_id: str | None = None,
    ) -> str:
        """Add a public or private channel with these members and return its id."""
        channel = Channel(
            id=channel_id or self._state.next_id("C"),
            name=name,
            kind="groups" if private else "channels",
            members=frozenset(members) | ({self.bot_user} if with_bot else set()),
            shared=shared,
            archived=archived,
        )
        self._state.channels[channel.id] = channel
        return channel.id

    def change_channel(self, channel: str, **changes: Any) -> None:
        """Give a channel other members, archive it, share it: any field of ``Channel``."""
        found = self._state.find_channel(channel)
        self._state.channels[found.id] = replace(found, **changes)

    def direct_channel(self, *users: str) -> str:
        """Return the id of the conversation between the app and these people."""
        return self._state.direct_messages(*users).id

    def command(self, text: str, *, user: str, channel: str) -> Delivery:
        """Type a slash command, as in ``/precall ACME-042``; what the acknowledgement says is shown to the person."""
        place = self._as_member(user, channel, "use a command")
        name, _, rest = text.partition(" ")
        # What the acknowledgement says stands before what the app posts meanwhile.
        ts = self._state.next_ts()
        delivery = self._deliveries.command(name=name, text=_typed(rest.strip()), user=user, channel=place)
        where = self._deliveries.response_urls[delivery.payload["response_url"].rpartition("/")[2]]
        if delivery.failed:
            self._slackbot_says(where, name, "operation_timeout" if delivery.late else "dispatch_failed")
        else:
            self._take_answer(delivery.answer, where, name, ts=ts)
        return delivery

    def say(self, text: str, *, user: str, channel: str, thread_ts: str | None = None) -> Message:
        """Write a message, with ``@name`` or ``<@id>`` for a mention."""
        place = self._as_member(user, channel, "write")
        if thread_ts and self._state.find_message(place.id, thread_ts) is None:
            raise UnknownIdError("message", thread_ts)
        message = Message(
            channel=place.id,
            ts=self._state.next_ts(),
            user=user,
            text=self._mentioning(_typed(text)),
            thread_ts=thread_ts,
            client_msg_id=str(uuid4()),
        )
        self._state.keep(message)
        self._deliveries.message(message)
        return message

    def share(self, name: str, content: bytes, *, user: str, channel: str) -> Message:
        """Share a file from one's own machine."""
        place = self._as_member(user, channel, "share a file")
        file_id, ts = self._state.next_id("F"), self._state.next_ts()
        file = UploadedFile(
            id=file_id,
            name=name,
            title=name,
            alt_text=None,
            size=len(content),
            user=user,
            download_url=download_url(self._loopback.url, file_id, name),
            content=content,
            completed=True,
            shares={place.id: ts},
        )
        self._state.files[file_id] = file
        message = Message(channel=place.id, ts=ts, user=user, files=(file,), client_msg_id=str(uuid4()))
        self._state.keep(message)
        self._deliveries.message(message)
        return message

    def direct_message(self, text: str, *, user: str, thread_ts: str | None = None) -> Message:
        """Write to the app in its direct messages."""
        return self.say(text, user=user, channel=self.direct_channel(user), thread_ts=thread_ts)

    def edit(self, message: Message, text: str) -> Message:
        """Change one's own message."""
        edited = replace(message, text=self._mentioning(_typed(text)), edited=True)
        self._state.keep(edited)
        place = self._state.channels[message.channel]
        change = changed_event(message, edited, place, ts=self._state.next_ts())
        self._deliveries.message(edited, change=change)
        return edited

    def delete(self, message: Message) -> None:
        """Delete a message: one's own, or as an admin that of anybody."""
        self._state.remove(message)
        place = self._state.channels[message.channel]
        self._deliveries.message(message, change=changed_event(message, None, place, ts=self._state.next_ts()))

    def react(self, name: str, *, user: str, on: Message, remove: bool = False) -> None:
        """Add an emoji to a message, or take one's own away."""
        place = self._as_member(user, on.channel, "react")
        current = self._state.find_message(on.channel, on.ts)
        if current is None:
            raise UnknownIdError("message", on.ts)
        reactions = [each for each in current.reactions if each != (user, name)] + ([] if remove else [(user, name)])
        self._state.keep(replace(current, reactions=tuple(reactions)))
        kind = "reaction_removed" if remove else "reaction_added"
        item = {"type": "message", "channel": on.channel, "ts": on.ts}
        event = {"type": kind, "user": user, "reaction": name, "item": item, "item_user": on.user}
        if self.bot_user in place.members:
            self._deliveries.event(event | {"event_ts": self._state.next_ts()}, subscription=kind, shared=place.shared)

    def open_home(self, user: str) -> None:
        """Open the app's Home tab."""
        if not self._state.home_tab:
            raise NotAllowedError(self._state.find_person(user).name, "open the Home tab", "the app has none")
        direct = self.direct_channel(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": direct, "tab": "home"}
        if user in self._state.homes:
            event["view"] = view_json(self._state.homes[user])
        self._deliveries.event(event | {"event_ts": self._state.next_ts()}, subscription="app_home_opened")

    def press(self, button: str, *, user: str, on: Message | View | None = None, value: str | None = None) -> Delivery:
        """Press a button, named by its action id or what is written on it.

        Without ``on`` it is the first such button in the latest modal, message or Home tab that shows one to this
        person; ``value`` tells buttons apart that look alike.
        """
        surface, block, element = self._find_control(button, user=user, on=on, value=value)
        action: Json = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
        return self._act(surface, block, element, action, user=user)

    def type_ahead(self, action_id: str, text: str, *, user: str, on: Message | View | None = None) -> list[str]:
        """Type into a select whose options the app loads, and return the labels of those that are offered."""
        surface, block, element = self._find_control(action_id, user=user, on=on, value=None)
        person = self._state.find_person(user).name
        if element["type"] != "external_select":
            raise NotAllowedError(person, "type", f"{action_id} is no select whose options the app loads")
        self._offered[user, action_id] = []
        if len(text) < element.get("min_query_length", DEFAULT_QUERY_LENGTH):
            return []
        if not self._loads_options:
            raise NotAllowedError(person, "load options", "the app names no Options Load URL")
        where: Json = (
            {"container": {"type": "view", "view_id": surface.id}, "view": view_json(surface)}
            if isinstance(surface, View)
            else {"container": {"type": "message", "message_ts": surface.ts, "channel_id": surface.channel}}
        )
        ids = {"action_id": element["action_id"], "block_id": block["block_id"], "value": text}
        delivery = self._deliveries.interaction("block_suggestion", user=user, **ids, **where)
        if delivery.failed:
            return []
        try:
            self._offered[user, action_id] = sent_options(json.loads(delivery.answer or "null"))
        except SlackError as refused:
            self._state.record_refusal("block_suggestion", refused.code, tuple(refused.details.get("errors", ())))
        return [option["text"]["text"] for option in self._offered[user, action_id]]

    def choose(
        self, action_id: str, choice: str | list[str], *, user: str, on: Message | View | None = None
    ) -> Delivery:
        """Choose from a select, an overflow menu, checkboxes or radio buttons, by value or label; or pick a date."""
        surface, block, element = self._find_control(action_id, user=user, on=on, value=None)
        return self._act(surface, block, element, self._choice(element, choice, user=user), user=user)

    def submit(self, values: Mapping[str, str | list[str]] | None = None, *, user: str) -> dict[str, str]:
        """Submit the modal on top with values by action id; return the errors the app answered, by block id."""
        view = self.modal(user)
        if view is None:
            raise NotVisibleError("modal", user, [])
        state: Json = {}
        for block, element in controls(view.content["blocks"]):
            given = (values or {}).get(element["action_id"])
            if given is None and block["type"] == "input" and not block.get("optional") and not _initial(element):
                raise NotAllowedError(user, "submit", f"{element['action_id']} must be filled in")
            chosen = _initial(element) if given is None else self._choice(element, given, user=user)
            state.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"]} | chosen
        shown = view_json(view) | {"state": {"values": state}}
        delivery = self._deliveries.interaction("view_submission", user=user, view_id=view.id, view=shown)
        if delivery.failed:
            return {}
        reply = json.loads(delivery.answer) if delivery.answer.strip() else {}
        self._state.record_sent(reply)
        return self._take_view_answer(reply, view)

    def close_modal(self, user: str) -> None:
        """Close the modal on top; the app hears of it only if it asked to."""
        with self._state.changed:
            view = self._state.modals[user].pop()
        if view.content.get("notify_on_close"):
            self._deliveries.interaction(
                "view_closed", user=user, view_id=view.id, view=view_json(view), is_cleared=False
            )

    def redeliver(self, delivery: Delivery | None = None, *, reason: str = "http_timeout") -> Delivery:
        """Deliver again what Slack saw no acknowledgement of; without a delivery, the last event."""
        events = [each for each in self.deliveries if each.kind == "event"]
        again = delivery or events[-1]
        return self._deliveries.deliver(again.kind, again.payload, retry=again.retry + 1, reason=reason)

    def fail_next(self, method: str, *, times: int = 1, with_: Failure | str = Failure.SERVER_ERROR) -> None:
        """Let the app's next calls of a method fail; text is an error code such as ``fatal_error``."""
        self._server.fail_next(method, times=times, with_=with_)

    def share_files(self) -> None:
        """Let uploaded files that are waiting appear in their channels now."""
        self._shares.release()

    def messages(self, channel: str) -> list[Message]:
        """Return every message of a channel, replies and ephemerals too, oldest first."""
        return self._state.in_order(self._state.find_channel(channel).id)

    def thread(self, channel: str, ts: str) -> list[Message]:
        """Return a thread: its first message, then the replies in order, ephemerals too."""
        return [message for message in self.messages(channel) if message.root_ts == ts]

    def members(self, channel: str) -> frozenset[str]:
        """Return the ids of who is in a channel, the app's too."""
        return self._state.find_channel(channel).members

    @property
    def last_message(self) -> Message:
        """The newest message of any channel."""
        return list(self._state.everything())[-1]

    def visible_to(self, user: str) -> list[Message]:
        """Return every message this person can read, oldest first."""
        person = self._state.find_person(user)
        readable = {
            channel.id
            for channel in self._state.channels.values()
            if user in channel.members or (channel.kind == "channels" and person.browses)
        }
        return [
            message
            for message in self._state.everything()
            if message.channel in readable and message.ephemeral_to in {None, user}
        ]

    def everything_posted(self) -> str:
        """Return all text the app ever sent to anyone: messages, acknowledgements, views, file names, metadata."""
        with self._state.changed:
            return "\n".join(self._state.sent)

    def read(self, messages: Message | Iterable[Message]) -> str:
        """Return messages as people read them, with names in place of ids."""
        names = self._state.names()
        return read(messages, names=names) if isinstance(messages, Message) else read_all(messages, names=names)

    def modal(self, user: str) -> View | None:
        """Return the modal on top of what this person sees."""
        stack = self._state.modals.get(user)
        return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """Return the Home tab as this person sees it."""
        return self._state.homes.get(user)

    def status(self, channel: str, thread_ts: str) -> str:
        """Return what the app says it is doing in a thread, empty when nothing."""
        return self._state.statuses.get((channel, thread_ts), "")

    @property
    def files(self) -> dict[str, UploadedFile]:
        """Every uploaded file by id, with its bytes."""
        return dict(self._state.files)

    @property
    def never_shown(self) -> list[Message]:
        """Ephemeral messages Slack accepted and showed to nobody."""
        return list(self._state.never_shown)

    @property
    def refusals(self) -> list[Refusal]:
        """Every call of the app that was refused."""
        return list(self._state.refusals)

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that was sent to the app, with its answer."""
        with self._state.changed:
            return list(self._state.deliveries)

    @property
    def late_acknowledgements(self) -> list[Delivery]:
        """What the app did not answer within three seconds."""
        return [delivery for delivery in self.deliveries if delivery.late]

    @property
    def failed_deliveries(self) -> list[Delivery]:
        """What the app answered late, with an error or not at all."""
        return [delivery for delivery in self.deliveries if delivery.failed]

    def observe(self, observer: Callable[[Message], None]) -> None:
        """Call for every message that is posted or changed, with the workspace locked: look, but do not act."""
        self._state.observers.append(observer)

    def wait_until(self, predicate: Callable[[], object], timeout_seconds: float = 10.0) -> None:
        """Return as soon as the predicate holds; what happened instead is in the error."""
        self._state.wait_until(predicate, timeout_seconds=timeout_seconds)

    def _choice(self, element: Json, choice: str | list[str], *, user: str) -> Json:
        """Return a choice; of a select whose options the app loads, one of those that it offered last."""
        if element["type"] == "external_select":
            element = element | {"options": self._offered.get((user, element["action_id"]), [])}
        return _chosen(element, choice)

    def wait_until_idle(self) -> None:
        """Return as soon as all that reached the workspace before has been performed, also for who is gone."""
        self._loopback.wait_until_idle()

    def _as_member(self, user: str, channel: str, action: str) -> Channel:
        place, person = self._state.find_channel(channel), self._state.find_person(user)
        if user not in place.members:
            raise NotAllowedError(person.name, action, f"not a member of {place.name}")
        if place.archived:
            raise NotAllowedError(person.name, action, f"{place.name} is archived")
        return place

    def _mentioning(self, text: str) -> str:
        """Turn what names a person into a mention; anything else that looks like one stays escaped."""
        known = self._state.people
        text = MENTION.sub(lambda found: f"<{found[1]}>" if found[1][1:] in known else found[0], text)
        for person in known.values():
            text = re.sub(rf"(?<![\w<])@{re.escape(person.name)}\b", f"<@{person.id}>", text)
        return text

    def _take_answer(self, body: str, where: ResponseUrl, command: str, *, ts: str) -> None:
        fields = answers.parse(body)
        if fields is None:
            return
        try:
            with self._state.changed:
                answers.answer(self._server.call(RESPONSE_URL, fields), where, ts=ts)
                self._state.record_sent(fields)
        except SlackError as refused:
            self._state.record_refusal(command, refused.code, tuple(refused.details.get("errors", ())))
            self._slackbot_says(where, command, "invalid_command_response")

    def _slackbot_says(self, where: ResponseUrl, command: str, error: str) -> None:
        text = f'{command} failed with the error "{error}"'
        ts = self._state.next_ts()
        self._state.keep(Message(channel=where.channel, ts=ts, user=SLACKBOT, text=text, ephemeral_to=where.user))

    def _surfaces(self, user: str) -> list[Message | View]:
        shown: list[Message | View | None] = [self.modal(user), *reversed(self.visible_to(user)), self.home(user)]
        return [surface for surface in shown if surface is not None]

    def _find_control(
        self, name: str, *, user: str, on: Message | View | None, value: str | None
    ) -> tuple[Message | View, Json, Json]:
        surfaces = [surface for surface in self._surfaces(user) if on is None or _same(surface, on)]
        for surface in surfaces:
            for block, element in controls(_blocks(surface)):
                if name in {element["action_id"], label(element)} and value in {None, element.get("value")}:
                    return surface, block, element
        visible = [label(element) for surface in surfaces for _, element in controls(_blocks(surface))]
        raise NotVisibleError(name, self._state.find_person(user).name, visible)

    def _act(self, surface: Message | View, block: Json, element: Json, action: Json, *, user: str) -> Delivery:
        ids = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"]}
        acted = ids | action | {"action_ts": self._state.next_ts()}
        if isinstance(surface, View):
            return self._deliveries.interaction(
                "block_actions",
                user=user,
                view_id=surface.id,
                view=view_json(surface),
                container={"type": "view", "view_id": surface.id},
                actions=[acted],
            )
        place = self._state.channels[surface.channel]
        response_url, where = self._deliveries.new_response_url(
            user=user, channel=place.id, ts=surface.ts, thread_ts=surface.thread_ts
        )
        container: Json = {
            "type": "message",
            "message_ts": surface.ts,
            "channel_id": place.id,
            "is_ephemeral": surface.ephemeral_to is not None,
        }
        if where.thread_ts:
            container["thread_ts"] = where.thread_ts
        # Slack keeps an ephemeral message's content to itself.
        message: Json = {} if surface.ephemeral_to else {"message": message_json(surface)}
        return self._deliveries.interaction(
            "block_actions",
            user=user,
            container=container,
            channel={"id": place.id, "name": place.name},
            state={"values": {}},
            response_url=response_url,
            actions=[acted],
            **message,
        )

    def _take_view_answer(self, reply: Json, view: View) -> dict[str, str]:
        match reply.get("response_action"):
            case "errors":
                errors: dict[str, str] = reply["errors"]
                return errors
            case "clear":
                self._state.modals[view.user] = []
            case "update" | "push" as what:
                content = sent_view(reply["view"], kind="modal")
                below = view if what == "push" else None
                new_view(self._state, content, user=view.user, below=below, instead_of=None if below else view)
            case _:
                stack = self._state.modals[view.user]
                self._state.modals[view.user] = [each for each in stack if each.id != view.id]
        return {}


def _typed(text: str) -> str:
    """Return text as Slack's client sends it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(surface: Message | View) -> Iterable[Json]:
    return surface.blocks if isinstance(surface, Message) else surface.content["blocks"]


def _same(one: Message | View, other: Message | View) -> bool:
    def key(surface: Message | View) -> tuple[str, ...]:
        return (surface.channel, surface.ts) if isinstance(surface, Message) else (surface.id,)

    return key(one) == key(other)


def _options(element: Json) -> list[Json]:
    groups = [option for group in element.get("option_groups", []) for option in group["options"]]
    options: list[Json] = [*element.get("options", []), *groups]
    return options


def _chosen(element: Json, choice: str | list[str]) -> Json:
    """Return a person's choice in the shape of the element's kind."""
    field = CHOSEN.get(element["type"], "value")
    if not field.startswith("selected_option"):
        return {field: choice}
    names = [choice] if isinstance(choice, str) else choice
    options = _options(element)
    found = [option for option in options if {option["value"], option["text"]["text"]} & set(names)]
    if len(found) != len(names):
        raise NotVisibleError(", ".join(names), element["action_id"], [option["text"]["text"] for option in options])
    return {field: found if field.endswith("s") else found[0]}


def _initial(element: Json) -> Json:
    """Return what a control holds before anyone touches it, empty when nothing."""
    given = next((value for key, value in element.items() if key.startswith("initial_")), None)
    return {} if given is None else {CHOSEN.get(element["type"], "value"): given}
