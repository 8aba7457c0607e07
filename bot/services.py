"""Services: what a handler may ask for, built once."""

from __future__ import annotations

import logging
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.access import Access
from bot.boundary import log_error
from bot.charts import Gallery
from bot.client import make_client
from bot.desk import Desk
from bot.directory import Directory
from bot.errors import HomeUnusableError
from bot.intake import Intake
from bot.turns import Turns
from bot.writer import Writer, make_writer
from bot.writer.limits import Budget, Limits
from kb.embedding import Embedder
from kb.errors import LibraryBrokenError, LibraryNotFoundError
from kb.index import Library
from pipeline.what_if import OpenModels
from storage.snapshots import SnapshotStore
from storage.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.config import BotConfig

logger = logging.getLogger(__name__)


class Shelf:
    """The newest library that could be opened, looked for at each call."""

    def __init__(self, folder: Path, *, embedder: Embedder | None = None) -> None:
        self._folder, self._embedder = folder, embedder
        self._library: Library | None = None
        self._lock = threading.Lock()

    def current(self) -> Library | None:
        """Return the newest library, the one before it where the newest is damaged, or None where there is none."""
        with self._lock:
            if self._library is None or not self._library.is_current():
                try:
                    self._library = Library.open(self._folder, embedder=self._embedder)
                    if self._embedder is not None and not self._library.ranks_by_meaning:
                        logger.warning("passages are ranked by words alone: the index is without this model's vectors")
                except LibraryNotFoundError:
                    logger.info("no knowledge base was built yet")
                except LibraryBrokenError as error:
                    log_error(error)
            return self._library


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a handler may ask for; ``clock`` gives aware moments in UTC.

    ``limits`` are those of the writer. ``cooldown`` is how long an action of which somebody said what became of it
    stays out of the digest.
    """

    snapshots: SnapshotStore
    state: State
    shelf: Shelf
    intake: Intake
    access: Access
    writer: Writer
    limits: Limits
    desk: Desk
    gallery: Gallery
    turns: Turns
    models: OpenModels
    clock: Callable[[], datetime]
    cooldown: timedelta


def make_home(home: Path) -> None:
    """Create the folder of everything that precall keeps, where it is missing.

    Raises:
        HomeUnusableError: it is no folder and cannot be made one.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeUnusableError(home) from error


def open_bot_state(config: BotConfig) -> State:
    """Open what the bot remembers, in the database that the settings name or in the home; raises StateError."""
    return open_state(config.home / "state.sqlite", database_url=config.database_url)


@contextmanager
def open_services(config: BotConfig, *, clock: Callable[[], datetime] | None = None) -> Iterator[Services]:
    """Open everything under ``config.home``, which is created where it is missing, and close it at the end."""
    make_home(config.home)
    clock = clock or (lambda: datetime.now(UTC))
    access = Access(config.access, Directory(make_client(config), clock=clock))
    with (
        closing(SnapshotStore(config.home / "snapshots")) as snapshots,
        closing(open_bot_state(config)) as state,
        Desk(state=state, requests_per_minute=config.requests_per_minute, clock=clock) as desk,
    ):
        limits = _make_limits(config, state, clock)
        writer = make_writer(
            api_key=config.anthropic_api_key,
            base_url=config.anthropic_base_url,
            model=config.model,
            deadline_seconds=config.write_seconds,
            limits=limits,
        )
        embedder = None if config.embedding_model is None else Embedder(config.embedding_model)
        yield Services(
            snapshots=snapshots,
            state=state,
            shelf=Shelf(config.home / "kb" / "index", embedder=embedder),
            intake=Intake(channel=config.docs_channel, knowledge_base=config.home / "kb", embedder=embedder),
            access=access,
            writer=writer,
            limits=limits,
            desk=desk,
            gallery=Gallery(),
            turns=Turns(),
            models=OpenModels(),
            clock=clock,
            cooldown=config.cooldown,
        )


def _make_limits(config: BotConfig, state: State, clock: Callable[[], datetime]) -> Limits:
    if config.daily_dollars is None:
        return Limits()
    return Limits(Budget(daily_dollars=config.daily_dollars, dollars_since=state.dollars_since, clock=clock))
