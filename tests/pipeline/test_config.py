from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from pipeline.config import PipelineConfig
from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 23)


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(ConfigError) as caught:
        PipelineConfig(home=file, as_of=TODAY, seed=-1, accounts=99, capacity=0, cap_per_account=6)

    assert len(caught.value.faults) == 5
    assert all(word in str(caught.value) for word in ("file", "-1", "99", "capacity of 0", "cap of 6"))


@pytest.mark.parametrize(("accounts", "cap", "seed"), [(100, 1, 0), (10_000, 5, 2**31 - 1)])
def test_the_limits_themselves_are_allowed(tmp_path: Path, accounts: int, cap: int, seed: int) -> None:
    config = PipelineConfig(home=tmp_path, as_of=TODAY, seed=seed, accounts=accounts, cap_per_account=cap, capacity=1)

    assert config.snapshots == tmp_path / "snapshots"
