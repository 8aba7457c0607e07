from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from pipeline.columns import Column, ColumnType, read_columns, split_words
from storage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[..., dict[str, Column]]

DAY = dt.date(2024, 2, 13)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write columns of cells to a file, a row below each other, and read them back typed; ``id`` is added."""

    def read(*, verbatim: tuple[str, ...] = ("id",), **cells: list[str]) -> dict[str, Column]:
        count = len(next(iter(cells.values())))
        columns = {"id": [f"A{place}" for place in range(count)], **cells}
        lines = [list(columns), *zip(*columns.values(), strict=True)]
        path = tmp_path / "export.csv"
        path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
        return {column.name: column for column in read_columns(read_table(str(path)), verbatim=verbatim)}

    return read


def values(column: Column) -> list[Any]:
    found: list[Any] = column.values.to_pylist()
    return found


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["$1,234.50", "(500)", "$ -", "-$7"], [1234.5, -500.0, 0.0, -7.0]),
        (["1.5M", "300K", "950000", "$2m"], [1.5e6, 3e5, 950_000.0, 2e6]),
        (["12 %", "3.5%", "0"], [0.12, 0.035, 0.0]),
        (["1.234,50", "2,5", "1.000.000"], [1234.5, 2.5, 1e6]),
        (["12 345,6", "1 000", "7"], [12345.6, 1000.0, 7.0]),
        (["1'234.5", "7", "8"], [1234.5, 7.0, 8.0]),
        (["5 €", "7,50 €", "1.000,00 €"], [5.0, 7.5, 1000.0]),
        (["1e5", "2.5E-3", "-1"], [100_000.0, 0.0025, -1.0]),
        (["0.125", "0.250", "0.500"], [0.125, 0.25, 0.5]),
    ],
)
def test_numbers_are_read_as_people_write_them(read: Read, cells: list[str], numbers: list[float]) -> None:
    column = read(x=cells)["x"]

    assert column.type is ColumnType.NUMBER
    assert values(column) == pytest.approx(numbers)
    assert column.faults == ()


def test_missing_markers_are_missing_and_counted(read: Read) -> None:
    column = read(x=["1", "N/A", "", "-", "#N/A", "null", "2"])["x"]

    assert values(column) == [1.0, None, None, None, None, None, 2.0]
    assert column.missing == 5
    assert "1 cell says 'N/A', taken as missing" in column.notes


def test_ids_keep_every_cell_byte_for_byte(read: Read) -> None:
    ids = ["00042", "NA", "1e5", "null", "-", 'O"Hara', "Müller ", "N/A"]
    column = read(id=[*ids[:5], '"O""Hara"', *ids[6:]], x=["1"] * 8)["id"]

    assert values(column) == ids
    assert column.type is ColumnType.IDENTIFIER
    assert column.missing == 0


def test_na_among_codes_is_a_place(read: Read) -> None:
    assert values(read(region=["EMEA", "NA", "APAC"])["region"]) == ["EMEA", "NA", "APAC"]
    assert values(read(tier=["gold", "NA", "None"])["tier"]) == ["gold", None, "None"]


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (["1.5", "2,5", "7"], ["decimal point: 1 cell ('1.5' in line 2)", "decimal comma: 1 cell ('2,5' in line 3)"]),
        (["12 %", "3.5", "0"], ["percentages: 1 cell ('12 %' in line 2)", "plain numbers: 1 cell ('3.5' in line 3)"]),
        (["$5", "6", "€7"], ["amounts in $: 1 cell ('$5' in line 2)", "amounts in €: 1 cell ('€7' in line 4)"]),
        (
            ["13/02/2024", "02/13/2024", "01/01/2024"],
            [
                "dates written day/month/year: 1 cell ('13/02/2024' in line 2)",
                "dates written month/day/year: 1 cell ('02/13/2024' in line 3)",
            ],
        ),
        (
            ["01/02/24", "3/4/24"],
            ["dates that may begin with the day or with the month: 2 cells ('01/02/24' in line 2, '3/4/24' in line 3)"],
        ),
    ],
)
def test_a_column_that_mixes_conventions_is_reported_with_lines(
    read: Read, cells: list[str], faults: list[str]
) -> None:
    column = read(x=cells)["x"]

    assert column.type is ColumnType.MIXED
    assert [str(fault) for fault in column.faults] == faults
    assert values(column) == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-02-13", "2024/02/13", "2024-02-13T10:30:00Z", "2024-02-13 10:30"],
        ["13/02/2024", "13-2-24", "13.02.2024"],
        ["02/13/2024", "2/13/24 11:59 PM"],
        ["13 February 2024", "13-Feb-24", "Feb 13, 2024"],
    ],
)
def test_dates_are_read_in_the_one_order_that_the_column_shows(read: Read, cells: list[str]) -> None:
    rest = {"2": "2024-01-01", "1": "01/01/2024", "0": "01/01/2024"}
    other = "1 Jan 2024" if cells[0].startswith("13 ") else rest[cells[0][0]]
    column = read(x=[*cells, other])["x"]

    assert column.type is ColumnType.DATE
    assert values(column) == [DAY] * len(cells) + [dt.date(2024, 1, 1)]


def test_a_day_that_no_month_has_is_not_a_date(read: Read) -> None:
    column = read(x=["2024-02-29", "2023-02-29", *(f"2024-03-{day:02}" for day in range(1, 20))])["x"]

    assert values(column)[:2] == [dt.date(2024, 2, 29), None]
    assert [str(fault) for fault in column.faults] == ["not dates: 1 cell ('2023-02-29' in line 3)"]


def test_what_a_column_leaves_open_the_other_columns_decide(read: Read) -> None:
    german = read(
        open=["1.234", "2.500"], price=["1,5", "2,25"], due=["01/02/2024", "02/03/2024"], begun=["13/02/2024"] * 2
    )

    assert values(german["open"]) == [1234.0, 2500.0]
    assert "'1.234' read with a decimal comma as in the other columns" in german["open"].notes
    assert values(german["due"]) == [dt.date(2024, 2, 1), dt.date(2024, 3, 2)]


def test_without_evidence_a_comma_parts_thousands_and_that_is_said(read: Read) -> None:
    column = read(x=["1,234", "2,500"])["x"]

    assert values(column) == [1234.0, 2500.0]
    assert "'1,234' read with a decimal point for want of evidence" in column.notes


def test_a_few_cells_that_are_no_numbers_are_missing_and_named(read: Read) -> None:
    column = read(x=["tbd", *(str(place) for place in range(15)), "?", *(str(place) for place in range(15))])["x"]

    assert column.type is ColumnType.NUMBER
    assert [str(fault) for fault in column.faults] == ["not numbers: 2 cells ('tbd' in line 2, '?' in line 18)"]
    assert column.values.null_count == 2


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["Yes", "no", "Y", ""] * 10, ColumnType.YES_NO),
        (["gold", "silver", "", "gold"] * 10, ColumnType.CATEGORY),
        (["1-10", "11-50", "51+", "5000"] * 10, ColumnType.CATEGORY),
        (["", "N/A", "-", ""] * 10, ColumnType.EMPTY),
        (["same", "", "same", "same"] * 10, ColumnType.CONSTANT),
        (["5", "5.0", "5", "5"] * 10, ColumnType.CONSTANT),
        ([f"Company {place}" for place in range(40)], ColumnType.IDENTIFIER),
        ([f"{place:05}" for place in range(40)], ColumnType.IDENTIFIER),
        ([str(1000 + place) for place in range(40)], ColumnType.IDENTIFIER),
        ([str(place**2) for place in range(40)], ColumnType.NUMBER),
        ([f"They called on day {place} and said that all is well" for place in range(40)], ColumnType.TEXT),
        ([str(place) if place % 4 else f"none of {place}" for place in range(40)], ColumnType.MIXED),
    ],
)
def test_a_column_is_of_the_type_that_its_cells_show(read: Read, cells: list[str], kind: ColumnType) -> None:
    assert read(x=cells)["x"].type is kind


def test_whole_numbers_under_the_name_of_an_id_are_ids(read: Read) -> None:
    squares = [str(place**2) for place in range(40)]
    columns = read(CustomerNo=squares, employees=squares)

    assert columns["CustomerNo"].type is ColumnType.IDENTIFIER
    assert columns["employees"].type is ColumnType.NUMBER


def test_types_of_a_workbook_are_kept_and_its_whole_ids_have_no_decimal_point(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["id", "on", "won"], [42, dt.datetime(2024, 2, 13, 9), True], [43, dt.datetime(2024, 2, 14), False]):  # noqa: DTZ001 - cells have no zone
        sheet.append(row)
    book.save(tmp_path / "export.xlsx")

    ids, on, won = read_columns(read_table(str(tmp_path / "export.xlsx")), verbatim=("id",))

    assert values(ids) == ["42", "43"]
    assert values(on) == [DAY, dt.date(2024, 2, 14)]
    assert values(won) == [1.0, 0.0]


def test_lines_of_examples_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "export.csv.gz"
    rows = "".join(f'a{place},"x\n{place}",{place}\n' for place in range(20))
    path.write_bytes(gzip.compress(f"id,note,n\n{rows}\nb,y,many\n".encode()))

    number = read_columns(read_table(str(path)))[2]

    assert number.faults[0].examples == ((43, "many"),)


def test_names_fall_into_words() -> None:
    assert split_words("ClosedWonAmount") == split_words("closed_won amount") == ("closed", "won", "amount")
