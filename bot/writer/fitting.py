"""Does a sentence of a document fit what is known of an account, or does it speak of others?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_SCALES = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "k": 1e3, "m": 1e6, "b": 1e9}
_NUMBER = (
    rf"\$?(?P<number>\d[\d,]*(?:\.\d+)?|{'|'.join(_NUMBER_WORDS[1:])})"
    r"(?P<scale>[KMB]\b)?(?P<percent> ?(?:%|percent\b))?"
)
# "below 400 employees", "more than 12 support tickets"; "a maturity of 7 or more", "three or more competitors".
_BOUND_BEFORE = re.compile(
    rf"\b(?P<word>below|under|fewer than|less than|up to|at most|over|above|more than|at least|beyond) {_NUMBER}",
    re.IGNORECASE,
)
_BOUND_AFTER = re.compile(
    rf"\b{_NUMBER}(?: \w+)? (?:or|and) (?P<word>more|higher|above|over|fewer|lower|less|below)\b", re.IGNORECASE
)
_UPPER = frozenset({"below", "under", "fewer than", "less than", "up to", "at most", "fewer", "lower", "less"})
_BETWEEN_VALUES = re.compile(
    r"\b(?:between|from|at) (?P<low>\d[\d,.]*) (?:and|to) (?P<high>\d[\d,]*(?:\.\d+)?)", re.IGNORECASE
)
_HIGH = re.compile(r"\b(?:high|strong|many|wide|heavy|rising|growing|large|quickly|too many|mature)$", re.IGNORECASE)
_LOW = re.compile(r"\b(?:low|few|weak|no|without|small|falling|idle|young|little|silence)$", re.IGNORECASE)
_WORDS_BEFORE, _WORDS_AFTER = 5, 4
_CLAUSE = re.compile(r"[;:.?!]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A quantity of the account: the beginnings of the words that name it, its value, and which end that is.

    ``value`` is None when it is not known or no number; ``percent`` says that 0.35 is written 35 %.
    """

    names: tuple[str, ...]
    value: float | None
    percent: bool = False
    high: bool | None = None


def contradicts(sentence: str, quantities: Iterable[Measured]) -> bool:
    """Return whether the sentence states a bound or a level that the value of some quantity does not meet.

    Of a quantity that is not known, any bound is taken for one that is not met.
    """
    quantities = tuple(quantities)
    return breaks_bound(sentence, quantities) or any(_names_other_level(sentence, each) for each in quantities)


def breaks_bound(sentence: str, quantities: Iterable[Measured]) -> bool:
    """Return whether the sentence states a bound, such as ``below 400 employees``, that some quantity does not meet."""
    return any(not met for quantity in quantities for met in _bounds_met(sentence, quantity))


def names_a_segment_of(sentence: str, quantities: Iterable[Measured]) -> bool:
    """Return whether the sentence states a bound that the account is known to meet."""
    return any(met for quantity in quantities for met in _bounds_met(sentence, quantity))


def count_terms(text: str, terms: Iterable[str]) -> tuple[int, ...]:
    """Return the places of the terms (beginnings of words) that occur in the text."""
    return tuple(place for place, term in enumerate(terms) if re.search(rf"\b{re.escape(term)}", text, re.IGNORECASE))


def _bounds_met(sentence: str, quantity: Measured) -> list[bool]:
    found = []
    for pattern in (_BOUND_BEFORE, _BOUND_AFTER):
        for match in pattern.finditer(sentence):
            if _is_near(sentence, match, quantity):
                bound = _read(match["number"]) * _SCALES[match["scale"] or ""]
                value = _in_units_of(match, bound, quantity)
                upper = match["word"].casefold() in _UPPER
                found.append(value is not None and (value <= bound if upper else value >= bound))
    for match in _BETWEEN_VALUES.finditer(sentence):
        if _is_near(sentence, match, quantity):
            low, high = _read(match["low"].rstrip(".,")), _read(match["high"])
            value = quantity.value
            found.append(value is not None and low <= value <= high)
    return found


def _in_units_of(match: re.Match[str], bound: float, quantity: Measured) -> float | None:
    if quantity.value is None:
        return None
    return quantity.value * 100 if quantity.percent and (match["percent"] or bound > 1) else quantity.value


def _is_near(sentence: str, match: re.Match[str], quantity: Measured) -> bool:
    """Return whether a name of the quantity stands in the same clause, a few words before or after."""
    before = _CLAUSE.split(sentence[: match.start()])[-1].split()[-_WORDS_BEFORE:]
    after = _CLAUSE.split(sentence[match.end() :])[0].split()[:_WORDS_AFTER]
    inside = match.group().split()
    return bool(count_terms(" ".join([*before, *inside, *after]), quantity.names))


def _names_other_level(sentence: str, quantity: Measured) -> bool:
    for name in quantity.names:
        for match in re.finditer(rf"\b{re.escape(name)}", sentence, re.IGNORECASE):
            before = sentence[: match.start()].rstrip()
            reach = (before, before.rpartition(" ")[0])  # "high churn risk", "high API usage intent"
            if any(_HIGH.search(each) for each in reach) and quantity.high is not True:
                return True
            if any(_LOW.search(each) for each in reach) and quantity.high is not False:
                return True
    return bool(
        count_terms(sentence, quantity.names)
        and (
            (re.search(r"\b(?:is|are) high\b", sentence) and quantity.high is not True)
            or (re.search(r"\b(?:is|are) low\b", sentence) and quantity.high is not False)
        )
    )


def _read(number: str) -> float:
    word = number.casefold()
    return float(_NUMBER_WORDS.index(word)) if word in _NUMBER_WORDS else float(number.replace(",", "").rstrip("."))
