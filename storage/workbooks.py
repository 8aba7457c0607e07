"""Read tables from workbooks: Excel (.xlsx, .xlsm, .xlsb, .xls) and OpenDocument (.ods)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from storage.errors import DamagedTableError, EmptyTableError, LockedWorkbookError, NoRowsError, SheetChoiceError
from storage.raw_table import RawTable, Reading, name_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The first row that fills this share of the widest one holds the names; rows above it are titles and dates of print.
_NAMES_FILL: Final = 0.5

# From where on a double no longer holds every whole number.
_EXACT: Final = 2**53


def read_workbook(path: Path, *, source: str, sha256: str, sheet: str | None) -> RawTable:
    """Read a sheet of a workbook; without a name the only one that has something in it.

    Numbers, dates and truth values keep their type where a whole column shares it; otherwise all become text.
    """
    rows, first_row, title = _read_rows(path, sheet)
    filled = [sum(cell != "" for cell in row) for row in rows]
    if not any(filled):
        raise EmptyTableError(path)
    header = next(place for place, count in enumerate(filled) if count >= _NAMES_FILL * max(filled))
    line = first_row + header + 1
    names = name_columns([_write(cell) for cell in rows[header]], path=path, line=line)
    kept = [place for place in range(header + 1, len(rows)) if filled[place]]
    if not kept:
        raise NoRowsError(path, line=line)
    columns = [_type_column([rows[place][column] for place in kept]) for column in range(len(names))]
    return RawTable(
        source=source,
        cells=pa.Table.from_arrays(columns, names=names),
        lines=np.array(kept, dtype=np.int64) + first_row + 1,
        rejected=(),
        reading=Reading(
            format="Excel" if path.suffix.lower() != ".ods" else "OpenDocument",
            header_line=line,
            preamble=sum(count > 0 for count in filled[:header]),
            sheet=title,
        ),
        sha256=sha256,
    )


def _read_rows(path: Path, wanted: str | None) -> tuple[list[list[Any]], int, str]:
    """Return the rows of the sheet, how many rows stand above them, and the sheet's name."""
    try:
        workbook = CalamineWorkbook.from_path(path)
        visible = [
            found.name for found in workbook.sheets_metadata if found.visible is SheetVisibleEnum.Visible
        ] or workbook.sheet_names
        if wanted is not None and wanted not in workbook.sheet_names:
            raise SheetChoiceError(path, sheets=workbook.sheet_names, wanted=wanted)
        candidates = [wanted] if wanted is not None else visible
        sheets = [(workbook.get_sheet_by_name(name), name) for name in candidates]
        filled = [(sheet, name) for sheet, name in sheets if sheet.height]
        if not filled:
            raise EmptyTableError(path)
        if len(filled) > 1:
            raise SheetChoiceError(path, sheets=[name for _, name in filled], wanted=None)
        sheet, name = filled[0]
        return sheet.to_python(skip_empty_area=True), (sheet.start or (0, 0))[0], name
    except PasswordError as error:
        raise LockedWorkbookError(path) from error
    except (CalamineError, OSError) as error:
        raise DamagedTableError(path, f"no workbook could be read from it ({error})") from error


def _type_column(cells: Sequence[Any]) -> pa.Array:
    kinds = {type(cell) for cell in cells if cell != ""}
    values = [None if cell == "" else cell for cell in cells]
    if kinds <= {str}:
        return pa.array(values, pa.string())
    if kinds <= {bool}:
        return pa.array(values, pa.bool_())
    if kinds <= {int, float}:
        return pa.array(values, pa.float64())
    if kinds <= {dt.date}:
        return pa.array(values, pa.date32())
    if kinds <= {dt.date, dt.datetime}:
        return pa.array([None if value is None else _to_moment(value) for value in values], pa.timestamp("us"))
    return pa.array([None if value is None else _write(value) for value in values], pa.string())


def _to_moment(value: dt.date) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a cell has no zone


def _write(cell: Any) -> str:
    """Return a cell as text: a whole number without a decimal point, a date as ISO 8601."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
