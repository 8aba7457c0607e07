"""Text from outside, without the characters that hide or rearrange what a reader sees."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Controls, format characters (zero-width, bidi, tags), surrogates, private use, unassigned.
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Invisible although Unicode calls them letters, marks or symbols: joiners, fillers, variation selectors, blank braille.
_HIDDEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)")
_SENTENCE_SHARE: Final = 0.6


def normalise(text: str, *, limit: int) -> str:
    """Return the text in NFKC on one line, without hidden characters, cut to ``limit`` characters.

    What is read of a longer text is bounded too, so a cell of a megabyte costs no more than its bound.
    """
    visible = _visible(text[: 4 * limit])
    # Once more: what was invisible can have kept two characters from composing, or NFKC can have made it.
    words = _visible(unicodedata.normalize("NFKC", visible)).split()
    shown = " ".join(words)
    return cut(shown if len(text) <= 4 * limit else f"{shown} …", limit)


def cut(text: str, limit: int) -> str:
    """Return at most ``limit`` characters; what is cut ends at a sentence or a word, and then with ``…``."""
    if len(text) <= limit:
        return text
    start = text[: limit - 1]
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit) if match.end() < limit]
    if ends and ends[-1] >= limit * _SENTENCE_SHARE:
        return f"{text[: ends[-1]]}…"
    words = start if text[limit - 1].isspace() else start.rpartition(" ")[0]
    # A single endless word is cut where the room ends.
    return f"{(words if len(words) >= limit // 2 else start).rstrip()}…"


def capitalise(text: str) -> str:
    """Return the text with a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if character.isspace() else character
        for character in _HIDDEN.sub("", text)
        if character.isspace() or unicodedata.category(character) not in _HIDDEN_CATEGORIES
    )
