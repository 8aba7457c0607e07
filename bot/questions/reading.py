"""A question token by token: words, and slots where it names features, amounts, categories or accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.check.english import is_common
from bot.questions.tokens import LEAST_PREDICTED, Unit, find_tokens
from bot.questions.vocabulary import Found, find_category, find_name, find_since, said_for
from bot.questions.words import TAKING_BACK, corrected, is_filling, stem
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.questions.tokens import Amount, Token
    from bot.questions.vocabulary import Name, Vocabulary

_MOST_CLAUSES: Final = 6
# Of a sentence, or of a clause before another with a subject of its own.
_END: Final = re.compile(
    r"""(?<=[.?!:;\u2026)])\s+ | (?<=,)\s+(?=(?:i|we|they|he|she|it|my|our|their|his|her|there)\b)
    | \s+[-\u2013\u2014]\s+ | \s*[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f]+\s* | \s*\n\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_QUOTES: Final = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "`": "'",
        "\u00b4": "'",
        "\u00b1": " plus minus ",
        "\u00f7": " divided by ",
        "\u00a0": " ",
        "_": " ",
    }
)
_NEAR: Final = 0.02  # of the prediction, for an amount that stands for it
_OF_ANY_ACCOUNT: Final = frozenset(
    "account customer client company prospect accounts customers clients companies prospects".split()
)
_TAKING_BACK: Final = TAKING_BACK | {"no"}
_LATE: Final = frozenset({"sorry", "mean", "meant"})  # stands behind what is put right, too
_PAUSES: Final = frozenset({".", "-", "\u2013", "\u2014", "\u2026"})
_MOST_BESIDE: Final = 2  # words that are neither
_IN_PASSING: Final = frozenset("i that it is hold hang on make or say well a an at in , ; . ! ? -".split())
_PREDICTED: Final = frozenset({"predicted", "projected", "forecast", "forecasted", "expected", "estimated"})
_LARGE: Final = 1_000
_LONGEST_NAME: Final = 5
_LOOK_UPS: Final = 6  # of names of accounts, for one question


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A question and its tokens."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words, slots among them."""
        return tuple(token.word for token in self.tokens)

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """The amounts, in their order."""
        return tuple(token.amount for token in self.tokens if token.amount is not None)

    @property
    def names(self) -> tuple[Name, ...]:
        """The features, each once."""
        return tuple(dict.fromkeys(token.name for token in self.tokens if token.name is not None))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The other accounts as they are written in lower case, each once."""
        return tuple(dict.fromkeys(token.account for token in self.tokens if token.account))


def read(question: str, vocabulary: Vocabulary, *, known: frozenset[str], about: Sequence[Name] = ()) -> Reading:
    """Return what the question says.

    ``known`` are the words that a misspelt one may stand for, ``about`` the features that were spoken of before.
    """
    text = " ".join(question.translate(_QUOTES).split())
    tokens = list(_slotted(find_tokens(text), vocabulary, known))
    tokens = list(_with_target(_with_hinted(tokens, vocabulary)))
    named = [*about, *(token.name for token in tokens if token.name is not None)]
    categories = frozenset(
        category
        for name in named
        if name.feature.kind is FeatureKind.CATEGORY
        for category in vocabulary.categories(name.feature)
    )
    tokens = list(_categorised(tokens, categories)) if categories else tokens
    tokens = list(_without_slips(list(_with_accounts(tokens, text, vocabulary, known))))
    tokens = list(_labelled(list(_without_leftovers(tokens)), text))
    of_shares = any(name.feature.unit == "%" for name in named)
    return Reading(text=text, tokens=tuple(_with_shares(tokens) if of_shares else tokens))


def with_categories(
    reading: Reading, vocabulary: Vocabulary, *, known: frozenset[str], about: Sequence[Name]
) -> tuple[Reading, list[Name]]:
    """Read categories that are said without their features, too, as in "try TechOps", and return these features."""
    words = {*reading.words, *(f"{one}{other}" for one, other in pairwise(reading.words))}
    implied = [
        name
        for name in vocabulary.names
        if name.feature.kind is FeatureKind.CATEGORY
        and name not in {*reading.names, *about}
        and any(category.casefold() in words for category in vocabulary.categories(name.feature) - {"None"})
    ]
    return (read(reading.text, vocabulary, known=known, about=[*about, *implied]) if implied else reading), implied


def find_clauses(question: str) -> list[str]:
    """Return what stands between marks, with its marks, where that is several things but not many."""
    found = [each for each in _END.split(question) if re.search(r"\w", each)]
    return found if 1 < len(found) <= _MOST_CLAUSES else []


def _slotted(tokens: Sequence[Token], vocabulary: Vocabulary, known: frozenset[str]) -> Iterator[Token]:
    """Put slots for features and categories, and the usual words for what the business calls its things."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.amount is not None:
            predicted = _may_be_predicted(token.amount, vocabulary.predicted)
            yield replace(token, word="<money>") if predicted else token
            place += 1
            continue
        name, length = _measured(tokens, place, vocabulary)
        if name is not None:
            yield replace(token, word="<feature>", name=name, end=tokens[place + length - 1].end)
            place += length
            continue
        if (length := _age_of_data([each.word for each in tokens[place : place + 4]])) > 0:
            yield from tokens[place : place + length]
            place += length
            continue
        found, length = _slot(tokens[place : place + 12], vocabulary, known)
        yield replace(found, start=token.start, end=tokens[place + length - 1].end)
        place += length


