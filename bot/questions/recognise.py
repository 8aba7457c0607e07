"""A question to the tool call that answers it, where there is exactly one and every word is understood."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.questions.amounts import read_changes
from bot.questions.concepts import Concept
from bot.questions.reading import read
from bot.questions.references import find_accounts, find_query, named_accounts
from bot.tools.calls import (
    MOST_DRIVERS,
    AccountFacts,
    Changes,
    Compare,
    Direction,
    Drivers,
    Fact,
    SearchDocuments,
    WhatIf,
    WhyAllocated,
)
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.questions.reading import Amount, Item, Reading
    from bot.questions.vocabulary import Vocabulary
    from bot.tools.calls import ToolCall

C = Concept
_SOFT: Final = frozenset({C.TO, C.AND})
_MOST_ACTIONS: Final = 99
_BOTH: Final = 2
_NEAR: Final = 0.02  # of the prediction, for an amount that stands for it
_DEPTH: Final = 3  # how many questions back a follow-up may reach
_THEM: Final = frozenset({"they", "them", "he", "she", "him", "her"})
_PRESENT: Final = frozenset(
    {
        "raise",
        "raises",
        "lower",
        "lowers",
        "reduce",
        "reduces",
        "increase",
        "increases",
        "raising",
        "lowering",
        "reducing",
    }
)
_PUSHING: Final = ("push", "pull", "bring")
_PAST: Final = frozenset(
    """
    increased rose risen grew gained climbed jumped raised decreased dropped fell fallen declined lowered reduced
    shrank sank
    """.split()  # noqa: SIM905 # as in concepts
)
_FRESH_ALONE: Final = frozenset({"fresh", "recent", "up to date", "current", "outdated", "stale"})
_PROPOSED: Final = frozenset({"about", "with", "given"})
_ASKED_OF_IT: Final = frozenset(
    {C.WHAT, C.HOW, C.HAPPEN, C.PREDICTION, C.WOULD, C.HOW_MANY, C.ACTION, C.TO, C.AND} | {C.EFFECT, C.CHANGE}
)
_WOULD_IT: Final = frozenset({C.WOULD, C.HELP, C.CHANGE, C.EFFECT, C.PREDICTION, C.HOW, C.WHAT, C.ACTION, C.HOW_MANY})
_SUPPOSING: Final = frozenset(
    {C.WHAT, C.HAPPEN, C.HOW, C.HOW_MANY, C.ACTION, C.PREDICTION, C.WOULD, C.CHANGE, C.RANK, C.MUCH, C.IF, C.EFFECT}
    | {C.HELP, C.UP, C.DOWN, C.MORE, C.LESS, C.HIGH, C.LOW, C.AND, C.GIVE, C.FIGURE, C.TO}
)


def recognise(question: str, vocabulary: Vocabulary, *, earlier: Sequence[str] = ()) -> ToolCall | None:
    """Return the call that answers the question; None where the question has another answer or its meaning is open.

    ``earlier`` are the questions asked before it in the thread, oldest first: "and why?" is about the last of them.
    """
    if query := find_query(question):
        return SearchDocuments(query=query)
    if accounts := find_accounts(question, vocabulary):
        return Compare(accounts=accounts)
    reading = read(question, vocabulary)
    supposed = _supposed(reading, vocabulary)
    if supposed or C.IF in reading.concepts:
        return supposed
    concepts = reading.concepts - _SOFT
    calls = [call for rule in _RULES if rule.fits(concepts) and (call := rule.make(reading, vocabulary)) is not None]
    if not calls and earlier and len(earlier) <= _DEPTH:
        before = recognise(earlier[-1], vocabulary, earlier=earlier[:-1][-_DEPTH + 1 :])
        return _follow_up(question, reading, before, vocabulary)
    return calls[0] if calls and all(call == calls[0] for call in calls) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A question that speaks of all of ``needs``, of one of ``one_of``, and of nothing beyond them and ``allows``."""

    needs: frozenset[Concept]
    one_of: frozenset[Concept]
    allows: frozenset[Concept]
    make: Callable[[Reading, Vocabulary], ToolCall | None]

    def fits(self, concepts: frozenset[Concept]) -> bool:
        return (
            self.needs <= concepts
            and (not self.one_of or bool(self.one_of & concepts))
            and concepts <= self.needs | self.one_of | self.allows
        )


