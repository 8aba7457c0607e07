"""A short form of what `bench/torture.py` does to digests for longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.torture_digests import kill_posters

if TYPE_CHECKING:
    from pathlib import Path


def test_no_digest_is_lost_or_doubled_by_processes_that_are_killed(home: Path) -> None:
    tally = kill_posters(home, kills=6, seed=1, open_digests=2)

    assert tally.kills >= 6
    assert tally.digests > 0
    assert (tally.lost, tally.doubled) == (0, 0), tally


def test_without_the_claim_digests_are_doubled(home: Path) -> None:
    assert kill_posters(home, kills=1, seed=1, claims=False, open_digests=1).doubled > 0
