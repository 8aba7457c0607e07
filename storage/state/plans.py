"""Plans that were written ahead of the call, before anybody asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PrewrittenPlan:
    """A plan for an account of one snapshot, from one edition of the library.

    ``plan`` and ``usage`` are JSON as the writer made it. ``written_at`` reads back as UTC without a time zone.
    """

    snapshot_id: str
    library_hash: str
    account_id: str
    plan: str
    model: str
    usage: str
    written_at: datetime


class Plans(Tables):
    """The table ``prewritten``."""

    def keep_plan(self, plan: PrewrittenPlan) -> None:
        """Keep a plan in place of the one for the same snapshot, library and account."""
        self._database.run(
            """
            INSERT INTO prewritten (snapshot_id, library_hash, account_id, plan, model, usage, written_at)
            VALUES ($snapshot_id, $library_hash, $account_id, $plan, $model, $usage, $written_at)
            ON CONFLICT (snapshot_id, library_hash, account_id) DO UPDATE
            SET plan = excluded.plan, model = excluded.model, usage = excluded.usage, written_at = excluded.written_at
            """,
            snapshot_id=plan.snapshot_id,
            library_hash=plan.library_hash,
            account_id=plan.account_id,
            plan=plan.plan,
            model=plan.model,
            usage=plan.usage,
            written_at=plan.written_at,
        )

    def find_plan(self, *, snapshot_id: str, library_hash: str, account_id: str) -> PrewrittenPlan | None:
        """Return the plan that was written ahead for exactly these facts."""
        rows = self._database.run(
            """
            SELECT plan, model, usage, written_at
            FROM prewritten
            WHERE snapshot_id = $snapshot_id AND library_hash = $library_hash AND account_id = $account_id
            """,
            snapshot_id=snapshot_id,
            library_hash=library_hash,
            account_id=account_id,
        )
        if not rows:
            return None
        [(plan, model, usage, written_at)] = rows
        return PrewrittenPlan(
            snapshot_id=snapshot_id,
            library_hash=library_hash,
            account_id=account_id,
            plan=plan,
            model=model,
            usage=usage,
            written_at=to_moment(written_at),
        )
