"""From cells as they were written to typed columns, each read by one convention."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import written_dates, written_numbers
from pipeline.written_dates import DateOrder, WrittenDates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy.typing as npt

    from pipeline.written_numbers import WrittenNumbers
    from storage.raw_table import RawTable

    Mask = npt.NDArray[np.bool_]

# What people and programs write where they know nothing, in small letters. "None" is not among them: it is a value of
# columns such as "compliance required".
_MISSING: Final = pa.array(
    ["", "na", "n/a", "#n/a", "<na>", "null", "#null!", "nan", "(blank)", "-", "--", "\u2013", "\u2014"]
)
_YES: Final = frozenset({"yes", "y", "true", "t", "ja", "oui", "sí"})
_NO: Final = frozenset({"no", "n", "false", "f", "nein", "non"})

# A column is numbers or dates if this share of its cells is; the others are reported and count as missing.
_MOSTLY: Final = 0.9
# Between this share and the one above a column is neither; below it is text that happens to hold some.
_PARTLY: Final = 0.5

_EXAMPLES: Final = 3
_SAMPLE: Final = 1_000
_FEW_VALUES: Final = 20
_MANY_VALUES: Final = 50
_CATEGORY_SHARE: Final = 0.05
_UNIQUE_SHARE: Final = 0.5
_PROSE_CHARACTERS: Final = 40
_PROSE_WORDS: Final = 5
_ID_WORDS: Final = frozenset({"id", "ids", "key", "uuid", "guid", "number", "no", "nr", "num", "code", "ref"})
_ZERO_LED: Final = "^0[0-9]+$"
_MARKS: Final = {".": "point", ",": "comma"}


class ColumnType(StrEnum):
    """What the cells of a column are."""

    NUMBER = "number"
    YES_NO = "yes/no"
    DATE = "date"
    CATEGORY = "category"
    TEXT = "free text"
    IDENTIFIER = "id-like"
    CONSTANT = "constant"
    EMPTY = "empty"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Cells that could not be read: what is wrong with them, how many they are, the first as (line, cell)."""

    what: str
    count: int
    examples: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        shown = ", ".join(f"{_quote(cell)} in line {line}" for line, cell in self.examples)
        return f"{self.what}: {_cells(self.count)} ({shown}{', …' if self.count > len(self.examples) else ''})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column whose cells were read by one convention.

    ``values`` has one entry a row: double for numbers and for yes (1) and no (0), date32 for dates, else string;
    null where the cell was empty, a marker such as N/A, or could not be read (then a fault says so). ``missing`` counts
    the first two. A percentage is a share: ``12 %`` is 0.12. A mixed column, which follows no one convention, keeps
    its text.
    """

    name: str
    type: ColumnType
    values: pa.Array
    missing: int
    distinct: int
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value, whatever the reason."""
        return float(self.values.null_count) / len(self.values) if len(self.values) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A column of text on its way: its distinct cells without space around them, and where they stand.

    ``places`` gives for each row the place of its cell among ``texts``, -1 where it is missing; ``counts`` how many
    rows each of them has. ``numbers`` or ``dates`` are there if the texts may be some.
    """

    name: str
    texts: pa.Array
    places: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    missing: int
    notes: tuple[str, ...]
    numbers: WrittenNumbers | None = None
    dates: WrittenDates | None = None

    def fault(self, what: str, which: Mask) -> Fault:
        chosen = np.flatnonzero(which)
        rows = np.flatnonzero(np.isin(self.places, chosen))
        first = tuple((int(self.lines[row]), self.texts[self.places[row]].as_py()) for row in rows[:_EXAMPLES])
        return Fault(what=what, count=len(rows), examples=first)

    def share(self, which: Mask) -> float:
        return float(self.counts[which].sum() / self.counts.sum())

    def spread(self, values: npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
        """Return one value a row from one a distinct text."""
        found = pa.array(values, kind, from_pandas=True)
        return found.take(pa.array(self.places, mask=self.places < 0))

    def finish(self, column_type: ColumnType, *, notes: Iterable[str] = (), faults: Iterable[Fault] = ()) -> Column:
        """Return the column as text of this type."""
        return Column(
            name=self.name,
            type=column_type,
            values=self.texts.take(pa.array(self.places, mask=self.places < 0)),
            missing=self.missing,
            distinct=len(self.texts),
            notes=(*self.notes, *notes),
            faults=tuple(faults),
        )


def read_columns(table: RawTable, *, verbatim: Collection[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a table in its order; those in ``verbatim`` keep every cell exactly as it is.

    Where a column leaves open whether 1,234 has a decimal comma, or 3/4/2024 begins with the day, what the other
    columns of the table show decides.
    """
    read: dict[str, Column] = {}
    drafts: list[_Draft] = []
    for name in table.names:
        cells = table.cells.column(name).combine_chunks()
        if name in verbatim:
            read[name] = _keep(name, cells)
        elif pa.types.is_string(cells.type):
            drafts.append(_recognise(_draft(name, cells, table.lines)))
        else:
            read[name] = _read_native(name, cells)
    mark, order = _common_mark(drafts), _common_order(drafts)
    for draft in drafts:
        read[draft.name] = _as_identifier(_read_text(draft, mark, order))
    return tuple(read[name] for name in table.names)


