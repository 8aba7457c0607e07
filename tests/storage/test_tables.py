from __future__ import annotations

import csv
import gzip
import os
import zipfile
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import (
    ArchiveError,
    DamagedTableError,
    DuplicateNamesError,
    EmptyTableError,
    ForeignFileError,
    LongCellError,
    MissingNamesError,
    NoEncodingError,
    NoRowsError,
    NoTableError,
    NulError,
    OneColumnError,
    QuotedLinesError,
    RaggedTableError,
    RemoteTableError,
    SheetChoiceError,
    TableChoiceError,
    TableError,
    TooManyColumnsError,
    UnclosedQuoteError,
    UnknownEncodingError,
)
from storage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., str]

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
GERMAN = "id;name;betrag\r\n00042;Müller & Söhne;1,5\r\nNA;Süd 5 €;2,5\r\n1e5;O'Hara;3,5\r\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file and return its path as a source."""

    def write(content: str | bytes, *, name: str = "export.csv", encoding: str = "utf-8") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return str(path)

    return write


def values(source: str, column: str, **options: Any) -> list[Any]:
    found: list[Any] = read_table(source, **options).cells.column(column).to_pylist()
    return found


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_ids_and_umlauts_survive_every_encoding_that_people_export(write: Write, encoding: str) -> None:
    source = write(GERMAN, encoding=encoding)

    table = read_table(source)

    assert table.cells.to_pylist() == [
        {"id": "00042", "name": "Müller & Söhne", "betrag": "1,5"},
        {"id": "NA", "name": "Süd 5 €", "betrag": "2,5"},
        {"id": "1e5", "name": "O'Hara", "betrag": "3,5"},
    ]
    assert table.reading.encoding == encoding
    assert table.reading.encoding_guessed == (encoding == "cp1252")
    assert table.lines.tolist() == [2, 3, 4]


def test_cyrillic_is_told_from_western_text(write: Write) -> None:
    rows = "".join(f"{place};Торговый дом Москва;Санкт-Петербург\n" for place in range(20))
    assert values(write("id;name;city\n" + rows, encoding="cp1251"), "city")[0] == "Санкт-Петербург"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_separator_is_found(write: Write, delimiter: str) -> None:
    rows = [["id", "name", "city"], ["a", "Acme", "Oslo"], ["b", "Beta", "Rome"]]
    table = read_table(write("".join(delimiter.join(row) + "\n" for row in rows)))

    assert table.names == ("id", "name", "city")
    assert table.reading.delimiter == delimiter


def test_an_encoding_that_is_named_is_believed_and_one_that_does_not_exist_refused(write: Write) -> None:
    path = write("id;name\n1;Łódź\n2;Kraków\n".encode("iso8859-2"))

    table = read_table(path, encoding="iso8859-2")

    assert table.cells.column("name").to_pylist() == ["Łódź", "Kraków"]
    assert (table.reading.encoding, table.reading.encoding_guessed) == ("iso8859-2", False)
    for name in ("klingon", "hex"):
        with pytest.raises(NoEncodingError, match=f"no encoding '{name}'"):
            read_table(path, encoding=name)


def test_a_gzipped_file_is_read_and_said_to_be_one(write: Write) -> None:
    table = read_table(write(gzip.compress(GERMAN.encode("cp1252"), mtime=0), name="export.csv.gz"))

    assert table.cells.column("id").to_pylist() == ["00042", "NA", "1e5"]
    assert str(table.reading) == "CSV, cp1252 (guessed), gzip, separated by semicolons, column names in line 1"


def test_lines_are_counted_past_breaks_inside_cells_blank_lines_and_titles(write: Write) -> None:
    text = 'Accounts of May\nprinted 2024-05-01\n\nid,name,amount\na,"Two\nlines",1\n\nb,One,2\nc,"He said ""no""",3\n'
    table = read_table(write(text))

    assert table.reading.header_line == 4
    assert table.reading.preamble == 2
    assert dict(zip(table.cells.column("id").to_pylist(), table.lines.tolist(), strict=True)) == {
        "a": 5,
        "b": 8,
        "c": 9,
    }
    assert table.cells.column("name").to_pylist() == ["Two\nlines", "One", 'He said "no"']


def test_column_names_of_which_one_is_missing_are_no_title(write: Write) -> None:
    with pytest.raises(RaggedTableError, match=r"50 of 50 rows .* line 2, which has 4 cells .* are 3"):
        read_table(write("id,name,city\n" + "".join(f"a{place},x,y,z\n" for place in range(50))))


