"""Events that were seen, so that each is handled once."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from storage.state.database import Tables

if TYPE_CHECKING:
    from datetime import datetime


class Events(Tables):
    """The table ``seen_events``."""

    def claim_event(self, key: str, *, now: datetime) -> bool:
        """Return True to exactly one of all who ever claim the event with this key."""
        # The claimant's own number lets a claim whose answer was lost be repeated without being taken for another's.
        claimed = self._database.run(
            """
            INSERT INTO seen_events (event_key, seen_at, claimant)
            VALUES ($key, $now, $claimant)
            ON CONFLICT (event_key) DO UPDATE
            SET seen_at = seen_events.seen_at
            WHERE seen_events.claimant = $claimant
            RETURNING event_key
            """,
            key=key,
            now=now,
            claimant=secrets.token_hex(8),
        )
        return bool(claimed)
