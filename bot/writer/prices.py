"""What tokens cost at Anthropic's list prices."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

BATCH: Final = 0.5
"""What is written in a batch costs this part of the list price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars per million tokens: fresh, written to the cache for five minutes or an hour, read from it; output."""

    fresh: float
    cache_write: float
    cache_write_hour: float
    cache_read: float
    output: float

    def dollars(
        self,
        *,
        fresh: float = 0,
        cache_write: float = 0,
        cache_write_hour: float = 0,
        cache_read: float = 0,
        output: float = 0,
    ) -> float:
        """Return what so many tokens of each kind cost."""
        written = cache_write * self.cache_write + cache_write_hour * self.cache_write_hour
        return (fresh * self.fresh + written + cache_read * self.cache_read + output * self.output) / 1e6


# The list prices of November 2026, for prompts up to 100 000 tokens; ours have a tenth of that.
PRICES = MappingProxyType(
    {
        "claude-sonnet-5-5": Price(fresh=2.0, cache_write=2.5, cache_write_hour=4.0, cache_read=0.1, output=10.0),
        "claude-haiku-5-5": Price(fresh=0.1, cache_write=0.125, cache_write_hour=0.2, cache_read=0.01, output=0.5),
    }
)
