"""Questions that nobody asked, made of the lines of examples.toml: what is left open is filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.questions import numbers
from bot.questions.changes import DOWN, NOT, SET, TIMES, UP
from bot.questions.words import written_out
from storage.records import FeatureKind

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from bot.questions.vocabulary import Vocabulary
    from storage.records import Feature

Examples = dict[str, dict[str, str]]

SETTINGS: Final = frozenset({"alike", "words", "names", "amounts"})  # what is no label among the examples
_AFTER: Final = " >> "
SAMPLES: Final = 8  # of the ways to read one line
_CHOICE: Final = re.compile(r"\{(\w+)\}|\(([^()]*)\)")
_SLOTS: Final = frozenset({"FEATURE", "EITHER", "CATEGORY", "NUMBER", "MONEY", "OTHER", "QUERY"})
_OF_FEATURES: Final = {"SET": SET, "UP": UP, "DOWN": DOWN, "FACTOR": TIMES, "OLD": NOT, "SETNONE": SET}
_OF_COUNTS: Final = {
    "IS": numbers.IS,
    "NTH": numbers.IS,
    "MORE": numbers.MORE,
    "FEWER": numbers.FEWER,
    "NOT": numbers.NOT,
    "NTHNOT": numbers.NOT,
}
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label and words, slots among them; ``before`` is the kind of question that comes before, if any."""

    label: str
    words: tuple[str, ...]
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A made-up question and the role of each number in it, by where that starts; ``single`` asks for one driver."""

    text: str
    roles: Mapping[int, str]
    single: bool


def slotted_lines(examples: Examples, chance: random.Random) -> Iterator[Line]:
    """Yield what lines say, with slots in it."""
    for label, told in examples.items():
        for line in told["lines"].strip().splitlines() if label not in SETTINGS else ():
            before, _, said = line.rpartition(_AFTER)
            ways = {tuple(_slotted(_pick(said, examples["words"], chance), chance)) for _ in range(SAMPLES)}
            for kind in before.split("|"):
                yield from (Line(label=label, words=words, before=kind) for words in sorted(ways))


def practices(examples: Examples, vocabulary: Vocabulary, chance: random.Random) -> Iterator[tuple[str, Practice]]:
    """Yield labels and questions whose numbers have a role that is known."""
    for label, told in examples.items():
        for line in told.get("roles", "").strip().splitlines():
            for way in sorted({_pick(line, examples["words"], chance) for _ in range(SAMPLES)}):
                yield label, _Filling(vocabulary, examples, chance).fill(way)


def _pick(line: str, words: Mapping[str, str], chance: random.Random) -> str:
    """Read a line in one of its ways."""
    while found := _CHOICE.search(line):
        choices = words[found[1]] if found[1] else found[2]
        line = f"{line[: found.start()]}{chance.choice(choices.split('|'))}{line[found.end() :]}"
    return " ".join(line.split())


def _slotted(line: str, chance: random.Random) -> Iterator[str]:
    for word in re.findall(r"\w+|[^\w\s]", line):
        if word == "AMOUNT":
            yield chance.choice(("<amount>", "<share>", "<money>"))
        elif word in _SLOTS:
            yield f"<{word.lower()}>"
        else:
            yield from written_out(word.lower())


class _Filling:
    def __init__(self, vocabulary: Vocabulary, examples: Examples, chance: random.Random) -> None:
        self.vocabulary, self.names, self.amounts = vocabulary, examples["names"], examples["amounts"]
        self.chance = chance

    def fill(self, line: str) -> Practice:
        """Return a question with names and numbers for what the line leaves open."""
        words = line.removeprefix("single : ").split()
        features = self.features(words)
        told: list[str] = []
        roles: dict[int, str] = {}
        named = valued = 0
        for word in words:
            place = len(" ".join(told)) + bool(told)
            if word in {"FEATURE", "CFEATURE"}:
                written = self.one_of(self.names[features[named].name])
                named += 1
            elif word in _OF_FEATURES:
                written = "no" if word == "SETNONE" else self.amount(word, features[min(valued, len(features) - 1)])
                roles[place] = _OF_FEATURES[word]
                valued += word != "OLD"
            elif word in _OF_COUNTS:
                written = self.count(word)
                roles[place] = _OF_COUNTS[word]
            else:
                written = word
            told.append(written)
        return Practice(text=" ".join(told), roles=roles, single=line.startswith("single : "))

    def features(self, words: list[str]) -> list[Feature]:
        every = [name.feature for name in self.vocabulary.names]
        categories = [each for each in every if each.kind is FeatureKind.CATEGORY]
        others = iter(self.chance.sample([each for each in every if each.kind is not FeatureKind.CATEGORY], 8))
        return [
            self.chance.choice(categories) if word == "CFEATURE" else next(others)
            for word in words
            if word in {"FEATURE", "CFEATURE"}
        ]

    def one_of(self, choices: str) -> str:
        return self.chance.choice(choices.split("|"))

    def amount(self, word: str, feature: Feature) -> str:
        if feature.kind is FeatureKind.CATEGORY:
            return self.chance.choice(sorted(self.vocabulary.categories(feature) - {"None"}))
        by = " by" if word in {"UP", "DOWN"} else ""
        digit = self.chance.randint(1, 9)
        written = self.one_of(self.amounts["factor" if word == "FACTOR" else f"{feature.unit or 'count'}{by}"])
        return written.replace("WORD", _DIGITS[digit]).replace("N", str(digit))

    def count(self, word: str) -> str:
        given = self.vocabulary.given
        if word == "NTH":
            return self.one_of(self.amounts["ordinal"])
        if word == "NTHNOT":
            return self.one_of(self.amounts["ordinal given"])
        if word in {"MORE", "FEWER"}:
            number = self.chance.choice((1, 1, given))
        else:
            number = self.chance.choice((0, 1, 3, 4, 5) if word == "IS" else (given, given, given, 5))
        return self.chance.choice((str(number), _DIGITS[number]))
