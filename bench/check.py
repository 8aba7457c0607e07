"""How many seeded faults the check of statements catches, by kind, and how many correct statements it stops.

    python bench/check.py [--accounts 24] [--seed 7]

Faults are seeded one at a time into correct statements: those of tests/bot/statements.toml, written by hand, and the
offline plans of demo accounts of every pack. What is held out are the statements that were written after the last rule
of the check, and every second account.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "bot"))

from faults import Case, read_cases, seed_faults  # of the tests, which assert the goals on a smaller sample

from bot.brief import make_brief
from bot.check import check_statements, subject_of
from bot.writer.offline import compose_plan
from kb.build import build_library
from kb.index import Library
from pipeline.config import PipelineConfig
from pipeline.run import build
from storage.records import AccountName
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.snapshots import Snapshot

PACKS = ("software", "healthcare", "real-estate", "retail", "wealth")
ACCOUNTS = 120
DAY = datetime(2026, 11, 20, tzinfo=UTC)


class _Silent:
    @contextmanager
    def stage(self, _name: str, *, steps: int = 1) -> Iterator[Callable[[], None]]:
        assert steps
        yield lambda: None


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
    """Print recall by kind and false alarms by source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=24, help="of each pack")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--missed", type=int, default=0, help="show so many faults that were missed")
    arguments = parser.parse_args()
    cases = read_cases()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build_library(home, progress=lambda *_: None)
        library = Library.open(home / "kb" / "index")
        for pack in PACKS:
            config = PipelineConfig(home=home / pack, as_of=DAY.date(), demo=pack, accounts=ACCOUNTS)
            store = SnapshotStore(config.snapshots)
            build(config, store=store, progress=_Silent(), now=DAY)
            with store.lease() as snapshot:
                cases += plan_cases(snapshot, library, accounts=arguments.accounts)
            store.close()
    report(cases, seed=arguments.seed, missed=arguments.missed)


def report(cases: list[Case], *, seed: int, missed: int) -> None:
    """Check every case, and every fault seeded into it, and print the two tables."""
    random = Random(seed)
    seconds = 0.0
    alarms: Counter[str] = Counter()
    seeded: Counter[tuple[str, bool]] = Counter()
    caught: Counter[tuple[str, bool]] = Counter()
    examples: list[str] = []
    for case in cases:
        started = time.perf_counter()
        stopped = not is_kept(case)
        seconds += time.perf_counter() - started
        if stopped:
            alarms[case.source] += 1
            examples.append(f"false alarm: {case.statement.text} {case.statement.evidence}")
            continue
        held_out = case.source in {"unseen", "held-out accounts"}
        for fault in seed_faults(case, random):
            seeded[fault.kind, held_out] += 1
            if is_kept(fault.case):
                examples.append(f"{fault.kind}: {fault.case.statement.text} {fault.case.statement.evidence}")
            else:
                caught[fault.kind, held_out] += 1
    print(f"{'fault':24}{'seeded':>8}{'recall':>9}{'held out':>10}{'recall':>9}")
    for kind in sorted({kind for kind, _ in seeded}):
        print(f"{kind:24}{_row(kind, seeded, caught)}")
    total = {
        name: Counter(
            {("all", held): sum(n for (_, each), n in table.items() if each is held) for held in (True, False)}
        )
        for name, table in (("seeded", seeded), ("caught", caught))
    }
    print(f"{'all':24}{_row('all', total['seeded'], total['caught'])}")
    print()
    print(f"{'correct statements':24}{'checked':>8}{'stopped':>9}")
    for source, count in Counter(case.source for case in cases).items():
        print(f"{source:24}{count:8,}{alarms[source] / count:9.2%}  ({alarms[source]})")
    print(f"\n{1000 * seconds / len(cases):.2f} ms a statement, read on its own")
    print("\n".join(examples[:missed]))


def is_kept(case: Case) -> bool:
    """Return whether the check lets this statement pass."""
    return bool(check_statements([case.statement], case.evidence, subject=case.subject).kept)


def _row(kind: str, seeded: Counter[tuple[str, bool]], caught: Counter[tuple[str, bool]]) -> str:
    parts = ""
    for held_out, width in ((False, 8), (True, 10)):
        count = seeded[kind, held_out]
        parts += f"{count:{width},}{caught[kind, held_out] / count:9.2%}" if count else f"{0:{width}}{'–':>9}"
    return parts


if __name__ == "__main__":
    main()
