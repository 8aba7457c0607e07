"""When Claude may write: as long as the day's budget lasts and nobody has stopped the bot."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from bot.writer.errors import BudgetSpentError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent in a day of UTC; ``dollars_since`` gives what every process of the bot spent since a moment."""

    daily_dollars: float
    dollars_since: Callable[[datetime], float]
    clock: Callable[[], datetime]

    def check(self) -> None:
        """Raise BudgetSpentError where today's is spent."""
        midnight = self.clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.dollars_since(midnight) >= self.daily_dollars:
            raise BudgetSpentError(self.daily_dollars)


class Limits:
    """Asked before every request to Claude, and while the answer comes in.

    What is being written when the budget is reached is finished; when the bot is stopped, it is broken off.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let Claude write no more."""
        self._stopped.set()

    def check_request(self) -> None:
        """Raise StoppedError or BudgetSpentError where Claude may not be asked."""
        self.check_answer()
        if self._budget:
            self._budget.check()

    def check_answer(self) -> None:
        """Raise StoppedError where Claude may not write on."""
        if self._stopped.is_set():
            raise StoppedError
