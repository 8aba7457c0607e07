"""What a change of constraints would do: who gains and who loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.allocation.problem import Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How many actions of each type an account would get more (negative: fewer); unchanged types are left out."""

    account_id: str
    actions: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """How many actions more it would get in all."""
        return sum(count for _, count in self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The accounts that would gain, lose, or have their actions exchanged for as many others; actions in all."""

    gainers: tuple[Change, ...]
    losers: tuple[Change, ...]
    exchanged: tuple[Change, ...]
    actions: int


def preview(account_ids: Sequence[str], types: Sequence[str], before: Integers, after: Integers) -> Preview:
    """Return what becomes different between counts of the same accounts and types, in the order of the accounts."""
    difference = after - before
    changes = [
        Change(
            account_id=account_ids[row],
            actions=tuple((name, int(n)) for name, n in zip(types, difference[row], strict=True) if n),
        )
        for row in np.flatnonzero(difference.any(axis=1)).tolist()
    ]
    return Preview(
        gainers=tuple(change for change in changes if change.total > 0),
        losers=tuple(change for change in changes if change.total < 0),
        exchanged=tuple(change for change in changes if change.total == 0),
        actions=int(difference.sum()),
    )
