"""How the strongest drivers lead from the baseline to the predicted value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matplotlib.patches import Rectangle

from bot.charts.canvas import INK, MUTED, Canvas, fit_lines
from bot.charts.chart import ALT_CHARACTERS, MARGIN, WIDTH, Chart, Title, drawable_name, without_noun
from bot.charts.scales import Scale
from bot.evidence import describe_effect
from bot.normalise import cut
from storage.units import format_amount, format_amount_change, format_range, format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.brief import Brief

# Okabe and Ito, "Color Universal Design" (2008): told apart with every kind of colour vision.
_PLUS: Final = "#0072B2"
_MINUS: Final = "#D55E00"
_TOTAL: Final = "#9A9A9A"
_STRONGEST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A row of the waterfall: a bar from one level to the next, in the unit of the target."""

    label: str
    value: str
    start: float
    end: float
    is_level: bool = False


def waterfall_chart(brief: Brief) -> Chart:
    """Draw how the strongest drivers lead from the baseline to the predicted value."""
    steps = _steps(brief)
    account, words = brief.account, brief.snapshot.words
    worth = format_amount(account.predicted, words.unit)
    title = Title.of(
        f"Why {worth} for {drawable_name(account)}",
        f"{account.account_id} · from the baseline to the predicted {words.target}",
    )
    row, top = 118, title.height + 16
    canvas = Canvas(WIDTH, top + row * len(steps) + 84)
    title.draw(canvas)
    left, right = 460, 930
    scale = _amount_scale(brief, steps, left=left, right=right)
    for number, step in enumerate(steps):
        middle = top + row * number + row / 2
        _draw_label(canvas, step, middle=middle, width=left - 2 * MARGIN)
        _draw_bar(canvas, step, scale, middle=middle, unit=words.unit)
        if number:
            x = scale(step.start if not step.is_level else step.end)
            canvas.line([x, x], [middle - row + 36, middle - 36], pixels=2, dashes=(3, 2))
    _draw_interval(canvas, brief, scale, middle=top + row * (len(steps) - 0.5))
    level = f"{brief.snapshot.card.interval_level * 100:.0f} % interval"
    bottom = canvas.height - 46
    canvas.write(MARGIN, bottom, "▲ adds", pixels=28, colour=_PLUS)
    canvas.write(MARGIN + 150, bottom, "▼ takes", pixels=28, colour=_MINUS)
    text = f"├─┤ {level}: {format_range(account.low, account.high, words.unit)}"
    canvas.write(WIDTH - MARGIN, bottom, text, pixels=28, colour=INK, align="right")
    return Chart(
        filename="waterfall.png",
        title=f"Why {worth} for {account.account_id}",
        png=canvas.png(),
        alt_text=_describe(brief, steps),
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
    return Scale(low=low, high=high, first=left, last=right)


def _draw_label(canvas: Canvas, step: _Step, *, middle: float, width: float) -> None:
    """Write a row's feature in at most two lines and its value below."""
    lines = fit_lines(step.label, width=width, pixels=30, bold=step.is_level, lines=2)
    values = fit_lines(step.value, width=width, pixels=26) if step.value else []
    y = middle - (36 * len(lines) + 34 * len(values)) / 2 + 18
    for line in lines:
        canvas.write(MARGIN, y, line, pixels=30, bold=step.is_level)
        y += 36
    for line in values:
        canvas.write(MARGIN, y - 1, line, pixels=26, colour=MUTED)


def _draw_bar(canvas: Canvas, step: _Step, scale: Scale, *, middle: float, unit: str) -> None:
    start, end = scale(max(step.start, scale.low) if step.is_level else step.start), scale(step.end)
    change = step.end - step.start
    colour = _TOTAL if step.is_level else (_PLUS if change >= 0 else _MINUS)
    canvas.plane.add_artist(
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
        text, ink = without_noun(format_amount(step.end, unit), unit), INK
    else:
        ink = colour
        text = f"{'▲' if change >= 0 else '▼'} {without_noun(format_amount_change(change, unit), unit)}"
    canvas.write(canvas.width - MARGIN, middle, text, pixels=32, bold=True, colour=ink, align="right")


def _draw_break(canvas: Canvas, x: float, *, middle: float) -> None:
    """Mark a bar that does not start at zero."""
    for offset in (16, 30):
        canvas.line([x + offset, x + offset + 12], [middle + 40, middle - 40], pixels=6, colour="white")


def _draw_interval(canvas: Canvas, brief: Brief, scale: Scale, *, middle: float) -> None:
    low, high = scale(brief.account.low), scale(brief.account.high)
    canvas.line([low, high], [middle, middle], pixels=4, colour=INK)
    for x in (low, high):
        canvas.line([x, x], [middle - 18, middle + 18], pixels=4, colour=INK)


def _describe(brief: Brief, steps: Sequence[_Step]) -> str:
    account, unit = brief.account, brief.snapshot.words.unit
    changes = [step for step in steps if not step.is_level]
    moves = [f"{step.label} ({step.value}) {describe_effect(step.end - step.start, unit)}" for step in changes]
    words = (
        f"Waterfall for {account.name} ({account.account_id}). "
        f"From the baseline of {format_amount(account.baseline, unit)}: {'; '.join(moves)}. "
        f"Predicted {brief.snapshot.words.target}: {format_amount(account.predicted, unit)}, "
        f"{brief.snapshot.card.interval_level * 100:.0f} % interval {format_range(account.low, account.high, unit)}."
    )
    return cut(words, ALT_CHARACTERS)
