"""Numbers that are written in words, as digits: ``three``, ``a dozen``, ``two thirds``, ``one in five``, ``twice``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_UNITS: Final = {
    word: number
    for number, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
            *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
        )
    )
}
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        (
            *("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
            *("thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
        ),
        start=3,
    )
} | {"twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}
_PARTS: Final = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_TIME: Final = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|quarters?|years?)"
_SMALL: Final = "|".join(sorted([*_UNITS, *_TENS], key=len, reverse=True))
_WORD: Final = rf"(?:{_SMALL})(?:[- ](?:{'|'.join(list(_UNITS)[1:10])}))?"
# "one" alone is an article ("one step", "no one"): it is a number before a unit, a scale or a fraction only.
_CARDINAL: Final = re.compile(
    rf"\b(?P<head>{_WORD}|a)(?P<hundred>[ -]hundred)?(?:(?P<and> and )(?P<rest>{_WORD}))?\b", re.IGNORECASE
)
_ONE_COUNTS: Final = re.compile(
    rf"(?:[- ](?:percent|per cent|percentage|%|million|billion|thousand|dollars?|{_TIME}|time)\b"
    r"|\s(?:of|out of)\s(?:\d|ten\b|one\b))",
    re.IGNORECASE,
)
_OF_PARTS: Final = re.compile(
    rf"\b(?:(?P<counts>{_WORD}|\d+)[- ](?P<parts>(?:third|fifth|sixth|eighth|tenth)s)\b"
    rf"|(?P<count>{_WORD}|\d+|a|an)[- ](?P<part>{'|'.join(_PARTS)}|quarters)"
    r"(?=\s(?:of|as|the|more|less|faster|are|is|were|have|say)\b|[.,;:)]|$))",
    re.IGNORECASE,
)
_IN: Final = re.compile(
    rf"\b(?P<few>{_WORD}|\d{{1,2}})\s(?:in|(?:[a-z]+\s)?out of(?: every)?|in every)\s(?P<many>{_WORD}|\d{{1,3}})\b"
    rf"(?!\s?(?:%|percent|per cent|{_TIME}|of|point))(?![\d.,]*\d)",
    re.IGNORECASE,
)
_AND_A_HALF: Final = re.compile(
    rf"\b(?P<whole>{_WORD}|\d+) and a half(?=\s(?:{_TIME}|times|million|billion)\b)", re.IGNORECASE
)
_QUARTER: Final = re.compile(r"\b(?P<which>first|second|third|fourth|1st|2nd|3rd|4th) quarter\b", re.IGNORECASE)
_WHICH: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_TOP_SHARE: Final = re.compile(
    rf"\b(?:the )?top (?:(?P<part>{'|'.join(_PARTS)})|(?P<percent>\d+(?:\.\d+)?) ?(?:%|percent\b))", re.IGNORECASE
)
_TOP_PLACES: Final = re.compile(
    r"\b(?:the )?top (?P<places>\d+)\b(?!\s?(?:%|percent))(?=[.,;:)]|$|\s(?:of|in|on|accounts?|by)\b)", re.IGNORECASE
)
_MANY: Final = {"dozens": "24+", "hundreds": "200+", "thousands": "2000+", "millions": "2000000+"}
_PLAIN: Final = (
    (re.compile(rf"\bhalf an? (?={_TIME})", re.IGNORECASE), "0.5 "),
    (re.compile(r"\ba year and a half\b", re.IGNORECASE), "18 months"),
    (re.compile(r"\ban? (?P<unit>hour|day|week|month) and a half\b", re.IGNORECASE), r"1.5 \g<unit>s"),
    (re.compile(r"\bhalf a (?=million|billion)", re.IGNORECASE), "0.5 "),
    (re.compile(r"\bhalf a dozen\b", re.IGNORECASE), "6"),
    (re.compile(r"\b(?:a|one) dozen\b", re.IGNORECASE), "12"),
    (re.compile(r"\b(?:a|one) hundred\b(?! and)", re.IGNORECASE), "100"),
    (re.compile(r"\b(?:a|one) thousand\b", re.IGNORECASE), "1000"),
    (re.compile(r"\b(?:a|one) (?=million|billion)", re.IGNORECASE), "1 "),
    (re.compile(r"\btwice\b", re.IGNORECASE), "2 times"),
    (re.compile(r"\bthrice\b", re.IGNORECASE), "3 times"),
    (re.compile(r"\bdoubl(?:e|es|ed|ing)\b|\btwofold\b", re.IGNORECASE), "2-fold"),
    (re.compile(r"\b(?:tripl(?:e|es|ed|ing)|treble[sd]?|threefold)\b", re.IGNORECASE), "3-fold"),
    (re.compile(r"\bquadrupl(?:e|es|ed|ing)\b|\bfourfold\b", re.IGNORECASE), "4-fold"),
    (re.compile(r"\bhalv(?:e|es|ed|ing)\b", re.IGNORECASE), "50 %"),
    (re.compile(r"\bhalf(?= (?:of|the|as|their|its|our|all)\b)", re.IGNORECASE), "50 %"),
    (
        re.compile(r"\b(?P<before>the|a|by|in|about|nearly|almost|over|under|than) half\b", re.IGNORECASE),
        r"\g<before> about 50 %",
    ),
    (re.compile(r"\b(?<=rank )first\b|(?<=ranks )first\b|(?<=ranked )first\b|\bnumber one\b", re.IGNORECASE), "1st"),
    (re.compile(r"(?<=rank )second\b|(?<=ranks )second\b|(?<=ranked )second\b|\bnumber two\b", re.IGNORECASE), "2nd"),
)


_PLACE: Final = re.compile(
    rf"\b(?P<article>an?|the) (?P<place>{'|'.join(_ORDINALS)})\b(?!\s(?:of|as)\b)", re.IGNORECASE
)
_SPANS: Final = 4  # of these come before fractions: "half a day" is none


@lru_cache(maxsize=4_096)
def write_digits(text: str) -> str:
    """Return the text with its number words as digits; a fraction is a percentage, a multiple has ``times``.

    Who is "in the top tenth" is above more than 90 %, who is "among the top 40" ranks up to 40.
    """
    text = _TOP_SHARE.sub(lambda match: f"more than {100 - _share(match):g} %", text)
    text = _TOP_PLACES.sub(r"up to rank \g<places>", text)
    for pattern, digits in _PLAIN[:_SPANS]:
        text = pattern.sub(digits, text)
    text = _AND_A_HALF.sub(lambda match: f"{_value(match['whole'])}.5", text)
    text = _QUARTER.sub(lambda match: f"Q{_WHICH[match['which'].lower()]}", text)
    text = _IN.sub(_chance, text)
    text = _OF_PARTS.sub(_fraction, text)
    for pattern, digits in _PLAIN[_SPANS:]:
        text = pattern.sub(digits, text)
    text = _CARDINAL.sub(_cardinal, text)
    for word, digits in _MANY.items():
        text = re.sub(rf"\b{word}\b", digits, text, flags=re.IGNORECASE)
    return re.sub(
        rf"\b(?:{'|'.join(_ORDINALS)})\b",
        lambda match: f"{_ORDINALS[match.group().lower()]}th",
        text,
        flags=re.IGNORECASE,
    )


def with_places(text: str) -> str:
    """Return the text in which "a third" is the one after the second, unless it is a third of something."""
    return _PLACE.sub(lambda match: f"{match['article']} {_ORDINALS[match['place'].lower()]}th", text)


def _share(match: re.Match[str]) -> float:
    return 100 / _PARTS[match["part"].lower()] if match["part"] else float(match["percent"])


def _value(word: str) -> int:
    """Return the number that is written: ``twenty-five``, ``7``; an article is 1."""
    if word.isdecimal():
        return int(word)
    return sum(_UNITS.get(part, _TENS.get(part, 0)) for part in re.split(r"[- ]", word.lower())) or int(
        word.lower() in {"a", "an"}
    )


def _chance(match: re.Match[str]) -> str:
    few, many = _value(match["few"]), _value(match["many"])
    if many in {0, 10} or few >= many:  # "8 out of 10" may be a score: read as such, or as two counts
        return f"{few} of {many}" if many == 10 else match.group()  # noqa: PLR2004 # ten is ten
    return f"about {100 * few / many:.1f} %"


def _fraction(match: re.Match[str]) -> str:
    part = (match["parts"] or match["part"]).lower()
    if part == "quarter" and not match.string[match.end() :].lstrip().startswith("of"):
        return match.group()  # three months
    if part.endswith("s") and part != "halves":
        part = part.removesuffix("s")
    return f"about {100 * _value(match['counts'] or match['count']) / _PARTS[part]:.1f} %"


def _cardinal(match: re.Match[str]) -> str:
    head = match["head"].lower()
    if head == "a" and not match["hundred"]:
        return match.group()
    if head == "one" and not match["hundred"] and not _ONE_COUNTS.match(match.string, match.end()):
        return match.group()
    number = _value(head) * (100 if match["hundred"] else 1)
    if match["rest"] and match["hundred"]:
        return str(number + _value(match["rest"]))
    rest = "" if not match["rest"] else f"{match['and']}{match['rest']}"
    return f"{number}{rest if not rest else ' and ' + str(_value(match['rest']))}"
