"""The ``precall`` command line, also ``python -m bot``; the one place that reads the environment."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.config import BotConfig

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
_OUT = Path("out")


@app.callback()
def precall() -> None:
    """Prepare salespeople for their next call: what the account is worth, why, and what to do about it."""


@app.command(context_settings=_PASSED_ON, add_help_option=False)
def build(context: typer.Context) -> None:
    """Build a snapshot of the accounts and publish it."""
    from bot.admin import Admin
    from pipeline.__main__ import app as pipeline
    from pipeline.errors import PipelineError
    from storage.errors import StorageError

    admin = Admin.from_env(os.environ, warn=partial(typer.echo, err=True))
    try:
        pipeline(context.args, prog_name="precall build", obj=admin.tell_readiness)
    except (PipelineError, StorageError) as error:
        admin.tell_stopped(error)
        raise


@app.command()
def init(
    file: Annotated[str, typer.Argument(help="A file of accounts.")],
    *,
    out: Annotated[Path | None, typer.Option(help="A new file to write the pack into; printed if left out.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of a CSV file; found out if left out.")] = None,
) -> None:
    """Draft a pack, which says what the columns of your accounts mean, from a file of them."""
    from pipeline.columns import read_columns
    from pipeline.draft import draft_pack, write_draft
    from storage.tables import read_table

    table = read_table(file, sheet=sheet, encoding=encoding)
    draft = draft_pack(table, read_columns(table))
    if out is None:
        typer.echo(draft)
    else:
        write_draft(out, draft)
        typer.echo(f"Wrote {out}. Correct its guesses, then run `precall build --accounts {file} --pack {out}`.")


@app.command()
def score(
    file: Annotated[str, typer.Argument(help="A file of accounts; its outcomes, if it has any, are not read.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="A new file to write to, Parquet if it is called so, else CSV; printed if left out."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of a CSV file; found out if left out.")] = None,
    home: Annotated[Path, typer.Option(envvar="PRECALL_HOME", help="Where snapshots are kept.")] = Path("var"),
) -> None:
    """Predict accounts whose outcome is not known yet by the models of the newest snapshot."""
    from contextlib import closing

    from pipeline.new_accounts import score_file, write_scores
    from storage.snapshots import SnapshotStore

    with closing(SnapshotStore(home / "snapshots")) as snapshots, snapshots.lease() as snapshot:
        scores = score_file(file, snapshot, sheet=sheet, encoding=encoding)
    for note in scores.notes:
        typer.echo(note, err=True)
    write_scores(scores, out)


@app.command()
def card(out: Annotated[Path, typer.Option(help="The folder to write it to.")] = _OUT) -> None:
    """Write the model card of the newest snapshot as Markdown and PDF."""
    from contextlib import closing

    from pipeline.card_files import write_card
    from storage.snapshots import SnapshotStore

    home = Path(os.environ.get("PRECALL_HOME") or "var")
    with closing(SnapshotStore(home / "snapshots")) as snapshots, snapshots.lease() as snapshot:
        for path in write_card(snapshot, out):
            typer.echo(path)


@app.command(context_settings=_PASSED_ON, add_help_option=False)
def kb(context: typer.Context) -> None:
    """Build the knowledge base from the PDFs in its folder."""
    from kb.__main__ import app as knowledge_base

    knowledge_base(context.args, prog_name="precall kb")


@app.command()
def serve() -> None:
    """Serve Slack: by Socket Mode when SLACK_APP_TOKEN is set, else by HTTP on PORT."""
    from bot.config import BotConfig
    from bot.log import configure_log
    from bot.server import serve as serve_bot
    from pipeline.tree_shap import warm_up

    config = BotConfig.from_env(os.environ)
    configure_log(as_json=config.json_log)
    warm_up()  # what a what-if runs is compiled now, if nowhere before, so that nobody waits for it in Slack
    serve_bot(config)


@app.command()
def digest(
    channel: Annotated[
        list[str] | None, typer.Option(help="A channel's id; again for more. Default: PRECALL_DIGEST_CHANNELS.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it and post nothing.")] = False,
) -> None:
    """Post today's digest now, in each channel that does not have it yet."""
    from bot.config import BotConfig

    chosen = {"PRECALL_DIGEST_CHANNELS": ",".join(channel)} if channel else {}
    config = BotConfig.from_env(os.environ | chosen, slack=not dry_run)
    if dry_run:
        _print_digest(config)
    elif not config.digest.channels:
        raise typer.BadParameter("name a channel, or set PRECALL_DIGEST_CHANNELS", param_hint="--channel")
    elif not _post_digests(config):
        raise typer.Exit(1)


