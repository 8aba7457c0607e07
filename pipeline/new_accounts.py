"""Predict accounts that have no outcome yet by the models of a published snapshot."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

import numpy as np
import pandas as pd

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
from storage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from pipeline.columns import Column
    from storage.records import Feature, FeatureValue
    from storage.snapshots import Snapshot

# So much larger or smaller is another unit or scale, not another market.
_SCALE: Final = 50

_SHOWN: Final = 5
_NUMBERS: Final = {ColumnType.NUMBER, ColumnType.YES_NO}
_TEXTS: Final = {ColumnType.CATEGORY, ColumnType.YES_NO, ColumnType.NUMBER, ColumnType.CONSTANT, ColumnType.IDENTIFIER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Predictions in the unit of the snapshot's target, in the order of the source; ``notes`` are sentences."""

    account_ids: tuple[str, ...]
    predicted: npt.NDArray[np.float64]
    target: str
    notes: tuple[str, ...]


def score_file(source: str, snapshot: Snapshot, *, sheet: str | None = None, encoding: str | None = None) -> Scores:
    """Predict every row of a source by the mean of the snapshot's models.

    No model has seen a new account, so all of them speak; a missing value is the median of what each learnt from.
    Raises a TableError, NoIdsError, NothingToScoreError, or ChangedColumnsError with every column that means something
    else by now.
    """
    models = artefact.load(snapshot.artefact())
    features = snapshot.features
    table = read_table(source, sheet=sheet, encoding=encoding)
    id_name = _find_id(models.metadata.get("id_column", ""), table.names, source)
    columns = {column.name: column for column in read_columns(table, verbatim=(id_name,))}
    ids = columns[id_name].values.to_pylist()  # noqa: PD011 - an Arrow array, no DataFrame
    if None in ids:
        line = int(table.lines[ids.index(None)])
        raise NoIdsError(source, why=f"line {line} has no {id_name}; fill it in, or take the line out")
    names = match_names([feature.name for feature in features], table.names)
    if not names:
        raise NothingToScoreError(source, [feature.name for feature in features])
    positions = np.arange(table.rows)
    read: dict[str, pd.Series] = {}
    notes, faults = list(_describe_rejected(len(table.rejected))), []
    for feature in features:
        column = columns.get(names.get(feature.name, ""))
        if column is None or column.type is ColumnType.EMPTY:
            notes.append(f"{feature.name} is missing; every row is taken for typical in it.")
            kind = "float64" if feature.kind is FeatureKind.NUMBER else "object"
            read[feature.name] = pd.Series([None] * table.rows, dtype=kind)
            continue
        before = snapshot.values(feature)
        fault = _find_change(feature, column, before)
        if fault is None:
            read[feature.name] = _values(feature, column, positions)
            fault = _compare(feature, read[feature.name], before)
        if fault is None:
            notes.extend(_describe_unseen(feature, read[feature.name], before))
        else:
            faults.append(fault)
    if faults:
        raise ChangedColumnsError(source, faults)
    frame = pd.DataFrame(read)
    predicted = np.mean([each.model.predict(each.encoder.transform(frame)) for each in models.models], axis=0)
    if not snapshot.info.card.ranks:
        notes.append("No model of this snapshot is better than a constant, so every row is predicted the same.")
    return Scores(account_ids=tuple(ids), predicted=predicted, target=snapshot.info.words.target, notes=tuple(notes))


def write_scores(scores: Scores, path: Path | None) -> None:
    """Write a line for each account as CSV, into a new file or to the terminal."""
    if path is None:
        _write(scores, sys.stdout)
        return
    try:
        with path.open("x", encoding="utf-8", newline="") as stream:
            _write(scores, stream)
    except FileExistsError as error:
        raise ExistingFileError(path) from error
    except OSError as error:
        raise UnwritableFileError(path, error) from error


def _write(scores: Scores, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["account_id", f"predicted {scores.target}"])
    writer.writerows(
        (account_id, f"{value:.6g}") for account_id, value in zip(scores.account_ids, scores.predicted, strict=True)
    )


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
