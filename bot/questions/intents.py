"""What a question means, whatever it names: a linear model that was learned from examples, and how sure it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.questions.words import stem

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from numpy.typing import NDArray

WEIGHTS: Final = "intents.npz"
NONE: Final = "none"
UNKNOWN: Final = "<unknown>"
_LONGEST_RUN: Final = 3
_LETTERS: Final = (3, 4)
_SLOT: Final = re.compile(r"<\w+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is meant, and how many words of the question are in no example, ``foreign`` ones in none with an answer.

    ``probability`` is that of its kind, drivers or others.
    """

    name: str
    probability: float
    unknown: int
    foreign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """Multinomial logistic regression over signs.

    ``weights`` has a row for each sign in ``rows`` and a column for each of ``names``; ``known`` are the words that
    were seen, ``stems`` theirs, ``foreign`` those that only questions without an answer have. ``digest`` is of the
    examples.
    """

    names: tuple[str, ...]
    rows: Mapping[str, int]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    known: frozenset[str]
    stems: frozenset[str]
    foreign: frozenset[str]
    digest: str

    def find(self, words: Sequence[str], *, supposes: bool = False) -> Intent:
        """Return what words mean, slots among them; ``supposes`` where every feature has an amount beside it."""
        stems = stemmed(words)
        told = signs(stems, known=self.stems, supposes=supposes)
        rows = [self.rows[sign] for sign in told if sign in self.rows]
        scores = self.weights[rows].sum(axis=0) + self.bias
        odds = np.exp(scores - scores.max())
        odds /= odds.sum()
        best = int(odds.argmax())
        # Which drivers are meant is another question than whether drivers are.
        kind = self.names[best].partition("-")[0]
        alike = [odds[place] for place, name in enumerate(self.names) if name.partition("-")[0] == kind]
        return Intent(
            name=self.names[best],
            probability=float(sum(alike)),
            unknown=sum(each not in self.stems for each in stems),
            foreign=sum(each in self.foreign for each in stems),
        )


@cache
def intents() -> Intents:
    """Return the model that comes with the package; `bot.questions.learn` makes it from the examples."""
    with files("bot.questions").joinpath(WEIGHTS).open("rb") as file, np.load(file) as kept:
        known = frozenset(str(kept["known"]).split())
        return Intents(
            names=tuple(str(kept["names"]).split()),
            rows={sign: row for row, sign in enumerate(str(kept["signs"]).split("\n"))},
            weights=kept["weights"].astype(np.float32),
            bias=kept["bias"].astype(np.float32),
            known=known,
            stems=frozenset(stemmed(sorted(known))),
            foreign=frozenset(str(kept["foreign"]).split()),
            digest=str(kept["digest"]),
        )


def stemmed(words: Sequence[str]) -> list[str]:
    """Return the stems of words without marks; slots are their own."""
    return [word if _SLOT.fullmatch(word) else stem(word) for word in words if _SLOT.fullmatch(word) or word.isalnum()]


def signs(stems: Sequence[str], *, known: Container[str], supposes: bool) -> set[str]:
    """Return what tells the meaning of stems: runs of one to three, pairs, letters of each, whether all is supposed.

    What is not ``known`` counts as an unknown word and by its letters.
    """
    heard = [each if each in known else UNKNOWN for each in stems]
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
    supposed = {"<changes>", f"<changes>~{heard[0]}"} if supposes and heard else set()
    return runs | pairs | letters | first | supposed
