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

IN: Final = "in"
OUT: Final = "out"
_LEAST: Final = 1e-6


def signs_of_word(tokens: Sequence[Token], place: int, lexicon: Lexicon) -> set[str]:
    """Return what tells whether a word is to be looked for."""
    words = [lexicon.heard(stem(token.word)) for token in tokens]
    said = words[place]
    kind = "filling" if is_filling(tokens[place].word) else "mark" if not said[-1].isalnum() else "word"
    told = signs_of_place(words, place, lexicon)
    return told | {said, kind} | {f"{kind}|{each}" for each in told}


def find_query(reading: Reading, model: Linear, lexicon: Lexicon) -> tuple[int, int, float]:
    """Return which tokens are to be looked for, from and to, and how sure that is; none where none are."""
    chances = (model.odds(signs_of_word(reading.tokens, place, lexicon))[IN] for place in range(len(reading.tokens)))
    ahead = [0.0, *accumulate(math.log((each + _LEAST) / (1 - each + _LEAST)) for each in chances)]
    runs = [(0, 0), *combinations(range(len(ahead)), 2)]
    scores = [ahead[stop] - ahead[start] for start, stop in runs]
    most = max(scores)
    return *runs[scores.index(most)], 1 / sum(math.exp(each - most) for each in scores)