def _measured(tokens: Sequence[Token], place: int, vocabulary: Vocabulary) -> tuple[Name | None, int]:
    """Return the feature of which an amount is told, and how many words say so: "30 months old", "$6M a year"."""
    before = tokens[place - 1].amount if place else None
    words = [each.word for each in tokens]
    if words[place] == "old" and before is not None and before.unit is Unit.MONTHS:
        return vocabulary.age, 1
    if words[place : place + 2] == ["with", "us"]:
        told = any(find_since(vocabulary, words[at:])[1] for at in range(len(words)))
        months = any(each.amount is not None and each.amount.unit is Unit.MONTHS for each in tokens)
        return (vocabulary.age, 2) if months and not told else (None, 0)
    if words[place : place + 2] == ["a", "year"] and before is not None and before.value >= _LARGE:
        name = vocabulary.yearly
        return (None, 0) if name is None or not name.label.isdisjoint(map(stem, words)) else (name, 2)
    return None, 0


def _age_of_data(words: Sequence[str]) -> int:
    """Return how many words from the first on are about the data: their age is none of the account's."""
    if words[0] == "data":
        return 2 if words[1:2] == ["age"] else 1
    of = [word for word in words[1:] if word not in {"the", "this", "our"}]
    return len(words) if words[0] == "age" and of[:2] in (["of", "data"], ["of", "snapshot"], ["of", "numbers"]) else 0


def _may_be_predicted(amount: Amount, predicted: float) -> bool:
    """Whether an amount is money, or a number that is too large for anything else or the prediction: "that 91"."""
    near = amount.value >= LEAST_PREDICTED and any(
        abs(amount.value * scale - predicted) <= _NEAR * abs(predicted) for scale in (1.0, 1e3, 1e6)
    )
    return amount.unit is Unit.MONEY or (amount.unit is Unit.NONE and (near or amount.value >= _LARGE))


