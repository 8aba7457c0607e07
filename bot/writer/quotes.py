"""Whole sentences of passages that a plan may quote, each at most once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.evidence import EvidenceKind
from bot.writer.fitting import contradicts, count_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.evidence import Evidence
    from bot.writer.fitting import Measured

_MIN_WORDS, _MAX_WORDS = 7, 32
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"])")
# What points at a sentence before it says nothing on its own.
_POINTING = re.compile(
    r"(?:It|Its|They|Their|This|These|That|Those|He|She|Both|None|Neither|Each of|Such|Here|There|Then|But|And|Or|So|"
    r"(?:Below|Above|Under|Over) \d|The (?:former|latter|same|second|third|other|score|table|survey))\b"
)
_BULLET = re.compile(r"\s*[•‣▪◦\x7f]\s*|^\d{1,2}[.)]\s+")
_BROKEN = re.compile(r"[|…]")  # the cells of a table, the end of a text that was cut
_CORE_TERMS = 2
_SHARED_TERMS = 2
_MAX_NAMELIKE_SHARE = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence and the passage that it stands in."""

    text: str
    evidence_id: str
    document_kind: str


class Quotes:
    """The quotable sentences of some passages; what was taken is not offered again.

    ``quantities`` are those of the account: a sentence that states a bound or level which they do not meet is about
    somebody else and is left out.
    """

    def __init__(self, passages: Iterable[Evidence], *, quantities: Sequence[Measured] = ()) -> None:
        self._quotes = [
            Quote(text=sentence, evidence_id=item.evidence_id, document_kind=item.document_kind)
            for item in passages
            if item.kind is EvidenceKind.PASSAGE
            for sentence in _quotable_sentences(item.text)
            if not contradicts(sentence, quantities)
        ]
        self._taken: set[str] = set()

    def take(self, terms: Sequence[str], *, max_words: int = _MAX_WORDS, competitive: bool = False) -> Quote | None:
        """Return the untaken sentence that says most about these terms (beginnings of words), or None.

        It has to hold one of the first two terms, which name the thing itself, and as many as `_SHARED_TERMS` in all.
        What a document about competitors says is only offered when asked for: out of its place it reads as our own.
        """
        fitting = [
            (score, -place)
            for place, quote in enumerate(self._quotes)
            if quote.text not in self._taken
            and (quote.document_kind == "competitive") is competitive
            and len(quote.text.split()) <= max_words
            and (score := _score(quote.text, terms)) > 0
        ]
        if not fitting:
            return None
        quote = self._quotes[-max(fitting)[1]]
        self._taken.add(quote.text)
        return quote

    def find_answering(self, words: Iterable[str], *, limit: int) -> list[Quote]:
        """Return the sentences that hold at least two of a question's words, most first; all of them if it has one."""
        stems = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in words]
        counted = [(sum(1 for stem in stems if stem.search(quote.text)), quote) for quote in self._quotes]
        enough = [each for each in counted if each[0] >= max(min(2, len(stems)), 1)]
        return [quote for _, quote in sorted(enough, key=lambda each: -each[0])[:limit]]


def split_sentences(line: str) -> list[str]:
    """Return the sentences of a line, without the bullet or number before it."""
    return [sentence for part in _BULLET.split(line) for sentence in _SENTENCE_END.split(part) if sentence]


def _score(sentence: str, terms: Sequence[str]) -> float:
    """Return 0 for a sentence that will not do, else more the more of the terms and figures occur in it."""
    found = count_terms(sentence, terms)
    if not found or found[0] >= _CORE_TERMS or len(found) < min(_SHARED_TERMS, len(terms)):
        return 0.0
    figures = 0.6 if re.search(r"\d", sentence) else 0.0
    return sum(1.0 + 0.5 / (place + 1) for place in found) + figures - len(sentence) / 1_000


def _quotable_sentences(passage: str) -> list[str]:
    """Return the sentences that are whole and stand on their own: no table rows, no headings, no fragments."""
    found = []
    for line in passage.split("\n"):
        for sentence in split_sentences(line):
            words = sentence.split()
            if (
                _MIN_WORDS <= len(words) <= _MAX_WORDS
                and sentence[0].isupper()
                and sentence[-1] in ".!?"
                and not _BROKEN.search(sentence)
                and not _POINTING.match(sentence)
                and _namelike_share(words) <= _MAX_NAMELIKE_SHARE
            ):
                found.append(sentence)
    return found


def _namelike_share(words: Sequence[str]) -> float:
    """Return how many of the words are capitalised or figures: most in what was a table, few in prose."""
    return sum(1 for word in words[1:] if not word[0].islower()) / len(words)
