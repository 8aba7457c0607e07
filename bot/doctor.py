"""What keeps precall from working, each with what mends it."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.client import make_client
from bot.errors import FaultyRightsError, HomeUnusableError, ManifestMissingError
from bot.manifest import read_manifest
from bot.rights import read_rights
from bot.services import make_home, open_bot_state
from kb.documents import DEMO_FOLDER, count_of
from kb.embedding import Embedder
from kb.errors import EmbeddingModelError, KnowledgeBaseError
from kb.index import Library
from storage.errors import SnapshotError, StorageError
from storage.records import Fitness
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.config import BotConfig

_STALE_DAYS: Final = 7
_SKEW_SECONDS: Final = 60  # Slack's signatures hold for five minutes either way
_MODEL_SECONDS: Final = 10


class Level(StrEnum):
    """How bad a finding is; with a fault the bot does not do its work."""

    GOOD = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: what was found, and what mends it where it is not good."""

    name: str
    level: Level
    found: str
    fix: str = ""


def examine(config: BotConfig, *, now: datetime) -> Iterator[Finding]:
    """Look at everything that the bot needs, one after the other; ``now`` is aware."""
    yield from _examine_slack(config, now=now)
    yield _examine_home(config)
    yield _examine_state(config)
    yield from _examine_snapshot(config, now=now)
    yield _examine_library(config)
    yield _examine_rights(config)
    yield _examine_model(config)


def _examine_slack(config: BotConfig, *, now: datetime) -> Iterator[Finding]:
    client = make_client(config)
    try:
        answer = client.auth_test()
    except (SlackApiError, URLError, OSError) as error:
        fix = "Check SLACK_BOT_TOKEN, SLACK_API_URL and that this machine reaches Slack."
        yield Finding(name="Slack", level=Level.FAULT, found=_refusal(error), fix=fix)
        return
    headers = {name.casefold(): value for name, value in answer.headers.items()}
    yield Finding(name="Slack", level=Level.GOOD, found=f"the token is {answer['user']}'s in {answer['team']}")
    yield _examine_scopes(headers)
    yield _examine_clock(headers, now=now)
    if config.app_token:
        yield _examine_socket(config)
    for channel in (*config.digest.channels, *filter(None, [config.admin_channel])):
        yield _examine_channel(client, channel)


def _examine_scopes(headers: Mapping[str, str]) -> Finding:
    name = "Scopes"
    try:
        wanted = read_manifest().scopes
    except ManifestMissingError:
        fix = "Run precall doctor from a checkout of the project to compare them."
        return Finding(name=name, level=Level.WARNING, found="there is no manifest to compare them with", fix=fix)
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    if missing := [scope for scope in wanted if scope not in granted]:
        fix = "Paste manifest.json into the app's page App Manifest, then Install App, Reinstall."
        return Finding(name=name, level=Level.FAULT, found=f"not granted: {', '.join(missing)}", fix=fix)
    return Finding(name=name, level=Level.GOOD, found=f"all {len(wanted)} of the manifest are granted")


def _examine_clock(headers: Mapping[str, str], *, now: datetime) -> Finding:
    skew = abs((parsedate_to_datetime(headers["date"]) - now).total_seconds()) if "date" in headers else 0.0
    if skew > _SKEW_SECONDS:
        fix = "Turn on time synchronisation: Slack's signatures and the time of the digest depend on the clock."
        found = f"this machine's clock is {skew:,.0f} seconds off Slack's"
        return Finding(name="Clock", level=Level.FAULT, found=found, fix=fix)
    return Finding(name="Clock", level=Level.GOOD, found="agrees with Slack's")


def _examine_socket(config: BotConfig) -> Finding:
    try:
        WebClient(base_url=config.slack_api_url).apps_connections_open(app_token=config.app_token or "")
    except (SlackApiError, URLError, OSError) as error:
        fix = "SLACK_APP_TOKEN needs the scope connections:write, and Socket Mode must be on for the app."
        return Finding(name="Socket Mode", level=Level.FAULT, found=_refusal(error), fix=fix)
    return Finding(name="Socket Mode", level=Level.GOOD, found="Slack opens a socket for the app-level token")


def _examine_channel(client: WebClient, channel: str) -> Finding:
    name = f"Channel {channel}"
    if channel.startswith(("U", "W", "D")):
        return Finding(name=name, level=Level.GOOD, found="a direct message needs no invitation")
    try:
        info = client.conversations_info(channel=channel)["channel"]
    except (SlackApiError, URLError, OSError) as error:
        return Finding(name=name, level=Level.FAULT, found=_refusal(error), fix="In that channel: /invite @precall")
    if not info.get("is_member"):
        return Finding(name=name, level=Level.FAULT, found="I am not in it", fix="In that channel: /invite @precall")
    return Finding(name=name, level=Level.GOOD, found="I am in it")


def _examine_home(config: BotConfig) -> Finding:
    try:
        make_home(config.home)
    except HomeUnusableError:
        fix = "Set PRECALL_HOME to a folder that can be written."
        return Finding(name="Home", level=Level.FAULT, found=f"{config.home} is no folder and cannot be one", fix=fix)
    return Finding(name="Home", level=Level.GOOD, found=str(config.home))


