"""The state in a PostgreSQL database."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, nullcontext
from functools import cache
from queue import LifoQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from storage.errors import StateDatabaseError
from storage.state.database import Database, migrate, to_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Connection = psycopg.Connection[tuple[Any, ...]]

_Result = TypeVar("_Result")
_CONNECTIONS: Final = 4
# After a loss: at once for as many connections as a restart of the server has broken, then while it comes back.
_PAUSES_SECONDS: Final = (*[0.0] * _CONNECTIONS, 0.1, 0.3, 1.0, 2.0)
_MIGRATION_LOCK: Final = 7_732_255_001
"""Any number that nobody else takes: advisory locks belong to the whole database."""
# A network that swallows packets is noticed within half a minute, in which a lease of 120 seconds does not run out.
_LIMITS: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
# Commits reach the disk before they are acknowledged, whatever the server's default; a stricter default stays.
_SESSION: Final = """
    SELECT
        set_config('statement_timeout', '25s', false),
        set_config(
            'synchronous_commit',
            coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'),
            false
        )
"""
# The server's own clock, which is one for all processes wherever they run; the caller's moment is not used.
_LEASE_TIME: Final = """
    CREATE OR REPLACE FUNCTION lease_time(callers text, seconds double precision) RETURNS text
    LANGUAGE sql VOLATILE AS
    $$
        SELECT to_char(
            clock_timestamp() AT TIME ZONE 'UTC' + seconds * INTERVAL '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US'
        )
    $$
"""


class PostgresDatabase(Database):
    """The state in the database with this URL, for processes on any number of machines.

    The URL is a secret: no error and no repr holds it. What was lost on the way is asked again on a new connection.
    That is safe, and no claim is taken for lost because its answer was, as everything that writes names its row by a
    key of its own: a repeated claim finds itself in the table, a repeated insert finds its row there. A statement whose
    first try is still running in the server waits for it, because both want the same row.
    """

    def __init__(self, url: str) -> None:
        self._closed = False
        # Each slot has an idle connection or none yet; the one used last is the least likely to have been cut off.
        self._slots: LifoQueue[Connection | None] = LifoQueue(_CONNECTIONS)
        for _ in range(_CONNECTIONS):
            self._slots.put(None)
        with _translated_errors():
            self._conninfo = make_conninfo(url, **_LIMITS)
            try:
                _run_repeatedly(self._migrate)
            except BaseException:
                self.close()
                raise

    def run(self, *statements: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Run statements in one transaction; return the rows of the last."""
        with _translated_errors():
            return _run_repeatedly(lambda: self._run_once(statements, parameters))

    def close(self) -> None:
        """Close every connection, each when its statement is done."""
        self._closed = True
        for connection in [self._slots.get() for _ in range(_CONNECTIONS)]:
            if connection is not None:
                connection.close()
            self._slots.put(None)

    def _migrate(self) -> None:
        with self._connection() as connection, connection.transaction():
            connection.execute("SET LOCAL statement_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
            connection.execute(_LEASE_TIME)
            migrate(lambda statement, **parameters: _execute(connection, statement, parameters))

    def _run_once(self, statements: tuple[str, ...], parameters: dict[str, object]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with self._connection() as connection, connection.transaction() if len(statements) > 1 else nullcontext():
            for statement in statements:
                rows = _execute(connection, statement, parameters)
        return rows

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = self._slots.get()
        try:
            if connection is None:
                connection = self._connect()
            yield connection
        finally:
            self._slots.put(None if connection is None or connection.closed else connection)

    def _connect(self) -> Connection:
        if self._closed:
            raise psycopg.InterfaceError
        # Prepared statements would not survive a pooler such as PgBouncer between us and the server.
        connection = psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None)
        try:
            connection.execute(_SESSION)
        except BaseException:
            connection.close()
            raise
        return connection


def _run_repeatedly(work: Callable[[], _Result]) -> _Result:
    """Do what comes to the same when repeated until its outcome is known, for some seconds."""
    for pause in _PAUSES_SECONDS:
        try:
            return work()
        except psycopg.OperationalError as error:
            if not _may_be_repeated(error):
                raise
        time.sleep(pause)
    return work()


def _may_be_repeated(error: psycopg.OperationalError) -> bool:
    """Say whether the connection broke or was not made, the server stops or starts, or it undid a deadlock."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "40", "57P"))


def _execute(connection: Connection, statement: str, parameters: dict[str, object]) -> list[tuple[Any, ...]]:
    columns = {name: to_column(value) for name, value in parameters.items()}
    with connection.execute(_translate(statement), columns) as cursor:
        return cursor.fetchall() if cursor.description else []


@cache
def _translate(statement: str) -> bytes:
    """Return the statement with its parameters ``$name`` written as psycopg takes them."""
    return re.sub(r"\$([a-z_]+)", r"%(\1)s", statement.replace("%", "%%")).encode()


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise StateDatabaseError(error) from error
