"""Text by pypdf: slower, in Python, and able to read fonts and damaged files that pdfium cannot."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from math import hypot
from typing import Any, Final

import pypdf
from pypdf.generic import ArrayObject, Destination

from kb.documents import HiddenText
from kb.extraction.page_lines import PageLines
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused

_SHOWING: Final = frozenset({b"Tj", b"TJ", b"'", b'"'})
_INVISIBLE_MODES: Final = frozenset({3, 7})
_TINY_POINTS: Final = 2.0
_WHITE: Final = 0.92


def extract(pdf: bytes, limits: Limits) -> Extracted | Refused:
    """Return the text of every page, without what its own operators say cannot be seen."""
    # The default of 100 000 elements rejects annual reports that their own authors can open.
    with pypdf.apply_configuration(array_maximum_element_count=1_000_000):
        reader = pypdf.PdfReader(io.BytesIO(pdf))
        if reader.is_encrypted and not reader.decrypt(""):
            return Refused(why=Refusal.PASSWORD)
        if len(reader.pages) > limits.pages:
            return Refused(why=Refusal.PAGES, detail=str(len(reader.pages)))
        texts: list[str] = []
        hidden: list[HiddenText] = []
        pictures = drawn = lost = 0
        for number, page in enumerate(reader.pages, start=1):
            lines, watch = PageLines(), _Watch(page)
            page.extract_text(visitor_text=_visitor(lines), visitor_operand_before=watch)
            texts.append(lines.text())
            hidden += [
                HiddenText(page=number, characters=count, reason=reason) for reason, count in watch.hidden.items()
            ]
            pictures += watch.pictures
            drawn += watch.drawn
            lost += watch.shown and not texts[-1]
            if sum(map(len, texts)) > limits.characters:
                return Refused(why=Refusal.CHARACTERS)
        metadata = reader.metadata
        return Extracted(
            engine=Engine.PYPDF,
            pages=tuple(texts),
            outline=tuple(_outline(reader)),
            title=str((metadata and metadata.title) or ""),
            keywords=str((metadata and metadata.keywords) or ""),
            hidden=tuple(hidden),
            pictures=pictures,
            drawn=drawn,
            lost=lost,
        )


class _Watch:
    """See each operator before pypdf does, and empty the strings of those that show nothing to a reader.

    Without a drawn page nobody knows what is behind a text, so white counts as hidden wherever it stands. The colour
    spaces of the three plain operators are known; text in any other is taken to be seen.
    """

    def __init__(self, page: pypdf.PageObject) -> None:
        self.hidden: Counter[str] = Counter()
        self.pictures = self.drawn = self.shown = False
        self._box = page.cropbox
        self._mode, self._white, self._size = 0, False, 12.0
        self._saved: list[tuple[int, bool, float]] = []

    def __call__(self, operator: bytes, operands: Any, cm: list[float], tm: list[float]) -> None:
        """Follow the graphics state; ``operands`` of what cannot be seen are emptied in place."""
        self.drawn = self.drawn or operator in {b"Do", b"f", b"F", b"f*", b"S", b"s", b"B", b"b", b"sh", *_SHOWING}
        self.pictures = self.pictures or operator in {b"Do", b"INLINE IMAGE"}
        if operator == b"q":
            self._saved.append((self._mode, self._white, self._size))
        elif operator == b"Q" and self._saved:
            self._mode, self._white, self._size = self._saved.pop()
        elif operator == b"Tr" and operands:
            self._mode = int(operands[0])
        elif operator == b"Tf" and len(operands) > 1:
            self._size = float(operands[1])
        elif operator in {b"g", b"rg", b"k", b"sc", b"scn", b"cs"}:
            numbers = [float(each) for each in operands if isinstance(each, (int, float))]
            self._white = bool(numbers) and (
                max(numbers) <= 1 - _WHITE if operator == b"k" else operator in {b"g", b"rg"} and min(numbers) >= _WHITE
            )
        elif operator in _SHOWING and (reason := self._hidden(cm, tm, characters=_count(operands))):
            self.hidden[reason] += _empty(operands)
        elif operator in _SHOWING:
            self.shown = True

    def _hidden(self, cm: list[float], tm: list[float], *, characters: int) -> str:
        x, y = _place(cm, tm)
        height = abs(self._size) * hypot(tm[2], tm[3]) * hypot(cm[2], cm[3])
        beside = x > self._box.right or x + height * characters < self._box.left
        if beside or y > self._box.top or y + height < self._box.bottom:
            return "outside the page"
        if self._mode in _INVISIBLE_MODES:
            return "drawn as invisible"
        if height < _TINY_POINTS:
            return f"smaller than {_TINY_POINTS:g} points"
        return "white, on a background that is not known" if self._white else ""


def _count(operands: Any) -> int:
    return sum(
        _count(operand) if isinstance(operand, ArrayObject) else len(operand)
        for operand in operands
        if isinstance(operand, (ArrayObject, str, bytes))
    )


def _empty(operands: Any) -> int:
    """Empty every string among the operands and return how many bytes or characters they held."""
    count = _count(operands)
    for index, operand in enumerate(operands):
        if isinstance(operand, ArrayObject):
            _empty(operand)
        elif isinstance(operand, (str, bytes)):
            operands[index] = type(operand)()
    return count


def _place(cm: list[float], tm: list[float]) -> tuple[float, float]:
    return tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]


def _visitor(lines: PageLines) -> Callable[..., None]:
    def visit(text: str, cm: list[float], tm: list[float], _font: object, font_size: float) -> None:
        size = abs(font_size * (tm[0] or tm[1]) * (cm[0] or cm[1])) or 1.0
        lines.add(text, *_place(cm, tm), size)

    return visit


def _outline(reader: pypdf.PdfReader) -> Iterator[tuple[str, int]]:
    """Yield (title, page from 1) of every bookmark that leads to a page, at any depth."""
    pending: list[Any] = [reader.outline]
    while pending:
        entry = pending.pop()
        if isinstance(entry, list):
            pending += reversed(entry)
        elif isinstance(entry, Destination):
            page = reader.get_destination_page_number(entry)
            if page is not None and page >= 0:
                yield str(entry.title or ""), page + 1
