"""Plans for the accounts of the next digests, written before anybody asks for them."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from bot.audit import audit_written_ahead
from bot.briefing import prepare_brief
from bot.digest import channel_subscriptions, make_digest
from bot.errors import BatchNotReadError, NotWrittenAheadError
from bot.kept_plan import hash_brief, keep
from bot.normalise import normalise
from bot.outcomes import count_handled
from bot.writer.errors import (
    CutOffError,
    OverloadedError,
    RateLimitedError,
    ServiceFailedError,
    TooSlowError,
    UnreachableError,
    WriterError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta
    from pathlib import Path

    from bot.brief import Brief
    from bot.config import DigestConfig
    from bot.plan import Usage
    from bot.services import Services
    from bot.writer.batch import BatchResult, BatchWriter

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_PASSING: Final = (
    CutOffError,
    OverloadedError,
    RateLimitedError,
    ServiceFailedError,
    TooSlowError,
    UnreachableError,
)
_ID_CHARACTERS: Final = 60
_OUTDATED: Final = "its facts changed while the plan was being written"


@dataclass(slots=True, kw_only=True)
class Prewritten:
    """What became of the plans, by account id; ``failed`` has the reason to each."""

    written: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float | None = 0.0

    def pay(self, usage: Usage | None) -> None:
        """Count what a plan cost; dollars are not known as soon as one price is not."""
        if usage is None:
            return
        self.tokens_in += usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        self.tokens_out += usage.output_tokens
        self.dollars = None if self.dollars is None or usage.dollars is None else self.dollars + usage.dollars


@dataclass(frozen=True, kw_only=True)
class Prewriting:
    """One run: with ``wait`` for each batch, ``show`` told how many requests of how many are through.

    ``folder`` keeps which account a request of a batch is for until its results are taken up.
    """

    services: Services
    batches: BatchWriter
    folder: Path
    wait: timedelta
    show: Callable[[int, int], None]
    pause: Callable[[float], None] = time.sleep
    report: Prewritten = field(default_factory=Prewritten)

    def write(self, digest: DigestConfig) -> Prewritten:
        """Have the plans written that are not there yet; a batch that an earlier run left is taken up first.

        Raises:
            NotWrittenAheadError: the requests could not be sent.
            BatchNotReadError: the wait is over, or was interrupted.
        """
        for path in sorted(self.folder.glob("*.json")):
            self.take_up(path.stem, digest)
        known = {*self.report.written, *self.report.failed}
        asked = [account_id for account_id in find_accounts(self.services, digest) if account_id not in known]
        missing: dict[str, Brief] = {}
        for custom_id, brief in self._briefs(asked).items():
            if self.services.state.find_written_plan(custom_id) is not None:
                self.report.there.append(brief.account.account_id)
            else:
                missing[custom_id] = brief
        if missing:
            self.take_up(self._send(missing), digest)
        return self.report

    def take_up(self, batch_id: str, digest: DigestConfig) -> Prewritten:
        """Wait until a batch has ended, then check and keep its plans."""
        memo = self.folder / f"{batch_id}.json"
        asked: dict[str, str] = json.loads(memo.read_text("utf-8")) if memo.exists() else {}
        try:
            self._wait_for(batch_id, total=len(asked))
            briefs = self._briefs(asked.values() if asked else find_accounts(self.services, digest))
            for result in self.batches.results(batch_id):
                self._take(result, briefs, asked)
        except KeyboardInterrupt as error:
            raise BatchNotReadError(batch_id, "you stopped the wait") from error
        except WriterError as error:
            raise BatchNotReadError(batch_id, str(error)) from error
        memo.unlink(missing_ok=True)
        return self.report

    def _send(self, briefs: dict[str, Brief]) -> str:
        try:
            batch_id = self.batches.send(briefs)
        except WriterError as error:
            raise NotWrittenAheadError(str(error)) from error
        self.folder.mkdir(parents=True, exist_ok=True)
        asked = {custom_id: brief.account.account_id for custom_id, brief in briefs.items()}
        (self.folder / f"{batch_id}.json").write_text(json.dumps(asked), "utf-8")
        return batch_id

    def _wait_for(self, batch_id: str, *, total: int) -> None:
        deadline, pause = time.monotonic() + self.wait.total_seconds(), _FIRST_PAUSE
        while True:
            try:
                state = self.batches.look(batch_id)
            except _PASSING:
                pass
            else:
                self.show(state.through, total)
                if state.ended:
                    return
            if time.monotonic() + pause > deadline:
                minutes = self.wait.total_seconds() / 60
                raise BatchNotReadError(batch_id, f"it did not end within {minutes:g} minutes")
            self.pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _briefs(self, account_ids: Iterable[str]) -> dict[str, Brief]:
        """Return the briefs of the accounts that are still there, by what a plan of theirs is bound to.

        That is also the id of the request: 64 characters, whatever the account's own id is.
        """
        with self.services.snapshots.lease() as snapshot:
            found = [snapshot.find_account(account_id) for account_id in account_ids]
            briefs = [prepare_brief(self.services, snapshot, account) for account in found if account is not None]
        return {hash_brief(brief): brief for brief in briefs}

    def _take(self, result: BatchResult, briefs: dict[str, Brief], asked: dict[str, str]) -> None:
        brief = briefs.get(result.custom_id)
        account_id = (
            brief.account.account_id if brief else asked.get(result.custom_id, "an account not listed any more")
        )
        if self.services.state.find_written_plan(result.custom_id) is not None:
            self.report.there.append(account_id)
        elif result.message is None:
            self.report.failed[account_id] = str(result.failure)
        elif brief is None:
            self.report.pay(self.batches.usage(result.message))
            self.report.failed[account_id] = _OUTDATED
        else:
            try:
                plan = self.batches.read_plan(result.message, brief)
            except WriterError as error:
                self.report.pay(self.batches.usage(result.message))
                self.report.failed[account_id] = str(error)
                return
            audit_written_ahead(self.services, brief, plan)
            self.services.state.keep_plan(keep(plan, brief, now=self.services.clock()))
            self.report.pay(plan.authorship.usage)
            self.report.written.append(account_id)


def find_accounts(services: Services, config: DigestConfig) -> tuple[str, ...]:
    """Return the accounts of everybody's next digest: those that all who read it may see."""
    now = services.clock()
    handled = count_handled(services.state, since=now - services.cooldown)
    found: dict[str, None] = {}
    for subscription in (*channel_subscriptions(config), *services.state.subscriptions()):
        digest = make_digest(
            services.snapshots,
            day=now.date(),
            may_see=services.access.audience(subscription.channel).may_see,
            territory=subscription.territory,
            top=subscription.top,
            handled=handled,
            last=services.state.last_digest(subscription.subscription_id),
        )
        found |= dict.fromkeys(digest.account_ids)
    return tuple(found)


def report_table(report: Prewritten) -> Table:
    """Return how many plans were written, which were not and why, and what it cost."""
    table = Table(show_header=False, title="Plans written ahead", title_justify="left")
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("Written", f"{len(report.written):,}")
    table.add_row("Already there", f"{len(report.there):,}")
    table.add_row("Failed", f"{len(report.failed):,}")
    by_reason = defaultdict(list)
    for account_id, reason in report.failed.items():
        by_reason[reason].append(normalise(account_id, limit=_ID_CHARACTERS))
    for reason, account_ids in by_reason.items():
        table.add_row("", escape(f"{', '.join(account_ids)}: {reason}"))
    table.add_row("Tokens", f"{report.tokens_in:,} in, {report.tokens_out:,} out")
    cost = "not known for this model" if report.dollars is None else f"${report.dollars:.4f}"
    table.add_row("Dollars", f"{cost} (half the list price; what was mended, the full one)")
    return table
