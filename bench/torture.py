"""What survives: publishers and posters that are killed, disks that flip bits or are full, answers that are lost.

    python bench/torture.py snapshots [--kills 500] [--faults 200]
    python bench/torture.py digests [--kills 300]
    python bench/run.py --only torture

Every publication writes its number into its source and into every account's name, so that a reader sees at once whether
what it reads is of one piece. Nothing may be inconsistent, step back or fail to open. Beside it runs a control, a store
that writes in place and checks nothing: it must fail, or the torture shows nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
from rich.console import Console
from rich.progress import track
from row import Row

from storage.errors import SnapshotError
from storage.snapshot import Snapshot, read_only_connection
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from storage.records import SnapshotInfo
    from storage.snapshots import SnapshotContents

PACKAGES = ("duckdb", "pyarrow")
ROOT = Path(__file__).resolve().parent.parent
READERS = 2
MOST_CONTROL = 25
LONGEST_LIFE_SECONDS = 0.6
FULL_DISKS = tuple(range(16, 1024, 128))  # KiB that are left on the disk
_PAGE = 4096
_NAME_SPACE = ("unshare", "--map-root-user", "--mount")
_MOUNT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && cp -a "$3/." "$2" && shift 3 && exec "$@"'


class Store(Protocol):
    """What is tortured."""

    def publish(self, contents: SnapshotContents, *, now: datetime) -> SnapshotInfo:
        """Make the contents the newest."""

    def lease(self) -> AbstractContextManager[Snapshot]:
        """Lend the newest."""

    def close(self) -> None:
        """Let go of everything."""


class CarelessStore:
    """The control: one file, written in place, opened as it is."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shelf = SnapshotStore(root / "aside")

    def publish(self, contents: SnapshotContents, *, now: datetime) -> SnapshotInfo:
        """Write over what is there."""
        info = self._shelf.publish(contents, now=now)
        content = (self._root / "aside" / f"{info.snapshot_id}.duckdb").read_bytes()
        with (self._root / "current.duckdb").open("wb", buffering=0) as file:
            for start in range(0, len(content), 4096):
                file.write(content[start : start + 4096])
                os.fsync(file.fileno())
        return info

    def lease(self) -> AbstractContextManager[Snapshot]:
        """Open what is there."""
        path = self._root / "current.duckdb"
        return closing(Snapshot(read_only_connection(path), path))

    def close(self) -> None:
        """Let go of everything."""
        self._shelf.close()


STORES: dict[str, type[SnapshotStore | CarelessStore]] = {"ours": SnapshotStore, "control": CarelessStore}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What happened while publishers were killed, or to damaged copies."""

    tries: int = 0
    reads: int = 0
    inconsistent: int = 0
    steps_back: int = 0
    failed_reads: int = 0
    failed_cold_starts: int = 0

    @property
    def failures(self) -> int:
        """How often something went wrong."""
        return self.inconsistent + self.steps_back + self.failed_reads + self.failed_cold_starts

    def __str__(self) -> str:
        return (
            f"{self.tries} tries, {self.reads} reads: {self.inconsistent} inconsistent, "
            f"{self.steps_back} stepped back, {self.failed_reads} failed, {self.failed_cold_starts} failed cold starts"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    snapshots = commands.add_parser("snapshots")
    snapshots.add_argument("--kills", type=int, default=500)
    snapshots.add_argument("--faults", type=int, default=200)
    snapshots.set_defaults(run=lambda given: torture_snapshots(kills=given.kills, faults=given.faults))
    publish = commands.add_parser("publish", help="what is killed; for itself")
    for name in ("store", "root", "contents"):
        publish.add_argument(name)
    publish.set_defaults(run=lambda given: publish_forever(given.store, Path(given.root), Path(given.contents)))
    digests = commands.add_parser("digests")
    digests.add_argument("--kills", type=int, default=300)
    digests.set_defaults(run=lambda given: torture_digests(kills=given.kills))
    post = commands.add_parser("post", help="what is killed; for itself")
    post.add_argument("shared")
    post.set_defaults(run=lambda given: post_when_told(given.shared))
    given = parser.parse_args()
    given.run(given)


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield how often something went wrong: a read inconsistent, failed or a step back, a store that did not open."""
    kills, faults = (2, 5) if quick else (40, 60)
    with tempfile.TemporaryDirectory() as folder:
        home, contents = Path(folder), Path(folder) / "contents"
        contents.write_bytes(pickle.dumps(make_contents(home / "demo")))
        ours, control = (
            kill_publishers(store, home / store, contents, kills=most, seed=1)
            for store, most in (("ours", kills), ("control", min(kills, MOST_CONTROL)))
        )
        note = f"{count_tries(ours)} against {count_tries(control)}"
        yield Row("publishers killed: failures", ours.failures, "in place", control.failures, unit="", note=note)
        for what, tally in (
            ("a flipped bit", damage(home / "ours", home, flip_bit, faults=faults, seed=2)),
            ("a truncated file", damage(home / "ours", home, truncate, faults=faults, seed=3)),
            ("a full disk", fill_disk(home / "ours", contents)),
        ):
            yield Row(f"{what}: failures", tally.failures, unit="", note=count_tries(tally))


