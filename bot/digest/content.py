"""What is in a digest: today's accounts, what changed since the last one and why, and who has something left to do."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.blocks import digest_message
from bot.charts.standings import standings_chart
from bot.diff import find_diff
from bot.errors import UnknownSnapshotError
from bot.evidence import format_actions
from bot.normalise import capitalise, normalise
from storage.errors import SnapshotGoneError
from storage.records import ChangeKind, Movers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date

    from bot.blocks import Message
    from bot.charts import Chart
    from bot.rights import Owned
    from storage.records import DigestRow, SnapshotInfo, Words
    from storage.snapshots import Snapshot, SnapshotStore
    from storage.state import PostedDigest

LONGEST_DIGEST: Final = 10
"""How many accounts are listed where nobody chose."""
_MOST_MOVERS: Final = 3  # in each direction
_MOST_LOADS: Final = 8
_NAME: Final = 60
# Comparing snapshots that no build compared takes the models of both: seconds for so many accounts, minutes for more.
_MOST_COMPARED: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a digest says. ``loads`` is a heading with a line for each rep, ``notes`` are sentences."""

    info: SnapshotInfo
    day: date
    rows: tuple[DigestRow, ...]
    movers: Movers | None
    loads: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The accounts that it names."""
        moved = (*self.movers.up, *self.movers.down) if self.movers else ()
        ids = [*(row.account_id for row in self.rows), *(change.account_id for change in moved)]
        return tuple(dict.fromkeys(ids))

    @property
    def content(self) -> str:
        """What tells it from a digest that would say the same: the snapshot, the accounts and their actions."""
        said = [self.info.snapshot_id, *([row.account_id, row.actions] for row in self.rows)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def chart(self) -> Chart | None:
        """Draw its accounts; None where there is none."""
        return standings_chart(self.rows, self.info) if self.rows else None

    def message(self, picture: tuple[str, str] | None = None) -> Message:
        """Return it as it is posted, with the picture that was uploaded under this id and its words."""
        return digest_message(
            self.info,
            self.rows,
            day=self.day,
            movers=self.movers,
            loads=self.loads,
            notes=self.notes,
            picture=picture,
        )


def make_digest(
    snapshots: SnapshotStore,
    *,
    day: date,
    may_see: Callable[[Owned], bool] = lambda _: True,
    territory: str | None = None,
    top: int = LONGEST_DIGEST,
    handled: Mapping[str, int] = MappingProxyType({}),
    last: PostedDigest | None = None,
) -> Digest:
    """Return the newest snapshot's accounts that get actions, highest expected value first, and the biggest moves.

    Only what ``may_see`` admits is in it. Actions that were ``handled``, counted by account, are not shown again. The
    moves are those since the ``last`` digest, or else since the previous snapshot.

    Raises:
        NoSnapshotError: nothing was ever built.
    """
    with snapshots.lease() as snapshot:
        info, movers = _find_movers(snapshots, snapshot, last, territory, may_see)
        rows = find_open(snapshot, limit=top, region=territory, may_see=may_see, handled=handled)
        loads = _loads(snapshot, territory, may_see, handled)
        return Digest(
            info=info, day=day, rows=rows, movers=movers, loads=loads, notes=_notes(snapshot, territory, last)
        )


def find_open(
    snapshot: Snapshot,
    *,
    limit: int,
    may_see: Callable[[Owned], bool],
    handled: Mapping[str, int],
    region: str | None = None,
) -> tuple[DigestRow, ...]:
    """Return the accounts with actions of which nobody said what became of them, and how many of those there are."""
    given = snapshot.digest(limit=limit + len(handled), region=region, visible=may_see)
    left = (replace(row, actions=row.actions - handled.get(row.account_id, 0)) for row in given)
    return tuple(row for row in left if row.actions > 0)[:limit]


def count_open(
    snapshot: Snapshot, *, may_see: Callable[[Owned], bool], handled: Mapping[str, int]
) -> Mapping[str, tuple[int, int]]:
    """Return by owner how many actions there are, and how many nobody said of what became of them.

    Only owners are in it all of whose accounts may be seen: what is told of the others could give away a number.
    """
    hidden = {book.owner for book in snapshot.books() if not may_see(book)}
    done = snapshot.digest(limit=len(handled), visible=lambda account: account.account_id in handled)
    given: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for book in snapshot.books():
        given[book.owner] += book.actions
        left[book.owner] += book.actions
    for row in done:
        left[row.owner] -= min(row.actions, handled[row.account_id])
    return {owner: (given[owner], left[owner]) for owner in given if owner not in hidden}


def _find_movers(
    snapshots: SnapshotStore,
    snapshot: Snapshot,
    last: PostedDigest | None,
    territory: str | None,
    may_see: Callable[[Owned], bool],
) -> tuple[SnapshotInfo, Movers | None]:
    """Return what moved, and the snapshot's info with the comparison that says since when."""
    info = snapshot.info
    previous = info.comparison.previous_id if info.comparison else None
    if last is not None and last.snapshot_id == info.snapshot_id:
        return info, None
    if last is not None and last.snapshot_id != previous and info.accounts <= _MOST_COMPARED:
        try:
            diff = find_diff(snapshots, last.snapshot_id, info.snapshot_id)
        except (UnknownSnapshotError, SnapshotGoneError):  # it is no longer kept
            pass
        else:
            big = [
                change
                for change in diff.changes
                if change.kind is ChangeKind.CHANGED
                and change.is_big
                and may_see(change)
                and territory in {None, change.region}
            ]
            big.sort(key=lambda change: (-abs(change.move), change.account_id))
            up, down = ([each for each in big if each.move * sign > 0] for sign in (1, -1))
            return replace(info, comparison=diff.comparison), Movers(
                up=tuple(up[:_MOST_MOVERS]), down=tuple(down[:_MOST_MOVERS])
            )
    return info, snapshot.movers(limit=_MOST_MOVERS, region=territory, visible=may_see)


