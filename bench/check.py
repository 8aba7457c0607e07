"""How many seeded faults the check of statements catches, by kind, and how many correct statements it stops.

    python bench/check.py [--accounts 24] [--seed 7]

Faults are seeded one at a time into correct statements: those of tests/bot/statements.toml, written by hand, those that
models wrote for the real prompt (tests/bot/written.json), and the offline plans of demo accounts of every pack. What is
held out are the statements that were written after the last rule of the check, and every second account.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "bot"))

from faults import (
    AUTHORS,
    Case,
    is_kept,
    read_cases,
    read_written,
    seed_faults,
)  # of the tests, which assert the goals on a smaller sample
from rich.console import Console
from row import Row

from bot.brief import make_brief
from bot.check import subject_of
from bot.writer.offline import compose_plan
from kb.build import build_library
from kb.index import Library
from pipeline.config import PipelineConfig
from pipeline.progress import ProgressBars
from pipeline.run import build
from storage.records import AccountName
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.snapshots import Snapshot

PACKS = ("software", "healthcare", "real-estate", "retail", "wealth")
PACKAGES = ("pandas", "scikit-learn")
ACCOUNTS = 120
ALL = "all"
ONE_IN = 5  # of the many statements that models wrote has faults seeded into it
HELD_OUT = frozenset({"fresh_later", "held-out accounts", AUTHORS[-1]})
DAY = datetime(2026, 11, 20, tzinfo=UTC)


def plan_cases(snapshot: Snapshot, library: Library | None, *, accounts: int) -> list[Case]:
    """Return the statements of offline plans, those of every second account as held out."""
    rows = snapshot.accounts()
    everybody = [
        AccountName(account_id=account_id, name=name, owner=owner, region="")
        for account_id, name, owner in zip(
            *(rows.column(name).to_pylist() for name in ("account_id", "name", "owner")), strict=True
        )
    ]
    cases = []
    for place, row in enumerate(everybody[:: max(len(everybody) // accounts, 1)][:accounts]):
        account = snapshot.find_account(row.account_id)
        if account is None:
            continue
        brief = make_brief(snapshot, account, library=library)
        sections, promotion = compose_plan(brief)
        statements = [each for section in sections for each in section.statements]
        others = tuple(each for each in everybody if account.name not in each.name and each.name not in account.name)
        cases += [
            Case(
                statement=statement,
                evidence=brief.evidence,
                subject=subject_of(brief),
                others=others,
                source="held-out accounts" if place % 2 else "accounts",
            )
            for statement in (*statements, *([promotion] if promotion and promotion.text else []))
        ]
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=24, help="of each pack (default: 24)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--missed", type=int, default=0, help="show so many of the faults that were missed")
    asked = parser.parse_args()
    tally = measure(make_cases(accounts=asked.accounts), seed=asked.seed)
    print(f"{'fault':24}{'seeded':>8}{'caught':>9}{'held out':>10}{'caught':>9}")
    for kind in (*sorted({kind for kind, _ in tally.seeded} - {ALL}), ALL):
        print(f"{kind:24}" + "".join(tally.recall(kind, held_out=held_out) for held_out in (False, True)))
    print(f"\n{'correct statements':24}{'checked':>8}{'stopped':>9}")
    for source, count in tally.checked.items():
        print(f"{source:24}{count:8,}{tally.stopped[source] / count:9.2%}  ({tally.stopped[source]})")
    print(f"\n{tally.milliseconds:.1f} ms a statement")
    print("\n".join(tally.examples[: asked.missed]))


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the share of faults caught, of each kind and in all, and of correct statements stopped."""
    tally = measure(make_cases(accounts=2 if quick else 6), seed=7)
    for kind in (*sorted({kind for kind, _ in tally.seeded} - {ALL}), ALL):
        seeded, caught = (sum(table[kind, held] for held in (True, False)) for table in (tally.seeded, tally.caught))
        yield Row(f"{kind}: caught", 100 * caught / seeded, unit="%", note=f"of {seeded:,} seeded")
    for source, count in tally.checked.items():
        yield Row(f"{source}: stopped", 100 * tally.stopped[source] / count, unit="%", note=f"of {count:,} correct")
    yield Row("a statement", tally.milliseconds / 1000)


def make_cases(*, accounts: int) -> list[Case]:
    """Return the hand-written statements and those of so many accounts of each pack."""
    cases = [*read_cases(), *read_written()]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build_library(home, progress=lambda *_: None, demo=True)
        library = Library.open(home / "kb" / "index")
        for pack in PACKS:
            config = PipelineConfig(home=home / pack, as_of=DAY.date(), demo=pack, accounts=ACCOUNTS)
            with closing(SnapshotStore(config.snapshots)) as store:
                with ProgressBars(Console(stderr=True)) as progress:
                    build(config, store=store, progress=progress, now=DAY)
                with store.lease() as snapshot:
                    cases += plan_cases(snapshot, library, accounts=accounts)
    return cases


@dataclass
class Tally:
    """What was counted: faults by kind and whether held out, correct statements by source."""

    seeded: Counter[tuple[str, bool]]
    caught: Counter[tuple[str, bool]]
    checked: Counter[str]
    stopped: Counter[str]
    milliseconds: float
    examples: list[str]

    def recall(self, kind: str, *, held_out: bool) -> str:
        """Return how many faults were seeded, and the share caught."""
        count = self.seeded[kind, held_out]
        share = f"{self.caught[kind, held_out] / count:9.2%}" if count else f"{'none':>9}"
        return f"{count:{10 if held_out else 8},}{share}"


def measure(cases: list[Case], *, seed: int) -> Tally:
    """Check every case and every fault seeded into it."""
    random = Random(seed)  # noqa: S311 # faults need no secrecy
    tally = Tally(Counter(), Counter(), Counter(case.source for case in cases), Counter(), 0.0, [])
    started = time.perf_counter()
    for case in cases:
        if not is_kept(case):
            tally.stopped[case.source] += 1
            tally.examples.append(f"stopped: {case.statement.text} {case.statement.evidence}")
    tally.milliseconds = 1000 * (time.perf_counter() - started) / len(cases)
    for place, case in enumerate(cases):
        if case.source in AUTHORS and place % ONE_IN:
            continue
        held_out = case.source in HELD_OUT
        for fault in seed_faults(case, random):
            missed = is_kept(fault.case)
            for kind in (fault.kind, ALL):
                tally.seeded[kind, held_out] += 1
                tally.caught[kind, held_out] += not missed
            if missed:
                tally.examples.append(f"{fault.kind}: {fault.case.statement.text} {fault.case.statement.evidence}")
    return tally


if __name__ == "__main__":
    main()
