"""A running bot: the real app, and a workspace on loopback that holds it to its own manifest."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from anthropic_server import AnthropicServer
from hypothesis import HealthCheck, settings
from postgres_server import NoPostgresError, running_postgres

from bot.app import make_app
from bot.client import make_client
from bot.config import BotConfig
from bot.manifest import read_manifest
from bot.server import Listeners, connected, listening_http, slack_requests
from bot.services import open_services
from bot.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from slack_sdk import WebClient
    from socket_mode import SocketMode

    from bot.access import Access
    from bot.services import Services
    from bot.workspace import Message
    from bot.writer import Writer

# The same examples in every run, so that a change is to blame for what fails after it; a loaded machine is not.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
settings.load_profile("steady")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBot:
    """The real bot, a workspace with its manifest's scopes and events, a person and a channel."""

    config: BotConfig
    workspace: Workspace
    services: Services
    listeners: Listeners
    client: WebClient
    url: str
    person: str
    channel: str

    def ask(self, command: str, *, channel: str | None = None) -> None:
        """Type a command and wait for all that comes of it."""
        self.workspace.command(command, user=self.person, channel=channel or self.channel)
        self.wait()

    def say(self, text: str, *, thread_ts: str | None = None) -> Any:
        """Write in the channel and wait for all that comes of it."""
        message = self.workspace.say(text, user=self.person, channel=self.channel, thread_ts=thread_ts)
        self.wait()
        return message

    def wait(self) -> None:
        """Wait until no listener is at work, and nothing that one left to be done."""
        assert self.listeners.wait(60)
        assert self.services.desk.wait(60)

    def posted(self, channel: str | None = None) -> list[Message]:
        """Return what the bot wrote in the channel, private answers too, oldest first."""
        messages = self.workspace.messages(channel or self.channel)
        return [message for message in messages if message.user == self.workspace.bot_user]

    def thread_ts(self) -> str:
        """Return the ts of the first public message, whose thread the brief is."""
        return next(message.ts for message in self.posted() if message.ephemeral_to is None)

    def read(self, messages: Any) -> str:
        """Return messages as people read them."""
        return self.workspace.read(messages)


@pytest.fixture
def run_bot() -> Callable[..., AbstractContextManager[RunningBot]]:
    """Start the bot on a home.

    ``writer`` and ``clock`` replace its own, ``access`` makes another of its own, ``env`` adds to its settings,
    ``slack_clock`` and ``settings`` are the workspace's; with ``socket_mode`` it connects there instead of listening to
    HTTP, and has no URL.
    """

    @contextmanager
    def run_bot(
        home: Path,
        *,
        writer: Writer | None = None,
        access: Callable[[Access], Any] | None = None,
        clock: Callable[[], datetime] | None = None,
        slack_clock: Callable[[], float] = time.time,
        env: dict[str, str] | None = None,
        socket_mode: SocketMode | None = None,
        **settings: Any,
    ) -> Iterator[RunningBot]:
        with ExitStack() as stack:
            workspace = stack.enter_context(Workspace.running(clock=slack_clock, **asdict(read_manifest()) | settings))
            slack = {
                "SLACK_BOT_TOKEN": workspace.bot_token,
                "SLACK_SIGNING_SECRET": workspace.signing_secret,
                "SLACK_API_URL": workspace.api_url,
                "PRECALL_HOME": str(home),
                "PRECALL_REQUESTS_PER_MINUTE": "1000",
            }
            config = replace(BotConfig.from_env(slack | (env or {})), host="127.0.0.1", port=0)
            services = stack.enter_context(open_services(config, clock=clock))
            services = replace(services, writer=writer) if writer else services
            services = replace(services, access=access(services.access)) if access else services
            listeners = stack.enter_context(Listeners())
            app = make_app(config, services, executor=listeners)
            url = ""
            if socket_mode:
                workspace.connect_by(socket_mode)
                stack.enter_context(connected(app, workspace.app_token, hearing=services.desk.hearing))
            else:
                port = stack.enter_context(listening_http(slack_requests(app, services), config))
                url = f"http://127.0.0.1:{port}/slack/events"
                workspace.connect(url)
            person = workspace.add_person("ana")
            yield RunningBot(
                config=config,
                workspace=workspace,
                services=services,
                listeners=listeners,
                client=make_client(config),
                url=url,
                person=person,
                channel=workspace.add_channel("sales", members=[person]),
            )

    return run_bot


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that runs for these tests alone."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running_postgres())
        except NoPostgresError as error:
            pytest.skip(str(error))
        yield url


@pytest.fixture
def database_url(postgres: str) -> str:
    """The URL of an empty schema in that server."""
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{postgres}?options=-csearch_path%3D{schema}"


@pytest.fixture
def anthropic() -> Iterator[AnthropicServer]:
    """A server on loopback that speaks Anthropic's wire format."""
    server = AnthropicServer()
    yield server
    server.close()


class Silent:
    """A build that shows nothing."""

    @contextmanager
    def stage(self, _name: str, *, steps: int = 1) -> Iterator[Callable[[], None]]:
        assert steps
        yield lambda: None


@pytest.fixture(scope="session")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PRECALL_HOME as `precall kb` and `precall build` make it, with the fewest accounts that are allowed."""
    from kb.build import build_library
    from pipeline.config import PipelineConfig
    from pipeline.run import build
    from storage.snapshots import SnapshotStore

    home = tmp_path_factory.mktemp("built")
    build_library(home, progress=lambda *_: None, demo=True)
    now = datetime.now(UTC)
    config = PipelineConfig(home=home, as_of=now.date(), accounts=100, capacity=60)
    store = SnapshotStore(config.snapshots)
    build(config, store=store, progress=Silent(), now=now)
    store.close()
    return home