def _rule(
    make: Callable[[Reading, Vocabulary], ToolCall | None],
    needs: str,
    one_of: str = "",
    allows: str = "",
) -> _Rule:
    return _Rule(needs=_concepts(needs), one_of=_concepts(one_of), allows=_concepts(allows), make=make)


def _concepts(names: str) -> frozenset[Concept]:
    return frozenset(Concept[name] for name in names.split())


def _supposed(reading: Reading, vocabulary: Vocabulary) -> WhatIf | None:
    """Return the what-if, where the question supposes something or asks whether it would help."""
    items = list(reading.items)
    if C.IF in reading.concepts:
        place = max(place for place, item in enumerate(items) if item.concept is C.IF)
        main, supposed = items[:place], items[place + 1 :]
        # "If churn drops to 20 %, what happens?" has its question after the comma.
        while supposed and (end := _last_clause(supposed)) is not None:
            main, supposed = [*main, *supposed[end:]], supposed[:end]
    elif C.WHY in reading.concepts:
        return None
    elif C.WOULD in reading.concepts and reading.concepts & {C.HELP, C.CHANGE, C.EFFECT}:
        main = [item for item in items if item.concept in _WOULD_IT]
        supposed = [item for item in items if item not in main]
    elif {C.FEATURE, C.NUMBER} <= reading.concepts and (
        _PROPOSED & set(reading.words) or reading.concepts & {C.EFFECT, C.CHANGE}
    ):
        # Without an "if", too: what about 2 more demos, what happens with churn at 10 %.
        start = next((place for place, item in enumerate(items) if item.concept not in _ASKED_OF_IT), 0)
        main, supposed = items[:start], items[start:]
    else:
        return None
    if not {item.concept for item in main} <= _SUPPOSING:
        return None
    changes = read_changes(supposed, vocabulary)
    return WhatIf(changes=changes) if changes else None


def _last_clause(items: Sequence[Item]) -> int | None:
    """Return where a clause begins that supposes nothing but asks what happens, if the items end in one."""
    for place in range(len(items) - 1, -1, -1):
        if items[place].name is not None or items[place].amount is not None:
            return None
        if items[place].concept in {C.WHAT, C.HOW, C.HOW_MANY}:
            return place
    return None


def _follow_up(question: str, reading: Reading, before: ToolCall | None, vocabulary: Vocabulary) -> ToolCall | None:
    """Return the call that a question too short to stand alone makes of the one before it."""
    concepts = reading.concepts - _SOFT - {C.WHAT, C.HOW}
    match before:
        case Compare() if accounts := named_accounts(question.casefold(), vocabulary):
            return Compare(accounts=accounts)
        case WhatIf() if len(before.changes) == 1 and concepts and C.WHY not in concepts:
            named = [name for name in vocabulary.names if name.feature.name == before.changes[0].feature]
            items = [item for item in reading.items if item.concept not in {C.WHAT, C.HOW}]
            changes = read_changes(items, vocabulary, other=named)
            return WhatIf(changes=changes) if len(changes) == 1 else None
        case WhyAllocated() if concepts and concepts <= {C.WHY, C.NEGATION, C.NUMBER, C.ONLY}:
            return _allocated(reading, vocabulary) if C.NUMBER in concepts else WhyAllocated(actions=None)
        case AccountFacts(facts=(Fact.PREDICTION | Fact.STANDING | Fact.BASELINE,)) if concepts == {C.WHY}:
            return Drivers(direction=Direction.ALL, limit=None)
        case Drivers() if concepts and concepts <= {C.HELP, C.HURT, C.UP, C.DOWN, C.TOP, C.DRIVER, C.NUMBER}:
            return _drivers(reading, vocabulary) if concepts & {C.HELP, C.HURT} else None
        case _:
            return None


def _plain_number(reading: Reading, *, most: int) -> int | None:
    """Return the only number of the question where it is a count from 0 to ``most``."""
    return next((_count(each) for each in reading.amounts if len(reading.amounts) == 1 and _count(each) <= most), None)


def _count(amount: Amount) -> int:
    marked = amount.money or amount.percent or amount.points or amount.of_ten or amount.sign
    return int(amount.value) if not marked and amount.value == int(amount.value) else _MOST_ACTIONS + 1


