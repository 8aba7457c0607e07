"""Text as databases take it and as readers see it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Controls, format characters (zero-width, bidi, tags), surrogates, private use, unassigned.
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Invisible although Unicode calls them letters, marks or symbols: joiners, fillers, variation selectors, blank braille.
_HIDDEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def well_formed(text: str) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair that stands alone, as JSON may hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def without_invisible(text: str) -> str:
    """Return the text without characters that hide or rearrange what a reader sees; spaces and line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        for character in _HIDDEN.sub("", text)
        if character.isspace() or unicodedata.category(character) not in _HIDDEN_CATEGORIES
    )
