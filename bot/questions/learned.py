"""What was learned from questions that people asked: the words they use and what tells their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bot.questions.linear import Linear
from bot.questions.network import Network, Product
from bot.questions.signs import Lexicon
from bot.questions.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

WEIGHTS: Final = "learned.npz"
STEP: Final = 1 / 16  # between two weights as they are kept
FINE_STEP: Final = 1 / 64  # of the network
MODELS: Final = ("intent", "single", "change", "count", "query")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The words that were seen, and a model for each thing that a question leaves to be told.

    ``lexicon`` has their stems, ``sought`` those that tell something about what is to be looked for.
    ``intent`` tells what is asked, ``single`` whether one driver is meant, ``change``
    what an amount does to a feature, ``count`` what a number of actions or drivers is, ``query`` which words are to be
    looked for. ``digest`` is of what it was learned from.
    """

    known: frozenset[str]
    lexicon: Lexicon
    sought: Lexicon
    intent: Product
    single: Product
    change: Product
    count: Product
    query: Product
    digest: str


@cache
def learned() -> Learned:
    """Return what comes with the package; `bot.questions.learn` makes it."""
    with files("bot.questions").joinpath(WEIGHTS).open("rb") as file, np.load(file) as kept:
        return unpack(kept)


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Learned:
    """Return what `bot.questions.learn` put into arrays."""
    known = frozenset(str(arrays["known"]).split())
    models = {model: product_of(model, arrays) for model in MODELS}
    alike = dict(line.split(" ", 1) for line in str(arrays["alike"]).splitlines())
    lexicon = lexicon_of(map(stem, known), alike)
    sought = lexicon_of(models["query"].linear.rows, alike)
    return Learned(known=known, lexicon=lexicon, sought=sought, digest=str(arrays["digest"]), **models)


def product_of(model: str, arrays: Mapping[str, NDArray[Any]]) -> Product:
    """Return one of the models in arrays."""
    linear = Linear(
        names=tuple(str(arrays[f"{model}.names"]).split()),
        rows=_rows(arrays[f"{model}.signs"]),
        weights=arrays[f"{model}.weights"].T.astype(np.float32) * STEP,
        bias=arrays[f"{model}.bias"],
    )
    network = Network(
        names=linear.names,
        rows=_rows(arrays[f"{model}.network.signs"]),
        hidden=arrays[f"{model}.network.hidden"].T.astype(np.float32) * FINE_STEP,
        hidden_bias=arrays[f"{model}.network.hidden_bias"],
        weights=arrays[f"{model}.network.weights"],
        bias=arrays[f"{model}.network.bias"],
    )
    return Product(linear=linear, network=network)


def _rows(signs: NDArray[Any]) -> dict[str, int]:
    return {sign: row for row, sign in enumerate(str(signs).split("\n"))}


def lexicon_of(stems: Iterable[str], alike: Mapping[str, str]) -> Lexicon:
    """Return what is known of these stems, where ``alike`` names sets of words with a like meaning."""
    sets: dict[str, tuple[str, ...]] = {}
    for name, told in alike.items():
        for each in set(map(stem, told.split())):
            sets[each] = (*sets.get(each, ()), name)
    return Lexicon(stems=frozenset(stems), alike=sets)
