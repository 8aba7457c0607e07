"""Which engine's text to use, file by file.

pdfium goes first: it is ten times as fast and finds the most words. pypdf is asked too where pdfium

- refuses the file, or dies of it;
- shows text on a page and reads none of it (vertical writing in fonts that the file does not hold);
- gives more than 1 % of its characters as what stands for an unknown one;
- runs words together (more than 15 letters to a word).

Of two texts the one with more sound words is used, pdfium's where they have as many.
"""

import re
import unicodedata
from typing import Final

from kb.extraction.reader import Reader
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused

_MOST_UNKNOWN: Final = 0.01
_LONGEST_MEAN: Final = 15.0
# A word of a script that parts them, or one character of a script that does not.
_IDEOGRAPH: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
_WORD: Final = re.compile(rf"[{_IDEOGRAPH}]|[^\W{_IDEOGRAPH}]{{1,25}}(?!\w)")
_LETTERS: Final = re.compile(rf"[^\W{_IDEOGRAPH}]+")
_FINAL: Final = frozenset({Refusal.PAGES, Refusal.CHARACTERS})


def extract(reader: Reader, pdf: bytes, limits: Limits) -> Extracted | Refused:
    """Return the better of what the engines find, or the more telling of their reasons."""
    first = reader.read(pdf, Engine.PDFIUM, limits)
    if not needs_another(first):
        return first
    second = reader.read(pdf, Engine.PYPDF, limits)
    if isinstance(first, Extracted) and isinstance(second, Extracted):
        return second if sound_words(second) > sound_words(first) else first
    if isinstance(first, Extracted):
        return first
    if isinstance(second, Extracted):
        # An engine that skips what another one dies of finds no words: the death says more.
        return second if sound_words(second) or second.hidden else first
    return min(first, second, key=lambda refused: list(Refusal).index(refused.why))


def needs_another(found: Extracted | Refused) -> bool:
    """Return whether the other engine may do better."""
    if isinstance(found, Refused):
        return found.why not in _FINAL
    text = "".join(found.pages)
    letters = _LETTERS.findall(text)
    return (
        found.lost > 0
        or unknown_characters(text) > _MOST_UNKNOWN * len(text)
        or sum(map(len, letters)) > _LONGEST_MEAN * max(len(letters), 1)
    )


def sound_words(found: Extracted) -> int:
    """Return how many words there are of at most 25 letters and without an unknown character."""
    return sum(len(_WORD.findall(page)) for page in found.pages)


def unknown_characters(text: str) -> int:
    """Return how many characters stand for one that the engine does not know: U+FFFD, private use, controls."""
    if text.isascii() and text.isprintable():
        return 0
    return sum(
        character == "\ufffd" or (unicodedata.category(character) in {"Co", "Cn", "Cc"} and character not in "\n\t\x7f")
        for character in text
    )
