"""A build from Parquet to a published snapshot, and the build after it: CPU seconds and peak memory of each stage.

    python bench/rows.py [ROWS …] [--folder FOLDER]

Demo accounts are written to Parquet in pieces. They are built twice, each time in a process of its own: the second
time a tenth of the accounts have other values, so that there is something to compare. The peak is that of the resident
memory of the process in the stage, libraries and all. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.accounts import read_accounts
from pipeline.config import PipelineConfig
from pipeline.pack import read_pack
from pipeline.run import STORE_MEMORY, build_from
from pipeline.synthetic import make_accounts
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = 233
PIECE = 10_000  # made-up names run out beyond
SIZES = (100_000, 1_000_000)
CHANGED = 0.1
LOOKUPS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=SIZES)
    parser.add_argument("--folder", type=Path, help="where files go; a temporary folder if left out")
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.measure:
        source, home = wanted.measure
        print(json.dumps(measure(source, home)))
        return
    for rows in wanted.rows:
        with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
            home = Path(folder) / "var"
            for what, changed in (("first build", 0.0), (f"{CHANGED:.0%} changed", CHANGED)):
                source = Path(folder) / f"{changed}.parquet"
                write_accounts(source, rows, changed=changed)
                command = [sys.executable, __file__, "--measure", str(source), str(home)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
                show(f"{rows:,} accounts, {what}", json.loads(done.stdout))


def write_accounts(path: Path, rows: int, *, changed: float) -> None:
    """Write demo accounts a piece at a time; a share of them has the demo requests of another piece."""
    writer = None
    for start in range(0, rows, PIECE):
        made = make_accounts(min(PIECE, rows - start), seed=SEED + start // PIECE)
        table = made.table.assign(expansion_revenue=made.outcome)
        table["account_id"] = [f"ACME-{start + place:07d}" for place in range(len(table))]
        other = np.random.default_rng(start).random(len(table)) < changed
        table.loc[other, "demo_requests"] = table["demo_requests"].to_numpy()[::-1][other]
        piece = pa.Table.from_pandas(table, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, piece.schema)
        writer.write_table(piece)
    if writer is not None:
        writer.close()


class Stages:
    """CPU seconds and peak memory of each stage, measured as the build goes."""

    def __init__(self) -> None:
        self.measured: dict[str, tuple[float, float, float]] = {}

    @contextmanager
    def stage(self, name: str, *, steps: int = 1) -> Iterator[Callable[[], None]]:
        """Measure what happens in the ``with`` block."""
        del steps
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        wall, cpu = time.perf_counter(), time.process_time()
        yield lambda: None
        self.measured[name] = (time.process_time() - cpu, time.perf_counter() - wall, peak())
        print(name, *self.measured[name], file=sys.stderr, flush=True)


def peak() -> float:
    """Return the peak of the resident memory in GiB."""
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**20


def measure(source: Path, home: Path) -> dict[str, object]:
    stages = Stages()
    with stages.stage("Read accounts"):
        accounts = read_accounts(str(source), read_pack("software")).accounts
    if accounts is None:
        raise SystemExit("not ready")
    config = PipelineConfig(home=home, as_of=date(2026, 11, 1), seed=SEED)
    store = SnapshotStore(config.snapshots, memory_limit=STORE_MEMORY)
    info = build_from(accounts, config, store=store, progress=stages, now=datetime(2026, 11, 1, tzinfo=UTC))
    with stages.stage("Open snapshot"), store.lease() as snapshot:
        pass
    ids = np.random.default_rng(SEED).choice(info.accounts, LOOKUPS)
    with store.lease() as snapshot:
        start = time.process_time()
        for each in ids:
            snapshot.find_account(f"ACME-{each:07d}")
        lookup = (time.process_time() - start) / LOOKUPS
    return {
        "stages": stages.measured,
        "lookup": lookup,
        "bytes": sum(path.stat().st_size for path in config.snapshots.glob(f"{info.snapshot_id}.*")),
        "score": f"{info.card.family}, R² {info.card.score.r2:.4f}, held out {info.card.r2_holdout:.4f}, "
        f"coverage {info.card.interval_coverage:.4f}, training {info.card.training_rows}",
        "allocation": f"{info.allocation.allocated} actions, {info.allocation.value}, gap {info.allocation.gap}",
    }


def show(title: str, measured: dict[str, object]) -> None:
    print(f"\n{title}\n  {'stage':<24}{'CPU s':>9}{'wall s':>9}{'peak GiB':>10}")
    stages = measured["stages"]
    for name, (cpu, wall, gib) in stages.items():
        print(f"  {name:<24}{cpu:>9.1f}{wall:>9.1f}{gib:>10.2f}")
    cpu, wall, gib = zip(*stages.values(), strict=True)
    print(f"  {'all':<24}{sum(cpu):>9.1f}{sum(wall):>9.1f}{max(gib):>10.2f}")
    print(f"  look-up {1000 * measured['lookup']:.1f} ms, files {measured['bytes'] / 2**20:.0f} MiB")
    print(f"  {measured['score']}\n  {measured['allocation']}", flush=True)


if __name__ == "__main__":
    main()
