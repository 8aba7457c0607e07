"""What became of the actions that were recommended."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class OutcomeStatus(StrEnum):
    """What somebody said of an action."""

    DONE = "done"
    NOT_NOW = "not now"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOutcome:
    """What somebody said of a recommended action of an account. ``at`` reads back as UTC without a time zone.

    ``action`` names it, as its text or its kind. ``reason`` is "" where none was given; ``amount``, in the target's
    unit, is only there for what was won or lost.
    """

    account_id: str
    action: str
    snapshot_id: str
    user_id: str
    status: OutcomeStatus
    at: datetime
    reason: str = ""
    amount: float | None = None


class Outcomes(Tables):
    """The table ``outcomes``, in which nothing is ever overwritten."""

    def add_outcome(self, outcome: ActionOutcome, *, outcome_id: str = "") -> None:
        """Remember an outcome; what was said of the action before is kept, and no longer the latest.

        What is told twice under one id is one outcome.
        """
        self._database.run(
            """
            INSERT INTO outcomes (outcome_id, account_id, action, snapshot_id, user_id, status, reason, amount, at)
            VALUES ($outcome_id, $account_id, $action, $snapshot_id, $user_id, $status, $reason, $amount, $at)
            ON CONFLICT (outcome_id) DO NOTHING
            """,
            outcome_id=outcome_id or secrets.token_hex(8),
            account_id=outcome.account_id,
            action=outcome.action,
            snapshot_id=outcome.snapshot_id,
            user_id=outcome.user_id,
            status=outcome.status,
            reason=outcome.reason,
            amount=outcome.amount,
            at=outcome.at,
        )

    def outcomes(self, account_id: str) -> tuple[ActionOutcome, ...]:
        """Return the latest outcome of each action of an account, the newest first."""
        rows = self._database.run(
            """
            SELECT account_id, action, snapshot_id, user_id, status, reason, amount, at
            FROM (
                SELECT
                    account_id, action, snapshot_id, user_id, status, reason, amount, at,
                    row_number() OVER (PARTITION BY action ORDER BY at DESC, outcome_id DESC) AS age
                FROM outcomes
                WHERE account_id = $account_id
            ) AS aged
            WHERE age = 1
            ORDER BY at DESC, action
            """,
            account_id=account_id,
        )
        return _outcomes(rows)

    def outcomes_since(self, moment: datetime) -> tuple[ActionOutcome, ...]:
        """Return everything that was said of any action from this moment on, oldest first."""
        rows = self._database.run(
            """
            SELECT account_id, action, snapshot_id, user_id, status, reason, amount, at
            FROM outcomes
            WHERE at >= $moment
            ORDER BY at, outcome_id
            """,
            moment=moment,
        )
        return _outcomes(rows)


def _outcomes(rows: Iterable[tuple[Any, ...]]) -> tuple[ActionOutcome, ...]:
    return tuple(
        ActionOutcome(
            account_id=account_id,
            action=action,
            snapshot_id=snapshot_id,
            user_id=user_id,
            status=OutcomeStatus(status),
            reason=reason,
            amount=amount,
            at=to_moment(at),
        )
        for account_id, action, snapshot_id, user_id, status, reason, amount, at in rows
    )
