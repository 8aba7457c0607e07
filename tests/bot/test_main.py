from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def precall(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the command line in an environment that holds only what is given."""

    def precall(*arguments: str, **env: str) -> Result:
        for name in os.environ:
            if name.startswith(("SLACK_", "PRECALL_", "ANTHROPIC_", "DYNO")):
                monkeypatch.delenv(name)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["precall", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capsys.readouterr()
        return Result(returncode=int(caught.value.code or 0), stdout=output.out, stderr=output.err)

    return precall


def test_help_names_every_command(precall: Callable[..., Result]) -> None:
    result = precall("--help")

    assert result.returncode == 0
    for command in ("build", "kb", "serve", "digest", "shell", "demo"):
        assert f"{command} " in result.stdout


def test_missing_settings_are_one_sentence_and_exit_code_2(precall: Callable[..., Result]) -> None:
    result = precall("serve")

    assert result.returncode == 2
    assert result.stderr.startswith("The settings do not fit: SLACK_BOT_TOKEN is not set")
    assert result.stderr.count("\n") == 1


def test_a_wrong_option_of_a_build_is_exit_code_2(precall: Callable[..., Result]) -> None:
    result = precall("build", "--count", "5")

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_digest_can_be_read_without_slack(precall: Callable[..., Result], home: Path) -> None:
    result = precall("digest", "--channel", "C0SALES", "--dry-run", PRECALL_HOME=str(home))

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("For C0SALES:\nAccounts for ")
    assert "[Brief me]" in result.stdout


def test_without_a_snapshot_the_digest_fails_in_a_sentence(precall: Callable[..., Result], tmp_path: Path) -> None:
    result = precall("digest", "--dry-run", PRECALL_HOME=str(tmp_path))

    assert result.returncode == 1
    assert "precall build" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_digest_is_posted_by_hand_once(precall: Callable[..., Result], bot: Any, home: Path) -> None:
    env = {
        "SLACK_BOT_TOKEN": bot.workspace.bot_token,
        "SLACK_SIGNING_SECRET": bot.workspace.signing_secret,
        "SLACK_API_URL": bot.workspace.api_url,
        "PRECALL_HOME": str(home),
    }
    first = precall("digest", "--channel", bot.channel, **env)
    second = precall("digest", "--channel", bot.channel, "--channel", "C0NOWHERE", **env)

    assert (first.returncode, first.stdout) == (0, f"{bot.channel}: posted\n")
    assert (second.returncode, second.stdout) == (1, f"{bot.channel}: posted before\n")
    assert "C0NOWHERE: I am not in this conversation" in second.stderr
    assert len(bot.posted()) == 1
