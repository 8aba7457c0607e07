"""A question to the tool call that answers it, where it is clear that there is exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.questions.changes import read_changes, supposes
from bot.questions.follow_ups import follow_up
from bot.questions.intents import intents
from bot.questions.numbers import number_of_actions, number_of_drivers
from bot.questions.reading import read
from bot.questions.references import find_query
from bot.questions.words import is_filling
from bot.tools.calls import (
    MOST_ACCOUNTS,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.reading import Reading, Token
    from bot.questions.vocabulary import Vocabulary
    from bot.tools.calls import ToolCall

_SURE: Final = 0.7
_SURE_OF: Final = {"what_if": 0.5, "compare": 0.5, "search_documents": 0.4}  # which their slots carry, too
_SURE_OF_PART: Final = 0.6
_SURE_OF_KIND: Final = 0.7  # which drivers, where drivers are meant
_MOST_UNKNOWN: Final = 1  # words that are in no example
_MOST_FOREIGN: Final = 0  # that are only in examples without an answer
_DEPTH: Final = 3  # how many questions back a follow-up may reach
_BETWEEN_FACTS: Final = frozenset({"and", ",", "&", "+", "plus", ";"})
_JOINING: Final = frozenset({"and", "&", "+", "plus"})
_SEVERAL_ACCOUNTS: Final = frozenset({"accounts", "customers", "clients", "everyone", "everybody"})
_LEAVING_OUT: Final = frozenset({"leave", "without", "skip", "exclude", "except", "hide", "ignore"})
_OTHER_SIDE: Final = {
    Direction.ALL: Direction.ALL,
    Direction.RAISING: Direction.LOWERING,
    Direction.LOWERING: Direction.RAISING,
}
_FACTS: Final = frozenset(fact.value for fact in Fact)


def recognise(question: str, vocabulary: Vocabulary, *, earlier: Sequence[str] = ()) -> ToolCall | None:
    """Return the call that answers the question; None where the question has another answer or its meaning is open.

    ``earlier`` are the questions asked before it in the thread, oldest first: "and why?" is about the last of them.
    """
    near = earlier[-_DEPTH:]
    before = recognise(near[-1], vocabulary, earlier=near[:-1]) if near else None
    about = {each.feature for each in before.changes} if isinstance(before, WhatIf) else set()
    names = [name for name in vocabulary.names if name.feature.name in about]
    reading = read(question, vocabulary, known=intents().known, about=names)
    if before is not None and (call := follow_up(reading, before, names)) is not None:
        return call
    query, words = find_query(reading)
    if query:
        return SearchDocuments(query=query) if _intent(words) == "search_documents" else None
    intent = _intent(reading.words, supposed=supposes(reading.tokens))
    several = _facts_by_part(reading) if intent != "what_if" else None
    return several or _call(intent, reading, vocabulary)


def _intent(words: Sequence[str], *, sure: float = _SURE, supposed: bool = False) -> str:
    """Return what the words mean, or nothing where that is not clear."""
    if all(is_filling(word) or word not in intents().known for word in words):
        return ""
    intent = intents().find(words, supposes=supposed)
    clear = intent.probability >= min(sure, _SURE_OF.get(intent.name, sure)) and intent.share >= _SURE_OF_KIND
    return intent.name if clear and intent.unknown <= _MOST_UNKNOWN and intent.foreign <= _MOST_FOREIGN else ""


def _call(intent: str, reading: Reading, vocabulary: Vocabulary) -> ToolCall | None:
    """Return the call for an intent, where it uses everything that the question names."""
    if reading.accounts:
        alone = len(reading.accounts) <= MOST_ACCOUNTS and not reading.names and not reading.amounts
        return Compare(accounts=reading.accounts) if intent == "compare" and alone else None
    if _is_another(intent, reading.words):
        return None
    match intent:
        case "what_if":
            changes = read_changes(reading.tokens)
            return WhatIf(changes=changes) if changes else None
        case "changes":
            return Changes()
        case "values":
            return _values(reading)
        case _:
            return None if "<feature>" in reading.words else _call_without_features(intent, reading, vocabulary)


def _call_without_features(intent: str, reading: Reading, vocabulary: Vocabulary) -> ToolCall | None:
    if intent == "why_allocated":
        number = number_of_actions(reading, vocabulary.given)
        return None if number is False else WhyAllocated(actions=number)
    if intent.startswith("drivers-"):
        limit = number_of_drivers(reading)
        direction = Direction(intent.removeprefix("drivers-"))
        if _LEAVING_OUT & set(reading.words):
            direction = _OTHER_SIDE[direction]
        return None if limit is False else Drivers(direction=direction, limit=limit)
    # "Region and parking" asks for more than the region; an interval has a lower and an upper bound.
    joined = _JOINING & set(reading.words) and intent != Fact.CONFIDENCE
    if intent in _FACTS and not joined and _names_no_amount(reading, intent):
        return AccountFacts(facts=(Fact(intent),), features=())
    return None


def _is_another(intent: str, words: Sequence[str]) -> bool:
    """Tell "how do I raise it to 9?" and "accounts with 9" from "what if it was 9?"; who else says "if" means more."""
    advice = words[:1] == ("how",) and words[2:3] == ("i",) and words[1] in {"do", "can", "could", "should", "would"}
    several = intent in {"what_if", "values"} and bool(_SEVERAL_ACCOUNTS & set(words))
    return advice or several or ("if" in words and intent != "what_if")


def _names_no_amount(reading: Reading, intent: str) -> bool:
    money = all(token.word == "<money>" for token in reading.tokens if token.amount is not None)
    return not reading.amounts or intent == Fact.STANDING or (money and intent in {Fact.PREDICTION, Fact.CONFIDENCE})


def _values(reading: Reading) -> AccountFacts | None:
    """Return the values asked for; "churn?" alone may ask for anything about it, "churn risk?" is its name."""
    asked = any(not token.is_slot and token.word.isalpha() and not is_filling(token.word) for token in reading.tokens)
    named = [token for token in reading.tokens if token.name is not None]
    if reading.amounts or not named or not (asked or len(named) > 1 or all(token.whole for token in named)):
        return None
    return AccountFacts(facts=(), features=tuple(name.feature.name for name in reading.names))


def _facts_by_part(reading: Reading) -> AccountFacts | None:
    """Return several facts at once, as in "owner and region please", where every part asks for some."""
    parts: list[list[Token]] = [[]]
    for token in reading.tokens:
        if token.word in _BETWEEN_FACTS:
            parts.append([])
        else:
            parts[-1].append(token)
    told = [part for part in parts if any(token.word.isalpha() or token.is_slot for token in part)]
    if len(told) <= 1 or reading.amounts or reading.accounts:
        return None
    facts: list[Fact] = []
    features: list[str] = []
    for part in told:
        named = [token.name.feature.name for token in part if token.name is not None]
        intent = _intent([token.word for token in part], sure=_SURE_OF_PART)
        if not ((intent in _FACTS and not named) or (intent == "values" and named)):
            return None
        facts += [Fact(intent)] if intent in _FACTS else []
        features += named
    return AccountFacts(facts=tuple(dict.fromkeys(facts)), features=tuple(dict.fromkeys(features)))
