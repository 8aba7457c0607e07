"""A readiness report for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from storage.records import Fitness

if TYPE_CHECKING:
    from pipeline.readiness import Readiness

_STYLES = {Fitness.READY: "bold green", Fitness.CARE: "bold yellow", Fitness.NOT_READY: "bold red"}


def readiness_table(readiness: Readiness) -> Group:
    """Return the verdict with its reasons, what became of the rows, and a line for each column."""
    columns = Table("Column", "Type", "Missing", "Distinct", "What was done", show_edge=False)
    for column in readiness.columns:
        cells = (column.name, column.type, f"{column.missing_share:.0%}", f"{column.distinct:,}", column.done)
        columns.add_row(*map(_plain, cells))
    rows = f"{readiness.rows_used:,} of {readiness.rows_read:,} rows used"
    if readiness.rows_to_predict:
        rows += f", {readiness.rows_to_predict:,} of them without an outcome: predicted, not learnt from"
    return Group(
        Text(readiness.verdict.capitalize(), style=_STYLES[readiness.verdict]),
        *(_plain(f"- {reason}") for reason in readiness.reasons),
        _plain(f"{readiness.source}: {readiness.reading}. {rows}."),
        *(_plain(f"- {dropped}") for dropped in readiness.dropped),
        columns,
    )


def _plain(text: str) -> Text:
    """Return text of a file as nothing but text: no markup, and no control character that a terminal would obey."""
    return Text("".join(character if character.isprintable() else "\ufffd" for character in text))