def _allocated(reading: Reading, vocabulary: Vocabulary) -> ToolCall | None:
    number = _number_asked(reading, vocabulary)
    if reading.amounts and number is None:
        return None
    # Where actions and a feature share their word, "how many visits" may ask for either.
    shared = any(vocabulary.action & name.stems for name in vocabulary.names)
    if shared and C.HOW_MANY in reading.concepts and C.GIVE not in reading.concepts and "get" not in reading.words:
        return None
    return WhyAllocated(actions=number)


def _number_asked(reading: Reading, vocabulary: Vocabulary) -> int | None:
    """Return the number of actions asked about: 3 in "why 2 and not 3?", one more than now in "why not one more"."""
    items = [item for item in reading.items if item.concept not in _SOFT]
    denied = [item for before, item in pairwise(items) if before.concept is C.NEGATION and item.amount is not None]
    if len(reading.amounts) == _BOTH and len(denied) == 1 and denied[0].amount is not None:
        return _count(denied[0].amount) if _count(denied[0].amount) <= _MOST_ACTIONS else None
    number = _plain_number(reading, most=_MOST_ACTIONS)
    steps = [
        item for before, item in pairwise(items) if before.concept is C.NUMBER and item.concept in {C.MORE, C.LESS}
    ]
    if number is None or not steps or C.NEGATION not in reading.concepts:
        return number
    other = vocabulary.given + (number if steps[0].concept is C.MORE else -number)
    return other if other >= 0 else None


