"""Forgetting what is older than it may be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.state.database import Tables

if TYPE_CHECKING:
    from datetime import datetime


class Retention(Tables):
    """Every table that grows with use; outcomes and subscriptions stay, for what they say is wanted in years."""

    def forget_events(self, moment: datetime) -> int:
        """Forget events seen before this moment, whose count is returned, and the pace of who was silent since."""
        return len(
            self._database.run(
                "DELETE FROM paces WHERE since < $moment",
                "DELETE FROM seen_events WHERE seen_at < $moment RETURNING event_key",
                moment=moment,
            )
        )

    def forget_history(self, moment: datetime) -> int:
        """Forget who was shown and who said what before this moment; return how many rows those were.

        A thread goes with its last turn. Ledger rows go only when their digest can no longer become due.
        """
        return sum(
            len(self._database.run(statement, moment=moment))
            for statement in (
                "DELETE FROM audit WHERE at < $moment RETURNING audit_id",
                "DELETE FROM turns WHERE at < $moment RETURNING position",
                """
                DELETE FROM threads
                WHERE opened_at < $moment
                    AND NOT EXISTS (
                        SELECT position
                        FROM turns
                        WHERE turns.channel = threads.channel AND turns.thread_ts = threads.thread_ts
                    )
                RETURNING thread_ts
                """,
                "DELETE FROM feedback WHERE at < $moment RETURNING user_id",
                "DELETE FROM messages WHERE posted_at < $moment RETURNING message_ts",
                "DELETE FROM plans WHERE written_at < $moment RETURNING plan_id",
                "DELETE FROM digests WHERE leased_until < $moment RETURNING local_day",
            )
        )
