"""How well an author's questions are understood when all others' are learned: intents alone, not their arguments."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import numpy as np
from row import Row

from bot.questions.intents import NONE, Intents, stemmed
from bot.questions.learn import EXAMPLES, TEMPLATES, learn

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("scikit-learn",)
SURE = 0.9


def rows(*, quick: bool) -> Iterator[Row]:
    examples = tomllib.loads(EXAMPLES.read_text("utf-8"))
    authors = sorted({author for label, told in examples.items() if label != "words" for author in told} - {TEMPLATES})
    for author in authors[:1] if quick else authors:
        right, wrong, asked = measure(examples, author)
        yield Row(f"questions of {author} understood", 100 * right / asked, unit="%", note=f"{wrong} wrong")


def measure(examples: dict[str, dict[str, str]], author: str) -> tuple[int, int, int]:
    """Return how many of an author's questions are understood, how many wrongly, how many have an answer."""
    found = learn(examples, without=author)
    known = frozenset(str(found["known"]).split())
    model = Intents(
        names=tuple(str(found["names"]).split()),
        rows={sign: row for row, sign in enumerate(str(found["signs"]).split("\n"))},
        weights=found["weights"].astype(np.float32),
        bias=found["bias"],
        known=known,
        stems=frozenset(stemmed(sorted(known))),
        foreign=frozenset(str(found["foreign"]).split()),
        digest="",
    )
    right = wrong = asked = 0
    for label, told in examples.items():
        for line in told.get(author, "").strip().splitlines() if label != "words" else ():
            words = [f"<{word.lower()}>" if word.isupper() else word for word in line.split()]
            intent = model.find(words)
            said = intent.name if intent.probability >= SURE else NONE
            asked += label != NONE
            right += said == label != NONE
            wrong += said not in {label, NONE}
    return right, wrong, asked
