"""Which number of actions or drivers a question asks about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.questions.signs import signs_of_place
from bot.questions.tokens import Unit
from bot.questions.words import ORDINALS, stem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.questions.network import Product
    from bot.questions.signs import Lexicon
    from bot.questions.tokens import Token

IS: Final = "is"
MORE: Final = "more"
FEWER: Final = "fewer"
ROLES: Final = (IS, MORE, FEWER)
NOT: Final = "not"  # of what it gets, of a rank, of anything else
_SAID: Final = {
    "none": 0,
    "zero": 0,
    "nothing": 0,
    "any": 0,
    "no": 0,
    "another": 1,
    "extra": 1,
    "additional": 1,
    "pair": 2,
    "trio": 3,
}
_ALL: Final = frozenset({"maximum", "full", "all", "limit", "cap", "possible"})
_TIMES: Final = {"twice": 2.0, "double": 2.0, "triple": 3.0, "half": 0.5}
_MOST: Final = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number that may be of actions or drivers, where it stands and how it was written."""

    place: int
    kind: str
    number: int


def find_counts(tokens: Sequence[Token], *, given: int, most: int) -> list[Count]:
    """Return the whole numbers, however they are said; ``given`` is what there would be twice, ``most`` "all"."""
    found = []
    for place, token in enumerate(tokens):
        amount = token.amount
        if amount is not None:
            if (
                amount.unit in {Unit.NONE, Unit.ORDINAL}
                and token.word != "<money>"
                and not amount.sign
                and amount.value == int(amount.value) <= _MOST
            ):
                kind = "ordinal" if amount.unit is Unit.ORDINAL else "number"
                found.append(Count(place=place, kind=kind, number=int(amount.value)))
        elif token.word in ORDINALS:
            found.append(Count(place=place, kind="ordinal", number=ORDINALS[token.word]))
        elif token.word in _SAID:
            found.append(Count(place=place, kind=token.word, number=_SAID[token.word]))
        elif token.word in _ALL:
            found.append(Count(place=place, kind="all", number=most))
        elif token.word in _TIMES and given > 0 and (given * _TIMES[token.word]).is_integer():
            found.append(Count(place=place, kind="times", number=int(given * _TIMES[token.word])))
    return found


def signs_of_count(
    tokens: Sequence[Token],
    counts: Sequence[Count],
    count: Count,
    lexicon: Lexicon,
    *,
    given: int,
    about: str,
    before: str,
) -> set[str]:
    """Return what tells what a number is: of a question ``about`` drivers or actions, of which ``given`` are."""
    words = [stem(token.word) for token in tokens]
    relation = "given" if count.number == given else "above" if count.number > given else "below"
    told = signs_of_place(words, count.place, lexicon)
    others = [each for each in counts if each is not count]
    told |= {f"{counts.index(count)} of {len(counts)}", f"{relation} given", f"zero {not count.number}"}
    told |= {f"with {each.kind} {'left' if each.place < count.place else 'right'}" for each in others}
    beside = "beside given" if any(each.number == given for each in others) else ""
    told |= {f"{relation} {count.number} {beside}", f"{relation} of {len(counts)} {beside}", beside}
    told |= {f"{before}>", f"{before}>{min(len(words), 6)}", count.kind}
    return {f"{about}:{each}" for each in told | {f"{count.kind}|{each}" for each in told}}


def read_count(
    tokens: Sequence[Token], model: Product, lexicon: Lexicon, *, given: int, most: int, about: str, before: str
) -> tuple[int | None, float]:
    """Return the number that is asked about, None for none, and how sure that is, for `signs_of_count` of all."""
    counts = find_counts(tokens, given=given, most=most)
    odds = [
        model.odds(signs_of_count(tokens, counts, each, lexicon, given=given, about=about, before=before))
        for each in counts
    ]
    # For each of them, how likely each number is to be asked about by it; none by what it gets anyway.
    asked = [_asked(count, each, given) for count, each in zip(counts, odds, strict=True)]
    none = math.prod(each[None] for each in asked)
    chances: dict[int | None, float] = {None: none}
    for number in {number for each in asked for number in each if number is not None}:
        # The same number may be said twice.
        chances[number] = math.prod(each[None] + each.get(number, 0.0) for each in asked) - none
    best = max(chances, key=chances.__getitem__)
    return best, chances[best] / sum(chances.values())


def _asked(count: Count, odds: Mapping[str, float], given: int) -> dict[int | None, float]:
    chances: dict[int | None, float] = {None: odds[NOT]}
    for role in ROLES:
        number = number_of(role, count, given=given)
        if number >= 0:
            asked = None if number == given > 0 else number
            chances[asked] = chances.get(asked, 0.0) + odds.get(role, 0.0)
    return chances


def number_of(role: str, count: Count, *, given: int) -> int:
    """Return the number that is meant where it has this role."""
    return {IS: count.number, MORE: given + count.number, FEWER: given - count.number}[role]