def _keep(name: str, cells: pa.Array) -> Column:
    if pa.types.is_floating(cells.type):
        whole = pc.all(pc.equal(pc.floor(cells), cells), min_count=0).as_py()
        cells = pc.cast(cells, pa.int64()) if whole else cells
    texts = pc.cast(cells, pa.string())
    distinct = pc.count_distinct(texts).as_py()
    column_type = ColumnType.IDENTIFIER if distinct else ColumnType.EMPTY
    return Column(name=name, type=column_type, values=texts, missing=texts.null_count, distinct=distinct)


def _read_native(name: str, cells: pa.Array) -> Column:
    if pa.types.is_boolean(cells.type):
        column_type, values = ColumnType.YES_NO, pc.cast(cells, pa.float64())
    elif pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
        column_type, values = ColumnType.DATE, pc.cast(cells, pa.date32(), safe=False)
    else:
        column_type, values = ColumnType.NUMBER, pc.cast(cells, pa.float64(), safe=False)
        if not pc.all(pc.is_finite(values), min_count=0).as_py():
            values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    column = Column(
        name=name,
        type=column_type,
        values=values,
        missing=values.null_count,
        distinct=pc.count_distinct(values).as_py(),
    )
    return _as_identifier(_if_it_varies(column))


def _draft(name: str, cells: pa.Array, lines: npt.NDArray[np.int64]) -> _Draft:
    encoded = pc.utf8_trim_whitespace(cells).dictionary_encode()
    texts, places = encoded.dictionary, np.asarray(encoded.indices.fill_null(-1), dtype=np.int64)
    missing = np.asarray(pc.is_in(pc.utf8_lower(texts), _MISSING), dtype=bool)
    others = pc.filter(texts, pa.array(~missing))
    if len(others) > 1 and pc.all(pc.match_substring_regex(others, "^[A-Z]{2,5}$")).as_py():
        # Among EMEA and APAC, or US and DE, NA is a place.
        missing &= ~np.asarray(pc.equal(texts, "NA"))
    counts = np.bincount(places[places >= 0], minlength=len(texts))
    said = [(int(counts[place]), texts[int(place)].as_py()) for place in np.flatnonzero(missing)]
    notes = [f"{_cells(count)} {_say(count)} {_quote(text)}, taken as missing" for count, text in said if text]
    renumbered = np.where(missing, -1, np.cumsum(~missing) - 1)
    places = np.where(places < 0, -1, renumbered[places] if len(texts) else -1)
    return _Draft(
        name=name,
        texts=pc.filter(texts, pa.array(~missing)),
        places=places,
        counts=counts[~missing],
        lines=lines,
        missing=int((places < 0).sum()),
        notes=tuple(notes),
    )


