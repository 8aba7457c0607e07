"""The pictures of a brief, for a telephone's screen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from bot.canvas import INK, MUTED, Canvas, drawable, fit_lines, font, points, text_width
from bot.evidence import describe_effect, format_actions
from bot.normalise import capitalise, cut
from bot.scales import Positions, Scale, category_positions, number_positions, without_outliers
from storage.records import FeatureKind
from storage.units import format_amount, format_amount_change, format_range, format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from bot.brief import Brief, Driver
    from storage.records import Account, Dependence, Words

# Okabe and Ito, "Color Universal Design" (2008): told apart with every kind of colour vision.
_PLUS: Final = "#0072B2"
_MINUS: Final = "#D55E00"
_TOTAL: Final = "#9A9A9A"
_STAR: Final = "#D00000"
_NONE: Final = "#B4B4B4"
_ACTIONS: Final = ("#7FCDBB", "#41B6C4", "#1D91C0", "#225EA8", "#081D58")  # ColorBrewer YlGnBu: darker is more

_WIDTH: Final = 1200
_MARGIN: Final = 40
_PANEL_LEFT: Final = 170
_ALT_CHARACTERS: Final = 1000
_STRONGEST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture (PNG), and in ``alt_text`` what it says to those who do not see it."""

    filename: str
    title: str
    png: bytes
    alt_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A row of the waterfall: a bar from one level to the next, in the unit of the target."""

    label: str
    value: str
    start: float
    end: float
    is_level: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Title:
    """What stands above a picture; the pixels below it depend on how many lines it takes."""

    lines: Sequence[str]
    below: str

    @classmethod
    def of(cls, title: str, below: str) -> _Title:
        width = _WIDTH - 2 * _MARGIN
        return cls(
            lines=fit_lines(title, width=width, pixels=44, bold=True, lines=2),
            below=fit_lines(below, width=width, pixels=28)[0],
        )

    @property
    def height(self) -> int:
        return 84 + 54 * len(self.lines)

    def draw(self, canvas: Canvas) -> None:
        for number, line in enumerate(self.lines):
            canvas.write(_MARGIN, 52 + 54 * number, line, pixels=44, bold=True)
        canvas.write(_MARGIN, self.height - 32, self.below, pixels=28, colour=MUTED)


def waterfall_chart(brief: Brief) -> Chart:
    """Draw how the strongest drivers lead from the baseline to the predicted value."""
    steps = _steps(brief)
    account, words = brief.account, brief.snapshot.words
    worth = format_amount(account.predicted, words.unit)
    title = _Title.of(
        f"Why {worth} for {_drawable_name(account)}",
        f"{account.account_id} · from the baseline to the predicted {words.target}",
    )
    row, top = 118, title.height + 16
    canvas = Canvas(_WIDTH, top + row * len(steps) + 84)
    title.draw(canvas)
    left, right = 460, 930
    scale = _amount_scale(brief, steps, left=left, right=right)
    for number, step in enumerate(steps):
        middle = top + row * number + row / 2
        _draw_label(canvas, step, middle=middle, width=left - 2 * _MARGIN)
        _draw_bar(canvas, step, scale, middle=middle, unit=words.unit)
        if number:
            x = scale(step.start if not step.is_level else step.end)
            canvas.plane.plot([x, x], [middle - row + 36, middle - 36], color=MUTED, linewidth=points(2), dashes=(3, 2))
    _draw_interval(canvas, brief, scale, middle=top + row * (len(steps) - 0.5))
    level = f"{brief.snapshot.card.interval_level * 100:.0f} % interval"
    bottom = canvas.height - 46
    canvas.write(_MARGIN, bottom, "▲ adds", pixels=28, colour=_PLUS)
    canvas.write(_MARGIN + 150, bottom, "▼ takes", pixels=28, colour=_MINUS)
    text = f"├─┤ {level}: {format_range(account.low, account.high, words.unit)}"
    canvas.write(_WIDTH - _MARGIN, bottom, text, pixels=28, colour=INK, align="right")
    return Chart(
        filename="waterfall.png",
        title=f"Why {worth} for {account.account_id}",
        png=canvas.png(),
        alt_text=_waterfall_words(brief, steps),
    )


def interactions_chart(brief: Brief) -> Chart:
    """Draw what the strongest drivers contribute across accounts, by value and by allocated actions."""
    pairs = list(zip(brief.drivers, brief.dependence, strict=False))
    account, words = brief.account, brief.snapshot.words
    title = _Title.of(
        f"{_drawable_name(account)} among all {words.accounts}",
        "What its strongest drivers contribute, by value",
    )
    panel, top = 470, title.height + 84
    canvas = Canvas(_WIDTH, top + panel * len(pairs) + 10)
    title.draw(canvas)
    most = max(brief.snapshot.allocation.cap_per_account, *(max(each.actions, default=0) for _, each in pairs), 1)
    _draw_legend(canvas, most, words, middle=title.height + 28)
    for number, (driver, dependence) in enumerate(pairs):
        _draw_panel(canvas, driver, dependence, most=most, top=top + panel * number, words=words)
    return Chart(
        filename="interactions.png",
        title=f"{account.account_id} among all {words.accounts}",
        png=canvas.png(),
        alt_text=_interactions_words(brief, pairs),
    )


def _steps(brief: Brief) -> list[_Step]:
    """Return the rows from the baseline to the prediction; each starts where the one before ended."""
    account = brief.account
    level = account.baseline
    steps = [_Step(label="Baseline", value="average prediction", start=0, end=level, is_level=True)]
    for driver in brief.drivers[:_STRONGEST]:
        value = format_value(driver.feature, driver.value)
        steps.append(_Step(label=driver.feature.label, value=value, start=level, end=level + driver.shap))
        level += driver.shap
    if rest := brief.drivers[_STRONGEST:]:
        count = f"{len(rest)} feature{'s' if len(rest) > 1 else ''}"
        steps.append(_Step(label="All else", value=count, start=level, end=account.predicted))
    target = brief.snapshot.words.target
    return [*steps, _Step(label="Prediction", value=target, start=0, end=account.predicted, is_level=True)]


def _amount_scale(brief: Brief, steps: Sequence[_Step], *, left: float, right: float) -> Scale:
    """Return where an amount lies; zero is in the picture unless that would flatten the steps to nothing."""
    levels = [step.end for step in steps] + [brief.account.low, brief.account.high]
    low, high = min(levels), max(levels)
    span = (high - low) or abs(high) or 1.0
    low, high = (low - 0.1 * span if low > span else min(low, 0.0)), max(high, 0.0)
    return Scale(low=low, high=high, left=left, right=right)


def _drawable_name(account: Account) -> str:
    """Return the account's name, or its id where the font lacks letters of the name."""
    return account.name if drawable(account.name) == account.name else account.account_id


