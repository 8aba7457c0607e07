"""Predict accounts that have no outcome yet by the models of a published snapshot."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import artefact
from pipeline.accounts import feature_values
from pipeline.columns import ColumnType, read_columns
from pipeline.errors import (
    ChangedColumnsError,
    ExistingFileError,
    NoIdsError,
    NothingToScoreError,
    UnwritableFileError,
)
from pipeline.readiness import match_names
from storage.records import FeatureKind
from storage.tables import stream_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from pipeline.artefact import Artefact
    from pipeline.columns import Column
    from storage.records import Feature, FeatureValue
    from storage.snapshots import Snapshot
    from storage.tables import Stream

    Read = Callable[[pa.Table, int], pd.Series]
    """Makes of a piece of the source, which begins at this row, what a model's encoder reads of one feature."""

# So much larger or smaller is another unit or scale, not another market.
_SCALE: Final = 50

PIECE_ROWS: Final = 65_536

_LOOKED_UP: Final = 10_000
_SHOWN: Final = 5
_NUMBERS: Final = {ColumnType.NUMBER, ColumnType.YES_NO}
_TEXTS: Final = {ColumnType.CATEGORY, ColumnType.YES_NO, ColumnType.NUMBER, ColumnType.CONSTANT, ColumnType.IDENTIFIER}


class Piece(NamedTuple):
    """The ids of some accounts and their predictions."""

    account_ids: pa.Array
    predicted: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Predictions in the unit of the snapshot's target, in the order of the source; ``notes`` are sentences.

    ``pieces`` are made as they are asked for, once.
    """

    pieces: Iterator[Piece]
    target: str
    notes: tuple[str, ...]


def score_file(
    source: str,
    snapshot: Snapshot,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    piece_rows: int = PIECE_ROWS,
) -> Scores:
    """Predict every row of a source by the mean of the snapshot's models.

    No model has seen a new account, so all of them speak; a missing value is the median of what each learnt from.
    Each column is judged over all rows before the first is predicted. Of a Parquet file no more is in memory at once
    than the ids, one column (those of text together, as one shows how another is written) or one piece.

    Raises a TableError, NoIdsError, NothingToScoreError, or ChangedColumnsError with every column that means something
    else by now.
    """
    models = artefact.load(snapshot.artefact())
    features = snapshot.features
    stream = stream_table(source, sheet=sheet, encoding=encoding)
    id_name = _find_id(models.metadata.get("id_column", ""), stream.names, source)
    ids = _read_ids(stream, id_name)
    names = match_names([feature.name for feature in features], stream.names)
    if not names:
        raise NothingToScoreError(source, [feature.name for feature in features])
    reads, notes = _judge(stream, snapshot, names)
    notes[:0] = _describe_rejected(0 if stream.table is None else len(stream.table.rejected))
    for feature in features:
        if feature.name not in reads:
            notes.append(f"{feature.name} is missing; every row is taken for typical in it.")
            reads[feature.name] = _read_nothing(feature)
    if not snapshot.info.card.ranks:
        notes.append("No model of this snapshot is better than a constant, so every row is predicted the same.")
    needed = list(dict.fromkeys(names.values()))
    pieces = _predict(models, reads, stream.pieces(needed, rows=piece_rows), ids)
    return Scores(pieces=pieces, target=snapshot.info.words.target, notes=tuple(notes))


def _judge(stream: Stream, snapshot: Snapshot, names: Mapping[str, str]) -> tuple[dict[str, Read], list[str]]:
    """Return how each feature that has values is read, and what there is to say; names are those of the columns.

    Raises ChangedColumnsError.
    """
    reads: dict[str, Read] = {}
    notes: list[str] = []
    faults: list[str] = []
    for together in _judged_together(stream, [names[each.name] for each in snapshot.features if each.name in names]):
        table = stream.read(together)
        columns = {column.name: column for column in read_columns(table)}
        for feature in snapshot.features:
            column = columns.get(names.get(feature.name, ""))
            if column is None or column.type is ColumnType.EMPTY:
                continue
            before = snapshot.values(feature)
            fault = _find_change(feature, column, before)
            if fault is None:
                values = _values(feature, column, np.arange(table.rows))
                fault = _compare(feature, values, before)
            if fault is not None:
                faults.append(fault)
                continue
            notes.extend(_describe_unseen(feature, values, before))
            reads[feature.name] = _settle(feature, table.cells.column(column.name), values, name=column.name)
    if faults:
        raise ChangedColumnsError(stream.source, faults)
    return reads, notes


def _judged_together(stream: Stream, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the columns that are judged at once: all of a table in memory, else those of text, and each other alone."""
    if stream.table is not None:
        yield list(stream.names)
        return
    distinct = dict.fromkeys(names)
    if texts := [name for name in distinct if name in stream.texts]:
        yield texts
    yield from ([name] for name in distinct if name not in stream.texts)


