"""An account and the passages about it, as numbered evidence: what every chart, plan and answer is made from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from bot.changes import describe_big_move
from bot.evidence import (
    STRONGEST,
    Driver,
    Evidence,
    EvidenceKind,
    allocation_evidence,
    change_evidence,
    describe_effect,
    driver_evidence,
    interaction_evidence,
    passage_evidence,
    profile_evidence,
)
from bot.normalise import normalise
from storage.units import format_amount, format_value, rounds_to_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kb.index import Hit, Library
    from storage.records import Account, Dependence, Feature, FeatureValue, Offer, SnapshotInfo, Topic, Words
    from storage.similar import SimilarAccounts
    from storage.snapshots import Snapshot

__all__ = ["Brief", "Driver", "Evidence", "EvidenceKind", "make_brief"]

_NAME_CHARACTERS: Final = 120
_LABEL_CHARACTERS: Final = 60
_REASON_CHARACTERS: Final = 400
_DEPENDENCE: Final = 3
_PASSAGES: Final = 10
_RIVAL_PASSAGES: Final = 4  # of these at least, about competitors
_DEPTH: Final = 60  # how many passages are looked at for the few that are taken
_DRIVER_QUERIES: Final = 5
_CONTEXT: Final = 6
_ABOUT_RIVALS: Final = ("compet", "complian")  # in the names of features that say whom a comparison is with, or on what


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two drivers that work together: what they add beyond each alone, in the unit of the target.

    ``dependence`` is that of the first, with the values of the second as partners.
    """

    first: Driver
    second: Driver
    value: float
    dependence: Dependence


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Everything known about one account at one moment.

    ``drivers`` are all features, strongest first by absolute SHAP value; ``dependence`` belongs to the three strongest.
    ``accounts`` knows the names of all accounts of the snapshot, of which a text about this one may name no other.
    ``move`` is a sentence on how far the prediction moved since the previous snapshot, empty unless it moved by much.
    ``topics`` and ``offers`` are how the business speaks of its features and promotions, as its pack wrote
    them. Every other text that came from outside is normalised and bounded, except the account's id, which stays as it
    was given.
    """

    account: Account
    snapshot: SnapshotInfo
    drivers: tuple[Driver, ...]
    dependence: tuple[Dependence, ...]
    pair: Pair | None
    evidence: tuple[Evidence, ...]
    headline: str
    move: str
    accounts: SimilarAccounts | None = field(default=None, compare=False, repr=False)
    topics: tuple[Topic, ...] = ()
    offers: tuple[Offer, ...] = ()

    def find_evidence(self, evidence_id: str) -> Evidence | None:
        """Return the evidence with this id."""
        return next((item for item in self.evidence if item.evidence_id == evidence_id), None)


def make_brief(snapshot: Snapshot, account: Account, *, library: Library | None) -> Brief:
    """Return the brief of an account of this snapshot; its passages are of documents that serve the snapshot's pack."""
    clean, change = normalise_account(account), snapshot.find_change(account.account_id)
    move = describe_big_move(change, snapshot=snapshot.info)
    drivers = drivers_of(snapshot, account)
    passages = () if library is None else _find_passages(library.for_pack(snapshot.info.words.pack), clean, drivers)
    return Brief(
        account=clean,
        snapshot=snapshot.info,
        drivers=drivers,
        dependence=tuple(
            _normalise_dependence(snapshot.dependence(feature))
            for feature, _, _ in _strongest_first(snapshot, account)[:_DEPENDENCE]
        ),
        pair=_find_pair(snapshot, account, drivers),
        evidence=(
            *driver_evidence(
                drivers, baseline=clean.baseline, words=snapshot.info.words, base_rates=snapshot.base_rates
            ),
            *interaction_evidence(clean.interactions, drivers=drivers, words=snapshot.info.words),
            *profile_evidence(clean, context=_context(drivers), snapshot=snapshot.info),
            *allocation_evidence(clean, snapshot=snapshot.info),
            *change_evidence(change, snapshot=snapshot.info),
            *passage_evidence(passages),
        ),
        headline=f"{_headline(clean, drivers, snapshot.info)} {move}".rstrip(),
        move=move,
        accounts=snapshot.similar,
        topics=snapshot.topics,
        offers=snapshot.offers,
    )


