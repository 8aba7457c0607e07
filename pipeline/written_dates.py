"""Dates as people write them: ``2024-05-31``, ``31/05/2024``, ``5/31/24``, ``31.5.2024``, ``31 May 2024``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.int64]

_ZONE: Final = r"(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?"
_TIME: Final = rf"(?:[T ]+[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?{_ZONE})?$"
_ISO: Final = rf"^(?P<year>[0-9]{{4}})[-/.](?P<month>[0-9]{{1,2}})[-/.](?P<day>[0-9]{{1,2}}){_TIME}"
_NUMERIC: Final = (
    rf"^(?P<first>[0-9]{{1,2}})(?P<mark>[-/.])(?P<second>[0-9]{{1,2}})[-/.](?P<year>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_DAY_NAMED: Final = (
    rf"^(?P<day>[0-9]{{1,2}})[ -](?P<month>[A-Za-z]{{3}})[a-z]*\.?[ ,-]+(?P<year>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_MONTH_NAMED: Final = (
    rf"^(?P<month>[A-Za-z]{{3}})[a-z]*\.?[ -](?P<day>[0-9]{{1,2}})[ ,-]+(?P<year>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS_OF_A_YEAR: Final = 12

# As POSIX has it: 69 to 99 are of the last century.
_PIVOT: Final = 69


class DateOrder(StrEnum):
    """In which order a column writes its dates."""

    ISO = "year-month-day"
    DAY_FIRST = "day/month/year"
    MONTH_FIRST = "month/day/year"
    NAMED = "with the month's name"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDates:
    """Texts taken apart as dates, one entry a text.

    ``days`` has them for each order, not-a-time where a text is no date in that order.
    """

    days: dict[DateOrder, npt.NDArray[np.datetime64]]

    def fits(self, order: DateOrder) -> Mask:
        """Which texts are a date in this order."""
        return ~np.isnat(self.days[order])

    @property
    def understood(self) -> Mask:
        """Which texts are a date in any order."""
        return self._any(DateOrder)

    def only(self, order: DateOrder) -> Mask:
        """Which texts are a date in this order and in no other."""
        return self.fits(order) & ~self._any(other for other in DateOrder if other is not order)

    def _any(self, orders: Iterable[DateOrder]) -> Mask:
        fits = np.zeros(len(self.days[DateOrder.ISO]), dtype=np.bool_)
        for order in orders:
            fits |= self.fits(order)
        return fits


def take_apart(texts: pa.Array) -> WrittenDates:
    """Take texts apart that have no space around them; a time of day is left out."""
    iso = _extract(texts, _ISO)
    numeric = _extract(texts, _NUMERIC)
    dotted = np.asarray(pc.equal(numeric["mark"], ".").fill_null(False))
    year, first, second = _year(numeric["year"]), _number(numeric["first"]), _number(numeric["second"])
    named = [
        _day(_year(found["year"]), _month(found["month"]), _number(found["day"]))
        for found in (_extract(texts, _DAY_NAMED), _extract(texts, _MONTH_NAMED))
    ]
    return WrittenDates(
        days={
            DateOrder.ISO: _day(_number(iso["year"]), _number(iso["month"]), _number(iso["day"])),
            DateOrder.DAY_FIRST: _day(year, second, first),
            # With points between them days come first everywhere.
            DateOrder.MONTH_FIRST: _day(np.where(dotted, 0, year), first, second),
            DateOrder.NAMED: np.where(np.isnat(named[0]), named[1], named[0]),
        }
    )


def _extract(texts: pa.Array, pattern: str) -> dict[str, pa.Array]:
    parts = pc.extract_regex(texts, pattern)
    return {field.name: pc.struct_field(parts, field.name) for field in parts.type}


def _number(digits: pa.Array) -> Numbers:
    return np.asarray(pc.cast(digits, pa.int64()).fill_null(0))


def _year(digits: pa.Array) -> Numbers:
    year = _number(digits)
    short = np.asarray(pc.equal(pc.utf8_length(digits), 2).fill_null(False))
    return np.where(short, np.where(year < _PIVOT, 2000, 1900) + year, year)


def _month(names: pa.Array) -> Numbers:
    places = pc.index_in(pc.utf8_lower(names), pa.array(_MONTHS))
    return np.asarray(places.fill_null(-1), dtype=np.int64) + 1


def _day(year: Numbers, month: Numbers, day: Numbers) -> npt.NDArray[np.datetime64]:
    """Return the days that there are; a year of 0 stands for none."""
    possible = (year > 0) & (month > 0) & (month <= _MONTHS_OF_A_YEAR) & (day > 0)
    months = np.where(possible, (year - 1970) * _MONTHS_OF_A_YEAR + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(possible, day - 1, 0).astype("timedelta64[D]")
    return np.where(possible & (days.astype("datetime64[M]") == months), days, np.datetime64("NaT"))
