"""Can a model be trained on this table? Fitness, reasons, and what was done with every row and column."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.columns import Column, ColumnType, split_words
from pipeline.leaks import Leak, find_leaks
from storage.records import Fitness
from storage.wellformed import without_invisible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from pipeline.pack import Pack
    from storage.raw_table import RawTable

    Rows = npt.NDArray[np.int64]

FEWEST_ROWS: Final = 40
FEW_ROWS: Final = 150
LONGEST_ID: Final = 100  # characters: ids are typed, shown and sent in every button

_SHOWN: Final = 5
_FEW_FEATURES: Final = 3
_SPARSE: Final = 0.5
_MOST_DROPPED: Final = 0.1
_TOP_SHARE: Final = 0.5
_HIGHEST_SHARE: Final = 1.5  # a growth may exceed 1; that half of the values do so means another unit
_PERSONAL_SHARE: Final = 0.5
_EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_PHONE: Final = r"^\+?[0-9(][0-9 ()./-]{6,}[0-9]$"
_PERSONAL_NAMES: Final = (
    {"email"},
    {"e", "mail"},
    {"phone"},
    {"mobile"},
    {"fax"},
    {"ssn"},
    {"birthday"},
    {"birthdate"},
    {"dob"},
    {"first", "name"},
    {"last", "name"},
    {"full", "name"},
    {"contact", "name"},
    {"contact", "person"},
    {"street"},
)  # fmt: skip - one screen line a kind
_USELESS: Final = {
    ColumnType.EMPTY: "nothing in it",
    ColumnType.CONSTANT: "the same everywhere",
    ColumnType.TEXT: "free text",
    ColumnType.IDENTIFIER: "different in nearly every row",
    ColumnType.MIXED: "follows no one convention",
    ColumnType.DATE: "a date, which the model does not read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Rows that are not used: why, how many, and the lines of the first."""

    reason: str
    count: int
    lines: tuple[int, ...]

    def __str__(self) -> str:
        listed = ", ".join(map(str, self.lines)) + (", …" if self.count > len(self.lines) else "")
        return f"{_count(self.count, 'row')} {self.reason} (line {listed})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReport:
    """What a column is and what is done with it; ``used`` says whether the model reads it."""

    name: str
    type: ColumnType
    missing_share: float
    distinct: int
    used: bool
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """A verdict on a table, with everything that led to it.

    ``reasons`` are sentences; there is at least one unless the verdict is ready. ``positions`` are the rows to use,
    counted from 0 in the order of the table, of which ``rows_to_predict`` have no outcome yet; ``features`` the columns
    to train on, named as in the pack, and ``names`` what the table calls each column that the pack names.
    ``conflicting`` are ids that stand for different rows.
    """

    verdict: Fitness
    reasons: tuple[str, ...]
    source: str
    reading: str
    rows_read: int
    rows_used: int
    rows_to_predict: int
    dropped: tuple[Dropped, ...]
    merged: int
    conflicting: tuple[str, ...]
    columns: tuple[ColumnReport, ...]
    leaks: tuple[Leak, ...]
    features: tuple[str, ...]
    names: Mapping[str, str]
    positions: Rows

    @property
    def findings(self) -> tuple[str, ...]:
        """What led to the verdict, short: the reasons, and what became of the rows."""
        rows = f"{self.rows_used:,} of {self.rows_read:,} rows used"
        if self.rows_to_predict:
            rows += f", {self.rows_to_predict:,} of them without an outcome"
        return (*self.reasons, f"{rows}.", *(f"{each}." for each in self.dropped))


