from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from bot.config import BotConfig
from bot.errors import PortTakenError
from bot.health import Health
from bot.server import Listeners, listening_http
from bot.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def test_served_as_a_process_it_answers_and_ends_in_order_at_sigterm(home: Path) -> None:
    port = free_port()
    with Workspace.running(bot_url=f"http://127.0.0.1:{port}/slack/events") as workspace:
        env = os.environ | {
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": "",
            "SLACK_SIGNING_SECRET": workspace.signing_secret,
            "SLACK_API_URL": workspace.api_url,
            "ANTHROPIC_API_KEY": "",
            "PRECALL_HOME": str(home),
            "PRECALL_HOST": "127.0.0.1",
            "PORT": str(port),
        }
        person = workspace.add_person("ana")
        channel = workspace.add_channel("sales", members=[person])
        env["PRECALL_DIGEST_CHANNELS"] = channel
        env["PRECALL_DIGEST_TIME"] = "00:00"
        process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=env, stderr=subprocess.PIPE, text=True)
        try:
            wait_for_port(port)
            workspace.command("/precall ACME-042", user=person, channel=channel)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0, log
        assert "Traceback" not in log
        assert "Executive summary" in workspace.read(workspace.messages(channel))


def wait_for_port(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("nothing listens")
