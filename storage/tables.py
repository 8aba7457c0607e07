"""Read a table of accounts from whatever file holds it, its cells as they are."""

from __future__ import annotations

import hashlib
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb
import numpy as np
import pyarrow as pa

from storage.delimited import read_delimited
from storage.errors import (
    ArchiveError,
    DamagedTableError,
    EmptyTableError,
    ForeignFileError,
    NoRowsError,
    NoTableError,
    RemoteTableError,
    TableChoiceError,
    TooManyColumnsError,
)
from storage.raw_table import MOST_COLUMNS, RawTable, Reading
from storage.snapshot import read_only_connection
from storage.workbooks import read_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

# Files that people give by mistake, told by how they begin.
_FOREIGN: Final = (
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\x1f\x9d", "compressed in a way that is not read"),
    (b"BZh", "compressed with bzip2, which is not read"),
    (b"\xfd7zXZ", "compressed with xz, which is not read"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd, which is not read"),
    (b"<html", "a web page, as some programs save under the name of an Excel file"),
    (b"<!doctype html", "a web page, as some programs save under the name of an Excel file"),
)
_WORKBOOK_PARTS: Final = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}

# How DuckDB's types are read; all others become text.
_CASTS: Final = {
    "BOOLEAN": "BOOLEAN",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), "BIGINT"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), "DOUBLE"),
    "DATE": "DATE",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "TIMESTAMP"),
}


