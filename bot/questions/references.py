"""What is to be looked for in the documents, where a question asks that."""

from __future__ import annotations

import math
import re
from itertools import accumulate, combinations
from typing import TYPE_CHECKING, Final

from bot.questions.signs import signs_of_place
from bot.questions.words import TAKING_BACK, is_filling, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.network import Product
    from bot.questions.reading import Reading
    from bot.questions.signs import Lexicon
    from bot.questions.tokens import Token

FIRST: Final = "first"
INSIDE: Final = "inside"
LAST: Final = "last"
ONLY: Final = "only"
OUTSIDE: Final = "outside"
_LEAST: Final = 1e-6
# What no query begins or ends with: "regarding the SLA upgrade" looks for "SLA upgrade".
_BEFORE: Final = frozenset(
    """
    and or a an the any some our their its his her my your this that these those there anything something all about on
    of for in at to from with by as regarding concerning re around subject topic up say says mention mentions like um uh
    page pages passage passages section article just same then next sorry fine comes not yet where which what nothing
    else more
    """.split()
)
_AFTER: Final = frozenset(
    """
    please again exactly anywhere somewhere at all there for me us then too instead rather and or not yet lol haha
    thanks in is are was were be been get gets got come comes appear appears show shows up out down into written spelled
    spelt laid explained described documented covered listed defined mentioned noted discussed addressed regulated
    treated stored found dealt
    """.split()
)


def part_of(place: int, start: int, stop: int) -> str:
    """Return which part of the run from start to stop a token in this place is."""
    if not start <= place < stop:
        return OUTSIDE
    if stop - start == 1:
        return ONLY
    return FIRST if place == start else LAST if place == stop - 1 else INSIDE


def signs_of_word(tokens: Sequence[Token], place: int, lexicon: Lexicon, *, before: str) -> set[str]:
    """Return what tells whether a word is to be looked for; ``before`` is what kind of question came before."""
    words = [lexicon.heard(stem(token.word)) for token in tokens]
    said = words[place]
    kind = "filling" if is_filling(tokens[place].word) else "mark" if not said[-1].isalnum() else "word"
    told = signs_of_place(words, place, lexicon)
    return told | {said, kind} | {f"{kind}|{each}" for each in told} | {f"{before}>{kind}", f"{before}>{said}"}


def find_query(reading: Reading, model: Product, lexicon: Lexicon, *, before: str) -> tuple[int, int, float]:
    """Return which tokens are to be looked for if any are, from and to, and how sure that is."""
    tokens = reading.tokens
    odds = [model.odds(signs_of_word(tokens, place, lexicon, before=before)) for place in range(len(tokens))]
    # How much likelier each part is than that the token is outside.
    more = [{part: math.log((each[part] + _LEAST) / (each[OUTSIDE] + _LEAST)) for part in each} for each in odds]
    inside = [0.0, *accumulate(each[INSIDE] for each in more)]
    scores = {(place, place + 1): each[ONLY] for place, each in enumerate(more)}
    for first, last in combinations(range(len(more)), 2):
        scores[first, last + 1] = more[first][FIRST] + inside[last] - inside[first + 1] + more[last][LAST]
    marks = {place for place, token in enumerate(tokens) if not token.is_slot and not token.word.isalnum()}
    scores = {run: score for run, score in scores.items() if not {run[0], run[1] - 1} & marks}
    most = max(scores.values(), default=0.0)
    chances: dict[tuple[int, int], float] = {}
    for run, score in scores.items():
        kept = _whole(reading, *_without_frame(reading, *_whole(reading, *run)))
        if kept != (0, 0):
            chances[kept] = chances.get(kept, 0.0) + math.exp(score - most)
    best = max(chances, key=chances.__getitem__, default=(0, 0))
    if not chances or _is_taken_back(reading.text[tokens[best[0]].start :]):
        return 0, 0, 0.0
    return *best, chances[best] / sum(chances.values())


def _is_taken_back(text: str) -> bool:
    """Whether what the text begins with is taken back for what follows: "SOC 1, sorry, SOC 2 reports"."""
    words = re.findall(r"\w+", text.casefold())
    last = max((place for place, word in enumerate(words) if word in TAKING_BACK), default=len(words))
    return any(not is_filling(word) for word in words[last + 1 :])


def _whole(reading: Reading, start: int, stop: int) -> tuple[int, int]:
    """Return the run with all of its first and last word: "single sign-on" is no "single sign"."""
    tokens = reading.tokens
    while start > 0 and reading.text[tokens[start - 1].end : tokens[start].start] == "-":
        start -= 1
    while 0 < stop < len(tokens) and reading.text[tokens[stop - 1].end : tokens[stop].start] == "-":
        stop += 1
    return start, stop


def _without_frame(reading: Reading, start: int, stop: int) -> tuple[int, int]:
    """Return the run without what only frames a query; none if that is all there is."""
    tokens = reading.tokens
    # "The US" and "our IT" are no pronouns.
    named = {place for place, each in enumerate(tokens) if reading.text[each.start : each.end] in {"US", "IT"}}
    while start < stop and tokens[start].word in _BEFORE:
        start += 1
    while start < stop and tokens[stop - 1].word in _AFTER and stop - 1 not in named:
        stop -= 1
    pronoun = stop - start == 1 and is_filling(tokens[start].word) and start not in named
    return (start, stop) if start < stop and not pronoun else (0, 0)
