"""What a question means, whatever it names: a linear model that was learned from examples, and how sure it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.questions.words import stem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

WEIGHTS: Final = "intents.npz"
NONE: Final = "none"
UNKNOWN: Final = "<unknown>"
_LONGEST_RUN: Final = 3
_SLOT: Final = re.compile(r"<\w+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is meant, and how many words of the question are in no example, ``foreign`` ones in none with an answer.

    ``probability`` is that of its kind, drivers or others; ``share`` is that of this one among its kind.
    """

    name: str
    probability: float
    share: float
    unknown: int
    foreign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """Multinomial logistic regression over runs of stems.

    ``weights`` has a row for each run in ``rows`` and a column for each of ``names``; ``known`` are the words that were
    seen, ``stems`` theirs, ``foreign`` those that only questions without an answer have. ``digest`` is of the examples.
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
        heard = [each if each in self.stems else UNKNOWN for each in stemmed(words)]
        rows = [self.rows[run] for run in runs(heard, supposes=supposes) if run in self.rows]
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
            share=float(odds[best] / sum(alike)),
            unknown=heard.count(UNKNOWN),
            foreign=sum(each in self.foreign for each in heard),
        )


@cache
def intents() -> Intents:
    """Return the model that comes with the package; `bot.questions.learn` makes it from the examples."""
    with files("bot.questions").joinpath(WEIGHTS).open("rb") as file, np.load(file) as kept:
        known = frozenset(str(kept["known"]).split())
        return Intents(
            names=tuple(str(kept["names"]).split()),
            rows={run: row for row, run in enumerate(str(kept["runs"]).split("\n"))},
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


def runs(stems: Sequence[str], *, supposes: bool) -> set[str]:
    """Return the runs of one to three stems, every stem with the first one, and whether something is supposed."""
    padded = ["^", *stems, "$"]
    found = {
        " ".join(padded[place : place + size])
        for size in range(1, _LONGEST_RUN + 1)
        for place in range(len(padded) - size + 1)
    }
    supposed = {"<changes>", f"<changes>~{stems[0]}"} if supposes and stems else set()
    return found | supposed | {f"{stems[0]}~{each}" for each in stems[1:]}
