"""The seam between the state's tables and the two databases that hold them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import UTC, date, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from storage.errors import NewerStateError
from storage.wellformed import well_formed

if TYPE_CHECKING:
    from collections.abc import Callable


class Database(ABC):
    """A database of the state's tables, for any number of threads and processes.

    What ``run`` has returned from survives a power cut. Statements are the same on every database, with parameters
    written ``$name``; besides standard SQL they may use ``lease_time($now, $seconds)``, the moment so many seconds
    after now, by the clock that all processes of the bot share. Everything may raise StateUnavailableError.
    """

    @abstractmethod
    def run(self, *statements: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Run statements in one transaction, each with those of the parameters it names; return the last one's rows.

        Where the connection is lost they may be run twice, so all that write must come to the same when repeated.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it; nothing can be asked afterwards."""


class Tables:
    """Some of the state's tables, in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database


def to_column(value: object) -> object:
    """Return the value as it is stored.

    Text keeps every character but NUL and halves of surrogate pairs, which PostgreSQL does not take.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return well_formed(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def to_text(moment: datetime) -> str:
    """Return the moment in UTC, always of the same length so that texts sort as moments do."""
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return utc.isoformat(timespec="microseconds")


def to_moment(text: str) -> datetime:
    """Return a stored moment, in UTC without a time zone."""
    return datetime.fromisoformat(text)


def migrate(execute: Callable[..., list[tuple[Any, ...]]]) -> None:
    """Bring the tables up to date, within one transaction that no other process is in at the same time.

    ``execute`` is called with a statement and its parameters.

    Raises:
        NewerStateError: a later version of this program has been here.
    """
    execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER NOT NULL PRIMARY KEY)")
    [(done,)] = execute("SELECT coalesce(max(number), 0) FROM migrations")
    migrations = read_migrations()
    if done > len(migrations):
        raise NewerStateError(version=done, known=len(migrations))
    for number, statements in enumerate(migrations[done:], start=done + 1):
        for statement in statements:
            execute(statement)
        execute("INSERT INTO migrations (number) VALUES ($number)", number=number)


def read_migrations() -> list[list[str]]:
    """Return the statements of each migration; the one at place 0 has the number 1."""
    text = resources.files("storage.state").joinpath("state.sql").read_text("utf-8")
    _, *migrations = re.split(r"^-- migration \d+:.*\n", text, flags=re.MULTILINE)
    return [[statement for statement in migration.split(";\n") if statement.strip()] for migration in migrations]
