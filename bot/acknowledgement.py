"""When Slack hears that something has arrived: once it is on record, but in time whatever happens."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import copy_context
from threading import Timer
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slack_bolt import Ack

logger = logging.getLogger(__name__)

# Of the three that Slack waits for: a request may have waited for a thread before, and its answer has a way to go.
_LATEST_SECONDS: Final = 1.0


@contextmanager
def acknowledging(ack: Ack) -> Iterator[None]:
    """Acknowledge at the end of this block at the latest, which is to do so once what arrived is on record.

    Until then Slack delivers an event again, and says of a command or a button that it failed. Where the state does not
    answer for a second, that is no reason for it: who asked is served late, or told why not.
    """

    def acknowledge_unrecorded() -> None:
        if ack.response is None:
            logger.warning("acknowledged before it is on record, since the state is slow")
            ack()

    timer = Timer(_LATEST_SECONDS, copy_context().run, [acknowledge_unrecorded])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        ack()
