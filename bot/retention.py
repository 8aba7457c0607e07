"""Forgetting, once a day, what is older than the settings let it be kept."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.boundary import log_error
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.services import Services

logger = logging.getLogger(__name__)
_EVENTS_KEPT = timedelta(days=7)  # Slack delivers an event again for some minutes, a delayed one for a day


def forget_old(services: Services, retention: timedelta) -> None:
    """Forget old events and, after ``retention``, transcripts, messages, votes and audit; say how much in the log."""
    now = services.clock()
    try:
        events = services.state.forget_events(now - _EVENTS_KEPT)
        rows = services.state.forget_history(now - retention)
    except StorageError as error:  # nobody asked for this run: the log hears of it, and the next day's run tries again
        log_error(error)
    else:
        logger.info("forgot %d events older than %d days, %d rows older than %d days", events, _EVENTS_KEPT.days, rows,
                    retention.days)  # fmt: skip
