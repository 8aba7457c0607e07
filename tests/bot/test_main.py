from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import API_KEY, AnthropicServer

from bot.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bot.workspace import Workspace


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
            if name.startswith(("SLACK_", "PRECALL_", "ANTHROPIC_", "DATABASE_URL", "DYNO")):
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
    assert "C0NOWHERE: not posted, because I am not in the channel" in second.stderr
    assert len(bot.posted()) == 1


def write_accounts(path: Path, count: int) -> str:
    rows = [
        f"A-{place},{place % 7},{place % 5},{10 * (place % 7) + 3 * (place % 5) + place % 3}" for place in range(count)
    ]
    path.write_text("\n".join(["account_id,visits,calls,revenue", *rows]) + "\n", "utf-8")
    return str(path)


def admin_settings(workspace: Workspace, home: Path, admin: str) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "PRECALL_HOME": str(home),
        "PRECALL_ADMIN_CHANNEL": admin,
    }


def test_the_admin_reads_what_a_file_is_fit_for_and_it_is_built(
    precall: Callable[..., Result], bot: Any, tmp_path: Path
) -> None:
    file = write_accounts(tmp_path / "export.csv", 60)

    result = precall("build", "--accounts", file, **admin_settings(bot.workspace, tmp_path, bot.channel))

    assert result.returncode == 0, result.stderr
    [message] = bot.posted()
    assert f"Usable with care: {file}" in bot.read([message])
    assert "60 rows read, 60 used." in bot.read([message])
    assert (tmp_path / "snapshots" / "CURRENT").exists()


def test_the_admin_reads_in_a_direct_message_why_a_file_is_not_ready(
    precall: Callable[..., Result], bot: Any, tmp_path: Path
) -> None:
    file = write_accounts(tmp_path / "export.csv", 20)

    result = precall("build", "--accounts", file, **admin_settings(bot.workspace, tmp_path, bot.person))

    assert result.returncode == 3
    read = bot.read(bot.posted(bot.workspace.direct_channel(bot.person)))
    assert f"Not ready: {file}" in read
    assert "at least 40 are needed" in read
    assert not (tmp_path / "snapshots").exists()


def test_the_admin_reads_why_a_file_could_not_be_read(precall: Callable[..., Result], bot: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()

    result = precall(
        "build", "--accounts", str(tmp_path / "empty.csv"), **admin_settings(bot.workspace, tmp_path, bot.channel)
    )

    assert result.returncode == 1
    assert bot.read(bot.posted()).strip().endswith(f"Nothing was built. {result.stderr.strip()}")


def test_a_build_goes_on_when_slack_does_not_take_the_report(
    precall: Callable[..., Result], bot: Any, tmp_path: Path
) -> None:
    file = write_accounts(tmp_path / "export.csv", 20)

    result = precall("build", "--accounts", file, **admin_settings(bot.workspace, tmp_path, "C0NOWHERE"))

    assert result.returncode == 3
    assert "The admin was not told: I am not in this conversation" in result.stderr
    assert bot.posted() == []


def test_an_admin_who_cannot_be_told_is_a_fault_of_the_settings(precall: Callable[..., Result], tmp_path: Path) -> None:
    result = precall("build", PRECALL_ADMIN_CHANNEL="#sales", PRECALL_HOME=str(tmp_path))

    assert result.returncode == 2
    assert "SLACK_BOT_TOKEN is not set" in result.stderr
    assert "PRECALL_ADMIN_CHANNEL is '#sales'" in result.stderr
    assert list(tmp_path.iterdir()) == []


SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "secret"}


def test_without_a_key_nothing_is_written_ahead(precall: Callable[..., Result], home: Path) -> None:
    result = precall("prewrite", PRECALL_HOME=str(home), **SLACK)

    assert result.returncode == 2
    assert result.stderr == "ANTHROPIC_API_KEY is not set; without it no plan is written ahead, and none needs to be.\n"


def test_a_batch_is_named_by_an_id(precall: Callable[..., Result], home: Path) -> None:
    result = precall("prewrite", "--batch", "../secret", PRECALL_HOME=str(home), ANTHROPIC_API_KEY="k", **SLACK)

    assert result.returncode == 2
    assert "msgbatch_01AbC" in result.stderr


def test_the_command_writes_ahead_and_says_what_it_cost(
    precall: Callable[..., Result],
    run_bot: Callable[..., AbstractContextManager[Any]],
    home: Path,
    anthropic: AnthropicServer,
) -> None:
    with run_bot(home) as bot:
        result = precall(
            "prewrite",
            PRECALL_HOME=str(home),
            PRECALL_DIGEST_CHANNELS=bot.channel,
            ANTHROPIC_API_KEY=API_KEY,
            ANTHROPIC_BASE_URL=anthropic.url,
            SLACK_API_URL=bot.workspace.api_url,
            SLACK_BOT_TOKEN=bot.workspace.bot_token,
            SLACK_SIGNING_SECRET=bot.workspace.signing_secret,
        )

    assert result.returncode == 0, result.stderr
    (batch,) = anthropic.batches.values()
    assert re.search(rf"Written +│ {len(batch.requests)} ", result.stdout)
    assert "half the list price" in result.stdout
