"""Read tables from text files with separators, whatever their dialect."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.encodings import rewrite_as_utf8
from storage.errors import (
    EmptyTableError,
    LongCellError,
    MissingNamesError,
    NoRowsError,
    OneColumnError,
    QuotedLinesError,
    RaggedTableError,
    UnclosedQuoteError,
)
from storage.raw_table import RawTable, Reading, RejectedLine, name_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DELIMITERS: Final = ",;\t|"

# Rows that become Arrow at once: bounds memory, and keeps Python's collector from walking them again and again.
_BATCH_ROWS: Final = 2048

# Beyond this share of lines that are no rows, those that look like rows are probably none either.
_MOST_REJECTED: Final = 0.05

# A title has at most this share of the separators that the column names have.
_TITLE_SHARE: Final = 0.4

# How many rows are looked at to tell column names from an account.
_SAMPLE_ROWS: Final = 100


def read_delimited(path: Path, *, source: str, sha256: str, gzipped: bool, encoding: str | None = None) -> RawTable:
    """Read a text file of any common encoding, or the one named, and dialect, every cell exactly as it stands there.

    A line that does not fit the column names is rejected with its reason; too many of them are a RaggedTableError.
    """
    with tempfile.TemporaryDirectory(prefix="precall-") as folder:
        text = Path(folder) / "table.csv"
        encoding, guessed = rewrite_as_utf8(path, text, gzipped=gzipped, named=encoding)
        dialect = _sniff(text, path)
        with text.open(encoding="utf-8", newline="") as stream:
            rows = _Rows(stream, dialect, path)
            cells = _Cells(rows, path)
    return RawTable(
        source=source,
        cells=cells.table,
        lines=np.array(cells.lines, dtype=np.int64),
        rejected=tuple(rows.rejected),
        reading=Reading(
            format="CSV",
            encoding=encoding,
            encoding_guessed=guessed,
            compression="gzip" if gzipped else "",
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            header_line=cells.header_line,
            preamble=dialect.preamble,
        ),
        sha256=sha256,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """How cells are told apart. ``skip`` lines come before the one with the names, ``preamble`` of them not blank."""

    delimiter: str
    quote: str
    backslash: bool
    spaced: bool
    skip: int
    preamble: int


def _sniff(text: Path, path: Path) -> _Dialect:
    """Let DuckDB find the dialect; where it sees one column only, take the commonest separator of the first line."""
    delimiter, quote, escape, skip = _ask_duckdb(text)
    with text.open(encoding="utf-8", newline="") as stream:
        above = [stream.readline(2**20) for _ in range(skip)]
        header = next((line for line in stream if line.strip()), "")
    if not header and not any(line.strip() for line in above):
        raise EmptyTableError(path)
    if delimiter not in _DELIMITERS or delimiter not in header:
        skip, above = 0, []
        with text.open(encoding="utf-8", newline="") as stream:
            header = next(line for line in stream if line.strip())
        delimiter = max(_DELIMITERS, key=header.count)
    wide = [place for place, line in enumerate(above) if line.count(delimiter) > _TITLE_SHARE * header.count(delimiter)]
    if wide:
        # So wide a line is no title: these are the column names, one or two of them missing, and no row fits them.
        skip, above, header = wide[0], above[: wide[0]], above[wide[0]]
    pieces = header.split(delimiter)[1:]
    return _Dialect(
        delimiter=delimiter,
        quote="'" if quote == "'" else '"',
        backslash=escape == "\\",
        spaced=bool(pieces) and delimiter != "\t" and all(piece.startswith(" ") for piece in pieces),
        skip=skip,
        preamble=sum(bool(line.strip()) for line in above),
    )


def _ask_duckdb(text: Path) -> tuple[str, str, str, int]:
    """Return separator, quote, escape and the number of lines above the names; ``("", "", "", 0)`` if it can't tell."""
    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as database:
        try:
            found = database.execute(
                """
                SELECT Delimiter, Quote, Escape, SkipRows
                FROM sniff_csv($path, all_varchar = true, comment = '', max_line_size = 10_000_000)
                """,
                {"path": str(text)},
            ).fetchone()
        except duckdb.Error:
            # A file that it cannot make sense of is read below all the same, where a fault gets its line.
            found = None
    return ("", "", "", 0) if found is None else found


