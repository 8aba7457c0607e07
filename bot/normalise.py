"""Text from outside, without the characters that hide or rearrange what a reader sees."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from storage.wellformed import without_invisible

_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)")
_SENTENCE_SHARE: Final = 0.6


def normalise(text: str, *, limit: int) -> str:
    """Return the text in NFKC on one line, without hidden characters, cut to ``limit`` characters.

    What is read of a longer text is bounded too, so a cell of a megabyte costs no more than its bound.
    """
    visible = without_invisible(text[: 4 * limit])
    # Once more: what was invisible can have kept two characters from composing, or NFKC can have made it.
    words = without_invisible(unicodedata.normalize("NFKC", visible)).split()
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