def _notes(snapshot: Snapshot, territory: str | None, last: PostedDigest | None) -> tuple[str, ...]:
    place = [f"Listed is {normalise(territory, limit=_NAME)}."] if territory else []
    same = last is not None and last.snapshot_id == snapshot.info.snapshot_id
    return (*place, *(["The data is that of the last digest; only outcomes were reported since."] if same else []))


def _loads(
    snapshot: Snapshot, territory: str | None, may_see: Callable[[Owned], bool], handled: Mapping[str, int]
) -> tuple[str, ...]:
    """Return who has something left to do, most first, below a heading."""
    here = {book.owner for book in snapshot.books() if book.owner and territory in {None, book.region}}
    counted = count_open(snapshot, may_see=may_see, handled=handled)
    known = {owner: counts for owner, counts in counted.items() if owner in here}
    words, limits = snapshot.info.words, _capacities(snapshot, known)
    lines = []
    for owner, (given, waiting) in known.items():
        left = limits[owner] - given if limits else waiting
        if left > 0:
            lines.append((-left, owner, _load_line(owner, given, left, words, limit=limits.get(owner))))
    if not lines:
        return ()
    shown = [line for *_, line in sorted(lines)[:_MOST_LOADS]]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown):,} more {words.reps}")
    return ("Who has capacity left" if limits else f"{capitalise(words.actions)} with no outcome yet", *shown)


def _load_line(owner: str, given: int, left: int, words: Words, *, limit: int | None) -> str:
    name = normalise(owner, limit=_NAME)
    if limit is None:
        return f"{name}: {left:,} of {format_actions(given, words)}"
    return f"{name}: room for {format_actions(left, words)}, {given:,} of {limit:,} given"


def _capacities(snapshot: Snapshot, owners: Collection[str]) -> Mapping[str, int]:
    """Return how many actions each of these reps has time for; empty unless the rules say so of all of them."""
    # Here, since it takes the model's libraries, which a process that posts no digest should not load.
    from pipeline.changes import read_rules

    rules = read_rules(snapshot)
    if rules is None:
        return {}
    common, named = rules.allocation.capacity_per_rep, rules.allocation.rep_capacity
    found = {owner: named.get(owner, common) for owner in owners}
    known = {owner: capacity for owner, capacity in found.items() if capacity is not None}
    return known if len(known) == len(found) else {}
