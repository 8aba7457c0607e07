"""The main job once, for a newcomer: build what is missing, ask for one account, ask one question, show the thread."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from bot.errors import DemoFailedError
from bot.services import Shelf
from bot.shell import open_shell
from storage.errors import NoSnapshotError
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.config import BotConfig

ACCOUNT = "ACME-042"
QUESTION = "Why does it get this many actions?"


def run_demo(config: BotConfig, *, out: Path, show: Callable[[str], None]) -> None:
    """Show the thread of ``/precall ACME-042`` with one follow-up and write its pictures and plan to ``out``.

    Raises:
        DemoFailedError: the thread did not hold all that it should.
    """
    with open_shell(config, out=out, show=show) as shell:
        for line in (f"/precall {ACCOUNT}", QUESTION):
            show(f"you: {line}")
            shell.run_line(line)
        folder, plan = shell.folder(), shell.plan()
        if folder is None or plan is None:
            raise DemoFailedError(ACCOUNT)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.md").write_text(plan, encoding="utf-8")
        show(f"Written: {', '.join(str(path) for path in sorted(folder.iterdir()))}")


def has_library(home: Path) -> bool:
    """Return whether there is a knowledge base with a document under ``home``."""
    library = Shelf(home / "kb" / "index").current()
    return library is not None and bool(library.documents)


def has_snapshot(home: Path) -> bool:
    """Return whether a snapshot can be read under ``home``."""
    with closing(SnapshotStore(home / "snapshots")) as store:
        try:
            with store.lease():
                return True
        except NoSnapshotError:
            return False
