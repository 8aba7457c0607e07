"""Sums, differences and multiples of cited numbers, where the text names them so."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Final

from bot.check.amounts import Bound, is_near, read_amounts
from bot.check.carriers import stems
from bot.evidence import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.check.amounts import Amount
    from bot.check.carriers import Fact

_SUM: Final = re.compile(
    r"\b(?:together|combined|in total|in all|altogether|jointly|sum|between them|add up to|both)\b", re.IGNORECASE
)
_DIFFERENCE: Final = re.compile(
    r"\b(?:difference|new|additional|extra|gap|apart|net|distance|spread|further|ahead of|behind|outweighs?|"
    r"exceeds?|higher than|lower than|more than (?:the|its|their|they)|less than (?:the|its|their))\b",
    re.IGNORECASE,
)
# What is called by its name is no sum: "a baseline of 174".
_NAMED: Final = re.compile(r"\b(?:baseline|forecast|prediction)\s(?:of|is|was|at)\s$", re.IGNORECASE)
# "8 % are predicted higher", "a fifth sits unused": said right after a share, of what another one leaves.
_REST: Final = re.compile(
    r"[^,;:.()]{0,60}?\b(?P<word>idle|unused|untouched|remaining|remainder|(?<!or )higher|ahead|left|elsewhere|missing|"
    r"invested|with us|to us|unread|empty|spare|kept|not (?:used|in use|read|opened|occupied))\b",
    re.IGNORECASE,
)
_BASELINE: Final = re.compile(r"\bbaseline\b", re.IGNORECASE)
_COMPARED: Final = re.compile(r"\s?(?:that|those)\sof\b", re.IGNORECASE)
_ARTICLE: Final = re.compile(r"\b(?P<one>an?|no|the|this)\s$", re.IGNORECASE)
_MOST_TERMS: Final = 3
_RATIO_TOLERANCE: Final = Decimal("0.05")
_REACH: Final = 90  # characters around a number in which its being a sum is said


def is_derived(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether the number is the sum, difference or ratio of numbers that the evidence holds.

    Sums and differences are those of the account's own numbers; points may also lie between two percentages of a
    passage, and a ratio between two numbers that the text itself states.
    """
    if stated.unit == "x" or stated.written in {"50 %", "about 50 %"}:
        return _is_multiple(stated, text, facts)
    if stated.unit == "rank":
        return _is_place(stated, text, facts) or _is_next(stated, text, facts)
    if _NAMED.search(text[: stated.start]):
        return False
    near = text[max(stated.start - _REACH, 0) : stated.end + _REACH]
    if stated.unit == "points":
        percents = [fact.amount.size for fact in facts if fact.amount.unit == "%"]
        return any(is_near(stated, abs(a - b)) for a, b in combinations(percents, 2))
    return (
        (stated.unit == "%" and _is_of_whole(stated, text, facts))
        or (_SUM.search(near) is not None and _is_sum(stated, facts))
        or (_DIFFERENCE.search(near) is not None and _is_difference(stated, facts))
    )


