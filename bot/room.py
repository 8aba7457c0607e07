"""Where somebody asked: the conversation, the thread in it, and how only that person is told something."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from slack_sdk.errors import SlackApiError

from bot.blocks import sentence_message
from bot.controls import Subject
from bot.errors import ResponseUrlError
from bot.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from slack_bolt import Respond
    from slack_sdk import WebClient
    from slack_sdk.web import SlackResponse

    from bot.blocks import Message
    from bot.rights import Owned

logger = logging.getLogger(__name__)
GONE: Final = "message_not_found"
# What Slack takes in a channel; it does not say how many at once, and asks to wait where they were too many.
_PACE: Final = Pace(interval_seconds=1.0, burst=8)
_INVALID: Final = "invalid_blocks"
_PLAIN: Final = "Slack refused the blocks of a message; its plain text was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A conversation as one person sees it.

    ``respond`` is there for commands and buttons only: it reaches that person even where the bot may not post. In a
    ``private`` one all that would be posted is told to that person alone. ``may_see`` tells which accounts may be
    spoken of here; none, as long as nobody has looked. ``remember`` is told the ts and thread of each message that is
    posted.
    """

    client: WebClient
    channel: str
    thread_ts: str | None
    user_id: str
    respond: Respond | None
    private: bool = False
    may_see: Callable[[Owned], bool] = lambda _: False
    remember: Callable[[str, str | None], object] = lambda *_: None

    @property
    def is_direct(self) -> bool:
        """Whether this is a conversation of two, here the bot and this person."""
        return self.channel.startswith("D")

    def post(self, message: Message, *, thread_ts: str | None = None) -> str:
        """Post a message that everybody here sees and return its ts; whispered instead it has none."""
        if self.private:
            self.whisper(message)
            return ""
        _PACE.wait((self.client.base_url, self.channel))
        ts = post(self.client, message, channel=self.channel, thread_ts=thread_ts)
        self.remember(ts, thread_ts)
        return ts

    @contextmanager
    def working(self, thread_ts: str, status: str) -> Iterator[None]:
        """Show in a thread what the bot is doing, as ``precall {status}``, for as long as it does."""
        show = partial(self.client.assistant_threads_setStatus, channel_id=self.channel, thread_ts=thread_ts)
        placeholder = ""
        try:
            show(status=status)
        except SlackApiError as error:
            logger.info("this thread shows no status: %s", error.response.get("error"))
            message = sentence_message(f"precall {status}")
            placeholder = post(self.client, message, channel=self.channel, thread_ts=thread_ts)
        try:
            yield
        finally:
            with suppress(SlackApiError):  # mostly a status is gone with the first message after it
                if placeholder:
                    self.client.chat_delete(channel=self.channel, ts=placeholder)
                else:
                    show(status="")

    def edit(self, ts: str, message: Message) -> None:
        """Put another message in the place of one that was posted; one that was deleted meanwhile stays away."""
        try:
            send(partial(self.client.chat_update, channel=self.channel, ts=ts), message)
        except SlackApiError as error:
            if error.response.get("error") != GONE:
                raise

    def whisper(self, message: Message) -> None:
        """Tell only the person who asked."""
        if self.respond is not None:
            respond = partial(
                self.respond, response_type="ephemeral", replace_original=False, unfurl_links=False, text=message.text
            )
            answer = respond(blocks=list(message.blocks))
            if _INVALID in answer.body:
                logger.warning(_PLAIN)
                answer = respond()
            if answer.status_code != HTTPStatus.OK:
                raise ResponseUrlError(answer.status_code)
        elif self.is_direct:
            self.post(message, thread_ts=self.thread_ts)
        else:
            send(
                partial(
                    self.client.chat_postEphemeral, channel=self.channel, user=self.user_id, thread_ts=self.thread_ts
                ),
                message,
            )

    def direct(self) -> Room:
        """Return the room of direct messages between the bot and this person."""
        channel = self.client.conversations_open(users=self.user_id)["channel"]["id"]
        return replace(self, channel=channel, thread_ts=None, respond=None)

    def find_link(self, ts: str) -> str:
        """Return the address of a message that was posted here."""
        return str(self.client.chat_getPermalink(channel=self.channel, message_ts=ts)["permalink"])

    def tell(self, sentence: str) -> None:
        """Tell only the person who asked one sentence."""
        self.whisper(sentence_message(sentence))


def post(
    client: WebClient,
    message: Message,
    *,
    channel: str,
    thread_ts: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Post a message and return its ts; where Slack does not take its blocks, the plain text alone."""
    place: dict[str, Any] = {"channel": channel, "thread_ts": thread_ts, "metadata": metadata}
    answer = send(partial(client.chat_postMessage, **place, unfurl_links=False, unfurl_media=False), message)
    return str(answer["ts"])


def send(call: Callable[..., SlackResponse], message: Message) -> SlackResponse:
    """Make a call of Slack that takes a message; where it does not take its blocks, with the plain text alone."""
    try:
        return call(text=message.text, blocks=list(message.blocks))
    except SlackApiError as error:
        if error.response.get("error") != _INVALID:
            raise
        logger.warning(_PLAIN)
        return call(text=message.text, blocks=[])


def find_room(body: Mapping[str, Any], client: WebClient, respond: Respond | None) -> Room:
    """Return where a command, a button, a modal or an event came from."""
    if event := body.get("event"):
        return Room(
            client=client,
            channel=event.get("channel") or event["item"]["channel"],
            thread_ts=event.get("thread_ts"),
            user_id=event["user"],
            respond=None,
        )
    if "command" in body:
        return Room(client=client, channel=body["channel_id"], thread_ts=None, user_id=body["user_id"], respond=respond)
    if "view" in body:
        subject = Subject.of_view(body["view"])
        return Room(
            client=client,
            channel=subject.channel,
            thread_ts=subject.thread_ts,
            user_id=body["user"]["id"],
            respond=None,
        )
    return Room(
        client=client, channel=body["channel"]["id"], thread_ts=None, user_id=body["user"]["id"], respond=respond
    )
