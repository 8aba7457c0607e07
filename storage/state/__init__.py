"""What the bot remembers, in a SQLite file or in PostgreSQL: it outlives processes, and several may share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.state.audit import Audit, AuditRow
from storage.state.digests import DigestClaim, Digests, PostedDigest, Subscription
from storage.state.events import Events
from storage.state.messages import Feedback, Messages, PostedMessage
from storage.state.outcomes import ActionOutcome, Outcomes, OutcomeStatus
from storage.state.paces import Paces
from storage.state.plans import KeptPlan, Plans
from storage.state.requests import OpenRequest, Requests
from storage.state.retention import Retention
from storage.state.sqlite import SqliteDatabase
from storage.state.threads import Thread, Threads, Turn

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ActionOutcome",
    "AuditRow",
    "DigestClaim",
    "Feedback",
    "KeptPlan",
    "OpenRequest",
    "OutcomeStatus",
    "PostedDigest",
    "PostedMessage",
    "State",
    "Subscription",
    "Thread",
    "Turn",
    "open_state",
]


class State(Events, Requests, Paces, Threads, Messages, Audit, Outcomes, Digests, Plans, Retention):
    """Everything the bot remembers, for any number of threads and processes.

    What a method has returned from survives a power cut. Moments without a time zone are taken to be UTC. Every method
    may raise StateUnavailableError.
    """

    def close(self) -> None:
        """Close the database; nothing can be asked afterwards."""
        self._database.close()


def open_state(path: Path, *, database_url: str | None = None) -> State:
    """Open the state in the PostgreSQL database with this URL or, without one, in this file; make what is missing.

    Raises:
        NewerStateError: a later version of this program has written it.
        StateUnavailableError: it cannot be opened.
    """
    if database_url is None:
        return State(SqliteDatabase(path))
    from storage.state.postgres import PostgresDatabase

    return State(PostgresDatabase(database_url))
