"""Every setting of the bot, read from the environment at once, with all faults named in one message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import ConfigError
from bot.writer.prices import PRICES
from kb.embedding import find_fault

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """An environment variable: its default ("" where there is none) and what it means."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(name="SLACK_BOT_TOKEN", default="", meaning="The bot's token, xoxb-…; always needed."),
    Setting(name="SLACK_APP_TOKEN", default="", meaning="An app-level token, xapp-…; when set, Socket Mode is used."),
    Setting(
        name="SLACK_SIGNING_SECRET",
        default="",
        meaning="What Slack signs its requests with; needed without SLACK_APP_TOKEN.",
    ),
    Setting(name="SLACK_API_URL", default="https://slack.com/api/", meaning="Where Slack's Web API is."),
    Setting(name="ANTHROPIC_API_KEY", default="", meaning="Without it plans and answers are written offline."),
    Setting(name="ANTHROPIC_BASE_URL", default="", meaning="Where Anthropic's API is, when not at its usual address."),
    Setting(name="PRECALL_MODEL", default="claude-sonnet-5-5", meaning="The model that writes plans and answers."),
    Setting(name="PRECALL_HOME", default="./var", meaning="The folder of snapshots, knowledge base and state."),
    Setting(
        name="DATABASE_URL",
        default="",
        meaning="A PostgreSQL database to keep threads, outcomes and audit in, postgresql://…; else a file keeps them.",
    ),
    Setting(
        name="PRECALL_RETENTION_DAYS",
        default="365",
        meaning="For how many days transcripts, messages, votes and the audit are kept.",
    ),
    Setting(
        name="PRECALL_ACCESS",
        default="",
        meaning="The file that says who may see which accounts; access.toml in PRECALL_HOME where it is not set.",
    ),
    Setting(name="PRECALL_HOST", default="0.0.0.0", meaning="The address that HTTP mode listens on."),  # noqa: S104 - Slack's requests come from outside; each is checked by its signature
    Setting(
        name="PORT",
        default="3000",
        meaning="The port that is listened on; in Socket Mode it answers `/healthz` alone.",
    ),
    Setting(
        name="PRECALL_DIGEST_CHANNELS",
        default="",
        meaning="Ids of the channels that get the daily digest, separated by commas; none means no digest.",
    ),
    Setting(name="PRECALL_DIGEST_TIME", default="08:00", meaning="When it is posted, Monday to Friday, HH:MM."),
    Setting(name="PRECALL_DIGEST_TIMEZONE", default="UTC", meaning="The timezone of that time, such as Europe/Madrid."),
    Setting(
        name="PRECALL_DOCS_CHANNEL",
        default="",
        meaning="Id of the channel where documents are added by sharing PDFs, with access.toml by ops alone.",
    ),
    Setting(
        name="PRECALL_EMBEDDING_MODEL",
        default="",
        meaning="A folder with a sentence-embedding model that passages are ranked by, too; none means by words alone.",
    ),
    Setting(
        name="PRECALL_COOLDOWN_DAYS",
        default="14",
        meaning="For how many days an action stays out of the digest after somebody said what became of it.",
    ),
    Setting(
        name="PRECALL_REQUESTS_PER_MINUTE",
        default="20",
        meaning="How often one person may ask within a minute; counted over all processes that share the state.",
    ),
    Setting(
        name="PRECALL_DAILY_DOLLARS",
        default="",
        meaning="What may be spent on Claude from midnight to midnight UTC; beyond it all is written offline.",
    ),
    Setting(
        name="PRECALL_WRITE_SECONDS",
        default="90",
        meaning="How long Claude may take for a plan or an answer; beyond it the offline writer writes the rest.",
    ),
    Setting(
        name="PRECALL_LOG",
        default="text",
        meaning="`text` for a log to read, `json` for one JSON object a line; both have the same fields.",
    ),
    Setting(
        name="PRECALL_ADMIN_CHANNEL",
        default="",
        meaning="Id of the channel or person that gets the readiness report of every build from a file of accounts.",
    ),
)
_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,}")
_CHANNEL_OR_PERSON_ID = re.compile(r"[CGDUW][A-Z0-9]{2,}")
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestConfig:
    """Which channels get a digest, and when on each working day."""

    channels: tuple[str, ...]
    at: time
    timezone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class BotConfig:
    """The settings of one run. Secrets are left out of the repr; without ``access`` no file of rights is looked for."""

    bot_token: str = field(repr=False)
    app_token: str | None = field(repr=False)
    signing_secret: str = field(repr=False)
    slack_api_url: str
    anthropic_api_key: str | None = field(repr=False)
    anthropic_base_url: str | None
    model: str
    home: Path
    database_url: str | None = field(repr=False)
    retention: timedelta
    cooldown: timedelta
    access: Path | None
    host: str
    port: int
    digest: DigestConfig
    admin_channel: str | None
    docs_channel: str | None
    embedding_model: Path | None
    requests_per_minute: int
    daily_dollars: float | None
    write_seconds: int
    json_log: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, slack: bool = True) -> BotConfig:
        """Read every setting; an empty value counts as not set.

        ``slack=False`` is for commands that do not talk to Slack: its tokens may then be missing.

        Raises:
            ConfigError: naming every fault, and no secret.
        """
        faults: list[str] = []
        values = {name: env.get(name, "").strip() or default for name, default in _DEFAULTS.items()}
        if slack:
            faults += _missing_tokens(values)
        if env.get("DYNO") and not values["DATABASE_URL"]:
            faults.append(
                "DYNO is set and DATABASE_URL is not: a dyno's disk is wiped at every restart, and with it the threads"
                " and the digest ledger; add a PostgreSQL database to the app"
            )
        home = Path(values["PRECALL_HOME"]).expanduser()
        config = cls(
            bot_token=values["SLACK_BOT_TOKEN"],
            app_token=values["SLACK_APP_TOKEN"] or None,
            signing_secret=values["SLACK_SIGNING_SECRET"],
            slack_api_url=_read_url("SLACK_API_URL", values, faults).rstrip("/") + "/",
            anthropic_api_key=values["ANTHROPIC_API_KEY"] or None,
            anthropic_base_url=_read_url("ANTHROPIC_BASE_URL", values, faults) or None,
            model=values["PRECALL_MODEL"],
            home=home,
            database_url=_read_database_url(values["DATABASE_URL"], faults) or None,
            retention=_read_days("PRECALL_RETENTION_DAYS", values["PRECALL_RETENTION_DAYS"], faults),
            cooldown=_read_days("PRECALL_COOLDOWN_DAYS", values["PRECALL_COOLDOWN_DAYS"], faults),
            access=_read_access(values["PRECALL_ACCESS"], home, faults),
            host=values["PRECALL_HOST"],
            port=_read_port(values["PORT"], faults),
            digest=DigestConfig(
                channels=_read_channels(values["PRECALL_DIGEST_CHANNELS"], faults),
                at=_read_time(values["PRECALL_DIGEST_TIME"], faults),
                timezone=_read_timezone(values["PRECALL_DIGEST_TIMEZONE"], faults),
            ),
            admin_channel=_read_admin_channel(values["PRECALL_ADMIN_CHANNEL"], faults),
            docs_channel=_read_docs_channel(values["PRECALL_DOCS_CHANNEL"], faults),
            embedding_model=_read_embedding_model(values["PRECALL_EMBEDDING_MODEL"], faults),
            requests_per_minute=_read_count(
                "PRECALL_REQUESTS_PER_MINUTE", values["PRECALL_REQUESTS_PER_MINUTE"], faults
            ),
            daily_dollars=_read_dollars(values, faults),
            write_seconds=_read_count("PRECALL_WRITE_SECONDS", values["PRECALL_WRITE_SECONDS"], faults),
            json_log=_read_log(values["PRECALL_LOG"], faults),
        )
        if faults:
            raise ConfigError(faults)
        return config


