"""Questions that lean on the one before them: "and 30 %?", "why not 4?", "and acme-008?"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.questions.changes import read_changes
from bot.questions.numbers import number_of_drivers
from bot.questions.reading import Unit
from bot.questions.words import is_filling, stem
from bot.tools.calls import (
    MOST_ACCOUNTS,
    MOST_CHANGES,
    AccountFacts,
    Compare,
    Direction,
    Drivers,
    Fact,
    How,
    SearchDocuments,
    WhatIf,
    WhyAllocated,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.reading import Reading, Token
    from bot.questions.vocabulary import Name
    from bot.tools.calls import FeatureChange, ToolCall

_MOST_WORDS: Final = 8
# What a question may say that only points back at the one before it.
_LEANING: Final = frozenset(
    """
    and or what about how but then now ok same for with at to if it instead try say was were be is why not only just
    question again make by of up down more less fewer higher lower another than go goes went also can could would let us
    the a on drop drops rises falls rise fall even rather too that this one there they get do we give set change use
    """.split()  # noqa: SIM905 # a hundred quoted words would be harder to read
)
_BEFORE_QUERY: Final = frozenset("and what or how about on for regarding anything something same ok".split())  # noqa: SIM905
_FEWER_DRIVERS: Final = frozenset({"top", "first", "need", "fine", "enough", "no", "number", "factor", "driver"})
_LONGEST_QUERY: Final = 4
_DIRECTED: Final = frozenset("up down more less fewer higher lower drop drops rise rises fall falls".split())  # noqa: SIM905
_ON_TOP: Final = (
    "keep that",
    "on top",
    "as well",
    "additionally",
    "in addition",
    "also",
    "too",
    "plus",
    "together with",
)


def follow_up(  # noqa: C901, PLR0911 - one return per kind of question before it
    reading: Reading, before: ToolCall, names: Sequence[Name]
) -> ToolCall | None:
    """Return the call that a question makes of the one before it, where it leans on that.

    ``names`` are the features that the one before is about.
    """
    words = [word for word in reading.words if word.isalpha()]
    leans = len(words) <= _MOST_WORDS and all(word in _LEANING or is_filling(word) for word in words)
    counts = [token for token in reading.tokens if token.amount is not None]
    match before:
        case Compare() if leans and 0 < len(reading.accounts) <= MOST_ACCOUNTS and not reading.names:
            return Compare(accounts=reading.accounts)
        case WhatIf() if reading.names and _is_on_top(reading):
            added = read_changes([token for token in reading.tokens if token.word not in {"on", "top"}])
            changes = (*before.changes, *added)
            distinct = len({each.feature for each in changes}) == len(changes) <= MOST_CHANGES
            return WhatIf(changes=changes) if added and distinct else None
        case WhatIf() if leans and not reading.names and len(names) == 1 and "why" not in words:
            changes = read_changes(_signed_as(before.changes[0], reading.tokens), other=names)
            return WhatIf(changes=changes) if changes else None
        case WhyAllocated() if leans and not reading.names and not reading.accounts:
            plain = len(counts) == 1 and counts[0].amount is not None and counts[0].amount.unit is Unit.NONE
            if plain and counts[0].amount is not None and not {"more", "fewer", "less"} & set(words):
                return WhyAllocated(actions=int(counts[0].amount.value))
            return WhyAllocated(actions=None) if not counts and "why" in words else None
        case AccountFacts(facts=(Fact.PREDICTION | Fact.STANDING | Fact.BASELINE,)) if leans and "why" in words:
            return Drivers(direction=Direction.ALL, limit=None) if "not" not in words and not counts else None
        case AccountFacts(facts=(), features=(_,)) if leans and not reading.names and "if" in words:
            changes = read_changes(reading.tokens, other=names)
            return WhatIf(changes=changes) if changes else None
        case AccountFacts(facts=(), features=(_, *_)) if leans and reading.names and not counts and "why" not in words:
            return AccountFacts(facts=(), features=tuple(name.feature.name for name in reading.names))
        case SearchDocuments() if not reading.names and not counts and (query := _query(reading)):
            return SearchDocuments(query=query)
        case Drivers() if len(counts) == 1 and all(word in _LEANING or stem(word) in _FEWER_DRIVERS for word in words):
            limit = number_of_drivers(reading)
            return Drivers(direction=before.direction, limit=limit) if limit else None
        case _:
            return None


def _signed_as(before: FeatureChange, tokens: Sequence[Token]) -> list[Token]:
    """Return "and by 5?" after "2 more demos" as "and by +5?"."""
    words = {token.word for token in tokens}
    if before.how is not How.ADD or not isinstance(before.amount, float) or words & (_DIRECTED | {"to", "at", "="}):
        return list(tokens)
    sign = 1 if before.amount > 0 else -1
    return [
        replace(token, amount=replace(token.amount, sign=sign)) if token.amount is not None else token
        for token in tokens
    ]


def _query(reading: Reading) -> str:
    """Return what "and about pricing tiers?" wants to know."""
    tokens = list(reading.tokens)
    while tokens and tokens[0].word in _BEFORE_QUERY:
        tokens = tokens[1:]
    while tokens and tokens[-1].word in {"?", ".", "!", "please", "then"}:
        tokens = tokens[:-1]
    led = len(tokens) < len(reading.tokens) and any(word in {"about", "on", "for"} for word in reading.words[:4])
    plain = all(token.word.isalnum() and token.word not in _LEANING for token in tokens)
    if not tokens or not led or not plain or len(tokens) > _LONGEST_QUERY:
        return ""
    return reading.text[tokens[0].start : tokens[-1].end]


def _is_on_top(reading: Reading) -> bool:
    said = f" {' '.join(reading.words)} "
    return any(f" {phrase} " in said for phrase in _ON_TOP)