def _draw_label(canvas: Canvas, step: _Step, *, middle: float, width: float) -> None:
    """Write a row's feature in at most two lines and its value below."""
    lines = fit_lines(step.label, width=width, pixels=30, bold=step.is_level, lines=2)
    values = fit_lines(step.value, width=width, pixels=26) if step.value else []
    y = middle - (36 * len(lines) + 34 * len(values)) / 2 + 18
    for line in lines:
        canvas.write(_MARGIN, y, line, pixels=30, bold=step.is_level)
        y += 36
    for line in values:
        canvas.write(_MARGIN, y - 1, line, pixels=26, colour=MUTED)


def _draw_bar(canvas: Canvas, step: _Step, scale: Scale, *, middle: float, unit: str) -> None:
    start, end = scale(max(step.start, scale.low) if step.is_level else step.start), scale(step.end)
    change = step.end - step.start
    colour = _TOTAL if step.is_level else (_PLUS if change >= 0 else _MINUS)
    canvas.plane.add_patch(
        Rectangle(
            (min(start, end), middle - 32),
            max(abs(end - start), 3),
            64,
            facecolor=colour,
            edgecolor="white" if change < 0 and not step.is_level else colour,
            hatch="//" if change < 0 and not step.is_level else None,
            linewidth=0,
        )
    )
    if step.is_level and scale.low > 0:
        _draw_break(canvas, start, middle=middle)
    if step.is_level:
        text, ink = _without_noun(format_amount(step.end, unit), unit), INK
    else:
        ink = colour
        text = f"{'▲' if change >= 0 else '▼'} {_without_noun(format_amount_change(change, unit), unit)}"
    canvas.write(canvas.width - _MARGIN, middle, text, pixels=32, bold=True, colour=ink, align="right")


