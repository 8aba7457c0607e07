"""The state on both of its databases."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from storage.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a state is kept, of which any number may be opened."""

    path: Path
    database_url: str | None

    def open(self) -> State:
        return open_state(self.path, database_url=self.database_url)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.sqlite"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: Any, path: Path) -> Place:
    """An empty place on each of the two databases."""
    on_server = request.param == "postgres"
    return Place(path=path, database_url=request.getfixturevalue("database_url") if on_server else None)


@pytest.fixture
def state(place: Place) -> Iterator[State]:
    state = place.open()
    yield state
    state.close()


@pytest.fixture
def start(place: Place) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Run a script that has the state of this place as ``state``; what is still running at the end is killed."""
    opening = """
import sys
from datetime import date, datetime
from pathlib import Path
from storage.state import AuditRow, DigestClaim, Turn, open_state

sys.stdin.readline()
state = open_state(Path(sys.argv[1]), database_url=sys.argv[2] or None)
now = datetime(2026, 3, 2)
"""
    started = []

    def start(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", opening + script, str(place.path), place.database_url or ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