def count_tries(tally: Tally) -> str:
    return f"{tally.tries:,} tries, {tally.reads:,} reads"


def torture_snapshots(*, kills: int, faults: int) -> None:
    """Print what became of each store."""
    with tempfile.TemporaryDirectory() as folder:
        contents = Path(folder) / "contents"
        contents.write_bytes(pickle.dumps(make_contents(Path(folder) / "demo")))
        for store in STORES:
            most = kills if store == "ours" else min(kills, MOST_CONTROL)
            tally = kill_publishers(store, Path(folder) / store, contents, kills=most, seed=1)
            print(f"kill -9, {store}: {tally}")
        published = Path(folder) / "ours"
        print(f"bit flips: {damage(published, Path(folder), flip_bit, faults=faults, seed=2)}")
        print(f"truncations: {damage(published, Path(folder), truncate, faults=faults, seed=3)}")
        print(f"full disk: {fill_disk(published, contents)}")


def torture_digests(*, kills: int) -> None:
    """Print what became of the digests, ours and those of the control."""
    # Here, since what is killed would take seconds to import what it does not need.
    from bench.torture_digests import kill_posters

    for name, claims, most in (("ours", True, kills), ("control", False, min(kills, 25))):
        with tempfile.TemporaryDirectory() as folder:
            make_contents(Path(folder))
            print(f"digests, {name}: {kill_posters(Path(folder), kills=most, seed=1, claims=claims)}", flush=True)


def post_when_told(shared: str) -> None:
    """Fork what posts digests, a process for each line that is read."""
    from bench.torture_digests import fork_posters

    fork_posters(shared)


def make_contents(home: Path) -> SnapshotContents:
    """Return what a build of the demo publishes."""
    # Here, since what is killed would take seconds to import what it does not need.
    from pipeline.config import PipelineConfig
    from pipeline.progress import ProgressBars
    from pipeline.run import build

    caught: list[SnapshotContents] = []

    class Catching(SnapshotStore):
        def publish(self, contents: SnapshotContents, *, now: datetime) -> SnapshotInfo:
            caught.append(contents)
            return super().publish(contents, now=now)

    config = PipelineConfig(home=home, as_of=datetime.now(UTC).date(), accounts=100)
    with closing(Catching(config.snapshots)) as store, ProgressBars(Console(stderr=True)) as progress:
        build(config, store=store, progress=progress, now=datetime.now(UTC))
    [contents] = caught
    # All of them at once: as a build hands them over they are written when asked for, which no other process can do.
    return replace(contents, accounts=contents.accounts.take(pa.array(range(contents.accounts.num_rows))))


