"""Sums, differences and multiples of cited numbers, where the text names them so."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Final

from bot.check.amounts import is_near
from bot.evidence import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.check.amounts import Amount
    from bot.check.carriers import Fact

_SUM: Final = re.compile(
    r"\b(?:together|combined|in total|in all|altogether|jointly|sum|between them|add up to|both)\b", re.IGNORECASE
)
_DIFFERENCE: Final = re.compile(
    r"\b(?:difference|gap|apart|net|distance|spread|wide|further|ahead of|behind|outweighs?|exceeds?|higher than|"
    r"lower than|more than (?:the|its|their|they)|less than (?:the|its|their))\b",
    re.IGNORECASE,
)
_MOST_TERMS: Final = 3
_REACH: Final = 90  # characters around a number in which its being a sum is said


def is_derived(stated: Amount, text: str, facts: Sequence[Fact]) -> bool:
    """Return whether the number is the sum, difference or ratio of numbers of the account that the evidence holds."""
    near = text[max(stated.start - _REACH, 0) : stated.end + _REACH]
    own = [fact.amount for fact in facts if fact.kind is not EvidenceKind.PASSAGE and fact.is_own]
    if stated.unit == "x" or (stated.unit == "%" and stated.written.endswith("50 %")):
        return _is_ratio(stated, own)
    same = [amount for amount in own if amount.unit == stated.unit]
    # Of a driver's sentence its effect counts, the first amount after its value, and of the baseline nothing.
    sizes = tuple(dict.fromkeys(amount.size for amount in same))
    if _SUM.search(near) and any(
        is_near(stated, sum(chosen, Decimal(0)))
        for terms in range(2, _MOST_TERMS + 1)
        for chosen in combinations(sizes, terms)
    ):
        return True
    return bool(_DIFFERENCE.search(near)) and any(is_near(stated, abs(a - b)) for a, b in combinations(sizes, 2))


def _is_ratio(stated: Amount, own: Sequence[Amount]) -> bool:
    stated_ratio = stated.size / 100 if stated.unit == "%" else stated.size
    tolerance = max(stated.tolerance / (100 if stated.unit == "%" else 1), stated_ratio * Decimal("0.05"))
    sizes = {(amount.size, amount.unit) for amount in own if amount.size}
    return any(
        unit == other and big != small and abs(big / small - stated_ratio) <= tolerance
        for big, unit in sizes
        for small, other in sizes
    )
