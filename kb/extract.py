"""Read one PDF from standard input and write its text as JSON: runs as a child process that may die.

Started by path with ``python -I``, so it imports nothing of this project. The parent (`kb.read`) sets the time limit
and says what a failure means; an exception here ends the process and its name is the last line of standard error.
"""

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable
from typing import Any, Final

import pypdf
from pypdf.generic import Destination

MAX_PAGES: Final = 1_000
MAX_CHARACTERS: Final = 20_000_000
ADDRESS_SPACE_BYTES: Final = 1_000_000_000
CPU_SECONDS: Final = 20

_BULLET = re.compile(r"[^\w\s]|\d{1,3}[.)]|o")
_CELL_GAP = " | "
_LONGEST_CELL_LINES = 12  # taller than that is a column of prose beside another one, no table cell
_SAME_SIZE = 0.6  # points; a heading differs from its text by more
_PARAGRAPH_GAP = 1.75  # times the font size between two baselines


def limit_resources() -> None:
    """Cap memory and processor time where the platform can (POSIX)."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    with contextlib.suppress(ValueError, OSError):  # macOS refuses to lower the address space
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))


class _PageLines:
    """Put the pieces of text in drawing order back into lines, table rows and paragraphs.

    pypdf hands out text in the order it was drawn. A table is drawn cell by cell, so each line of each cell would stand
    on a line of its own. A piece that begins to the right of the last one and not below the top of its row is
    the next cell of that row.
    """

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._row: list[list[str]] = []  # the cells of the row at hand, each a list of lines
        self._left = self._top = self._bottom = 0.0  # baselines and left edge of the cell at hand, in points
        self._size = 10.0
        self._line_ended = True

    def add(self, text: str, x: float, y: float, size: float) -> None:
        """Take the next piece, drawn from (x, y) in a font of this size."""
        if not text.strip():
            return
        tolerance = 0.2 * self._size
        if self._row and not self._line_ended and abs(y - self._bottom) < tolerance:
            self._row[-1][-1] += text
        elif self._row and x > self._left + 1 and self._bottom - tolerance <= y <= self._top + 0.5 * self._size:
            self._row.append([text])
            self._left, self._bottom, self._size = x, y, size
        elif self._row and self._continues_cell(x, y, size):
            self._row[-1].append(text)
            self._bottom = y
        else:
            self._end_row()
            self._row = [[text]]
            self._left, self._top, self._bottom, self._size = x, y, y, size
        self._line_ended = text.endswith("\n")

    def _continues_cell(self, x: float, y: float, size: float) -> bool:
        indent = 40 if len(self._row) == 1 else 2  # a paragraph's first line may be indented, a cell's is not
        gap = self._bottom - y
        return abs(x - self._left) < indent and 0 < gap < _PARAGRAPH_GAP * size and abs(size - self._size) < _SAME_SIZE

    def _end_row(self) -> None:
        cells = ["\n".join(line.strip() for line in cell) for cell in self._row]
        if any(len(cell) > _LONGEST_CELL_LINES for cell in self._row):
            self._blocks += cells
        elif cells:
            between = " " if _BULLET.fullmatch(cells[0]) else _CELL_GAP
            self._blocks.append(between.join(cell if len(cells) == 1 else cell.replace("\n", " ") for cell in cells))
        self._row = []

    def text(self) -> str:
        """Return the page so far; blocks are parted by an empty line."""
        self._end_row()
        return "\n\n".join(self._blocks)


def extract(pdf: bytes) -> dict[str, Any]:
    """Return the text of every page, the outline and the metadata, or why there is none under ``refused``."""
    # The default of 100 000 elements rejects annual reports that their own authors can open.
    with pypdf.apply_configuration(array_maximum_element_count=1_000_000):
        reader = pypdf.PdfReader(io.BytesIO(pdf))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"refused": "encrypted"}
        if len(reader.pages) > MAX_PAGES:
            return {"refused": "too many pages", "pages": len(reader.pages)}
        texts: list[str] = []
        for page in reader.pages:
            lines = _PageLines()
            page.extract_text(visitor_text=_visitor(lines))
            texts.append(lines.text())
            if sum(map(len, texts)) > MAX_CHARACTERS:
                return {"refused": "too much text"}
        metadata = reader.metadata
        return {
            "pages": texts,
            "outline": list(_outline(reader)),
            "title": str((metadata and metadata.title) or ""),
            "keywords": str((metadata and metadata.keywords) or ""),
        }


def _visitor(lines: _PageLines) -> Callable[..., None]:
    def visit(text: str, cm: list[float], tm: list[float], _font: object, font_size: float) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        size = abs(font_size * (tm[0] or tm[1]) * (cm[0] or cm[1])) or 1.0
        lines.add(text, x, y, size)

    return visit


def _outline(reader: pypdf.PdfReader) -> list[tuple[str, int]]:
    """Return (title, page from 1) of every bookmark that leads to a page, at any depth."""
    found = []
    pending: list[Any] = [reader.outline]
    while pending:
        entry = pending.pop()
        if isinstance(entry, list):
            pending += reversed(entry)
        elif isinstance(entry, Destination):
            page = reader.get_destination_page_number(entry)
            if page is not None and page >= 0:
                found.append((str(entry.title or ""), page + 1))
    return found


if __name__ == "__main__":
    limit_resources()
    answer = extract(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode())
