"""What can go wrong with snapshots and state, each as a sentence that says where and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


class StorageError(Exception):
    """The base of everything that this package raises."""


class SnapshotError(StorageError):
    """The base of what goes wrong with snapshots."""


class NoSnapshotError(SnapshotError):
    """Nothing that can be read has been published."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"There is no readable snapshot in {root}. Run `precall build` to publish one.")
        self.root = root


class SnapshotGoneError(SnapshotError):
    """A snapshot that was asked for by its id is no longer, or never was, retained."""

    def __init__(self, snapshot_id: str) -> None:
        super().__init__(f"Snapshot {snapshot_id!r} is not kept any more. Ask again to use the newest one.")
        self.snapshot_id = snapshot_id


class OtherVersionError(SnapshotGoneError):
    """A snapshot has the form that another version of this program gave it, so this one does not read it."""

    def __init__(self, snapshot_id: str, *, schema: int, known: int) -> None:
        super().__init__(snapshot_id)
        self.is_older = schema < known

    def __str__(self) -> str:
        """Say by which version, and what to do."""
        built = f"Snapshot {self.snapshot_id} was built by"
        if self.is_older:
            return f"{built} an older version of precall. Run `precall build` to build again."
        return f"{built} a newer version of precall. Update precall to read it."


class OnlyOtherVersionsError(NoSnapshotError):
    """There are snapshots, but another version of this program has built those that are not damaged."""

    def __init__(self, root: Path, reason: OtherVersionError) -> None:
        super().__init__(root)
        self.reason = reason

    def __str__(self) -> str:
        """Say which version has built the newest."""
        return str(self.reason)


class DamagedSnapshotError(SnapshotError):
    """A file of a snapshot is not what its manifest says."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is damaged: {what}. Run `precall build` to publish a fresh snapshot.")
        self.path = path
        self.what = what


class OlderSnapshotError(SnapshotError):
    """The accounts to publish speak of an earlier moment than those already published."""

    def __init__(self, as_of: datetime, *, snapshot_id: str, current_as_of: datetime) -> None:
        super().__init__(
            f"The accounts to publish are of {as_of:%Y-%m-%d %H:%M:%S} UTC, older than those of snapshot {snapshot_id} "
            f"({current_as_of:%Y-%m-%d %H:%M:%S} UTC). Nothing was changed; build from newer accounts."
        )
        self.as_of = as_of
        self.snapshot_id = snapshot_id
        self.current_as_of = current_as_of


class InconsistentContentsError(SnapshotError):
    """What is to be published contradicts itself."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The snapshot was not published: {what}. The previous one stays in place.")
        self.what = what


class FaultyAccountsError(InconsistentContentsError):
    """Some accounts that are to be published contradict the rest of the snapshot or themselves."""

    def __init__(self, fault: str, *, first: str, count: int) -> None:
        others = "" if count == 1 else f" (and {count - 1} more)"
        super().__init__(f"account {first!r}{others} {fault}")
        self.first = first
        self.count = count


class FaultyChangesError(InconsistentContentsError):
    """Some changes since the previous snapshot contradict the accounts or themselves."""

    def __init__(self, fault: str, *, first: str, count: int) -> None:
        others = "" if count == 1 else f" (and {count - 1} more)"
        super().__init__(f"the change of account {first!r}{others} {fault}")
        self.first = first
        self.count = count


class PublishError(SnapshotError):
    """The files of a snapshot could not be written."""

    def __init__(self, root: Path, reason: Exception) -> None:
        super().__init__(
            f"No snapshot could be published in {root}: {reason}. "
            "The previous one stays in place; check free space and permissions there, then build again."
        )
        self.root = root