def _find_pair(snapshot: Snapshot, account: Account, drivers: Sequence[Driver]) -> Pair | None:
    """Return the account's strongest pair, the stronger driver first; None where features do not interact."""
    if not account.interactions:
        return None
    strongest = account.interactions[0]
    first, second = (driver for driver in drivers if driver.feature.name in {strongest.first, strongest.second})
    features = {feature.name: feature for feature in snapshot.features}
    dependence = snapshot.dependence(features[first.feature.name], partner=features[second.feature.name])
    return Pair(first=first, second=second, value=strongest.value, dependence=_normalise_dependence(dependence))


def drivers_of(snapshot: Snapshot, account: Account) -> tuple[Driver, ...]:
    """Return all features of an account of this snapshot, strongest first by absolute SHAP value."""
    return tuple(
        Driver(evidence_id=f"D{number}", feature=_normalise_feature(feature), value=_normalise_value(value), shap=shap)
        for number, (feature, value, shap) in enumerate(_strongest_first(snapshot, account), start=1)
    )


def _strongest_first(snapshot: Snapshot, account: Account) -> list[tuple[Feature, FeatureValue, float]]:
    return sorted(zip(snapshot.features, account.values, account.shap, strict=True), key=_strength)


def _strength(item: tuple[Feature, FeatureValue, float]) -> float:
    return -abs(item[2])


def _headline(account: Account, drivers: Sequence[Driver], snapshot: SnapshotInfo) -> str:
    """Say in one sentence why the account is worth what it is: the two strongest pluses, the strongest minus."""
    words = snapshot.words
    if not snapshot.card.ranks:
        return no_signal_sentence(words)
    telling = [driver for driver in drivers if not rounds_to_nothing(driver.shap, words.unit)]
    pluses = [_describe(driver, words.unit) for driver in telling if driver.shap > 0][:2]
    minuses = [_describe(driver, words.unit) for driver in telling if driver.shap < 0][:1]
    difference = account.predicted - account.baseline
    side = "above" if difference >= 0 else "below"
    start = f"{format_amount(abs(difference), words.unit)} {side} the baseline of "
    start += format_amount(account.baseline, words.unit)
    reasons = ", while ".join(" and ".join(part) for part in (pluses, minuses) if part)
    return f"{start}: {reasons}." if reasons else f"{start}: no feature moves it."


def no_signal_sentence(words: Words) -> str:
    """Say that nothing tells one account from another."""
    return (
        f"No model is better than a constant on these {words.accounts}: every {words.account} is predicted the same, "
        "so nothing here tells this one from the others."
    )


def _describe(driver: Driver, unit: str) -> str:
    value = format_value(driver.feature, driver.value)
    return f"{driver.feature.label} ({value}) {describe_effect(driver.shap, unit)}"


def _context(drivers: Sequence[Driver]) -> list[Driver]:
    """Return weaker features worth knowing: those about competitors whatever they move, then the strongest."""
    weaker = drivers[STRONGEST:]
    about = [driver for driver in weaker if any(word in driver.feature.name.casefold() for word in _ABOUT_RIVALS)]
    others = [driver for driver in weaker if driver not in about]
    chosen = [*about, *others][:_CONTEXT]
    return [driver for driver in weaker if driver in chosen]


