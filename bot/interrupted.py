"""Requests whose process was killed before they were answered: whoever asked is told so, once, where they asked."""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from slack_sdk.errors import SlackApiError

from bot.boundary import log_error
from bot.desk import LEASE_SECONDS
from bot.room import Room
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient

    from bot.services import Services
    from storage.state import OpenRequest

logger = logging.getLogger(__name__)

INTERRUPTED: Final = "I was interrupted before this was finished, so something may be missing. Please ask again."


def look_after_requests(services: Services, client: WebClient) -> None:
    """Renew the leases of this process, and tell the askers of those that ran out.

    Their work is not done a second time: part of it may stand in the thread, and what was asked was never kept.
    """
    services.desk.renew_leases()
    try:
        interrupted = services.state.take_over_requests(now=services.clock(), lease_seconds=LEASE_SECONDS)
    except StorageError as error:  # nobody asked for this run: the log hears of it, and the next tick tries again
        log_error(error)
        return
    for request in interrupted:
        try:
            _tell(client, request)
            services.state.close_request(request.key)
        except (StorageError, SlackApiError, OSError) as error:  # it stays open, for whoever takes it over next
            log_error(error)
        else:
            logger.warning("not finished", extra={"outcome": "interrupted"})


def _tell(client: WebClient, request: OpenRequest) -> None:
    """Tell who asked where they asked, or in the direct messages where the bot may not write there."""
    room = Room(
        client=client, channel=request.channel, thread_ts=request.thread_ts, user_id=request.user_id, respond=None
    )
    if not _is_told(partial(room.tell, INTERRUPTED)):
        _is_told(lambda: room.direct().tell(INTERRUPTED))


def _is_told(tell: Callable[[], object]) -> bool:
    """Return whether somebody was told; raises SlackApiError where Slack itself failed, which may pass."""
    try:
        tell()
    except SlackApiError as error:
        if error.response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        log_error(error)
        return False
    return True
