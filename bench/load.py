"""A hundred people ask at once: is everybody acknowledged within Slack's three seconds, and answered once?

    python bench/load.py [--quick] [--socket]

The bot is a process of its own, served by HTTP as in production or, with ``--socket``, by Socket Mode. The workspace,
which grants no more than Slack's limits, and the server in Claude's place, which takes five seconds for a plan, run in
this process; all share the machine's cores. The commands are typed by as many people in twenty channels, as Slack takes
one message a second in each.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "bot"))

from anthropic_server import API_KEY, AnthropicServer  # of the tests, as strict as the API
from rich.console import Console
from row import Row
from socket_mode import SocketMode

from bot.manifest import read_manifest
from bot.plan import SectionName
from bot.workspace import Workspace
from kb.build import build_library
from pipeline.config import PipelineConfig
from pipeline.progress import ProgressBars
from pipeline.run import build
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.workspace import Delivery

PACKAGES = ("slack-bolt", "waitress", "anthropic")
CHANNELS = 20
CLAUDE_SECONDS = 5.0
LONGEST_SECONDS = 170
LAST_SECTION = list(SectionName)[-1].heading


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of the commands; ``seconds`` from the first one to the last plan, ``cpu_seconds`` of the bot."""

    commands: int
    acknowledged: list[float]
    failed: int
    briefs: int
    plans: int
    doubles: int
    told_instead: int
    refusals: Counter[str]
    seconds: float
    cpu_seconds: float


def main() -> None:
    load = measure(quick="--quick" in sys.argv, over_socket="--socket" in sys.argv)
    slowest, p95 = max(load.acknowledged), statistics.quantiles(load.acknowledged, n=20)[-1]
    print(f"{load.commands} commands at once, Claude takes {CLAUDE_SECONDS:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(
        f"acknowledged: max {slowest * 1e3:,.0f} ms, p95 {p95 * 1e3:,.0f} ms; not within 3 s or failed: {load.failed}"
    )
    print(f"{load.briefs} briefs, {load.plans} whole plans, {load.doubles} doubles, not briefed {load.told_instead}")
    print(f"refused by Slack, and how often: {dict(load.refusals) or 'nothing'}")
    print(f"{load.seconds:.1f} s until the last plan, {load.cpu_seconds:.1f} s of them on a core")


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield what was measured, for `make bench`."""
    for over_socket in (False, True):
        load = measure(quick=quick, over_socket=over_socket)
        at_once = f"{load.commands} commands at once by {'Socket Mode' if over_socket else 'HTTP'}"
        slowest, p95 = max(load.acknowledged), statistics.quantiles(load.acknowledged, n=20)[-1]
        yield Row(what=f"{at_once}: the slowest acknowledgement", ours=slowest, note="Slack waits for 3 s")
        yield Row(what=f"{at_once}: p95 of acknowledgements", ours=p95)
        refused = sum(load.refusals.values())
        note = f"{load.doubles} doubled, {load.failed} commands failed, {refused} calls refused by Slack"
        yield Row(what=f"{at_once}: whole plans", ours=load.plans, unit="plans", note=note)
        note = f"Claude takes {CLAUDE_SECONDS:.0f} s"
        yield Row(what=f"{at_once}: until the last plan", ours=load.seconds, note=note)


def measure(*, quick: bool, over_socket: bool) -> Load:
    """Let everybody ask at once and wait for all that comes of it."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        build_home(home)
        claude = AnthropicServer(pause_seconds=CLAUDE_SECONDS)
        stack.callback(claude.close)
        workspace = stack.enter_context(Workspace.running(**asdict(read_manifest())))
        bot = stack.enter_context(serving(workspace, claude, home, over_socket=over_socket))
        return ask_at_once(workspace, bot, commands=20 if quick else 100)


def build_home(home: Path) -> None:
    """Build the knowledge base and as many accounts as people ask for."""
    now = datetime.now(UTC)
    build_library(home, progress=lambda *_: None, demo=True)
    config = PipelineConfig(home=home, as_of=now.date(), accounts=100)
    with closing(SnapshotStore(config.snapshots)) as store, ProgressBars(Console(stderr=True)) as progress:
        build(config, store=store, progress=progress, now=now)


@contextmanager
def serving(
    workspace: Workspace, claude: AnthropicServer, home: Path, *, over_socket: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the bot as a process, and end it as a host does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token if over_socket else "",
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "ANTHROPIC_API_KEY": API_KEY,
        "ANTHROPIC_BASE_URL": claude.url,
        "DATABASE_URL": "",
        "PRECALL_HOME": str(home),
        "PRECALL_HOST": "127.0.0.1",
        "PORT": str(port),
    }
    if over_socket:
        workspace.connect_by(SocketMode())
    else:
        workspace.connect(f"http://127.0.0.1:{port}/slack/events")
    log = (home / "log").open("wb")
    with (
        log,
        subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=os.environ | settings, stderr=log) as process,
    ):
        try:
            while True:  # where the socket is used, the port is listened on once it is open
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        finally:
            process.kill()


def ask_at_once(workspace: Workspace, bot: subprocess.Popen[bytes], *, commands: int) -> Load:
    people = [workspace.add_person(f"person{number}") for number in range(commands)]
    channels = [workspace.add_channel(f"sales{number}", members=people) for number in range(min(CHANNELS, commands))]
    began, cpu = time.monotonic(), cpu_seconds(bot.pid)

    def ask(number: int) -> tuple[float, Delivery]:
        asked = time.monotonic()
        delivery = workspace.command(
            f"/precall ACME-{number:03}", user=people[number], channel=channels[number % len(channels)]
        )
        return time.monotonic() - asked, delivery

    with ThreadPoolExecutor(commands) as crowd:
        answers = list(crowd.map(ask, range(commands)))
    ended = began
    seen = (-1, -1)
    while time.monotonic() - began < LONGEST_SECONDS:
        found = count(workspace, channels)
        now = (found["plans"], found["told"])
        if now != seen:
            seen, ended = now, time.monotonic()
        if found["plans"] + found["told"] >= commands:
            time.sleep(2)  # for what would come a second time
            break
        time.sleep(0.25)
    found = count(workspace, channels)
    return Load(
        commands=commands,
        acknowledged=[seconds for seconds, _ in answers],
        failed=sum(delivery.failed for _, delivery in answers),
        briefs=found["briefs"],
        plans=found["plans"],
        doubles=found["doubles"],
        told_instead=found["told"],
        refusals=Counter(f"{refusal.method}: {refusal.error}" for refusal in workspace.refusals),
        seconds=ended - began,
        cpu_seconds=cpu_seconds(bot.pid) - cpu,
    )


def count(workspace: Workspace, channels: list[str]) -> Counter[str]:
    """Count briefs, those with a whole plan, what was there twice, and private sentences instead of a brief."""
    found: Counter[str] = Counter()
    for channel in channels:
        messages = [message for message in workspace.messages(channel) if message.user == workspace.bot_user]
        found["told"] += sum(message.ephemeral_to is not None for message in messages)
        shown = [message for message in messages if message.ephemeral_to is None]
        briefs = Counter(message.text for message in shown if not message.is_reply)
        plans = Counter(
            message.root_ts for message in shown if message.is_reply and LAST_SECTION in str(message.blocks)
        )
        found["briefs"] += len(briefs)
        found["plans"] += len(plans)
        found["doubles"] += briefs.total() - len(briefs) + plans.total() - len(plans)
    return found


def cpu_seconds(pid: int) -> float:
    """Return how long a process has been on a core so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