def _examine_state(config: BotConfig) -> Finding:
    where = "the PostgreSQL database of DATABASE_URL" if config.database_url else "a file in the home"
    try:
        with closing(open_bot_state(config)) as state:
            state.subscriptions()
    except StorageError as error:
        fix = "Check DATABASE_URL and its server." if config.database_url else "Check the home's rights and space."
        return Finding(name="State", level=Level.FAULT, found=f"{where}: {error}", fix=fix)
    return Finding(name="State", level=Level.GOOD, found=where)


def _examine_snapshot(config: BotConfig, *, now: datetime) -> Iterator[Finding]:
    try:
        with closing(SnapshotStore(config.home / "snapshots")) as store, store.lease() as snapshot:
            info = snapshot.info
    except SnapshotError as error:
        yield Finding(name="Snapshot", level=Level.FAULT, found=str(error), fix="Run precall build.")
        return
    days = (now.replace(tzinfo=None) - info.source.as_of).days
    found = f"{info.snapshot_id}, {info.accounts:,} {info.words.accounts}, data of {info.source.as_of:%d %b %Y}"
    if days > _STALE_DAYS:
        fix = "Run precall build with fresh data, best every night."
        yield Finding(name="Snapshot", level=Level.WARNING, found=f"{found}: {days} days old", fix=fix)
    else:
        yield Finding(name="Snapshot", level=Level.GOOD, found=found)
    if info.source.fitness is Fitness.READY:
        yield Finding(name="Readiness", level=Level.GOOD, found=info.source.fitness)
    elif info.source.fitness:
        said = f"{info.source.fitness}: {' '.join(info.source.findings)}"
        fix = "Mend what can be in the file of accounts, and run precall build."
        yield Finding(name="Readiness", level=Level.WARNING, found=said, fix=fix)


def _examine_library(config: BotConfig) -> Finding:
    try:
        embedder = None if config.embedding_model is None else Embedder(config.embedding_model)
    except EmbeddingModelError as error:
        fix = "Name another folder with PRECALL_EMBEDDING_MODEL, or none."
        return Finding(name="Documents", level=Level.FAULT, found=str(error), fix=fix)
    try:
        library = Library.open(config.home / "kb" / "index", embedder=embedder)
    except KnowledgeBaseError:
        found = "there is no index, so plans cite no documents"
        return Finding(name="Documents", level=Level.WARNING, found=found, fix="Run precall kb.")
    folder = config.home / "kb" / "documents"
    if not library.documents and not library.problems:
        found = "there are none, so plans cite none"
        fix = f"Put PDFs into {folder} and run precall kb."
        return Finding(name="Documents", level=Level.WARNING, found=found, fix=fix)
    found, fixes = count_of(len(library.documents), "document"), []
    if embedder is not None and not library.ranks_by_meaning:
        found += ", without vectors of the embedding model"
        fixes.append("Run precall kb with the same setting.")
    if library.problems:
        found += f", {len(library.problems):,} with problems"
        fixes.append("Run precall kb to see which.")
    if made_up := sum(bool(document.pack) for document in library.documents):
        found += f", {made_up:,} made up for the demo"
        fixes.append(f"Delete {folder / DEMO_FOLDER} and run precall kb.")
    level = Level.WARNING if fixes else Level.GOOD
    return Finding(name="Documents", level=level, found=found, fix=" ".join(fixes))


def _examine_rights(config: BotConfig) -> Finding:
    if config.access is None or not config.access.exists():
        found = f"there is no {config.access}: every full member of the workspace sees every account"
        return Finding(name="Access", level=Level.WARNING, found=found, fix="Write access.toml; the README shows one.")
    try:
        read_rights(config.access)
    except FaultyRightsError as error:
        return Finding(name="Access", level=Level.FAULT, found=str(error), fix="Correct the file.")
    return Finding(name="Access", level=Level.GOOD, found=str(config.access))


def _examine_model(config: BotConfig) -> Finding:
    if not config.anthropic_api_key:
        found = "no ANTHROPIC_API_KEY is set, so plans and answers are written offline"
        return Finding(name="Claude", level=Level.WARNING, found=found, fix="Set ANTHROPIC_API_KEY.")
    import anthropic

    from bot.writer import ANTHROPIC
    from bot.writer.claude import make_client as make_claude

    client = make_claude(api_key=config.anthropic_api_key, base_url=config.anthropic_base_url or ANTHROPIC)
    fault = f"cannot use {config.model}"
    try:
        client.models.retrieve(config.model, timeout=_MODEL_SECONDS)
    except anthropic.NotFoundError:
        found, fix = f"{fault}: there is no such model", "Set PRECALL_MODEL to a model that there is."
    except (anthropic.AuthenticationError, anthropic.PermissionDeniedError):
        found, fix = f"{fault}: the key is not accepted", "Check ANTHROPIC_API_KEY."
    except anthropic.APIError as error:
        found, fix = f"{fault}: {type(error).__name__}", "Check ANTHROPIC_BASE_URL and that this machine reaches it."
    else:
        return Finding(name="Claude", level=Level.GOOD, found=f"{config.model} answers")
    finally:
        with suppress(OSError):
            client.close()
    return Finding(name="Claude", level=Level.FAULT, found=found, fix=fix)


def _refusal(error: Exception) -> str:
    """Return Slack's own word for a refusal, or that nothing answered; never the text of another error."""
    if isinstance(error, SlackApiError):
        return f"Slack answers {error.response.get('error', 'nothing that says why')}"
    return "nothing answers there"
