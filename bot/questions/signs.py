"""The signs that tell what a question means, and what one of its tokens does in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from bot.questions.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNKNOWN: Final = "<unknown>"
_LONGEST_RUN: Final = 3
_LETTERS: Final = (3, 4)
_SLOT: Final = re.compile(r"<\w+>")
_NAMED: Final = frozenset({"<feature>", "<either>", "<label>"})
_VALUES: Final = frozenset({"<number>", "<amount>", "<share>", "<money>", "<category>"})
_MOST: Final = 2
_LONG: Final = 6
_NEAR: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The stems that were ever said, and of some the sets of words with a like meaning that they are in."""

    stems: frozenset[str]
    alike: Mapping[str, tuple[str, ...]]

    def heard(self, word: str) -> str:
        """Return what a stem, a slot or a mark counts as."""
        return word if word in self.stems or _SLOT.fullmatch(word) or not word.isalnum() else UNKNOWN

    def sets(self, word: str) -> tuple[str, ...]:
        """Return the sets of words that a stem is in."""
        return self.alike.get(word, ())


def stemmed(words: Sequence[str]) -> list[str]:
    """Return the stems of words without marks; slots are their own."""
    return [word if _SLOT.fullmatch(word) else stem(word) for word in words if _SLOT.fullmatch(word) or word.isalnum()]


def signs_of_question(stems: Sequence[str], lexicon: Lexicon, *, before: str) -> set[str]:
    """Return runs of one to three stems, pairs, letters of each, how much is named, and all that after ``before``.

    An unknown word counts as such and by its letters. ``before`` is what was asked before.
    """
    heard = [lexicon.heard(each) for each in stems]
    padded = ["^", *heard, "$"]
    runs = {
        " ".join(padded[place : place + size])
        for size in range(1, _LONGEST_RUN + 1)
        for place in range(len(padded) - size + 1)
    }
    pairs = {f"{one}&{other}" for one, other in combinations(sorted(set(heard)), 2)}
    spelt = [f"#{each}#" for each in stems if not _SLOT.fullmatch(each)]
    letters = {
        each[place : place + size] for each in spelt for size in _LETTERS for place in range(len(each) - size + 1)
    }
    first = {f"{heard[0]}~{each}" for each in heard[1:]}
    named = min(sum(each in _NAMED for each in heard), _MOST)
    valued = sum(each in _VALUES for each in heard)
    amounts = f"<{named} {'all' if valued >= named else 'some'} {bool(valued)}>"
    told = runs | pairs | letters | first | set(_meanings(padded, lexicon)) | {amounts, f"{amounts}~{padded[1]}"}
    after = {*heard, *(each for one in heard for each in lexicon.sets(one)), amounts, str(min(len(heard), _LONG)), ""}
    return told | {f"{before}>{each}" for each in after} if before else told


def signs_of_single(words: Sequence[str], lexicon: Lexicon) -> set[str]:
    """Return what tells whether one driver is meant: words as they are, as "drivers" is another one than "driver"."""
    padded = ["^", *words, "$"]
    kinds = {f"@{each}{'s' * word.endswith('s')}" for word in words for each in lexicon.sets(stem(word))}
    return {*words, *map(" ".join, pairwise(padded)), *kinds, *map("&".join, combinations(sorted(kinds), 2))}


def _meanings(padded: Sequence[str], lexicon: Lexicon) -> Iterator[str]:
    """Yield the sets that the words are in, alone, with the words beside them and with one another."""
    sets = [lexicon.sets(each) for each in padded]
    for place, own in enumerate(sets):
        for each in own:
            yield f"@{each}"
            yield f"{padded[place - 1]} @{each}"
            yield f"@{each} {padded[place + 1]}"
            yield f"{padded[1]}~@{each}"
            yield from (f"@{each} @{other}" for other in sets[place + 1])
    for one, other in combinations(sorted({each for own in sets for each in own}), 2):
        yield f"@{one}&@{other}"


def signs_of_place(words: Sequence[str], place: int, lexicon: Lexicon) -> set[str]:
    """Return the words around a token: each with its distance, each with its side, and the nearest two together."""
    padded = [*(["^"] * _NEAR), *words, *(["$"] * _NEAR)]
    at = place + _NEAR
    told = {
        f"{padded[at - 2]} {padded[at - 1]}_",
        f"_{padded[at + 1]} {padded[at + 2]}",
        f"{padded[at - 1]}_{padded[at + 1]}",
    }
    for step in range(-_NEAR, _NEAR + 1):
        if step:
            told |= {
                f"{step}={each}" for each in (padded[at + step], *map("@{}".format, lexicon.sets(padded[at + step])))
            }
    for other, word in enumerate(words):
        if other != place:
            side = "left" if other < place else "right"
            told |= {f"{side}={each}" for each in (word, *map("@{}".format, lexicon.sets(word)))}
    return told
