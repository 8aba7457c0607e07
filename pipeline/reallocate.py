"""The newest snapshot's actions given again under other limits: what that changes, and publishing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from pipeline.allocation.allocate import allocate
from pipeline.allocation.describe import describe
from pipeline.allocation.errors import ConstraintError
from pipeline.allocation.preview import preview
from pipeline.allocation.problem import closest
from pipeline.changes import Build, compare
from pipeline.contents import tabulate_allocations
from pipeline.errors import UnknownRulesError
from storage.snapshots import contents_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pipeline.allocation.preview import Preview
    from pipeline.allocation.problem import Integers
    from pipeline.allocation.rules import Rules
    from storage.records import Allocation, AllocationSummary, SnapshotInfo, Words
    from storage.snapshots import Snapshot, SnapshotStore

_FEW = 8
_UNCOUNTABLE = 10**9

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Other limits, as they are typed: ``300`` or ``rep:dana=12``, ``workshops=20``, ``territory:EMEA=40``."""

    capacities: tuple[str, ...] = ()
    budgets: tuple[str, ...] = ()
    minima: tuple[str, ...] = ()
    cap_per_account: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reallocation:
    """What other limits would change: how many actions each account would have, in the order of ``account_ids``."""

    rules_before: Rules
    rules: Rules
    words: Words
    account_ids: tuple[str, ...]
    names: tuple[str, ...]
    allocations: Sequence[Allocation]
    before: AllocationSummary
    after: AllocationSummary
    changes: Preview


def reallocate(snapshot: Snapshot, wish: Wish) -> Reallocation:
    """Give the actions of a snapshot again, with its own predictions and rules but for what is wished.

    Raises UnknownRulesError, ConstraintError or InfeasibleError.
    """
    build = Build.of(snapshot)
    if build.rules is None:
        raise UnknownRulesError(snapshot.info.snapshot_id)
    rules = apply_wish(build.rules, wish, build)
    book = build.book()
    given = allocate(rules, book, words=build.words, ranks=snapshot.info.card.ranks)
    allocations, summary = describe(given, book)
    ids = tuple(book.table["account_id"].tolist())
    types = tuple(each.actions for each in rules.actions.types) or (build.words.actions,)
    before, after = _counts_before(snapshot, types), given.counts
    if before.shape != after.shape:
        types, before, after = (build.words.actions,), before.sum(axis=1)[:, None], after.sum(axis=1)[:, None]
    return Reallocation(
        rules_before=build.rules,
        rules=rules,
        words=build.words,
        account_ids=ids,
        names=tuple(build.who["name"].tolist()),
        allocations=allocations,
        before=build.allocation,
        after=summary,
        changes=preview(ids, types, before, after),
    )


