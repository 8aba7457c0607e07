"""`precall serve` as a process of its own, in a workspace on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anthropic_server import API_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from anthropic_server import AnthropicServer

    from bot.workspace import Workspace


@contextmanager
def serving(
    workspace: Workspace,
    home: Path,
    *,
    over_socket: bool = False,
    env: Mapping[str, str] | None = None,
    grace: str = "Grace()",
) -> Iterator[subprocess.Popen[str]]:
    """Start `precall serve` and kill it at the end; ``env`` adds to its settings, ``grace`` is Python.

    By HTTP the workspace delivers to it from now on.
    """
    port = free_port()
    settings = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token if over_socket else "",
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "ANTHROPIC_API_KEY": "",
        "PRECALL_HOME": str(home),
        "PRECALL_HOST": "127.0.0.1",
        "PORT": str(port),
    }
    serve = (
        "import os; from bot.config import *; from bot.log import *; from bot.server import *; "
        f"configure_log(as_json=True); serve(BotConfig.from_env(os.environ), grace={grace})"
    )
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", serve], env=os.environ | settings | (env or {}), stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            wait_until(lambda: process.poll() is not None or is_listening(port))
            if not over_socket:
                workspace.connect(f"http://127.0.0.1:{port}/slack/events")
            yield process
        finally:
            process.kill()


def claude(server: AnthropicServer) -> dict[str, str]:
    """Return the settings with which Claude writes, in the person of this server."""
    return {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": server.url}


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Return whether something listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait for a minute at most until something is so."""
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about")
