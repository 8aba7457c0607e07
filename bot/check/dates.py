"""The days, months and quarters that a sentence names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """As much of a date as is written; ``quarter`` is 1 to 4."""

    written: str
    year: int | None = None
    quarter: int | None = None
    month: int | None = None
    day: int | None = None

    def is_within(self, other: Date) -> bool:
        """Return whether the other date says all that this one says."""
        quarter = other.quarter or (other.month and (other.month + 2) // 3)
        return (
            self.year in {None, other.year}
            and self.quarter in {None, quarter}
            and self.month in {None, other.month}
            and self.day in {None, other.day}
        )


_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(?P<name>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)\b"
_PATTERNS: Final = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b"),
    re.compile(r"\b(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})\b"),
    re.compile(rf"\b{_DAY}(?: of)? {_MONTH}(?:,? {_YEAR})?"),
    re.compile(rf"\b{_MONTH} {_DAY}(?:,? {_YEAR}|\b(?![\d.,]*\d))"),
    re.compile(rf"\b{_MONTH} (?:of )?{_YEAR}"),
    re.compile(rf"\bQ(?P<quarter>[1-4])\b(?:[ /]?(?:of )?{_YEAR})?"),
    # "May" and "March" begin sentences as verbs; as months they follow a preposition.
    re.compile(
        r"\b(?:(?P<name>January|February|April|June|July|August|September|October|November|December)"
        r"|(?<=\bin )(?P<verb>May|March)|(?<=\bby )(?P<by>May|March)|(?<=\bsince )(?P<since>May|March))\b"
    ),
)


def read_dates(text: str) -> tuple[list[Date], str]:
    """Return the dates of the text, and the text with blanks in their place."""
    dates: list[Date] = []
    for pattern in _PATTERNS:

        def take(match: re.Match[str]) -> str:
            date = _read(match)
            if date is None:
                return match.group()
            dates.append(date)
            return " " * len(match.group())

        text = pattern.sub(take, text)
    return dates, text


def find_uncarried_date(dates: Iterable[Date], carried: Iterable[Date]) -> str | None:
    """Return the first date that none of the carried ones says, as it is written."""
    known = tuple(carried)
    return next((date.written for date in dates if not any(date.is_within(each) for each in known)), None)


def _read(match: re.Match[str]) -> Date | None:
    parts = match.groupdict()
    name = parts.get("name") or parts.get("verb") or parts.get("by") or parts.get("since")
    month = int(parts["month"]) if parts.get("month") else _NAMES.index(name[:3].lower()) + 1 if name else None
    day = int(parts["day"]) if parts.get("day") else None
    if (month is not None and not 1 <= month <= len(_NAMES)) or (day is not None and not 1 <= day <= 31):  # noqa: PLR2004 # days
        return None
    return Date(
        written=match.group().strip(),
        year=int(parts["year"]) if parts.get("year") else None,
        quarter=int(parts["quarter"]) if parts.get("quarter") else None,
        month=month,
        day=day,
    )
