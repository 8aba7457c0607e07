"""Two snapshots side by side, account by account, for whoever runs the builds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.changes import list_values, rounded_parts
from bot.csv_file import write_csv
from bot.errors import NothingToCompareError, UnknownSnapshotError
from bot.normalise import capitalise, normalise
from storage.records import ChangeKind
from storage.snapshots import make_change
from storage.units import format_amount, format_amount_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from storage.records import Change, Comparison, SnapshotInfo, Words
    from storage.snapshots import Snapshot, SnapshotStore

_MOST: Final = 10
_VALUES: Final = 2
_ALL: Final = 1000
_NAME_CHARACTERS: Final = 32
_CELL_CHARACTERS: Final = 500
_COLUMNS: Final = (
    "account_id", "name", "owner", "region", "kind", "predicted_before", "predicted_after", "by_data", "by_model",
    "actions_before", "actions_after", "actions_by_data", "actions_by_model", "actions_by_rules",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What changed from the snapshot that was compared to the later one, whose ``info`` this is."""

    comparison: Comparison
    info: SnapshotInfo
    changes: tuple[Change, ...]


def find_diff(store: SnapshotStore, old: str | None, new: str | None) -> Diff:
    """Compare two snapshots, named by id or generation; by default the newest with the one that it followed.

    What a build found is read; any other pair is compared now. Raises UnknownSnapshotError, NothingToCompareError or a
    SnapshotError.
    """
    with store.lease(None if new is None else _resolve(store, new)) as later:
        found = later.info.comparison
        if old is None and found is None:
            raise NothingToCompareError(later.info.snapshot_id)
        old_id = None if old is None else _resolve(store, old)
        if found is not None and old_id in {None, found.previous_id}:
            return Diff(comparison=found, info=later.info, changes=later.changes())
        with store.lease(old_id) as earlier:
            return _compare(earlier, later)


def _compare(earlier: Snapshot, later: Snapshot) -> Diff:
    from pipeline.changes import Build, compare

    comparison, table = compare(earlier, Build.of(later))
    changes = (make_change(row, later.features) for row in table.to_pylist())
    return Diff(
        comparison=comparison,
        info=later.info,
        changes=tuple(sorted(changes, key=lambda change: change.account_id)),
    )


def _resolve(store: SnapshotStore, named: str) -> str:
    kept = store.retained()
    for snapshot_id in kept:
        generation = snapshot_id.partition("-")[0]
        if named == snapshot_id or (named.isdecimal() and int(named) == int(generation)):
            return snapshot_id
    raise UnknownSnapshotError(named, kept=kept)


def diff_table(diff: Diff) -> RenderableType:
    """Return totals, movers, new and gone accounts as tables for a terminal."""
    kinds = {kind: [change for change in diff.changes if change.kind is kind] for kind in ChangeKind}
    movers = sorted(kinds[ChangeKind.CHANGED], key=lambda change: (-abs(change.move), change.account_id))
    return Group(
        _totals(diff, kinds),
        *_movers(f"Largest of {len(movers):,} changes", movers, diff.info.words),
        *_listed("New", kinds[ChangeKind.NEW], after=True, words=diff.info.words),
        *_listed("Gone", kinds[ChangeKind.GONE], after=False, words=diff.info.words),
    )


def _totals(diff: Diff, kinds: dict[ChangeKind, list[Change]]) -> Table:
    changed = kinds[ChangeKind.CHANGED]
    came = sum(change.predicted_after or 0 for change in kinds[ChangeKind.NEW])
    went = sum(change.predicted_before or 0 for change in kinds[ChangeKind.GONE])
    by_model = sum(change.by_model or 0 for change in changed)
    comparison, allocation, words = diff.comparison, diff.info.allocation, diff.info.words
    table = Table(show_header=False, title=f"{comparison.previous_id} → {diff.info.snapshot_id}", title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right")
    rows = [
        (f"{capitalise(words.accounts)} changed, new, gone", ", ".join(f"{len(kinds[kind]):,}" for kind in ChangeKind)),
        ("All predictions", format_amount_change(sum(change.move for change in changed) + came - went, words.unit)),
    ]
    if comparison.not_told_apart is None:
        rows += [
            ("  by data", format_amount_change(sum(change.by_data or 0 for change in changed), words.unit)),
            ("  by model", format_amount_change(by_model, words.unit)),
        ]
    else:
        rows += [
            ("  by model and features", format_amount_change(by_model, words.unit)),
            ("  because", comparison.not_told_apart),
        ]
    rows += [
        (
            f"  by {words.accounts} new, gone",
            ", ".join(format_amount_change(each, words.unit) for each in (came, -went)),
        ),
        (f"{capitalise(words.actions)} allocated", f"{comparison.allocation.allocated:,} → {allocation.allocated:,}"),
    ]
    if comparison.not_told_apart is None:
        parts = (
            sum(getattr(change, f"actions_by_{part}") or 0 for change in changed) for part in ("data", "model", "rules")
        )
        rows.append(("  by data, model, allocation", ", ".join(f"{part:+,}" for part in parts)))
    for name, amount in rows:
        table.add_row(name, Text(normalise(amount, limit=_CELL_CHARACTERS)))
    return table


def _movers(title: str, changes: Sequence[Change], words: Words) -> list[Table]:
    if not changes:
        return []
    table = Table(title=title, title_justify="left")
    table.add_column(capitalise(words.account))
    for heading in ("Before", "After", "Change", "By data", "By model", capitalise(words.actions)):
        table.add_column(heading, justify="right")
    table.add_column("Values")
    for change in changes[:_MOST]:
        by_data, by_model = rounded_parts(change, words.unit)
        table.add_row(
            _name(change),
            format_amount(change.predicted_before or 0, words.unit),
            format_amount(change.predicted_after or 0, words.unit),
            format_amount_change(change.move, words.unit),
            "?" if by_data is None else format_amount_change(by_data, words.unit),
            "?" if by_data is None else format_amount_change(by_model, words.unit),
            f"{change.actions_before} → {change.actions_after}",
            Text(list_values(change, most=_VALUES)),
        )
    return [table]


def _listed(title: str, changes: Sequence[Change], *, after: bool, words: Words) -> list[Table]:
    if not changes:
        return []
    table = Table(title=f"{title}: {len(changes):,}", title_justify="left")
    table.add_column(capitalise(words.account))
    table.add_column("Predicted", justify="right")
    table.add_column(capitalise(words.actions), justify="right")
    standing = sorted(
        (
            (change.predicted_after, change.actions_after, change)
            if after
            else (change.predicted_before, change.actions_before, change)
            for change in changes
        ),
        key=lambda each: (-(each[0] or 0), each[2].account_id),
    )
    for predicted, actions, change in standing[:_MOST]:
        table.add_row(_name(change), format_amount(predicted or 0, words.unit), str(actions))
    return [table]


def _name(change: Change) -> Text:
    return Text(
        f"{normalise(change.account_id, limit=_NAME_CHARACTERS)} {normalise(change.name, limit=_NAME_CHARACTERS)}"
    )


def write_changes(path: Path, changes: Iterable[Change]) -> None:
    """Write all changes, amounts in full; raises UnwritableFileError."""
    write_csv(
        path,
        [*_COLUMNS, "values"],
        ([*(getattr(change, name) for name in _COLUMNS), list_values(change, most=_ALL)] for change in changes),
    )