def _slot(  # noqa: PLR0911 - one return per kind of slot
    tokens: Sequence[Token], vocabulary: Vocabulary, known: frozenset[str]
) -> tuple[Token, int]:
    token = tokens[0]
    words = []
    for each in tokens:
        if each.amount is not None:
            break
        words.append(each.word)
    if words[0] == vocabulary.own_id:
        return replace(token, word="account"), 1
    if re.fullmatch(r"[a-z]{2,}-\d[\w-]*", words[0]):
        return replace(token, word="<other>", account=words[0]), 1
    usual, phrase = vocabulary.usual(words)
    if (since := find_since(vocabulary, words))[0] is not None:
        return replace(token, word="<feature>", name=since[0]), since[1]
    found = Found() if words[0] in _OF_ANY_ACCOUNT and words[1:2] != ["age"] else find_name(vocabulary, words)
    longer = found.length > phrase or (found.whole and found.length >= phrase)
    if found.name is not None and longer:
        word = "<either>" if found.or_target else "<feature>"
        return replace(token, word=word, name=found.name, whole=found.whole), found.length
    if phrase:
        return replace(token, word=usual), phrase
    if token.word.isalpha() and not is_filling(token.word) and not is_common(token.word):
        better = corrected(token.word, known | vocabulary.words)
        if better != token.word:
            return _slot([replace(token, word=better), *tokens[1:]], vocabulary, known)
    return token, 1


def _with_hinted(tokens: Sequence[Token], vocabulary: Vocabulary) -> list[Token]:
    """Put slots where a part of a category's name stands with one of its values: "budget" and "Q4"."""
    hints = {
        part: name
        for name in vocabulary.names
        if name.feature.kind is FeatureKind.CATEGORY and any(each.name is None for each in tokens)
        for part in name.telling
    }
    said = [token.word for token in tokens]
    stems = set(map(stem, said))
    found = []
    for token in tokens:
        name = hints.get(stem(token.word)) if not token.is_slot else None
        values = vocabulary.categories(name.feature) if name is not None else frozenset()
        told = any(find_category(values, said[place:])[0] for place in range(len(said)))
        told = told or (name is not None and name.label <= stems)
        found.append(replace(token, word="<feature>", name=name) if told else token)
    return found


def _with_target(tokens: Sequence[Token]) -> Iterator[Token]:
    """Tell "the revenue predicted", which is the forecast, from a feature that is called so, too."""
    said = ["", *(token.word for token in tokens), "", ""]
    for place, token in enumerate(tokens):
        near = {said[place], said[place + 2]} | ({said[place + 3]} if said[place + 2] in {"is", "was"} else set())
        predicted = token.word == "<either>" and near & _PREDICTED
        yield replace(token, word="forecast", name=None) if predicted else token


def _categorised(tokens: Sequence[Token], categories: frozenset[str]) -> Iterator[Token]:
    place = 0
    while place < len(tokens):
        words = [each.word for each in tokens[place:]]
        category, length = find_category(categories, words)
        if category and tokens[place].name is None:
            yield replace(tokens[place], word="<category>", category=category, end=tokens[place + length - 1].end)
        else:
            yield tokens[place]
        place += max(length, 1)


def _with_accounts(
    tokens: Sequence[Token], text: str, vocabulary: Vocabulary, known: frozenset[str]
) -> Iterator[Token]:
    """Put slots where other accounts are named: runs of words that nothing else explains, or of this one's name."""
    place, look_ups = 0, 0
    while place < len(tokens):
        length = _run_of_name(tokens, place, text, vocabulary, known)
        numbered = _run_to_number(tokens, place)
        if numbered > length and look_ups < _LOOK_UPS:
            look_ups += 1
            length = numbered if vocabulary.is_account(_as_written(tokens[place : place + numbered], text)) else length
        run = tokens[place : place + length]
        name = _as_written(run, text)
        if length and all(stem(token.word) in vocabulary.own for token in run):
            yield replace(run[0], word="account", end=run[-1].end)
        elif length and name == vocabulary.own_name:
            yield replace(run[0], word="account", end=run[-1].end, amount=None)
        elif length and look_ups < _LOOK_UPS and vocabulary.is_account(name):
            yield replace(run[0], word="<other>", account=name, end=run[-1].end, amount=None)
            look_ups += 1
        else:
            look_ups += bool(length)
            yield from run or tokens[place : place + 1]
        place += max(length, 1)


