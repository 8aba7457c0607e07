from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from pipeline.columns import read_columns
from pipeline.pack import read_pack
from pipeline.readiness import assess
from pipeline.readiness_table import readiness_table
from storage.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shown(tmp_path: Path) -> str:
    """Show the report on a small table with a column whose name tries to be markup and to colour the terminal."""
    path = tmp_path / "export.csv"
    rows = "".join(f"A{place},{place * 7 % 5},{place * 13 % 11},{place * 1.5}\n" for place in range(50))
    path.write_text(f"account_id,demo_requests,[red]\x1b[31mx,expansion_revenue\n,1,2,3\n{rows}", encoding="utf-8")
    table = read_table(str(path))
    readiness = assess(table, read_columns(table, verbatim=("account_id",)), read_pack("software"))
    console = Console(width=400, color_system=None)
    with console.capture() as capture:
        console.print(readiness_table(readiness))
    return capture.get()


def test_the_report_says_verdict_rows_and_columns(shown: str) -> None:
    assert shown.startswith("Usable with care\n- Only 50 rows teach the model")
    assert "CSV, utf-8, separated by commas, column names in line 1. 50 of 51 rows used." in shown
    assert "- 1 row without an id (line 2)" in shown
    assert "expansion_revenue" in shown


def test_names_from_a_file_are_shown_and_never_obeyed(shown: str) -> None:
    assert "[red]\ufffd[31mx" in shown
    assert "\x1b" not in shown
