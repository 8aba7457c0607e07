"""How often each person asks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE_SECONDS: Final = 60.0


class Paces(Tables):
    """The table ``paces``: for each person the minute that a request began, and how many fell into it."""

    def count_request(self, user_id: str, *, most: int, now: datetime) -> float:
        """Count a request and return 0; where its minute has the most there may be, return the seconds that are left.

        A minute begins with a person's first request after the one before, whichever process took it.
        """
        counted = self._database.run(
            # A count whose answer was lost is repeated by the same claimant, and counted already.
            """
            INSERT INTO paces (user_id, since, requests, claimant)
            VALUES ($user_id, lease_time($now, 0), 1, $claimant)
            ON CONFLICT (user_id) DO UPDATE
            SET
                since = CASE
                    WHEN paces.claimant <> $claimant AND paces.since <= lease_time($now, -$minute) THEN excluded.since
                    ELSE paces.since
                END,
                requests = CASE
                    WHEN paces.claimant = $claimant THEN paces.requests
                    WHEN paces.since <= lease_time($now, -$minute) THEN 1
                    ELSE paces.requests + 1
                END,
                claimant = excluded.claimant
            WHERE paces.claimant = $claimant
                OR paces.since <= lease_time($now, -$minute)
                OR paces.requests < $most
            RETURNING requests
            """,
            user_id=user_id,
            most=most,
            minute=_MINUTE_SECONDS,
            now=now,
            claimant=secrets.token_hex(8),
        )
        if counted:
            return 0.0
        [(since, moment)] = self._database.run(
            "SELECT since, lease_time($now, 0) FROM paces WHERE user_id = $user_id", user_id=user_id, now=now
        )
        return max(_MINUTE_SECONDS - (to_moment(moment) - to_moment(since)).total_seconds(), 0.001)
