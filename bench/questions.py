"""How well an author's questions are understood when all others' are learned from, each with its arguments."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from row import Row

from bot.questions.learn import ASKED, EXAMPLES, learn, read_asked, vocabulary_of
from bot.questions.learned import unpack
from bot.questions.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.questions.learn import Asked

PACKAGES = ("scikit-learn",)
FEWEST = 200  # questions of an author, for a figure of its own


def rows(*, quick: bool) -> Iterator[Row]:
    asked = read_asked(ASKED)
    authors = sorted({one.author for one in asked})
    authors = [each for each in authors if sum(one.author == each for one in asked) >= FEWEST]
    for author in authors[:1] if quick else authors:
        right, wrong, answered = measure(asked, author)
        yield Row(f"questions of {author} understood", 100 * right / answered, unit="%", note=f"{wrong} wrong")


def measure(asked: Sequence[Asked], author: str) -> tuple[int, int, int]:
    """Return how many of an author's questions are understood, how many wrongly, how many have an answer."""
    examples = tomllib.loads(EXAMPLES.read_text("utf-8"))
    model = unpack(learn(examples, [one for one in asked if one.author != author]))
    vocabulary = vocabulary_of(asked)
    right = wrong = answered = 0
    for one in asked:
        if one.author == author:
            call = recognise(one.text, vocabulary, earlier=[one.before] if one.before else [], model=model)
            answered += one.call is not None
            right += call is not None and call == one.call
            wrong += call is not None and call != one.call
    return right, wrong, answered
