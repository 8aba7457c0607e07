"""What the model would say if some values were others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.evidence import EvidenceKind, format_actions
from bot.normalise import normalise
from bot.tools.calls import How
from bot.tools.context import ToolResult, draft
from pipeline.allocation.errors import InfeasibleError
from pipeline.errors import ImpossibleValueError, NoRulesError
from storage.units import format_amount, format_range, format_value, rounds_to_nothing

if TYPE_CHECKING:
    from bot.evidence import Driver, Evidence
    from bot.tools.calls import FeatureChange, WhatIf
    from bot.tools.context import ToolContext
    from pipeline.what_if import WhatIf as Projected
    from storage.records import FeatureValue

_EFFECTS: Final = 3
_TEXT: Final = 60


def what_if(context: ToolContext, call: WhatIf) -> ToolResult:
    """Return prediction, actions and effects with the changed values, each beside what it is today."""
    by_name = {each.feature.name: each for each in context.brief.drivers}
    supposed: dict[str, FeatureValue] = {}
    for change in call.changes:
        driver = by_name.get(change.feature)
        if driver is None:
            words = context.brief.snapshot.words
            name = normalise(change.feature, limit=_TEXT)
            return ToolResult(missing=f"the data of these {words.accounts} has no {name}.")
        if change.how is not How.SET and not isinstance(driver.value, (int, float)):
            missing = (
                f"{driver.feature.label} is {format_value(driver.feature, driver.value)}, which no change adds to."
            )
            return ToolResult(missing=missing)
        supposed[change.feature] = _changed(driver, change)
    try:
        found = context.models.of(context.snapshot).ask(context.brief.account.account_id, supposed)
    except NoRulesError as error:
        return ToolResult(missing=f"{error}")
    except (ImpossibleValueError, InfeasibleError) as error:
        return ToolResult(objection=f"{error}")
    return ToolResult(evidence=context.number(_describe(context, found, supposed)))


def _changed(driver: Driver, change: FeatureChange) -> FeatureValue:
    """Return the new value; what is counted stays a whole number."""
    now, amount = driver.value, change.amount
    if change.how is How.SET or not isinstance(now, (int, float)) or not isinstance(amount, (int, float)):
        return amount
    value = now + amount if change.how is How.ADD else now * amount
    counted = driver.feature.unit == "" and float(now).is_integer()
    return float(round(value)) if counted else round(value, 6)


def _describe(context: ToolContext, found: Projected, supposed: dict[str, FeatureValue]) -> list[Evidence]:
    brief = context.brief
    words = brief.snapshot.words
    changed = [each for each in brief.drivers if each.feature.name in supposed]
    assumption = " and ".join(
        f"{each.feature.label} were {format_value(each.feature, supposed[each.feature.name])} instead of "
        f"{format_value(each.feature, each.value)}"
        for each in changed
    )
    before, after = found.before, found.after
    move = after.predicted - before.predicted
    became = format_amount(after.predicted, words.unit)
    step = f"{format_amount(abs(move), words.unit)} {'more' if move > 0 else 'less'} than today's"
    step += f" {format_amount(before.predicted, words.unit)}"
    told = f"stay at {became}" if rounds_to_nothing(move, words.unit) else f"be {became}, {step}"
    level = f"{brief.snapshot.card.interval_level * 100:.0f} %"
    drafts = [
        draft(
            EvidenceKind.PROFILE,
            "What if: prediction",
            f"If {assumption}, the prediction would {told}, with an {level} interval from "
            f"{format_range(after.low, after.high, words.unit)}. This is {found.label}.",
        ),
        draft(EvidenceKind.ALLOCATION, f"What if: {words.actions}", _actions(context, found)),
        *_effects(context, found),
    ]
    if found.extrapolated:
        labels = " and ".join(each.feature.label for each in changed if each.feature.name in found.extrapolated)
        text = f"The model has seen no {words.account} with such a value of {labels}, so what it says of it is a guess."
        drafts.append(draft(EvidenceKind.PROFILE, "What if: beyond the data", text))
    return drafts


def _actions(context: ToolContext, found: Projected) -> str:
    words = context.brief.snapshot.words
    before, after = found.before.actions, found.after.actions
    given = format_actions(after, words)
    if before == after:
        return f"With that the {words.account} would still get {given}."
    return f"With that the {words.account} would get {given} instead of {before:,}."


def _effects(context: ToolContext, found: Projected) -> list[Evidence]:
    """Return the features whose effects change most, which need not be those that were changed."""
    unit = context.brief.snapshot.words.unit
    rows = zip(context.snapshot.features, found.before.shap, found.after.shap, strict=True)
    moved = sorted(((feature, then - now) for feature, now, then in rows), key=lambda row: -abs(row[1]))
    labels = {each.feature.name: each.feature.label for each in context.brief.drivers}
    told = [
        f"the effect of {labels[feature.name]} {'rises' if move > 0 else 'falls'} by {format_amount(abs(move), unit)}"
        for feature, move in moved[:_EFFECTS]
        if not rounds_to_nothing(move, unit)
    ]
    if not told:
        return []
    return [draft(EvidenceKind.DRIVER, "What if: drivers", f"Compared with today, {', '.join(told)}.")]
