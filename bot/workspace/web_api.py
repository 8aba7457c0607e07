"""The Web API's methods: each a function of the call, in one table with its scope and rate limit.

The reference is https://docs.slack.dev/reference/methods.
"""

# ruff: noqa: D103 - a method is documented by its name in the table; the reference says the rest

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bot.workspace.block_kit import MARKDOWN_CHARACTERS, TEXT_CHARACTERS, message_blocks, metadata_event, sent_view
from bot.workspace.errors import SlackError, UnknownIdError
from bot.workspace.events import changed_event, download_url, file_json, message_json
from bot.workspace.records import Message, UploadedFile, View
from bot.workspace.state import APP_ID, BOT_ID, TEAM_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.workspace.events import Deliveries
    from bot.workspace.records import Channel, Json, Person
    from bot.workspace.shares import Shares
    from bot.workspace.state import State

STREAM_SECONDS = 5 * 60
MODALS_STACKED = 3
SUGGESTED_PROMPTS = 4
TRUE = {True, "1", "true", "True"}

Caller = Literal["bot", "app"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method; ``{kind}`` in its scope stands for the kind of the channel it is called for."""

    name: str
    run: Callable[[Call], Json]
    scope: str
    per_minute: int | None
    writes: bool
    caller: Caller = "bot"


METHODS: dict[str, Method] = {}


def method(
    name: str, *, scope: str = "", per_minute: int | None = 100, writes: bool = False, caller: Caller = "bot"
) -> Callable[[Callable[[Call], Json]], Callable[[Call], Json]]:
    """Register a method. What one that ``writes`` is given goes into the ledger of what the app sent."""

    def register(run: Callable[[Call], Json]) -> Callable[[Call], Json]:
        METHODS[name] = Method(name=name, run=run, scope=scope, per_minute=per_minute, writes=writes, caller=caller)
        return run

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the app: its arguments as they came, and the workspace it acts on."""

    method: Method
    arguments: Json
    state: State
    deliveries: Deliveries
    shares: Shares
    scopes: Collection[str]
    base_url: str

    def text(self, name: str, default: str = "") -> str:
        """Return an optional text."""
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """Return a text without which the call is refused."""
        value = self.text(name)
        if not value:
            raise SlackError.with_messages("invalid_arguments", [f"missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        """Return a truth value, false by default."""
        return self.arguments.get(name) in TRUE

    def json(self, name: str, *, error: str) -> Any:
        """Return structured data, sent as JSON or as a string of JSON in a form; ``None`` when it was not sent."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None

    def need(self, scope: str) -> None:
        """Refuse the call when the app was not granted any of these scopes (separated by ``|``)."""
        if scope and not set(scope.split("|")) & set(self.scopes):
            raise SlackError(
                "missing_scope", needed=scope.split("|", maxsplit=1)[0], provided=",".join(sorted(self.scopes))
            )

    def channel(self, name: str = "channel", *, as_member: bool = True) -> Channel:
        """Return the channel the call is for, if the app may do this there."""
        try:
            channel = self.state.find_channel(self.required(name))
        except UnknownIdError:
            raise SlackError("channel_not_found") from None
        inside = self.state.bot.id in channel.members
        if not inside and channel.kind != "channels":
            raise SlackError("channel_not_found")
        self.need(self.method.scope.format(kind=channel.kind))
        if as_member and not inside:
            raise SlackError("not_in_channel")
        if self.method.writes and channel.archived:
            raise SlackError("is_archived")
        return channel

    def person(self, name: str = "user", *, error: str = "user_not_found") -> Person:
        """Return the person the call is about."""
        try:
            return self.state.find_person(self.required(name))
        except UnknownIdError:
            raise SlackError(error) from None

    def own_message(self, channel: Channel, *, not_own: str) -> Message:
        """Return the app's message that the call is to change."""
        message = self.state.find_message(channel.id, self.required("ts"))
        if message is None or message.ephemeral_to is not None:
            raise SlackError("message_not_found")
        if message.user != self.state.bot.id:
            raise SlackError(not_own)
        return message

    def thread(self, channel: Channel, *, name: str = "thread_ts") -> str | None:
        """Return the ts of the thread to post in, which must exist."""
        ts = self.text(name)
        if not ts:
            return None
        root = self.state.find_message(channel.id, ts)
        if root is None or root.ephemeral_to is not None:
            raise SlackError("thread_not_found")
        if root.is_reply:
            raise SlackError("cannot_reply_to_message")
        return ts

    def metadata(self) -> Json | None:
        """Return the metadata sent with a message."""
        metadata = self.json("metadata", error="invalid_metadata_format")
        return None if metadata is None else metadata_event(metadata)

    def draft(self, channel: str, *, ts: str) -> Message:
        """Return the message the arguments describe, if Slack would take it."""
        text = self.text("text")
        blocks = self.json("blocks", error="invalid_blocks_format")
        attachments = self.json("attachments", error="invalid_attachments") or []
        markdown = self.text("markdown_text")
        if markdown and (text or blocks):
            raise SlackError("markdown_text_conflict")
        if len(text) > TEXT_CHARACTERS or len(markdown) > MARKDOWN_CHARACTERS:
            raise SlackError("msg_too_long")
        if markdown:
            blocks = [{"type": "markdown", "text": markdown}]
        if not (text.strip() or blocks or attachments):
            raise SlackError("no_text")
        checked = message_blocks(blocks or [])
        self.know_files(checked)
        return Message(
            channel=channel,
            ts=ts,
            user=self.state.bot.id,
            bot_id=BOT_ID,
            text=text or markdown,
            blocks=tuple(checked),
            attachments=tuple(attachments),
            metadata=self.metadata(),
        )

    def know_files(self, blocks: list[Json]) -> None:
        """Refuse a block that shows a file which Slack does not have."""
        for index, block in enumerate(blocks):
            shown = [block, *(each for each in [block.get("accessory"), *block.get("elements", [])] if each)]
            for file_id in [each["slack_file"].get("id") for each in shown if each.get("slack_file")]:
                file = self.state.files.get(file_id)
                if file_id is not None and (file is None or not file.completed):
                    where = f"[json-pointer:/blocks/{index}/slack_file]"
                    raise SlackError.with_messages("invalid_blocks", [f"invalid slack file {where}"])

    def page(self, items: list[Json], *, key: str, default: int) -> Json:
        """Return the items from the cursor on, at most ``limit``, and the cursor of the next page."""
        try:
            start = int(base64.b64decode(self.text("cursor") or b"MA==").decode())
            limit = int(self.text("limit") or default)
        except ValueError:
            raise SlackError("invalid_cursor") from None
        after = base64.b64encode(str(start + limit).encode()).decode() if start + limit < len(items) else ""
        more = {"has_more": bool(after)} if key == "messages" else {}
        return {key: items[start : start + limit], "response_metadata": {"next_cursor": after}} | more


@method("api.test")
def api_test(call: Call) -> Json:
    return {"args": call.arguments}


@method("auth.test", per_minute=None)
def auth_test(call: Call) -> Json:
    bot = call.state.bot
    who = {"team_id": TEAM_ID, "user_id": bot.id, "bot_id": BOT_ID, "user": bot.name, "team": "Loopback"}
    return {"url": f"{call.base_url}/", "is_enterprise_install": False, **who}


@method("apps.connections.open", scope="connections:write", per_minute=50, caller="app")
def open_connection(call: Call) -> Json:
    if call.deliveries.transport is None:
        raise SlackError("socket_mode_not_enabled")
    return {"url": call.deliveries.transport.open_socket()}


@method("chat.postMessage", scope="chat:write", per_minute=None, writes=True)
def post_message(call: Call) -> Json:
    if call.required("channel") in call.state.people:
        direct = call.state.direct_messages(call.required("channel"))
        call.arguments["channel"] = direct.id
    # An app with this scope may speak in public channels without being a member.
    channel = call.channel(as_member="chat:write.public" not in call.scopes)
    thread_ts = call.thread(channel)
    broadcast = "thread_broadcast" if thread_ts and call.flag("reply_broadcast") else None
    draft = call.draft(channel.id, ts=call.state.next_ts())
    message = call.state.keep(replace(draft, thread_ts=thread_ts, subtype=broadcast))
    call.deliveries.message_later(message)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(message)}


@method("chat.postEphemeral", scope="chat:write", writes=True)
def post_ephemeral(call: Call) -> Json:
    channel = call.channel()
    user = call.person(error="user_not_in_channel").id
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    thread_ts = call.text("thread_ts") or None
    draft = call.draft(channel.id, ts=call.state.next_ts())
    call.state.keep_ephemeral(replace(draft, thread_ts=thread_ts, ephemeral_to=user))
    return {"message_ts": draft.ts}


@method("chat.update", scope="chat:write", per_minute=50, writes=True)
def update(call: Call) -> Json:
    channel = call.channel()
    before = call.own_message(channel, not_own="cant_update_message")
    if _is_streaming(before, call):
        raise SlackError("streaming_state_conflict")
    draft = call.draft(channel.id, ts=before.ts)
    # What is not sent stays as it was; an empty list takes the blocks away.
    kept = {"blocks": "blocks", "attachments": "attachments", "metadata": "metadata"}
    fields = {field: getattr(draft, field) for field, name in kept.items() if call.arguments.get(name) is not None}
    if call.arguments.get("markdown_text") is not None:
        fields["blocks"] = draft.blocks
    after = call.state.keep(replace(before, text=draft.text, edited=True, streaming_since=None, **fields))
    call.deliveries.message_later(after, change=changed_event(before, after, channel, ts=call.state.next_ts()))
    return {"channel": channel.id, "ts": after.ts, "text": after.text, "message": message_json(after)}


@method("chat.delete", scope="chat:write", per_minute=50)
def delete(call: Call) -> Json:
    channel = call.channel()
    message = call.own_message(channel, not_own="cant_delete_message")
    call.state.remove(message)
    change = changed_event(message, None, channel, ts=call.state.next_ts())
    call.deliveries.message_later(message, change=change)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.startStream", scope="chat:write", per_minute=20, writes=True)
def start_stream(call: Call) -> Json:
    channel = call.channel()
    call.required("thread_ts")
    thread_ts = call.thread(channel)
    if channel.kind != "im":
        for name in ("recipient_team_id", "recipient_user_id"):
            if not call.text(name):
                raise SlackError(f"missing_{name}")
    message = Message(
        channel=channel.id,
        ts=call.state.next_ts(),
        user=call.state.bot.id,
        bot_id=BOT_ID,
        thread_ts=thread_ts,
        streaming_since=call.state.clock(),
    )
    call.state.keep(_appended(message, call))
    return {"channel": channel.id, "ts": message.ts}


@method("chat.appendStream", scope="chat:write", writes=True)
def append_stream(call: Call) -> Json:
    message = _streaming_message(call)
    call.state.keep(_appended(message, call, required=True))
    return {"channel": message.channel, "ts": message.ts}


@method("chat.stopStream", scope="chat:write", per_minute=20, writes=True)
def stop_stream(call: Call) -> Json:
    message = _appended(_streaming_message(call), call)
    blocks = message_blocks(call.json("blocks", error="invalid_blocks_format") or [])
    metadata = call.metadata() or message.metadata
    final = replace(message, blocks=(*message.blocks, *blocks), metadata=metadata, streaming_since=None)
    call.state.keep(final)
    call.deliveries.message_later(final)
    return {"channel": final.channel, "ts": final.ts, "message": message_json(final)}


def _is_streaming(message: Message, call: Call) -> bool:
    since = message.streaming_since
    return since is not None and call.state.clock() - since < STREAM_SECONDS


def _streaming_message(call: Call) -> Message:
    message = call.own_message(call.channel(), not_own="message_not_owned_by_app")
    if not _is_streaming(message, call):
        raise SlackError("message_not_in_streaming_state")
    return message


def _appended(message: Message, call: Call, *, required: bool = False) -> Message:
    """Return the message with the call's markdown and chunks at its end."""
    markdown = call.text("markdown_text")
    chunks = call.json("chunks", error="invalid_chunks") or []
    if not isinstance(chunks, list) or any(not isinstance(chunk, dict) for chunk in chunks):
        raise SlackError("invalid_chunks")
    if required and not (markdown or chunks):
        raise SlackError("no_text")
    for chunk in [{"type": "markdown_text", "text": markdown}, *chunks] if markdown else chunks:
        match chunk:
            case {"type": "markdown_text", "text": str(text)}:
                if len(text) > MARKDOWN_CHARACTERS:
                    raise SlackError("msg_too_long")
                before = message.blocks[-1] if message.blocks else {}
                grows = before.get("type") == "markdown"
                grown = {"type": "markdown", "text": before["text"] + text if grows else text}
                blocks = (*message.blocks[: len(message.blocks) - grows], grown)
                message = replace(message, text=message.text + text, blocks=blocks)
            case {"type": "blocks", "blocks": blocks}:
                message = replace(message, blocks=(*message.blocks, *message_blocks(blocks)))
            case {"type": "task_update", "id": str(), "title": str(title)} | {
                "type": "plan_update",
                "title": str(title),
            }:
                call.state.statuses[message.channel, message.root_ts] = title
            case _:
                raise SlackError("invalid_chunks")
    return message


@method("chat.getPermalink", per_minute=None)
def get_permalink(call: Call) -> Json:
    channel = call.channel(as_member=False)
    ts = call.required("message_ts")
    message = call.state.find_message(channel.id, ts)
    if message is None:
        raise SlackError("message_not_found")
    link = f"https://loopback.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    inside = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.is_reply else ""
    return {"channel": channel.id, "permalink": link + inside}


def _channel_json(channel: Channel, call: Call) -> Json:
    bot = call.state.bot.id
    kind = channel.kind
    if kind == "im":
        names: Json = {"user": next(iter(channel.members - {bot}), bot)}
    else:
        names = {"name": channel.name, "name_normalized": channel.name, "is_member": bot in channel.members}
    counted = {"num_members": len(channel.members)} if call.flag("include_num_members") else {}
    return {
        "id": channel.id,
        "created": 0,
        "is_channel": kind == "channels",
        "is_group": kind == "groups",
        "is_im": kind == "im",
        "is_mpim": kind == "mpim",
        "is_private": kind != "channels",
        "is_archived": channel.archived,
        "is_general": False,
        "is_shared": channel.shared or channel.org_shared,
        "is_ext_shared": channel.shared,
        "is_pending_ext_shared": False,
        "is_org_shared": channel.org_shared,
        "context_team_id": TEAM_ID,
        **names,
        **counted,
    }


@method("conversations.info", scope="{kind}:read", per_minute=50)
def conversations_info(call: Call) -> Json:
    return {"channel": _channel_json(call.channel(as_member=False), call)}


@method("conversations.list", per_minute=20)
def conversations_list(call: Call) -> Json:
    words = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
    try:
        kinds = {words[word.strip()] for word in call.text("types", "public_channel").split(",")}
    except KeyError:
        raise SlackError("invalid_types") from None
    for kind in sorted(kinds):
        call.need(f"{kind}:read")
    visible = [
        _channel_json(channel, call)
        for channel in call.state.channels.values()
        if channel.kind in kinds
        and (channel.kind == "channels" or call.state.bot.id in channel.members)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    return call.page(visible, key="channels", default=100)


@method("conversations.members", scope="{kind}:read")
def conversations_members(call: Call) -> Json:
    members: list[Any] = sorted(call.channel(as_member=False).members)
    return call.page(members, key="members", default=100)


@method("conversations.open", scope="im:write|mpim:write", per_minute=50)
def conversations_open(call: Call) -> Json:
    users = [user for user in call.text("users").split(",") if user]
    if not users:
        return {"channel": {"id": call.channel().id}}
    call.need("im:write" if len(users) == 1 else "mpim:write")
    if not set(users) <= set(call.state.people):
        raise SlackError("user_not_found")
    return {"channel": {"id": call.state.direct_messages(*users).id}}


@method("conversations.join", scope="channels:join", per_minute=50)
def conversations_join(call: Call) -> Json:
    channel = call.channel(as_member=False)
    if channel.archived:
        raise SlackError("is_archived")
    joined = replace(channel, members=channel.members | {call.state.bot.id})
    call.state.channels[channel.id] = joined
    return {"channel": _channel_json(joined, call)}


def _between(call: Call, messages: list[Message]) -> list[Message]:
    """Keep what lies between ``oldest`` and ``latest``, with the ends only when the call is ``inclusive``."""
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    ends = {call.text("oldest"), call.text("latest")} if call.flag("inclusive") else set()
    return [message for message in messages if oldest < float(message.ts) < latest or message.ts in ends]


def _messages_json(call: Call, messages: list[Message]) -> list[Json]:
    shown = call.flag("include_all_metadata")
    return [
        message_json(message, with_metadata=shown, replies=call.state.replies(message.channel, message.ts))
        for message in messages
    ]


@method("conversations.history", scope="{kind}:history", per_minute=50)
def conversations_history(call: Call) -> Json:
    messages = [
        message
        for message in call.state.in_order(call.channel().id)
        if message.ephemeral_to is None and (not message.is_reply or message.subtype == "thread_broadcast")
    ]
    return call.page(_messages_json(call, _between(call, messages)[::-1]), key="messages", default=100)


@method("conversations.replies", scope="{kind}:history", per_minute=50)
def conversations_replies(call: Call) -> Json:
    channel = call.channel()
    asked = call.state.find_message(channel.id, call.required("ts"))
    root = asked and call.state.find_message(channel.id, asked.root_ts)
    if root is None or root.ephemeral_to is not None:
        raise SlackError("thread_not_found")
    messages = [root, *_between(call, call.state.replies(channel.id, root.ts))]
    return call.page(_messages_json(call, messages), key="messages", default=1000)


def _user_json(person: Person, call: Call) -> Json:
    email = {"email": person.email} if "users:read.email" in call.scopes and not person.bot else {}
    # A stranger belongs to another organisation and is in no channel that the app is in.
    met = any({person.id, call.state.bot.id} <= channel.members for channel in call.state.channels.values())
    return {
        "id": person.id,
        "team_id": person.team_id or TEAM_ID,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": person.deleted,
        "tz": person.timezone,
        "tz_offset": person.utc_offset_seconds,
        "is_bot": person.bot,
        "is_admin": person.admin,
        "is_restricted": person.guest or person.single_channel_guest,
        "is_ultra_restricted": person.single_channel_guest,
        "is_stranger": person.team_id is not None and not met,
        "is_app_user": False,
        "profile": {"real_name": person.real_name, "display_name": person.name, "team": TEAM_ID, **email},
    }


@method("users.info", scope="users:read")
def users_info(call: Call) -> Json:
    return {"user": _user_json(call.person(), call)}


@method("users.list", scope="users:read", per_minute=20)
def users_list(call: Call) -> Json:
    people = [_user_json(person, call) for person in call.state.people.values()]
    return call.page(people, key="members", default=1000)


@method("users.lookupByEmail", scope="users:read.email", per_minute=50)
def users_lookup_by_email(call: Call) -> Json:
    email = call.required("email").lower()
    for person in call.state.people.values():
        if person.email.lower() == email and not person.bot and not person.deleted:
            return {"user": _user_json(person, call)}
    raise SlackError("users_not_found")


def view_json(view: View) -> Json:
    """Return a view as the Web API and the interactions show it, without its state."""
    given = {"state": {"values": {}}, "private_metadata": "", "callback_id": "", "external_id": ""} | view.content
    return given | {
        "id": view.id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
    }


def new_view(
    state: State, content: Json, *, user: str, below: View | None = None, instead_of: View | None = None
) -> View:
    """Show a checked view to a person: on top of another, or in another's place."""
    view_id = instead_of.id if instead_of else state.next_id("V")
    view = View(
        id=view_id,
        user=user,
        content=content,
        hash=f"{state.next_ts()}.{view_id[-4:]}",
        root_id=instead_of.root_id if instead_of else below.root_id if below else view_id,
        previous_id=instead_of.previous_id if instead_of else below.id if below else None,
    )
    if instead_of is None or instead_of.kind == "home":
        return state.show_view(view)
    stack = state.modals[user]
    stack[stack.index(instead_of)] = view
    return view


def _triggered(call: Call, *, on_a_view: bool) -> str:
    """Return whose action the trigger came from, and spend it."""
    trigger = call.deliveries.triggers.get(call.required("trigger_id"))
    if trigger is None or (on_a_view and trigger.view_id is None):
        raise SlackError("invalid_trigger_id")
    if call.state.clock() > trigger.expires:
        raise SlackError("expired_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    trigger.used = True
    return trigger.user


@method("views.open", writes=True)
def views_open(call: Call) -> Json:
    content = sent_view(call.json("view", error="invalid_arguments"), kind="modal")
    user = _triggered(call, on_a_view=False)
    call.state.modals[user] = []
    return {"view": view_json(new_view(call.state, content, user=user))}


@method("views.push", writes=True)
def views_push(call: Call) -> Json:
    content = sent_view(call.json("view", error="invalid_arguments"), kind="modal")
    user = _triggered(call, on_a_view=True)
    stack = call.state.modals.get(user, [])
    if not stack or len(stack) >= MODALS_STACKED:
        raise SlackError("push_limit_reached" if stack else "not_found")
    return {"view": view_json(new_view(call.state, content, user=user, below=stack[-1]))}


@method("views.update", writes=True)
def views_update(call: Call) -> Json:
    content = sent_view(call.json("view", error="invalid_arguments"), kind="modal")
    wanted = {call.text("view_id") or None, call.text("external_id") or None} - {None}
    shown = [view for stack in call.state.modals.values() for view in stack]
    found = [view for view in shown if wanted & {view.id, view.content.get("external_id")}]
    if not found:
        raise SlackError("not_found")
    if call.text("hash") not in {"", found[0].hash}:
        raise SlackError("hash_conflict")
    return {"view": view_json(new_view(call.state, content, user=found[0].user, instead_of=found[0]))}


@method("views.publish", writes=True)
def views_publish(call: Call) -> Json:
    user = call.person("user_id").id
    if not call.state.home_tab:
        raise SlackError("not_enabled")
    content = sent_view(call.json("view", error="invalid_arguments"), kind="home")
    call.know_files(content["blocks"])
    shown = call.state.homes.get(user)
    if shown and call.text("hash") not in {"", shown.hash}:
        raise SlackError("hash_conflict")
    return {"view": view_json(new_view(call.state, content, user=user, instead_of=shown))}


def _reacted(call: Call) -> tuple[Message, tuple[str, str]]:
    message = call.state.find_message(call.channel().id, call.required("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    return message, (call.state.bot.id, call.required("name"))


@method("reactions.add", scope="reactions:write", per_minute=50)
def reactions_add(call: Call) -> Json:
    message, reaction = _reacted(call)
    if reaction in message.reactions:
        raise SlackError("already_reacted")
    call.state.keep(replace(message, reactions=(*message.reactions, reaction)))
    return {}


@method("reactions.remove", scope="reactions:write", per_minute=20)
def reactions_remove(call: Call) -> Json:
    message, reaction = _reacted(call)
    if reaction not in message.reactions:
        raise SlackError("no_reaction")
    call.state.keep(replace(message, reactions=tuple(each for each in message.reactions if each != reaction)))
    return {}


@method("files.getUploadURLExternal", scope="files:write", writes=True)
def get_upload_url_external(call: Call) -> Json:
    if not call.required("length").isdigit() or int(call.required("length")) == 0:
        raise SlackError("invalid_arguments")
    file_id, name = call.state.next_id("F"), call.required("filename")
    file = UploadedFile(
        id=file_id,
        name=name,
        title=name,
        alt_text=call.text("alt_txt") or None,
        size=int(call.required("length")),
        user=call.state.bot.id,
        download_url=download_url(call.base_url, file_id, name),
    )
    call.state.files[file.id] = file
    return {"upload_url": f"{call.base_url}/upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", scope="files:write", writes=True)
def complete_upload_external(call: Call) -> Json:
    listed = call.json("files", error="invalid_arguments")
    if not isinstance(listed, list) or not listed or any(not isinstance(each, dict) for each in listed):
        raise SlackError("invalid_arguments")
    completed = []
    for each in listed:
        file = call.state.files.get(each.get("id"))
        if file is None or file.content is None or file.completed:
            raise SlackError("file_not_found")
        completed.append(replace(file, title=each.get("title") or file.title, completed=True))
    if call.text("channels") or call.text("channel_id"):
        places = [call.text("channel_id"), *call.text("channels").split(",")]
        channels = [replace(call, arguments={"channel": place}).channel() for place in places if place]
        threads = {channel.id: call.thread(channel) for channel in channels}
        call.shares.share(completed, threads=threads, comment=call.text("initial_comment"))
    call.state.files |= {file.id: file for file in completed}
    return {"files": [{"id": file.id, "title": file.title} for file in completed]}


@method("files.info", scope="files:read")
def files_info(call: Call) -> Json:
    file = call.state.files.get(call.required("file"))
    if file is None or not file.completed:
        raise SlackError("file_not_found")
    return {"file": file_json(file, channels=call.state.channels), "comments": []}


def _assistant_thread(call: Call) -> tuple[str, str]:
    channel = call.channel("channel_id")
    if call.state.find_message(channel.id, call.required("thread_ts")) is None:
        raise SlackError("invalid_thread_ts")
    return channel.id, call.required("thread_ts")


@method("assistant.threads.setStatus", scope="chat:write|assistant:write", per_minute=None, writes=True)
def set_status(call: Call) -> Json:
    call.state.statuses[_assistant_thread(call)] = call.text("status")
    return {}


@method("assistant.threads.setTitle", scope="assistant:write", writes=True)
def set_title(call: Call) -> Json:
    _assistant_thread(call)
    call.required("title")
    return {}


@method("assistant.threads.setSuggestedPrompts", scope="assistant:write", writes=True)
def set_suggested_prompts(call: Call) -> Json:
    if call.text("thread_ts"):
        _assistant_thread(call)
    prompts = call.json("prompts", error="invalid_arguments")
    wrong = not isinstance(prompts, list) or not 1 <= len(prompts) <= SUGGESTED_PROMPTS
    if wrong or any(not isinstance(each, dict) or set(each) != {"title", "message"} for each in prompts):
        raise SlackError("invalid_arguments")
    return {}
