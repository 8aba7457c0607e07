"""Files that appear in their channels only some time after the upload was completed."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.workspace.records import Message
from bot.workspace.state import BOT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.workspace.events import Deliveries
    from bot.workspace.records import UploadedFile
    from bot.workspace.state import State


class Shares:
    """Shares completed uploads after a delay, or, when the delay is ``None``, when told to."""

    def __init__(self, state: State, deliveries: Deliveries, *, delay_seconds: float | None) -> None:
        self._state = state
        self._deliveries = deliveries
        self._delay_seconds = delay_seconds
        self._waiting: list[Callable[[], None]] = []
        self._timers: list[threading.Timer] = []

    def share(self, files: list[UploadedFile], *, threads: dict[str, str | None], comment: str) -> None:
        """Promise one message with all files for each channel, given with the thread to post it in."""
        ids = [file.id for file in files]
        self._waiting += [
            partial(self._post, ids, channel, thread_ts, comment) for channel, thread_ts in threads.items()
        ]
        if self._delay_seconds is not None:
            timer = threading.Timer(self._delay_seconds, self.release)
            timer.daemon = True
            self._timers.append(timer)
            timer.start()

    def release(self) -> None:
        """Post whatever is still waiting."""
        with self._state.changed:
            waiting, self._waiting = self._waiting, []
            for post in waiting:
                post()

    def close(self) -> None:
        """Share nothing more."""
        for timer in self._timers:
            timer.cancel()
            timer.join()

    def _post(self, ids: list[str], channel: str, thread_ts: str | None, comment: str) -> None:
        ts = self._state.next_ts()
        for file_id in ids:
            file = self._state.files[file_id]
            self._state.files[file_id] = replace(file, shares=file.shares | {channel: ts})
        message = Message(
            channel=channel,
            ts=ts,
            user=self._state.bot.id,
            bot_id=BOT_ID,
            text=comment,
            thread_ts=thread_ts,
            files=tuple(self._state.files[file_id] for file_id in ids),
        )
        self._deliveries.message_later(self._state.keep(message))