def _missing_tokens(values: Mapping[str, str]) -> list[str]:
    faults = []
    if not values["SLACK_BOT_TOKEN"]:
        faults.append("SLACK_BOT_TOKEN is not set; it is the xoxb-… token on the app's page OAuth & Permissions")
    elif not values["SLACK_BOT_TOKEN"].startswith("xoxb-"):
        faults.append("SLACK_BOT_TOKEN is no bot token; those begin with xoxb-")
    if values["SLACK_APP_TOKEN"] and not values["SLACK_APP_TOKEN"].startswith("xapp-"):
        faults.append("SLACK_APP_TOKEN is no app-level token; those begin with xapp-")
    if not values["SLACK_APP_TOKEN"] and not values["SLACK_SIGNING_SECRET"]:
        faults.append("neither SLACK_APP_TOKEN (for Socket Mode) nor SLACK_SIGNING_SECRET (for HTTP) is set")
    return faults


def _read_url(name: str, values: Mapping[str, str], faults: list[str]) -> str:
    parts = urlsplit(values[name])
    if values[name] and (parts.scheme not in {"http", "https"} or not parts.netloc):
        faults.append(f"{name} is no http or https address")
    return values[name]


def _read_access(text: str, home: Path, faults: list[str]) -> Path:
    """Return where rights are read from; only a file that was named must be there."""
    path = Path(text).expanduser()
    if text and not path.is_file():
        faults.append(f"PRECALL_ACCESS is {text!r}, where there is no file; without it everybody would see everything")
    return path if text else home / "access.toml"


