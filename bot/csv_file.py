"""CSV files that are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from bot.errors import UnwritableFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def write_csv(path: Path | None, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> int:
    """Write rows below the names of their columns, to standard output without a path; return how many those are.

    A text that a spreadsheet would take for a formula gets an apostrophe before it; in a column whose name ends in
    ``_id`` it stays as it is, for other programs look accounts up by it.

    Raises:
        UnwritableFileError: the file cannot be written.
    """
    count = 0
    try:
        with nullcontext(sys.stdout) if path is None else path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in rows:
                count += 1
                writer.writerow(
                    cell if name.endswith("_id") else _inert(cell) for name, cell in zip(columns, row, strict=True)
                )
    except OSError as error:
        if path is None:
            raise
        raise UnwritableFileError(path, error) from error
    return count


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
