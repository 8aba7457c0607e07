"""Sequences too large to hold: an entry is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OnDemand(Sequence[T], Generic[T]):
    """``size`` entries, the same at every look; ``make`` is given the place of one."""

    make: Callable[[int], T]
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        places = range(self.size)[place]
        return self.make(places) if isinstance(places, int) else [self.make(each) for each in places]
