"""Pieces of text in drawing order -> lines, table rows and paragraphs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

_BULLET = re.compile(r"[^\w\s]|\d{1,3}[.)]|o")
_CELL_GAP = " | "
_LONGEST_CELL_LINES = 12  # taller than that is a column of prose beside another one, no table cell
_SAME_SIZE = 0.6  # points; a heading differs from its text by more
_PARAGRAPH_GAP = 1.75  # times the font size between two baselines
_CELL_PARTING: Final = 1.0  # times the font size between the end of one piece and the next on the same baseline
_RAISED: Final = 0.6  # times the font size: how far a footnote's mark stands above or below its line
_HIGHEST_RISE: Final = 3.5  # times the font size: how far a tall cell begins above a row of cells of one line
_SAME_EDGE: Final = 2.0  # points between the left edges of two lines of one column
_FEWEST_ROWS: Final = 5  # of prose in columns that was drawn line by line across them
_PROSE_CHARACTERS: Final = 20  # in a line of it, on average


@dataclass(slots=True)
class _Row:
    """Cells side by side; one alone is a paragraph."""

    top: float  # the highest baseline, in points
    cells: list[list[str]] = field(default_factory=list)  # each a list of lines
    lefts: list[float] = field(default_factory=list)
    bottom: float = 0.0  # the baseline of the last line of the cell at hand
    size: float = 10.0

    def begin_cell(self, text: str, x: float, y: float, size: float) -> None:
        self.cells.append([text])
        self.lefts.append(x)
        self.top, self.bottom, self.size = max(self.top, y), y, size

    def lines_at(self, left: float) -> list[str]:
        cells = zip(self.lefts, self.cells, strict=True)
        return [line for begin, lines in cells if abs(begin - left) < _SAME_EDGE for line in lines]

    def text(self) -> str:
        cells = ["\n".join(line.strip() for line in cell) for cell in self.cells]
        if any(len(cell) > _LONGEST_CELL_LINES for cell in self.cells):
            return "\n\n".join(cells)
        between = " " if _BULLET.fullmatch(cells[0]) else _CELL_GAP
        return between.join(cell if len(cells) == 1 else cell.replace("\n", " ") for cell in cells)


class PageLines:
    """Put the pieces of one page back together.

    Engines hand out text in the order it was drawn. A table is drawn cell by cell, so each line of each cell would
    stand on a line of its own. A piece that begins to the right of the last one and not below the top of its row is
    the next cell of that row.
    """

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._end: float | None = None  # where the last piece ended, if the engine knows
        self._line_ended = True

    def add(self, text: str, x: float, y: float, size: float, *, end: float | None = None) -> None:
        """Take the next piece, drawn from (x, y) in a font of this size, to ``end`` in the same direction as x."""
        if not text.strip():
            return
        row = self._rows[-1] if self._rows else None
        if row is not None and self._continues_line(row, x, y):
            row.cells[-1][-1] += text
        elif row is not None and _is_next_cell(row, x, y, size):
            row.begin_cell(text, x, y, size)
        elif row is not None and _continues_cell(row, x, y, size):
            row.cells[-1].append(text)
            row.bottom = y
        else:
            self._rows.append(_Row(top=y))
            self._rows[-1].begin_cell(text, x, y, size)
        self._line_ended = text.endswith("\n")
        self._end = end

    def _continues_line(self, row: _Row, x: float, y: float) -> bool:
        tolerance = 0.2 * row.size
        if self._end is None:
            return not self._line_ended and abs(y - row.bottom) < tolerance
        gap = x - self._end
        if abs(y - row.bottom) < tolerance:
            return not self._line_ended and gap < _CELL_PARTING * row.size
        return abs(gap) < tolerance and abs(y - row.bottom) < _RAISED * row.size

    def text(self) -> str:
        """Return the page so far; blocks are parted by an empty line."""
        blocks: list[str] = []
        for rows in _alike(self._rows):
            columns = [[line for row in rows for line in row.lines_at(left)] for left in rows[0].lefts]
            if len(columns) > 1 and len(rows) >= _FEWEST_ROWS and all(map(_is_prose, columns)):
                blocks += ["\n".join(line.strip() for line in column) for column in columns]
            else:
                blocks += [row.text() for row in rows]
        return "\n\n".join(blocks)


def _is_next_cell(row: _Row, x: float, y: float, size: float) -> bool:
    """Return whether a piece begins right of the cell at hand, on its height, or above it as a taller cell does.

    Only a row that has two cells of one line each has taller ones beside them: above and right of a single line stands
    the next of several figures with their captions.
    """
    flat = len(row.cells) > 1 and all(len(cell) == 1 for cell in row.cells) and abs(size - row.size) < _SAME_SIZE
    highest = row.top + (_HIGHEST_RISE if flat else 0.5) * row.size
    return x > row.lefts[-1] + 1 and row.bottom - 0.2 * row.size <= y <= highest


def _continues_cell(row: _Row, x: float, y: float, size: float) -> bool:
    indent = 40 if len(row.cells) == 1 else _SAME_EDGE  # a paragraph's first line may be indented, a cell's is not
    gap = row.bottom - y
    near = 0 < gap < _PARAGRAPH_GAP * size
    return abs(x - row.lefts[-1]) < indent and near and abs(size - row.size) < _SAME_SIZE


def _alike(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Yield rows together whose cells stand under each other without a gap, as the lines of columns do."""
    together: list[_Row] = []
    for row in rows:
        if together and not _stands_under(row, together[-1]):
            yield together
            together = []
        together.append(row)
    if together:
        yield together


def _stands_under(row: _Row, above: _Row) -> bool:
    """Return whether a row goes on with columns, of which one may have ended before."""
    edges = all(any(abs(left - other) < _SAME_EDGE for other in above.lefts) for left in row.lefts)
    return edges and 0 < above.bottom - row.top < _PARAGRAPH_GAP * row.size and abs(row.size - above.size) < _SAME_SIZE


def _is_prose(lines: Sequence[str]) -> bool:
    """Return whether sentences go on from line to line, as they do not from one cell of a table to the one below."""
    goes_on = [after[:1].islower() for _, after in pairwise(map(str.strip, lines))]
    return sum(map(len, lines)) >= _PROSE_CHARACTERS * len(lines) and 2 * sum(goes_on) >= len(goes_on)
