"""Sums, differences and multiples of cited numbers, where the text names them so."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Final

from bot.check.amounts import Bound, is_near, read_amounts

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
_MOST_TERMS: Final = 3
_RATIO_TOLERANCE: Final = Decimal("0.05")
_REACH: Final = 90  # characters around a number in which its being a sum is said


def is_derived(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether the number is the sum, difference or ratio of numbers that the evidence holds.

    Sums and differences are those of the account's own numbers; points may also lie between two percentages of a
    passage, and a ratio between two numbers that the text itself states.
    """
    if stated.unit == "x" or stated.written in {"50 %", "about 50 %"}:
        own = [fact.amount for fact in facts if fact.is_own]
        return _is_ratio(stated, own) or _is_ratio(stated, _stated_twice(stated, text, facts))
    near = text[max(stated.start - _REACH, 0) : stated.end + _REACH]
    if stated.unit == "%" and stated.bound is Bound.ABOVE and _is_above_share(stated, facts):
        return True
    if stated.unit == "%" and any(
        other.unit == "%" and is_near(stated, 100 - other.size) for other in _stated_twice(stated, text, facts)
    ):
        return True
    if stated.unit == "points":
        percents = [fact.amount.size for fact in facts if fact.amount.unit == "%"]
        return any(is_near(stated, abs(a - b)) for a, b in combinations(percents, 2))
    sizes = tuple(
        dict.fromkeys(
            fact.amount.size
            for fact in facts
            if fact.is_own and not fact.is_baseline and fact.amount.unit == stated.unit
        )
    )
    if _SUM.search(near) and any(
        is_near(stated, sum(chosen, Decimal(0)))
        for terms in range(2, _MOST_TERMS + 1)
        for chosen in combinations(sizes, terms)
    ):
        return True
    return bool(_DIFFERENCE.search(near)) and any(is_near(stated, abs(a - b)) for a, b in combinations(sizes, 2))


def _is_above_share(stated: Amount, facts: Sequence[Fact]) -> bool:
    """Return whether a rank of so many is above that share: 36 of 120 is in the top third."""
    ranks = [fact.amount.size for fact in facts if fact.amount.unit == "rank"]
    counts = [fact.amount.size for fact in facts if not fact.amount.unit and fact.is_own]
    return any(is_near(stated, 100 * (1 - rank / count)) for rank in ranks for count in counts if count > rank)


def _stated_twice(stated: Amount, text: str, facts: Sequence[Fact]) -> list[Amount]:
    """Return the numbers that stand beside this one in the text and in the evidence."""
    others = [amount for amount in read_amounts(text) if amount.start != stated.start]
    return [fact.amount for fact in facts if any(other.is_carried_by(fact.amount) for other in others)]


def _is_ratio(stated: Amount, amounts: Sequence[Amount]) -> bool:
    ratio = replace(stated, size=stated.size / 100, tolerance=stated.tolerance / 100) if stated.unit == "%" else stated
    ratio = replace(ratio, tolerance=max(ratio.tolerance, ratio.size * _RATIO_TOLERANCE))
    sizes = {(amount.size, amount.unit) for amount in amounts if amount.size}
    return any(
        unit == other and big != small and is_near(ratio, big / small) for big, unit in sizes for small, other in sizes
    )