def _without_slips(tokens: Sequence[Token]) -> Iterator[Token]:
    """Leave out what is taken back at once: "20 %, no sorry, 22" is 22."""
    place = 0
    while place < len(tokens):
        after = place + 1
        beside = 0
        while after < len(tokens) and not _kind(tokens[after]):
            beside += not (tokens[after].name or tokens[after].word in _TAKING_BACK | _IN_PASSING)
            after += 1
        said = {token.word for token in tokens[place + 1 : after]}
        taken_back = said & _TAKING_BACK and "than" not in said and beside <= _MOST_BESIDE
        # Or with a pause, as in "churn at 20 ... 22 I mean".
        late = {token.word for token in tokens[after + 1 : after + 4]} & _LATE
        taken_back = taken_back or (late and said & _PAUSES and not beside)
        if after < len(tokens) and taken_back and _kind(tokens[place]) == _kind(tokens[after]) != "":
            yield from (each for each in tokens[place + 1 : after] if each.name)
            place = after
        else:
            yield tokens[place]
            place += 1


def _kind(token: Token) -> str:
    return "account" if token.account else "category" if token.category else "amount" if token.amount else ""


def _without_leftovers(tokens: Sequence[Token]) -> Iterator[Token]:
    """Leave out what only repeats a part of a feature's name, as in "they requested two demo requests"."""
    last = {token.name: place for place, token in enumerate(tokens) if token.name is not None}
    parts = {part for name in last for part in name.label}
    for place, token in enumerate(tokens):
        repeated = token.name is not None and not token.whole and last[token.name] != place
        if not repeated and (token.is_slot or token.word in _OF_ANY_ACCOUNT or stem(said_for(token.word)) not in parts):
            yield token


def _labelled(tokens: Sequence[Token], text: str) -> Sequence[Token]:
    """Tell "churn risk?", which is all of a label, from "churn?"."""
    said = [token for token in tokens if token.is_slot or token.word.isalpha()]
    if len(said) != 1 or said[0].name is None:
        return tokens
    words = text[said[0].start : said[0].end].split()
    if not said[0].whole or len(words) < len(said[0].name.label):
        return tokens
    return [replace(token, word="<label>") if token is said[0] else token for token in tokens]


def _with_shares(tokens: Iterable[Token]) -> Iterator[Token]:
    """Tell "drops by 10 %", which has two meanings of what is in percent, from "drops by 10 points"."""
    for token in tokens:
        percent = token.amount is not None and token.amount.unit is Unit.PERCENT
        yield replace(token, word="<share>") if percent else token


def _as_written(tokens: Sequence[Token], text: str) -> str:
    """Return what these tokens were before any was taken for a misspelt word."""
    return " ".join(text[each.start : each.end] for each in tokens).casefold()


def _run_to_number(tokens: Sequence[Token], place: int) -> int:
    """Return how many tokens from here on are words of no account's frame and a number, as in "harbor foods 12"."""
    for length, token in enumerate(tokens[place : place + _LONGEST_NAME], 1):
        if token.amount is not None:
            return length if length > 1 and token.amount.unit is Unit.NONE and not token.amount.sign else 0
        if not token.word.isalpha() or is_filling(token.word):
            return 0
    return 0


def _run_of_name(tokens: Sequence[Token], place: int, text: str, vocabulary: Vocabulary, known: frozenset[str]) -> int:
    """Return how many tokens from here on may be the name of an account."""

    def unexplained(token: Token) -> bool:
        word = token.word
        return word.isalpha() and (
            stem(word) in vocabulary.own
            or (text[token.start : token.start + 2].istitle() and token.start > 0)
            or not (word in known or is_filling(word) or is_common(word))
        )

    length = 0
    if not unexplained(tokens[place]):
        return 0
    while place + length < len(tokens) and length < _LONGEST_NAME:
        token = tokens[place + length]
        joined = token.word in {"and", "&", "of", "the"} and any(
            unexplained(each) for each in tokens[place + length + 1 : place + length + 2]
        )
        plain = token.amount is not None and token.amount.unit is Unit.NONE and not token.amount.sign
        if not (unexplained(token) or joined or plain):
            break
        length += 1
        if plain:
            break
    return length