def _is_of_whole(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether a percentage is a rank as a share of all, or what a stated or told share leaves of 100 %."""
    return (
        (stated.bound is Bound.ABOVE and _is_above_share(stated, facts))
        or _is_complement(stated, text, facts)
        or any(
            other.unit == "%" and is_near(stated, 100 - other.size)
            for other in _stated_twice(stated, text, facts, exactly=True)
        )
    )


def _is_sum(stated: Amount, facts: Sequence[Fact]) -> bool:
    sizes = tuple(dict.fromkeys(fact.amount.size for fact in _own(stated, facts)))
    return any(
        is_near(stated, sum(chosen, Decimal(0)))
        for terms in range(2, _MOST_TERMS + 1)
        for chosen in combinations(sizes, terms)
    )


def _is_difference(stated: Amount, facts: Sequence[Fact]) -> bool:
    pairs = combinations(_own(stated, facts), 2)
    return any(is_near(stated, abs(a.amount.size - b.amount.size)) for a, b in pairs if _fit(a, b))


def _is_multiple(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether one number is so many times another: where two are compared in the text, these two."""
    beside = _stated_twice(stated, text, facts)
    if _COMPARED.match(text, stated.end) and len({(each.size, each.unit) for each in beside}) > 1:
        return _is_ratio(stated, beside)
    named = _BASELINE.search(text) is not None
    own = [fact.amount for fact in facts if fact.is_own and (named or not fact.is_baseline)]
    return _is_ratio(stated, own) or _is_ratio(stated, beside)


def _is_above_share(stated: Amount, facts: Sequence[Fact]) -> bool:
    """Return whether a rank of so many is above that share: 36 of 120 is in the top third."""
    ranks = [fact.amount.size for fact in facts if fact.amount.unit == "rank"]
    counts = [fact.amount.size for fact in facts if not fact.amount.unit and fact.is_own]
    return any(is_near(stated, 100 * (1 - rank / count)) for rank in ranks for count in counts if count > rank)


def _own(stated: Amount, facts: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.is_own and not fact.is_baseline and fact.amount.unit == stated.unit]


def _fit(one: Fact, other: Fact) -> bool:
    """Return whether two numbers count the same: 11.8 patients and 5 visits have no difference."""
    nouns = {fact.amount.noun[:1] for fact in (one, other)}
    bare = () in nouns and EvidenceKind.DRIVER not in {fact.kind for fact in (one, other)}
    return bool(one.amount.unit) or len(nouns) == 1 or bare


def _is_complement(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether the number is what a share leaves: 8 % lie above who is above 92 %."""
    rest = _REST.match(text, stated.end)
    if rest is None:
        return False
    word = stems(rest["word"])
    shares = (fact.amount.size for fact in facts if fact.is_own and fact.amount.unit == "%" and not word & fact.stems)
    return any(is_near(stated, 100 - share) for share in shares if 0 < share < 100)  # noqa: PLR2004 # percent


def _is_place(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether a number of the text has this place, from the top, among those of its sentence of the evidence."""
    beside = _stated_twice(stated, text, facts)
    for sentence in {fact.stems for fact in facts}:
        together = [fact.amount for fact in facts if fact.stems == sentence]
        for other in beside:
            # As exactly written ones are compared: the ends of a scale, "from 0 to 1", have no place.
            alike = {each.size for each in together if (each.unit, each.tolerance) == (other.unit, other.tolerance)}
            if len(alike) > 1 and other.size in alike and stated.size == sum(size >= other.size for size in alike):
                return True
    return False


def _is_next(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether this is one more than there are, "do not run a 7th", or the last of what is given, "the 2nd"."""
    counts = {amount.size for amount in _stated_twice(stated, text, facts) if not amount.unit}
    counts |= {fact.amount.size for fact in facts if fact.is_own and not fact.amount.unit}
    article = _ARTICLE.search(text[: stated.start])
    if article is None:
        return False
    given = {fact.amount.size for fact in facts if fact.kind is EvidenceKind.ALLOCATION and not fact.amount.unit}
    return stated.size - 1 in counts or (article["one"].lower() in {"the", "this"} and stated.size in given)


def _stated_twice(stated: Amount, text: str, facts: Sequence[Fact], *, exactly: bool = False) -> list[Amount]:
    """Return the numbers that stand beside this one in the text and in the evidence."""
    others = [
        amount
        for amount in read_amounts(text)
        if amount.start != stated.start and (amount.bound is Bound.IS or not exactly)
    ]
    return [fact.amount for fact in facts if any(other.is_carried_by(fact.amount) for other in others)]


def _is_ratio(stated: Amount, amounts: Sequence[Amount]) -> bool:
    fallen = stated.unit == "%" and stated.bound is Bound.ABOVE  # "more than halved"
    ratio = replace(stated, size=stated.size / 100, tolerance=stated.tolerance / 100) if stated.unit == "%" else stated
    ratio = replace(ratio, tolerance=max(ratio.tolerance, ratio.size * _RATIO_TOLERANCE))
    sizes = {(amount.size, amount.unit) for amount in amounts if amount.size}
    return any(
        unit == other and (is_near(ratio, big / small) or (fallen and small < big and is_near(ratio, 1 - small / big)))
        for big, unit in sizes
        for small, other in sizes
        if big != small
    )
