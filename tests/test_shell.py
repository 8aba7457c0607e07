from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from bot.config import BotConfig
from bot.demo import has_library, has_snapshot, run_demo
from bot.errors import DemoFailedError, ManifestMissingError
from bot.manifest import read_manifest
from bot.shell import run_prompt
from kb.build import build_library

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(built_home: Path, tmp_path: Path) -> BotConfig:
    home = shutil.copytree(built_home, tmp_path / "home")
    return BotConfig.from_env({"PRECALL_HOME": str(home)}, slack=False)


def test_at_the_prompt_a_person_asks_and_replies_and_reads_everything(config: BotConfig, tmp_path: Path) -> None:
    lines = iter(["Too early?", "/help", "/precall ACME-007", "What is its churn risk?", "@precall ACME-O08", "/quit"])
    shown: list[str] = []

    run_prompt(config, out=tmp_path / "out", show=shown.append, read_line=lambda: next(lines))

    early, brief, plan = (
        next(number for number, text in enumerate(shown) if words in text)
        for words in ("There is no thread", "predicted expansion revenue", "Risk mitigation")
    )
    answer = max(number for number, text in enumerate(shown) if "hurn risk" in text)
    assert early < brief < plan < answer
    read = "\n".join(shown)
    assert "Risk mitigation" in read
    assert "only visible to" in shown[-1]
    for name in ("waterfall.png", "interactions.png"):
        path = tmp_path / "out" / "ACME-007" / name
        assert path.read_bytes().startswith(b"\x89PNG")
        assert f"(saved as {path})" in read


def test_at_the_prompt_no_rights_are_asked_for(config: BotConfig, tmp_path: Path) -> None:
    (config.home / "access.toml").write_text('default = "none"')
    lines = iter(["/precall ACME-007", "/quit"])
    shown: list[str] = []

    run_prompt(config, out=tmp_path / "out", show=shown.append, read_line=lambda: next(lines))

    assert "Risk mitigation" in "\n".join(shown)


def test_the_end_of_input_ends_the_shell(config: BotConfig, tmp_path: Path) -> None:
    def read_line() -> str:
        raise EOFError

    shown: list[str] = []
    run_prompt(config, out=tmp_path / "out", show=shown.append, read_line=read_line)

    assert len(shown) == 1


def test_the_demo_shows_the_thread_and_writes_what_it_names(config: BotConfig, tmp_path: Path) -> None:
    shown: list[str] = []

    run_demo(config, out=tmp_path / "out", show=shown.append)

    assert shown[0] == "you: /precall ACME-042"
    assert "you: Why does it get this many actions?" in shown
    folder = tmp_path / "out" / "ACME-042"
    assert sorted(path.name for path in folder.iterdir()) == ["interactions.png", "plan.md", "waterfall.png"]
    assert all(str(path) in shown[-1] for path in folder.iterdir())
    plan = (folder / "plan.md").read_text()
    assert "## Executive summary" in plan
    assert "## Recommended promotion" in plan


def test_a_demo_without_accounts_fails_in_a_sentence(tmp_path: Path) -> None:
    empty = BotConfig.from_env({"PRECALL_HOME": str(tmp_path / "empty")}, slack=False)
    shown: list[str] = []

    with pytest.raises(DemoFailedError, match="no plan for ACME-042"):
        run_demo(empty, out=tmp_path / "out", show=shown.append)

    assert "precall build" in "\n".join(shown)
    assert not has_snapshot(empty.home)
    assert not has_library(empty.home)


def test_what_was_built_is_not_built_again(config: BotConfig) -> None:
    assert has_snapshot(config.home)
    assert has_library(config.home)


def test_a_library_without_documents_is_none_that_a_demo_could_quote(tmp_path: Path) -> None:
    build_library(tmp_path, progress=lambda *_: None)

    assert not has_library(tmp_path)


def test_away_from_a_checkout_the_missing_manifest_is_said(tmp_path: Path) -> None:
    with pytest.raises(ManifestMissingError, match="run from a checkout"):
        read_manifest(tmp_path / "manifest.json")
