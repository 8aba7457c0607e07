"""Which texts a page shows: drawn once with them and once without, is there a difference where they stand?

This finds text in the colour of its background, behind pictures, in layers that are switched off and outside clipping
paths alike, and leaves white text on a dark band alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import sub
from typing import Final, TypeVar

Box = tuple[float, float, float, float]  # left, low, right, high
Pixels = tuple[int, int, int, int]  # left, top, right, bottom

_SEEN: Final = 20  # of 255: a smaller difference in grey is no text that anyone reads
_CELL: Final = 4  # pixels
_MOST_DRAWINGS: Final = 8

Run = TypeVar("Run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page drawn in grey, one byte a pixel, rows of ``stride`` bytes from the top."""

    width: int
    height: int
    stride: int
    grey: bytes


def find_unseen(
    runs: Sequence[Run],
    *,
    boxes: Sequence[Pixels],
    draw: Callable[[], Sheet],
    show: Callable[..., None],
) -> list[tuple[Run, int]]:
    """Return the texts that make no difference to the page, each with the grey that stands in its place.

    Texts that lie over each other are judged one after the other, so that one is never taken for the other's. Each must
    show on the whole page, and on the page without other texts: white letters over black ones only spoil those.
    """
    layers = [frozenset(layer) for layer in _layers(boxes)]
    everything = frozenset(range(len(runs)))

    @cache  # of two layers, the one alone is the page without the other
    def draw_without(indices: frozenset[int]) -> Sheet:
        for index in indices:
            show(runs[index], shown=False)
        sheet = draw()
        for index in indices:
            show(runs[index], shown=True)
        return sheet

    whole, bare = draw_without(frozenset()), draw_without(everything)
    unseen = []
    for layer in layers:
        views = [(whole, bare)]
        if len(layers) > 1:
            views = [(whole, draw_without(layer)), (draw_without(everything - layer), bare)]
        unseen += [
            (runs[index], _shade(bare, boxes[index]))
            for index in sorted(layer)
            if not all(_differ(with_it, without, boxes[index]) for with_it, without in views)
        ]
    return unseen


def _layers(boxes: Sequence[Pixels]) -> list[list[int]]:
    """Part boxes into as few layers as possible within which none overlaps another; the last takes what is left."""
    layers: list[tuple[set[tuple[int, int]], list[int]]] = []
    for index, (left, top, right, bottom) in enumerate(boxes):
        cells = {
            (x, y)
            for x in range(left // _CELL, (right - 1) // _CELL + 1)
            for y in range(top // _CELL, (bottom - 1) // _CELL + 1)
        }
        free = next((layer for layer in layers if layer[0].isdisjoint(cells)), None)
        if free is None and len(layers) < _MOST_DRAWINGS:
            layers.append(free := (set(), []))
        taken, members = free or layers[-1]
        taken |= cells
        members.append(index)
    return [members for _, members in layers]


def _differ(one: Sheet, other: Sheet, box: Pixels) -> bool:
    rows = _rows(one, box)
    for start, end in sorted(rows, key=lambda row: abs(row[0] - rows[len(rows) // 2][0])):  # letters are in the middle
        first, second = one.grey[start:end], other.grey[start:end]
        if first != second and max(map(abs, map(sub, first, second))) > _SEEN:
            return True
    return False


def _shade(sheet: Sheet, box: Pixels) -> int:
    """Return the grey in the middle of the box, white where it is outside the sheet."""
    rows = list(_rows(sheet, box))
    if not rows:
        return 255
    start, end = rows[len(rows) // 2]
    return sheet.grey[(start + end) // 2]


def _rows(sheet: Sheet, box: Pixels) -> list[tuple[int, int]]:
    """Return where each row of the box begins and ends within the sheet's bytes."""
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(sheet.width, box[2]), min(sheet.height, box[3])
    return [(y * sheet.stride + left, y * sheet.stride + right) for y in range(top, bottom)] if right > left else []