def _recognise(draft: _Draft) -> _Draft:
    """Take the texts apart as numbers or dates if a sample of them looks so."""
    if not len(draft.texts):
        return draft
    step = max(1, len(draft.texts) // _SAMPLE)
    sample = draft.texts.take(pa.array(np.arange(0, len(draft.texts), step)))
    if written_numbers.take_apart(sample).understood.mean() >= _PARTLY:
        return replace(draft, numbers=written_numbers.take_apart(draft.texts))
    if written_dates.take_apart(sample).understood.mean() >= _PARTLY:
        return replace(draft, dates=written_dates.take_apart(draft.texts))
    return draft


def _common_mark(drafts: Iterable[_Draft]) -> str | None:
    """Return the decimal mark that all columns with evidence share."""
    marks = {
        mark
        for draft in drafts
        if draft.numbers is not None
        for mark, shown in ((".", draft.numbers.point_only), (",", draft.numbers.comma_only))
        if shown.any()
    }
    return marks.pop() if len(marks) == 1 else None


def _common_order(drafts: Iterable[_Draft]) -> DateOrder | None:
    """Return the order of day and month that all columns with evidence share."""
    orders = {
        order
        for draft in drafts
        if draft.dates is not None
        for order in (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)
        if draft.dates.only(order).any()
    }
    return orders.pop() if len(orders) == 1 else None


def _read_text(draft: _Draft, mark: str | None, order: DateOrder | None) -> Column:
    if not len(draft.texts):
        return draft.finish(ColumnType.EMPTY)
    if len(draft.texts) == 1:
        return draft.finish(ColumnType.CONSTANT, notes=[f"always {_quote(draft.texts[0].as_py())}"])
    words = {text.casefold() for text in draft.texts.to_pylist()} if len(draft.texts) <= len(_YES | _NO) * 3 else set()
    if words and words <= _YES | _NO and words & _YES and words & _NO:
        answers = np.array([text.casefold() in _YES for text in draft.texts.to_pylist()], dtype=np.float64)
        values = draft.spread(answers, pa.float64())
        return replace(draft.finish(ColumnType.YES_NO), values=values, distinct=2)
    if draft.numbers is not None:
        return _read_numbers(draft, draft.numbers, mark)
    if draft.dates is not None:
        return _read_dates(draft, draft.dates, order)
    return draft.finish(_kind_of_text(draft))


def _read_numbers(draft: _Draft, numbers: WrittenNumbers, common: str | None) -> Column:
    share = draft.share(numbers.understood)
    if pc.any(pc.match_substring_regex(draft.texts, _ZERO_LED)).as_py():
        return draft.finish(_kind_of_text(draft), notes=["numbers that begin with a zero, kept as text"])
    if share < _MOSTLY:
        if len(draft.texts) <= _FEW_VALUES:
            return draft.finish(ColumnType.CATEGORY)
        faults = [draft.fault("numbers", numbers.understood), draft.fault("other than numbers", ~numbers.understood)]
        return draft.finish(ColumnType.MIXED, faults=faults)
    if conflict := _conflicting_numbers(draft, numbers):
        return draft.finish(ColumnType.MIXED, faults=conflict)
    notes, mark = [], "." if numbers.point_only.any() else "," if numbers.comma_only.any() else None
    if mark is None and numbers.ambiguous.any():
        mark = common or "."
        because = "as in the other columns" if common else "for want of evidence"
        notes.append(f"{_quote(_example(draft, numbers.ambiguous))} read with a decimal {_MARKS[mark]} {because}")
    notes.extend(_describe_numbers(numbers, mark or "."))
    values = numbers.read(mark or ".")
    column = draft.finish(
        ColumnType.NUMBER,
        notes=notes,
        faults=[draft.fault("not numbers", ~numbers.understood)] if not numbers.understood.all() else [],
    )
    distinct = len(np.unique(values[~np.isnan(values)]))
    return _if_it_varies(replace(column, values=draft.spread(values, pa.float64()), distinct=distinct))


def _conflicting_numbers(draft: _Draft, numbers: WrittenNumbers) -> list[Fault]:
    """Return what speaks for one convention and what for another, if a column has both."""
    if numbers.point_only.any() and numbers.comma_only.any():
        return [
            draft.fault("decimal point", numbers.point_only),
            draft.fault("decimal comma", numbers.comma_only),
        ]
    bare = numbers.understood & ~numbers.percent & (numbers.read(".") != 0)
    if numbers.percent.any() and bare.any():
        return [draft.fault("percentages", numbers.percent), draft.fault("plain numbers", bare)]
    if len(numbers.currencies) > 1:
        return [
            draft.fault(f"amounts in {sign}", numbers.understood & np.asarray(pc.equal(numbers.currency, sign)))
            for sign in numbers.currencies
        ]
    return []


def _describe_numbers(numbers: WrittenNumbers, mark: str) -> list[str]:
    notes = [f"amounts in {sign}" for sign in numbers.currencies]
    if numbers.percent.any():
        notes.append("percentages, read as shares of 1")
    if mark == "," and numbers.comma_only.any():
        notes.append("decimal comma")
    if (np.abs(numbers.factor[numbers.understood]) > 1).any():
        notes.append("K, M or B stand for thousands, millions, billions")
    return notes


def _read_dates(draft: _Draft, dates: WrittenDates, common: DateOrder | None) -> Column:
    if draft.share(dates.understood) < _MOSTLY:
        faults = [draft.fault("dates", dates.understood), draft.fault("other than dates", ~dates.understood)]
        return draft.finish(ColumnType.MIXED, faults=faults)
    shown = [order for order in DateOrder if dates.only(order).any()]
    if len(shown) > 1:
        faults = [draft.fault(f"dates written {order}", dates.only(order)) for order in shown]
        return draft.finish(ColumnType.MIXED, faults=faults)
    order = shown[0] if shown else common
    if order is None:
        fault = draft.fault("dates that may begin with the day or with the month", dates.understood)
        return draft.finish(ColumnType.MIXED, faults=[fault])
    notes = [] if shown else [f"{_quote(_example(draft, dates.understood))} read as in the other columns"]
    days = dates.days[order]
    column = draft.finish(
        ColumnType.DATE,
        notes=[*notes, f"dates written {order}"],
        faults=[draft.fault("not dates", np.isnat(days))] if np.isnat(days).any() else [],
    )
    distinct = len(np.unique(days[~np.isnat(days)]))
    return _if_it_varies(replace(column, values=draft.spread(days, pa.date32()), distinct=distinct))


def _kind_of_text(draft: _Draft) -> ColumnType:
    """Tell categories from prose and from ids by how often cells repeat and how long they are."""
    filled, distinct = int(draft.counts.sum()), len(draft.texts)
    sample = draft.texts.slice(0, _SAMPLE).to_pylist()
    prose = np.mean([len(text) for text in sample]) > _PROSE_CHARACTERS or (
        np.mean([len(text.split()) for text in sample]) >= _PROSE_WORDS
    )
    if prose and distinct > _FEW_VALUES:
        return ColumnType.TEXT
    if distinct > max(_FEW_VALUES, _UNIQUE_SHARE * filled):
        return ColumnType.IDENTIFIER
    if distinct <= max(_MANY_VALUES, _CATEGORY_SHARE * filled):
        return ColumnType.CATEGORY
    return ColumnType.IDENTIFIER


def _if_it_varies(column: Column) -> Column:
    if column.distinct == 0:
        return replace(column, type=ColumnType.EMPTY)
    if column.distinct == 1:
        return replace(column, type=ColumnType.CONSTANT, notes=(*column.notes, "always the same"))
    return column


def _as_identifier(column: Column) -> Column:
    """Return a column of whole numbers that only count or name its rows as ids."""
    if column.type is not ColumnType.NUMBER or column.distinct < max(_FEW_VALUES, len(column.values)):
        return column
    values = np.asarray(column.values, dtype=np.float64)
    counted = values.max() - values.min() == len(values) - 1
    named = not _ID_WORDS.isdisjoint(split_words(column.name))
    if not (np.equal(np.floor(values), values).all() and (counted or named)):
        return column
    return replace(column, type=ColumnType.IDENTIFIER, values=pc.cast(pc.cast(column.values, pa.int64()), pa.string()))


def split_words(name: str) -> tuple[str, ...]:
    """Return the words of a column name in small letters: ``ClosedWonAmount``, ``closed_won amount``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^\w]|_", " ", name)
    return tuple(spaced.casefold().split())


def _example(draft: _Draft, which: Mask) -> str:
    return str(draft.texts[int(np.argmax(which))].as_py())


def _quote(cell: str) -> str:
    return repr(cell if len(cell) <= _PROSE_CHARACTERS else f"{cell[: _PROSE_CHARACTERS - 1]}…")


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _say(count: int) -> str:
    return "says" if count == 1 else "say"
