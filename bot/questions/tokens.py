"""The words, marks and amounts that a question is made of: ``2.5m``, "two and a half million", "a third", ``Q3``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.questions.words import NUMBERS, ORDINALS, SCALES, stem, written_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.questions.vocabulary import Name

_TOKEN: Final = re.compile(
    r"""
      (?P<range>0\s?[-\u2013]\s?10\b)
    | (?P<top>top(?=-\d))
    | (?P<id>[a-z]{2,}-\d[\w-]*|\d{1,2}:\d\d)
    | (?P<times>(?:[x\u00d7]\s?|\*\s?(?!\S+\*)|\btimes\s)(?P<by>\d+(?:\.\d+)?)\b
        |(?P<fold>\d+(?:\.\d+)?)\s?(?:x|-?fold|times)\b)
    | (?P<number>
        (?:\bno\.?(?=\d))?
        (?P<sign>(?<![\w)])[+\-\u2212]=?\s?)?(?P<money>[$\u20ac\u00a3]\s?|\b(?:usd|eur)\s?(?=\d))?
        (?P<digits>\d{1,3}(?:,\d{3})+(?!\d)|[1-9]\d{0,2}(?:\s\d{3})+(?!\d)
            |[1-9]\d{0,2}(?:\.\d{3})+(?=\.\d{3}|\s?[$\u20ac\u00a3]|\s?(?:dollars?|usd|euros?|bucks)\b)|\d+)?
        (?P<fraction>\.\d+|(?<=\d),\d{1,2}(?!\d))?(?(digits)|(?(fraction)|(?!)))
        (?:\s?(?P<scale>k|mn|mm|mln|mio|mil|m|bn|b|grand|thousand|mill?ions?|billions?|lakhs?|crores?)\b\.?)?
        (?:\s?(?P<dollars>dollars?\b|usd\b|bucks\b|euros?\b|[$\u20ac\u00a3](?!\s?\d)))?
        (?:\s?(?P<percent>%|percent\b|per\scent\b|pct\b))?
        (?:[\s-]?(?P<points>(?P<basis>basis\spoints?|bps?)\b|pp\b|ppts?\b|p\.p\.|%?\s?pts?\b|(?:percentage\s|percent\s)?points?\b(?!\s(?:that|which|are)\b)))?
        (?:\s?(?P<ten>/|of|out\sof)\s?10\b)?
        (?:[\s-]?(?P<time>months?|mths?|mos?|years?|yrs?|days?|weeks?|wks?|quarters?|hours?|minutes?|mins?)\b)?
        (?:st|nd|rd|th)?(?![\w/])
      )
    | (?P<word>per\scent\b|[^\W\d_]+(?:'[^\W\d_]+)*(?!\w)|\w+)
    | (?P<mark>->|→|[<>≤≥,;:?!.=&+/()\u2013\u2014-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MONTHS: Final = {"m": 1.0, "y": 12.0}
_NOT_A_NUMBER_AFTER: Final = frozenset(
    "this that which the last previous each other every our any another no former latter present same new".split()
)
_COUNTED: Final = frozenset(
    "feature driver factor signal reason thing point more less fewer percent year month extra addit action".split()
)
_ONE_OF_NO_COUNT: Final = frozenset({"of", "by", "line", "go", "sentence", "shot", "message", "place", "word"})
_SCALES_IN_WORDS: Final = frozenset(word for word in SCALES if len(word) > 1)
_QUARTERS: Final = 4
_LONGEST_AMOUNT: Final = 8  # tokens
_AND_A_HALF: Final = (["and", "a", "half"], ["and", "half"])
LARGE_SCALES: Final = (1e9, 1e6, 1e3)
_FURTHER: Final = frozenset({"more", "extra", "additional", "further", "fewer", "less"})
_PARTS_OF: Final = frozenset({2, 3, 4, 5, 6, 8, 10, 20, 100})  # "one in" so many
_SAID_IN: Final = frozenset({"word", "words", "line", "lines", "sentence", "sentences", "bullets", "go"})
_BEFORE_A_YEAR: Final = frozenset({"in", "per", "every", "make", "makes", "making", "earn", "earns", "earning"})
_OTHER_TIMES: Final = frozenset("day days week weeks quarters hour hours minute minutes min mins".split())
_LENGTHS: Final = frozenset({"figure", "figures", "digit", "digits"})  # of a number that is not said
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
LEAST_PREDICTED: Final = 10


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


def find_tokens(text: str) -> list[Token]:
    """Return the tokens of a text, its numbers and quarters however they are written."""
    tokens = list(_quarters(list(_words(text))))
    return list(_with_units_after(list(_joined(list(_numbered(tokens))))))


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
            word = match["word"].lower().replace("per cent", "percent")
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
    """Read "eight and a half", "half a point", "1 yr 3 mths" and "one in four" as one amount each."""
    place = 0
    while place < len(tokens):
        near = tokens[place : place + _LONGEST_AMOUNT]
        amount, length = next(
            (found for each in (_odds, _with_half, _half_of, _with_months) if (found := each(near))[1]), (None, 1)
        )
        yield tokens[place] if amount is None else _number(amount, near[0].start, near[length - 1].end)
        place += length


def _with_half(tokens: Sequence[Token]) -> tuple[Amount | None, int]:
    """Return what "two and a half million" or "8 and a half points" is."""
    words = [token.word for token in tokens] + [""] * _LONGEST_AMOUNT
    amount = tokens[0].amount
    length = next((len(each) for each in _AND_A_HALF if words[1 : 1 + len(each)] == each), 0)
    if amount is None or not length:
        return None, 0
    scale = next((each for each in LARGE_SCALES if amount.value >= each), 1)
    whole = replace(amount, value=amount.value + 0.5 * (12 if amount.unit is Unit.MONTHS else scale))
    if words[1 + length] == "times":
        return replace(whole, unit=Unit.TIMES), 2 + length
    if amount.unit is not Unit.NONE:
        return whole, 1 + length
    with_unit, further = _with_unit(whole.value, words[1 + length :], 0)
    return replace(with_unit, sign=amount.sign), 1 + length + further


def _half_of(tokens: Sequence[Token]) -> tuple[Amount | None, int]:
    """Return what "half a point", "half as many again" or "year and a half" is."""
    words = [token.word for token in tokens]
    if words[:3] == ["half", "again", "as"] and words[3:4] in (["many"], ["much"]):
        return Amount(value=1.5, unit=Unit.TIMES), 4
    if words[:2] == ["half", "as"] and words[3:4] == ["again"]:
        return Amount(value=1.5, unit=Unit.TIMES), 4
    if words[:4] == ["year", "and", "a", "half"]:
        return Amount(value=18.0, unit=Unit.MONTHS), 4
    after = tokens[1].amount if words[0] == "half" and tokens[1:] else None
    return (replace(after, value=0.5), 2) if after is not None and after.value == 1 else (None, 0)


def _with_months(tokens: Sequence[Token]) -> tuple[Amount | None, int]:
    years, months = (token.amount for token in (*tokens, *tokens)[:2])
    if years is None or months is None or len(tokens) == 1 or not years.unit is months.unit is Unit.MONTHS:
        return None, 0
    one = months.value < 12 <= years.value  # noqa: PLR2004 # a year
    return (replace(years, value=years.value + months.value), 2) if one else (None, 0)


def _with_units_after(tokens: Sequence[Token]) -> Iterator[Token]:
    """Read "two more years" as 24 months more."""
    place = 0
    while place < len(tokens):
        amount = tokens[place].amount
        words = [each.word for each in tokens[place + 1 : place + 5]] + [""] * 4
        if amount is not None and amount.unit is Unit.NONE and words[0] in _FURTHER:
            with_unit, further = _with_unit(amount.value, words[1:], 0)
            yield _number(replace(with_unit, sign=amount.sign), tokens[place].start, tokens[place].end)
            yield tokens[place + 1]
            place += 2 + further
        else:
            yield tokens[place]
            place += 1


def _odds(tokens: Sequence[Token]) -> tuple[Amount | None, int]:
    """Return the share that "one in four" or "7 mails out of 10" is, and how many tokens that takes."""
    plain = [
        each is not None and each.unit is Unit.NONE and not each.sign and each.value.is_integer()
        for each in (token.amount for token in tokens)
    ]
    words = [token.word for token in tokens]
    # "One demo in three", but not "two demos in 3" days.
    for length, between, only_one in ((3, ["in"], False), (4, ["in"], True), (5, ["out", "of"], False)):
        told = words[length - 1 - len(between) : length - 1] == between
        if len(tokens) >= length and plain[0] and plain[length - 1] and told:
            part, of = (int(each.amount.value) for each in (tokens[0], tokens[length - 1]) if each.amount is not None)
            after = tokens[length].word if len(tokens) > length else ""
            fits = part == 1 or not only_one
            if 0 < part < of and of in _PARTS_OF and fits and after not in _SAID_IN:
                return Amount(value=part / of, unit=Unit.FRACTION), length
    return None, 0


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
    if words[0] == "quarter" and (words[1] in _SCALES_IN_WORDS or (words[1:3] == ["of", "a"] and words[3] in SCALES)):
        return _with_unit(0.25, words, 1 if words[1] in _SCALES_IN_WORDS else 3)
    if words[:2] == ["half", "a"] and words[2] in SCALES:
        return _with_unit(0.5, words, 2)
    if words[0] == "half" and words[1] in _SCALES_IN_WORDS:
        return _with_unit(0.5, words, 1)
    if words[0] in {"a", "an"} and words[1] in {"couple", "dozen"}:
        length = 3 if words[2] == "of" else 2
        return _with_unit(NUMBERS[words[1]], words, length)
    if words[:2] == ["a", "year"] and place and (tokens[place - 1].amount or tokens[place - 1].word in _BEFORE_A_YEAR):
        return None, 1  # "$6M a year" are no months
    if words[0] == "a" and words[1] in {"full", "whole"} and words[2] in {"point", "year", "month"}:
        return _with_unit(1.0, words, 2)
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
    if words[0] not in NUMBERS or words[1] in _LENGTHS:
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


def _with_unit(  # noqa: C901, PLR0911 - one return per unit
    value: float, words: Sequence[str], length: int
) -> tuple[Amount, int]:
    while words[length] in _SCALES_IN_WORDS or (words[length] == "ok" and value > LEAST_PREDICTED):
        value *= SCALES.get(words[length], SCALES["k"])  # the k of "ninety one k" was read as "ok"
        length += 1
    if words[length] == "percentage":
        length += 1
    if words[length] == "percent" and not words[length + 1].startswith("point"):
        return Amount(value=value, unit=Unit.PERCENT), length + 1
    if words[length] == "percent":
        length += 1
    if words[length] in {"point", "points"} and words[length + 1] not in {"that", "which", "are"}:
        return Amount(value=value, unit=Unit.POINTS), length + 1
    if words[length] in {"dollar", "dollars"}:
        return Amount(value=value, unit=Unit.MONEY), length + 1
    if words[length] == "times":
        return Amount(value=value, unit=Unit.TIMES), length + 1
    if words[length : length + 3] == ["out", "of", "ten"]:
        return Amount(value=value, unit=Unit.OF_TEN), length + 3
    if words[length] in {"year", "years", "month", "months"}:
        return _timed(Amount(value=value), words[length]), length + 1
    if words[length] in _OTHER_TIMES:
        return Amount(value=value, unit=Unit.OTHER_TIME), length + 1
    return Amount(value=value), length
