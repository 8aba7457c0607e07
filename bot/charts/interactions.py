"""What the strongest drivers contribute across all accounts, and how the strongest pair of them works together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bot.charts.canvas import MUTED, Canvas, fit_lines, text_width
from bot.charts.chart import ALT_CHARACTERS, MARGIN, WIDTH, Chart, Title, drawable_name
from bot.charts.groups import action_groups, action_look, partner_groups
from bot.charts.panel import STAR, Panel, star
from bot.charts.scales import category_positions, number_positions, without_outliers
from bot.evidence import describe_effect, format_actions
from bot.normalise import capitalise, cut
from storage.records import FeatureKind
from storage.units import format_amount_change, format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.brief import Brief, Driver, Pair
    from bot.charts.groups import Group
    from storage.records import Dependence, Feature, Words

_PANEL: Final = 460
_PLOT: Final = 280
_LEGEND: Final = 70


def interactions_chart(brief: Brief) -> Chart:
    """Draw what the strongest drivers contribute across accounts, by value and by allocated actions.

    Where features interact, the account's strongest pair stands above: what the one contributes, by its value and by
    that of the other.
    """
    singles = list(zip(brief.drivers, brief.dependence, strict=False))
    account, words = brief.account, brief.snapshot.words
    title = Title.of(
        f"{drawable_name(account)} among all {words.accounts}",
        "What its strongest drivers contribute, by value",
    )
    legend = title.height + 20 + (_PANEL + _LEGEND if brief.pair else 0)
    first = legend + _LEGEND
    canvas = Canvas(WIDTH, first + _PANEL * len(singles))
    title.draw(canvas)
    if brief.pair:
        _draw_pair(canvas, brief.pair, top=title.height + 20, words=words)
    most = max(account.allocation.actions, *(max(each.actions, default=0) for _, each in singles), 1)
    _draw_actions(canvas, most, words, middle=legend + 16)
    for number, (driver, dependence) in enumerate(singles):
        _draw_single(canvas, driver, dependence, most=most, top=first + _PANEL * number, words=words)
    return Chart(
        filename="interactions.png",
        title=f"{account.account_id} among all {words.accounts}",
        png=canvas.png(),
        alt_text=_describe(brief, singles),
    )


def _draw_pair(canvas: Canvas, pair: Pair, *, top: float, words: Words) -> None:
    """Draw what one feature of a pair contributes, its dots grouped by the value of the other."""
    first, second = pair.first, pair.second
    heading = f"{first.feature.label} with {second.feature.label}"
    values = " with ".join(format_value(driver.feature, driver.value) for driver in (first, second))
    together = f"★ {values}: {format_amount_change(pair.value, words.unit)} beyond what each adds alone"
    pictured, outside = without_outliers(pair.dependence, own=first)
    groups = partner_groups(second.feature, pictured.partners)
    _draw_heading(canvas, heading, together, top=top, outside=outside, words=words)
    _draw_partners(canvas, second, groups, middle=top + 110)
    _draw_dots(canvas, first, pictured, groups, apart=True, top=top + _LEGEND, words=words)


def _draw_single(
    canvas: Canvas, driver: Driver, dependence: Dependence, *, most: int, top: float, words: Words
) -> None:
    """Draw what one feature contributes, its dots grouped by allocated actions."""
    effect = f"★ {format_value(driver.feature, driver.value)}: {format_amount_change(driver.shap, words.unit)}"
    pictured, outside = without_outliers(dependence, own=driver)
    _draw_heading(canvas, _with_unit(driver.feature), effect, top=top, outside=outside, words=words)
    groups = action_groups(pictured.actions, most=most)
    _draw_dots(canvas, driver, pictured, groups, apart=False, top=top, words=words)


def _draw_heading(canvas: Canvas, heading: str, effect: str, *, top: float, outside: int, words: Words) -> None:
    width = WIDTH - 2 * MARGIN
    canvas.write(MARGIN, top + 24, fit_lines(heading, width=width, pixels=32, bold=True)[0], pixels=32, bold=True)
    room = width - (380 if outside else 0)
    canvas.write(MARGIN, top + 64, fit_lines(effect, width=room, pixels=28)[0], pixels=28, colour=STAR)
    if outside:
        left_out = f"{outside} far-off {words.accounts if outside > 1 else words.account} not shown"
        canvas.write(WIDTH - MARGIN, top + 64, left_out, pixels=26, colour=MUTED, align="right")


def _draw_dots(
    canvas: Canvas,
    driver: Driver,
    pictured: Dependence,
    groups: Sequence[Group],
    *,
    apart: bool,
    top: float,
    words: Words,
) -> None:
    """Draw the dots of a panel, the star for this account, and the axes."""
    locate = category_positions if driver.feature.kind is FeatureKind.CATEGORY else number_positions
    positions = locate(pictured, driver.value)
    panel = Panel.of(canvas, positions, [*pictured.shap, driver.shap, 0.0], top=top + 100, height=_PLOT)
    panel.draw_axes(positions, unit=words.unit)
    places, effects = (np.asarray(column, dtype=float) for column in (positions.places, pictured.shap))
    panel.draw_dots(places, effects, groups, apart=apart)
    panel.draw_star(positions.star, driver.shap)


def _draw_actions(canvas: Canvas, most: int, words: Words, *, middle: float) -> None:
    """Draw the legend of the panels below."""
    this = f"this {words.account}"
    own = WIDTH - MARGIN - text_width(this, pixels=28) - 44
    shown = sorted({round(level) for level in np.linspace(0, most, min(most, 5) + 1)})
    step = 92 + text_width(str(most), pixels=28) - text_width("9", pixels=28)
    # The name gives way where it is longer than what the numbers leave.
    [title] = fit_lines(capitalise(words.actions), width=max(own - 60 - step * len(shown) - MARGIN, 120), pixels=28)
    canvas.write(MARGIN, middle, title, pixels=28)
    first = MARGIN + text_width(title, pixels=28) + 40
    for number, level in enumerate(shown):
        x = first + step * number
        canvas.marks([x], [middle], **action_look(level, most))
        canvas.write(x + 22, middle, str(level), pixels=28)
    canvas.marks([own], [middle], **star(38))
    canvas.write(WIDTH - MARGIN, middle, this, pixels=28, align="right")


def _draw_partners(canvas: Canvas, partner: Driver, groups: Sequence[Group], *, middle: float) -> None:
    """Draw the legend of the partner feature, each group in an equal share of what its name leaves."""
    [title] = fit_lines(f"{_with_unit(partner.feature)}:", width=WIDTH / 3, pixels=28)
    canvas.write(MARGIN, middle, title, pixels=28)
    x = MARGIN + text_width(title, pixels=28) + 40
    share = (WIDTH - MARGIN - x) / max(len(groups), 1)
    for group in groups:
        canvas.marks([x], [middle], **group.look)
        [label] = fit_lines(group.label, width=share - 50, pixels=28)
        canvas.write(x + 24, middle, label, pixels=28)
        x += min(share, text_width(label, pixels=28) + 80)


def _with_unit(feature: Feature) -> str:
    if feature.kind is FeatureKind.CATEGORY or feature.unit in {"", "$", "%"}:
        return feature.label
    return f"{feature.label} ({feature.unit.replace('0-10', 'of 10')})"


def _describe(brief: Brief, singles: Sequence[tuple[Driver, Dependence]]) -> str:
    words = brief.snapshot.words
    lead = (
        f"What {len(singles)} features contribute across {words.accounts}, and a star for {brief.account.name}, "
        f"which gets {format_actions(brief.account.allocation.actions, words)}."
    )
    sentences = [lead]
    if pair := brief.pair:
        sentences.append(
            f"{pair.first.feature.label} with {pair.second.feature.label} {describe_effect(pair.value, words.unit)} "
            "beyond what each adds alone."
        )
    sentences += (_panel_words(*single, words=words) for single in singles)
    return cut(" ".join(sentences), ALT_CHARACTERS)


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