def publish(store: SnapshotStore, snapshot: Snapshot, found: Reallocation, *, now: datetime) -> SnapshotInfo:
    """Publish a snapshot that differs from this one in nothing but its allocation."""
    own = Build.of(snapshot)
    actions = np.array([each.actions for each in found.allocations], dtype=np.int64)
    build = replace(own, actions=actions, allocation=found.after, rules=found.rules)
    comparison, changes = compare(snapshot, build)
    contents = replace(
        contents_of(snapshot, accounts=_Reallocated(snapshot=snapshot, allocations=found.allocations)),
        allocation=found.after,
        rules=found.rules.model_dump_json(by_alias=True),
        comparison=comparison,
        changes=changes,
    )
    return store.publish(contents, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reallocated:
    """The accounts of a snapshot with other allocations, in the order of the snapshot."""

    snapshot: Snapshot
    allocations: Sequence[Allocation]

    @property
    def num_rows(self) -> int:
        return self.snapshot.info.accounts

    def select(self, columns: list[str], /) -> pa.Table:
        return self.snapshot.accounts(columns)

    def take(self, places: pa.Array, /) -> pa.Table:
        chosen = np.asarray(places)
        first = int(chosen.min())
        accounts = self.snapshot.accounts(start=first, stop=int(chosen.max()) + 1).take(pa.array(chosen - first))
        for name, column in tabulate_allocations([self.allocations[place] for place in chosen.tolist()]).items():
            accounts = accounts.set_column(accounts.schema.get_field_index(name), name, column)
        return accounts


def apply_wish(rules: Rules, wish: Wish, build: Build) -> Rules:
    """Return the rules with the limits wished.

    Raises ConstraintError with everything that cannot be read, or names nothing there is.
    """
    faults: list[str] = []
    reps, territories = (sorted({each for each in build.who[name].unique() if each}) for name in ("owner", "region"))
    capacity, rep_capacity = rules.actions.capacity, dict(rules.allocation.rep_capacity)
    minima, budgets = dict(rules.allocation.territory_minimum), dict[str, float]()
    for text in wish.capacities:
        if "=" not in text:
            capacity = _number(text, f"--capacity {text}", int, faults, default=capacity)
            if capacity == 0:
                faults.append(f"--capacity {text} leaves no {build.words.action} to give")
            continue
        name, number = _split(text, "--capacity", "rep", int, faults)
        if (rep := _find(name, reps, build.words.rep, faults)) is not None:
            rep_capacity[rep] = number
    for text in wish.minima:
        name, number = _split(text, "--minimum", "territory", int, faults)
        if (territory := _find(name, territories, build.words.territory, faults)) is not None:
            minima[territory] = number
    types = {each.actions: each.action for each in rules.actions.types}
    for text in wish.budgets:
        name, amount = _split(text, "--budget", "", float, faults)
        singular = {action: actions for actions, action in types.items()}
        kind = _find(singular.get(name, name), list(types), f"type of {build.words.action}", faults)
        if kind is not None:
            budgets[kind] = amount
    if faults:
        raise ConstraintError(faults)
    changed = tuple(
        each.model_copy(update={"budget": budgets[each.actions]}) if each.actions in budgets else each
        for each in rules.actions.types
    )
    actions = rules.actions.model_copy(update={"capacity": capacity, "types": changed})
    allocation = rules.allocation.model_copy(update={"rep_capacity": rep_capacity, "territory_minimum": minima})
    return rules.model_copy(update={"actions": actions, "allocation": allocation}).replace(
        cap_per_account=wish.cap_per_account
    )


def _counts_before(snapshot: Snapshot, types: Sequence[str]) -> Integers:
    """Return how many actions of each type a snapshot gives, shape (accounts, types); one column where it says none."""
    given = snapshot.accounts(["actions", "by_type"])
    rows = given.column("by_type").to_pylist()
    if not any(rows):
        return np.asarray(given.column("actions"), dtype=np.int64)[:, None]
    counts = [{each["actions"]: each["count"] for each in row} for row in rows]
    return np.array([[each.get(name, 0) for name in types] for each in counts], dtype=np.int64)


def _split(text: str, option: str, prefix: str, kind: type[Number], faults: list[str]) -> tuple[str, Number]:
    """Return the name and the number of ``prefix:name=number``; the prefix may be left out."""
    name, _, number = text.rpartition("=")
    return name.removeprefix(f"{prefix}:").strip(), _number(number, f"{option} {text}", kind, faults, default=kind(0))


def _number(text: str, option: str, kind: type[Number], faults: list[str], *, default: Number) -> Number:
    try:
        number = kind(text)
    except ValueError:
        faults.append(f"{option} does not end in a {'whole ' if kind is int else ''}number")
        return default
    if number >= _UNCOUNTABLE:
        faults.append(f"{option} is more than can be given")
        return default
    return number


def _find(name: str, there: Sequence[str], what: str, faults: list[str]) -> str | None:
    """Return the one that is meant: its name in any letter case, or a word of it that no other has."""
    folded = name.casefold()
    found = [each for each in there if each.casefold() == folded] or [
        each for each in there if folded in each.casefold().split()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        faults.append(f"{name} may be {' or '.join(found)}")
        return None
    similar, few = closest(name, there), list(there[:_FEW])
    hint = f" (the closest: {', '.join(similar)})" if similar else f" (there are {', '.join(few) or 'none'})"
    faults.append(f"there is no {what} {name}{hint}")
    return None