class UnreadableSnapshotError(SnapshotError):
    """A query of an open snapshot failed."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(f"{path} could not be read: {reason}. Ask again; if it stays so, run `precall build`.")
        self.path = path


class UnknownFeatureError(SnapshotError):
    """A feature that a snapshot does not have."""

    def __init__(self, name: str, *, snapshot_id: str) -> None:
        super().__init__(f"Snapshot {snapshot_id} has no feature {name!r}; its own `features` name those it has.")
        self.name = name
        self.snapshot_id = snapshot_id


class StateError(StorageError):
    """The base of what goes wrong with the state of the bot."""


class StateUnavailableError(StateError):
    """The state could not be read or written."""


class StateFileError(StateUnavailableError):
    """The file of the state could not be read or written."""

    def __init__(self, path: Path, reason: Exception) -> None:
        super().__init__(f"The state in {path} cannot be used: {reason}. Check that the folder exists and is writable.")
        self.path = path


class StateDatabaseError(StateUnavailableError):
    """The database server did not do what was asked of it; its own words may hold secrets or values and stay untold."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(
            f"The state in the database of DATABASE_URL cannot be used ({type(reason).__name__}). Check with "
            '`psql "$DATABASE_URL"` that it answers and that tables can be made in it.'
        )


class NewerStateError(StateError):
    """The state was written by a later version of this program."""

    def __init__(self, *, version: int, known: int) -> None:
        super().__init__(
            f"The state is of version {version}, this program knows versions up to {known}. Run the newer program."
        )
        self.version = version


class UnknownThreadError(StateError):
    """A thread that was never opened."""

    def __init__(self, channel: str, thread_ts: str) -> None:
        super().__init__(f"Thread {thread_ts} in {channel} was never opened here; ask for a brief to open one.")
        self.channel = channel
        self.thread_ts = thread_ts


class TableError(StorageError):
    """The base of what goes wrong with a table that somebody brings along."""


class NoTableError(TableError):
    """There is nothing at the path, or nothing that can be opened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read: {reason}. Check the path and who may read it.")
        self.path = path


class RemoteTableError(TableError):
    """A source that lies on another machine or is of a kind that is not read."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"{source!r} cannot be read from here: download it and give the path of the file, or name a table as "
            f"duckdb:///file.db?table=accounts."
        )


class ForeignFileError(TableError):
    """A file that holds something else than a table."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is {what}. Export the accounts as CSV, Excel or Parquet and give that file.")
        self.path = path


class ArchiveError(TableError):
    """A ZIP archive, whatever its name ends in."""

    def __init__(self, path: Path, members: Sequence[str]) -> None:
        listed = ", ".join(repr(member) for member in members[:3]) + (", …" if len(members) > 3 else "")  # noqa: PLR2004 - as many as are listed
        super().__init__(f"{path} is a ZIP archive (of {listed or 'nothing'}). Unpack it and give the file inside.")
        self.path = path


class DamagedTableError(TableError):
    """A file whose format is known and whose bytes do not follow it."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} is damaged: {what}. Export or download it again.")
        self.path = path


class LockedWorkbookError(TableError):
    """A workbook that asks for a password."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is protected by a password. Save a copy without one and give that.")
        self.path = path


class OversizedTableError(TableError):
    """A file that grows beyond what is read."""

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        super().__init__(
            f"{path} holds more than {most_bytes // 2**20} MiB of text. Export fewer columns or rows, "
            f"or save it as Parquet."
        )
        self.path = path


class EmptyTableError(TableError):
    """A file with nothing in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is empty. Export it again with a line of column names and one line for each account.")
        self.path = path


class NoRowsError(TableError):
    """Column names and nothing below them."""

    def __init__(self, path: Path, *, line: int) -> None:
        place = f"below the column names in line {line}" if line else "in its table"
        super().__init__(f"{path} has no rows {place}. Export it again with one line for each account.")
        self.path = path
        self.line = line


class MissingNamesError(TableError):
    """The line where column names should be holds an account."""

    def __init__(self, path: Path, *, line: int, cell: str) -> None:
        super().__init__(
            f"Line {line} of {path} should hold the column names but reads like an account (one of its cells is "
            f"{_shorten(cell)}). Put a line of column names above it."
        )
        self.path = path
        self.line = line


class DuplicateNamesError(TableError):
    """Two columns of one name, which nobody can tell apart."""

    def __init__(self, path: Path, *, line: int, name: str, places: tuple[int, int]) -> None:
        super().__init__(
            f"Columns {places[0]} and {places[1]} in line {line} of {path} are both named {_shorten(name)}. Rename or "
            f"remove one of them."
        )
        self.path = path
        self.name = name


