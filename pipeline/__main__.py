"""The command line: `python -m pipeline`, and `precall build`, which is the same function."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer.exceptions import Abort, TyperException

from pipeline.config import PipelineConfig
from pipeline.errors import ConfigError, PipelineError
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from pipeline.accounts import Accounts
    from pipeline.readiness import Readiness

_NOT_READY = 3
_INTERRUPTED = 130  # what a shell reports for a command that was stopped with Ctrl-C

app = typer.Typer(add_completion=False)


@app.command()
def build(
    context: typer.Context,
    *,
    seed: Annotated[int, typer.Option(help="Which demo accounts to make.")] = 233,
    accounts: Annotated[
        str | None, typer.Option(help="A file of your own accounts: CSV, Excel, Parquet, duckdb:///file.db?table=name.")
    ] = None,
    pack: Annotated[
        str | None, typer.Option(help="What its columns mean: a shipped pack or a TOML file; drafted if left out.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of a CSV file; found out if left out.")] = None,
    demo: Annotated[str, typer.Option(help="Whose demo accounts to make: the name of a shipped pack.")] = "software",
    count: Annotated[int, typer.Option(help="How many demo accounts to make.")] = 500,
    capacity: Annotated[
        int | None, typer.Option(help="How many actions there are to give; the pack's if left out.")
    ] = None,
    cap: Annotated[
        int | None, typer.Option(help="How many of them one account may have; the pack's if left out.")
    ] = None,
    allocator: Annotated[
        Literal["optimum", "score"] | None,
        typer.Option(help="How actions are given: the best way there is, or by a score; the pack's."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day the accounts speak of; today (UTC) if left out."),
    ] = None,
    home: Annotated[Path, typer.Option(envvar="PRECALL_HOME", help="Where snapshots are kept.")] = Path("var"),
) -> None:
    """Take your accounts or make some, model and explain them, allocate actions, and publish it all."""
    # Whoever runs this command from elsewhere may hand over a function that the readiness of a file is told to.
    tell: Callable[[Readiness], None] = context.obj or (lambda _: None)
    now = datetime.now(UTC)
    config = PipelineConfig(
        home=home,
        as_of=(as_of or now).date(),
        seed=seed,
        demo=demo,
        accounts=count,
        capacity=capacity,
        cap_per_account=cap,
        allocator=allocator,
    )
    start = time.perf_counter()
    from rich.console import Console

    from pipeline import progress, run
    from storage.snapshots import SnapshotStore

    console = Console()
    own = None if accounts is None else _read(accounts, pack, (sheet, encoding), console, tell)
    store = SnapshotStore(config.snapshots, memory_limit=run.STORE_MEMORY)
    try:
        with progress.ProgressBars(console) as bars:
            info = (
                run.build(config, store=store, progress=bars, now=now)
                if own is None
                else run.build_from(own, config, store=store, progress=bars, now=now)
            )
    finally:
        store.close()
    console.print(progress.candidates_table(info))
    console.print(progress.summary_table(info, seconds=time.perf_counter() - start))


def _read(
    source: str,
    pack: str | None,
    how: tuple[str | None, str | None],
    console: Console,
    tell: Callable[[Readiness], None],
) -> Accounts:
    """Return the accounts of a file after a report on them; one that is not ready ends the program here."""
    from pipeline.accounts import read_accounts
    from pipeline.pack import read_pack
    from pipeline.readiness_table import readiness_table

    sheet, encoding = how
    found = read_accounts(source, None if pack is None else read_pack(pack), sheet=sheet, encoding=encoding)
    console.print(readiness_table(found.readiness))
    tell(found.readiness)
    for note in found.notes:
        console.print(note, markup=False)
    if found.drafted:
        console.print(
            "No pack was given, so one was drafted and used; `precall init FILE --out PACK.toml` writes it, and "
            "`--pack PACK.toml` uses what you make of it.",
            markup=False,
        )
    if found.accounts is None:
        typer.echo("Not ready: nothing was published, and what was published before is still in place.", err=True)
        raise typer.Exit(_NOT_READY)
    return found.accounts


def main() -> None:
    """Run the command line and turn what went wrong into one sentence and an exit code."""
    try:
        sys.exit(app(standalone_mode=False))
    except TyperException as error:
        _stop(error.format_message(), error.exit_code)
    except ConfigError as error:
        _stop(str(error), 2)
    except (PipelineError, StorageError) as error:
        _stop(str(error), 1)
    except (Abort, KeyboardInterrupt):
        _stop("Stopped. What was published before is still in place.", _INTERRUPTED)


def _stop(sentence: str, code: int) -> None:
    typer.echo(sentence, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
