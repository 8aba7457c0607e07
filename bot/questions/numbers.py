"""Which number of actions or drivers a question asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bot.questions.reading import Unit
from bot.questions.words import stem
from bot.tools.calls import MOST_DRIVERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.reading import Reading, Token

_MOST_ACTIONS: Final = 99
_BOTH: Final = 2
_SUPERLATIVES: Final = frozenset(
    map(
        stem,
        "biggest strongest largest most single highest heaviest greatest worst best weightiest top main".split(),  # noqa: SIM905
    )
)
_ONE_DRIVER: Final = frozenset(
    """
    driver factor feature signal reason thing variable influence contributor lever positive negative culprit detractor
    booster brake drag headwind tailwind
    """.split()  # noqa: SIM905
)
# Words that ask about another number than the account gets: "why not", "what blocked", "what would it take".
_OTHER: Final = frozenset(
    map(
        stem,
        """
        not block blocked stopped stops stop kept keep prevented prevent way take need needed missing expected bet nice
        thought hoped wanted maximum full reach require required instead would too against rather
        guessed guess from asked
        """.split(),  # noqa: SIM905
    )
)
_RANKED: Final = frozenset(map(stem, "rank ranked ranking position place spot list priority".split()))  # noqa: SIM905


def number_of_actions(reading: Reading, given: int) -> int | Literal[False] | None:
    """Return the other number of actions that is asked about; None for no other, False where that is not clear.

    "Why only 2" supposes what the account gets, "why not 3" asks for another number; "one more" is one more than
    ``given``.
    """
    counts = [(place, token) for place, token in enumerate(reading.tokens) if token.amount is not None]
    if any(not _is_count(token, _MOST_ACTIONS) for _, token in counts) or len(counts) > _BOTH:
        return False
    stems = [stem(word) for word in reading.words]
    if not counts or _RANKED & set(stems):
        return None
    if len(counts) == _BOTH:
        denied = [
            (place, token) for place, token in counts if set(stems[max(place - 3, 0) : place]) & {"not", "of", "than"}
        ]
        if not denied:
            return False
        place, token = denied[0] if "not" in stems[max(denied[0][0] - 3, 0) : denied[0][0]] else denied[-1]
        return _count(token)
    place, token = counts[0]
    after = reading.words[place + 1] if place + 1 < len(stems) else ""
    if after in {"more", "fewer", "less"}:
        number = given + (_count(token) if after == "more" else -_count(token))
        return number if number >= 0 else False
    supposed = set(reading.words[:place]) & {"only", "just", "exactly", "stuck", "merely"} or stems[place - 1] == "than"
    ordinal = token.amount is not None and token.amount.unit is Unit.ORDINAL
    other = bool(_OTHER & set(stems)) or bool(
        {"rule", "ruled", "rules"} & set(reading.words) and "out" in reading.words
    )
    return _count(token) if ordinal or (other and not supposed) else None


def number_of_drivers(reading: Reading) -> int | Literal[False] | None:
    """Return how many drivers are asked for; None for the usual number, False where that is not clear."""
    counts = [token for token in reading.tokens if token.amount is not None and token.word != "<money>"]
    if len(counts) == 1 and _is_count(counts[0], MOST_DRIVERS) and _count(counts[0]):
        return _count(counts[0])
    if counts:
        return False
    words = [word for word in reading.words if word.isalpha()]
    return 1 if _names_one(words) else None


def _names_one(words: Sequence[str]) -> bool:
    """Tell "the biggest driver" from "the biggest drivers"."""
    one = any(word in _ONE_DRIVER for word in words)
    several = any(word not in _ONE_DRIVER and word.removesuffix("s") in _ONE_DRIVER for word in words)
    return one and not several and bool(_SUPERLATIVES & set(map(stem, words)))


def _is_count(token: Token, most: int) -> bool:
    amount = token.amount
    return (
        amount is not None
        and amount.unit in {Unit.NONE, Unit.ORDINAL}
        and not amount.sign
        and amount.value == int(amount.value) <= most
    )


def _count(token: Token) -> int:
    return int(token.amount.value) if token.amount is not None else 0
