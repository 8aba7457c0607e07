"""Plans as they were posted, or written before anybody asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """A plan with its evidence as ``content`` (JSON), named by the hash of that and of the brief it was made from.

    ``model`` is None where none wrote it. ``written_at`` reads back as UTC without a time zone.
    """

    plan_id: str
    brief_hash: str
    model: str | None
    content: str
    written_at: datetime


class Plans(Tables):
    """The table ``plans``, and which of them a thread shows."""

    def keep_plan(self, plan: KeptPlan) -> None:
        """Keep a plan; one with the same content stays as it is."""
        self._database.run(
            """
            INSERT INTO plans (plan_id, brief_hash, model, content, written_at)
            VALUES ($plan_id, $brief_hash, $model, $content, $written_at)
            ON CONFLICT (plan_id) DO NOTHING
            """,
            plan_id=plan.plan_id,
            brief_hash=plan.brief_hash,
            model=plan.model,
            content=plan.content,
            written_at=plan.written_at,
        )

    def show_plan(self, channel: str, thread_ts: str, *, plan_id: str) -> None:
        """Remember which plan stands in a thread."""
        self._database.run(
            """
            UPDATE threads
            SET plan_id = $plan_id
            WHERE channel = $channel AND thread_ts = $thread_ts
            RETURNING plan_id
            """,
            channel=channel,
            thread_ts=thread_ts,
            plan_id=plan_id,
        )

    def find_shown_plan(self, channel: str, thread_ts: str) -> KeptPlan | None:
        """Return the plan that stands in a thread."""
        rows = self._database.run(
            """
            SELECT plans.plan_id, plans.brief_hash, plans.model, plans.content, plans.written_at
            FROM threads
            JOIN plans ON plans.plan_id = threads.plan_id
            WHERE threads.channel = $channel AND threads.thread_ts = $thread_ts
            """,
            channel=channel,
            thread_ts=thread_ts,
        )
        return _to_plan(rows)

    def find_written_plan(self, brief_hash: str) -> KeptPlan | None:
        """Return the newest plan that a model wrote from exactly this brief."""
        rows = self._database.run(
            """
            SELECT plan_id, brief_hash, model, content, written_at
            FROM plans
            WHERE brief_hash = $brief_hash AND model IS NOT NULL
            ORDER BY written_at DESC, plan_id
            LIMIT 1
            """,
            brief_hash=brief_hash,
        )
        return _to_plan(rows)


def _to_plan(rows: list[tuple[str, str, str | None, str, str]]) -> KeptPlan | None:
    if not rows:
        return None
    [(plan_id, brief_hash, model, content, written_at)] = rows
    return KeptPlan(
        plan_id=plan_id, brief_hash=brief_hash, model=model, content=content, written_at=to_moment(written_at)
    )
