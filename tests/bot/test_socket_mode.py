from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from socket_mode import SocketMode

from bot.app import make_app
from bot.config import BotConfig
from bot.errors import NoSocketError
from bot.server import Listeners, connected
from bot.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

PLAN = "Executive summary"


@pytest.fixture
def sockets() -> SocketMode:
    """Closed by the workspace that delivers by it."""
    return SocketMode()


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, sockets: SocketMode) -> Iterator[Any]:
    with run_bot(home, socket_mode=sockets) as running:
        sockets.wait_opened(1)
        yield running
        assert sockets.faults == []


def test_a_command_a_question_and_a_button_are_answered_over_the_socket(bot: Any, sockets: SocketMode) -> None:
    bot.ask("/precall ACME-042")
    bot.say("Who owns this account?", thread_ts=bot.thread_ts())

    parent, pictures, *plan, _question, answer = bot.workspace.thread(bot.channel, bot.thread_ts())
    assert "ACME-042" in bot.read(parent)
    assert [file.name for file in pictures.files] == ["waterfall.png", "interactions.png"]
    assert PLAN in bot.read(plan)
    assert "Dana Reyes" in bot.read(answer)

    bot.ask("/precall ACNE-017")
    bot.workspace.press("Ridgeline Freight 17 · ACME-017", user=bot.person)
    bot.wait()
    assert "Ridgeline Freight 17 · ACME-017" in bot.read(bot.posted())
    assert bot.workspace.failed_deliveries == []
    assert sockets.unacknowledged("event") == []


def test_what_is_delivered_twice_is_answered_once(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.say("Who owns this account?", thread_ts=bot.thread_ts())
    bot.ask("/precall ACNE-017")
    bot.workspace.press("Ridgeline Freight 17 · ACME-017", user=bot.person)
    bot.wait()
    answered = bot.posted()

    by_people = [each for each in bot.workspace.deliveries if not each.payload.get("event", {}).get("bot_id")]
    assert [each.kind for each in by_people] == ["command", "event", "command", "interaction"]
    for delivery in by_people:
        assert not bot.workspace.redeliver(delivery).failed
    bot.wait()
    assert bot.posted() == answered


def test_a_refreshed_connection_answers_at_once(bot: Any, sockets: SocketMode) -> None:
    sockets.refresh()
    bot.ask("/precall ACME-042")

    assert PLAN in bot.read(bot.posted())
    assert bot.workspace.late_acknowledgements == []


@pytest.mark.parametrize("drop", [SocketMode.close_connections, SocketMode.cut_connections])
def test_after_a_lost_connection_it_comes_back_and_answers_what_was_asked_meanwhile(
    bot: Any, sockets: SocketMode, drop: Callable[[SocketMode], None]
) -> None:
    bot.ask("/precall ACME-042")
    drop(sockets)
    sockets.wait_closed()
    bot.workspace.say("Who owns this account?", user=bot.person, channel=bot.channel, thread_ts=bot.thread_ts())

    sockets.wait_opened(2)
    bot.workspace.wait_until(lambda: "Dana Reyes" in bot.read(bot.posted()[-1]))
    bot.ask("/precall ACME-017")
    assert "ACME-017" in bot.read(bot.posted())
    assert sockets.unacknowledged("event") == []


@pytest.mark.parametrize(
    ("app_scopes", "admitting", "reason"),
    [
        ((), True, "missing_scope"),
        pytest.param(
            ("connections:write",),
            False,
            "it hangs up",
            # slack_sdk leaves a socket that was refused to the garbage collector
            marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
        ),
    ],
)
def test_a_token_without_its_scope_and_a_refused_socket_are_said_at_the_start(
    sockets: SocketMode, *, app_scopes: tuple[str, ...], admitting: bool, reason: str
) -> None:
    sockets.admitting = admitting
    with Workspace.running(app_scopes=app_scopes) as workspace, Listeners() as listeners:
        workspace.connect_by(sockets)
        env = {
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_API_URL": workspace.api_url,
        }
        connect = partial(connected, hearing=nullcontext)
        app = make_app(BotConfig.from_env(env), None, executor=listeners)  # type: ignore[arg-type] # no listener runs
        with pytest.raises(NoSocketError, match=f"{reason}.*connections:write"), connect(app, workspace.app_token):
            pass


def test_no_work_begins_until_a_request_is_acknowledged(sockets: SocketMode) -> None:
    quiet: list[str] = []

    @contextmanager
    def hearing() -> Iterator[None]:
        quiet.append("heard")
        yield
        quiet.append("acknowledged")

    with Workspace.running() as workspace, Listeners() as listeners:
        workspace.connect_by(sockets)
        client = WebClient(token=workspace.bot_token, base_url=workspace.api_url)
        app = App(client=client, listener_executor=listeners)
        app.command("/precall")(lambda ack: (quiet.append("taken"), ack()))
        person = workspace.add_person("ana")
        with connected(app, workspace.app_token, hearing=hearing):
            sockets.wait_opened(1)
            workspace.command("/precall help", user=person, channel=workspace.add_channel("sales", members=[person]))

    assert quiet == ["heard", "taken", "acknowledged"]


def test_served_as_a_process_it_finishes_and_hangs_up_at_sigterm(home: Path, sockets: SocketMode) -> None:
    with Workspace.running() as workspace:
        workspace.connect_by(sockets)
        env = os.environ | {
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_APP_TOKEN": workspace.app_token,
            "SLACK_SIGNING_SECRET": "",
            "SLACK_API_URL": workspace.api_url,
            "ANTHROPIC_API_KEY": "",
            "PRECALL_HOME": str(home),
            "PRECALL_DIGEST_CHANNELS": "",
        }
        person = workspace.add_person("ana")
        channel = workspace.add_channel("sales", members=[person])
        process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=env, stderr=subprocess.PIPE, text=True)
        try:
            sockets.wait_opened(1)
            workspace.command("/precall ACME-042", user=person, channel=channel)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=60)
        finally:
            process.kill()
        sockets.wait_closed()
        assert process.returncode == 0, log
        assert "Traceback" not in log
        assert PLAN in workspace.read(workspace.messages(channel))
        # Events of what it posted after it hung up are nobody's question.
        assert [each.kind for each in workspace.failed_deliveries if each.kind != "event"] == []
