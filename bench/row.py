"""One line of a bench's result."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """What was measured, ours beside one peer's; less is better where the unit is of time or memory.

    ``theirs`` is None where the peer has no figure, and ``note`` then says why (``not within 60 s``). Without a peer,
    ``peer`` is empty.
    """

    what: str
    ours: float
    peer: str = ""
    theirs: float | None = None
    unit: str = "s"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times our figure the peer's is."""
        return None if self.theirs is None or not self.ours else self.theirs / self.ours