def _print_digest(config: BotConfig) -> None:
    from contextlib import closing
    from datetime import UTC, datetime

    from bot.digest import make_digest
    from bot.workspace.render import block_text
    from storage.snapshots import SnapshotStore

    with closing(SnapshotStore(config.home / "snapshots")) as snapshots:
        digest = make_digest(snapshots, day=datetime.now(UTC).astimezone(config.digest.timezone).date())
    for channel in config.digest.channels:
        typer.echo(f"For {channel}:")
    typer.echo("\n".join(block_text(block, {}) for block in digest.message().blocks))


def _post_digests(config: BotConfig) -> bool:
    """Post in each channel and return whether all of them have it."""
    from slack_sdk.errors import SlackApiError

    from bot.client import make_hasty_client
    from bot.digest import Outcome, channel_subscriptions, post_digest
    from bot.errors import explain
    from bot.services import open_services

    complete = True
    with open_services(config) as services:
        client = make_hasty_client(config)
        day = services.clock().astimezone(config.digest.timezone).date()
        for subscription in channel_subscriptions(config.digest):
            try:
                outcome = post_digest(services, client, subscription, day=day)
                missed = outcome in {Outcome.NOT_ADMITTED, Outcome.TOO_SLOW}
                typer.echo(f"{subscription.channel}: {outcome}", err=missed)
                complete &= not missed
            except SlackApiError as error:
                typer.echo(f"{subscription.channel}: {explain(error)}", err=True)
                complete = False
    return complete


