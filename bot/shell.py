"""The whole bot without Slack: a workspace on loopback, a person at a prompt, and everything that they would see."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app import make_app
from bot.manifest import read_manifest
from bot.papers import find_plan_text
from bot.server import EVENTS_PATH, Listeners, listening_http, slack_requests
from bot.services import open_services
from bot.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.config import BotConfig
    from bot.services import Services
    from bot.workspace import Message, UploadedFile
    from storage.state import Thread

HELP = """\
/precall ACME-042   ask for a brief, by account id or company name
any other text      a reply in the thread of the newest brief
@precall …          a message that mentions precall
/help, /quit        this, and the end"""
_LONGEST_ANSWER_SECONDS = 300


class Shell:
    """A person in a channel with the bot; what appears there is passed to ``show`` as it would read."""

    def __init__(
        self, workspace: Workspace, services: Services, listeners: Listeners, *, out: Path, show: Callable[[str], None]
    ) -> None:
        self._workspace, self._services, self._listeners = workspace, services, listeners
        self._out, self._show = out, show
        self._seen: set[tuple[str, str]] = set()
        self.person = workspace.add_person("you")
        self.channel = workspace.add_channel("sales", members=[self.person])
        self.thread_ts: str | None = None
        workspace.observe(self._notice)

    def run_line(self, line: str) -> bool:
        """Do what a line at the prompt says and wait for what comes of it; return whether to go on."""
        line = line.strip()
        if line == "/quit":
            return False
        if line == "/help":
            self._show(HELP)
        elif line.startswith("/"):
            self._workspace.command(line, user=self.person, channel=self.channel)
        elif line.startswith("@"):
            self._workspace.say(line, user=self.person, channel=self.channel)
        elif line and self.thread_ts is None:
            self._show("There is no thread to reply in yet; begin with /precall ACME-042.")
        elif line:
            self._workspace.say(line, user=self.person, channel=self.channel, thread_ts=self.thread_ts)
        if not (self._listeners.wait(_LONGEST_ANSWER_SECONDS) and self._services.desk.wait(_LONGEST_ANSWER_SECONDS)):
            self._show("No answer came within five minutes.")
        return True

    def folder(self) -> Path | None:
        """Return where the newest thread's pictures are saved, ``out/ACME-042``."""
        thread = self._find_thread()
        return None if thread is None else self._out / re.sub(r"[^A-Za-z0-9_-]", "_", thread.account_id)

    def plan(self) -> str | None:
        """Return the newest thread's plan in Markdown."""
        thread = self._find_thread()
        return None if thread is None else find_plan_text(self._services, thread)

    def _find_thread(self) -> Thread | None:
        return self._services.state.find_thread(self.channel, self.thread_ts) if self.thread_ts else None

    def _notice(self, message: Message) -> None:
        """Show a message when it appears; called with the workspace locked."""
        key = (message.channel, message.ts)
        if message.user == self.person or key in self._seen:
            return
        self._seen.add(key)
        if message.ephemeral_to is None:
            self.thread_ts = message.root_ts
        lines = [self._workspace.read([message]), *(self._save(file) for file in message.files)]
        self._show("\n".join(line for line in lines if line))

    def _save(self, file: UploadedFile) -> str:
        folder = self.folder()
        if file.content is None or folder is None:
            return ""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / Path(file.name).name
        path.write_bytes(file.content)
        return f"(saved as {path})"


@contextmanager
def open_shell(config: BotConfig, *, out: Path, show: Callable[[str], None]) -> Iterator[Shell]:
    """Start a workspace and the bot on loopback; the workspace's settings replace those of Slack, a file the database.

    Raises:
        ManifestMissingError: there is no manifest beside the package, so nobody knows what to grant the bot.
    """
    grants = read_manifest()
    with Workspace.running(**asdict(grants)) as workspace:
        ours = replace(
            config,
            bot_token=workspace.bot_token,
            app_token=None,
            access=None,  # whoever is at the prompt can read the files anyway
            signing_secret=workspace.signing_secret,
            slack_api_url=workspace.api_url,
            database_url=None,
            host="127.0.0.1",
            port=0,
        )
        with open_services(ours) as services, Listeners() as listeners:
            app = make_app(ours, services, executor=listeners)
            with listening_http(slack_requests(app, services), ours) as port:
                workspace.connect(f"http://127.0.0.1:{port}{EVENTS_PATH}")
                yield Shell(workspace, services, listeners, out=out, show=show)


def run_prompt(config: BotConfig, *, out: Path, show: Callable[[str], None], read_line: Callable[[], str]) -> None:
    """Read lines and do what they say until ``/quit`` or the end of input."""
    with open_shell(config, out=out, show=show) as shell:
        show(HELP)
        try:
            while shell.run_line(read_line()):
                pass
        except (EOFError, KeyboardInterrupt):
            return