def _find_passages(library: Library, account: Account, drivers: Sequence[Driver]) -> list[Hit]:
    """Return the best passages, some of each kind of document, without the covers of documents that show sections."""
    found = library.search_many(_queries(account, drivers), limit=_DEPTH, at_least_one_of_each_kind=True)
    about_rivals = [
        library.search(query, limit=_RIVAL_PASSAGES, kinds=("competitive",)) for query in _rival_queries(drivers)
    ]
    in_turn = [hit for place in zip_longest(*about_rivals) for hit in place if hit is not None]
    with_sections = {hit.passage.file for hit in (*found, *in_turn) if hit.passage.section}
    ranked, rivals = (
        [hit for hit in hits if hit.passage.section or hit.passage.file not in with_sections]
        for hits in (found, in_turn)
    )
    chosen: dict[str, Hit] = {}
    for hit in rivals:
        if len(chosen) < _RIVAL_PASSAGES:
            chosen.setdefault(hit.passage.passage_id, hit)
    first_of_kind = {hit.passage.kind: hit for hit in reversed(ranked)}
    for hit in (*first_of_kind.values(), *ranked):
        if len(chosen) < _PASSAGES:
            chosen.setdefault(hit.passage.passage_id, hit)
    return list(chosen.values())


def _queries(account: Account, drivers: Sequence[Driver]) -> tuple[str, ...]:
    """One search for each strong driver, then the promotion and the industry."""
    others = (account.promotion.label if account.promotion else "", account.industry)
    return (*map(_words, drivers[:_DRIVER_QUERIES]), *(each for each in others if each))


def _rival_queries(drivers: Sequence[Driver]) -> tuple[str, ...]:
    """Searches among what is known of competitors: theirs by name, what to ask, whom they sell to, what counts here."""
    named = [
        driver.value for driver in drivers if "competitor" in driver.feature.name and isinstance(driver.value, str)
    ]
    return (
        *named,
        "landmine question before the competitor presents",
        "competitor sells to companies employees",
        *(f"competitor strong weak {_words(driver)}" for driver in drivers[:_DRIVER_QUERIES] if driver.shap > 0),
        f"competitor strong weak {' '.join(map(_words, drivers[:_DRIVER_QUERIES]))}",
    )


def _words(driver: Driver) -> str:
    return f"{driver.feature.label} {driver.value}" if isinstance(driver.value, str) else driver.feature.label


def normalise_account(account: Account) -> Account:
    """Return the account with every text that came from outside normalised and bounded, its id as it was given."""
    return replace(
        account,
        name=normalise(account.name, limit=_NAME_CHARACTERS)
        or normalise(account.account_id, limit=_NAME_CHARACTERS)
        or "nameless",
        owner=normalise(account.owner, limit=_NAME_CHARACTERS),
        region=normalise(account.region, limit=_NAME_CHARACTERS),
        industry=normalise(account.industry, limit=_NAME_CHARACTERS),
        values=tuple(map(_normalise_value, account.values)),
        sensitivities=tuple(
            replace(item, label=normalise(item.label, limit=_LABEL_CHARACTERS)) for item in account.sensitivities
        ),
        promotion=account.promotion
        and replace(account.promotion, label=normalise(account.promotion.label, limit=_LABEL_CHARACTERS)),
        allocation=replace(
            account.allocation,
            reason=normalise(account.allocation.reason, limit=_REASON_CHARACTERS),
            reasons=tuple(
                replace(each, text=normalise(each.text, limit=_REASON_CHARACTERS))
                for each in account.allocation.reasons
            ),
        ),
    )


def _normalise_feature(feature: Feature) -> Feature:
    return replace(
        feature,
        label=normalise(feature.label, limit=_LABEL_CHARACTERS),
        unit=normalise(feature.unit, limit=_LABEL_CHARACTERS),
    )


def _normalise_value(value: FeatureValue) -> FeatureValue:
    return normalise(value, limit=_LABEL_CHARACTERS) if isinstance(value, str) else value


def _normalise_dependence(dependence: Dependence) -> Dependence:
    return replace(
        dependence,
        feature=_normalise_feature(dependence.feature),
        values=tuple(
            normalise(value, limit=_LABEL_CHARACTERS) if isinstance(value, str) else value
            for value in dependence.values
        ),
        partners=tuple(map(_normalise_value, dependence.partners)),
    )
