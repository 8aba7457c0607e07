"""How fast messages may follow one another in a channel."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


class Pace:
    """For each key a few turns at once, then one after each interval: the generic cell rate algorithm (ITU-T I.371).

    For any number of threads; who comes first has the first turn.
    """

    def __init__(
        self,
        *,
        interval_seconds: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._interval = interval_seconds
        self._ahead = interval_seconds * (burst - 1)
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next: dict[Hashable, float] = {}

    def wait(self, key: Hashable) -> None:
        """Wait for this key's next turn, and take it."""
        with self._lock:
            now = self._clock()
            self._next = {each: due for each, due in self._next.items() if due > now - self._ahead}
            due = self._next.get(key, now - self._ahead)
            self._next[key] = due + self._interval
        if due > now:
            self._sleep(due - now)
