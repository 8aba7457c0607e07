"""What is known of the account that the thread is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.changes import format_day
from bot.evidence import PROMOTIONS, EvidenceKind, cite_source, driver_evidence
from bot.normalise import normalise
from bot.tools.calls import Direction, Fact
from bot.tools.context import ToolResult, draft
from storage.units import format_amount, rounds_to_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.evidence import Driver, Evidence
    from bot.tools.calls import AccountFacts, Drivers
    from bot.tools.context import ToolContext

_USUAL_DRIVERS: Final = 5
_MOST_FEATURES: Final = 6
_SOURCE_CHARACTERS: Final = 120
# How the brief cites the evidence that a fact is.
_CITATIONS: Final = {
    Fact.PREDICTION: ("Prediction", "Prediction: baseline"),
    Fact.CONFIDENCE: ("Prediction",),
    Fact.BASELINE: ("Prediction: baseline",),
    Fact.STANDING: ("Prediction: baseline", "Model", "Allocation"),
}


def drivers(context: ToolContext, call: Drivers) -> ToolResult:
    """Return the drivers asked for, strongest first, without those that move nothing."""
    brief = context.brief
    unit = brief.snapshot.words.unit
    sides = {Direction.ALL: (True, False), Direction.RAISING: (True,), Direction.LOWERING: (False,)}[call.direction]
    found = [each for each in brief.drivers if not rounds_to_nothing(each.shap, unit) and (each.shap > 0) in sides]
    if not found:
        verb = {Direction.ALL: "moves", Direction.RAISING: "raises", Direction.LOWERING: "lowers"}[call.direction]
        return ToolResult(missing=f"no feature of this {brief.snapshot.words.account} {verb} its prediction.")
    return ToolResult(evidence=_explain(context, found[: call.limit or _USUAL_DRIVERS]))


def changes(context: ToolContext) -> ToolResult:
    """Return what changed since the previous snapshot."""
    found = context.of_kind(EvidenceKind.CHANGE)
    missing = "" if found else "what changed needs an earlier snapshot to compare this one with."
    return ToolResult(evidence=found, missing=missing)


def account_facts(context: ToolContext, call: AccountFacts) -> ToolResult:
    """Return these facts and feature values; what the data does not hold is named."""
    by_name = {each.feature.name: each for each in context.brief.drivers}
    named = [by_name[name] for name in call.features[:_MOST_FEATURES] if name in by_name]
    found = [item for fact in dict.fromkeys(call.facts) for item in _fact(context, fact)]
    words = context.brief.snapshot.words
    unknown = [fact.value for fact in dict.fromkeys(call.facts) if not _fact(context, fact)]
    unknown += [normalise(name, limit=40) for name in call.features if name not in by_name]
    missing = f"the data of these {words.accounts} has no {' and no '.join(unknown)}." if unknown else ""
    return ToolResult(evidence=(*_explain(context, named), *context.number(found)), missing=missing)


def _explain(context: ToolContext, chosen: Iterable[Driver]) -> tuple[Evidence, ...]:
    brief = context.brief
    explained: list[Evidence] = []
    for driver in chosen:
        explained += driver_evidence(
            [driver],
            baseline=brief.account.baseline,
            words=brief.snapshot.words,
            base_rates=context.snapshot.base_rates,
        )
    return context.number(explained)


def _fact(context: ToolContext, fact: Fact) -> tuple[Evidence, ...]:
    words = context.brief.snapshot.words
    kept = {
        Fact.OWNER: words.owner,
        Fact.REGION: words.territory,
        Fact.INDUSTRY: words.industry,
        Fact.PROMOTION: PROMOTIONS,
    }
    cited = context.cited(*([cite_source(words, kept[fact])] if fact in kept else _CITATIONS.get(fact, ())))
    match fact:
        case Fact.BASELINE | Fact.STANDING:
            return (*cited, _meaning_of_baseline(context))
        case Fact.CONFIDENCE:
            return (*cited, *_reliability(context))
        case Fact.MODEL:
            return _model(context)
        case Fact.DATA:
            return (_freshness(context),)
        case _:
            return cited


def _meaning_of_baseline(context: ToolContext) -> Evidence:
    account = context.brief.snapshot.words.account
    text = f"The baseline is the average prediction of the model that predicted this {account}."
    return draft(EvidenceKind.PROFILE, "Model card", text)


def _reliability(context: ToolContext) -> tuple[Evidence, ...]:
    """Say how often such intervals held and how far such predictions were off."""
    info = context.brief.snapshot
    card, words = info.card, info.words
    text = (
        f"On {words.accounts} that the model had not seen, {card.interval_coverage * 100:.0f} % of the outcomes lay "
        f"inside such an interval, and predictions were off by {format_amount(card.score.mae, words.unit)} on average."
    )
    wide = f"The interval of this {words.account} is too wide to rank it by."
    told = [text, *([wide] if context.brief.account.standing.too_wide_to_rank else [])]
    return tuple(draft(EvidenceKind.PROFILE, "Model card", sentence) for sentence in told)


def _model(context: ToolContext) -> tuple[Evidence, ...]:
    card, words = context.brief.snapshot.card, context.brief.snapshot.words
    text = (
        f"The predictions come from a model of the kind {card.family}, fitted on {card.training_rows:,} "
        f"{words.accounts}; its R² is {card.score.r2:.2f} on {words.accounts} that it had not seen."
        if card.ranks
        else f"No model is better than a constant on these {words.accounts}."
    )
    return (draft(EvidenceKind.PROFILE, "Model card", text), *_reliability(context))


def _freshness(context: ToolContext) -> Evidence:
    info = context.brief.snapshot
    source = normalise(info.source.description, limit=_SOURCE_CHARACTERS)
    text = (
        f"The data is as of {format_day(info.source.as_of)} ({source}); snapshot {info.generation:06} was built from "
        f"it on {format_day(info.created_at)} at {info.created_at:%H:%M} UTC."
    )
    return draft(EvidenceKind.PROFILE, "Snapshot", text)
