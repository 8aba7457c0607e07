from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PRECALL_HOME": str(home), "COLUMNS": "100"}
    return subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "pipeline", *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--seed", "abc"), "--seed"),
        (("--nonsense",), "--nonsense"),
        (("--as-of", "yesterday"), "--as-of"),
        (("--count", "3", "--capacity", "0"), "3 accounts"),
    ],
)
def test_bad_arguments_give_one_sentence_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    result = run(tmp_path, *arguments)

    assert result.returncode == 2
    assert named in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_build_shows_its_stages_and_what_it_came_to(tmp_path: Path) -> None:
    result = run(tmp_path, "--count", "100", "--capacity", "40")

    assert result.returncode == 0, result.stderr
    for word in ("Fit models", "Explain predictions", "R² held out", "R² ceiling", "40 of 40", "Seconds"):
        assert word in result.stdout
    assert (tmp_path / "snapshots" / "CURRENT").exists()


def test_accounts_older_than_those_published_give_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    assert run(tmp_path, "--count", "100", "--as-of", "2026-11-23").returncode == 0

    result = run(tmp_path, "--count", "100", "--as-of", "2026-11-22")

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "Nothing was changed" in result.stderr
