"""The settings of one build, checked together before anything is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from pipeline.allocation.rules import Method

# Below this a fold has too few accounts for the background of an explanation, above it the demo names run out.
FEWEST_ACCOUNTS, MOST_ACCOUNTS = 100, 10_000

# A scaled score of 100 gives this many actions.
MOST_ACTIONS_PER_ACCOUNT = 5

_SEEDS = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """What to build and where: ``home`` is the directory that holds ``snapshots``, ``as_of`` the day of the data (UTC).

    ``accounts`` is how many a demo has; ``capacity``, ``cap_per_account`` and ``allocator`` are the pack's where
    they are None.

    Raises ConfigError naming every fault at once.
    """

    home: Path
    as_of: date
    seed: int = 233
    demo: str = "software"
    accounts: int = 500
    capacity: int | None = None
    cap_per_account: int | None = None
    allocator: Method | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.home.exists() and not self.home.is_dir():
            faults.append(f"the home {self.home} is a file where a directory is needed")
        if not 0 <= self.seed < _SEEDS:
            faults.append(f"the seed {self.seed} is not between 0 and {_SEEDS - 1}")
        if not FEWEST_ACCOUNTS <= self.accounts <= MOST_ACCOUNTS:
            faults.append(f"{self.accounts} accounts is not between {FEWEST_ACCOUNTS} and {MOST_ACCOUNTS}")
        if self.capacity is not None and self.capacity < 1:
            faults.append(f"a capacity of {self.capacity} leaves no action to give")
        if self.cap_per_account is not None and not 1 <= self.cap_per_account <= MOST_ACTIONS_PER_ACCOUNT:
            faults.append(
                f"a cap of {self.cap_per_account} actions per account is not between 1 and {MOST_ACTIONS_PER_ACCOUNT}"
            )
        if faults:
            raise ConfigError(faults)

    @property
    def snapshots(self) -> Path:
        """The directory of the published snapshots."""
        return self.home / "snapshots"
