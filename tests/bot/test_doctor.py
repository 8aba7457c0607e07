"""What the doctor finds, on a workspace and a server that are really asked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from reportlab.pdfgen.canvas import Canvas
from tiny_model import write_tiny_model

from bot.config import BotConfig
from bot.doctor import Level, examine
from bot.manifest import read_manifest
from bot.workspace import Workspace
from kb.build import build, build_library
from kb.embedding import Embedder

from .anthropic_server import API_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCOPES = read_manifest().scopes


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace.running(scopes=SCOPES) as workspace:
        yield workspace


def configure(workspace: Workspace, home: Path, **env: str) -> BotConfig:
    settings = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "PRECALL_HOME": str(home),
    }
    return BotConfig.from_env(settings | env)


def look(config: BotConfig, *, now: datetime | None = None) -> dict[str, Any]:
    return {finding.name: finding for finding in examine(config, now=now or datetime.now(UTC))}


def test_whatever_is_not_good_says_what_mends_it_and_nothing_says_a_secret(workspace: Workspace, home: Path) -> None:
    channel = workspace.add_channel("sales")
    secret = "sk-ant-not-the-right-one"
    config = configure(
        workspace,
        home,
        SLACK_APP_TOKEN="xapp-wrong",
        PRECALL_DIGEST_CHANNELS=channel,
        ANTHROPIC_API_KEY=secret,
        ANTHROPIC_BASE_URL="http://127.0.0.1:1",
    )

    findings = look(config)

    assert findings["Slack"].level is Level.GOOD
    assert findings["Socket Mode"].found == "Slack answers invalid_auth"
    assert findings["State"].level is Level.GOOD
    assert findings["Snapshot"].found.startswith("000001-")
    assert findings["Readiness"].found == ("usable with care: Only <64> rows have an outcome. 64 of 70 rows used.")
    assert findings["Documents"].fix == "Run precall kb."
    assert findings["Claude"].level is Level.FAULT
    assert all(finding.fix for finding in findings.values() if finding.level is not Level.GOOD)
    said = repr(findings)
    assert not any(hidden in said for hidden in (secret, config.bot_token, config.signing_secret, "xapp-wrong"))


def test_a_scope_that_was_not_granted_is_named(home: Path) -> None:
    with Workspace.running(scopes=[scope for scope in SCOPES if scope != "files:write"]) as workspace:
        found = look(configure(workspace, home))["Scopes"]

    assert (found.level, found.found) == (Level.FAULT, "not granted: files:write")


def test_a_token_that_slack_refuses_ends_the_look_at_slack(workspace: Workspace, home: Path) -> None:
    findings = look(replace(configure(workspace, home), bot_token="xoxb-no"))

    assert findings["Slack"].found == "Slack answers invalid_auth"
    assert "Scopes" not in findings
    assert "Snapshot" in findings


def test_a_channel_without_the_bot_is_a_fault_until_it_is_invited(workspace: Workspace, home: Path) -> None:
    person = workspace.add_person("dana")
    inside = workspace.add_channel("sales", members=[person])
    outside = workspace.add_channel("private", members=[person], private=True, with_bot=False)

    findings = look(configure(workspace, home, PRECALL_DIGEST_CHANNELS=f"{inside},{outside}"))

    assert findings[f"Channel {inside}"].level is Level.GOOD
    assert findings[f"Channel {outside}"].level is Level.FAULT
    assert findings[f"Channel {outside}"].fix == "In that channel: /invite @precall"


def test_a_clock_that_is_off_and_data_that_is_old_are_said(workspace: Workspace, home: Path) -> None:
    findings = look(configure(workspace, home), now=datetime.now(UTC) + timedelta(days=900))

    assert findings["Clock"].level is Level.FAULT
    assert findings["Snapshot"].level is Level.WARNING
    assert "days old" in findings["Snapshot"].found


@pytest.mark.parametrize(
    ("model", "key", "found"),
    [
        ("claude-sonnet-5-5", API_KEY, "claude-sonnet-5-5 answers"),
        ("claude-none", API_KEY, "cannot use claude-none: there is no such model"),
        ("claude-sonnet-5-5", "sk-ant-wrong", "cannot use claude-sonnet-5-5: the key is not accepted"),
    ],
)
def test_the_model_is_asked_for(  # noqa: PLR0917 - a fixture each
    workspace: Workspace, home: Path, anthropic: Any, model: str, key: str, found: str
) -> None:
    env = {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": anthropic.url, "PRECALL_MODEL": model}

    assert look(configure(workspace, home, **env))["Claude"].found == found


def test_an_index_without_the_vectors_of_the_model_is_said_and_so_is_a_model_that_is_damaged(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    model = write_tiny_model(tmp_path / "model")
    write_pdf(home / "kb" / "documents" / "prices.pdf")
    config = configure(workspace, home, PRECALL_EMBEDDING_MODEL=str(model))

    for embedder, level in ((None, Level.WARNING), (Embedder(model), Level.GOOD)):
        build(home / "kb" / "documents", home / "kb" / "index", progress=lambda *_: None, embedder=embedder)
        assert look(config)["Documents"].level is level

    (model / "onnx" / "model.onnx").write_bytes(b"no model")
    assert look(config)["Documents"].level is Level.FAULT


def test_a_library_without_documents_and_one_with_those_of_the_demo_are_said(workspace: Workspace, home: Path) -> None:
    config, documents = configure(workspace, home), home / "kb" / "documents"
    build_library(home, progress=lambda *_: None)
    none = look(config)["Documents"]
    write_pdf(documents / "prices.pdf")
    build_library(home, progress=lambda *_: None, demo=True)
    made_up = look(config)["Documents"]
    shutil.rmtree(documents / "demo")
    build_library(home, progress=lambda *_: None)
    theirs = look(config)["Documents"]

    assert (none.level, none.found) == (Level.WARNING, "there are none, so plans cite none")
    assert none.fix == f"Put PDFs into {documents} and run precall kb."
    assert (made_up.level, made_up.found) == (Level.WARNING, "6 documents, 5 made up for the demo")
    assert made_up.fix == f"Delete {documents / 'demo'} and run precall kb."
    assert (theirs.level, theirs.found) == (Level.GOOD, "1 document")


def write_pdf(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = Canvas(str(path))
    canvas.drawString(72, 700, "The walrus add-on lists at 700 dollars.")
    canvas.save()
