"""How far a build has come, and what it came to, on a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from rich.console import Console

    from storage.records import SnapshotInfo


class ProgressBars:
    """One bar per stage with the time it took; a context manager that draws for as long as it is entered."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bars.stop()

    @contextmanager
    def stage(self, name: str, *, steps: int = 1) -> Iterator[Callable[[], None]]:
        """Draw a bar that moves each time the yielded function is called and is full at the end of the block."""
        bar = self._bars.add_task(name, total=steps)
        yield partial(self._bars.advance, bar)
        self._bars.update(bar, completed=steps)


def summary_table(info: SnapshotInfo, *, seconds: float) -> Table:
    """Return what a finished build says of itself."""
    ceiling = "not known" if info.card.r2_ceiling is None else f"{info.card.r2_ceiling:.3f}"
    table = Table(show_header=False, title="Snapshot published", title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_row("Accounts", f"{info.accounts:,}")
    if info.card.training_rows < info.card.outcome_rows:
        table.add_row("Taught by, drawn by lot", f"{info.card.training_rows:,} of {info.card.outcome_rows:,}")
    table.add_row("R² held out", f"{info.card.r2_holdout:.3f}")
    table.add_row("R² cross-fitted", f"{info.card.score.r2:.3f} ± {info.card.score.r2_error:.3f}")
    table.add_row("R² ceiling", ceiling)
    table.add_row(f"Coverage of {info.card.interval_level:.0%} intervals", f"{info.card.interval_coverage:.1%}")
    table.add_row("Model", info.card.family)
    table.add_row("Verdict", info.card.verdict.value)
    table.add_row("Actions allocated", f"{info.allocation.allocated} of {info.allocation.capacity}")
    table.add_row("Allocated by", info.allocation.allocator)
    for what, amount in (
        ("Actions are expected to bring", info.allocation.value),
        ("One more action would bring", info.allocation.one_more),
    ):
        if amount is not None:
            table.add_row(what, format_amount(amount, info.words.unit))
    if info.allocation.gap is not None:
        gap = f"{info.allocation.gap * 100:.2g} %" if info.allocation.gap else "nothing, proven"
        table.add_row("Short of the best by at most", gap)
    table.add_row("Accounts with actions", f"{info.allocation.accounts_with_actions:,}")
    table.add_row("Snapshot", info.snapshot_id)
    table.add_row("Seconds", f"{seconds:.1f}")
    return table


def candidates_table(info: SnapshotInfo) -> Table:
    """Return how every family of models did out of fold, each figure with its standard error."""
    unit = info.words.unit
    table = Table(title="Out of fold, ± one standard error", title_justify="left")
    table.add_column("Model")
    for measure in ("R²", "Mean abs. error", "Spearman"):
        table.add_column(measure, justify="right")
    for candidate in info.card.candidates:
        score, chosen = candidate.score, candidate.family == info.card.family
        table.add_row(
            f"{candidate.family} (chosen)" if chosen else candidate.family,
            f"{score.r2:.3f} ± {score.r2_error:.3f}",
            f"{format_amount(score.mae, unit)} ± {format_amount(score.mae_error, unit)}",
            f"{score.spearman:.3f} ± {score.spearman_error:.3f}",
            style="bold" if chosen else None,
        )
    return table
