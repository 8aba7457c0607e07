"""A question token by token: words written out, and slots where it names features, amounts, categories or accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.check.english import is_common
from bot.questions.vocabulary import Found, find_category, find_name, find_since, said_for
from bot.questions.words import NUMBERS, ORDINALS, SCALES, corrected, is_filling, stem, written_out
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.questions.vocabulary import Name, Vocabulary

MAX_CHARACTERS: Final = 240
_TOKEN: Final = re.compile(
    r"""
      (?P<range>0\s?[-\u2013]\s?10\b)
    | (?P<top>top(?=-\d))
    | (?P<id>[a-z]{2,}-\d[\w-]*|\d{1,2}:\d\d)
    | (?P<times>(?:x\s?|\btimes\s)(?P<by>\d+(?:\.\d+)?)\b|(?P<fold>\d+(?:\.\d+)?)\s?(?:x|-?fold|times)\b)
    | (?P<number>
        (?:\bno\.?(?=\d))?
        (?P<sign>(?<![\w)])[+\-\u2212]\s?)?(?P<money>[$\u20ac\u00a3]\s?|\b(?:usd|eur)\s?(?=\d))?
        (?P<digits>\d{1,3}(?:,\d{3})+(?!\d)|[1-9]\d{0,2}(?:\s\d{3})+(?!\d)
            |[1-9]\d{0,2}(?:\.\d{3})+(?=\.\d{3}|\s?[$\u20ac\u00a3]|\s?(?:dollars?|usd|euros?|bucks)\b)|\d+)?
        (?P<fraction>\.\d+|(?<=\d),\d{1,2}(?!\d))?(?(digits)|(?(fraction)|(?!)))
        (?:\s?(?P<scale>k|mn|mm|mln|mio|mil|m|bn|b|grand|thousand|millions?|billions?)\b\.?)?
        (?:\s?(?P<dollars>dollars?\b|usd\b|bucks\b|euros?\b|[$\u20ac\u00a3](?!\s?\d)))?
        (?:\s?(?P<percent>%|percent\b|per\scent\b|pct\b))?
        (?:[\s-]?(?P<points>(?P<basis>basis\spoints?|bps?)\b|pp\b|ppts?\b|p\.p\.|%?\s?pts?\b|(?:percentage\s|percent\s)?points?\b))?
        (?:\s?(?P<ten>/|of|out\sof)\s?10\b)?
        (?:[\s-]?(?P<time>months?|mths?|mos?|years?|yrs?|days?|weeks?|wks?|quarters?|hours?|minutes?|mins?)\b)?
        (?:st|nd|rd|th)?(?![\w/])
      )
    | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*(?!\w)|\w+)
    | (?P<mark>->|→|[<>≤≥,;:?!.=&+/()\u2013\u2014-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MOST_CLAUSES: Final = 6
# Of a sentence, or of a clause before another with a subject of its own.
_END: Final = re.compile(
    r"""(?<=[.?!:;\u2026)])\s+ | (?<=,)\s+(?=(?:i|we|they|he|she|it|my|our|their|his|her|there)\b)
    | \s+[-\u2013\u2014]\s+ | \s*[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f]+\s* | \s*\n\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_QUOTES: Final = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "`": "'", "\u00b4": "'", "\u00b1": " plus minus ", "\u00a0": " ", "_": " "}
)
_MONTHS: Final = {"m": 1.0, "y": 12.0}
_NOT_A_NUMBER_AFTER: Final = frozenset(
    "this that which the last previous each other every our any another no former latter present same new".split()  # noqa: SIM905
)
_COUNTED: Final = frozenset(
    "feature driver factor signal reason thing point more less fewer percent year month extra addit action".split()  # noqa: SIM905
)
_ONE_OF_NO_COUNT: Final = frozenset({"of", "by", "line", "go", "sentence", "shot", "message", "place", "word"})
_NEAR: Final = 0.02  # of the prediction, for an amount that stands for it
_OF_ANY_ACCOUNT: Final = frozenset(
    "account customer client company prospect accounts customers clients companies prospects".split()  # noqa: SIM905
)
_TAKING_BACK: Final = frozenset("no sorry mean wait scratch rather actually correction".split())  # noqa: SIM905
_MOST_BESIDE: Final = 2  # words that are neither
_IN_PASSING: Final = frozenset("i that it is hold hang on make or say well a an at in , ; . ! ? -".split())  # noqa: SIM905
_SCALES_IN_WORDS: Final = frozenset(word for word in SCALES if len(word) > 1)
_QUARTERS: Final = 4
_FEW: Final = frozenset({"one", "two", "three", "four"})
_PARTS: Final = {
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fifth": 5,
    "fifths": 5,
    "tenth": 10,
    "tenths": 10,
}
_LEAST_PREDICTED: Final = 10
_LARGE: Final = 1_000
_LONGEST_NAME: Final = 5
_LOOK_UPS: Final = 6  # of names of accounts, for one question


class Unit(StrEnum):
    """What an amount was marked with."""

    NONE = ""
    MONEY = "money"
    PERCENT = "percent"
    POINTS = "points"
    OF_TEN = "of ten"
    TIMES = "times"
    MONTHS = "months"
    OTHER_TIME = "other time"
    FRACTION = "fraction"
    ORDINAL = "ordinal"
    RAW = "raw"  # as the feature counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number as it was written: ``+10 %`` has a sign and is in percent, two years are 24 months."""

    value: float
    sign: int = 0
    unit: Unit = Unit.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word written out in lower case, or a slot; it stands at ``start`` to ``end`` of the question.

    ``whole`` where it is all of a feature's label.
    """

    word: str
    start: int
    end: int
    amount: Amount | None = None
    name: Name | None = None
    category: str = ""
    account: str = ""
    whole: bool = False

    @property
    def is_slot(self) -> bool:
        """Whether it names something of the account or the question."""
        return self.word.startswith("<") and self.word != "<"


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
    text = " ".join(question[:MAX_CHARACTERS].translate(_QUOTES).split())
    tokens = list(_joined(list(_numbered(list(_quarters(list(_words(text))))))))
    tokens = list(_slotted(tokens, vocabulary, known))
    tokens = _with_hinted(tokens, vocabulary)
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
    found = [each for each in _END.split(question[:MAX_CHARACTERS]) if re.search(r"\w", each)]
    return found if 1 < len(found) <= _MOST_CLAUSES else []


def _words(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match["range"]:
            continue
        if match["times"]:
            yield _number(Amount(value=float(match["by"] or match["fold"]), unit=Unit.TIMES), start, end)
        elif match["number"]:
            yield _number(_amount(match), start, end)
        elif match["word"]:
            word = match["word"].lower()
            if word == "w" and text[end : end + 1] == "/":
                word = "with"
            yield from (Token(word=each, start=start, end=end) for each in written_out(word))
        elif not (match["mark"] in {"-", "/"} and text[start - 1 : start].isalpha() and text[end : end + 1].isalpha()):
            yield Token(word=match.group().lower(), start=start, end=end)


def _quarters(tokens: Sequence[Token]) -> Iterator[Token]:
    """Read "the third quarter" and "q three" as "q3"."""
    place = 0
    while place < len(tokens):
        token, after = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else None
        number = None
        if after is not None and after.word == "quarter" and token.word in ORDINALS:
            number = ORDINALS[token.word]
        elif after is not None and token.word in {"q", "quarter"}:
            plain = after.amount is not None and after.amount.unit is Unit.NONE and not after.amount.sign
            number = int(after.amount.value) if plain and after.amount else int(NUMBERS.get(after.word, 0))
        if after is not None and number is not None and 1 <= number <= _QUARTERS:
            yield Token(word=f"q{number}", start=token.start, end=after.end)
            place += 2
        else:
            yield token
            place += 1


def _joined(tokens: Sequence[Token]) -> Iterator[Token]:
    """Read "eight and a half", "a point and a half", "half a point" and "1 yr 3 mths" as one amount each."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        words = [each.word for each in tokens[place : place + 4]]
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if token.amount is not None and words[1:4] == ["and", "a", "half"]:
            per_year = 12 if token.amount.unit is Unit.MONTHS else 1
            amount, length = replace(token.amount, value=token.amount.value + 0.5 * per_year), 4
            if place + 4 < len(tokens) and tokens[place + 4].word == "times":
                amount, length = Amount(value=token.amount.value + 0.5, unit=Unit.TIMES), 5
        elif words == ["year", "and", "a", "half"]:
            amount, length = Amount(value=18.0, unit=Unit.MONTHS), 4
        elif words[0] == "half" and after is not None and after.amount is not None and after.amount.value == 1:
            amount, length = replace(after.amount, value=0.5), 2
        elif (
            token.amount is not None
            and after is not None
            and after.amount is not None
            and token.amount.unit is after.amount.unit is Unit.MONTHS
            and after.amount.value < 12 <= token.amount.value  # noqa: PLR2004 # a year
        ):
            amount, length = replace(token.amount, value=token.amount.value + after.amount.value), 2
        else:
            yield token
            place += 1
            continue
        yield _number(amount, token.start, tokens[place + length - 1].end)
        place += length


def _amount(match: re.Match[str]) -> Amount:
    value = float(re.sub(r"\D", "", match["digits"] or "0") + (match["fraction"] or "").replace(",", "."))
    value *= SCALES.get((match["scale"] or "").lower(), 1.0)
    sign = {"+": 1, "-": -1, "\u2212": -1}.get((match["sign"] or " ")[0], 0)
    unit = Unit.NONE
    if match["points"]:
        unit = Unit.POINTS
        value /= 100 if match["basis"] else 1
    elif match["percent"]:
        unit = Unit.PERCENT
    elif match["money"] or match["dollars"]:
        unit = Unit.MONEY
    elif match["ten"]:
        unit = Unit.OF_TEN
    elif match["time"]:
        return _timed(Amount(value=value, sign=sign), match["time"].lower())
    return Amount(value=value, sign=sign, unit=unit)


def _timed(amount: Amount, word: str) -> Amount:
    if word.startswith(("mo", "mth", "y")):
        return replace(amount, value=amount.value * _MONTHS[word[0]], unit=Unit.MONTHS)
    return replace(amount, unit=Unit.OTHER_TIME)


def _number(amount: Amount, start: int, end: int) -> Token:
    marked = amount.unit not in {Unit.NONE, Unit.ORDINAL} or bool(amount.sign)
    return Token(word="<amount>" if marked else "<number>", start=start, end=end, amount=amount)


def _numbered(tokens: Sequence[Token]) -> Iterator[Token]:
    """Read numbers in words: "two million", "seventy five", "a third action", "another year and a half"."""
    place = 0
    while place < len(tokens):
        found, length = _in_words(tokens, place)
        if found is not None:
            yield _number(found, tokens[place].start, tokens[place + length - 1].end)
        else:
            yield tokens[place]
        place += max(length, 1)


def _in_words(  # noqa: C901, PLR0911, PLR0912 - one return per way to say a number
    tokens: Sequence[Token], place: int
) -> tuple[Amount | None, int]:
    words = [token.word for token in tokens[place : place + 8]] + [""] * 8
    if words[0] in ORDINALS and stem(words[1]) in {"action", "demo"}:
        return Amount(value=ORDINALS[words[0]], unit=Unit.ORDINAL), 1
    if words[0] == "a" and words[1] == "hundred":
        words[0] = "one"
    fraction, length = _fraction(words)
    if length:
        return _with_unit(fraction, words, length)
    if words[0] == "times" and words[1] in NUMBERS:
        return Amount(value=NUMBERS[words[1]], unit=Unit.TIMES), 2
    if words[0] == "single" and stem(words[1]) == "action":
        return Amount(value=1.0), 1
    if words[0] == "half" and "dozen" in words[1:3]:
        return Amount(value=6.0), 1 + words.index("dozen")
    if words[0] in _FEW and words[1] in _PARTS and (words[1] not in {"quarter", "quarters"} or words[2] == "of"):
        return Amount(value=NUMBERS[words[0]] / _PARTS[words[1]], unit=Unit.FRACTION), 2
    if words[0] == "half" and "year" in words[1:3]:
        return Amount(value=6.0, unit=Unit.MONTHS), 1 + words.index("year")
    if words[:2] == ["half", "a"] and words[2] in SCALES:
        return _with_unit(0.5, words, 2)
    if words[0] in {"a", "an"} and words[1] in {"couple", "dozen"}:
        length = 3 if words[2] == "of" else 2
        return _with_unit(NUMBERS[words[1]], words, length)
    if words[:2] == ["a", "year"] and place and tokens[place - 1].word in {"in", "per", "every"}:
        return None, 1
    if words[0] in {"a", "an"} and words[1] in {
        "point",
        "percent",
        "year",
        "month",
        "hundred",
        "thousand",
        "million",
        "billion",
    }:
        return _with_unit(1.0, words, 1)
    if words[0] == "one":
        before = tokens[place - 1].word if place else ""
        only = before == "the" and place > 1 and tokens[place - 2].word in {"just", "only"}
        no_count = before in _NOT_A_NUMBER_AFTER and stem(words[1]) not in _COUNTED and not only
        if words[1] in _ONE_OF_NO_COUNT or no_count:
            return None, 1
    if words[0] not in NUMBERS:
        return None, 1
    value, length = _below_hundred(words)
    if words[0] == "couple" and words[1] == "of":
        length = 2
    if words[length] == "hundred" and words[length + 1] == "and" and words[length + 2] in NUMBERS:
        more, further = _below_hundred(words[length + 2 :])
        value, length = 100 * value + more, length + 2 + further
    fraction, further = _fraction(words[length:])
    return _with_unit(value + fraction, words, length + further)


def _below_hundred(words: Sequence[str]) -> tuple[float, int]:
    value = NUMBERS[words[0]]
    place = 2 if words[1] == "-" else 1
    tens = value >= 20 and NUMBERS.get(words[place], 10.0) < 10  # noqa: PLR2004 # seventy five
    return (value + NUMBERS[words[place]], place + 1) if tens else (value, 1)


def _fraction(words: Sequence[str]) -> tuple[float, int]:
    """Return what "point two five" at the beginning of the words is, and how many of them that is."""
    length = 1
    while words[0] == "point" and length < len(words) and NUMBERS.get(words[length], 10.0) < 10:  # noqa: PLR2004 # a digit
        length += 1
    return (float("0." + "".join(f"{NUMBERS[each]:g}" for each in words[1:length])), length) if length > 1 else (0.0, 0)


def _with_unit(  # noqa: PLR0911 - one return per unit
    value: float, words: Sequence[str], length: int
) -> tuple[Amount, int]:
    while words[length] in _SCALES_IN_WORDS or (words[length] == "ok" and value > _LEAST_PREDICTED):
        value *= SCALES.get(words[length], SCALES["k"])  # the k of "ninety one k" was read as "ok"
        length += 1
    if words[length] == "percentage":
        length += 1
    if words[length] == "percent" and not words[length + 1].startswith("point"):
        return Amount(value=value, unit=Unit.PERCENT), length + 1
    if words[length] == "percent":
        length += 1
    if words[length] in {"point", "points"}:
        return Amount(value=value, unit=Unit.POINTS), length + 1
    if words[length] in {"dollar", "dollars"}:
        return Amount(value=value, unit=Unit.MONEY), length + 1
    if words[length : length + 3] == ["out", "of", "ten"]:
        return Amount(value=value, unit=Unit.OF_TEN), length + 3
    if words[length] in {"year", "years", "month", "months"}:
        return _timed(Amount(value=value), words[length]), length + 1
    if words[length] in {"day", "days", "week", "weeks", "quarters", "hour", "hours", "minute", "minutes"}:
        return Amount(value=value, unit=Unit.OTHER_TIME), length + 1
    return Amount(value=value), length


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
        before = tokens[place - 1].amount if place else None
        if token.word == "old" and before is not None and before.unit is Unit.MONTHS and vocabulary.age is not None:
            yield replace(token, word="<feature>", name=vocabulary.age)
            place += 1
            continue
        if token.word == "data":
            yield token  # "data age" is none of the account's
            place += 1
            if place < len(tokens) and tokens[place].word == "age":
                yield tokens[place]
                place += 1
            continue
        found, length = _slot(tokens[place : place + 12], vocabulary, known)
        yield replace(found, start=token.start, end=tokens[place + length - 1].end)
        place += length


def _may_be_predicted(amount: Amount, predicted: float) -> bool:
    """Whether an amount is money, or a number that is too large for anything else or the prediction: "that 91"."""
    near = amount.value >= _LEAST_PREDICTED and any(
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
            length = numbered if vocabulary.is_account(_as_written(tokens[place : place + numbered])) else length
        run = tokens[place : place + length]
        name = _as_written(run)
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


def _as_written(tokens: Sequence[Token]) -> str:
    return " ".join(f"{each.amount.value:g}" if each.amount is not None else each.word for each in tokens)


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
