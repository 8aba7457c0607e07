"""A question to the tool call that answers it, where it is clear that there is exactly one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.questions.changes import read_changes, supposes
from bot.questions.follow_ups import follow_up
from bot.questions.intents import NONE, intents
from bot.questions.numbers import number_of_actions, number_of_drivers
from bot.questions.reading import read
from bot.questions.references import find_query
from bot.questions.words import is_filling, stem
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
    from bot.questions.vocabulary import Name, Vocabulary
    from bot.tools.calls import ToolCall

# Chosen by leaving the questions of one author after another out of what is learned: bench/questions.py.
_SURE: Final = 0.9
_SURE_IF_STRANGE: Final = 0.97  # where a word is in no example, or only in those without an answer
_SURE_OF_PART: Final = 0.6
_CARRIED: Final = frozenset({"what_if", "compare", "search_documents"})  # by their slots, too
_DEPTH: Final = 3  # how many questions back a follow-up may reach
_OF_ACCOUNT: Final = frozenset({"account", "customer", "client", "please", "?", "!", "."})
_EMPTY: Final = frozenset("how much was were what again ? ! . please".split())  # noqa: SIM905
_BETWEEN_FACTS: Final = frozenset({"and", ",", "&", "+", "plus", ";"})
_JOINING: Final = frozenset({"and", "&", "+", "plus"})
_SEVERAL_ACCOUNTS: Final = frozenset({"accounts", "customers", "clients", "everyone", "everybody"})
_BORDERS: Final = frozenset({",", ".", "?", "!", ";", ":", "\u2013", "\u2014", "-", "(", ")"})
_GREETINGS: Final = frozenset(
    "hi hello hey morning afternoon evening sorry thanks please ok cheers quickly honestly".split()  # noqa: SIM905
)
_TELLING: Final = frozenset(
    """
    i we they he she it this that there my our their am sorry honestly hi hey hello morning thanks because since just
    quick new lost forgot thought nobody everyone somebody
    """.split()  # noqa: SIM905 # quoted words would be harder to read
)
_WANTING: Final = frozenset(
    "need want would like should could can if what how why who which when where not write send draft".split()  # noqa: SIM905
)
_LEAVING_OUT: Final = frozenset({"leave", "without", "skip", "exclude", "except", "hide", "ignore"})
_OTHER_SIDE: Final = {
    Direction.ALL: Direction.ALL,
    Direction.RAISING: Direction.LOWERING,
    Direction.LOWERING: Direction.RAISING,
}
_BROKEN_DOWN: Final = frozenset({"break", "breaking", "broken", "breakdown", "drill", "boil"})
_SIDES: Final = {
    Direction.RAISING: frozenset(
        map(
            stem,
            """
            up raise lift help boost add increase positive positives plus plusses pluses upside push support good
            best favor favour strength strengths driving gain benefit grow bigger larger optimistic booster boosters
            pro pros tailwind tailwinds inflate prop propping well winning upwards upward
            """.split(),  # noqa: SIM905 # quoted words would be harder to read
        )
    ),
    Direction.LOWERING: frozenset(
        map(
            stem,
            """
            down low lower hurt hurting drag reduce negative negatives minus minuses detract detractor against weak
            back brake brakes cost bad worst downside decrease con cons headwind headwinds sink weakness weaknesses
            cut damage harm kill killing eat shrink smaller prevent keep detracting depress subtract limit bleed
            downwards downward problem problems wrong small little few
            """.split(),  # noqa: SIM905 # as above
        )
    ),
}
_FACTS: Final = frozenset(fact.value for fact in Fact)


def recognise(question: str, vocabulary: Vocabulary, *, earlier: Sequence[str] = ()) -> ToolCall | None:
    """Return the call that answers the question; None where the question has another answer or its meaning is open.

    ``earlier`` are the questions asked before it in the thread, oldest first: "and why?" is about the last of them.
    """
    near = earlier[-_DEPTH:]
    before = recognise(near[-1], vocabulary, earlier=near[:-1]) if near else None
    about = _features(before)
    names = [name for name in vocabulary.names if name.feature.name in about]
    reading = read(question, vocabulary, known=intents().known, about=names)
    if before is not None and (call := follow_up(reading, before, names)) is not None:
        return call
    call = _understand(reading, vocabulary, names)
    if call is None and (asked := _without_chatter(reading)) is not None:
        return _understand(asked, vocabulary, names)
    return call


def _understand(reading: Reading, vocabulary: Vocabulary, names: Sequence[Name]) -> ToolCall | None:
    """Return the call for what is said, with the features that were spoken of before."""
    query, words = find_query(reading)
    if query:
        return SearchDocuments(query=query) if _intent(words) == "search_documents" else None
    intent = _intent(reading.words, supposed=supposes(reading.tokens))
    if intent != "what_if" and (parts := _parts(reading)):
        if several := _facts_by_part(parts):
            return several
        if intent in {*_FACTS, "values"} and _asks_more(intent, parts):
            return None
    return _call(intent, reading, vocabulary, names)


def _intent(words: Sequence[str], *, sure: float = _SURE, supposed: bool = False) -> str:
    """Return what the words mean, or nothing where that is not clear."""
    if all(is_filling(word) or word not in intents().known for word in words):
        return ""
    intent = intents().find(words, supposes=supposed)
    if intent.foreign and intent.name not in _CARRIED:
        return ""
    least = max(sure, _SURE_IF_STRANGE) if intent.foreign or intent.unknown else sure
    return intent.name if intent.probability >= least else ""


def _without_chatter(reading: Reading) -> Reading | None:
    """Return the one clause that asks, where all others tell something that names nothing: "..., I am on the phone"."""
    clauses: list[list[Token]] = [[]]
    for token in reading.tokens:
        clauses[-1].append(token)
        if token.word in _BORDERS:
            clauses.append([])
    asking = [clause for clause in clauses if any(each.word not in _BORDERS for each in clause)]
    told = [clause for clause in asking if _is_told(clause)]
    asked = [clause for clause in asking if clause not in told]
    return replace(reading, tokens=tuple(asked[0])) if told and len(asked) == 1 else None


def _is_told(clause: Sequence[Token]) -> bool:
    words = [token.word for token in clause if token.word not in _BORDERS]
    named = any(token.is_slot for token in clause) or clause[-1].word == "?"
    return not named and (
        all(is_filling(word) or word in _GREETINGS for word in words)
        or (words[0] in _TELLING and not _WANTING & set(words))
    )


def _features(before: ToolCall | None) -> frozenset[str]:
    """Return the features that a call changes or asks the values of."""
    match before:
        case WhatIf():
            return frozenset(each.feature for each in before.changes)
        case AccountFacts():
            return frozenset(before.features)
        case _:
            return frozenset()


def _call(intent: str, reading: Reading, vocabulary: Vocabulary, about: Sequence[Name]) -> ToolCall | None:
    """Return the call for an intent, where it uses everything that the question names, or it leans on ``about``."""
    if reading.accounts:
        alone = len(reading.accounts) <= MOST_ACCOUNTS and not reading.names and not reading.amounts
        return Compare(accounts=reading.accounts) if intent == "compare" and alone else None
    if _is_another(intent, reading.words):
        return None
    match intent:
        case "what_if":
            changes = read_changes(reading.tokens, other=about)
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
        if limit is False or not _is_said(direction, reading.words):
            return None
        if _LEAVING_OUT & set(reading.words):
            direction = _OTHER_SIDE[direction]
        return Drivers(direction=direction, limit=limit)
    # "Region and parking" asks for more than the region; an interval has a lower and an upper bound.
    joined = _JOINING & set(reading.words[1:]) and intent != Fact.CONFIDENCE
    if intent in _FACTS and not joined and _names_no_amount(reading, intent):
        return AccountFacts(facts=(Fact(intent),), features=())
    return None


def _is_said(direction: Direction, words: Sequence[str]) -> bool:
    """Return whether the words name this side of the forecast, or none where all drivers are meant."""
    said = {side for side, stems in _SIDES.items() if stems.intersection(map(stem, words))}
    return direction in said if direction in _SIDES else len(said) != 1 or bool(_BROKEN_DOWN & set(words))


def _is_another(intent: str, words: Sequence[str]) -> bool:
    """Tell "how do I raise it to 9?" and "accounts with 9" from "what if it was 9?"; who else says "if" means more."""
    advice = words[:1] == ("how",) and words[2:3] == ("i",) and words[1] in {"do", "can", "could", "should", "would"}
    several = intent in {"what_if", "values"} and bool(_SEVERAL_ACCOUNTS & set(words))
    listed = {("which", "accounts"), ("what", "accounts"), ("name", "accounts")} & set(pairwise(words))
    return advice or several or bool(listed) or ("if" in words and intent != "what_if")


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


def _parts(reading: Reading) -> list[list[Token]]:
    """Return what a question that joins several things says of each; nothing for one that does not."""
    parts: list[list[Token]] = [[]]
    for token in reading.tokens:
        if token.word in _BETWEEN_FACTS:
            parts.append([])
        else:
            parts[-1].append(token)
    told = [
        part
        for part in parts
        if any(token.is_slot or not (is_filling(token.word) or token.word in _EMPTY) for token in part)
    ]
    return told if len(told) > 1 and not reading.amounts and not reading.accounts else []


def _intent_of_part(part: Sequence[Token]) -> str:
    plain = all(token.is_slot or is_filling(token.word) or token.word in _OF_ACCOUNT for token in part)
    named = any(token.name is not None for token in part)
    return "values" if named and plain else _intent([token.word for token in part], sure=_SURE_OF_PART)


def _facts_by_part(parts: Sequence[Sequence[Token]]) -> AccountFacts | None:
    """Return several facts at once, as in "owner and region please", where every part asks for some."""
    facts: list[Fact] = []
    features: list[str] = []
    for part in parts:
        named = [token.name.feature.name for token in part if token.name is not None]
        intent = _intent_of_part(part)
        if not ((intent in _FACTS and not named) or (intent == "values" and named)):
            return None
        facts += [Fact(intent)] if intent in _FACTS else []
        features += named
    return AccountFacts(facts=tuple(dict.fromkeys(facts)), features=tuple(dict.fromkeys(features)))


def _asks_more(intent: str, parts: Sequence[Sequence[Token]]) -> bool:
    """Whether a part asks for something else than all of it seems to: "the CSM score, and the region"."""
    if intent == "values" and any(all(token.name is None for token in part) for part in parts):
        return True
    return bool({_intent_of_part(part) for part in parts} - {"", NONE, intent})
