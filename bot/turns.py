"""One question at a time in a thread, in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator


class Turns:
    """Lines of those who wait, one line for each key; a line that is empty is forgotten."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._lines: dict[Hashable, deque[object]] = {}

    @contextmanager
    def taking(self, key: Hashable) -> Iterator[None]:
        """Wait until all who came before with this key are done."""
        ticket = object()
        with self._moved:
            line = self._lines.setdefault(key, deque())
            line.append(ticket)
            self._moved.wait_for(lambda: line[0] is ticket)
        try:
            yield
        finally:
            with self._moved:
                line.popleft()
                if not line:
                    del self._lines[key]
                self._moved.notify_all()

    def waiting(self, key: Hashable) -> int:
        """Return how many stand in a line, whose turn it is included."""
        with self._moved:
            return len(self._lines.get(key, ()))
