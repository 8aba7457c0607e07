"""`precall allocate` at a terminal, on a snapshot that was really built."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from pipeline.allocation.errors import ConstraintError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(built_home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built_home, tmp_path / "home")


def kept(home: Path) -> int:
    return len(list((home / "snapshots").glob("*.json")))


def test_a_dry_run_shows_who_gains_and_publishes_nothing_and_without_it_one_is_published(home: Path) -> None:
    before = kept(home)
    dry = CliRunner().invoke(app, ["allocate", "--capacity", "64", "--dry-run", "--home", str(home)])

    assert dry.exit_code == 0
    assert "4 gain" in dry.output
    assert "Nothing was published" in dry.output
    assert kept(home) == before

    wet = CliRunner().invoke(app, ["allocate", "--capacity", "64", "--home", str(home)])
    assert "Published 000002-" in wet.output
    assert kept(home) == before + 1


def test_a_type_of_action_that_there_is_not_is_refused_by_name(home: Path) -> None:
    refused = CliRunner().invoke(app, ["allocate", "--budget", "workshops=3", "--home", str(home)])

    assert isinstance(refused.exception, ConstraintError)
    assert "there is no type of sales action workshops" in str(refused.exception)


def test_the_table_shows_every_limit_that_is_another_one_than_before(home: Path) -> None:
    options = ["--capacity", "rep:Dana Whitfield=3", "--minimum", "EMEA=4", "--dry-run", "--home", str(home)]
    shown = CliRunner().invoke(app, ["allocate", *options])

    lines = [line.replace("│", " ").split() for line in shown.output.splitlines()]
    assert ["Dana", "Whitfield's", "capacity", "none", "3"] in lines
    assert ["EMEA's", "minimum", "none", "4"] in lines
    assert not any("Budget" in line for line in lines)
