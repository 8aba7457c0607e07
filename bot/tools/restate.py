"""How a question was read, in words that tell it from other readings, so that a wrong one shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from bot.evidence import format_actions
from bot.normalise import normalise
from bot.tools.calls import (
    MOST_QUERY_CHARACTERS,
    AccountFacts,
    Changes,
    Compare,
    Direction,
    Drivers,
    Fact,
    How,
    SearchDocuments,
    WhatIf,
    WhyAllocated,
)
from storage.units import agreeing

if TYPE_CHECKING:
    from bot.brief import Brief
    from bot.tools.calls import FeatureChange, ToolCall

_TEXT: Final = MOST_QUERY_CHARACTERS
_TWICE: Final = 2
_VERBS: Final = {Direction.ALL: "move", Direction.RAISING: "raise", Direction.LOWERING: "lower"}
_FACTS: Final = {
    Fact.OWNER: "its {owner}",
    Fact.REGION: "its {territory}",
    Fact.INDUSTRY: "its {industry}",
    Fact.PREDICTION: "its prediction",
    Fact.CONFIDENCE: "how sure the prediction is",
    Fact.BASELINE: "the baseline",
    Fact.STANDING: "where it stands among all {accounts}",
    Fact.PROMOTION: "which promotion fits",
    Fact.DATA: "how old the data is",
    Fact.MODEL: "how good the model is",
}


def restate(call: ToolCall, brief: Brief) -> str:
    """Return what a call asks for, as ``what if Demo requests rose by 2``."""
    words = brief.snapshot.words
    match call:
        case Drivers():
            text = _restate_drivers(call)
        case WhatIf():
            text = "what if " + " and ".join(_restate_change(each, brief) for each in call.changes)
        case WhyAllocated(actions=None):
            text = f"how many {words.actions} it gets, and why"
        case WhyAllocated(actions=int(actions)):
            given = brief.account.allocation.actions
            text = f"why it gets {format_actions(given, words)}"
            text += f" and not {actions:,}" if actions != given else ""
        case Compare():
            text = f"this {words.account} beside " + " and ".join(map(_quoted, call.accounts))
        case Changes():
            text = "what changed since the snapshot before"
        case SearchDocuments():
            text = f"what our documents say of {_quoted(call.query)}"
        case AccountFacts():
            facts = [_FACTS[each].format(**asdict(words)) for each in call.facts]
            text = " and ".join(
                [*facts, *(f"the value of {_label_and_unit(each, brief)[0]}" for each in call.features)]
            )
    return text


def _restate_drivers(call: Drivers) -> str:
    verb = _VERBS[call.direction]
    if call.limit == 1:
        return f"the feature that {verb}s the prediction most"
    number = "" if call.limit is None else f"{call.limit} "
    return f"the {number}features that {verb} the prediction most"


def _restate_change(change: FeatureChange, brief: Brief) -> str:
    label, unit = _label_and_unit(change.feature, brief)
    how, amount = change.how, change.amount
    if not isinstance(amount, float):
        return f"{label} were {'not known' if amount is None else _quoted(amount)}"
    if how is How.SET:
        return f"{label} were {_write(amount, unit)}"
    if how is How.ADD:
        by = f"{_number(abs(amount) * 100)} points" if unit == "%" else _write(abs(amount), unit)
    elif 0 < amount < _TWICE:
        by = f"{_number(abs(amount - 1) * 100)} % of what it is"
    else:
        return f"{label} were {_number(amount)} times what it is"
    return f"{label} {'rose' if amount > (0 if how is How.ADD else 1) else 'fell'} by {by}"


def _label_and_unit(name: str, brief: Brief) -> tuple[str, str]:
    """Return how a feature is called and counted; one that the data no longer has, by its name."""
    feature = next((each.feature for each in brief.drivers if each.feature.name == name), None)
    return (feature.label, feature.unit) if feature else (normalise(name, limit=_TEXT), "")


def _write(value: float, unit: str) -> str:
    """Return an amount with every digit that was asked for: amounts that differ are not written alike."""
    match unit:
        case "$":
            return f"${_number(value)}"
        case "%":
            return f"{_number(value * 100)} %"
        case "0-10":
            return _number(value)
        case _:
            return f"{_number(value)} {agreeing(unit, _number(value))}".rstrip()


def _number(value: float) -> str:
    return f"{round(value, 8):,}".removesuffix(".0")


def _quoted(text: str) -> str:
    return f"“{normalise(text, limit=_TEXT)}”"
