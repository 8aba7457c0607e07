from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.app import make_app, register
from bot.config import BotConfig
from bot.errors import SlackUnreachableError
from bot.server import Listeners
from bot.workspace import Workspace
from bot.workspace.web_api import METHODS

if TYPE_CHECKING:
    from slack_bolt import App

MANIFEST = json.loads((Path(__file__).parents[2] / "manifest.json").read_text())
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]
EVENTS = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
KINDS = ("channels", "groups", "im", "mpim")
# What an event or a feature needs beside the scopes of the methods that are called.
OF_EVENTS = {"app_mention": "app_mentions:read", "reaction_added": "reactions:read"} | {
    f"message.{kind}": f"{kind}:history" for kind in KINDS
}
OF_FEATURES = {"slash_commands": "commands", "agent_view": "assistant:write"}


class Registrations:
    """What `register` asks of an app."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.events: set[str] = set()

    def use(self, _: Any) -> None:
        return None

    def command(self, name: str) -> Any:
        self.commands.append(name)
        return lambda _: None

    def event(self, name: str, **_: Any) -> Any:
        self.events.add(name)
        return lambda _: None

    def action(self, _: Any) -> Any:
        return lambda _: None

    def view(self, _: Any) -> Any:
        return lambda _: None

    def options(self, _: Any) -> Any:
        return lambda _: None

    def error(self, _: Any) -> None:
        return None


def test_the_manifest_names_the_commands_and_events_that_are_registered() -> None:
    app: Any = Registrations()
    register(app, None)  # type: ignore[arg-type] # nothing is asked of the services before something happens

    assert [command["command"] for command in MANIFEST["features"]["slash_commands"]] == app.commands
    assert {event.partition(".")[0] for event in EVENTS} == app.events


def test_the_manifest_asks_for_the_scopes_that_are_used_and_no_other() -> None:
    sources = "".join(
        path.read_text()
        for path in [*Path("bot").glob("*.py"), *Path("bot/digest").glob("*.py"), *Path("bot/listeners").glob("*.py")]
    )
    of_bot = [name for name, method in METHODS.items() if method.caller == "bot"]
    called = {name for name in of_bot if re.search(rf"\.{name.replace('.', '_')}\(", sources)}
    called |= {"files.getUploadURLExternal", "files.completeUploadExternal"} if "files_upload_v2" in sources else set()
    assert {"chat.postMessage", "conversations.history", "files.info"} <= called
    needed = {METHODS[name].scope.partition("|")[0].format(kind=kind) for name in called for kind in KINDS} - {""}
    needed |= {"users:read.email"} if 'get("email")' in sources else set()

    assert needed | set(OF_EVENTS.values()) | set(OF_FEATURES.values()) == set(SCOPES)
    assert set(EVENTS) == set(OF_EVENTS) | {"app_home_opened"}


def test_the_manifest_fits_the_limits_of_its_fields() -> None:
    shown = MANIFEST["display_information"]

    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    assert MANIFEST["settings"]["socket_mode_enabled"]
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]


def start(url: str, token: str) -> App:
    env = {"SLACK_BOT_TOKEN": token, "SLACK_SIGNING_SECRET": "secret", "SLACK_API_URL": url}
    with Listeners() as listeners:
        return make_app(BotConfig.from_env(env), None, executor=listeners)  # type: ignore[arg-type] # as above


def test_a_refused_token_and_a_silent_slack_are_said_at_the_start() -> None:
    with Workspace.running() as workspace:
        with pytest.raises(SlackUnreachableError, match="refuses the token") as caught:
            start(workspace.api_url, "xoxb-wrong-secret")
        assert "wrong-secret" not in str(caught.value)
        url = workspace.api_url
    with pytest.raises(SlackUnreachableError, match="does not answer"):
        start(url, "xoxb-token")
