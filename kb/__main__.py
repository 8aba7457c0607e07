"""``precall kb``, also ``python -m kb``: build the knowledge base and say what is in it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from kb.documents import DEMO_FOLDER, count_of, describe_demo, describe_hidden, names_of
from kb.errors import KnowledgeBaseError

if TYPE_CHECKING:
    from kb.build import BuildReport

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(name="kb")
def kb(
    *,
    home: Annotated[Path, typer.Option(envvar="PRECALL_HOME", help="Where precall keeps what it builds.")] = Path(
        "var"
    ),
    embedding_model: Annotated[
        Path | None,
        typer.Option(
            envvar="PRECALL_EMBEDDING_MODEL", help="The folder of a model to rank passages by; none if left out."
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add five made-up sales documents, in HOME/kb/documents/demo.")
    ] = False,
) -> None:
    """Read every PDF in HOME/kb/documents and build the index in HOME/kb/index."""
    from kb.build import build_library  # BM25 and the typesetter take seconds to import
    from kb.embedding import Embedder

    try:
        embedder = None if embedding_model is None else Embedder(embedding_model.expanduser())
        with _bars() as bars:
            report = build_library(home, progress=_progress(bars), demo=demo, embedder=embedder)
    except KnowledgeBaseError as error:
        Console(stderr=True).print(escape(str(error)), soft_wrap=True)
        raise typer.Exit(2) from error
    print_report(report, documents_folder=home / "kb" / "documents", console=Console())


def print_report(report: "BuildReport", *, documents_folder: Path, console: Console) -> None:
    """Print one row per file and the totals; names come from files, so none is read as markup or rules the terminal."""
    from kb.read import one_line

    if not report.documents and not report.problems:
        sentence = f"There are no documents in {documents_folder}, so plans quote none."
        remedy = "Put PDFs there and run this again, or run it with --demo for five made-up ones."
        console.print(escape(f"{sentence} {remedy}"), soft_wrap=True)
        return
    table = Table("Document", "Type", "Pages", "Passages", "Remarks", title=f"Knowledge base {report.version}")
    for name, document in zip(names_of(report.documents), report.documents, strict=True):
        cells = (
            one_line(name),
            document.kind,
            str(document.pages),
            str(document.passages),
            "\n".join(document.remarks),
        )
        table.add_row(*map(escape, cells))
    for unreadable in report.problems:
        problem = "\n".join([f"{unreadable.reason}. {unreadable.remedy}.", *describe_hidden(unreadable.hidden)])
        table.add_row(escape(one_line(unreadable.file)), "", "", "0", escape(problem))
    console.print(table)
    pages = sum(document.pages for document in report.documents)
    hidden = sum(each.characters for each in report.hidden)
    notes = [
        *([f"{count_of(len(report.problems), 'file')} left out"] if report.problems else []),
        *([f"{count_of(hidden, 'hidden character')} left out"] if hidden else []),
        *([f"{count_of(report.unchanged, 'unchanged file')} not read again"] if report.unchanged else []),
    ]
    totals = f"{count_of(len(report.documents), 'document')}, {count_of(pages, 'page')}, {report.passages:,} passages"
    summary = f"{'; '.join([totals, *notes])}. Add PDFs to "
    console.print(escape(f"{summary}{documents_folder} and run this again."), soft_wrap=True)
    if remark := describe_demo(report.documents, folder=str(documents_folder / DEMO_FOLDER)):
        console.print(escape(remark), soft_wrap=True)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _progress(bars: Progress) -> Callable[[str, int, int], None]:
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage)
        bars.update(tasks[stage], completed=done, total=total)

    return report


if __name__ == "__main__":
    app()
