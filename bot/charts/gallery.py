"""The pictures that were drawn lately."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from bot.charts.interactions import interactions_chart
from bot.charts.waterfall import waterfall_chart

if TYPE_CHECKING:
    from bot.brief import Brief
    from bot.charts.chart import Chart

_PICTURES_KEPT: Final = 64  # of accounts; together some 30 MB


class Gallery:
    """Draws both pictures of a brief, or gives those it drew before; many threads may ask at once.

    A snapshot never changes, so its id and the account's say all that is in a picture.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: OrderedDict[tuple[str, str], tuple[Chart, Chart]] = OrderedDict()

    def charts(self, brief: Brief) -> tuple[Chart, Chart]:
        """Return the waterfall and the interactions."""
        key = (brief.snapshot.snapshot_id, brief.account.account_id)
        with self._lock:
            if key in self._drawn:
                self._drawn.move_to_end(key)
                return self._drawn[key]
        # Drawn outside the lock: two that ask for the same at once both draw it, and nobody waits for another's.
        charts = (waterfall_chart(brief), interactions_chart(brief))
        with self._lock:
            self._drawn[key] = charts
            if len(self._drawn) > _PICTURES_KEPT:
                self._drawn.popitem(last=False)
        return charts
