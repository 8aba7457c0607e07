"""A question word by word: concepts, numbers and features in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.questions.concepts import Concept, corrected, is_filling, stem
from bot.questions.vocabulary import find_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.vocabulary import Name, Vocabulary

_MAX_CHARACTERS: Final = 240
_LONGEST_PHRASE: Final = 6
_NUMBER: Final = r"""
    (?P<sign>[+\-\u2212])?\s?(?P<money>\$)?(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?
    (?:\s?(?P<scale>k|m|bn|b|thousand|million|billion)\b)?
    (?:\s?(?P<percent>%|percent\b|per\scent\b|pct\b))?
    (?:\s?(?P<points>pp\b|percentage\spoints?\b|points?\b))?
    (?:\s?(?P<ten>/|of|out\sof)\s?10\b)?
    (?![\w/])
"""
_TOKEN: Final = re.compile(rf"(?P<name>[a-z]+-?\d[\w-]*)|{_NUMBER}|(?P<comma>,)|(?P<word>\w+)", re.VERBOSE)
_SCALES: Final = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}
_TO_TWELVE: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_IN_WORDS: Final = {word: float(number) for number, word in enumerate(_TO_TWELVE.split())} | {
    "couple": 2.0,
    "dozen": 12.0,
}
_SHORT: Final = (
    (re.compile(r"^\W*(?:please\s|pls\s|can you\s|could you\s)*(?:give|show|tell)\s(?:me|us)\s"), ""),
    (re.compile(r"[\u2018\u2019`\u00b4]"), "'"),
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'(s|re|ll|d|ve|m)\b"), ""),
    (re.compile(r"\b(dont|doesnt|didnt|arent|isnt|wouldnt|havent|hasnt)\b"), "not"),
    *(
        (re.compile(rf"\b{word}(?=\s(?:percentage\s)?(?:points?|percent)\b)"), str(number))
        for number, word in enumerate(_TO_TWELVE.split())
    ),
    (re.compile(r"\b(a couple of|a couple)\b"), "couple"),
    (re.compile(r"\by\b"), "why"),
    (re.compile(r"\bu\b"), "you"),
    (re.compile(r"(?<=[a-z])[-/](?=[a-z])"), " "),
)
_BEFORE_ONE: Final = frozenset({"this", "that", "which", "the", "last", "previous", "each"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number as it was written: ``+10 %`` has a sign and is a percentage."""

    value: float
    sign: int = 0
    money: bool = False
    percent: bool = False
    points: bool = False
    of_ten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A word or phrase that says something; ``whole`` where it is all of a feature's label."""

    concept: Concept
    text: str
    amount: Amount | None = None
    name: Name | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A question without its filling. ``words`` are all of it, in lower case."""

    items: tuple[Item, ...]
    words: tuple[str, ...]

    @property
    def concepts(self) -> frozenset[Concept]:
        """What the question speaks of."""
        return frozenset(item.concept for item in self.items)

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """The numbers, in their order."""
        return tuple(item.amount for item in self.items if item.amount is not None)

    @property
    def names(self) -> tuple[Name, ...]:
        """The features, each once."""
        return tuple(dict.fromkeys(item.name for item in self.items if item.name is not None))


def plain(question: str) -> str:
    """Return the question in lower case, short forms written out."""
    text = question[:_MAX_CHARACTERS].casefold()
    for pattern, full in _SHORT:
        text = pattern.sub(full, text)
    return text


def read(question: str, vocabulary: Vocabulary) -> Reading:
    """Return what the question says; whatever is not understood is an item of its own."""
    tokens = list(_TOKEN.finditer(plain(question)))
    words = tuple(token.group() for token in tokens)
    items: list[Item] = []
    place = 0
    while place < len(tokens):
        item, length = _read_at(tokens, words, place, vocabulary)
        if item is not None:
            items.append(item)
        place += length
    if len(question) > _MAX_CHARACTERS:
        items.append(Item(concept=Concept.UNKNOWN, text="…"))
    return Reading(items=_without_leftovers(items), words=words)


def _read_at(
    tokens: Sequence[re.Match[str]], words: Sequence[str], place: int, vocabulary: Vocabulary
) -> tuple[Item | None, int]:
    token, word = tokens[place], words[place]
    if token["digits"]:
        return Item(concept=Concept.NUMBER, text=word, amount=_amount(token)), 1
    if token["comma"]:
        return Item(concept=Concept.AND, text=word), 1
    if word == "one" and place and words[place - 1] in _BEFORE_ONE:
        return None, 1
    if word in _IN_WORDS:
        return Item(concept=Concept.NUMBER, text=word, amount=Amount(value=_IN_WORDS[word])), 1
    return _read_words(words[place:], vocabulary)


def _read_words(words: Sequence[str], vocabulary: Vocabulary) -> tuple[Item | None, int]:
    concept, phrase = _phrase(words, vocabulary)
    name, length, whole = find_name(vocabulary, words)
    if length == 1 and not whole and stem(words[0]) in vocabulary.own:
        return None, 1  # "this customer" is the account, though a label has the word
    if length and (length > phrase or (whole and length >= phrase)):
        text = " ".join(words[:length])
        return Item(concept=Concept.FEATURE if name else Concept.UNKNOWN, text=text, name=name, whole=whole), length
    if phrase:
        item = None if concept is None else Item(concept=concept, text=" ".join(words[:phrase]))
        return item, phrase
    word = words[0]
    if is_filling(word) or stem(word) in vocabulary.own or word == vocabulary.own_id:
        return None, 1
    better = corrected(word)
    if better != word:
        return _read_words([better, *words[1:]], vocabulary)
    return Item(concept=Concept.UNKNOWN, text=word), 1


def _phrase(words: Sequence[str], vocabulary: Vocabulary) -> tuple[Concept | None, int]:
    """Return what the longest phrase that the words begin with stands for, and its length."""
    stems = tuple(map(stem, words[:_LONGEST_PHRASE]))
    for length in range(len(stems), 0, -1):
        if stems[:length] in vocabulary.phrases:
            return vocabulary.phrases[stems[:length]], length
    return None, 0


def _amount(token: re.Match[str]) -> Amount:
    value = float(token["digits"].replace(",", "") + (token["fraction"] or ""))
    return Amount(
        value=value * _SCALES.get(token["scale"] or "", 1.0),
        sign={"+": 1, "-": -1, "\u2212": -1}.get(token["sign"] or "", 0),
        money=bool(token["money"]),
        percent=bool(token["percent"]),
        points=bool(token["points"]),
        of_ten=bool(token["ten"]),
    )


def _without_leftovers(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items without words that only repeat a part of a feature's name, or its unit."""
    said = {part for item in items if item.name for part in item.name.stems}
    fresh = {"current", "latest"} if said else set()
    units = {stem(word) for item in items if item.name for word in item.name.feature.unit.casefold().split()}
    return tuple(
        item
        for item in items
        if not (item.concept is Concept.UNKNOWN and stem(item.text) in said)
        and not (item.concept is Concept.FRESH and item.text in fresh)
        and not (item.concept in {Concept.UNKNOWN, Concept.TIME} and stem(item.text) in units)
    )
