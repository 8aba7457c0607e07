"""The snapshots in a folder: published whole under a new name each time, leased to readers, the last few kept.

A snapshot is three files, ``000007-1a2b3c4d.duckdb``, ``.skops`` and ``.json``. The last, its manifest, is written last
and holds the SHA-256 of the other two: files without a manifest do not count. ``CURRENT`` names the newest one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb

from storage.accounts import ACCOUNTS_SCHEMA
from storage.changes import CHANGES_SCHEMA, make_change
from storage.contents import SCHEMA, SnapshotContents, check_contents, check_database, contents_of, write_database
from storage.errors import (
    DamagedSnapshotError,
    NoSnapshotError,
    OlderSnapshotError,
    OnlyOtherVersionsError,
    OtherVersionError,
    PublishError,
    SnapshotGoneError,
    UnreadableSnapshotError,
)
from storage.records import SnapshotInfo
from storage.snapshot import Snapshot, read_only_connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "ACCOUNTS_SCHEMA",
    "CHANGES_SCHEMA",
    "Snapshot",
    "SnapshotContents",
    "SnapshotStore",
    "contents_of",
    "make_change",
]

_RETAINED: Final = 7
_SNAPSHOT_ID: Final = re.compile(r"(\d{6,})-[0-9a-f]{8}")
_log = logging.getLogger(__name__)


class SnapshotStore:
    """The snapshots in one folder, for any number of threads and processes, of which one at a time publishes."""

    def __init__(self, root: Path, *, memory_limit: str = "512MB") -> None:
        """Keep no more than ``memory_limit`` of each open snapshot in memory."""
        self._root = root
        self._memory_limit = memory_limit
        self._building = root / "building"
        self._pointer = root / "CURRENT"
        self._current: _Opened | None = None
        self._opened: dict[str, _Opened] = {}
        self._passed_over: OtherVersionError | None = None
        # What CURRENT looked like when it was last followed; as long as it looks the same there is nothing to do.
        self._followed: _Look | None = None
        self._state_lock = threading.Lock()  # held for the blink of an eye
        self._open_lock = threading.Lock()  # held while files are verified

    def publish(self, contents: SnapshotContents, *, now: datetime) -> SnapshotInfo:
        """Publish the contents as the newest snapshot; on a SnapshotError nothing visible has changed.

        Waits while another process publishes.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with (self._root / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                return self._publish(contents, now=_to_utc(now))
        except (OSError, duckdb.Error) as error:
            raise PublishError(self._root, error) from error

    @contextmanager
    def lease(self, snapshot_id: str | None = None) -> Iterator[Snapshot]:
        """Lend the newest snapshot, or the one with this id; it stays open until the end of the ``with`` block.

        Raises NoSnapshotError, or SnapshotGoneError when the named one is not retained; of both there is one that says
        that another version of this program has built it.
        """
        opened = self._lend_newest() if snapshot_id is None else self._open(snapshot_id)
        try:
            yield opened.snapshot
        finally:
            self._give_back(opened)

    def retained(self) -> tuple[str, ...]:
        """Return the ids of the snapshots that are kept, newest first."""
        return tuple(self._retained())

    def close(self) -> None:
        """Close every open snapshot."""
        with self._state_lock:
            opened = list(self._opened.values())
            self._opened.clear()
            self._current = None
        for each in opened:
            each.snapshot.close()

    def _publish(self, contents: SnapshotContents, *, now: datetime) -> SnapshotInfo:
        self._clear_leftovers()
        source = replace(contents.source, as_of=_to_utc(contents.source.as_of))
        self._refuse_older(source.as_of)
        check_contents(contents)
        generation = 1 + max((_generation(path.stem) for path in self._root.glob("*-*.*")), default=0)
        origin = hashlib.sha256(f"{source.sha256} {contents.card.artefact_sha256} {now}".encode()).hexdigest()
        info = SnapshotInfo(
            snapshot_id=f"{generation:06}-{origin[:8]}",
            generation=generation,
            created_at=now,
            accounts=contents.accounts.num_rows,
            source=source,
            card=contents.card,
            words=contents.words,
            allocation=contents.allocation,
            comparison=contents.comparison,
        )
        database = self._building / f"{info.snapshot_id}.duckdb"
        artefact = database.with_suffix(".skops")
        manifest = database.with_suffix(".json")
        pointer = self._building / self._pointer.name
        try:
            written = write_database(database, contents, info)
            check_database(database, written, contents, info)
            artefact.write_bytes(contents.artefact)
            manifest.write_text(_Manifest.of(info, database=database, artefact=artefact).to_json(), "utf-8")
            pointer.write_text(f"{info.snapshot_id}\n", "utf-8")
            self._move_into_place(database, artefact)
            self._move_into_place(manifest)
            self._move_into_place(pointer)
        finally:
            if self._read_pointer() != info.snapshot_id:
                for path in (manifest, artefact, database):
                    (self._root / path.name).unlink(missing_ok=True)
            shutil.rmtree(self._building, ignore_errors=True)
        self._delete_oldest()
        return info

    def _refuse_older(self, as_of: datetime) -> None:
        current = self._read_pointer()
        for snapshot_id in dict.fromkeys([current, *self._retained()] if current else self._retained()):
            try:
                snapshot = self._verify(snapshot_id)
            except (DamagedSnapshotError, SnapshotGoneError):
                continue  # what nobody can read, nobody would miss
            current_as_of = snapshot.info.source.as_of
            snapshot.close()
            if as_of < current_as_of:
                raise OlderSnapshotError(as_of, snapshot_id=snapshot_id, current_as_of=current_as_of)
            return

    def _move_into_place(self, *paths: Path) -> None:
        """Move finished files from the building folder to the root so that a power cut leaves them whole or absent."""
        for path in paths:
            path.chmod(0o444)
            _sync(path)
        for path in paths:
            path.replace(self._root / path.name)
        _sync(self._root)

    def _clear_leftovers(self) -> None:
        """Remove what a publisher left that was killed: all that was being built, and files without a manifest."""
        shutil.rmtree(self._building, ignore_errors=True)
        self._building.mkdir()
        for path in self._root.glob("*-*.*"):
            if _generation(path.stem) and not path.with_suffix(".json").exists():
                path.unlink()

    def _delete_oldest(self) -> None:
        with self._state_lock:
            leased = {snapshot_id for snapshot_id, opened in self._opened.items() if opened.leases}
        for snapshot_id in self._retained()[_RETAINED:]:
            if snapshot_id in leased:
                continue
            try:
                # The manifest goes first: files without one do not count, and the next publisher removes them.
                for suffix in (".json", ".skops", ".duckdb"):
                    (self._root / f"{snapshot_id}{suffix}").unlink(missing_ok=True)
            except OSError as error:
                _log.warning("The retired snapshot %s could not be deleted: %s", snapshot_id, error)
        self._close_retired()

    def _retained(self) -> list[str]:
        """Return the ids of all snapshots that have a manifest, newest first."""
        found = [path.stem for path in self._root.glob("*-*.json") if _generation(path.stem)]
        return sorted(found, key=lambda snapshot_id: (_generation(snapshot_id), snapshot_id), reverse=True)

    def _read_pointer(self) -> str | None:
        """Return the id that CURRENT names; None when there is no such file or it names none."""
        try:
            snapshot_id = self._pointer.read_text("utf-8", "replace").strip()
        except FileNotFoundError:
            return None
        return snapshot_id if _generation(snapshot_id) else None

    def _lend_newest(self) -> _Opened:
        look = _look_at(self._pointer)
        # One thread verifies what is new; meanwhile the others go on with what they have, if they have something.
        if not self._is_followed(look) and self._open_lock.acquire(blocking=self._current is None):
            try:
                if not self._is_followed(look):
                    self._follow_pointer(look)
            finally:
                self._open_lock.release()
        with self._state_lock:
            if self._current is None:
                if self._passed_over is not None:
                    raise OnlyOtherVersionsError(self._root, self._passed_over) from self._passed_over
                raise NoSnapshotError(self._root)
            self._current.leases += 1
            return self._current

    def _is_followed(self, look: _Look | None) -> bool:
        return self._current is not None and look in (None, self._followed)

    def _follow_pointer(self, look: _Look | None) -> None:
        """Make current what CURRENT names; at a cold start, failing that, the newest that can be read."""
        pointed = self._read_pointer()
        candidates = [] if pointed is None else [pointed]
        if self._current is None:
            candidates += [snapshot_id for snapshot_id in self._retained() if snapshot_id != pointed]
        self._followed, self._passed_over = look, None
        for snapshot_id in candidates:
            try:
                opened = self._open(snapshot_id, verifying=True)
            except (DamagedSnapshotError, SnapshotGoneError) as error:
                _log.error("Snapshot %s is passed over: %s", snapshot_id, error)
                if self._passed_over is None and isinstance(error, OtherVersionError):
                    self._passed_over = error
            except OSError as error:
                self._followed = None  # such as too many open files: worth another try
                _log.error("Snapshot %s could not be opened yet: %s", snapshot_id, error)
            else:
                with self._state_lock:
                    previous, self._current = self._current, opened
                if previous is not None:
                    self._give_back(previous)
                return

    def _open(self, snapshot_id: str, *, verifying: bool = False) -> _Opened:
        """Return a retained snapshot, leased once more; ``verifying`` says that the caller holds the lock for that."""
        with self._state_lock:
            if opened := self._opened.get(snapshot_id):
                opened.leases += 1
                return opened
        if not verifying:
            with self._open_lock:
                return self._open(snapshot_id, verifying=True)
        snapshot = self._verify(snapshot_id)
        with self._state_lock:
            opened = self._opened[snapshot_id] = _Opened(snapshot)
        return opened

    def _verify(self, snapshot_id: str) -> Snapshot:
        """Open a snapshot whose files are, byte for byte, those that were published."""
        if not _generation(snapshot_id):
            raise SnapshotGoneError(snapshot_id)
        path = self._root / f"{snapshot_id}.duckdb"
        try:
            manifest = _Manifest.read(path.with_suffix(".json"))
        except FileNotFoundError as error:
            raise SnapshotGoneError(snapshot_id) from error
        for file, expected in (
            (path, manifest.database_sha256),
            (path.with_suffix(".skops"), manifest.artefact_sha256),
        ):
            try:
                found = _sha256(file)
            except FileNotFoundError as error:
                raise DamagedSnapshotError(file, "it is missing") from error
            if found != expected:
                raise DamagedSnapshotError(file, "its SHA-256 is not the one in its manifest")
        try:
            snapshot = Snapshot(read_only_connection(path, memory_limit=self._memory_limit), path)
        except (duckdb.Error, UnreadableSnapshotError) as error:
            raise DamagedSnapshotError(path, f"it cannot be opened ({error})") from error
        if snapshot.info.snapshot_id != snapshot_id:
            snapshot.close()
            raise DamagedSnapshotError(path, f"it holds snapshot {snapshot.info.snapshot_id}")
        return snapshot

    def _give_back(self, opened: _Opened) -> None:
        with self._state_lock:
            opened.leases -= 1
        self._close_retired()

    def _close_retired(self) -> None:
        """Close what is neither leased nor retained any more."""
        with self._state_lock:
            retired = [
                snapshot_id
                for snapshot_id, opened in self._opened.items()
                if not opened.leases and not (self._root / f"{snapshot_id}.json").exists()
            ]
            closing = [self._opened.pop(snapshot_id).snapshot for snapshot_id in retired]
        for snapshot in closing:
            snapshot.close()


@dataclass(slots=True)
class _Opened:
    """An open snapshot and how many use it; the store itself is one of them as long as it is the current one."""

    snapshot: Snapshot
    leases: int = 1


class _Look(NamedTuple):
    """What CURRENT looks like from outside; a new pointer never looks like the one before."""

    inode: int
    modified_nanoseconds: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """What is checked of a snapshot before it is opened; its ``schema`` says by which version it can be."""

    schema: int
    snapshot_id: str
    created_at: datetime
    as_of: datetime
    accounts: int
    versions: dict[str, str]
    database_sha256: str
    artefact_sha256: str

    @classmethod
    def of(cls, info: SnapshotInfo, *, database: Path, artefact: Path) -> _Manifest:
        return cls(
            schema=SCHEMA,
            snapshot_id=info.snapshot_id,
            created_at=info.created_at,
            as_of=info.source.as_of,
            accounts=info.accounts,
            versions={**info.card.versions, "duckdb": duckdb.__version__},
            database_sha256=_sha256(database),
            artefact_sha256=_sha256(artefact),
        )

    @classmethod
    def read(cls, path: Path) -> _Manifest:
        text = path.read_bytes()
        try:
            fields = json.loads(text)
            schema = fields.get("schema", 1)  # the first had no number
            if schema != SCHEMA:
                raise OtherVersionError(path.stem, schema=int(schema), known=SCHEMA)
            fields["created_at"] = datetime.fromisoformat(fields["created_at"])
            fields["as_of"] = datetime.fromisoformat(fields["as_of"])
            return cls(**fields)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise DamagedSnapshotError(path, f"it is no manifest ({error})") from error

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, default=datetime.isoformat) + "\n"


def _generation(name: str) -> int:
    """Return 7 for ``000007-1a2b3c4d`` and 0 for what is not the id of a snapshot."""
    match = _SNAPSHOT_ID.fullmatch(name)
    return int(match[1]) if match else 0


def _look_at(path: Path) -> _Look | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _Look(status.st_ino, status.st_mtime_ns, status.st_size)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_utc(moment: datetime) -> datetime:
    """Return the moment in UTC without a time zone; one without a time zone is taken to be UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