def _read_database_url(url: str, faults: list[str]) -> str:
    if url and not url.startswith(("postgresql://", "postgres://")):
        faults.append("DATABASE_URL is no address of a PostgreSQL database; those begin with postgresql://")
    return url


def _read_days(name: str, text: str, faults: list[str]) -> timedelta:
    if re.fullmatch(r"[0-9]{1,5}", text) and int(text) > 0:
        return timedelta(days=int(text))
    faults.append(f"{name} is {text!r}; it must be a number of days from 1 to 99999")
    return timedelta()


def _read_count(name: str, text: str, faults: list[str]) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text) and int(text) > 0:
        return int(text)
    faults.append(f"{name} is {text!r}; it must be a number from 1 to 99999")
    return 0


def _read_dollars(values: Mapping[str, str], faults: list[str]) -> float | None:
    """Return the budget of a day; one that could not be kept, for want of the model's price, is a fault."""
    text, model = values["PRECALL_DAILY_DOLLARS"], values["PRECALL_MODEL"]
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]+)?", text):
        faults.append(f"PRECALL_DAILY_DOLLARS is {text!r}; it must be a number of dollars, such as 12.50")
        return None
    if model not in PRICES:
        faults.append(
            f"PRECALL_DAILY_DOLLARS is set, but nobody here knows what {model} costs; those whose price is known are"
            f" {', '.join(PRICES)}"
        )
    return float(text)


def _read_log(text: str, faults: list[str]) -> bool:
    if text not in {"text", "json"}:
        faults.append(f"PRECALL_LOG is {text!r}; it must be text or json")
    return text == "json"


def _read_port(text: str, faults: list[str]) -> int:
    if text.isdecimal() and 0 < int(text) <= _HIGHEST_PORT:
        return int(text)
    faults.append(f"PORT is {text!r}; it must be a number from 1 to {_HIGHEST_PORT}")
    return 0


def _read_channels(text: str, faults: list[str]) -> tuple[str, ...]:
    channels = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    faults += [
        f"PRECALL_DIGEST_CHANNELS holds {channel!r}; it needs ids such as C024BE91L, found at the end of a channel's"
        " About tab"
        for channel in channels
        if not _CHANNEL_ID.fullmatch(channel)
    ]
    return channels


def _read_admin_channel(text: str, faults: list[str]) -> str | None:
    if text and not _CHANNEL_OR_PERSON_ID.fullmatch(text):
        faults.append(
            f"PRECALL_ADMIN_CHANNEL is {text!r}; it must be an id such as C024BE91L, or a person's, U061F7AUR"
        )
    return text or None


def _read_docs_channel(text: str, faults: list[str]) -> str | None:
    if text and not _CHANNEL_ID.fullmatch(text):
        faults.append(f"PRECALL_DOCS_CHANNEL is {text!r}; it must be an id such as C024BE91L")
    return text or None


def _read_embedding_model(text: str, faults: list[str]) -> Path | None:
    folder = Path(text).expanduser() if text else None
    if folder is not None and (fault := find_fault(folder)) is not None:
        faults.append(f"PRECALL_EMBEDDING_MODEL is {text!r}, which {fault}")
    return folder


def _read_time(text: str, faults: list[str]) -> time:
    if match := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text):
        return time(int(match[1]), int(match[2]))
    faults.append(f"PRECALL_DIGEST_TIME is {text!r}; it must be HH:MM, such as 08:30")
    return time()


def _read_timezone(text: str, faults: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"PRECALL_DIGEST_TIMEZONE is {text!r}; it must be a name such as Europe/Madrid")
        return ZoneInfo("UTC")
