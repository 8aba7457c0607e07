"""What tests of every package make snapshots of: the words of a business that sells software, a clock to turn."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.records import Words

WORDS = Words(
    pack="software",
    account="account",
    accounts="accounts",
    rep="rep",
    reps="reps",
    action="action",
    actions="actions",
    target="expansion revenue",
    unit="$",
    owner="owner",
    territory="region",
    industry="industry",
    source="CRM",
)


class Clock:
    """Tells the moment that a test sets it to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now