class _Rows:
    """The rows of a stream that csv can read, as (line, cells); lines that are no rows gather in ``rejected``."""

    def __init__(self, stream: IO[str], dialect: _Dialect, path: Path) -> None:
        self.rejected: list[RejectedLine] = []
        self._path = path
        self._skip = dialect.skip
        for _ in range(dialect.skip):
            stream.readline()
        self._reader = csv.reader(
            stream,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            doublequote=not dialect.backslash,
            escapechar="\\" if dialect.backslash else None,
            skipinitialspace=dialect.spaced,
            strict=True,
        )

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._skip + self._reader.line_num + 1
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._judge(error, line)
                continue
            if row:
                yield line, row

    def _judge(self, error: csv.Error, line: int) -> None:
        # csv tells its errors apart by their text only.
        if "field limit" in str(error):
            raise LongCellError(self._path, line=line, most=csv.field_size_limit()) from error
        if "unexpected end" in str(error):
            raise UnclosedQuoteError(self._path, line=line) from error
        self.rejected.append(RejectedLine(line=line, reason="has text between a closing quote and the next separator"))


class _Cells:
    """The table below the column names, gathered batch by batch."""

    def __init__(self, rows: _Rows, path: Path) -> None:
        self.lines: list[int] = []
        incoming = iter(rows)
        self.header_line, header = next(incoming, (0, []))
        if not header:
            raise EmptyTableError(path)
        if len(header) == 1:
            raise _explain_one_column(path, self.header_line, header[0])
        names = name_columns(header, path=path, line=self.header_line)
        batches: list[pa.RecordBatch] = []
        pending: list[list[str]] = []
        for line, row in incoming:
            if len(row) != len(names):
                reason = f"has {_cells(len(row))} where the column names are {len(names)}"
                rows.rejected.append(RejectedLine(line=line, reason=reason))
                continue
            self.lines.append(line)
            pending.append(row)
            if len(pending) == _BATCH_ROWS:
                batches.append(_to_arrow(pending, names))
                pending = []
        if pending:
            batches.append(_to_arrow(pending, names))
        self._check_rejected(rows.rejected, path)
        if not batches:
            raise NoRowsError(path, line=self.header_line)
        _check_names(header, batches[0].slice(0, _SAMPLE_ROWS), path=path, line=self.header_line)
        self.table = pa.Table.from_batches(batches)

    def _check_rejected(self, rejected: Sequence[RejectedLine], path: Path) -> None:
        if len(rejected) > _MOST_REJECTED * (len(rejected) + len(self.lines)):
            first = rejected[0]
            raise RaggedTableError(path, rejected=len(rejected), read=len(self.lines), first=(first.line, first.reason))


def _explain_one_column(path: Path, line: int, name: str) -> OneColumnError | QuotedLinesError:
    if any(delimiter in name for delimiter in _DELIMITERS):
        return QuotedLinesError(path, line=line)
    return OneColumnError(path, line=line, name=name)


def _to_arrow(rows: list[list[str]], names: Sequence[str]) -> pa.RecordBatch:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(
        [pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column) for column in columns], names=names
    )


def _check_names(header: Sequence[str], rows: pa.RecordBatch, *, path: Path, line: int) -> None:
    """Raise MissingNamesError if a name is a number and none stands in words above numbers.

    Names that count on (2023, 2024, 2025) are names.
    """
    numbers = [cell for cell in header if _is_number(cell)]
    counting = len(numbers) > 1 and all(
        float(later) - float(earlier) == 1 for earlier, later in pairwise(cell.replace(",", ".") for cell in numbers)
    )
    if not numbers or counting:
        return
    for name, column in zip(header, rows.columns, strict=True):
        values = [cell for cell in column.to_pylist() if cell is not None]
        if name.strip() and not _is_number(name) and values and all(_is_number(value) for value in values):
            return
    raise MissingNamesError(path, line=line, cell=numbers[0])


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return any(character.isdigit() for character in cell)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