def numbered(contents: SnapshotContents, number: int) -> SnapshotContents:
    """Return the contents with this number wherever a reader looks."""
    names = pa.array([f"run {number}"] * contents.accounts.num_rows)
    place = contents.accounts.schema.get_field_index("name")
    return replace(
        contents,
        accounts=contents.accounts.set_column(place, "name", names),
        source=replace(contents.source, description=f"run {number}"),
    )


def publish_forever(store: str, root: Path, contents: Path) -> None:
    """Publish one snapshot after another until killed."""
    handed_over: SnapshotContents = pickle.loads(contents.read_bytes())  # noqa: S301 - our own, from a moment ago
    with closing(STORES[store](root)) as publisher:
        for number in count(time.monotonic_ns()):
            publisher.publish(numbered(handed_over, number), now=datetime.now(UTC))
            print("published", flush=True)


def kill_publishers(store: str, root: Path, contents: Path, *, kills: int, seed: int) -> Tally:
    """Kill publishers at random moments while others read, and open the store afresh after each."""
    tally, chance, stopped = Tally(), random.Random(seed), threading.Event()  # noqa: S311 - picks the moments
    root.mkdir(parents=True)
    with closing(STORES[store](root)) as first:
        first.publish(numbered(pickle.loads(contents.read_bytes()), 0), now=datetime.now(UTC))  # noqa: S301 - as above
    with closing(STORES[store](root)) as shared:
        readers = [threading.Thread(target=read_on, args=(shared, tally, stopped)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        for _ in track(range(kills), f"kill -9, {store}", console=Console(stderr=True)):
            publisher = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, __file__, "publish", store, str(root), str(contents)],
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            with publisher:
                if publisher.stdout:
                    publisher.stdout.readline()
                time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
                publisher.send_signal(signal.SIGKILL)
            tally.tries += 1
            with closing(STORES[store](root)) as cold:
                tally.failed_cold_starts += not is_whole(cold)
        stopped.set()
        for reader in readers:
            reader.join()
    return tally


def read_on(store: Store, tally: Tally, stopped: threading.Event) -> None:
    """Read again and again what is newest."""
    last = 0
    while not stopped.is_set():
        try:
            with store.lease() as snapshot:
                number = number_of(snapshot)
                generation = snapshot.info.generation
        except Exception:  # noqa: BLE001 - whatever a reader runs into is what is counted
            tally.failed_reads += 1
            time.sleep(0.01)
            continue
        tally.reads += 1
        tally.inconsistent += number is None
        tally.steps_back += generation < last
        last = max(last, generation)


def number_of(snapshot: Snapshot) -> str | None:
    """Return the number that all of a snapshot bears, or None where its parts differ."""
    names = {row.name for row in snapshot.digest(limit=1_000)}
    return names.pop() if names == {snapshot.info.source.description} else None


def is_whole(store: Store) -> bool:
    """Tell whether the store opens and gives a snapshot of one piece."""
    with suppress(Exception), store.lease() as snapshot:
        return number_of(snapshot) is not None
    return False


def damage(published: Path, folder: Path, spoil: Spoil, *, faults: int, seed: int) -> Tally:
    """Spoil one file of a copy at a time; the reader must give one of the snapshots that were published, whole."""
    tally, chance = Tally(), random.Random(seed)  # noqa: S311 - picks the places
    truth = dict(fingerprints(published))
    for _ in track(range(faults), spoil.__name__, console=Console(stderr=True)):
        copy = folder / "copy"
        shutil.copytree(published, copy)
        newest = (copy / "CURRENT").read_text("utf-8").strip()
        file = chance.choice([copy / "CURRENT", *sorted(copy.glob(f"{newest}.*"))])
        file.chmod(0o644)
        spoil(file, chance)
        tally.tries += 1
        with closing(SnapshotStore(copy)) as store:
            try:
                with store.lease() as snapshot:
                    tally.reads += 1
                    found = fingerprint(snapshot)
                    tally.inconsistent += truth[snapshot.info.snapshot_id] != found
            except SnapshotError:
                tally.failed_cold_starts += 1
        shutil.rmtree(copy)
    return tally


def fingerprints(published: Path) -> Iterator[tuple[str, str]]:
    with closing(SnapshotStore(published)) as store:
        for snapshot_id in store.retained():
            with store.lease(snapshot_id) as snapshot:
                yield snapshot_id, fingerprint(snapshot)


def fingerprint(snapshot: Snapshot) -> str:
    """Return everything that a brief of the first accounts would be made from, as text."""
    rows = snapshot.digest(limit=50)
    return repr((snapshot.info, rows, [snapshot.find_account(row.account_id) for row in rows]))


class Spoil(Protocol):
    """A way to damage a file."""

    __name__: str

    def __call__(self, file: Path, chance: random.Random) -> None:
        """Damage it at a place left to chance."""


def flip_bit(file: Path, chance: random.Random) -> None:
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def truncate(file: Path, chance: random.Random) -> None:
    os.truncate(file, chance.randrange(file.stat().st_size))


def fill_disk(published: Path, contents: Path, kilobytes: Sequence[int] = FULL_DISKS) -> Tally:
    """Publish to copies on disks with so much room; the snapshot before must stay readable, and nothing be left over.

    Each disk is a tmpfs in a name space of its own. Where the system grants none, no file may grow beyond that size.
    """
    tally, size = Tally(), sum(-(-each.stat().st_size // _PAGE) * _PAGE for each in published.rglob("*"))
    for most in kilobytes:
        with tempfile.TemporaryDirectory() as disk:
            code = "import sys; from torture import publish_to_full_disk; publish_to_full_disk(*sys.argv[1:])"
            publish = [sys.executable, "-c", code, disk, str(contents)]
            if can_mount():
                mount = ["sh", "-c", _MOUNT, "sh", str(size + most * 1024), disk, str(published)]
                command = [*_NAME_SPACE, *mount, *publish]
            else:
                shutil.copytree(published, disk, dirs_exist_ok=True)
                command = [*publish, str(most)]
            found = subprocess.run(  # noqa: S603 - our own interpreter
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "bench")])},
                check=True,
                stdout=subprocess.PIPE,
            )
        one = Tally(**json.loads(found.stdout))
        tally = Tally(**{each.name: getattr(tally, each.name) + getattr(one, each.name) for each in fields(Tally)})
    return tally


