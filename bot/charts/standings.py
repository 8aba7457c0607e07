"""The accounts of a day beside each other: what each is expected to bring, within which interval, and its actions."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Final

from bot.charts.canvas import INK, MUTED, Canvas, drawable, fit_lines, points
from bot.charts.chart import ALT_CHARACTERS, MARGIN, WIDTH, Chart, Title, without_noun
from bot.charts.groups import action_look
from bot.charts.scales import Scale
from bot.evidence import format_actions
from bot.normalise import cut, normalise
from storage.units import format_amount, format_range

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.records import DigestRow, SnapshotInfo

_MOST: Final = 12
_ROW: Final = 96
_LEFT: Final = 470
_RIGHT: Final = 860
_NAME: Final = 120
_LOGARITHMIC_FROM: Final = 20  # largest by median prediction, from where a linear axis would press most together


def standings_chart(rows: Sequence[DigestRow], info: SnapshotInfo) -> Chart:
    """Draw at least one account; of many, the first twelve."""
    shown, words = rows[:_MOST], info.words
    level = f"{info.card.interval_level * 100:.0f} % interval"
    to_pixel, logarithmic = _axis(shown)
    axis = ", logarithmic" if logarithmic else ""
    title = Title.of(
        f"Predicted {words.target}", f"dot: prediction, the darker the more {words.actions} · line: {level}{axis}"
    )
    top = title.height + 8
    canvas = Canvas(WIDTH, top + _ROW * len(shown) + (56 if len(rows) > len(shown) else 24))
    title.draw(canvas)
    most = max(1, *(row.actions for row in shown))
    for number, row in enumerate(shown):
        middle = top + _ROW * (number + 0.5)
        if number:
            canvas.line([MARGIN, WIDTH - MARGIN], [middle - _ROW / 2] * 2, pixels=1, colour="#DDDDDD")
        _draw_words(canvas, row, info, middle=middle)
        _draw_interval(canvas, row, to_pixel, middle=middle, most=most)
    if len(rows) > len(shown):
        more = f"and {len(rows) - len(shown):,} more {words.accounts}"
        canvas.write(MARGIN, canvas.height - 30, more, pixels=26, colour=MUTED)
    return Chart(
        filename="digest.png",
        title=f"{len(shown)} {words.accounts}" if len(shown) > 1 else f"1 {words.account}",
        png=canvas.png(),
        alt_text=_describe(shown, info, level),
    )


def _axis(rows: Sequence[DigestRow]) -> tuple[Callable[[float], float], bool]:
    """Return where an amount lies from left to right, and whether that is by its logarithm."""
    ends = [end for row in rows for end in (row.low, row.predicted, row.high)]
    logarithmic = min(ends) > 0 and max(ends) > _LOGARITHMIC_FROM * median(row.predicted for row in rows)
    if logarithmic:
        scale = Scale(low=math.log10(min(ends)), high=math.log10(max(ends)), first=_LEFT, last=_RIGHT)
        return (lambda amount: scale(math.log10(amount))), True
    low, high = min(ends), max(ends)
    # Zero is in the picture unless that would flatten the intervals to nothing.
    low = low - 0.1 * (high - low) if low > high - low else min(low, 0.0)
    return Scale(low=low, high=max(high, 0.0), first=_LEFT, last=_RIGHT), False


def _draw_words(canvas: Canvas, row: DigestRow, info: SnapshotInfo, *, middle: float) -> None:
    unit, width = info.words.unit, _LEFT - 2 * MARGIN
    name = normalise(row.name, limit=_NAME)
    name = name if drawable(name) == name else row.account_id
    canvas.write(MARGIN, middle - 19, fit_lines(name, width=width, pixels=30, bold=True)[0], pixels=30, bold=True)
    below = f"{row.account_id} · {format_actions(row.actions, info.words)}"
    canvas.write(MARGIN, middle + 19, fit_lines(below, width=width, pixels=26)[0], pixels=26, colour=MUTED)
    worth = without_noun(format_amount(row.predicted, unit), unit)
    canvas.write(WIDTH - MARGIN, middle - 19, worth, pixels=32, bold=True, align="right")
    between = without_nouns(format_range(row.low, row.high, unit), unit)
    canvas.write(WIDTH - MARGIN, middle + 19, between, pixels=26, colour=MUTED, align="right")


def without_nouns(amounts: str, unit: str) -> str:
    """Return a range for where its noun would not fit."""
    return amounts if unit in {"$", "%"} else amounts.removesuffix(f" {unit}")


def _draw_interval(
    canvas: Canvas, row: DigestRow, to_pixel: Callable[[float], float], *, middle: float, most: int
) -> None:
    low, high = to_pixel(row.low), to_pixel(row.high)
    canvas.line([low, high], [middle, middle], pixels=4, colour=INK)
    for x in (low, high):
        canvas.line([x, x], [middle - 14, middle + 14], pixels=4, colour=INK)
    look = action_look(row.actions, most) | {"markersize": points(34)}
    canvas.marks([to_pixel(row.predicted)], [middle], zorder=5, **look)


def _describe(rows: Sequence[DigestRow], info: SnapshotInfo, level: str) -> str:
    unit = info.words.unit
    each = [
        f"{row.account_id} {format_amount(row.predicted, unit)} ({format_range(row.low, row.high, unit)}), "
        f"{format_actions(row.actions, info.words)}"
        for row in rows
    ]
    return cut(f"Predicted {info.words.target} with its {level}: {'; '.join(each)}.", ALT_CHARACTERS)
