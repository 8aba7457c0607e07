"""A question to the tool call that answers it, where it is clear that there is exactly one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.questions.changes import find_values, read_changes
from bot.questions.learned import learned
from bot.questions.numbers import find_counts, read_count
from bot.questions.phrases import (
    OPPOSITES,
    adds,
    find_accounts_left_out,
    find_kept,
    find_several_accounts,
    find_side_left_out,
    halves_of,
    leans,
    parts_of,
    takes_back,
)
from bot.questions.reading import find_clauses, read, with_categories
from bot.questions.references import find_query
from bot.questions.signs import signs_of_question, signs_of_single, stemmed
from bot.questions.tokens import Unit
from bot.questions.words import is_filling, stem
from bot.tools.calls import (
    MOST_ACCOUNTS,
    MOST_DRIVERS,
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
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.questions.learned import Learned
    from bot.questions.reading import Reading
    from bot.questions.tokens import Amount
    from bot.questions.vocabulary import Name, Vocabulary
    from bot.tools.calls import FeatureChange, ToolCall

    Weighed: TypeAlias = tuple[ToolCall | None, float]

MAX_CHARACTERS: Final = 240
SURE: Final = 0.97
"""How sure a call must be; chosen by leaving authors out of what is learned, and by those of whom nothing is."""
NONE: Final = "none"
ASIDE: Final = "aside"  # what is said beside a question
SEVERAL: Final = "several"
VALUES: Final = "values"
AGE: Final = "age"  # the value of how long this has been an account, where that is not named
WHAT_IF: Final = "what_if"
ON_TOP: Final = "what_if_on_top"
WITHOUT: Final = "what_if_without"  # what is named of the changes before
ONLY: Final = "what_if_only"
BESIDE: Final = "compare_on_top"
ALL_BUT: Final = "compare_without"
SAME: Final = "drivers-same"  # as in the question before
SINGLE: Final = "single"
QUERY: Final = "<query>"
_DRIVERS: Final = "drivers-"
_DEPTH: Final = 3  # how many questions back a follow-up may reach
_HALF: Final = 0.5
_LEAST: Final = 0.01
_MOST_COUNT: Final = 99
_LARGE: Final = 1_000
_TINY: Final = 1e-4
_YEARS: Final = range(1900, 2100)
_OF_FEATURES: Final = frozenset({WHAT_IF, ON_TOP, WITHOUT, ONLY, VALUES, AGE, SEVERAL, "changes"})
_OF_OTHERS: Final = frozenset({"why_allocated", "standing", "compare", "baseline", "model", "changes", "confidence"})
_LISTING: Final = frozenset({"which", "what", "many", "name"})
_RANKS: Final = frozenset(map(stem, ("rank", "place", "position", "list")))
_ASKING: Final = frozenset({"how", "what", "who", "where", "which", "when", "whose"})
_GOING_ON: Final = (("if", "so"), ("out", "of"))
_ONE_SIDE: Final = frozenset({"positive", "negative"})
# What asks of more than the drivers in the answer before.
_OF_ALL: Final = frozenset(
    """
    all both either every everything whichever whatever overall total regardless driver drivers feature features factor
    factors signal signals reason reasons variable variables input inputs contributor contributors shap
    """.split()
)
_SPACE: Final = re.compile(r"\s+")
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
    """Return the likeliest call and how sure it is; what is too long to be read whole is not read at all."""
    question = _SPACE.sub(lambda found: "\n" if "\n" in found[0] else " ", question.strip())
    if len(question) > MAX_CHARACTERS:
        return _NOTHING
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

    whole, whole_sure = part(question).weigh()
    found = [(whole, whole_sure)]
    clauses = find_clauses(question)
    parts = [part(each) for each in clauses]
    silences = [each.silence() for each in parts]
    for start, stop in combinations(range(len(clauses) + 1), 2):
        aside = math.prod(silences[:start] + silences[stop:])
        if stop - start < len(clauses) and aside >= _HALF:
            asking = part(" ".join(clauses[start:stop]))
            call, sure = asking.weigh()
            numbers = {number for each in parts[:start] + parts[stop:] for number in each.numbers}
            if whole is not None and call != whole:
                aside *= 1 - whole_sure
            taken_back = any(each.takes_back() for each in parts[:start] + parts[stop:])
            # "They count 20 of them. The drivers?" asks for no 20 drivers.
            most = _most_of(call, vocabulary)
            if not (most and (taken_back or any(each <= most for each in numbers - asking.numbers))):
                found.append((call, sure * aside))
    return max(found, key=lambda each: each[1] if each[0] is not None else 0.0)


def _most_of(call: ToolCall | None, vocabulary: Vocabulary) -> int:
    """Return up to which number a number that is said beside a call may belong to it; 0 for one without numbers."""
    match call:
        case Drivers():
            return MOST_DRIVERS
        case WhyAllocated():
            return vocabulary.most
        case WhatIf():
            return _MOST_COUNT
        case _:
            return 0


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
        chances: dict[ToolCall | None, float] = {}
        for intent, chance in self._intents(words).items():
            if chance >= _LEAST:
                call, sure = self._call(intent) if self._goes_with(intent) else _NOTHING
                chances[call] = chances.get(call, 0.0) + chance * sure  # different intents may come to the same
        return max(chances.items(), key=lambda each: each[1])

    @property
    def numbers(self) -> set[float]:
        """What may be a number of actions or drivers, or an amount of a feature."""
        amounts = (each for each in self.reading.amounts if each.unit is not Unit.OTHER_TIME)
        return {each.value for each in amounts if each.value <= _MOST_COUNT}

    def takes_back(self) -> bool:
        """Whether this puts right what was said before it: "no, cut it by 15 percent"."""
        tokens = self.reading.tokens
        return bool(tokens) and takes_back(tokens, 0) and any(token.is_slot for token in tokens)

    def silence(self) -> float:
        """Return how likely it is that nothing is asked here."""
        signs = signs_of_question(stemmed(self.reading.words), self.model.lexicon, before="")
        odds = self.model.intent.odds(signs)
        return odds[NONE] + odds.get(ASIDE, 0.0)

    def _intent(self, words: Sequence[str]) -> tuple[str, float]:
        return max(self._intents(words).items(), key=lambda each: each[1])

    def _intents(self, words: Sequence[str]) -> dict[str, float]:
        signs = signs_of_question(stemmed(words), self.model.lexicon, before=self.kind_before)
        odds = self.model.intent.odds(signs)
        aside = odds.pop(ASIDE, 0.0)
        if aside > max(odds.values()):
            odds[NONE] += aside
        else:  # what rather asks something is beside nothing: "what changed?"
            odds = {name: each / (1 - aside) for name, each in odds.items()}
        if isinstance(self.before, Drivers):
            odds[self.kind_before] += odds.pop(SAME)
        return odds

    def _fact_in(self, words: Sequence[str]) -> tuple[str, float]:
        """Return which fact a part of a question names, if any, and how sure that is where it names nothing else."""
        odds = self.model.intent.odds(signs_of_question(stemmed(words), self.model.lexicon, before=""))
        odds[NONE] += odds.get(ASIDE, 0.0)
        facts = {name: each for name, each in odds.items() if name in {NONE, *_FACTS}}
        best = max(facts, key=facts.__getitem__)
        return best, facts[best] / sum(facts.values())

    def _goes_with(self, intent: str) -> bool:
        """Whether what is named goes with the intent: "which accounts have 9?" is no "what if it was 9?"."""
        reading = self.reading
        if intent in {"compare", BESIDE, ALL_BUT}:
            return 0 < len(reading.accounts) <= MOST_ACCOUNTS
        words = reading.words
        several = find_several_accounts(words)
        listed = any(not _LISTING.isdisjoint(words[at - 1 : at]) for at in several)
        if reading.accounts or listed or (intent not in _OF_OTHERS and several):
            return False
        if intent == VALUES and self._says_too_little():
            return False
        # What is asked of drivers or actions may say a time or a feature: "I dial in in 5 minutes", "despite churn".
        says_more = intent.startswith(_DRIVERS) or intent == "why_allocated"
        times = {Unit.OTHER_TIME, Unit.MONTHS} if says_more else set()
        counts = intent == Fact.STANDING or all(_is_count(each) or each.unit in times for each in reading.amounts)
        names = set(reading.names) - ({self.vocabulary.age} if intent == Fact.DATA else set())  # "from today or older?"
        return intent in _OF_FEATURES or (counts and (says_more or not names))

    def _says_too_little(self) -> bool:
        """Whether all that is said is a part of a feature's name, and nothing before it: "and churn?"."""
        words = [each for each in self.reading.tokens if each.is_slot or each.word.isalpha()]
        said = [each for each in words if not (is_filling(each.word) or each.word == "and")]
        if self.kind_before or len(said) != 1:
            return False
        return not said[0].whole or "and" in self.reading.words

    def _is_unsettled(self, intent: str) -> bool:
        """Whether it cannot be told what is taken back: "by 5, no, let's be honest, by 15"."""
        tokens = self.reading.tokens
        ways = {way for token in tokens for way in self.model.lexicon.sets(stem(token.word))}
        if intent.startswith("compare"):
            left_out = find_accounts_left_out(self.reading.tokens)
            places = [at for at, token in enumerate(tokens) if token.account and token.account not in left_out]
        elif intent in {WHAT_IF, ON_TOP, "why_allocated"}:
            places = [at for at, token in enumerate(tokens) if token.amount is not None or token.category]
        elif intent.startswith(_DRIVERS) and ways >= OPPOSITES:
            sets = [self.model.lexicon.sets(stem(token.word)) for token in tokens]
            places = [at for at, told in enumerate(sets) if not OPPOSITES.isdisjoint(told)]
        else:
            return False
        marks = [
            at
            for at, token in enumerate(tokens)
            if takes_back(tokens, at) and not any(each.name for each in tokens[at + 1 : at + 2])
        ]
        return any(one < at for at in marks for one, _ in pairwise(places))

    def _call(self, intent: str) -> Weighed:
        found: Weighed = _NOTHING
        match intent:
            case _ if self._is_unsettled(intent):
                pass
            case _ if intent in {"compare", BESIDE, ALL_BUT}:
                found = self._compare(intent)
            case "changes":
                found = Changes(), 1.0
            case "why_allocated":
                found = self._why()
            case _ if intent in {WHAT_IF, ON_TOP}:
                found = self._what_if(on_top=intent == ON_TOP)
            case _ if intent in {WITHOUT, ONLY}:
                found = self._part(only=intent == ONLY)
            case _ if intent.startswith(_DRIVERS) and intent != SAME:
                found = self._drivers(Direction(intent.removeprefix(_DRIVERS)))
            case "age" if self.vocabulary.age is not None:
                found = AccountFacts(facts=(), features=(self.vocabulary.age.feature.name,)), 1.0
            case _ if intent in {VALUES, SEVERAL, *_FACTS}:
                found = self._facts(intent)
            case _:
                pass
        return found

    def _why(self) -> Weighed:
        given, most = self.vocabulary.given, self.vocabulary.most
        number, sure = self._number("why", given=given)
        words = self.reading.words
        if number is None and not {"not", "no"}.isdisjoint(words) and _RANKS.isdisjoint(map(stem, words)):
            counts = find_counts(self.reading.tokens, given=given, most=most)
            others = {each.number for each in counts if each.kind not in {"no", "any"} and each.number <= most} - {
                given
            }
            if others:  # "five is the maximum, no? why?" is rather about five
                return (WhyAllocated(actions=others.pop()), _HALF) if len(others) == 1 else _NOTHING
        return WhyAllocated(actions=number), sure

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

    def _compare(self, intent: str) -> Weighed:
        left_out = find_accounts_left_out(self.reading.tokens)
        named = (
            self.reading.accounts
            if intent == ALL_BUT
            else tuple(each for each in self.reading.accounts if each not in left_out)
        )
        before = self.before.accounts if isinstance(self.before, Compare) else ()
        if intent == BESIDE or (before and adds(self.reading.words)):
            accounts = tuple(dict.fromkeys((*before, *named)))
        elif intent == ALL_BUT:
            accounts = tuple(each for each in before if each not in named)
        else:
            accounts = named
        return (Compare(accounts=accounts), 1.0) if 0 < len(accounts) <= MOST_ACCOUNTS else _NOTHING

    def _part(self, *, only: bool) -> Weighed:
        """Return what is left of the changes before: without what is named, or only that."""
        before = self.before.changes if isinstance(self.before, WhatIf) else ()
        named = {name.feature.name for name in self.reading.names}
        categories = {token.category for token in self.reading.tokens if token.category}
        kept = tuple(each for each in before if (each.feature in named or each.amount in categories) == only)
        return (WhatIf(changes=kept), 1.0) if 0 < len(kept) < len(before) else _NOTHING

    def _what_if(self, *, on_top: bool) -> Weighed:
        earlier = self.before.changes if isinstance(self.before, WhatIf) else ()
        # Of two changes the one that is named again is another one now, and the other stays.
        again = len(earlier) > 1 and set(self.reading.names) <= set(self.about)
        on_top = on_top or again or adds(self.reading.words)
        if self.kind_before == NONE and (on_top or leans(self.reading.words)):
            return _NOTHING  # it comes to something that was not understood
        if earlier and self._asks_for_actions():
            return self.before, 1.0
        reading, implied = with_categories(self.reading, self.vocabulary, known=self.model.known, about=self.about)
        named = [*(reading.names or self.about), *implied]
        if on_top:
            named = self._changed(reading, named)
        values = find_values(reading.tokens, earlier)
        if len(named) > 1 and len(values) < len(named):
            either = {token.name for token in reading.tokens if token.word == "<either>"}  # or the target
            named = [name for name in named if name not in either] or named
            if all(each.amount is None for each in values):  # "their budget opens in Q3" changes no open rate
                named = [name for name in named if self._categories(name)] or named
            named = [name for name in named if name not in find_kept(reading.tokens)] or named
        changes, sure = read_changes(
            reading.tokens, self.model.change, self.model.lexicon, about=self._in_turn(reading, named), earlier=earlier
        )
        kept = earlier if on_top else ()
        changed = tuple({each.feature: each for each in (*kept, *changes)}.values())
        lost = any(_is_lost(change, name) for change in changes for name in named) or self._leaves_out_age(changed)
        return (WhatIf(changes=changed), sure) if changes and changed != kept and not lost else _NOTHING

    def _leaves_out_age(self, changes: Sequence[FeatureChange]) -> bool:
        """Whether it is said how long this was an account, which does not change: "60 months on the books and"."""
        age = self.vocabulary.age
        told = any(each.unit is Unit.MONTHS for each in self.reading.amounts)
        return told and age is not None and all(each.feature != age.feature.name for each in changes)

    def _asks_for_actions(self) -> bool:
        """Whether this asks what a change means for the actions: "would that buy us a third action?"."""
        tokens = self.reading.tokens
        counted = all(
            each.amount.unit in {Unit.NONE, Unit.ORDINAL}
            and "action" in (other.word for other in tokens[at + 1 : at + 3])
            for at, each in enumerate(tokens)
            if each.amount is not None
        )
        told = any(each.name or each.category or each.account for each in tokens)
        return counted and not told and "action" in self.reading.words

    def _changed(self, reading: Reading, named: Sequence[Name]) -> list[Name]:
        """Return which of the features change, where the others stay: "keep the churn but take Q4"."""
        told = {token.category for token in reading.tokens if token.category}
        of_told = [name for name in self.about if told & self._categories(name) and name not in named]
        valued = reading.names and any(each.amount is not None for each in find_values(reading.tokens))
        numbers = [name for name in named if name.feature.kind is not FeatureKind.CATEGORY and (valued or not told)]
        return [*numbers, *(name for name in named if told & self._categories(name)), *of_told]

    def _in_turn(self, reading: Reading, named: Sequence[Name]) -> list[Name]:
        """Return the features, those that are categories in the order in which these are told."""
        told = [token.category for token in reading.tokens if token.category]
        first = {
            name: next((at for at, each in enumerate(told) if each in self._categories(name)), len(told))
            for name in named
        }
        categories = iter(sorted((name for name in named if self._categories(name)), key=first.__getitem__))
        return [next(categories) if self._categories(name) else name for name in named]

    def _categories(self, name: Name) -> frozenset[str]:
        return self.vocabulary.categories(name.feature) if name.feature.kind is FeatureKind.CATEGORY else frozenset()

    def _drivers(self, direction: Direction) -> Weighed:
        said = set(self.reading.words)
        if (left_out := find_side_left_out(self.reading.words, self.model.lexicon)) is not Direction.ALL:
            direction = Direction.RAISING if left_out is Direction.LOWERING else Direction.LOWERING
        if direction is Direction.ALL and isinstance(self.before, Drivers) and not said & _OF_ALL:
            direction = self.before.direction  # "only the first two" are two of these
        if direction is Direction.ALL and len({word.removesuffix("s") for word in said} & _ONE_SIDE) == 1:
            return _NOTHING
        limit, sure = self._number("drivers", given=-1)
        if limit is None and isinstance(self.before, Drivers) and "same" in self.reading.words:
            limit = self.before.limit
        elif limit is None:
            single = self.model.single.odds(signs_of_single(self.reading.words, self.model.lexicon))[SINGLE]
            limit, sure = (1, sure * single) if single > _HALF else (None, sure * (1 - single))
        if limit is None and isinstance(self.before, Drivers) and "only" in said:
            limit = self.before.limit  # "only those that raise it" of the three before
        fits = limit is None or 1 <= limit <= MOST_DRIVERS
        return (Drivers(direction=direction, limit=limit), sure) if fits else _NOTHING

    def _facts(self, intent: str) -> Weighed:
        """Return the facts and values asked for; of several, as in "owner and region please", those of every part."""
        parts = parts_of(self.reading.tokens)
        look = self._fact_in if intent == SEVERAL else self._intent
        in_parts = [look([token.word for token in part]) for part in parts]
        several = intent in {VALUES, SEVERAL} or any(
            each != intent and each in _FACTS and sure >= SURE for each, sure in in_parts
        )
        if self._leaves_half_unread(look):
            return _NOTHING
        if not several and (not self.reading.names or intent == Fact.DATA):
            return AccountFacts(facts=(Fact(intent),), features=()), 1.0
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
        told = len({*facts, *features})
        # Of "the CSM score, no, I meant the cloud maturity" one is asked for.
        tokens = self.reading.tokens
        taken_back = told > 1 and any(each.word == "not" or takes_back(tokens, at) for at, each in enumerate(tokens))
        if told < (2 if intent == SEVERAL else 1) or taken_back:
            return _NOTHING
        return AccountFacts(facts=tuple(dict.fromkeys(facts)), features=tuple(dict.fromkeys(features))), sure

    def _leaves_half_unread(self, look: Callable[[Sequence[str]], tuple[str, float]]) -> bool:
        """Whether one of several questions joined by "and" names no fact: "how old is it and who made it?"."""
        halves = halves_of(self.reading.tokens)
        return len(halves) > 1 and any(
            not _ASKING.isdisjoint(token.word for token in half)
            and any(token.word.isalpha() and not (is_filling(token.word) or token.word in _ASKING) for token in half)
            and not any(token.name for token in half)
            and tuple(token.word for token in half[:2]) not in _GOING_ON
            and all(look([token.word for token in part])[0] not in _FACTS for part in parts_of(half))
            for half in halves
        )


def _is_lost(change: FeatureChange, name: Name) -> bool:
    """Whether an amount of money is so far below what there is that its unit was lost: "a revenue of 10"."""
    now, amount = name.driver.value, change.amount
    money = change.feature == name.feature.name and name.feature.unit == "$" and change.how is not How.SCALE
    if not money or isinstance(now, str | None) or isinstance(amount, str | None):
        return False
    return 0 < abs(amount) < abs(now) * _TINY


def _is_count(amount: Amount) -> bool:
    """Whether an amount may be a number of something, or money that is the prediction: no "in 2022", no "20 %"."""
    number = amount.value <= _MOST_COUNT or (amount.value >= _LARGE and amount.value not in _YEARS)
    return amount.unit in {Unit.ORDINAL, Unit.MONEY} or (amount.unit is Unit.NONE and number)
