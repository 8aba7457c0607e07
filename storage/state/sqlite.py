"""The state in one SQLite file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from storage.errors import StateFileError
from storage.state.database import Database, migrate, to_column, to_moment, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUSY_TIMEOUT_SECONDS: Final = 30


class SqliteDatabase(Database):
    """The state in a file, for processes of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # One connection that one thread at a time uses: a statement takes less than what sharing better would cost.
        self._lock = threading.Lock()
        with self._translated_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait while another process turns WAL on, so whoever opens the file waits here.
            with _locked(path.parent):
                self._connection = sqlite3.connect(
                    path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
                )
                try:
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.execute("PRAGMA synchronous = FULL")
                    self._connection.execute("PRAGMA foreign_keys = ON")
                    self._connection.create_function("lease_time", 2, _lease_time, deterministic=True)
                    with self._transaction():
                        migrate(self._execute)
                except BaseException:
                    self._connection.close()
                    raise

    def run(self, *statements: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Run statements in one transaction; return the rows of the last."""
        rows: list[tuple[Any, ...]] = []
        with self._translated_errors(), self._lock, self._transaction(needed=len(statements) > 1):
            for statement in statements:
                rows = self._execute(statement, **parameters)
        return rows

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _execute(self, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
        columns = {name: to_column(value) for name, value in parameters.items()}
        with closing(self._connection.execute(statement, columns)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _transaction(self, *, needed: bool = True) -> Iterator[None]:
        if not needed:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StateFileError(self._path, error) from error


def _lease_time(now: str, seconds: float) -> str:
    """Count from the caller's clock: all processes that can open the file have the same."""
    return to_text(to_moment(now) + timedelta(seconds=seconds))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
