"""What other limits would change, as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.normalise import capitalise, normalise
from storage.units import format_amount, format_amount_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from pipeline.allocation.preview import Change
    from pipeline.allocation.rules import Rules
    from pipeline.reallocate import Reallocation

_MOST: Final = 15
_NAME_CHARACTERS: Final = 40


def reallocation_table(found: Reallocation) -> RenderableType:
    """Return the totals before and after, and who gains, who loses and who gets others instead."""
    changes = found.changes
    return Group(
        _totals(found),
        *_listed(f"{len(changes.gainers):,} gain", changes.gainers, found),
        *_listed(f"{len(changes.losers):,} lose", changes.losers, found),
        *_listed(f"{len(changes.exchanged):,} get others instead", changes.exchanged, found),
    )


def _totals(found: Reallocation) -> Table:
    before, after, words = found.before, found.after, found.words
    table = Table(title="Other limits", title_justify="left")
    for column in ("", "now", "then"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("Given by", before.allocator, after.allocator)
    table.add_row("Capacity", f"{before.capacity:,}", f"{after.capacity:,}")
    table.add_row(f"Cap per {words.account}", f"{before.cap_per_account}", f"{after.cap_per_account}")
    for what, was, then in _changed_limits(found.rules_before, found.rules):
        table.add_row(Text(normalise(what, limit=_NAME_CHARACTERS)), *(_bound(each) for each in (was, then)))
    table.add_row(f"{capitalise(words.actions)} given", f"{before.allocated:,}", f"{after.allocated:,}")
    value = [None if each.value is None else format_amount(each.value, words.unit) for each in (before, after)]
    table.add_row("Expected to bring", *(each or "not known" for each in value))
    if before.value is not None and after.value is not None:
        table.add_row("", "", format_amount_change(after.value - before.value, words.unit))
    table.add_row("Short of the best by at most", _gap(before.gap), _gap(after.gap))
    return table


def _changed_limits(before: Rules, after: Rules) -> Iterator[tuple[str, float | None, float | None]]:
    """Yield the limits beside capacity and cap that are others than before; None is no limit."""
    was, then = before.allocation, after.allocation
    every = [
        *(
            (f"{name}'s capacity", was.rep_capacity.get(name, was.capacity_per_rep), capacity)
            for name, capacity in then.rep_capacity.items()
        ),
        *(
            (f"{name}'s minimum", was.territory_minimum.get(name), least)
            for name, least in then.territory_minimum.items()
        ),
        *(
            (f"Budget for {new.actions}", old.budget, new.budget)
            for old, new in zip(before.actions.types, after.actions.types, strict=True)
        ),
    ]
    yield from ((what, old, new) for what, old, new in every if old != new)


def _bound(bound: float | None) -> str:
    return "none" if bound is None else f"{bound:,.10g}"


def _gap(gap: float | None) -> str:
    return "not known" if gap is None else "nothing" if gap == 0 else f"{gap * 100:.2g} %"


def _listed(title: str, changes: tuple[Change, ...], found: Reallocation) -> Iterator[Table]:
    if not changes:
        return
    names = dict(zip(found.account_ids, found.names, strict=True))
    given = dict(zip(found.account_ids, found.allocations, strict=True))
    one_of = {found.words.actions: found.words.action} | {
        each.actions: each.action for each in found.rules.actions.types
    }
    table = Table(title=title, title_justify="left")
    table.add_column(capitalise(found.words.account))
    table.add_column("Change")
    table.add_column("Then", justify="right")
    for change in sorted(changes, key=lambda each: (-abs(each.total), each.account_id))[:_MOST]:
        name = f"{change.account_id} {names[change.account_id]}"
        table.add_row(
            Text(normalise(name, limit=_NAME_CHARACTERS)),
            Text(
                ", ".join(
                    f"{count:+d} {one_of[action] if abs(count) == 1 else action}" for action, count in change.actions
                )
            ),
            str(given[change.account_id].actions),
        )
    if len(changes) > _MOST:
        table.add_row(f"and {len(changes) - _MOST:,} more", "", "")
    yield table
