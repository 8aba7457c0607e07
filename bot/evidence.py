"""What is known about one account, as numbered sentences that a statement may rest on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.changes import PREDICTION_CHANGE, describe_change
from bot.normalise import capitalise, cut, normalise
from storage.units import format_amount, format_amount_change, format_range, format_value, rounds_to_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kb.index import Hit
    from storage.records import Account, BaseRate, Change, Feature, FeatureValue, Interaction, SnapshotInfo, Words

OUTCOME_CITATION: Final = "Outcome"
"""How the citation of what became of an action begins."""
STRONGEST: Final = 8  # drivers that are evidence of their own
_CONTEXT: Final = 6  # further feature values that a plan may name
_PASSAGE_CHARACTERS: Final = 2000
_DOCUMENT_CHARACTERS: Final = 80
_BASELINE: Final = "Prediction: baseline"
PROMOTIONS: Final = "promotion sensitivity"
"""What an account responds to, in a citation."""

# How the reasons of an allocation compare: "$739 more than the best use elsewhere".
_COMPARISON: Final = re.compile(
    r", (?P<amount>\S+(?: \w+)?) (?P<side>more|less) than (?:the best use elsewhere|where it would be taken)\.$"
)


class EvidenceKind(StrEnum):
    """What a piece of evidence is; the value is the letter of its ids."""

    DRIVER = "D"
    INTERACTION = "I"
    ALLOCATION = "A"
    PROFILE = "P"
    CHANGE = "C"
    PASSAGE = "K"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a feature does to the forecast: its label, the size as it is written, and 1, -1 or 0 for the direction.

    Without a label it is how far the prediction lies from the baseline, or from what it was. Of a pair of features it
    is what both add together beyond each alone; of an allocation, what an action brings here beyond elsewhere.
    """

    of: str
    written: str
    direction: int

    @classmethod
    def measure(cls, effect: float, unit: str, *, of: str) -> Effect:
        """Return an effect of this many units of the target."""
        direction = 0 if rounds_to_nothing(effect, unit) else 1 if effect > 0 else -1
        return cls(of=of, written=format_amount(abs(effect), unit), direction=direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that a statement may rest on.

    ``text`` is a plain sentence (or the passage) that holds every number that may be quoted from it; ``citation`` is
    how code cites it for the reader, ``SHAP: Demo requests +$6.5K`` or ``Product Capabilities, p. 2``. The text of a
    passage has a line for each paragraph, list item and table row; ``document_kind`` is one of `kb.documents.KINDS`.
    ``effect`` is set where the sentence says what something does to the forecast.
    ``about`` names the other account that it speaks of; it is empty where that is the brief's own.
    """

    evidence_id: str
    kind: EvidenceKind
    text: str
    citation: str
    document_kind: str = ""
    effect: Effect | None = None
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A feature of this account and what it adds to, or takes from, the baseline in the unit of the target."""

    evidence_id: str
    feature: Feature
    value: FeatureValue
    shap: float


def describe_effect(effect: float, unit: str) -> str:
    """Return ``adds $6.5K``, ``takes 3 patients`` or, for what rounds to nothing, ``changes nothing``."""
    if rounds_to_nothing(effect, unit):
        return "changes nothing"
    return f"{'adds' if effect > 0 else 'takes'} {format_amount(abs(effect), unit)}"


def driver_evidence(
    drivers: Sequence[Driver], *, baseline: float, words: Words, base_rates: Sequence[BaseRate] = ()
) -> tuple[Evidence, ...]:
    """Return one sentence for each of the strongest drivers, with the base rate that its value is about."""
    return tuple(
        Evidence(
            evidence_id=driver.evidence_id,
            kind=EvidenceKind.DRIVER,
            text=" ".join(
                [
                    _driver_sentence(driver, baseline=baseline, unit=words.unit),
                    *_base_rate_sentence(driver, base_rates, words),
                ]
            ),
            citation=f"SHAP: {driver.feature.label} {format_amount_change(driver.shap, words.unit)}",
            effect=Effect.measure(driver.shap, words.unit, of=driver.feature.label),
        )
        for driver in drivers[:STRONGEST]
    )


def interaction_evidence(
    interactions: Sequence[Interaction], *, drivers: Sequence[Driver], words: Words
) -> tuple[Evidence, ...]:
    """Return one sentence for each pair of features that together add or take something, strongest first."""
    by_name = {driver.feature.name: driver for driver in drivers}
    telling = [
        (by_name[pair.first], by_name[pair.second], pair.value)
        for pair in interactions
        if not rounds_to_nothing(pair.value, words.unit)
    ]
    numbered = _number(
        EvidenceKind.INTERACTION,
        [
            (
                (
                    f"Interaction: {first.feature.label} with {second.feature.label} "
                    f"{format_amount_change(value, words.unit)}"
                ),
                describe_pair(first, second, value, unit=words.unit),
            )
            for first, second, value in telling
        ],
    )
    return tuple(
        replace(item, effect=Effect.measure(value, words.unit, of=f"{first.feature.label} with {second.feature.label}"))
        for item, (first, second, value) in zip(numbered, telling, strict=True)
    )


def describe_pair(first: Driver, second: Driver, value: float, *, unit: str) -> str:
    """Say what two features come to together, with their values."""
    one, other = (f"{each.feature.label} ({format_value(each.feature, each.value)})" for each in (first, second))
    amount = format_amount(abs(value), unit)
    come_to = f"add {amount} beyond" if value > 0 else f"come to {amount} less than"
    return f"{one} and {other} together {come_to} what each adds alone."


def cite_source(words: Words, what: str) -> str:
    """Return how a value from where the accounts are kept is cited: ``CRM: region``."""
    return f"{capitalise(words.source)}: {what}"


def profile_evidence(account: Account, *, context: Sequence[Driver], snapshot: SnapshotInfo) -> tuple[Evidence, ...]:
    """Return who the account is, what it is worth, what it responds to, and feature values that drive little.

    They are in this order: account, industry, region, owner, prediction, baseline, promotions, values, standing; what
    the business does not have is left out.
    """
    card, words = snapshot.card, snapshot.words
    interval = format_range(account.low, account.high, words.unit)
    difference = account.predicted - account.baseline
    side = "above" if difference >= 0 else "below"
    facts = [
        (cite_source(words, words.account), f"The {words.account} is {account.name}, {account.account_id}."),
        *(
            (cite_source(words, what), f"Its {what} is {value}.")
            for what, value in (
                (words.industry, account.industry),
                (words.territory, account.region),
                (words.owner, account.owner),
            )
            if value
        ),
        (
            "Prediction",
            (
                f"The prediction for {words.target} is {format_amount(account.predicted, words.unit)}, with an "
                f"{card.interval_level * 100:.0f} % interval from {interval}."
            ),
        ),
        (
            _BASELINE,
            (
                f"The baseline is {format_amount(account.baseline, words.unit)}; "
                f"the prediction is {format_amount(abs(difference), words.unit)} {side} it."
            ),
        ),
        *((cite_source(words, PROMOTIONS), sentence) for sentence in _promotion_sentence(account)),
        *(
            (
                cite_source(words, driver.feature.label),
                f"{driver.feature.label} is {format_value(driver.feature, driver.value)}.",
            )
            for driver in context[:_CONTEXT]
        ),
        ("Model", _standing_sentence(account, snapshot)),
    ]
    above = Effect.measure(difference, words.unit, of="")
    return tuple(
        replace(item, effect=above) if item.citation == _BASELINE else item
        for item in _number(EvidenceKind.PROFILE, facts)
    )


def allocation_evidence(account: Account, *, snapshot: SnapshotInfo) -> tuple[Evidence, ...]:
    """Return how many actions the account gets, each reason for that, and out of how many; the first is the count."""
    allocation, summary, words = account.allocation, snapshot.allocation, snapshot.words
    given = f"The {words.account} gets {format_actions(allocation.actions, words)} (one {words.account} gets "
    given += f"{summary.cap_per_account} at most)"
    facts = _number(
        EvidenceKind.ALLOCATION,
        [
            (
                "Allocation",
                (
                    f"{given} and ranks {allocation.rank:,} of {snapshot.accounts:,} {words.accounts}."
                    if snapshot.card.ranks
                    else f"{given}, given in turns: no {words.account} is ranked above another."
                ),
            ),
            *(
                [(f"Allocation: {each.kind}", each.text) for each in allocation.reasons]
                or [("Allocation: reason", allocation.reason)]
            ),
            ("Allocation: capacity", _capacity_sentence(snapshot)),
        ],
    )
    return tuple(replace(item, effect=_compared(item.text)) for item in facts)


def _compared(reason: str) -> Effect | None:
    """Return by how much a reason says that an action brings more, or less, here than elsewhere."""
    found = _COMPARISON.search(reason)
    if found is None:
        return None
    direction = 1 if found["side"] == "more" else -1
    return Effect(of="What an action brings here", written=found["amount"], direction=direction)


def _capacity_sentence(snapshot: SnapshotInfo) -> str:
    summary, words = snapshot.allocation, snapshot.words
    sentence = (
        f"The team can give {format_actions(summary.capacity, words)}; {summary.allocated:,} went to "
        f"{summary.accounts_with_actions:,} of {snapshot.accounts:,} {words.accounts}"
    )
    if summary.value is None:
        return f"{sentence}."
    return f"{sentence} and bring an expected {format_amount(summary.value, words.unit)} together."


def change_evidence(change: Change | None, *, snapshot: SnapshotInfo) -> tuple[Evidence, ...]:
    """Return what changed about the account since the previous snapshot; nothing where there is none."""
    facts = _number(EvidenceKind.CHANGE, describe_change(change, snapshot=snapshot))
    if change is None:
        return facts
    move = Effect.measure(change.move, snapshot.words.unit, of="")
    return tuple(replace(item, effect=move) if item.citation == PREDICTION_CHANGE else item for item in facts)


def passage_evidence(hits: Iterable[Hit], *, first: int = 1) -> tuple[Evidence, ...]:
    """Return passages of the knowledge base, best first, numbered from ``first``."""
    return tuple(
        Evidence(
            evidence_id=f"{EvidenceKind.PASSAGE}{number}",
            kind=EvidenceKind.PASSAGE,
            text=_normalise_lines(hit.passage.text),
            citation=f"{normalise(hit.passage.document, limit=_DOCUMENT_CHARACTERS)}, p. {hit.passage.page}",
            document_kind=hit.passage.kind,
        )
        for number, hit in enumerate(hits, start=first)
    )


def _normalise_lines(text: str) -> str:
    """Return the text with its line breaks: flattened, the rows of a table would read as sentences."""
    lines = (normalise(line, limit=_PASSAGE_CHARACTERS) for line in text[: 4 * _PASSAGE_CHARACTERS].split("\n"))
    return cut("\n".join(line for line in lines if line), _PASSAGE_CHARACTERS)


def format_actions(count: int, words: Words) -> str:
    """Return ``no action``, ``1 action`` or ``4 actions``, in the words of the business."""
    return {0: f"no {words.action}", 1: f"1 {words.action}"}.get(count, f"{count:,} {words.actions}")


def _driver_sentence(driver: Driver, *, baseline: float, unit: str) -> str:
    effect, value = describe_effect(driver.shap, unit), format_value(driver.feature, driver.value)
    link = "and that" if driver.value is None else "and"
    toward = {"adds": "to", "takes": "from"}.get(effect.split()[0], "about")
    return (
        f"{driver.feature.label} is {value} {link} {effect} {toward} the baseline of {format_amount(baseline, unit)}."
    )


def _standing_sentence(account: Account, snapshot: SnapshotInfo) -> str:
    """Say where the prediction stands among the others, if it stands anywhere."""
    words = snapshot.words
    if not snapshot.card.ranks:
        return (
            f"No model is better than a constant on these {words.accounts}: every {words.account} is predicted the "
            "same, and none is ranked above another."
        )
    standing = account.standing
    sentence = f"The prediction is above that of {_percent(standing.percentile)} of the other {words.accounts}"
    if account.owner:
        sentence += f", and of {_percent(standing.book_percentile)} of the others among the {standing.book:,} of "
        sentence += account.owner
    sentence += "."
    if standing.too_wide_to_rank:
        sentence += f" Its interval is too wide to rank it: {_percent(standing.span)} of all predictions lie inside it."
    return sentence


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _base_rate_sentence(driver: Driver, base_rates: Sequence[BaseRate], words: Words) -> tuple[str, ...]:
    """Say what accounts on either side of the feature's question came to: one sentence, or none."""
    for rate in base_rates:
        if rate.feature != driver.feature.name or driver.value is None or rate.category not in {None, driver.value}:
            continue
        if rate.threshold is None:
            group, others = f"with {driver.feature.label} {driver.value}", "the others"
        else:
            threshold = format_value(driver.feature, rate.threshold)
            group, others = f"with {driver.feature.label} of {threshold} or more", "those with less"
        return (
            (
                f"The {rate.count_with:,} {words.accounts} {group} have a median outcome of "
                f"{format_amount(rate.median_with, words.unit)}, {others} ({rate.count_without:,}) one of "
                f"{format_amount(rate.median_without, words.unit)}."
            ),
        )
    return ()


def _promotion_sentence(account: Account) -> tuple[str, ...]:
    if account.promotion is None:
        return ()
    each = ", ".join(f"{item.label} {item.value:.2f}" for item in account.sensitivities)
    return (f"Of the promotions it responds most to {account.promotion.label}; from 0 to 1: {each}.",)


def _number(kind: EvidenceKind, facts: Sequence[tuple[str, str]]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(evidence_id=f"{kind}{number}", kind=kind, text=text, citation=citation)
        for number, (citation, text) in enumerate(facts, start=1)
    )