def match_names(wanted: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """Return what a table calls each wanted column: the same name, or the only one of the same words.

    ``Account ID`` and ``accountId`` are ``account_id``.
    """
    by_words = defaultdict(list)
    for name in names:
        by_words[split_words(name)].append(name)
    found = {}
    for column in wanted:
        alike = by_words[split_words(column)] if split_words(column) else []
        if column in names:
            found[column] = column
        elif len(alike) == 1:
            found[column] = alike[0]
    return found


def name_verbatim(pack: Pack, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a table that must be read as they are: its ids."""
    found = match_names([pack.columns.id], names)
    return tuple(found.values())


def assess(table: RawTable, columns: Sequence[Column], pack: Pack, *, findings: Sequence[str] = ()) -> Readiness:
    """Judge whether a model can be trained on a table whose ids were read verbatim; say what is used and what not.

    ``findings`` are sentences on how the pack came about, which call for care.
    """
    names = match_names(_wanted(pack), table.names)
    by_name = {column.name: column for column in columns}
    stop = _find_missing(pack, names, by_name)
    rows = _Rows(table, by_name, pack, names, usable=not stop)
    reports, leaks = _judge_columns(pack, names, columns, rows.known)
    used = {report.name for report in reports if report.used}
    features = tuple(feature.name for feature in pack.features if names.get(feature.name) in used)
    stop = [*_too_few(table, len(rows.known)), *stop, *rows.stop]
    if not stop and not features:
        stop = [f"{table.source} has no feature of the pack that can be used; `precall init` drafts a pack from it."]
    care = (
        []
        if stop
        else [
            *findings,
            *_cautions(table, by_name, pack=pack, names=names, rows=rows, features=features, leaks=leaks),
        ]
    )
    return Readiness(
        verdict=Fitness.NOT_READY if stop else Fitness.CARE if care else Fitness.READY,
        reasons=tuple(stop or care),
        source=table.source,
        reading=str(table.reading),
        rows_read=table.rows + len(table.rejected),
        rows_used=len(rows.kept),
        rows_to_predict=len(rows.kept) - len(rows.known),
        dropped=tuple(rows.dropped),
        merged=rows.merged,
        conflicting=rows.conflicting,
        columns=reports,
        leaks=leaks,
        features=features,
        names=names,
        positions=rows.kept,
    )


def _wanted(pack: Pack) -> list[str]:
    return [
        *pack.columns.named().values(),
        pack.target.column,
        *(feature.name for feature in pack.features),
        *(column.column for column in pack.never),
        *(promotion.column for promotion in pack.promotions),
    ]


def _find_missing(pack: Pack, names: Mapping[str, str], columns: Mapping[str, Column]) -> list[str]:
    """Return why there is no id or no target to work with."""
    faults = [
        f"The table has no column {column!r}, which the pack {pack.name} takes for the {role}."
        for role, column in (("id", pack.columns.id), ("target", pack.target.column))
        if column not in names
    ]
    target = columns.get(names.get(pack.target.column, ""))
    if target is not None and target.type not in {ColumnType.NUMBER, ColumnType.YES_NO}:
        details = "; ".join(map(str, target.faults))
        faults.append(
            f"The target {target.name!r} is no column of varying numbers but {target.type}"
            + (f" ({details})." if details else ".")
        )
    return faults


class _Rows:
    """Which rows are used, of which the outcome is known, and what became of the others."""

    def __init__(
        self, table: RawTable, columns: Mapping[str, Column], pack: Pack, names: Mapping[str, str], *, usable: bool
    ) -> None:
        self.dropped: list[Dropped] = []
        self.stop: list[str] = []
        self.merged = 0
        self.conflicting: tuple[str, ...] = ()
        self.kept: Rows = np.arange(table.rows)
        self.known = self.kept
        self._table = table
        by_reason: dict[str, list[int]] = defaultdict(list)
        for rejected in table.rejected:
            by_reason[rejected.reason].append(rejected.line)
        self.dropped += [
            Dropped(reason=reason, count=len(lines), lines=tuple(lines[:_SHOWN])) for reason, lines in by_reason.items()
        ]
        if not usable:
            return
        ids = columns[names[pack.columns.id]].values
        self._drop("without an id", np.asarray(pc.is_null(ids)))
        self._drop(
            f"with an id that nobody can type, of more than {LONGEST_ID} characters or with invisible ones",
            np.array([not _can_be_typed(each) for each in ids.to_pylist()], dtype=bool),
        )
        unknown = np.asarray(pc.is_null(columns[names[pack.target.column]].values))
        learnt_from = pc.is_in(ids, pc.filter(ids, pa.array(~unknown)).drop_null())
        self._drop(
            f"without a number in the target {names[pack.target.column]!r}, of ids that have another row with one",
            unknown & np.asarray(learnt_from),
        )
        self._merge(ids, columns.get(names.get(pack.columns.time or "", "")))
        self.known = self.kept[~unknown[self.kept]]

    def _drop(self, reason: str, which: npt.NDArray[np.bool_]) -> None:
        gone = self.kept[which[self.kept]]
        if len(gone):
            lines = tuple(int(line) for line in self._table.lines[gone[:_SHOWN]])
            self.dropped.append(Dropped(reason=reason, count=len(gone), lines=lines))
            self.kept = self.kept[~which[self.kept]]

    def _merge(self, ids: pa.Array, time: Column | None) -> None:
        """Keep one of each set of equal rows; note ids (at one time, if the pack names one) whose rows differ."""
        encoded = np.asarray(ids.dictionary_encode().indices.fill_null(-1))[self.kept]
        if time is not None:
            moments = np.asarray(time.values.dictionary_encode().indices.fill_null(-1))[self.kept]
            encoded = encoded.astype(np.int64) * (moments.max(initial=0) + 2) + moments
        _, inverse, counts = np.unique(encoded, return_inverse=True, return_counts=True)
        repeated = self.kept[counts[inverse] > 1]
        if not len(repeated):
            return
        rows = self._table.cells.take(pa.array(repeated)).to_pylist()
        first: dict[int, tuple[str, ...]] = {}
        seen: set[int] = set()
        copies = np.zeros(self._table.rows, dtype=bool)
        conflicting: dict[str, int] = {}
        for position, key, row in zip(repeated, encoded[counts[inverse] > 1], rows, strict=True):
            cells = tuple(map(str, row.values()))
            if first.setdefault(int(key), cells) != cells:
                conflicting[ids[int(position)].as_py()] = int(self._table.lines[position])
            else:
                copies[position] = int(key) in seen
            seen.add(int(key))
        self.merged = int(copies.sum())
        self._drop("that are exact copies of an earlier one", copies)
        if conflicting:
            self.conflicting = tuple(conflicting)
            have = "has" if len(conflicting) == 1 else "have"
            listed = ", ".join(f"{account!r} (line {line})" for account, line in list(conflicting.items())[:_SHOWN])
            more = f" and {len(conflicting) - _SHOWN} more" if len(conflicting) > _SHOWN else ""
            self.stop.append(
                f"{_count(len(conflicting), 'id')} in {self._table.source} {have} several rows "
                f"that differ: {listed}{more}; keep one row for each."
            )


def _judge_columns(
    pack: Pack, names: Mapping[str, str], columns: Sequence[Column], kept: Rows
) -> tuple[tuple[ColumnReport, ...], tuple[Leak, ...]]:
    """Return a report on every column, and the features suspected to know the target."""
    roles = {names[column]: role for role, column in pack.columns.named().items() if column in names}
    never = {names[column.column]: column.reason for column in pack.never if column.column in names}
    promotions = {names[promotion.column] for promotion in pack.promotions if promotion.column in names}
    features = {names[feature.name] for feature in pack.features if feature.name in names}
    target_name = names.get(pack.target.column)
    reports = {}
    for column in columns:
        why_not = _why_not(column)
        if column.name in never:
            used, done = False, f"never used: {never[column.name]}"
        elif column.name == target_name:
            used, done = False, "the target"
        elif column.name in features:
            used, done = why_not is None, f"ignored: {why_not}" if why_not else "used"
        elif column.name in roles:
            used, done = False, f"the {roles[column.name]} of the account"
        elif column.name in promotions:
            used, done = False, "chooses the promotion"
        else:
            used, done = False, f"ignored: {why_not or 'not in the pack'}"
        reports[column.name] = ColumnReport(
            name=column.name,
            type=column.type,
            missing_share=column.missing_share,
            distinct=column.distinct,
            used=used,
            done="; ".join([done, *map(str, column.faults), *column.notes]),
        )
    leaks = _suspect(pack, names, columns, {name for name, report in reports.items() if report.used}, kept)
    for leak in leaks:
        report = reports[leak.column]
        verdict = "used, for the pack allows it, though it" if leak.allowed else "left out as a suspected leak: it"
        reports[leak.column] = replace(report, used=leak.allowed, done=f"{verdict} {leak.how}")
    return tuple(reports.values()), leaks


def _suspect(
    pack: Pack, names: Mapping[str, str], columns: Sequence[Column], used: set[str], kept: Rows
) -> tuple[Leak, ...]:
    by_name = {column.name: column for column in columns}
    target = by_name.get(names.get(pack.target.column, ""))
    if target is None or target.type not in {ColumnType.NUMBER, ColumnType.YES_NO}:
        return ()
    values = {name: _to_numbers(by_name[name])[kept] for name in by_name if name in used}
    allowed = {names[name] for name in pack.allow_leaks if name in names}
    leaks = find_leaks(values, _to_numbers(target)[kept], target_name=target.name)
    return tuple(replace(leak, allowed=leak.column in allowed) for leak in leaks)


def _to_numbers(column: Column) -> npt.NDArray[np.float64]:
    values = column.values
    if pa.types.is_string(values.type):
        values = pc.cast(values.dictionary_encode().indices, pa.float64())
    return np.asarray(pc.fill_null(values, np.nan), dtype=np.float64)


def _why_not(column: Column) -> str | None:
    """Return why a column is of no use to a model, or None."""
    if is_personal(column):
        return "personal data"
    return _USELESS.get(column.type)


def is_personal(column: Column) -> bool:
    """Tell whether a column names or reaches a person, by its name or by its cells."""
    words = set(split_words(column.name))
    if any(name <= words for name in _PERSONAL_NAMES) and column.type not in {ColumnType.NUMBER, ColumnType.YES_NO}:
        return True
    if not pa.types.is_string(column.values.type) or column.values.null_count == len(column.values):
        return False
    return any(
        (pc.mean(pc.cast(pc.match_substring_regex(column.values, pattern), pa.float64())).as_py() or 0)
        > _PERSONAL_SHARE
        for pattern in (_EMAIL, _PHONE)
        if pattern is _EMAIL or (column.type is ColumnType.IDENTIFIER and not _digits_only(column))
    )


def _digits_only(column: Column) -> bool:
    return bool(pc.all(pc.match_substring_regex(column.values.drop_null(), "^[0-9]*$")).as_py())


def _too_few(table: RawTable, known: int) -> Iterable[str]:
    if known < FEWEST_ROWS:
        yield (
            f"{table.source} has {_count(known, 'usable row')} with an outcome; at least {FEWEST_ROWS} are needed to "
            f"say anything, so export more accounts."
        )


def _cautions(
    table: RawTable,
    columns: Mapping[str, Column],
    *,
    pack: Pack,
    names: Mapping[str, str],
    rows: _Rows,
    features: Sequence[str],
    leaks: Sequence[Leak],
) -> Iterable[str]:
    if len(rows.known) < FEW_ROWS:
        yield f"Only {len(rows.known)} rows teach the model; below {FEW_ROWS} every figure about it is rough."
    read = table.rows + len(table.rejected)
    lost = read - len(rows.kept) - rows.merged
    if lost > _MOST_DROPPED * read:
        yield f"{lost} of {read} rows ({lost / read:.0%}) could not be used."
    if len(features) < _FEW_FEATURES:
        yield f"Only {_count(len(features), 'feature')} can be used."
    absent = [feature.name for feature in pack.features if feature.name not in names]
    if absent:
        yield f"The table lacks {_count(len(absent), 'feature')} of the pack: {_list(absent)}."
    if leaks:
        named = [f"{leak.column} ({'allowed' if leak.allowed else 'left out'})" for leak in leaks]
        yield f"Suspected to know the target: {_list(named)}."
    used = [columns[names[feature]] for feature in features]
    mixed = [column.name for column in columns.values() if column.type is ColumnType.MIXED]
    if mixed:
        yield f"Ignored because they follow no one convention: {_list(mixed)}."
    yield from _doubtful_values(columns, pack=pack, names=names, kept=rows.kept, features=features)
    sparse = [column.name for column in used if column.missing_share > _SPARSE]
    if sparse:
        yield f"More than half of the cells are missing in {_list(sparse)}."
    target = columns[names[pack.target.column]]
    if target.faults:
        unread = sum(fault.count for fault in target.faults)
        yield f"The target has {_count(unread, 'cell')} that cannot be read, taken as not known."
    yield from _outliers(target, _to_numbers(target)[rows.known])


def _outliers(target: Column, values: npt.NDArray[np.float64]) -> Iterable[str]:
    sizes = np.sort(np.abs(values))[::-1]
    top = max(1, round(len(sizes) / 100))
    if sizes.sum() and (share := sizes[:top].sum() / sizes.sum()) > _TOP_SHARE:
        yield f"The largest {_count(top, 'row')} hold {share:.0%} of all {target.name!r}; every figure hangs on them."


def _doubtful_values(
    columns: Mapping[str, Column], *, pack: Pack, names: Mapping[str, str], kept: Rows, features: Sequence[str]
) -> Iterable[str]:
    percentages = [
        names[feature.name]
        for feature in pack.features
        if feature.name in features and feature.unit == "%" and _looks_like_hundreds(columns[names[feature.name]])
    ]
    if percentages:
        yield (
            f"Read as shares of 1, so that 0.35 is 35 %, are {_list(percentages)}; their values look like 35 for 35 %: "
            f"divide them by 100, or write the % sign into the cells."
        )
    ids = columns[names[pack.columns.id]].values.take(pa.array(kept)).unique()
    if alike := _differ_in_case(ids):
        yield (
            f"Ids that differ from another only in capitals are taken for different {pack.words.accounts}: "
            f"{_list(alike)}."
        )


def _looks_like_hundreds(column: Column) -> bool:
    """Tell whether most numbers of a column of percentages are no shares of 1."""
    values = _to_numbers(column) if column.type is ColumnType.NUMBER else np.empty(0)
    written_so = any("percentages" in note for note in column.notes)
    known = np.abs(values[~np.isnan(values) & (values != 0)])
    return not written_so and len(known) > 0 and float(np.median(known)) > _HIGHEST_SHARE


def _can_be_typed(account_id: str | None) -> bool:
    return account_id is None or (len(account_id) <= LONGEST_ID and without_invisible(account_id) == account_id)


def _differ_in_case(ids: pa.Array) -> list[str]:
    folded = pa.array([each.as_py().casefold() for each in ids], pa.string()).dictionary_encode()
    codes = np.asarray(folded.indices)
    alike = defaultdict(list)
    for place in np.flatnonzero(np.bincount(codes, minlength=1)[codes] > 1).tolist():
        alike[codes[place]].append(ids[place].as_py())
    return [" and ".join(map(repr, same)) for same in alike.values() if len(same) > 1]


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
