"""Every listener on one screen, and the one error boundary."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from slack_bolt import App
from slack_bolt.error import BoltError

from bot.blocks import BRIEF_ACTION
from bot.boundary import report
from bot.client import make_client
from bot.controls import EVIDENCE, MISREAD, NOT_USEFUL, OUTCOME, OUTCOME_VIEW, PDF, PROPOSED, SHARE, SHARE_HERE, USEFUL
from bot.errors import SlackUnreachableError
from bot.home import SEARCH
from bot.listeners.actions import handle_brief_button
from bot.listeners.commands import handle_precall
from bot.listeners.documents import handle_document, is_dropped_document
from bot.listeners.feedback import (
    handle_deleted,
    handle_not_useful,
    handle_reaction,
    handle_reason,
    handle_useful,
    is_deletion,
)
from bot.listeners.home import handle_found, handle_home_opened, suggest_accounts
from bot.listeners.outcomes import handle_outcome, handle_outcome_modal
from bot.listeners.papers import handle_evidence, handle_pdf
from bot.listeners.readings import handle_misread, handle_proposed
from bot.listeners.sharing import handle_share, handle_share_here, handle_share_modal
from bot.listeners.subscriptions import (
    handle_subscribe_button,
    handle_subscribe_modal,
    handle_unsubscribe,
    suggest_timezones,
)
from bot.listeners.threads import handle_message
from bot.log import begin_request
from bot.room import find_room
from bot.subscriptions import SUBSCRIBE, TIMEZONE, UNSUBSCRIBE

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from slack_bolt import Ack, BoltContext, BoltResponse, Respond
    from slack_sdk import WebClient

    from bot.config import BotConfig
    from bot.services import Services


def make_app(config: BotConfig, services: Services, *, executor: Executor) -> App:
    """Return the bot, its token checked; listeners, their acknowledgement included, run in ``executor``.

    Raises:
        SlackUnreachableError: Slack does not answer or refuses the token.
    """
    client = make_client(config)
    try:
        app = App(
            name="precall",
            client=client,
            signing_secret=config.signing_secret,
            listener_executor=executor,
            ignoring_self_events_enabled=False,
        )
    except BoltError as error:
        raise SlackUnreachableError(config.slack_api_url, "it refuses the token") from error
    except (URLError, OSError) as error:
        raise SlackUnreachableError(config.slack_api_url, "it does not answer") from error
    register(app, services)
    for listener in app._listeners:  # noqa: SLF001 - there is no setting for it
        # Bolt acknowledges an event before its listener runs: killed between the two, it would be lost.
        listener.auto_acknowledgement = False
    return app


def register(app: App, services: Services) -> None:
    """Register every listener; manifest.json names the same command and events."""
    app.use(begin_request)
    app.use(ignore_own)
    app.command("/precall")(partial(handle_precall, services))
    app.action(BRIEF_ACTION)(partial(handle_brief_button, services))
    app.action(EVIDENCE)(partial(handle_evidence, services))
    app.action(PDF)(partial(handle_pdf, services))
    app.action(SHARE)(partial(handle_share, services))
    app.action(SHARE_HERE)(partial(handle_share_here, services))
    app.view(SHARE)(partial(handle_share_modal, services))
    app.action(USEFUL)(partial(handle_useful, services))
    app.action(NOT_USEFUL)(partial(handle_not_useful, services))
    app.view(NOT_USEFUL)(partial(handle_reason, services))
    app.action(MISREAD)(partial(handle_misread, services))
    app.action(PROPOSED)(partial(handle_proposed, services))
    app.action(OUTCOME)(partial(handle_outcome, services))
    app.view(OUTCOME_VIEW)(partial(handle_outcome_modal, services))
    app.event("reaction_added")(partial(handle_reaction, services))
    app.action(SUBSCRIBE)(partial(handle_subscribe_button, services))
    app.view(SUBSCRIBE)(partial(handle_subscribe_modal, services))
    app.action(UNSUBSCRIBE)(partial(handle_unsubscribe, services))
    app.options(TIMEZONE)(suggest_timezones)
    app.event("app_home_opened")(partial(handle_home_opened, services))
    app.options(SEARCH)(partial(suggest_accounts, services))
    app.action(SEARCH)(partial(handle_found, services))
    app.event("app_mention")(partial(handle_message, services))
    app.event("message", matchers=[partial(is_dropped_document, services)])(partial(handle_document, services))
    app.event("message", matchers=[is_deletion])(partial(handle_deleted, services))
    app.event("message")(partial(handle_message, services))
    app.error(handle_error)


def ignore_own(
    body: dict[str, Any], context: BoltContext, ack: Ack, next_: Callable[[], object]
) -> BoltResponse | None:
    """Leave alone what the bot itself did; a middleware of the app.

    Bolt's own takes the deletion of a message of the bot, by whomever, for something that the bot did.
    """
    event = body.get("event") or {}
    if context.user_id == context.bot_user_id and event.get("subtype") != "message_deleted":
        return ack()
    next_()
    return None


def handle_error(error: Exception, body: dict[str, Any], client: WebClient, respond: Respond) -> None:
    """Tell the person who asked, in a sentence, what went wrong."""
    report(error, tell=lambda sentence: find_room(body, client, respond).tell(sentence))