def _read_ids(stream: Stream, name: str) -> pa.Array:
    table = stream.read([name])
    [column] = read_columns(table, verbatim=(name,))
    ids = column.values  # noqa: PD011 - an Arrow array, no DataFrame
    if ids.null_count:
        line = int(table.lines[np.argmax(ids.is_null())])
        raise NoIdsError(stream.source, why=f"line {line} has no {name}; fill it in, or take the line out")
    return ids


def _settle(feature: Feature, cells: pa.ChunkedArray, values: pd.Series, *, name: str) -> Read:
    """Return how any piece of a column is read: as all of it was, whose values these are.

    Numbers mean what they are, and a cell means the same wherever it stands; where it would have to be looked up among
    too many the values are kept.
    """
    if feature.kind is FeatureKind.NUMBER and not pa.types.is_string(cells.type):
        return lambda piece, _: _read_numbers(piece.column(name))
    encoded = cells.combine_chunks().dictionary_encode()
    if len(encoded.dictionary) > _LOOKED_UP:
        return lambda piece, start: values.iloc[start : start + piece.num_rows].reset_index(drop=True)
    there = np.flatnonzero(np.asarray(encoded.indices.is_valid()))
    _, first = np.unique(np.asarray(encoded.indices.drop_null()), return_index=True)
    meanings = values.to_numpy()[there[first]].tolist()
    kind = np.float64 if feature.kind is FeatureKind.NUMBER else object
    settled = np.array([*meanings, None], dtype=kind)  # the last for an empty cell

    def look_up(piece: pa.Table, _: int) -> pd.Series:
        places = pc.index_in(piece.column(name), value_set=encoded.dictionary).fill_null(-1)
        return pd.Series(settled[np.asarray(places)])

    return look_up


def _read_numbers(cells: pa.ChunkedArray) -> pd.Series:
    numbers = np.asarray(pc.cast(cells, pa.float64(), safe=False).fill_null(np.nan), dtype=np.float64)
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan))


def _read_nothing(feature: Feature) -> Read:
    kind = "float64" if feature.kind is FeatureKind.NUMBER else "object"
    return lambda piece, _: pd.Series([None] * piece.num_rows, dtype=kind)


def _predict(models: Artefact, reads: Mapping[str, Read], pieces: Iterator[pa.Table], ids: pa.Array) -> Iterator[Piece]:
    start = 0
    for piece in pieces:
        frame = pd.DataFrame({name: read(piece, start) for name, read in reads.items()})
        predicted = np.mean([each.model.predict(each.encoder.transform(frame)) for each in models.models], axis=0)
        yield Piece(ids.slice(start, piece.num_rows), predicted)
        start += piece.num_rows


def write_scores(scores: Scores, path: Path | None) -> None:
    """Write a line for each account, piece by piece: as CSV to the terminal or a new file, or as a new Parquet file.

    What was written is removed again where the rest cannot be.
    """
    if path is None:
        _write_csv(scores, sys.stdout)
        return
    try:
        with path.open("xb") as stream:
            try:
                _write_file(scores, stream, parquet=path.suffix.lower() == ".parquet")
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise ExistingFileError(path) from error
    except OSError as error:
        raise UnwritableFileError(path, error) from error


