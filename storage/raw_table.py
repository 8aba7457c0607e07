"""A table as its source holds it: nothing interpreted, every row with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.errors import DuplicateNamesError, TooManyColumnsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

MOST_COLUMNS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedLine:
    """A line that could not be read as a row of the table."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a source was read; what does not apply to its format is empty.

    ``encoding_guessed`` is False where the file itself says its encoding (a byte order mark, or valid UTF-8).
    ``header_line`` is the line (Excel: row) of the column names, 0 where the format keeps them apart;
    ``preamble`` is how many lines with something in them stand above it and were skipped.
    """

    format: str
    encoding: str = ""
    encoding_guessed: bool = False
    compression: str = ""
    delimiter: str = ""
    quote: str = ""
    header_line: int = 0
    preamble: int = 0
    sheet: str = ""
    table: str = ""

    def __str__(self) -> str:
        delimiter = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}.get(
            self.delimiter, repr(self.delimiter)
        )
        parts = (
            self.format,
            f"{self.encoding}{' (guessed)' if self.encoding_guessed else ''}",
            self.compression,
            f"separated by {delimiter}" if self.delimiter else "",
            f"sheet {self.sheet!r}" if self.sheet else "",
            f"table {self.table!r}" if self.table else "",
            f"column names in line {self.header_line}" if self.header_line else "",
            f"what stands above them ({self.preamble} lines) skipped" if self.preamble > 1 else "",
            "the line above them skipped" if self.preamble == 1 else "",
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """The cells of a source, row by row.

    ``cells`` has one column for each of the source's, named as written there (one without a name is called after its
    place, ``column 3``). Columns of a text file are strings exactly as in the file, null where nothing is; those of
    Excel, Parquet and DuckDB are string, bool, int64, double, date32 or timestamp[us] (UTC). ``lines`` is where each
    row begins: a line of a text file, a row of a sheet, the place in a Parquet file or database table, all counted
    from 1. ``sha256`` is of the file's bytes.
    """

    source: str
    cells: pa.Table
    lines: npt.NDArray[np.int64]
    rejected: tuple[RejectedLine, ...]
    reading: Reading
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, each there once."""
        return tuple(self.cells.column_names)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return int(self.cells.num_rows)


def name_columns(header: Sequence[str], *, path: Path, line: int) -> tuple[str, ...]:
    """Return the names of the columns, made up where there is none; each must be there once."""
    if len(header) > MOST_COLUMNS:
        raise TooManyColumnsError(path, columns=len(header), most=MOST_COLUMNS)
    first: dict[str, int] = {}
    for place, name in enumerate(header, start=1):
        if name.strip() and name in first:
            raise DuplicateNamesError(path, line=line, name=name, places=(first[name], place))
        first.setdefault(name, place)
    return tuple(name if name.strip() else f"column {place}" for place, name in enumerate(header, start=1))
