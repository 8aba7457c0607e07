from __future__ import annotations

import json
import signal
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from anthropic_server import AnthropicServer, Scenario
from serving import claude, serving, wait_until
from socket_mode import SocketMode

from bot.config import BotConfig
from bot.desk import STOPPED
from bot.errors import PortTakenError
from bot.health import Health
from bot.server import Listeners, listening_http
from bot.workspace import Workspace

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


def test_a_request_that_slack_did_not_sign_is_refused_and_changes_nothing(bot: Any) -> None:
    answer = httpx2.post(bot.url, content="command=%2Fprecall&text=ACME-042", headers={"X-Slack-Signature": "v0=00"})

    bot.wait()
    assert answer.status_code == 401
    assert bot.posted() == []


def test_its_health_is_told_to_whoever_asks_without_a_signature(bot: Any) -> None:
    answer = httpx2.get(bot.url.replace("/slack/events", "/healthz"))

    assert answer.status_code == 200
    assert answer.json() == {"slack": "ok", "state": "ok", "snapshot": "ok"}


def test_it_is_unhealthy_when_the_socket_is_gone_or_nothing_was_built(
    run_bot: Callable[..., AbstractContextManager[Any]], tmp_path: Path
) -> None:
    with run_bot(tmp_path / "empty") as bot:
        health = Health(bot.services, is_connected=lambda: False)
        started: list[str] = []

        content = b"".join(health({"PATH_INFO": "/healthz"}, lambda status, _: started.append(status)))

    assert started == ["503 Service Unavailable"]
    assert json.loads(content) == {"slack": "not connected", "state": "ok", "snapshot": "NoSnapshot"}


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = {"PORT": str(taken.getsockname()[1]), "PRECALL_HOST": "127.0.0.1"}
        config = BotConfig.from_env(env, slack=False)
        with pytest.raises(PortTakenError, match="name a free port with PORT"), listening_http(None, config):  # type: ignore[arg-type] # it gets no request
            pass


def test_leaving_the_listeners_waits_for_those_at_work() -> None:
    began, done = threading.Event(), []

    def listener() -> None:
        began.set()
        time.sleep(0.2)
        done.append(True)

    with Listeners() as listeners:
        listeners.submit(listener)
        began.wait()
        assert not listeners.wait(0)
    assert done == [True]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The bot as a process, in a workspace with one person and one channel."""

    workspace: Workspace
    process: subprocess.Popen[str]
    person: str
    channel: str

    def ask(self, command: str) -> None:
        self.workspace.command(command, user=self.person, channel=self.channel)

    def stop(self) -> str:
        """Send SIGTERM and return the log when the process has ended well."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, log
        assert [line for line in log.splitlines() if not line.startswith("{")] == []
        return log

    def read(self) -> str:
        return self.workspace.read(self.workspace.messages(self.channel))


@pytest.fixture(params=["HTTP", "Socket Mode"])
def serve_bot(request: Any, home: Path) -> Iterator[Callable[..., Served]]:
    """Start `precall serve`; ``env`` adds to its settings, ``grace`` is what it has to end, as Python."""
    with ExitStack() as stack:

        def start(*, env: dict[str, str] | None = None, grace: str = "Grace()") -> Served:
            workspace = stack.enter_context(Workspace.running())
            over_socket = request.param == "Socket Mode"
            if over_socket:
                workspace.connect_by(SocketMode())
            person = workspace.add_person("ana")
            channel = workspace.add_channel("sales", members=[person])
            digest = {"PRECALL_DIGEST_CHANNELS": channel, "PRECALL_DIGEST_TIME": "00:00"}
            process = stack.enter_context(
                serving(workspace, home, over_socket=over_socket, env=digest | (env or {}), grace=grace)
            )
            return Served(workspace=workspace, process=process, person=person, channel=channel)

        yield start


def test_what_was_begun_is_finished_when_the_process_is_stopped(serve_bot: Callable[..., Served]) -> None:
    served = serve_bot(grace="Grace(write_seconds=100, work_seconds=100)")
    served.ask("/precall ACME-042")

    log = served.stop()

    assert "Executive summary" in served.read()
    assert "Risk mitigation" in served.read()
    assert '"message": "stopped"' in log.splitlines()[-1]


def test_a_plan_that_claude_still_writes_is_finished_offline_when_the_process_is_stopped(
    serve_bot: Callable[..., Served], anthropic: AnthropicServer
) -> None:
    anthropic.next(*[Scenario.SLOW] * 10)
    served = serve_bot(env=claude(anthropic), grace="Grace(write_seconds=0, work_seconds=100)")
    served.ask("/precall ACME-042")
    wait_until(lambda: anthropic.requests)

    served.stop()

    assert "Risk mitigation" in served.read()
    assert "precall was stopped while Claude wrote" in served.read()


def test_what_cannot_be_finished_in_time_is_handed_back_in_a_sentence(
    serve_bot: Callable[..., Served], anthropic: AnthropicServer
) -> None:
    anthropic.next(*[Scenario.SLOW] * 10)
    anthropic.slow_seconds = 100.0
    served = serve_bot(env=claude(anthropic), grace="Grace(write_seconds=0, work_seconds=0, tell_seconds=60)")
    served.ask("/precall ACME-042")
    wait_until(lambda: anthropic.requests)

    log = served.stop()

    [told] = [message for message in served.workspace.messages(served.channel) if message.text == STOPPED]
    assert told.only_visible_to(served.person)
    assert '"outcome": "handed back"' in log