def read_table(source: str, *, sheet: str | None = None, encoding: str | None = None) -> RawTable:
    """Read a CSV or TSV file (also gzipped), a workbook, a Parquet file or ``duckdb:///file.db?table=name``.

    What a file is is told by its content, not by its name. ``sheet`` names a sheet of a workbook, ``encoding`` that of
    a text file, which is found out otherwise. As in other database URLs three slashes begin a path from here, four one
    from the root. Raises a TableError.
    """
    parts = urlsplit(source)
    if parts.scheme == "duckdb":
        tables = parse_qs(parts.query).get("table", [])
        path = Path(unquote(parts.path.removeprefix("/")))
        _look_into(path)
        return _read_database(path, source=source, wanted=tables[0] if tables else None)
    if "://" in source:
        raise RemoteTableError(source)
    path = Path(source)
    head = _look_into(path)
    if head[8:12] == b"DUCK":
        return _read_database(path, source=source, wanted=None)
    sha256 = _digest(path)
    if head.startswith(b"PAR1"):
        return _read_parquet(path, source=source, sha256=sha256)
    if head.startswith(b"PK") and _holds_workbook(path):
        return read_workbook(path, source=source, sha256=sha256, sheet=sheet)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return read_workbook(path, source=source, sha256=sha256, sheet=sheet)
    for beginning, what in _FOREIGN:
        if head.lstrip().lower().startswith(beginning.lower()):
            raise ForeignFileError(path, what)
    return read_delimited(path, source=source, sha256=sha256, gzipped=head.startswith(b"\x1f\x8b"), encoding=encoding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A source that is read a few columns at a time, or all its rows in pieces.

    ``texts`` are the names of the columns of text. A Parquet file is read again for whatever is asked, so that no more
    than that is in memory; of any other source the ``table`` is.
    """

    source: str
    names: tuple[str, ...]
    texts: frozenset[str]
    sha256: str
    table: RawTable | None

    def read(self, names: Sequence[str]) -> RawTable:
        """Return all rows of these columns."""
        if self.table is not None:
            return replace(self.table, cells=self.table.cells.select(list(names)))
        path = Path(self.source)
        with _open_parquet(path) as database:
            reading = Reading(format="Parquet")
            return _collect(
                database, "incoming", path, source=self.source, sha256=self.sha256, reading=reading, names=names
            )

    def pieces(self, names: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
        """Yield these columns in the order of the rows, so many rows at a time."""
        if self.table is not None:
            cells = self.table.cells.select(list(names))
            yield from (cells.slice(start, rows) for start in range(0, cells.num_rows, rows))
            return
        with _open_parquet(Path(self.source)) as database:
            described = _describe(database, "incoming", names)
            for batch in database.sql(_select("incoming", described)).to_arrow_reader(rows):
                yield pa.Table.from_batches([batch])


def stream_table(source: str, *, sheet: str | None = None, encoding: str | None = None) -> Stream:
    """Open what ``read_table`` reads, to be read in parts; raises a TableError."""
    path = Path(source)
    if "://" in source or not _look_into(path).startswith(b"PAR1"):
        table = read_table(source, sheet=sheet, encoding=encoding)
        texts = {field.name for field in table.cells.schema if pa.types.is_string(field.type)}
        return Stream(source=source, names=table.names, texts=frozenset(texts), sha256=table.sha256, table=table)
    with _open_parquet(path) as database:
        described = _describe(database, "incoming")
        _check_width(path, described)
        if not database.execute("SELECT 1 FROM incoming LIMIT 1").fetchone():
            raise NoRowsError(path, line=0)
        texts = {name for name, kind in described if _plain_type(kind) == "VARCHAR"}
        names = tuple(name for name, _ in described)
        return Stream(source=source, names=names, texts=frozenset(texts), sha256=_digest(path), table=None)


def _look_into(path: Path) -> bytes:
    """Return the first bytes of a file that must have some."""
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except FileNotFoundError as error:
        raise NoTableError(path, "there is no such file") from error
    except IsADirectoryError as error:
        raise NoTableError(path, "it is a directory where a file is needed") from error
    except PermissionError as error:
        raise NoTableError(path, "you may not read it") from error
    except (OSError, ValueError) as error:  # a part of the path is a file, the name is too long or holds a NUL
        raise NoTableError(path, "it is not the path of a file") from error
    if not head:
        raise EmptyTableError(path)
    return head


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _holds_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except zipfile.BadZipFile as error:
        raise DamagedTableError(path, "it begins like a ZIP archive or a workbook and does not end like one") from error
    if _WORKBOOK_PARTS.isdisjoint(members):
        raise ArchiveError(path, members)
    return True


def _read_parquet(path: Path, *, source: str, sha256: str) -> RawTable:
    with _open_parquet(path) as database:
        return _collect(database, "incoming", path, source=source, sha256=sha256, reading=Reading(format="Parquet"))


@contextmanager
def _open_parquet(path: Path) -> Iterator[DuckDBPyConnection]:
    """Lend a connection in which the file is the view ``incoming``."""
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
        # A * in a path is part of its name, not a pattern.
        literal = "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
        database.execute("SET TimeZone = 'UTC'")
        try:
            database.execute("CREATE TEMP VIEW incoming AS FROM read_parquet(" + _quote(literal, "'") + ")")
            yield database
        except duckdb.Error as error:
            raise DamagedTableError(path, f"no Parquet could be read from it ({_first_line(error)})") from error


def _read_database(path: Path, *, source: str, wanted: str | None) -> RawTable:
    try:
        with read_only_connection(path) as database:
            found = database.execute(
                """
                SELECT table_schema, table_name
                FROM information_schema.tables
                WHERE table_catalog = current_database()
                ORDER BY table_schema, table_name
                """
            ).fetchall()
            tables = {name if schema == "main" else f"{schema}.{name}": (schema, name) for schema, name in found}
            if wanted is None and len(tables) == 1:
                wanted = next(iter(tables))
            if wanted is None or wanted not in tables:
                raise TableChoiceError(path, tables=sorted(tables), wanted=wanted)
            name = ".".join(_quote(part, '"') for part in tables[wanted])
            reading = Reading(format="DuckDB", table=wanted)
            return _collect(database, name, path, source=source, sha256=_digest(path), reading=reading)
    except duckdb.Error as error:
        raise DamagedTableError(path, f"DuckDB could not read it ({_first_line(error)})") from error


def _collect(
    database: DuckDBPyConnection,
    relation: str,
    path: Path,
    *,
    source: str,
    sha256: str,
    reading: Reading,
    names: Sequence[str] | None = None,
) -> RawTable:
    """Return every row of a relation, whose name is quoted already, in its own order; of these columns, or of all."""
    described = _describe(database, relation, names)
    _check_width(path, described)
    table = database.sql(_select(relation, described)).to_arrow_table().combine_chunks()
    if not table.num_rows:
        raise NoRowsError(path, line=0)
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return RawTable(source=source, cells=table, lines=lines, rejected=(), reading=reading, sha256=sha256)


def _describe(database: DuckDBPyConnection, relation: str, names: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return the names and types of these columns, or of all."""
    selected = "*" if names is None else ", ".join(_quote(name, '"') for name in names)
    described = database.execute(f"DESCRIBE SELECT {selected} FROM {relation}").fetchall()
    return [(name, kind) for name, kind, *_ in described]


def _check_width(path: Path, described: Sequence[tuple[str, str]]) -> None:
    if len(described) > MOST_COLUMNS:
        raise TooManyColumnsError(path, columns=len(described), most=MOST_COLUMNS)


def _select(relation: str, described: Sequence[tuple[str, str]]) -> str:
    return f"SELECT {', '.join(_cast(name, kind) for name, kind in described)} FROM {relation}"


def _cast(name: str, kind: str) -> str:
    quoted = _quote(name, '"')
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({quoted} AT TIME ZONE 'UTC' AS TIMESTAMP) AS {quoted}"
    return f"CAST({quoted} AS {_plain_type(kind)}) AS {quoted}"


def _plain_type(kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return "TIMESTAMP"
    return "VARCHAR" if kind.endswith("]") else _CASTS.get(kind.partition("(")[0], "VARCHAR")


def _quote(name: str, mark: str) -> str:
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]
