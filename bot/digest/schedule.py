"""On which local day a digest is due, whatever the clock did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, time
    from zoneinfo import ZoneInfo

WORKING_DAYS = frozenset(range(5))
"""Monday to Friday, as ``date.weekday`` numbers them."""


def due(now: datetime, *, at: time, timezone: ZoneInfo, days: Collection[int]) -> date | None:
    """Return the local day whose digest may be posted now, or None before its time and on other days.

    ``now`` is aware. What was missed is caught up on the same day, never later. Where the clock skips ``at``, it is as
    long after midnight as on other days; where it strikes twice, the first one counts.
    """
    today = now.astimezone(timezone).date()
    return today if today.weekday() in days and now >= due_moment(today, at=at, timezone=timezone) else None


def due_moment(day: date, *, at: time, timezone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, from which the digest of a local day is due."""
    return datetime.combine(day, at, tzinfo=timezone).astimezone(UTC)
