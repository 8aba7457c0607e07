"""Pieces of text in drawing order -> lines, table rows and paragraphs."""

import re
from typing import Final

_BULLET = re.compile(r"[^\w\s]|\d{1,3}[.)]|o")
_CELL_GAP = " | "
_LONGEST_CELL_LINES = 12  # taller than that is a column of prose beside another one, no table cell
_SAME_SIZE = 0.6  # points; a heading differs from its text by more
_PARAGRAPH_GAP = 1.75  # times the font size between two baselines
_CELL_PARTING: Final = 1.0  # times the font size between the end of one piece and the next on the same baseline
_RAISED: Final = 0.6  # times the font size: how far a footnote's mark stands above or below its line


class PageLines:
    """Put the pieces of one page back together.

    Engines hand out text in the order it was drawn. A table is drawn cell by cell, so each line of each cell would
    stand on a line of its own. A piece that begins to the right of the last one and not below the top of its row is
    the next cell of that row.
    """

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._row: list[list[str]] = []  # the cells of the row at hand, each a list of lines
        self._left = self._top = self._bottom = 0.0  # baselines and left edge of the cell at hand, in points
        self._end: float | None = None  # where the last piece ended, if the engine knows
        self._size = 10.0
        self._line_ended = True

    def add(self, text: str, x: float, y: float, size: float, *, end: float | None = None) -> None:
        """Take the next piece, drawn from (x, y) in a font of this size, to ``end`` in the same direction as x."""
        if not text.strip():
            return
        tolerance = 0.2 * self._size
        if self._row and self._continues_line(x, y, tolerance):
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
        self._end = end

    def _continues_line(self, x: float, y: float, tolerance: float) -> bool:
        if self._end is None:
            return not self._line_ended and abs(y - self._bottom) < tolerance
        gap = x - self._end
        if abs(y - self._bottom) < tolerance:
            return not self._line_ended and gap < _CELL_PARTING * self._size
        return abs(gap) < tolerance and abs(y - self._bottom) < _RAISED * self._size

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