def _write_file(scores: Scores, stream: BinaryIO, *, parquet: bool) -> None:
    if not parquet:
        text = TextIOWrapper(stream, "utf-8", newline="")
        _write_csv(scores, text)
        text.detach()
        return
    schema = pa.schema([("account_id", pa.string()), (f"predicted {scores.target}", pa.float64())])
    with pq.ParquetWriter(stream, schema) as writer:
        for piece in scores.pieces:
            writer.write_table(pa.table([piece.account_ids, pa.array(piece.predicted)], schema=schema))


def _write_csv(scores: Scores, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["account_id", f"predicted {scores.target}"])
    for piece in scores.pieces:
        written = (f"{value:.6g}" for value in piece.predicted)
        writer.writerows(zip(piece.account_ids.to_pylist(), written, strict=True))


def _find_id(wanted: str, names: Sequence[str], source: str) -> str:
    found = match_names([wanted, "account_id"], names)
    if not found:
        raise NoIdsError(source, why=f"it has no column {wanted!r}, which says which account a row is")
    return found.get(wanted) or found["account_id"]


def _find_change(feature: Feature, column: Column, before: Sequence[FeatureValue]) -> str | None:
    """Say that a column is of another type than when the models learnt from it."""
    if feature.kind is FeatureKind.CATEGORY:
        fits = column.type in _TEXTS and not (column.type is ColumnType.NUMBER and not _numeric(before))
    else:
        fits = column.type in _NUMBERS or (column.type is ColumnType.CONSTANT and _constant(column) is not None)
    return None if fits else f"{column.name} held a {feature.kind} and is now {column.type}"


def _values(feature: Feature, column: Column, positions: npt.NDArray[np.int64]) -> pd.Series:
    if feature.kind is FeatureKind.NUMBER and column.type is ColumnType.CONSTANT:
        return pd.Series(np.full(len(positions), _constant(column)))
    return feature_values(feature, column, positions)


def _constant(column: Column) -> float | None:
    """Return the number that every cell of a column holds, if it is one."""
    try:
        return float(column.values.drop_null()[0].as_py())  # noqa: PD011 - an Arrow array, no DataFrame
    except ValueError:
        return None


def _compare(feature: Feature, values: pd.Series, before: Sequence[FeatureValue]) -> str | None:
    """Say that a column is of another scale, or has no category in common with what the models learnt from."""
    known = [value for value in before if value is not None]
    now = values.dropna()
    if not known or now.empty:
        return None
    if feature.kind is FeatureKind.CATEGORY:
        if set(now) & set(known):
            return None
        return f"{feature.name} shares no value with before ({_list(sorted(set(map(str, now))))})"
    first, second = (float(np.median(np.abs(np.asarray(each, dtype=np.float64)))) for each in (known, now))
    if first and second and not 1 / _SCALE <= second / first <= _SCALE:
        return f"{feature.name} was about {first:.3g} and is now about {second:.3g}, as in another unit"
    return None


def _describe_unseen(feature: Feature, values: pd.Series, before: Sequence[FeatureValue]) -> Iterator[str]:
    if feature.kind is FeatureKind.CATEGORY:
        unseen = values[~values.isin([value for value in before if value is not None]) & values.notna()]
        if len(unseen):
            yield (
                f"{feature.name} has values that no model has seen, in {_rows(len(unseen))}: "
                f"{_list(sorted(set(map(str, unseen))))}."
            )
    if missing := int(values.isna().sum()):
        yield f"{feature.name} has no value in {_rows(missing)}; what is typical is taken."


def _describe_rejected(count: int) -> Iterator[str]:
    if count:
        yield f"{_rows(count)} could not be read and {'is' if count == 1 else 'are'} not scored."


def _numeric(values: Sequence[FeatureValue]) -> bool:
    return any(value is not None and str(value).replace(".", "", 1).lstrip("-").isdigit() for value in values)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