class TooManyColumnsError(TableError):
    """More columns than any table of accounts has."""

    def __init__(self, path: Path, *, columns: int, most: int) -> None:
        super().__init__(
            f"{path} has {columns} columns where {most} is the most. Export one row for each account, not one column, "
            f"and only the columns that say something about it."
        )
        self.path = path
        self.columns = columns


class OneColumnError(TableError):
    """A table in which no second column could be found."""

    def __init__(self, path: Path, *, line: int, name: str) -> None:
        super().__init__(
            f"Line {line} of {path} holds one column only, {_shorten(name)}. Export it with commas, semicolons or tabs "
            f"between the columns: an id and what is known of each account."
        )
        self.path = path
        self.line = line


class QuotedLinesError(TableError):
    """Whole lines stand in quotes, so that each is one cell."""

    def __init__(self, path: Path, *, line: int) -> None:
        super().__init__(
            f"From line {line} on {path} has whole lines inside one pair of quotes, so that each is a single cell. "
            f"Export it again without quotes around whole lines."
        )
        self.path = path
        self.line = line


class UnclosedQuoteError(TableError):
    """A quote that is opened and never closed, so that the rest of the file is one cell."""

    def __init__(self, path: Path, *, line: int) -> None:
        super().__init__(
            f"The row that begins in line {line} of {path} opens a quote that is never closed. Close it or remove it "
            f"there, or export the file again."
        )
        self.path = path
        self.line = line


class LongCellError(TableError):
    """A cell longer than anything a person writes, which mostly is a quote gone astray."""

    def __init__(self, path: Path, *, line: int, most: int) -> None:
        super().__init__(
            f"The row that begins in line {line} of {path} has a cell of more than {most} characters. Shorten or leave "
            f"out that column; or close a quote that was left open there."
        )
        self.path = path
        self.line = line


class NulError(TableError):
    """A NUL character, which no text file holds."""

    def __init__(self, path: Path, *, line: int) -> None:
        super().__init__(
            f"Line {line} of {path} holds a NUL character, so it is no text file or a damaged one. Export it again as "
            f"CSV in UTF-8."
        )
        self.path = path
        self.line = line


class NoEncodingError(TableError):
    """A name that no encoding of text has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no encoding {name!r}; name one such as utf-8, cp1252, utf-16 or shift_jis.")


class UnknownEncodingError(TableError):
    """Text in an encoding that could not be told."""

    def __init__(self, path: Path, *, line: int) -> None:
        super().__init__(
            f"Line {line} of {path} holds characters in an encoding that could not be told. Export it again as CSV in "
            f"UTF-8, or name the encoding with --encoding."
        )
        self.path = path
        self.line = line


class RaggedTableError(TableError):
    """So many lines that are no rows that the others cannot be trusted."""

    def __init__(self, path: Path, *, rejected: int, read: int, first: tuple[int, str]) -> None:
        line, reason = first
        super().__init__(
            f"{rejected} of {rejected + read} rows of {path} do not fit its column names; the first is line {line}, "
            f"which {reason}. Export it again with every cell that holds the separator in quotes."
        )
        self.path = path
        self.line = line


class SheetChoiceError(TableError):
    """A workbook of which it is not clear which sheet is meant."""

    def __init__(self, path: Path, *, sheets: Sequence[str], wanted: str | None) -> None:
        problem = f"has no sheet {wanted!r}" if wanted is not None else "has several sheets with something in them"
        super().__init__(f"{path} {problem}. Name one of {', '.join(repr(sheet) for sheet in sheets)}.")
        self.path = path
        self.sheets = tuple(sheets)


class TableChoiceError(TableError):
    """A database of which it is not clear which table is meant."""

    def __init__(self, path: Path, *, tables: Sequence[str], wanted: str | None) -> None:
        problem = "names no table" if wanted is None else f"has no table {wanted!r}"
        listed = ", ".join(tables) or "none at all"
        super().__init__(f"The source {path} {problem}. Add ?table= with one of those in it: {listed}.")
        self.path = path
        self.tables = tuple(tables)


def _shorten(cell: str, *, most: int = 40) -> str:
    return repr(cell if len(cell) <= most else f"{cell[: most - 1]}…")
