"""Page texts -> passages: one section on one page, short enough to quote, whole sentences."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kb.documents import DocumentText

MAX_WORDS: Final = 180

_LONGEST_WORD: Final = (
    12  # characters that count as one: scripts that part no words, and endless ones, have a limit too
)
_EDGE_LINES = 4  # how deep a running head or foot reaches into a page
_PAGE_NUMBER = re.compile(
    r"(?:(?:page|seite|p\.)\s*)?[-\u2013\u2014]?\s*\d{1,4}\s*(?:(?:of|/|von)\s*\d{1,4})?\s*[-\u2013\u2014]?",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'\u201d\u2019)\]]*\s+(?=[\"'\u201c\u2018(\[]?[A-Z0-9$€£])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|cf|approx|incl|no|fig|inc|ltd|corp|mr|mrs|ms|dr|st)|\b[A-Z])\.$", re.IGNORECASE
)
_LIST_ITEM = re.compile(r"(?:•|\d{1,3}[.)]|[-\u2013*])\s")
_HEADING_WORDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A quotable piece of a document."""

    passage_id: str  # from file, page, section and text: the same passage keeps its id through rebuilds
    document: str  # title
    file: str
    kind: str
    page: int  # 1-based
    section: str  # "" when the document shows none
    text: str  # paragraphs, list items and table rows ("cell | cell") on lines of their own
    pack: str = ""  # of its document


def split_passages(document: DocumentText) -> tuple[Passage, ...]:
    """Split a document into passages of at most `MAX_WORDS` words, in reading order."""
    section = ""
    passages: dict[str, Passage] = {}
    for number, lines in enumerate(_without_running_lines(document.pages), start=1):
        titles = [entry.title for entry in document.outline if entry.page == number]
        for heading, body in _sections(lines, titles, guess=not document.outline):
            section = heading if heading is not None else section
            for text in _pack(list(_units(body))):
                passage_id = _passage_id(document.file, number, section, text)
                passages[passage_id] = Passage(
                    passage_id=passage_id,
                    document=document.title,
                    file=document.file,
                    kind=document.kind,
                    page=number,
                    section=section,
                    text=text,
                    pack=document.pack,
                )
    return tuple(passages.values())


def _passage_id(file: str, page: int, section: str, text: str) -> str:
    return hashlib.sha256("\0".join((file, str(page), section, text)).encode()).hexdigest()[:16]


