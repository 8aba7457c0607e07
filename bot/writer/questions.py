"""Questions that have an answer in the brief, recognised without a model; for the others, what is missing is said."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from bot.evidence import EvidenceKind
from bot.plan import SectionName, Statement
from bot.writer.phrases import find_topic, lower_first
from bot.writer.quotes import Quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.brief import Brief
    from bot.evidence import Driver, Evidence
    from bot.plan import Section
    from storage.records import Words


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{each})" for each in alternatives), re.IGNORECASE)


_WHAT_IF = _pattern(r"what if\b", r"what would happen\b", r"if (?:they|we|it|the)\b.*\b(?:more|less|fewer|instead)\b")
_OTHER_ACCOUNT = _pattern(r"compare\b", r"compared (?:to|with)\b", r"versus\b", r"vs\b")
_CHANGED = _pattern(r"change[ds]?\b", r"since (?:last|yesterday)\b", r"news?\b", r"trend\b")
_ACTIONS = _pattern(r"actions?\b", "allocat", "rank", r"score\b", "priorit")
_WHY = _pattern(r"why\b", r"how (?:come|many)\b", "reason", "allocat", "rank", r"score\b")
_PROMOTION = _pattern("promotion", r"promo\b", r"offer\b", "incentive", "sensitiv")
_DRIVERS = _pattern(
    r"drivers?\b",
    r"factors?\b",
    r"signals?\b",
    r"shap\b",
    "what (?:drives|moves|matters)",
    r"why (?:is|so|do|that|this)\b",
)
# An order, no report: "they write in their letter that …" asks for no text.
_TO_WRITE = re.compile(
    r"^\W*(?:(?:ok|please|pls|kindly|can|could|would|will|you|help|me|us|now|then|and|also)\W+)*"
    r"(?:write|draft|compose|translate|rephrase)\b.*\b"
    r"(?:e-?mails?|mails?|notes?|messages?|letters?|texts?|invit(?:e|ation)s?|agendas?|proposals?|posts?|reply|replies)\b",
    re.IGNORECASE,
)
# What a question asks for and how the evidence that answers it begins.
_FACTS = (
    (
        _pattern(
            r"own(?:s|er)\b", "who (?:is responsible|covers|has|looks after)", "account (?:manager|executive)", r"rep\b"
        ),
        ("Its {owner} is",),
    ),
    (_pattern(r"region\b", r"territory\b", r"where (?:are|is)\b"), ("Its {territory} is",)),
)
_FORECAST = (
    (
        _pattern(
            r"worth\b",
            "predict",
            "forecast",
            r"value\b",
            r"interval\b",
            r"range\b",
            r"potential\b",
            r"baseline\b",
            r"(?:sure|certain|confident|reliable)\b",
        ),
        ("The prediction for", "The baseline"),
    ),
    (_pattern(r"industry\b", r"sector\b", r"vertical\b", r"what do they do\b"), ("Its {industry} is",)),
)
_SECTIONS = {
    SectionName.COMPETITIVE_POSITIONING: _pattern(
        "compet", r"rivals?\b", r"vendors?\b", r"alternatives?\b", "incumbent"
    ),
    SectionName.RISK_MITIGATION: _pattern(r"risks?\b", r"go wrong\b", "worr", "concern", "mitigat"),
    SectionName.SUCCESS_METRICS: _pattern(r"metrics?\b", r"kpis?\b", "measur", r"success\b"),
    SectionName.PAIN_POINTS: _pattern(r"pains?\b", r"needs?\b", r"problems?\b", "struggl", r"ask them\b"),
    SectionName.ACTIONS: _pattern(r"actions?\b", "propose", r"next steps?\b", r"what should (?:i|we) do\b"),
    SectionName.TALKING_POINTS: _pattern(r"talk", r"opening\b", r"pitch\b", r"say\b", r"(?:start|begin) with\b"),
    SectionName.EXECUTIVE_SUMMARY: _pattern(
        "summar", r"in short\b", r"tl;?dr\b", "overview", "about (?:them|this account)"
    ),
}
_NEEDS_RUN = "a what-if needs to name a feature, and to what or by how much it changes."
_NEEDS_MODEL = "a text of that kind; an AI model would write it, and none has answered. What may go into it:"
_NEEDS_EARLIER_SNAPSHOT = "what changed needs an earlier snapshot to compare this one with."
_MAX_CHARACTERS = 1_000
_MAX_FEATURES = 2
_TOP_DRIVERS = 5
_MAX_QUOTED = 2
_MIN_WORDS_FOUND = 2
_WEAK_WORD = 4  # a word of a label that is no longer than this names the feature only together with the others
# Words that say nothing about what a question is about.
_STOP_WORDS = frozenset(
    """
    about also and any are can could does did for from give has have how into its let may more most much need not our
    out please should show some tell than that the their them then there these they this those was were what when
    where which who whom whose why will with would you your account accounts customer customers company know
    """.split()
)


def find_statements(
    brief: Brief,
    question: str,
    *,
    sections: Sequence[Section],
    promotion: Statement | None,
    passages: Sequence[Evidence],
) -> tuple[Statement, ...]:
    """Return statements that answer the question, or one without evidence that says what would be needed."""
    written, words = question[:_MAX_CHARACTERS], brief.snapshot.words
    features = _named_features(brief, written)
    question = _in_our_words(written, words)
    if _TO_WRITE.search(question):
        return (_missing(_NEEDS_MODEL), *_statements_of(sections, SectionName.TALKING_POINTS))
    if _WHAT_IF.search(question):
        today = (_say(carrier) for driver in features[:_MAX_FEATURES] if (carrier := _carrier(brief, driver)))
        return (_missing(_NEEDS_RUN), *today)
    if _OTHER_ACCOUNT.search(question):
        return (_missing(f"a comparison needs the id of another {words.account}."),)
    if _CHANGED.search(question) and not features:
        changes = _evidence(brief, EvidenceKind.CHANGE)
        return tuple(map(_say, changes)) or (_missing(_NEEDS_EARLIER_SNAPSHOT),)
    if _ACTIONS.search(question) and _WHY.search(question):
        return tuple(map(_say, _evidence(brief, EvidenceKind.ALLOCATION)))
    return (
        (_promotions(brief, promotion) if _PROMOTION.search(question) else ())
        or _find_fact(brief, question, _FACTS)
        or (_about(brief, features, (*passages, *brief.evidence)) if features else ())
        or (_top_drivers(brief) if _DRIVERS.search(question) else ())
        or _find_fact(brief, question, _FORECAST)
        or _find_section(sections, question)
        or _from_passages(written, passages, words)
    )


def _find_fact(
    brief: Brief, question: str, facts: Sequence[tuple[re.Pattern[str], tuple[str, ...]]]
) -> tuple[Statement, ...]:
    starts = next((starts for pattern, starts in facts if pattern.search(question)), ())
    words = asdict(brief.snapshot.words)
    return tuple(_say(item) for start in starts for item in _profile(brief, start.format(**words)))


def _promotions(brief: Brief, promotion: Statement | None) -> tuple[Statement, ...]:
    none = _missing(f"there are no promotions in the data of these {brief.snapshot.words.accounts}.")
    return (promotion or none, *map(_say, _profile(brief, "Of the promotions")))


def _top_drivers(brief: Brief) -> tuple[Statement, ...]:
    return tuple(map(_say, _evidence(brief, EvidenceKind.DRIVER)[:_TOP_DRIVERS]))


def _find_section(sections: Sequence[Section], question: str) -> tuple[Statement, ...]:
    asked = next((name for name, pattern in _SECTIONS.items() if pattern.search(question)), None)
    return _statements_of(sections, asked)


def _statements_of(sections: Sequence[Section], name: SectionName | None) -> tuple[Statement, ...]:
    return next((section.statements for section in sections if section.name is name), ())


def _about(brief: Brief, features: Sequence[Driver], passages: Sequence[Evidence]) -> tuple[Statement, ...]:
    """Say what is known of the named features, and the best that the documents have on them."""
    quotes = Quotes(passages)
    said = []
    for driver in features[:_MAX_FEATURES]:
        carrier = _carrier(brief, driver)
        if carrier is None:
            continue
        topic = find_topic(driver.feature, brief.topics)
        advice = f"Ask: “{topic.ask}”" if driver.shap < 0 else f"For the call: {topic.opening}."
        said += [_say(carrier), Statement(text=advice, evidence=(carrier.evidence_id,))]
        quote = quotes.take(topic.terms)
        if quote is not None:
            said.append(Statement(text=f"Our documents say: “{quote.text}”", evidence=(quote.evidence_id,)))
    labels, source = (
        " and ".join(driver.feature.label for driver in features[:_MAX_FEATURES]),
        brief.snapshot.words.source,
    )
    return tuple(said) or (
        _missing(f"the brief leaves out {lower_first(labels)}, which hardly moves this forecast; the {source} has it."),
    )


def _in_our_words(question: str, words: Words) -> str:
    """Return the question with what the business calls things replaced by what the patterns above call them."""
    for theirs, ours in (
        (words.accounts, "accounts"),
        (words.account, "account"),
        (words.actions, "actions"),
        (words.action, "action"),
        (words.reps, "reps"),
        (words.rep, "rep"),
        (words.target, "forecast"),
        (words.owner, "owner"),
        (words.territory, "territory"),
        (words.industry, "industry"),
    ):
        question = re.sub(rf"\b{re.escape(theirs)}\b", ours, question, flags=re.IGNORECASE)
    return question


def _from_passages(question: str, passages: Sequence[Evidence], words: Words) -> tuple[Statement, ...]:
    """Quote the sentences that share enough words with the question."""
    said = Quotes(passages).find_answering(_content_words(question), limit=_MAX_QUOTED)
    if said:
        return tuple(Statement(text=f"“{quote.text}”", evidence=(quote.evidence_id,)) for quote in said)
    return (
        _missing(
            f"neither the brief of this {words.account} nor our documents answer that. It would take a document that "
            f"does, or a question about its forecast, drivers, {words.actions}, competitors or risks."
        ),
    )


def _missing(needed: str) -> Statement:
    return Statement(text=f"Not in my sources: {needed}", evidence=())


def _say(carrier: Evidence) -> Statement:
    return Statement(text=carrier.text, evidence=(carrier.evidence_id,))


def _carrier(brief: Brief, driver: Driver) -> Evidence | None:
    """Return the evidence that holds this feature's value: its driver, else a fact of the profile."""
    found = brief.find_evidence(driver.evidence_id)
    return found or next(iter(_profile(brief, f"{driver.feature.label} is ")), None)


def _named_features(brief: Brief, question: str) -> list[Driver]:
    """Return the features that the question names, most words in common first, then strongest first."""
    asked = _content_words(question)
    scored = [
        (len(common), driver)
        for driver in brief.drivers
        if (common := asked & (named := _content_words(driver.feature.label)))
        and (len(common) == len(named) or len(common) >= _MIN_WORDS_FOUND or len(max(common, key=len)) > _WEAK_WORD)
    ]
    most = max((common for common, _ in scored), default=0)
    return [driver for common, driver in scored if common == most]


def _content_words(text: str) -> set[str]:
    """Return the words that carry meaning, without a plural's s."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", text.casefold()) if word not in _STOP_WORDS}


def _evidence(brief: Brief, kind: EvidenceKind) -> tuple[Evidence, ...]:
    return tuple(item for item in brief.evidence if item.kind is kind)


def _profile(brief: Brief, start: str) -> tuple[Evidence, ...]:
    return tuple(item for item in _evidence(brief, EvidenceKind.PROFILE) if item.text.startswith(start))
