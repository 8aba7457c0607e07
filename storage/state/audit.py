"""Who was shown what, when and where, and what it cost."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.state.database import Tables, to_moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_PAGE: Final = 1000
_SEPARATOR: Final = "\n"  # which no id of evidence or account has
# As the query below selects them, after those that are stored in another form.
_COLUMNS: Final = (
    "user_id", "channel", "thread_ts", "kind", "account_id", "snapshot_id", "model", "input_tokens",
    "cache_read_tokens", "cache_write_tokens", "output_tokens", "dollars", "seconds", "dropped",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One answer or view, without a word of what was asked or said. ``at`` reads back as UTC without a time zone.

    ``kind`` says what was asked for, such as "brief" or "digest"; ``user_id`` is "" where nobody asked. ``evidence``
    has the ids of what was shown, of evidence or, in a list, of accounts, or of a subscription that was ended.
    ``model`` is None where no model wrote it, ``dollars`` where its price is not known; ``seconds`` is how long the
    model took. ``dropped`` counts statements that were left out because their evidence does not carry them.
    """

    at: datetime
    user_id: str
    channel: str
    kind: str
    thread_ts: str | None = None
    account_id: str | None = None
    snapshot_id: str | None = None
    evidence: tuple[str, ...] = ()
    model: str | None = None
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = None
    seconds: float = 0.0
    dropped: int = 0


class Audit(Tables):
    """The table ``audit``."""

    def audit(self, row: AuditRow) -> None:
        """Remember an answer or a view."""
        self._database.run(
            """
            INSERT INTO audit (
                audit_id, at, user_id, channel, thread_ts, kind, account_id, snapshot_id, evidence, model,
                input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, dollars, seconds, dropped
            )
            VALUES (
                $audit_id, $at, $user_id, $channel, $thread_ts, $kind, $account_id, $snapshot_id, $evidence, $model,
                $input_tokens, $cache_read_tokens, $cache_write_tokens, $output_tokens, $dollars, $seconds, $dropped
            )
            ON CONFLICT (audit_id) DO NOTHING
            """,
            audit_id=secrets.token_hex(8),
            at=row.at,
            user_id=row.user_id,
            channel=row.channel,
            thread_ts=row.thread_ts,
            kind=row.kind,
            account_id=row.account_id,
            snapshot_id=row.snapshot_id,
            evidence=_SEPARATOR.join(row.evidence),
            model=row.model,
            input_tokens=row.input_tokens,
            cache_read_tokens=row.cache_read_tokens,
            cache_write_tokens=row.cache_write_tokens,
            output_tokens=row.output_tokens,
            dollars=row.dollars,
            seconds=row.seconds,
            dropped=row.dropped,
        )

    def dollars_since(self, moment: datetime) -> float:
        """Return what all that was written from this moment on cost, as far as prices are known."""
        [(dollars,)] = self._database.run(
            """
            SELECT coalesce(sum(dollars), 0)
            FROM audit
            WHERE at >= $at
            """,
            at=moment,
        )
        return float(dollars)

    def audit_since(self, moment: datetime) -> Iterator[AuditRow]:
        """Give the rows from this moment on, oldest first, a page of them in memory at a time."""
        after: tuple[object, str] = (moment, "")
        while True:
            rows = self._database.run(
                """
                SELECT
                    audit_id, at, evidence,
                    user_id, channel, thread_ts, kind, account_id, snapshot_id, model, input_tokens,
                    cache_read_tokens, cache_write_tokens, output_tokens, dollars, seconds, dropped
                FROM audit
                WHERE at > $at OR (at = $at AND audit_id > $audit_id)
                ORDER BY at, audit_id
                LIMIT $page
                """,
                at=after[0],
                audit_id=after[1],
                page=_PAGE,
            )
            for audit_id, at, evidence, *columns in rows:
                named = dict(zip(_COLUMNS, columns, strict=True))
                yield AuditRow(at=to_moment(at), evidence=tuple(filter(None, evidence.split(_SEPARATOR))), **named)
                after = (at, audit_id)
            if len(rows) < _PAGE:
                return
