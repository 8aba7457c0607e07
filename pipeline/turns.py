"""Who gets how many of the team's sales actions where nothing tells the accounts apart: the allocator ``turns``."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from storage.records import Allocation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.allocation.score import Rule

ALLOCATOR = "turns"


def take_turns(
    account_ids: Sequence[str], owners: Sequence[str], *, rule: Rule, capacity: int, cap_per_account: int
) -> tuple[Allocation, ...]:
    """Return the allocation of each account, in the order given; ``rank`` is its turn and no merit.

    The books of the owners take turns in alphabetical order, and within a book its accounts in the order of their ids:
    nobody gets a second action before everybody has had one, and no owner more than one action above another as long as
    the books have accounts left.
    """
    books: dict[str, list[int]] = {}
    for row in sorted(range(len(account_ids)), key=lambda each: (owners[each], account_ids[each])):
        books.setdefault(owners[row], []).append(row)
    turns = [row for turn in zip_longest(*books.values()) for row in turn if row is not None]
    places = {row: place for book in books.values() for place, row in enumerate(book, start=1)}
    rounds, rest = divmod(capacity, len(turns))
    allocations = {}
    for rank, row in enumerate(turns, start=1):
        actions = min(cap_per_account, rounds + (rank <= rest))
        book, place = books[owners[row]], places[row]
        allocations[row] = Allocation(
            actions=actions,
            rank=rank,
            score=0.0,
            scaled_score=0.0,
            reason=(
                f"No model predicts better than a constant here, so no {rule.account} is ranked above another: "
                f"{_books(len(books))} in the order of their ids. This is number {place} of {len(book)} in its book "
                f"and turn {rank} of {len(turns)}; {rule.count(capacity)} {'goes' if capacity == 1 else 'go'} around."
            ),
        )
    return tuple(allocations[row] for row in range(len(account_ids)))


def _books(count: int) -> str:
    return "all take turns" if count == 1 else f"the books of the {count} owners take turns, each"