def can_mount() -> bool:
    """Return whether this system lets us have a disk of our own."""
    if shutil.which(_NAME_SPACE[0]) is None:
        return False
    tried = [*_NAME_SPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0  # noqa: S603 - as above


def publish_to_full_disk(root: str, contents: str, kilobytes: str = "") -> None:
    """Publish once, which must be refused, and print what is found afterwards; ``kilobytes`` bounds every file."""
    handed_over: SnapshotContents = pickle.loads(Path(contents).read_bytes())  # noqa: S301 - our own
    with closing(SnapshotStore(Path(root))) as store, store.lease() as before:
        expected = before.info.snapshot_id
    if kilobytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(kilobytes) * 1024, resource.RLIM_INFINITY))
    with closing(SnapshotStore(Path(root))) as store, suppress(SnapshotError):
        store.publish(handed_over, now=datetime.now(UTC))
        raise SystemExit("there was room enough")
    tally = Tally(tries=1, inconsistent=int((Path(root) / "building").exists()))
    with closing(SnapshotStore(Path(root))) as store:
        tally.failed_cold_starts += not is_whole(store)
        with store.lease() as snapshot:
            tally.reads += 1
            tally.steps_back += snapshot.info.snapshot_id != expected
    print(json.dumps(asdict(tally)))


if __name__ == "__main__":
    main()
