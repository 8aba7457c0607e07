"""What is to be looked for in the documents, where a question asks that."""

from __future__ import annotations

import math
from itertools import accumulate, combinations
from typing import TYPE_CHECKING, Final

from bot.questions.signs import signs_of_place
from bot.questions.words import is_filling, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.linear import Linear
    from bot.questions.reading import Reading, Token
    from bot.questions.signs import Lexicon

FIRST: Final = "first"
INSIDE: Final = "inside"
LAST: Final = "last"
ONLY: Final = "only"
OUTSIDE: Final = "outside"
_LEAST: Final = 1e-6


def part_of(place: int, start: int, stop: int) -> str:
    """Return which part of the run from start to stop a token in this place is."""
    if not start <= place < stop:
        return OUTSIDE
    if stop - start == 1:
        return ONLY
    return FIRST if place == start else LAST if place == stop - 1 else INSIDE


def signs_of_word(tokens: Sequence[Token], place: int, lexicon: Lexicon) -> set[str]:
    """Return what tells whether a word is to be looked for."""
    words = [lexicon.heard(stem(token.word)) for token in tokens]
    said = words[place]
    kind = "filling" if is_filling(tokens[place].word) else "mark" if not said[-1].isalnum() else "word"
    told = signs_of_place(words, place, lexicon)
    return told | {said, kind} | {f"{kind}|{each}" for each in told}


def find_query(reading: Reading, model: Linear, lexicon: Lexicon) -> tuple[int, int, float]:
    """Return which tokens are to be looked for, from and to, and how sure that is; none where none are."""
    tokens = reading.tokens
    odds = [model.odds(signs_of_word(tokens, place, lexicon)) for place in range(len(tokens))]
    # How much likelier each part is than that the token is outside.
    more = [{part: math.log((each[part] + _LEAST) / (each[OUTSIDE] + _LEAST)) for part in each} for each in odds]
    inside = [0.0, *accumulate(each[INSIDE] for each in more)]
    scores = {(place, place + 1): each[ONLY] for place, each in enumerate(more)}
    for first, last in combinations(range(len(more)), 2):
        scores[first, last + 1] = more[first][FIRST] + inside[last] - inside[first + 1] + more[last][LAST]
    marks = {place for place, token in enumerate(tokens) if not token.is_slot and not token.word.isalnum()}
    scores = {run: score for run, score in scores.items() if not {run[0], run[1] - 1} & marks}
    scores[0, 0] = 0.0
    (start, stop), most = max(scores.items(), key=lambda each: each[1])
    return start, stop, 1 / sum(math.exp(each - most) for each in scores.values())
