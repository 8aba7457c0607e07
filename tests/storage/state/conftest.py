from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from storage.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.sqlite"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    state = open_state(path)
    yield state
    state.close()
