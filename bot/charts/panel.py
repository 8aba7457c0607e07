"""One feature's values against what they contribute: axes, their words, and the dots between."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from bot.charts.canvas import Canvas, fit_lines, points, text_width
from bot.charts.chart import MARGIN, WIDTH, without_noun
from bot.charts.scales import Positions, Scale
from storage.units import format_amount_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bot.charts.groups import Group

STAR: Final = "#D00000"
_LEFT: Final = 170
_RIGHT: Final = WIDTH - MARGIN
_TICK: Final = 6
_FEW_VALUES: Final = 12
_DOT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Where values (from left to right) and contributions (upwards) lie on a canvas."""

    canvas: Canvas
    x: Scale
    y: Scale

    @classmethod
    def of(cls, canvas: Canvas, positions: Positions, effects: Sequence[float], *, top: float, height: float) -> Panel:
        """Return the panel whose upper edge lies at ``top`` and which holds these effects."""
        low, high = min(effects), max(effects)
        margin = 0.1 * ((high - low) or 1.0)
        return cls(
            canvas=canvas,
            x=Scale(low=positions.low, high=positions.high, first=_LEFT, last=_RIGHT),
            y=Scale(low=low - margin, high=high + margin, first=top + height, last=top),
        )

    def draw_axes(self, positions: Positions, *, unit: str) -> None:
        """Draw both axes with their words, the line of no contribution, and the line before what has no value."""
        canvas, bottom = self.canvas, self.y.first
        canvas.line([_LEFT, _LEFT, _RIGHT], [self.y.last, bottom, bottom], pixels=1.5)
        canvas.line([_LEFT, _RIGHT], [self.y(0)] * 2, pixels=2)
        if positions.divider is not None:
            canvas.line([self.x(positions.divider)] * 2, [self.y.last, bottom], pixels=2, dashes=(1, 2))
        slot = (_RIGHT - _LEFT) / max(len(positions.ticks), 1) - 14
        pixels = 26 if all(text_width(word, pixels=26) <= slot for _, word in positions.ticks) else 22
        marks: list[tuple[float, float]] = []
        for place, word in positions.ticks:
            x = self.x(place)
            marks += [(x, bottom), (x, bottom + _TICK), (nan, nan)]
            for number, line in enumerate(fit_lines(word, width=slot, pixels=pixels, lines=2)):
                canvas.write(x, bottom + 28 + 30 * number, line, pixels=pixels, align="center")
        for amount in self._amounts():
            y = self.y(amount)
            marks += [(_LEFT - _TICK, y), (_LEFT, y), (nan, nan)]
            text = without_noun(format_amount_change(amount, unit), unit)
            canvas.write(_LEFT - _TICK - 8, y, text, pixels=26, align="right")
        canvas.line(*zip(*marks, strict=True), pixels=2)

    def draw_dots(
        self,
        places: npt.NDArray[np.float64],
        effects: npt.NDArray[np.float64],
        groups: Sequence[Group],
        *,
        apart: bool = False,
    ) -> None:
        """Draw the dots of each group in its look, the later over the earlier.

        ``apart``: where the values are few, the groups of each stand side by side.
        """
        step = self._step(places, groups) if apart else 0.0
        for number, group in enumerate(groups):
            shift = (number - (len(groups) - 1) / 2) * step
            self.canvas.marks(self.x(places[group.members]) + shift, self.y(effects[group.members]), **group.look)

    def _step(self, places: npt.NDArray[np.float64], groups: Sequence[Group]) -> float:
        """Return how many pixels apart the groups of one value stand."""
        values = np.unique(places)
        if not 1 < len(values) <= _FEW_VALUES:
            return 0.0
        return min(0.7 * float(np.diff(self.x(values)).min()) / len(groups), _DOT)

    def draw_star(self, place: float, effect: float) -> None:
        """Mark this account."""
        self.canvas.marks([self.x(place)], [self.y(effect)], **star(46))

    def _amounts(self) -> list[float]:
        """Return the amounts that are written along the axis."""
        edge = (self.y.high - self.y.low) / 24
        low, high = self.y.low + edge, self.y.high - edge
        return [float(place) for place in MaxNLocator(nbins=4).tick_values(low, high) if low <= place <= high]


def star(pixels: float) -> dict[str, Any]:
    """Return the look of this account."""
    return {
        "marker": "*",
        "markersize": points(pixels),
        "markerfacecolor": STAR,
        "markeredgecolor": "white",
        "markeredgewidth": points(2.5),
        "zorder": 10,
    }
