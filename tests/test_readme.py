"""What the README states is what the code does."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.__main__ import app
from bot.config import SETTINGS
from pipeline.config import PipelineConfig
from pipeline.progress import ProgressBars
from pipeline.run import build
from storage.records import ReasonKind
from storage.snapshots import Snapshot, SnapshotStore
from storage.units import format_amount, format_range

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def section(heading: str) -> str:
    return README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    now = datetime.now(UTC)
    config = PipelineConfig(home=tmp_path_factory.mktemp("demo"), as_of=now.date())
    store = SnapshotStore(config.snapshots)
    with ProgressBars(Console(quiet=True)) as progress:
        build(config, store=store, progress=progress, now=now)
    with store.lease() as snapshot:
        yield snapshot
    store.close()


def test_the_settings_table_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", section("Settings"), re.MULTILINE)

    assert rows == [(setting.name, setting.default, setting.meaning) for setting in SETTINGS]


def test_the_table_of_dependencies_gives_a_reason_for_each_and_names_no_other() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    explained = re.findall(r"^\| ([a-z0-9, -]+) \| .{10,} \|$", section("Dependencies"), re.MULTILINE)

    assert sorted(name for row in explained for name in row.split(", ")) == sorted(
        re.split(r"[<>=~!\[ ]", requirement, maxsplit=1)[0] for requirement in declared
    )


def test_the_table_of_commands_names_those_that_there_are() -> None:
    listed = re.findall(r"^\| `precall (\w+)", section("Commands"), re.MULTILINE)
    shown = re.findall(r"^│ (\w+) ", CliRunner().invoke(app, ["--help"]).output, re.MULTILINE)

    assert sorted(listed) == sorted(shown)


def test_the_pictures_of_the_readme_are_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).read_bytes().startswith(b"\x89PNG"), path


def test_the_figures_about_the_model_are_those_of_a_fresh_demo_build(demo: Snapshot) -> None:
    card = demo.info.card
    stated = section("How good are the numbers")

    assert f"**{card.r2_holdout:.3f}** on the held-out fifth" in stated
    assert f"**{card.score.r2:.3f}** cross-fitted" in stated
    assert f"{card.r2_ceiling:.3f} is the ceiling" in stated
    assert f"covers {card.interval_coverage:.0%}".replace("%", " %") in stated


def test_the_thread_that_is_shown_is_that_of_a_fresh_demo_build(demo: Snapshot) -> None:
    account = demo.find_account("ACME-042")
    assert account is not None
    interval = format_range(account.low, account.high, "$")

    assert f"{account.name} · ACME-042" in README
    assert f"{format_amount(account.predicted, '$')} · predicted expansion revenue, 80 % interval {interval}" in README
    assert f"{account.allocation.actions} sales actions" in README
    assert f"rank {account.allocation.rank} of 500" in README
    for kind in (ReasonKind.GIVEN, ReasonKind.LAST, ReasonKind.NEXT):
        [reason] = [each for each in account.allocation.reasons if each.kind is kind]
        assert f"{reason.text} [Allocation: {kind}]" in README