def _draw_break(canvas: Canvas, x: float, *, middle: float) -> None:
    """Mark a bar that does not start at zero."""
    for offset in (16, 30):
        canvas.plane.plot([x + offset, x + offset + 12], [middle + 40, middle - 40], color="white", linewidth=points(6))


def _draw_interval(canvas: Canvas, brief: Brief, scale: Scale, *, middle: float) -> None:
    low, high = scale(brief.account.low), scale(brief.account.high)
    canvas.plane.plot([low, high], [middle, middle], color=INK, linewidth=points(4))
    for x in (low, high):
        canvas.plane.plot([x, x], [middle - 18, middle + 18], color=INK, linewidth=points(4))


def _draw_legend(canvas: Canvas, most: int, words: Words, *, middle: float) -> None:
    this = f"this {words.account}"
    own = _WIDTH - _MARGIN - text_width(this, pixels=28) - 44
    shown = sorted({round(level) for level in np.linspace(0, most, min(most, 5) + 1)})
    step = 92 + text_width(str(most), pixels=28) - text_width("9", pixels=28)
    # The name gives way where it is longer than what the numbers leave.
    [title] = fit_lines(capitalise(words.actions), width=max(own - 60 - step * len(shown) - _MARGIN, 120), pixels=28)
    canvas.write(_MARGIN, middle, title, pixels=28)
    first = _MARGIN + text_width(title, pixels=28) + 40
    for number, level in enumerate(shown):
        x = first + step * number
        canvas.plane.plot([x], [middle], **_marker(level, most))
        canvas.write(x + 22, middle, str(level), pixels=28)
    canvas.plane.plot([own], [middle], **_star(38))
    canvas.write(_WIDTH - _MARGIN, middle, this, pixels=28, align="right")


def _marker(level: int, most: int) -> dict[str, Any]:
    """Return the look of an account with this many actions: the more, the larger and the darker."""
    share = level / most
    colour = _ACTIONS[min(math.ceil(share * len(_ACTIONS)), len(_ACTIONS)) - 1] if level else _NONE
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": points(12 + 14 * share),
        "markerfacecolor": colour,
        "markeredgecolor": "white",
        "markeredgewidth": points(1.5),
    }


def _star(pixels: float) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": "*",
        "markersize": points(pixels),
        "markerfacecolor": _STAR,
        "markeredgecolor": "white",
        "markeredgewidth": points(2.5),
        "zorder": 10,
        "clip_on": False,
    }


def _draw_panel(canvas: Canvas, driver: Driver, dependence: Dependence, *, most: int, top: float, words: Words) -> None:
    """Draw one feature: a dot for each account, the star for this one."""
    width = canvas.width - 2 * _MARGIN
    feature = driver.feature
    unit = feature.unit if feature.kind is FeatureKind.NUMBER and feature.unit not in {"", "$", "%"} else ""
    label = f"{feature.label} ({unit.replace('0-10', 'of 10')})" if unit else feature.label
    canvas.write(_MARGIN, top + 24, fit_lines(label, width=width, pixels=32, bold=True)[0], pixels=32, bold=True)
    effect = f"★ {format_value(feature, driver.value)}: {format_amount_change(driver.shap, words.unit)}"
    canvas.write(_MARGIN, top + 64, fit_lines(effect, width=width - 380, pixels=28)[0], pixels=28, colour=_STAR)
    pictured, outside = without_outliers(dependence, own=driver)
    if outside:
        left_out = f"{outside} far-off {words.accounts if outside > 1 else words.account} not shown"
        canvas.write(_WIDTH - _MARGIN, top + 64, left_out, pixels=26, colour=MUTED, align="right")

    axes = canvas.add_panel(left=_PANEL_LEFT, top=top + 104, width=_WIDTH - _PANEL_LEFT - _MARGIN, height=280)
    locate = category_positions if feature.kind is FeatureKind.CATEGORY else number_positions
    positions = locate(pictured, driver.value)
    axes.axhline(0, color=MUTED, linewidth=points(2), zorder=1)
    places, effects, actions = (
        np.asarray(column, dtype=float) for column in (positions.places, pictured.shap, pictured.actions)
    )
    for level in sorted(set(pictured.actions)):
        chosen = actions == level
        axes.plot(places[chosen], effects[chosen], **_marker(level, most))
    if positions.divider is not None:
        axes.axvline(positions.divider, color=MUTED, linewidth=points(2), linestyle=":")
    axes.plot([positions.star], [driver.shap], **_star(46))
    _label_axes(axes, positions, effects=[*pictured.shap, driver.shap, 0.0], unit=words.unit)


