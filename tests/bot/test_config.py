from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tiny_model import write_tiny_model

from bot.config import SETTINGS, BotConfig
from bot.errors import ConfigError

ROOT = Path(__file__).parents[2]
SOCKET_MODE = {"SLACK_BOT_TOKEN": "xoxb-top-secret", "SLACK_APP_TOKEN": "xapp-top-secret"}
HTTP_MODE = {"SLACK_BOT_TOKEN": "xoxb-top-secret", "SLACK_SIGNING_SECRET": "top-secret"}


def test_the_least_that_starts_the_bot_is_a_token_and_a_way_in() -> None:
    assert BotConfig.from_env(SOCKET_MODE).app_token == "xapp-top-secret"
    assert BotConfig.from_env(HTTP_MODE).port == 3000


def test_an_empty_value_counts_as_not_set() -> None:
    config = BotConfig.from_env(HTTP_MODE | {"PORT": " ", "SLACK_APP_TOKEN": "", "ANTHROPIC_API_KEY": ""})

    assert (config.port, config.app_token, config.anthropic_api_key) == (3000, None, None)


def test_all_faults_are_named_together_and_no_secret_is() -> None:
    with pytest.raises(ConfigError) as caught:
        BotConfig.from_env(
            {
                "SLACK_BOT_TOKEN": "xoxp-top-secret",
                "SLACK_APP_TOKEN": "top-secret",
                "SLACK_API_URL": "ftp://top-secret",
                "DATABASE_URL": "mysql://top-secret@db/precall",
                "PORT": "70000",
                "PRECALL_DIGEST_CHANNELS": "C024BE91L, #sales",
                "PRECALL_DIGEST_TIME": "8:30",
                "PRECALL_DIGEST_TIMEZONE": "Mars/Olympus",
            }
        )

    message = str(caught.value)
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_API_URL",
        "DATABASE_URL",
        "PORT",
        "#sales",
        "'8:30'",
        "Mars/Olympus",
    ):
        assert name in message
    assert len(caught.value.faults) == 8
    assert "top-secret" not in message


def test_the_repr_shows_no_secret() -> None:
    config = BotConfig.from_env(
        SOCKET_MODE | HTTP_MODE | {"ANTHROPIC_API_KEY": "sk-top-secret", "DATABASE_URL": "postgres://u:top-secret@db/x"}
    )

    assert "top-secret" not in repr(config)


def test_commands_that_do_not_talk_to_slack_need_no_token() -> None:
    assert BotConfig.from_env({}, slack=False).home == Path("var")
    with pytest.raises(ConfigError, match=r"SLACK_BOT_TOKEN is not set.*nor SLACK_SIGNING_SECRET"):
        BotConfig.from_env({})


def test_a_host_that_wipes_its_disk_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match="wiped at every restart"):
        BotConfig.from_env(SOCKET_MODE | {"DYNO": "web.1"})
    assert BotConfig.from_env(SOCKET_MODE | {"DYNO": "web.1", "DATABASE_URL": "postgres://db/precall"}).database_url


def test_the_state_is_kept_in_a_file_unless_a_database_is_named() -> None:
    assert BotConfig.from_env(SOCKET_MODE).database_url is None
    for url in ("postgresql://db/precall", "postgres://u:p@db:5432/precall?sslmode=require"):
        assert BotConfig.from_env(SOCKET_MODE | {"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "²", "a year", "100000"])
def test_a_retention_that_is_no_number_of_days_is_refused(days: str) -> None:
    assert BotConfig.from_env(SOCKET_MODE | {"PRECALL_RETENTION_DAYS": "30"}).retention == timedelta(days=30)
    with pytest.raises(ConfigError, match="PRECALL_RETENTION_DAYS"):
        BotConfig.from_env(SOCKET_MODE | {"PRECALL_RETENTION_DAYS": days})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRECALL_REQUESTS_PER_MINUTE", "0"),
        ("PRECALL_WRITE_SECONDS", "a while"),
        ("PRECALL_LOG", "xml"),
        ("PRECALL_DAILY_DOLLARS", "-5"),
        ("PRECALL_DAILY_DOLLARS", "lots"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        BotConfig.from_env(SOCKET_MODE | {name: value})


def test_a_budget_needs_a_model_whose_price_is_known() -> None:
    budget = {"PRECALL_DAILY_DOLLARS": "12.50"}

    assert BotConfig.from_env(SOCKET_MODE).daily_dollars is None
    assert BotConfig.from_env(SOCKET_MODE | budget).daily_dollars == 12.5
    with pytest.raises(ConfigError, match=r"nobody here knows what claude-9 costs; .*claude-sonnet-5-5"):
        BotConfig.from_env(SOCKET_MODE | budget | {"PRECALL_MODEL": "claude-9"})


def test_a_folder_without_an_embedding_model_is_a_fault_among_the_others(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "model")
    (tmp_path / "bare").mkdir()

    assert BotConfig.from_env(SOCKET_MODE).embedding_model is None
    assert BotConfig.from_env(SOCKET_MODE | {"PRECALL_EMBEDDING_MODEL": str(model)}).embedding_model == model
    for folder, fault in (("gone", "is no folder"), ("bare", r"has no tokenizer\.json")):
        with pytest.raises(ConfigError, match=rf"PORT is .*PRECALL_EMBEDDING_MODEL is '.*{folder}', which {fault}"):
            BotConfig.from_env(SOCKET_MODE | {"PORT": "x", "PRECALL_EMBEDDING_MODEL": str(tmp_path / folder)})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api/"])
def test_the_api_address_ends_in_one_slash(url: str) -> None:
    assert BotConfig.from_env(SOCKET_MODE | {"SLACK_API_URL": url}).slack_api_url == "http://127.0.0.1:8080/api/"


def test_the_digest_settings_are_read() -> None:
    digest = BotConfig.from_env(
        SOCKET_MODE
        | {
            "PRECALL_DIGEST_CHANNELS": "C0SALES, C0EMEA,,C0SALES",
            "PRECALL_DIGEST_TIME": "07:45",
            "PRECALL_DIGEST_TIMEZONE": "Europe/Madrid",
        }
    ).digest

    assert (digest.channels, digest.at, digest.timezone) == (
        ("C0SALES", "C0EMEA"),
        time(7, 45),
        ZoneInfo("Europe/Madrid"),
    )


def test_the_example_file_names_every_setting_with_its_default_and_meaning() -> None:
    example = (ROOT / ".env.example").read_text()

    assert re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE) == [(item.name, item.default) for item in SETTINGS]
    for setting in SETTINGS:
        assert f"# {setting.meaning}\n{setting.name}=" in example


def test_every_setting_that_is_read_is_in_the_table() -> None:
    source = (ROOT / "bot" / "config.py").read_text()

    read = set(re.findall(r'values\["([A-Z_]+)"\]', source)) | set(re.findall(r'_read_url\("([A-Z_]+)"', source))
    assert read == {setting.name for setting in SETTINGS}