def _without_running_lines(pages: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the lines of each page without page numbers and without what is repeated at the edge of most pages.

    A page that holds nothing else keeps its lines: better a needless line than a lost fact.
    """
    split = [page.split("\n") for page in pages]
    edges = [_edges(lines) for lines in split]
    shapes = [[_shape(line, page=number) for line in lines] for number, lines in enumerate(split, start=1)]
    seen = Counter(shape for page in range(len(pages)) for shape in {shapes[page][line] for line in edges[page]})
    repeated = {shape for shape, times in seen.items() if times >= max(2, 0.5 * len(pages))}
    for page, lines in enumerate(split):
        kept = [
            line
            for number, line in enumerate(lines)
            if not (
                number in edges[page] and (shapes[page][number] in repeated or _PAGE_NUMBER.fullmatch(line.strip()))
            )
        ]
        yield kept if any(kept) else lines


def _edges(lines: list[str]) -> set[int]:
    filled = [index for index, line in enumerate(lines) if line.strip()]
    return {*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]}


def _shape(line: str, *, page: int) -> str:
    """Return the line with its page number masked: "3 of 6" anywhere, else at either end; a cover may not count."""
    counted = re.sub(r"\b\d{1,4} ?(?:of|/|von) ?\d{1,4}\b", "#", line.casefold().strip())
    return re.sub(rf"^(?:{page}|{page - 1})\b|\b(?:{page}|{page - 1})$", "#", counted)


def _sections(lines: list[str], titles: list[str], *, guess: bool) -> Iterator[tuple[str | None, list[str]]]:
    """Part a page at its headings; the first part has None for a heading: it goes on from the page before."""
    starts: list[tuple[int, int, str | None]] = [(0, 0, None)]  # (line of the heading, first line after it, heading)
    for title in titles:
        found = _find_heading(lines, title, after=starts[-1][1])
        if found is not None:
            starts.append((*found, title))
    if guess:
        starts += [(i, i + 1, lines[i].strip()) for i in range(len(lines)) if _looks_like_heading(lines, i)]
    for (_, first, heading), (end, _, _) in pairwise([*starts, (len(lines), 0, None)]):
        yield heading, lines[first:end]


def _find_heading(lines: list[str], title: str, *, after: int) -> tuple[int, int] | None:
    """Return (first line, line after) of a heading that stands on one to three lines of its own."""
    wanted = _letters(title)
    for start in range(after, len(lines)):
        joined = ""
        for end in range(start, min(start + 3, len(lines))):
            joined += _letters(lines[end])
            if joined and joined == wanted:
                return start, end + 1
            if not joined or not wanted.startswith(joined):
                break
    return None


def _letters(text: str) -> str:
    """Return letters and digits only, without a leading section number."""
    return "".join(re.findall(r"\w+", re.sub(r"^[\d.]+\s+", "", text.strip()).casefold()))


def _looks_like_heading(lines: list[str], index: int) -> bool:
    """Guess: a short line on its own, capitalised, with no stop at its end and prose or a table after it."""
    line = lines[index].strip()
    alone = (index == 0 or not lines[index - 1].strip()) and (index + 1 < len(lines) and not lines[index + 1].strip())
    words = line.split()
    return (
        alone
        and 0 < len(words) <= _HEADING_WORDS
        and words[0][:1].isupper() | bool(re.match(r"\d+(\.\d+)*\.?$", words[0]) and len(words) > 1)
        and line[-1] not in ".:;,!?|"
        and " | " not in line
        and len(" ".join(lines[index + 1 : index + 8]).split()) > 2 * _HEADING_WORDS
    )


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never parted: a sentence, a list item's sentence or a table row."""

    text: str
    begins_line: bool
    table_header: str = ""  # of a row that is not itself the header

    @property
    def words(self) -> int:
        return _count_words(self.text)


def _count_words(text: str) -> int:
    return max(len(text.split()), -(-len(text) // _LONGEST_WORD))


def _units(lines: list[str]) -> Iterator[_Unit]:
    paragraph: list[str] = []
    table_header = ""
    parted = False  # was there an empty line before this one?
    for line in map(str.strip, lines):
        is_row = " | " in line and not _LIST_ITEM.match(line)
        begins_anew = is_row or _LIST_ITEM.match(line) or (parted and not _goes_on(paragraph, line))
        if line and paragraph and begins_anew:
            yield from _sentences(_join(paragraph))
            paragraph = []
        if is_row:
            yield from _cut(_Unit(line, begins_line=True, table_header=table_header))
            table_header = table_header or line
        elif line:
            paragraph.append(line)
            table_header = ""
        parted = not line
    if paragraph:
        yield from _sentences(_join(paragraph))


def _goes_on(paragraph: list[str], line: str) -> bool:
    """Return whether a line goes on with the sentence before the gap, as the second line of a list item may."""
    return bool(paragraph) and line[:1].islower() and paragraph[-1][-1] not in ".:;!?"


def _join(lines: list[str]) -> str:
    """Join the lines of a paragraph; a hyphen at a line's end stays, without a space behind it."""
    return re.sub(r"(?<=\w-)\s(?=[a-z])", "", " ".join(lines)) if len(lines) > 1 else lines[0]


def _sentences(paragraph: str) -> Iterator[_Unit]:
    begin = 0
    for gap in _SENTENCE_END.finditer(paragraph):
        sentence = paragraph[begin : gap.end()].strip()
        if not _ABBREVIATION.search(sentence) and not _LIST_ITEM.fullmatch(f"{sentence} "):
            yield from _cut(_Unit(sentence, begins_line=begin == 0))
            begin = gap.end()
    yield from _cut(_Unit(paragraph[begin:].strip(), begins_line=begin == 0))


def _cut(unit: _Unit) -> Iterator[_Unit]:
    """Yield the unit whole, or, when it alone exceeds the limit, in pieces of that length."""
    if unit.words <= MAX_WORDS:
        yield unit
        return
    longest = MAX_WORDS * _LONGEST_WORD
    words = [word[start : start + longest] for word in unit.text.split() for start in range(0, len(word), longest)]
    first, characters = 0, 0
    for place, word in enumerate(words):
        characters += len(word) + 1
        if place > first and (place - first == MAX_WORDS or characters > longest):
            yield _Unit(" ".join(words[first:place]), begins_line=unit.begins_line and first == 0)
            first, characters = place, len(word) + 1
    yield _Unit(" ".join(words[first:]), begins_line=unit.begins_line and first == 0)


def _pack(units: list[_Unit]) -> list[str]:
    """Fill as few passages as the limit allows, all about equally long."""
    fewest = len(_fill(units, MAX_WORDS))
    if fewest <= 1:
        return _fill(units, MAX_WORDS)
    even = -(-sum(unit.words for unit in units) // fewest)
    return next(filled for limit in range(even, MAX_WORDS + 1) if len(filled := _fill(units, limit)) == fewest)


def _fill(units: list[_Unit], limit: int) -> list[str]:
    """Fill passages one after the other; one that begins inside a table begins with that table's header row."""
    passages: list[str] = []
    words = limit + 1
    for unit in units:
        if words + unit.words > limit:
            with_header = unit.table_header and _count_words(unit.table_header) + unit.words <= limit
            passages.append(f"{unit.table_header}\n{unit.text}" if with_header else unit.text)
            words = _count_words(passages[-1])
        else:
            passages[-1] += ("\n" if unit.begins_line else " ") + unit.text
            words += unit.words
    return passages
