"""One real build, shared by the tests that only look at it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from threadpoolctl import threadpool_limits

from pipeline import run
from pipeline.config import PipelineConfig
from pipeline.pack import read_pack
from pipeline.selection import Selection, select
from pipeline.synthetic import SyntheticAccounts, make_accounts
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.models import CrossFit
    from storage.records import SnapshotInfo

FEATURES = read_pack("software").features
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class StageNames:
    """A progress that remembers the stages it was shown and the steps they took."""

    def __init__(self) -> None:
        self.steps: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str, *, steps: int = 1) -> Iterator[Callable[[], None]]:
        del steps
        self.steps[name] = 0

        def step() -> None:
            self.steps[name] += 1

        yield step


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    config: PipelineConfig
    info: SnapshotInfo
    store: SnapshotStore
    progress: StageNames


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Fit as a build does; threads that wait for each other on a busy machine take minutes for what takes seconds."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def accounts() -> SyntheticAccounts:
    return make_accounts(500, seed=233)


@pytest.fixture(scope="session")
def selection(accounts: SyntheticAccounts) -> Selection:
    return select(FEATURES, accounts.table, accounts.outcome, seed=233)


@pytest.fixture(scope="session")
def fitted(selection: Selection) -> CrossFit:
    return selection.fitted


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    config = PipelineConfig(home=tmp_path_factory.mktemp("home"), as_of=date(2026, 11, 23))
    store, progress = SnapshotStore(config.snapshots), StageNames()
    info = run.build(config, store=store, progress=progress, now=NOW)
    yield Built(config=config, info=info, store=store, progress=progress)
    store.close()


@pytest.fixture
def small_config(tmp_path: Path) -> PipelineConfig:
    return PipelineConfig(home=tmp_path, as_of=date(2026, 11, 23), accounts=100, capacity=50)
