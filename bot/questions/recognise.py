"""A question to the tool call that answers it, where it is clear that there is exactly one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.questions.changes import find_values, read_changes
from bot.questions.learned import learned
from bot.questions.numbers import read_count
from bot.questions.reading import Unit, find_clauses, read, with_categories
from bot.questions.references import find_query
from bot.questions.signs import signs_of_question, signs_of_single, stemmed
from bot.questions.words import is_filling
from bot.tools.calls import (
    MOST_ACCOUNTS,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.learned import Learned
    from bot.questions.reading import Amount, Reading, Token
    from bot.questions.vocabulary import Name, Vocabulary
    from bot.tools.calls import ToolCall

    Weighed: TypeAlias = tuple[ToolCall | None, float]

SURE: Final = 0.93
"""How sure a call must be; chosen by leaving authors out of what is learned: bench/questions.py."""
NONE: Final = "none"
ASIDE: Final = "aside"  # what is said beside a question
SEVERAL: Final = "several"
VALUES: Final = "values"
AGE: Final = "age"  # the value of how long this has been an account, where that is not named
WHAT_IF: Final = "what_if"
ON_TOP: Final = "what_if_on_top"
SAME: Final = "drivers-same"  # as in the question before
SINGLE: Final = "single"
QUERY: Final = "<query>"
_DRIVERS: Final = "drivers-"
_DEPTH: Final = 3  # how many questions back a follow-up may reach
_HALF: Final = 0.5
_MOST_COUNT: Final = 99
_LARGE: Final = 1_000
_YEARS: Final = range(1900, 2100)
_OF_FEATURES: Final = frozenset({WHAT_IF, ON_TOP, VALUES, AGE, SEVERAL, "changes"})
_OF_OTHERS: Final = frozenset({"why_allocated", "standing", "compare", "baseline", "model", "changes", "confidence"})
_SEVERAL_ACCOUNTS: Final = frozenset({"accounts", "customers", "clients", "everyone", "everybody"})
_LISTING: Final = frozenset({"which", "what", "many", "name"})
_BETWEEN_FACTS: Final = frozenset({"and", ",", "&", "+", "plus", ";", ":", "/", "-", "."})
_EMPTY: Final = frozenset("how much was were what again ? ! . please account customer client".split())  # noqa: SIM905
_TAKING_BACK: Final = frozenset({"no", "sorry", "wait", "mean", "meant"})
_FACTS: Final = frozenset(fact.value for fact in Fact)
_NOTHING: Final = (None, 1.0)


def recognise(
    question: str, vocabulary: Vocabulary, *, earlier: Sequence[str] = (), model: Learned | None = None
) -> ToolCall | None:
    """Return the call that answers the question; None where the question has another answer or its meaning is open.

    ``earlier`` are the questions asked before it in the thread, oldest first: "and why?" is about the last of them.
    """
    call, sure = weigh(question, vocabulary, earlier=earlier, model=model or learned())
    return call if sure >= SURE else None


def weigh(question: str, vocabulary: Vocabulary, *, earlier: Sequence[str], model: Learned) -> Weighed:
    """Return the likeliest call and how sure it is."""
    near = earlier[-_DEPTH:]
    before, sure = weigh(near[-1], vocabulary, earlier=near[:-1], model=model) if near else _NOTHING
    before = before if sure >= _HALF else None
    about = [name for name in vocabulary.names if name.feature.name in features_of(before)]

    def part(text: str) -> _Question:
        return _Question(
            reading=read(text, vocabulary, known=model.known, about=about),
            vocabulary=vocabulary,
            model=model,
            before=before,
            kind_before=kind_of(before) if near else "",
            about=about,
        )

    found = [part(question).weigh()]
    clauses = find_clauses(question)
    parts = [part(each) for each in clauses]
    silences = [each.silence() for each in parts]
    for start, stop in combinations(range(len(clauses) + 1), 2):
        aside = math.prod(silences[:start] + silences[stop:])
        if stop - start < len(clauses) and aside >= _HALF:
            asking = part(" ".join(clauses[start:stop]))
            call, sure = asking.weigh()
            numbers = {number for each in parts[:start] + parts[stop:] for number in each.numbers}
            if not (isinstance(call, WhatIf | WhyAllocated | Drivers) and numbers - asking.numbers):
                found.append((call, sure * aside))
    return max(found, key=lambda each: each[1] if each[0] is not None else 0.0)


def kind_of(call: ToolCall | None) -> str:
    """Return what kind of question a call answers, as what is learned names it."""
    match call:
        case None:
            return NONE
        case Drivers():
            return f"{_DRIVERS}{call.direction}"
        case AccountFacts(facts=(), features=(_, *_)):
            return VALUES
        case AccountFacts(facts=(fact,), features=()):
            return fact.value
        case AccountFacts():
            return SEVERAL
        case _:
            return call.tool


def features_of(call: ToolCall | None) -> frozenset[str]:
    """Return the features that a call changes or asks the values of."""
    match call:
        case WhatIf():
            return frozenset(each.feature for each in call.changes)
        case AccountFacts():
            return frozenset(call.features)
        case _:
            return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A question as it was read, and the call that answers the one before it, with the features that one is about."""

    reading: Reading
    vocabulary: Vocabulary
    model: Learned
    before: ToolCall | None
    kind_before: str
    about: Sequence[Name]

    def weigh(self) -> Weighed:
        words, tokens = self.reading.words, self.reading.tokens
        start, stop, sure = find_query(self.reading, self.model.query, self.model.sought, before=self.kind_before)
        # A bare word asks for a search after another one only.
        bare = not any(word.isalnum() for word in (*words[:start], *words[stop:]))
        if start < stop and (self.kind_before == "search_documents" or not bare):
            intent, chance = self._intent([*words[:start], QUERY, *words[stop:]])
            if intent == "search_documents":
                query = self.reading.text[tokens[start].start : tokens[stop - 1].end]
                return SearchDocuments(query=query), sure * chance
        intent, chance = self._intent(words)
        call, sure = self._call(intent) if self._goes_with(intent) else _NOTHING
        return call, sure * chance

    @property
    def numbers(self) -> set[float]:
        """What may be a number of actions or drivers, or an amount of a feature."""
        amounts = (each for each in self.reading.amounts if each.unit is not Unit.OTHER_TIME)
        return {each.value for each in amounts if each.value <= _MOST_COUNT}

    def silence(self) -> float:
        """Return how likely it is that nothing is asked here."""
        signs = signs_of_question(stemmed(self.reading.words), self.model.lexicon, before="")
        odds = self.model.intent.odds(signs)
        return odds[NONE] + odds.get(ASIDE, 0.0)

    def _intent(self, words: Sequence[str]) -> tuple[str, float]:
        signs = signs_of_question(stemmed(words), self.model.lexicon, before=self.kind_before)
        odds = self.model.intent.odds(signs)
        odds[NONE] += odds.pop(ASIDE, 0.0)
        if isinstance(self.before, Drivers):
            odds[self.kind_before] += odds.pop(SAME)
        return max(odds.items(), key=lambda each: each[1])

    def _goes_with(self, intent: str) -> bool:
        """Whether what is named goes with the intent: "which accounts have 9?" is no "what if it was 9?"."""
        reading = self.reading
        if intent == "compare":
            return 0 < len(reading.accounts) <= MOST_ACCOUNTS
        listed = any(one in _LISTING and other in _SEVERAL_ACCOUNTS for one, other in pairwise(reading.words))
        if reading.accounts or listed or (intent not in _OF_OTHERS and _SEVERAL_ACCOUNTS & set(reading.words)):
            return False
        if intent == VALUES and self._says_too_little():
            return False
        # "I dial in in 5 minutes" is beside what is asked of drivers or actions.
        beside = intent.startswith(_DRIVERS) or intent == "why_allocated"
        counts = all(_is_count(each) or (beside and each.unit is Unit.OTHER_TIME) for each in reading.amounts)
        # What moves "the revenue figure" moves the forecast, whatever feature is called so.
        target = intent.startswith(_DRIVERS) and all(each.word == "<either>" for each in reading.tokens if each.name)
        return intent in _OF_FEATURES or ((target or not reading.names) and (counts or intent == Fact.STANDING))

    def _says_too_little(self) -> bool:
        """Whether all that is said is a part of a feature's name, and nothing before it: "and churn?"."""
        words = [each for each in self.reading.tokens if each.is_slot or each.word.isalpha()]
        said = [each for each in words if not (is_filling(each.word) or each.word == "and")]
        if self.kind_before or len(said) != 1:
            return False
        return not said[0].whole or "and" in self.reading.words

    def _call(self, intent: str) -> Weighed:
        found: Weighed = _NOTHING
        match intent:
            case "compare":
                found = Compare(accounts=self.reading.accounts), 1.0
            case "changes":
                found = Changes(), 1.0
            case "why_allocated":
                number, sure = self._number("why", given=self.vocabulary.given)
                found = WhyAllocated(actions=number), sure
            case _ if intent in {WHAT_IF, ON_TOP}:
                found = self._what_if(on_top=intent == ON_TOP)
            case _ if intent.startswith(_DRIVERS) and intent != SAME:
                found = self._drivers(Direction(intent.removeprefix(_DRIVERS)))
            case "age" if self.vocabulary.age is not None:
                found = AccountFacts(facts=(), features=(self.vocabulary.age.feature.name,)), 1.0
            case _ if intent in {VALUES, SEVERAL, *_FACTS}:
                found = self._facts(intent)
            case _:
                pass
        return found

    def _number(self, about: str, *, given: int) -> tuple[int | None, float]:
        return read_count(
            self.reading.tokens,
            self.model.count,
            self.model.lexicon,
            given=given,
            most=self.vocabulary.most,
            about=about,
            before=self.kind_before,
        )

    def _what_if(self, *, on_top: bool) -> Weighed:
        earlier = self.before.changes if isinstance(self.before, WhatIf) else ()
        reading, implied = with_categories(self.reading, self.vocabulary, known=self.model.known, about=self.about)
        named = reading.names or self.about
        if len(named) > 1 and len(find_values(reading.tokens, earlier)) < len(named):
            either = {token.name for token in reading.tokens if token.word == "<either>"}  # or the target
            named = [name for name in named if name not in either] or named
        changes, sure = read_changes(
            reading.tokens, self.model.change, self.model.lexicon, about=[*named, *implied], earlier=earlier
        )
        kept = earlier if on_top else ()
        changed = tuple({each.feature: each for each in (*kept, *changes)}.values())
        return (WhatIf(changes=changed), sure) if changes and changed != kept else _NOTHING

    def _drivers(self, direction: Direction) -> Weighed:
        limit, sure = self._number("drivers", given=-1)
        if limit is None:
            single = self.model.single.odds(signs_of_single(self.reading.words, self.model.lexicon))[SINGLE]
            limit, sure = (1, sure * single) if single > _HALF else (None, sure * (1 - single))
        fits = limit is None or 1 <= limit <= MOST_DRIVERS
        return (Drivers(direction=direction, limit=limit), sure) if fits else _NOTHING

    def _facts(self, intent: str) -> Weighed:
        """Return the facts and values asked for; of several, as in "owner and region please", those of every part."""
        parts = _parts(self.reading.tokens)
        in_parts = [self._intent([token.word for token in part]) for part in parts]
        several = intent in {VALUES, SEVERAL} or any(
            each != intent and each in _FACTS and sure >= SURE for each, sure in in_parts
        )
        if not several:
            return (AccountFacts(facts=(Fact(intent),), features=()), 1.0) if not self.reading.names else _NOTHING
        naming = [part for part in parts if any(token.name is not None for token in part)]
        facts: list[Fact] = []
        features: list[str] = []
        sure = 1.0
        for part, (asked, chance) in zip(parts, in_parts, strict=True):
            named = [token.name.feature.name for token in part if token.name is not None]
            features += named
            if named or (intent == VALUES and asked not in _FACTS):
                continue
            if asked not in {NONE, *_FACTS}:
                return _NOTHING
            facts += [Fact(asked)] if asked in _FACTS else []
            sure *= chance
        if intent == VALUES and not features and len(self.about) == 1:
            features = [self.about[0].feature.name]
        valued = any(token.amount and token.amount.unit is not Unit.OTHER_TIME for part in naming for token in part)
        told = len({*facts, *features})
        # Of "the CSM score, no, I meant the cloud maturity" one is asked for.
        taken_back = told > 1 and not _TAKING_BACK.isdisjoint(self.reading.words)
        if told < (2 if intent == SEVERAL else 1) or valued or taken_back:
            return _NOTHING
        return AccountFacts(facts=tuple(dict.fromkeys(facts)), features=tuple(dict.fromkeys(features))), sure


def _is_count(amount: Amount) -> bool:
    """Whether an amount may be a number of something, or money that is the prediction: no "in 2022", no "20 %"."""
    number = amount.value <= _MOST_COUNT or (amount.value >= _LARGE and amount.value not in _YEARS)
    return amount.unit in {Unit.ORDINAL, Unit.MONEY} or (amount.unit is Unit.NONE and number)


def _parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return what a question that joins several things says of each."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        as_well = token.word == "well" and parts[-1] and parts[-1][-1].word == "as"
        if token.word in _BETWEEN_FACTS or as_well:
            parts.append([])
        else:
            parts[-1].append(token)
    return [
        part
        for part in parts
        if any(token.is_slot or not (is_filling(token.word) or token.word in _EMPTY) for token in part)
    ]
