"""The numbers of a sentence as they are meant: size, unit, how exactly they are written, and as what bound."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.check.number_words import write_digits

if TYPE_CHECKING:
    from collections.abc import Iterable


class Bound(Enum):
    """What a number says of the true one."""

    IS = auto()
    ABOUT = auto()
    ABOVE = auto()
    BELOW = auto()
    JUST_ABOVE = auto()
    JUST_BELOW = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number as written in ``text[start:end]``.

    ``size`` is in the base of its unit (days, months, seconds), ``tolerance`` half a unit of the last digit shown.
    ``unit`` is ``$``, ``€`` or ``£``, ``%``, ``points``, ``x`` (times), ``days``, ``months``, ``seconds``, ``of 10``,
    ``of 1``, ``rank`` or nothing for a count; a bare number may also be read with the unit of another one before it or
    in its list, as in "from 74 minutes to 44", or with a unit some words later, "9 extra hours": such are its
    ``readings``. What evidence says of a time may be repeated without its unit, which is a reading in `BARE_TIME`.
    ``noun`` is what is counted,
    ``sign`` is -1 or 1 where one is written. ``is_past`` says that something else holds today: the
    first of "from 2 to 4".
    """

    written: str
    start: int
    end: int
    size: Decimal
    tolerance: Decimal
    unit: str
    readings: tuple[Amount, ...] = ()
    noun: tuple[str, ...] = ()
    sign: int = 0
    bound: Bound = Bound.IS
    is_past: bool = False

    @property
    def is_time(self) -> bool:
        """Whether this is a duration."""
        return self.unit in _TIME_UNITS

    @property
    def counts_nothing(self) -> bool:
        """Whether this is a number alone, or one of what was counted before: "12.3 fewer"."""
        return not self.noun or self.noun[0] in _COMPARING

    def is_carried_by(self, true: Amount) -> bool:
        """Return whether somebody who knows the true amount may write this one."""
        return any(
            _units_fit(stated, known) and is_near(stated, known.size)
            for stated in (self, *self.readings)
            for known in (true, *true.readings)
        )