def _ranked(_reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    return WhyAllocated(actions=None)


def _method(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    told = any(item.text.startswith("alloc") for item in reading.items if item.concept is C.GIVE)
    return WhyAllocated(actions=None) if told else None


def _drivers(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    number = _plain_number(reading, most=MOST_DRIVERS)
    if (reading.amounts and not number) or ("to" in reading.words and _THEM & set(reading.words)):
        return None
    pushed = any(item.text.startswith(_PUSHING) for item in reading.items if item.concept is C.DRIVER)
    if pushed and not reading.concepts & {C.UP, C.DOWN}:
        return None  # "what brings them here" speaks of no forecast
    up, down = reading.concepts & {C.HELP, C.UP}, reading.concepts & {C.HURT, C.DOWN}
    direction = Direction.ALL if bool(up) == bool(down) else Direction.RAISING if up else Direction.LOWERING
    return Drivers(direction=direction, limit=number)


def _moving(reading: Reading, vocabulary: Vocabulary) -> ToolCall | None:
    """Read "what lowers it", not "what went down" and not "what's up"."""
    verbs = {item.text for item in reading.items if item.concept in {C.UP, C.DOWN}}
    return _drivers(reading, vocabulary) if verbs <= _PRESENT and "did" not in reading.words else None


def _why_predicted(reading: Reading, vocabulary: Vocabulary) -> ToolCall | None:
    if _has_moved(reading):
        return None
    near = [abs(each.value - vocabulary.predicted) <= _NEAR * abs(vocabulary.predicted) for each in reading.amounts]
    if not all(near) or not (near or C.PREDICTION in reading.concepts):
        return None
    low = reading.concepts & {C.LOW, C.FEW, C.NEGATION, C.ONLY}
    return Drivers(direction=Direction.LOWERING if low else Direction.ALL, limit=None)


def _has_moved(reading: Reading) -> bool:
    """Tell "why did the forecast drop" from "why is the forecast down"."""
    verbs = {item.text for item in reading.items if item.concept in {C.UP, C.DOWN}}
    return bool(verbs) and ("did" in reading.words or bool(verbs & _PAST))


def _why_moved(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    return Changes() if _has_moved(reading) else None


def _moved_since(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    told = {item.text for item in reading.items if item.concept is C.DRIVER}
    return Changes() if told <= {"move", "moved"} else None


def _region(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    told = {item.text for item in reading.items if item.concept is C.OWNER}
    return AccountFacts(facts=(Fact.REGION,), features=()) if told <= {"belong to", "belongs to"} else None


def _fact(fact: Fact) -> Callable[[Reading, Vocabulary], ToolCall | None]:
    return lambda _reading, _vocabulary: AccountFacts(facts=(fact,), features=())


def _worth(reading: Reading, vocabulary: Vocabulary) -> ToolCall | None:
    """Read "what is the value of this account", not any value."""
    named = vocabulary.accounts & set(reading.words) and "value" in reading.words
    return AccountFacts(facts=(Fact.PREDICTION,), features=()) if named else None


def _confidence(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    """Read "how sure are you", not "how reliable are they"."""
    about_us = reading.concepts & {C.PREDICTION, C.FIGURE, C.INTERVAL} or not _THEM & set(reading.words)
    return AccountFacts(facts=(Fact.CONFIDENCE,), features=()) if about_us else None


def _data(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    """Read "how old is the data" and "when was this updated", not "how old are they"."""
    told = {item.text for item in reading.items if item.concept is C.FRESH}
    when = C.WHEN in reading.concepts and told & {"refreshed", "updated", "as of", "last updated", "last refreshed"}
    named = C.DATA in reading.concepts or (told <= _FRESH_ALONE and not _THEM & set(reading.words)) or when
    return AccountFacts(facts=(Fact.DATA,), features=()) if named else None


def _values(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    """Read "how many employees", "churn risk?"; "which tickets" wants them listed, which nobody here can."""
    features = [item for item in reading.items if item.name is not None]
    asked = reading.concepts & {C.WHAT, C.WHO, C.HOW_MANY, C.HOW, C.EFFECT, C.DRIVER, C.HIGH, C.LOW, C.MUCH, C.VALUE}
    if not asked and not all(item.whole for item in features):
        return None
    if C.WHO in reading.concepts and any(name.feature.kind is not FeatureKind.CATEGORY for name in reading.names):
        return None
    for item in features:
        first = item.text.split()[0]
        place = reading.words.index(first) if first in reading.words else 0
        listed = place and reading.words[place - 1] in {"what", "which", "whose"}
        if listed and item.name is not None and item.name.feature.kind is not FeatureKind.CATEGORY:
            return None
    return AccountFacts(facts=(), features=tuple(name.feature.name for name in reading.names))


def _changed(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    """Read "what changed", not "what changes the forecast" and not "what makes them different"."""
    told = {item.text for item in reading.items if item.concept is C.CHANGE}
    fresh = {item.text for item in reading.items if item.concept is C.FRESH}
    if not fresh <= {"recently", "last update"}:
        return None
    dated = fresh or reading.concepts & {C.TIME, C.SINCE}
    unclear = told & {"changes", "change"} and C.PREDICTION in reading.concepts and "did" not in reading.words
    other = told & {"different", "difference", "differ", "differs"}
    return None if (unclear or other) and not dated else Changes()


def _moved(reading: Reading, _vocabulary: Vocabulary) -> ToolCall | None:
    """Read "what went down last week", not "why did we lose them last time"."""
    about = reading.concepts & {C.PREDICTION, C.ACTION, C.RANK}
    lost = {item.text for item in reading.items if item.concept in {C.UP, C.DOWN}} & {"lose", "loses", "lost"}
    return Changes() if about or not (lost or C.WHY in reading.concepts) else None


_ANY_WAY: Final = "WHAT HIGH LOW HOW_MANY FIGURE WOULD"
_RULES: Final = (
    _rule(
        _allocated, "ACTION WHY", "", "GIVE NUMBER NEGATION ONLY MUCH FEW MORE LESS WHAT HIGH LOW HOW_MANY FIGURE WOULD"
    ),
    _rule(_allocated, "ACTION HOW_MANY", "", "GIVE NUMBER MORE WOULD ONLY"),
    _rule(_allocated, "ACTION HOW GIVE", "", "MUCH FIGURE HOW_MANY"),
    _rule(_allocated, "ACTION TAKE", "WHAT HOW", "NUMBER MORE WOULD HIGH"),
    _rule(_allocated, "WHY NUMBER", "", "NEGATION ONLY GIVE"),
    _rule(_allocated, "WHY NUMBER NEGATION", "MORE LESS", "GIVE"),
    _rule(_allocated, "WHY NEGATION MORE"),
    _rule(_method, "GIVE", "WHY HOW", "MUCH FEW WHAT DRIVER"),
    _rule(_ranked, "RANK WHY", "", "MUCH FEW HIGH LOW NUMBER NEGATION UP DOWN TOP ONLY"),
    _rule(_ranked, "SCORE WHY", "", "MUCH FEW HIGH LOW NUMBER ONLY"),
    _rule(_drivers, "DRIVER", "WHAT TOP HELP HURT", "NUMBER PREDICTION UP DOWN FIGURE MODEL SCORE"),
    _rule(_drivers, "DRIVER"),
    _rule(_drivers, "HELP", "WHAT TOP", "NUMBER PREDICTION HURT DRIVER UP DOWN"),
    _rule(_drivers, "HURT", "WHAT TOP", "NUMBER PREDICTION HELP DRIVER UP DOWN"),
    _rule(_moving, "WHAT", "UP DOWN", "TOP PREDICTION FIGURE"),
    _rule(_why_predicted, "WHY", "PREDICTION NUMBER", "MUCH FEW HIGH LOW FIGURE NEGATION MORE ONLY UP DOWN HOW"),
    _rule(_drivers, "WHY PREDICTION TOP", "", "WHAT NUMBER"),
    _rule(_why_moved, "PREDICTION", "UP DOWN", "WHY MUCH HOW"),
    _rule(_moved_since, "DRIVER TIME", "HOW WHAT", "PREDICTION SINCE MUCH ACTION RANK"),
    _rule(_fact(Fact.OWNER), "OWNER", "", "WHO WHAT"),
    _rule(_region, "REGION", "", "WHAT WHERE OWNER"),
    _rule(_fact(Fact.INDUSTRY), "INDUSTRY", "", "WHAT"),
    _rule(_fact(Fact.PREDICTION), "PREDICTION", "WHAT HOW_MANY", "MUCH HIGH"),
    _rule(_fact(Fact.PREDICTION), "PREDICTION HOW HIGH"),
    _rule(_worth, "VALUE", "WHAT HOW_MANY"),
    _rule(_confidence, "SURE", "HOW PREDICTION FIGURE INTERVAL", "WHAT MUCH HIGH WOULD"),
    _rule(_confidence, "INTERVAL", "", "HOW WHAT PREDICTION HIGH LOW"),
    _rule(_fact(Fact.BASELINE), "BASELINE", "", "WHAT HIGH HOW"),
    _rule(
        _fact(Fact.STANDING), "AVERAGE", "BETTER RANK UP DOWN MORE LESS HIGH COMPARE", "SINCE HOW WHAT PREDICTION LOW"
    ),
    _rule(_fact(Fact.STANDING), "BETTER", "OTHERS WHERE", "SINCE HOW PREDICTION TOP RANK"),
    _rule(_fact(Fact.STANDING), "SINCE OTHERS HOW"),
    _rule(_fact(Fact.STANDING), "RANK", "", "WHAT WHERE HOW OTHERS SINCE HIGH HOW_MANY"),
    _rule(_fact(Fact.PROMOTION), "PROMOTION", "", "WHAT RESPOND TOP HOW MUCH WOULD"),
    _rule(_fact(Fact.PROMOTION), "OFFER RESPOND", "", "HOW MUCH"),
    _rule(_data, "FRESH", "DATA WHEN HOW", "WHERE WHAT MODEL SINCE"),
    _rule(_data, "DATA WHEN", "", "SINCE FRESH"),
    _rule(_fact(Fact.MODEL), "MODEL", "WHAT HOW SURE", "GOOD INTERVAL PREDICTION"),
    _rule(_values, "FEATURE", "", "WHAT WHO HOW_MANY HOW HIGH LOW MUCH VALUE EFFECT DRIVER"),
    _rule(_values, "FEATURE EFFECT", "", "WHAT HOW HOW_MANY PREDICTION MUCH FIGURE"),
    _rule(
        _changed,
        "CHANGE",
        "WHAT SINCE TIME PREDICTION ACTION HOW FRESH RANK",
        "SINCE TIME PREDICTION ACTION WHY MUCH RANK FRESH",
    ),
    _rule(_changed, "NEW", "WHAT", "SINCE TIME"),
    _rule(_moved, "TIME", "UP DOWN", "PREDICTION ACTION SINCE WHY RANK WHAT HOW HOW_MANY MUCH"),
)