def _label_axes(axes: Axes, positions: Positions, *, effects: Sequence[float], unit: str) -> None:
    low, high = min(effects), max(effects)
    margin = 0.1 * ((high - low) or 1.0)
    axes.set_xlim(positions.low, positions.high)
    axes.set_ylim(low - margin, high + margin)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(color=MUTED, length=points(6), width=points(2), pad=points(8))
    slot = (_WIDTH - _PANEL_LEFT - _MARGIN) / max(len(positions.ticks), 1) - 14
    pixels = 26 if all(text_width(word, pixels=26) <= slot for _, word in positions.ticks) else 22
    words = ["\n".join(fit_lines(word, width=slot, pixels=pixels, lines=2)) for _, word in positions.ticks]
    _write_ticks(axes.xaxis, [place for place, _ in positions.ticks], words, pixels=pixels)
    amounts = [
        place for place in MaxNLocator(nbins=4).tick_values(low, high) if low - margin / 2 <= place <= high + margin / 2
    ]
    _write_ticks(
        axes.yaxis, amounts, [_without_noun(format_amount_change(amount, unit), unit) for amount in amounts], pixels=26
    )


def _without_noun(amount: str, unit: str) -> str:
    """Return an amount for where its noun would not fit: the title names it."""
    return amount if unit in {"$", "%"} else amount.partition(" ")[0]


def _write_ticks(axis: Axis, places: Sequence[float], words: Sequence[str], *, pixels: float) -> None:
    axis.set_ticks(places, labels=[drawable(word) for word in words])
    for label in axis.get_ticklabels():
        label.set(fontproperties=font(pixels), color=INK, parse_math=False)


def _waterfall_words(brief: Brief, steps: Sequence[_Step]) -> str:
    account, unit = brief.account, brief.snapshot.words.unit
    changes = [step for step in steps if not step.is_level]
    moves = [f"{step.label} ({step.value}) {describe_effect(step.end - step.start, unit)}" for step in changes]
    words = (
        f"Waterfall for {account.name} ({account.account_id}). "
        f"From the baseline of {format_amount(account.baseline, unit)}: {'; '.join(moves)}. "
        f"Predicted {brief.snapshot.words.target}: {format_amount(account.predicted, unit)}, "
        f"{brief.snapshot.card.interval_level * 100:.0f} % interval {format_range(account.low, account.high, unit)}."
    )
    return cut(words, _ALT_CHARACTERS)


def _interactions_words(brief: Brief, pairs: Sequence[tuple[Driver, Dependence]]) -> str:
    words = brief.snapshot.words
    lead = (
        f"What {len(pairs)} features contribute across {words.accounts}, and a star for {brief.account.name}, "
        f"which gets {format_actions(brief.account.allocation.actions, words)}."
    )
    return cut(" ".join([lead, *(_panel_words(*pair, words=words) for pair in pairs)]), _ALT_CHARACTERS)


def _panel_words(driver: Driver, dependence: Dependence, *, words: Words) -> str:
    """Say where this account lies in a panel, and between what the contributions of the others lie."""
    unit = words.unit
    own = f"{driver.feature.label} is {format_value(driver.feature, driver.value)} and "
    own += describe_effect(driver.shap, unit)
    if not dependence.shap:
        return f"{own}."
    span = f"{format_amount_change(min(dependence.shap), unit)} to {format_amount_change(max(dependence.shap), unit)}"
    given = [shap for shap, actions in zip(dependence.shap, dependence.actions, strict=True) if actions]
    others = f"it contributes {span} across {len(dependence.shap):,} {words.accounts}"
    if not given:
        return f"{own}; {others}."
    median = format_amount_change(float(np.median(given)), unit)
    return f"{own}; {others}, with a median of {median} where {words.actions} were allocated."