_ABOUT_SHARE: Final = Decimal("0.05")  # how far off "about $30K" may be at most
_BOUND_REACH: Final = Decimal("1.25")  # "more than $8K" is not said of $80K
_JUST_REACH: Final = Decimal("1.1")
# Thirds, sixths and eighths in percent, as `write_digits` writes them.
_FRACTIONS: Final = frozenset({(3, 3, 3), (6, 6, 7), (1, 6, 7), (8, 3, 3), (1, 2, 5), (3, 7, 5), (6, 2, 5), (8, 7, 5)})
_ELLIPTIC: Final = ("time", "percent")
BARE_TIME: Final = "time"
# "12.3 fewer than where it would be taken", "1,264 hours, 300 above": nothing is counted anew.
_COMPARING: Final = frozenset(
    {
        "fewer",
        "less",
        "more",
        "extra",
        "short",
        "shy",
        "lower",
        "higher",
        "better",
        "worse",
        "apart",
        "ahead",
        "behind",
        "back",
        "again",
    }
)
_SCALES: Final = {"k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9, "t": 12, "thousand": 3, "million": 6, "billion": 9}
# Of each unit of time: what it is measured in and how many of these it has.
_TIMES: Final = {
    "second": ("seconds", 1),
    "minute": ("seconds", 60),
    "min": ("seconds", 60),
    "hour": ("seconds", 3600),
    "day": ("days", 1),
    "d": ("days", 1),
    "m": ("months", 1),
    "week": ("days", 7),
    "month": ("months", 1),
    "quarter": ("months", 3),
    "year": ("months", 12),
    "yr": ("months", 12),
}
_TIME_UNITS: Final = frozenset(unit for unit, _ in _TIMES.values())
_NUMBER: Final = re.compile(
    r"""
    (?<![\w.])
    (?P<rank>\brank(?:s|ed|ing)?\s(?:at\s|number\s|no\.\s?|\#)?|\b(?:place|position|no\.|number)\s|\#)?
    (?P<sign>[-+\u2212]|\bminus\s|\bplus\s|(?<=\s)\u2013(?=[$€£\d]))?
    (?P<currency>(?:US)?[$€£]\s?|(?:USD|EUR|GBP)\s)?
    (?P<late_sign>[-\u2212])?
    (?P<digits>\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ \u00a0\u202f'\u2019]\d{3})+(?!\d)|\d+)(?P<fraction>\.\d+)?
    (?:(?P<letter>[kKmMbBT]n?)\b|\s?(?P<word>thousand|million|billion)\b)?
    (?P<ordinal>st\b|nd\b|rd\b|th\b)?
    (?P<plus>\+)?
    (?:
        (?P<scale>(?:\spoints?)?\s(?:out\s)?of\s10\b(?!\s?%|,\d|\.\d)|/10\b)
        | \s?(?P<points>(?:percentage|per\scent)\s?-?points?\b|pp\b|pts?\b|points?\b)
        | \s?(?P<percent>%(?:\spoints?\b(?!\s(?:the|in|to|out|at|away)\b))?|percent\b|per\scent\b|pct\b)
        | \s?(?P<times>\u00d7|x\b(?!\w)|-?fold\b|times\b(?=\s(?:the|as|more|fewer|less|faster|higher|lower|longer|
          larger|bigger|that|those|what|its|their|over)\b))
        | (?P<share>\s(?:out\s)?of\s1\b(?![,.]?\d)|/1\b)
        | [\s-]?(?:working\s|business\s|calendar\s|full\s)?
          (?P<time>seconds?|minutes?|mins?|hours?|days?|d|m|weeks?|months?|quarters?|years?|yrs?)\b
        | \s(?P<dollars>dollars?|euros?|pounds?)\b
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CURRENCIES: Final = {"usd": "$", "us$": "$", "eur": "€", "gbp": "£", "dollar": "$", "euro": "€", "pound": "£"}
_RANGE: Final = re.compile(r"\s?(?:[-\u2013\u2014]|to|up to|towards?)\s?")
_AND: Final = re.compile(r"\s?and\s?")
_LISTED: Final = re.compile(r"\s?(?:,|,?\s?and|,?\s?or)\s?")
_BETWEEN: Final = re.compile(r"\bbetween\s?$", re.IGNORECASE)
_FROM: Final = re.compile(r"\bfrom\s?$", re.IGNORECASE)
_TO: Final = re.compile(r"\s(?:to|into|towards?)\s(?:just\s|only\s|about\s)?")
_ARROW: Final = re.compile(r"\s?(?:→|->)\s?")
_ABOVE: Final = re.compile(
    r"\b(?:more than|over|above|at least|no less than|upwards of|beyond|exceed(?:s|ing)?|past|from)\s$",
    re.IGNORECASE,
)
_BELOW: Final = re.compile(
    r"\b(?:less than|fewer than|under|below|up to|at most|no more than)\s$",
    re.IGNORECASE,
)
_ABOUT: Final = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|some|circa|ca\.|or so|in the region of|an estimated)\s|[~≈]\s?)$",
    re.IGNORECASE,
)
# A fraction in words is about so many percent: "less than about 33.3 %".
_BOUND_AND_ABOUT: Final = re.compile(
    r"\b(?P<bound>(?:than|over|under|above|below|almost|nearly|least|most)\s)about\s$", re.IGNORECASE
)
_JUST_BELOW: Final = re.compile(
    r"\b(?:nearly|almost|just short of|just under|close to|shy of)\s(?:the\s)?$", re.IGNORECASE
)
_JUST_ABOVE: Final = re.compile(
    r"\b(?:just over|just above|a little over|slightly more than)\s(?:the\s)?$", re.IGNORECASE
)
_OF_TOTAL: Final = re.compile(r"\s(?:out\s)?of\s(?:the\s|all\s)?\d")
_NOUN: Final = re.compile(r"[\s-](?!(?:accounts|counts|stands|makes) for\b)([A-Za-z][A-Za-z'-]*)")
_MAX_NOUN: Final = 3
# "a score of 1 written down", "a company of 1,539 lives": it is not the number that counts what follows.
_SCORED: Final = re.compile(
    r"\b(?:an?|the|this|their|its|today's)\s(?:[\w-]+\s)?(?!total|sum|number|count|couple|handful|dozen|list|pair)[\w-]+\sof\s$"
    r"|\b(?:score|rating|mark|grade|level|maturity|intent|pressure|satisfaction)\sof\s$",
    re.IGNORECASE,
)
# Words that end what is counted: "4 and", "38 of", "12 today".
_NO_NOUN: Final = frozenset(
    """
    a above add added adds after afterwards again against ago alone already also although altogether an and another
    apiece are aren't as at be because been before being below between beyond both bring brings brought but by came
    can can't come comes could despite did do does done during each earlier either elsewhere even ever everywhere
    for from get gets go goes got had has have he her here him his how if in instead into is isn't it it's its just
    later less made make makes may might minus more must neither no nor not now nowhere of off on once only onto or
    otherwise our out over overall per plus shall she should since so somewhere soon sooner still take takes than
    that that's the their them then there there's they this those though times to today together too took twice
    under unless until up us versus vs was we went were what when where whether which while who whom whose why will
    with within without won't would yet you your
    """.split()
)


def read_amounts(text: str, *, elliptic: bool = False, told: bool = False) -> list[Amount]:
    """Return every number of the text, in words too; positions are those in `write_digits` of it.

    In a range each end says what the other leaves out: "40-60 %" is 40 % and 60 %, "$5-10K" is $5K and $10K.
    Where the text may be ``elliptic``, a bare number can have the unit of one before it; where it is what is ``told``
    in evidence, a time can be repeated without its unit.
    """
    text = write_digits(text)
    matches = list(_NUMBER.finditer(text))
    parts = [match.groupdict() for match in matches]
    listed = [False] * len(matches)
    past = [False] * len(matches)
    for place, (first, second) in enumerate(pairwise(matches)):
        left, right, joint = parts[place], parts[place + 1], text[first.end() : second.start()]
        before = text[: first.start()]
        if _RANGE.fullmatch(joint) or (_AND.fullmatch(joint) and _BETWEEN.search(before)):
            _share_units(left, right, scales="up to" not in joint)
        elif _LISTED.fullmatch(joint) and not _unit_of(left)[0]:
            listed[place] = True
        past[place] = bool(_ARROW.fullmatch(joint) or (_TO.fullmatch(joint) and _FROM.search(before)))
    amounts = []
    for place, (part, match) in enumerate(zip(parts, matches, strict=True)):
        amount = replace(_read(part, match, text), is_past=past[place])
        units: set[tuple[str, str]] = set()
        if elliptic and not amount.unit:
            units |= {("time", noun) for noun in amount.noun if _is_time(noun)}
            if amount.counts_nothing:
                units |= _units_within(parts[:place])
        if listed[place]:
            units |= _units_within(parts[place + 1 : place + 2])
        readings = tuple(_read(part | {name: unit}, match, text) for name, unit in sorted(units))
        if told and part["time"]:
            readings += (replace(_read(part | {"time": None}, match, text), unit=BARE_TIME),)
        amounts.append(replace(amount, readings=readings))
    return amounts


def is_near(stated: Amount, size: Decimal) -> bool:
    """Return whether a number may be stated as this one: rounded as far as it is written, or within its bound."""
    off = abs(stated.size - size)
    if stated.bound is Bound.IS:
        return off <= stated.tolerance
    if stated.bound is Bound.ABOUT:
        return off <= max(stated.tolerance, abs(size) * _ABOUT_SHARE)
    if off == 0:
        return True
    if not _is_round(stated) and off > 2 * stated.tolerance:
        return False
    reach = _JUST_REACH if stated.bound in {Bound.JUST_ABOVE, Bound.JUST_BELOW} else _BOUND_REACH
    if stated.bound in {Bound.ABOVE, Bound.JUST_ABOVE}:
        return stated.size < size <= stated.size * reach
    return size < stated.size <= size * reach


def _is_round(stated: Amount) -> bool:
    """Return whether a number is one that people round to: 8, 50 or 25, not 24 or 51.8; a third is, as 33.3."""
    digits = stated.size.normalize().as_tuple().digits
    return len(digits) == 1 or digits in _FRACTIONS or digits[1:] == (5,)


def _units_fit(stated: Amount, true: Amount) -> bool:
    if stated.unit == true.unit:
        return True
    if stated.unit in {"points", "%"} and true.unit in {"points", "%"}:
        return stated.unit == "points" and stated.written.split()[-1].startswith("point") and true.unit == "points"
    if "of 1" in {stated.unit, true.unit} and not (stated.unit and true.unit):
        return not stated.noun and true.size <= 1
    # "a maturity of 8.6", "at 38 of 500": a bare number, of which nothing is counted.
    if true.unit == BARE_TIME:
        return not stated.unit
    if not stated.unit and true.unit in {"of 10", "rank"}:
        return stated.counts_nothing or (true.unit == "of 10" and stated.tolerance < Decimal("0.5"))
    # "a fourth action" where there are 4 actions
    return stated.unit == "rank" and not true.unit and bool(stated.noun)


def _units_within(parts: Iterable[dict[str, str | None]]) -> set[tuple[str, str]]:
    """Return the units that a number beside these may leave out."""
    return {(name, unit) for part in parts for name in _ELLIPTIC if (unit := part[name])}


def _is_time(word: str) -> bool:
    return len(word) > 1 and (word in _TIMES or word.removesuffix("s") in _TIMES)


def _share_units(left: dict[str, str | None], right: dict[str, str | None], *, scales: bool) -> None:
    """Lend each end the unit that only the other has; "$605 up to $1.2K" says that a letter is not lent."""
    following = ("letter", "word", "percent", "times", "points", "time", "scale", "share", "dollars")
    if not any(left[name] for name in following):
        left |= {name: right[name] for name in following if scales or name not in {"letter", "word"}}
    if not any(right[name] for name in following if name not in {"letter", "word"}):
        right["currency"] = right["currency"] or left["currency"]


def _unit_of(part: dict[str, str | None]) -> tuple[str, int]:
    """Return the unit and what one of its written kind is worth in it."""
    if part["time"]:
        word = part["time"].lower()
        return _TIMES.get(word) or _TIMES[word.removesuffix("s")]
    currency = (part["currency"] or part["dollars"] or "").strip().lower().removesuffix("s")
    percent = part["percent"] or ""
    written = (
        (part["points"] or "point" in percent, "points"),
        (percent, "%"),
        (part["times"], "x"),
        (part["scale"], "of 10"),
        (part["share"], "of 1"),
        (part["rank"] or part["ordinal"], "rank"),
    )
    return next((unit for applies, unit in written if applies), _CURRENCIES.get(currency, currency)), 1


def _read(part: dict[str, str | None], match: re.Match[str], text: str) -> Amount:
    fraction = part["fraction"] or ""
    scale = _SCALES.get((part["letter"] or part["word"] or "").lower(), 0)
    unit, worth = _unit_of(part)
    step = Decimal(1).scaleb(scale - len(fraction.removeprefix(".")))
    size = Decimal(re.sub(r"\D", "", part["digits"] or "") + fraction).scaleb(scale) * worth
    sign = (part["sign"] or part["late_sign"] or "").strip()
    return Amount(
        written=match.group().strip(),
        start=match.start(),
        end=match.end(),
        size=size,
        tolerance=step / 2 if unit != "rank" else Decimal(0),
        unit=unit,
        noun=_find_noun(text, match),
        sign=1 if sign in {"+", "plus"} else -1 if sign else 0,
        bound=_find_bound(text, match, plus=bool(part["plus"])),
    )


def _find_noun(text: str, match: re.Match[str]) -> tuple[str, ...]:
    if _SCORED.search(text[: match.start()]):
        return ()
    start = match.end()
    nouns: list[str] = []
    while len(nouns) < _MAX_NOUN and (found := _NOUN.match(text, start)) and found[1].lower() not in _NO_NOUN:
        nouns.append(found[1].lower())
        start = found.end()
    return tuple(nouns)


def _find_bound(text: str, match: re.Match[str], *, plus: bool) -> Bound:
    before = text[: match.start()]
    if bounded := _BOUND_AND_ABOUT.search(before):
        before = before[: bounded.end("bound")]
    # "25 or more" is a threshold, which is quoted as it is; "from $15.3K" and "$640 up to $1.2K" are ends of a range.
    bounds = (
        (plus, Bound.ABOVE),
        (_JUST_ABOVE.search(before), Bound.JUST_ABOVE),
        (_JUST_BELOW.search(before), Bound.JUST_BELOW),
        (_ABOUT.search(before), Bound.ABOUT),
        (_BELOW.search(before) and not re.search(r"\d\S*\sup to\s$", before), Bound.BELOW),
        (_ABOVE.search(before) and not _FROM.search(before), Bound.ABOVE),
    )
    return next((bound for applies, bound in bounds if applies), Bound.IS)
