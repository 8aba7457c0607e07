"""What was learned from questions that people asked: the words they use and what tells their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bot.questions.linear import Linear
from bot.questions.signs import Lexicon
from bot.questions.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

WEIGHTS: Final = "learned.npz"
MODELS: Final = ("intent", "single", "change", "count", "query")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The words that were seen, their stems, and a model for each thing that a question leaves to be told.

    ``intent`` tells what is asked, ``facts`` which of several facts, ``single`` whether one driver is meant, ``change``
    what an amount does to a feature, ``count`` what a number of actions or drivers is, ``query`` which words are to be
    looked for. ``digest`` is of what it was learned from.
    """

    known: frozenset[str]
    lexicon: Lexicon
    intent: Linear
    single: Linear
    change: Linear
    count: Linear
    query: Linear
    digest: str


@cache
def learned() -> Learned:
    """Return what comes with the package; `bot.questions.learn` makes it."""
    with files("bot.questions").joinpath(WEIGHTS).open("rb") as file, np.load(file) as kept:
        return unpack(kept)


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Learned:
    """Return what `bot.questions.learn` put into arrays."""
    known = frozenset(str(arrays["known"]).split())
    models = {
        model: Linear(
            names=tuple(str(arrays[f"{model}.names"]).split()),
            rows={sign: row for row, sign in enumerate(str(arrays[f"{model}.signs"]).split("\n"))},
            weights=arrays[f"{model}.weights"].astype(np.float32),
            bias=arrays[f"{model}.bias"].astype(np.float32),
        )
        for model in MODELS
    }
    alike = dict(line.split(" ", 1) for line in str(arrays["alike"]).splitlines())
    lexicon = lexicon_of(known, alike)
    return Learned(known=known, lexicon=lexicon, digest=str(arrays["digest"]), **models)


def lexicon_of(words: Iterable[str], alike: Mapping[str, str]) -> Lexicon:
    """Return what is known of these words, where ``alike`` names sets of words with a like meaning."""
    sets: dict[str, tuple[str, ...]] = {}
    for name, told in alike.items():
        for each in set(map(stem, told.split())):
            sets[each] = (*sets.get(each, ()), name)
    return Lexicon(stems=frozenset(map(stem, words)), alike=sets)