@app.command()
def prewrite(
    *,
    batch: Annotated[
        str | None, typer.Option(help="Take up the results of this batch, which an earlier run sent, and send none.")
    ] = None,
    wait_minutes: Annotated[float, typer.Option(min=0, help="How long to wait for a batch.")] = 60,
) -> None:
    """Have the plans of the next digests' accounts written at half price, so that /precall posts them at once."""
    import re
    from datetime import timedelta

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from bot.config import BotConfig
    from bot.prewrite import Prewriting, report_table
    from bot.services import open_services
    from bot.writer import make_batch_writer

    if batch is not None and not re.fullmatch(r"[A-Za-z0-9_-]+", batch):
        raise typer.BadParameter("it must be an id such as msgbatch_01AbC", param_hint="--batch")
    config = BotConfig.from_env(os.environ)
    batches = make_batch_writer(
        api_key=config.anthropic_api_key, base_url=config.anthropic_base_url, model=config.model
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with open_services(config) as services, Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task("Plans written", total=None)
        run = Prewriting(
            services=services,
            batches=batches,
            folder=config.home / "prewrite",
            wait=timedelta(minutes=wait_minutes),
            show=lambda through, total: bars.update(bar, completed=through, total=total or None),
        )
        report = run.write(config.digest) if batch is None else run.take_up(batch, config.digest)
    Console().print(report_table(report))
    if report.failed:
        raise typer.Exit(1)


@app.command()
def allocate(
    *,
    capacity: Annotated[
        list[str] | None,
        typer.Option(help="How many actions there are: 300, or of one rep, rep:dana=12; again for more."),
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option(help="What one type of action may cost in all, workshops=20; again for more.")
    ] = None,
    minimum: Annotated[
        list[str] | None, typer.Option(help="What a territory gets at least, territory:EMEA=40; again for more.")
    ] = None,
    cap: Annotated[int | None, typer.Option(min=1, help="How many actions one account may have.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and publish nothing.")] = False,
    home: Annotated[Path, typer.Option(envvar="PRECALL_HOME", help="Where snapshots are kept.")] = Path("var"),
) -> None:
    """Give the newest snapshot's actions again under other limits, and publish that."""
    from contextlib import closing
    from datetime import UTC, datetime

    from rich.console import Console

    from bot.reallocation import reallocation_table
    from pipeline.reallocate import Wish, publish, reallocate
    from storage.snapshots import SnapshotStore

    wish = Wish(
        capacities=tuple(capacity or ()), budgets=tuple(budget or ()), minima=tuple(minimum or ()), cap_per_account=cap
    )
    with closing(SnapshotStore(home / "snapshots")) as snapshots, snapshots.lease() as snapshot:
        found = reallocate(snapshot, wish)
        Console().print(reallocation_table(found))
        if dry_run:
            typer.echo("Nothing was published; without --dry-run this is.")
        else:
            typer.echo(f"Published {publish(snapshots, snapshot, found, now=datetime.now(UTC)).snapshot_id}.")


@app.command()
def diff(
    old: Annotated[str | None, typer.Argument(help="A snapshot's id or number; if left out, the one before.")] = None,
    new: Annotated[str | None, typer.Argument(help="A snapshot's id or number; if left out, the newest.")] = None,
    *,
    csv: Annotated[Path | None, typer.Option(help="Write every change into this file, too.")] = None,
    home: Annotated[Path, typer.Option(envvar="PRECALL_HOME", help="Where snapshots are kept.")] = Path("var"),
) -> None:
    """Say what changed between two snapshots, and how much of it is data, model and allocation."""
    from contextlib import closing

    from rich.console import Console

    from bot.diff import diff_table, find_diff, write_changes
    from storage.snapshots import SnapshotStore

    with closing(SnapshotStore(home / "snapshots")) as snapshots:
        found = find_diff(snapshots, old, new)
    if csv is not None:
        write_changes(csv, found.changes)
    Console().print(diff_table(found))


_SINCE = typer.Option(formats=["%Y-%m-%d"], help="The first day, in UTC; from the beginning if left out.")
_CSV = typer.Option(help="A file to write it into; printed if left out.")


@app.command()
def audit(
    *,
    since: Annotated[datetime | None, _SINCE] = None,
    csv: Annotated[Path | None, _CSV] = None,
) -> None:
    """Export who was shown what, when and where, and what it cost."""
    from bot.exports import export_audit

    _export(export_audit, since, csv)


@app.command()
def outcomes(
    *,
    since: Annotated[datetime | None, _SINCE] = None,
    csv: Annotated[Path | None, _CSV] = None,
) -> None:
    """Export what became of the actions that were recommended."""
    from bot.exports import export_outcomes

    _export(export_outcomes, since, csv)


def _export(export: Callable[..., int], since: datetime | None, path: Path | None) -> None:
    from contextlib import closing

    from bot.config import BotConfig
    from bot.services import open_bot_state

    with closing(open_bot_state(BotConfig.from_env(os.environ, slack=False))) as state:
        count = export(state, path, since=since or datetime.min)  # noqa: DTZ901 - UTC, as everything in the state
    if path is not None:
        typer.echo(f"Wrote {count:,} rows to {path}.")


@app.command()
def doctor() -> None:
    """Look at everything that precall needs, and say what mends what is wrong."""
    from datetime import UTC

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from bot.config import BotConfig
    from bot.doctor import Level, examine

    table = Table(title="precall doctor", title_justify="left")
    for heading in ("", "Looked at", "Found", "What mends it"):
        table.add_column(heading, overflow="fold")
    marks = {Level.GOOD: "[green]✓[/]", Level.WARNING: "[yellow]![/]", Level.FAULT: "[red]✗[/]"}
    findings = list(examine(BotConfig.from_env(os.environ), now=datetime.now(UTC)))
    for finding in findings:
        table.add_row(marks[finding.level], escape(finding.name), escape(finding.found), escape(finding.fix))
    Console().print(table)
    if any(finding.level is Level.FAULT for finding in findings):
        raise typer.Exit(1)


@app.command()
def shell() -> None:
    """Talk to precall at a prompt, without Slack: a workspace on this machine takes its place."""
    from bot.config import BotConfig
    from bot.shell import run_prompt

    config = BotConfig.from_env(os.environ, slack=False)
    run_prompt(config, out=_OUT, show=_show, read_line=lambda: input("> "))


@app.command()
def demo() -> None:
    """Show the main job: build what is missing, ask for ACME-042, ask one question, print the thread."""
    from bot.config import BotConfig
    from bot.demo import run_demo

    config = BotConfig.from_env(os.environ, slack=False)
    _build_missing(config)
    run_demo(config, out=_OUT, show=_show)


def _build_missing(config: BotConfig) -> None:
    from bot.demo import has_library, has_snapshot
    from bot.services import make_home

    home = config.home
    make_home(home)
    if not has_library(home):
        from kb.__main__ import kb as build_knowledge_base

        build_knowledge_base(home=home, embedding_model=config.embedding_model, demo=True)
    if not has_snapshot(home):
        from pipeline.__main__ import app as pipeline

        pipeline(["--home", str(home)], standalone_mode=False)


def main() -> None:
    """Run a command; whatever goes wrong is one sentence, never a traceback."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        sentence, code = _explain(error)
        typer.echo(sentence, err=True)
        sys.exit(code)


def _explain(error: Exception) -> tuple[str, int]:
    from urllib.error import URLError

    from slack_sdk.errors import SlackApiError

    from bot.boundary import find_place
    from bot.errors import BotError, ConfigError, FaultyRightsError, HomeUnusableError, NoKeyError, explain
    from kb.errors import KnowledgeBaseError
    from pipeline.errors import ConfigError as BuildConfigError
    from pipeline.errors import PipelineError
    from storage.errors import StorageError

    if isinstance(error, (BotError, KnowledgeBaseError, PipelineError, StorageError)):
        settings = (ConfigError, HomeUnusableError, FaultyRightsError, NoKeyError, BuildConfigError)
        return str(error), 2 if isinstance(error, settings) else 1
    if isinstance(error, (SlackApiError, URLError)):
        return explain(error), 1
    return f"precall stopped: {type(error).__name__} at {find_place(error.__traceback__)}.", 1


def _show(text: str) -> None:
    typer.echo(f"{text}\n")


if __name__ == "__main__":
    main()