def test_a_line_of_totals_is_rejected_not_read(write: Write) -> None:
    table = read_table(write("id,name,city\n" + "".join(f"a{place},x,y\n" for place in range(50)) + "\nTotal: 50\n"))

    assert table.rows == 50
    assert [(rejected.line, rejected.reason) for rejected in table.rejected] == [
        (53, "has 1 cell where the column names are 3")
    ]


@settings(max_examples=40, deadline=None)
@given(
    ids=st.lists(st.text(CHARACTERS, min_size=1, max_size=12), min_size=2),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_id_survives_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("ids") / "export.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(["id", "name", "amount"])
        writer.writerows([account_id, "x", place] for place, account_id in enumerate(ids))

    assert values(str(path), "id") == ids


def test_empty_cells_are_null_and_nothing_else_is(write: Write) -> None:
    assert values(write('id,x\n1,\n2,""\n3,NULL\n4, \n'), "x") == [None, None, "NULL", " "]


def test_a_column_without_a_name_is_called_after_its_place(write: Write) -> None:
    assert read_table(write(",id,\n0,a,\n1,b,\n")).names == ("column 1", "id", "column 3")


def test_years_may_be_column_names(write: Write) -> None:
    assert read_table(write("id,2023,2024\na,1,2\nb,3,4\n")).names == ("id", "2023", "2024")


def test_lines_that_do_not_fit_are_rejected_with_their_reason(write: Write) -> None:
    good = [f"a{place},x,{place}\n" for place in range(100)]
    good[10] = "b,y\n"
    good[20] = 'c,"y" z,3\n'
    table = read_table(write("id,name,amount\n" + "".join(good)))

    assert table.rows == 98
    assert [rejected.line for rejected in table.rejected] == [12, 22]
    assert table.rejected[0].reason == "has 2 cells where the column names are 3"
    assert "closing quote" in table.rejected[1].reason
    assert {12, 22}.isdisjoint(table.lines.tolist())


@pytest.mark.parametrize(
    ("content", "error", "place"),
    [
        (b"", EmptyTableError, "is empty"),
        (b"\n \n\n", EmptyTableError, "is empty"),
        (b"id,name,amount\n", NoRowsError, "line 1"),
        (b"id,name,amount\na,x,1\nb,y\nc,z,3,4\nd,e,5\n", RaggedTableError, "line 3"),
        (b'"id,amount"\n"a,1"\n"b,2"\n', QuotedLinesError, "line 1"),
        (b"id\na\nb\n", OneColumnError, "'id'"),
        (b"42,Acme,1200.5\n43,Beta,7\n", MissingNamesError, "'42'"),
        (b"id,Region,x,Region\na,b,c,d\n", DuplicateNamesError, "Columns 2 and 4 in line 1"),
        (b"id,name\na,x\nb,y\0z\n", NulError, "Line 3"),
        (b'id,name\na,x\nb,"y\nc,z\n', UnclosedQuoteError, "line 3"),
        (b"id,notes\na,x\nb," + b"z" * 2**20 + b"\n", LongCellError, "line 3"),
        (b'id,notes\na,"x\n' + b"b,y\n" * 50_000, LongCellError, "line 2"),
        (b",".join(b"c%d" % place for place in range(10_000)) + b"\n", TooManyColumnsError, "10000 columns"),
        (b"PK\x03\x04 and no end", DamagedTableError, "ZIP"),
        (b"PAR1 and no end", DamagedTableError, "Parquet"),
        (gzip.compress(b"id,name\n" * 999, mtime=0)[:-20], DamagedTableError, "compressed"),
        (b"\xff\xfei\0d\0\0\xd8", UnknownEncodingError, "Line 1"),
        (b"%PDF-1.7 ...", ForeignFileError, "a PDF document"),
        (b"<html><table><tr><td>id</td></tr></table>", ForeignFileError, "a web page"),
    ],
)
def test_a_malformed_file_is_refused_with_its_name_and_place(
    write: Write, content: bytes, error: type[TableError], place: str
) -> None:
    source = write(content)

    with pytest.raises(error) as refused:
        read_table(source)

    assert source in str(refused.value)
    assert place in str(refused.value)
    assert len(str(refused.value)) < len(source) + 250


def test_a_zip_named_csv_is_refused_with_what_is_inside(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("accounts.csv", "id,name\n1,x\n")

    with pytest.raises(ArchiveError, match=r"'accounts\.csv'.*Unpack"):
        read_table(str(path))


def test_what_is_no_file_is_refused(tmp_path: Path, write: Write) -> None:
    with pytest.raises(NoTableError, match="no such file"):
        read_table(str(tmp_path / "none.csv"))
    with pytest.raises(NoTableError, match="directory"):
        read_table(str(tmp_path))
    with pytest.raises(NoTableError, match="not the path of a file"):
        read_table(write("id,name\n1,x\n") + "/below")
    with pytest.raises(RemoteTableError, match="download it"):
        read_table("https://example.com/export.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, write: Write) -> None:
    source = write("id,name\n1,x\n")
    (tmp_path / "export.csv").chmod(0)
    with pytest.raises(NoTableError, match="may not"):
        read_table(source)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Accounts"
    sheet.append(["Accounts of May"])
    sheet.append([])
    sheet.append(["id", "amount", "won", "mixed"])
    sheet.append(["00042", 1.5, True, "x"])
    sheet.append([])
    sheet.append(["NA", 2, None, 7])
    book.create_sheet("Nothing")
    book.save(tmp_path / "export.xlsx")
    return tmp_path / "export.xlsx"


def test_a_workbook_keeps_its_types_rows_and_ids(workbook: Path) -> None:
    table = read_table(str(workbook))

    assert table.cells.to_pylist() == [
        {"id": "00042", "amount": 1.5, "won": True, "mixed": "x"},
        {"id": "NA", "amount": 2.0, "won": None, "mixed": "7"},
    ]
    assert table.lines.tolist() == [4, 6]
    assert str(table.reading) == "Excel, sheet 'Accounts', column names in line 3, the line above them skipped"


def test_a_workbook_is_known_by_its_content(workbook: Path) -> None:
    renamed = workbook.rename(workbook.with_name("export.csv"))
    assert values(str(renamed), "id") == ["00042", "NA"]


def test_of_several_sheets_one_must_be_named(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    book["Nothing"].append(["id", "name"])
    book["Nothing"].append(["b", "Beta"])
    book.save(workbook)

    with pytest.raises(SheetChoiceError, match="'Accounts', 'Nothing'"):
        read_table(str(workbook))
    with pytest.raises(SheetChoiceError, match="no sheet 'Other'"):
        read_table(str(workbook), sheet="Other")
    assert values(str(workbook), "id", sheet="Nothing") == ["b"]


def test_an_open_document_is_read(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(text) for text in row)}</table:table-row>"
        for row in (("id", "name"), ("00042", "Müller"))
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(tmp_path / "export.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="T">{rows}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    assert read_table(str(tmp_path / "export.ods")).cells.to_pylist() == [{"id": "00042", "name": "Müller"}]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "crm 1.db"
    with duckdb.connect(path) as connection:
        connection.execute(
            """
            CREATE TABLE accounts AS
            SELECT *
            FROM (VALUES ('00042', 1.5, [1, 2], 10::HUGEINT), ('NA', NULL, NULL, NULL)) AS rows (id, amount, tags, big)
            """
        )
        connection.execute("""CREATE TABLE "we""ird; DROP TABLE accounts" AS SELECT 'x' AS id, 1 AS n""")
        parquet = str(tmp_path / "ex*port.parquet").replace("'", "''")
        connection.execute(f"COPY accounts TO '{parquet}'")
    return path


def test_a_table_of_a_database_is_read_with_its_types(database: Path) -> None:
    assert read_table(f"duckdb:///{database}?table=accounts").cells.to_pylist() == [
        {"id": "00042", "amount": 1.5, "tags": "[1, 2]", "big": "10"},
        {"id": "NA", "amount": None, "tags": None, "big": None},
    ]


def test_a_table_name_is_a_name_and_never_a_statement(database: Path) -> None:
    assert values(f'duckdb:///{database}?table=we"ird%3B DROP TABLE accounts', "id") == ["x"]
    assert values(f"duckdb:///{database}?table=accounts", "id") == ["00042", "NA"]
    with pytest.raises(TableChoiceError, match="accounts"):
        read_table(f"duckdb:///{database}?table=accounts;DROP TABLE accounts")


def test_without_a_table_those_there_are_named(database: Path) -> None:
    with pytest.raises(TableChoiceError, match=r"names no table.*accounts, we"):
        read_table(str(database))


def test_a_file_that_is_no_database_is_refused(write: Write) -> None:
    source = write("id,name\n1,x\n", name="crm.db")
    with pytest.raises(DamagedTableError, match="DuckDB"):
        read_table(f"duckdb:///{source}?table=t")


def test_parquet_is_read_by_its_content_whatever_its_name(database: Path) -> None:
    table = read_table(str(database.with_name("ex*port.parquet")))

    assert table.cells.column("id").to_pylist() == ["00042", "NA"]
    assert table.cells.column("amount").to_pylist() == [1.5, None]
    assert table.lines.tolist() == [1, 2]
    assert table.reading.format == "Parquet"
