"""What the state keeps, for other programs: the audit, and what became of the actions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.csv_file import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from storage.state import State

_AUDIT: Final = (
    "at", "user_id", "channel", "thread_ts", "kind", "account_id", "snapshot_id", "evidence", "model", "input_tokens",
    "cache_read_tokens", "cache_write_tokens", "output_tokens", "dollars", "seconds", "dropped",
)  # fmt: skip
_OUTCOMES: Final = ("at", "account_id", "action", "snapshot_id", "user_id", "status", "reason", "amount")


def export_audit(state: State, path: Path | None, *, since: datetime) -> int:
    """Write every line of the audit from a moment on, oldest first; return how many those are."""
    rows = state.audit_since(since)
    return write_csv(path, _AUDIT, ([_cell(getattr(row, name)) for name in _AUDIT] for row in rows))


def export_outcomes(state: State, path: Path | None, *, since: datetime) -> int:
    """Write everything that was said of an action from a moment on, oldest first; return how many rows those are."""
    outcomes = state.outcomes_since(since)
    return write_csv(path, _OUTCOMES, ([_cell(getattr(row, name)) for name in _OUTCOMES] for row in outcomes))


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return " ".join(value) if isinstance(value, tuple) else value
