"""What becomes of digests while the processes that post them are killed and Slack's answers are lost.

Three processes race for every digest over one state file, and are killed and replaced at random moments. After a few
kills all of them are killed, and their clock jumps beyond every lease. The same is done to a control that claims
nothing: it must double some, or the torture shows nothing.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast
from zoneinfo import ZoneInfo

from bot.client import make_client
from bot.config import BotConfig, DigestConfig
from bot.digest import post_due_digests
from bot.services import open_services
from bot.workspace import Failure, Workspace
from storage.state import DigestClaim, State, Subscription, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from bot.workspace import Message

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = 3
MORNING = datetime(2026, 11, 23, 6, tzinfo=UTC)
CHANNELS = 8
OPEN_DIGESTS = 8
LONGEST_LIFE_SECONDS = 1.2
LEASE_SECONDS = 130
TRIES = 20  # to have every digest posted when nobody is killed any more, each with more time
FAILURES = {Failure.LOST_ANSWER: "lost answers", Failure.SERVER_ERROR: "500s", Failure.RATE_LIMITED: "429s"}
FAILING_METHODS = ("chat.postMessage", "chat.postMessage", "conversations.history", "files.getUploadURLExternal")


@dataclass(slots=True, kw_only=True)
class DigestTally:
    """What was done to the processes and to Slack's answers, and what became of the digests."""

    kills: int = 0
    digests: int = 0
    failures: dict[Failure, int] = field(default_factory=lambda: dict.fromkeys(FAILURES, 0))
    lost: int = 0
    doubled: int = 0

    def __str__(self) -> str:
        failed = ", ".join(f"{count} {FAILURES[failure]}" for failure, count in self.failures.items())
        return f"{self.kills} kills, {self.digests} digests, {failed}: {self.lost} lost, {self.doubled} doubled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the processes share: a home, a workspace, the moment at which their clock began, and whether they claim."""

    home: str
    api_url: str
    token: str
    began: float
    claims: bool

    def now(self) -> datetime:
        """Return the moment on the clock of all processes."""
        passed = self._passed.read_text("utf-8") if self._passed.exists() else "0"
        return MORNING + timedelta(seconds=time.monotonic() - self.began + float(passed))

    def pass_time(self, seconds: float) -> None:
        """Let the clock jump ahead."""
        passed = float(self._passed.read_text("utf-8")) if self._passed.exists() else 0.0
        aside = self._passed.with_suffix(".new")
        aside.write_text(str(passed + seconds), "utf-8")
        aside.replace(self._passed)

    @property
    def _passed(self) -> Path:
        return Path(self.home) / "passed"


class Claimless:
    """The control: a ledger that knows what was posted, in which nobody claims what is to be posted."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def claim_digest(self, subscription_id: str, local_day: date, **details: Any) -> DigestClaim:
        """Let everybody post what is not marked as posted."""
        found = self._state.claim_digest(subscription_id, local_day, **details)
        return found if found in {DigestClaim.POSTED, DigestClaim.SKIPPED} else DigestClaim.CLAIMED


def kill_posters(
    home: Path, *, kills: int, seed: int, claims: bool = True, open_digests: int = OPEN_DIGESTS
) -> DigestTally:
    """Kill processes that post digests at random moments, until so many were killed and every digest is decided.

    ``home`` has a published snapshot; a state file is made in it.
    """
    tally, chance = DigestTally(), random.Random(seed)  # noqa: S311 - picks the moments
    draft = Place(home=str(home), api_url="", token="", began=time.monotonic(), claims=claims)
    with (
        Workspace.running(clock=lambda: draft.now().timestamp(), message_burst=1000) as slack,
        closing(open_state(home / "state.sqlite")) as state,
    ):
        place = replace(draft, api_url=slack.api_url, token=slack.bot_token)
        person = slack.add_person("ana")
        channels = [slack.add_channel(f"sales-{number}", members=[person]) for number in range(CHANNELS)]
        book = _Book(state=state, place=place, person=person, channels=channels)
        with _forking(place) as posters:

            def kill_at_the_post(message: Message) -> None:
                # Before Slack has answered: between posting and marking, if it is the one that posted.
                if message.metadata and chance.random() < 1 / PROCESSES:
                    posters.kill(chance)

            def let_leases_end() -> None:
                posters.kill_all()
                # What a killed process had sent is still performed, and that well within its lease.
                slack.wait_until_idle()
                place.pass_time(LEASE_SECONDS)

            slack.observe(kill_at_the_post)
            # The first one at least stands there without anybody knowing: who posts again must double it.
            slack.fail_next("chat.postMessage", with_=Failure.LOST_ANSWER)
            tally.failures[Failure.LOST_ANSWER] += 1
            while posters.kills < kills:
                book.subscribe(open_digests)
                for _ in range(chance.randint(1, 3)):
                    posters.fill()
                    if failure := chance.choice([None, None, *FAILURES]):
                        slack.fail_next(chance.choice(FAILING_METHODS), with_=failure)
                        tally.failures[failure] += 1
                    time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
                    posters.kill(chance)
                let_leases_end()
            tally.kills = posters.kills
            for tries in range(1, TRIES):
                posters.fill()
                if book.wait_until_decided(tries):
                    break
                let_leases_end()
        messages = [message for channel in channels for message in slack.messages(channel)]
    posted = [message.metadata["event_payload"]["key"] for message in messages if message.metadata]
    tally.digests = len(book.all)
    found = {key.partition(":")[0] for key in posted}
    tally.lost = sum(subscription not in found for subscription in book.all)
    tally.doubled = len(posted) - len(set(posted))
    return tally


@dataclass(slots=True, kw_only=True)
class _Book:
    """The subscriptions of a torture: there are always some whose digest nobody has posted yet."""

    state: State
    place: Place
    person: str
    channels: list[str]
    all: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def subscribe(self, many: int) -> None:
        """End those whose digest was marked as posted, and begin new ones until so many are open."""
        self._settle()
        while len(self.open) < many:
            subscription_id = f"S{len(self.all)}"
            self.state.subscribe(
                Subscription(
                    subscription_id=subscription_id,
                    channel=self.channels[len(self.all) % len(self.channels)],
                    created_by="",
                    at=clock_time(),
                    timezone="UTC",
                    days=frozenset(range(7)),
                    territory=None,
                    top=3,
                    created_at=self.place.now(),
                )
            )
            self.all.append(subscription_id)
            self.open.append(subscription_id)

    def wait_until_decided(self, seconds: float) -> bool:
        """Wait until every digest is marked as posted, or for so long; return whether they are."""
        end = time.monotonic() + seconds
        while self.open and time.monotonic() < end:
            time.sleep(0.1)
            self._settle()
        return not self.open

    def _settle(self) -> None:
        for each in [each for each in self.open if self.state.last_digest(each)]:
            self.state.unsubscribe(each, user_id=self.person, now=self.place.now())
            self.open.remove(each)


class _Posters:
    """Processes that post, forked from one that has loaded everything; a killed one is replaced by `fill`."""

    def __init__(self, *, ask: TextIO, hear: TextIO) -> None:
        self.kills = 0
        self._ask, self._hear = ask, hear
        self._pids: list[int] = []
        self._lock = threading.Lock()

    def fill(self) -> None:
        """Fork until there are enough."""
        while len(self._pids) < PROCESSES:
            print("fork", file=self._ask, flush=True)
            pid = int(self._hear.readline())
            with self._lock:
                self._pids.append(pid)

    def kill(self, chance: random.Random) -> None:
        """Kill one of them."""
        with self._lock:
            if self._pids:
                self.kills += 1
                pid = self._pids.pop(chance.randrange(len(self._pids)))
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill what is left."""
        while self._pids:
            self.kill(random.Random())  # noqa: S311 - whichever


@contextmanager
def _forking(place: Place) -> Iterator[_Posters]:
    shared = json.dumps({name: getattr(place, name) for name in Place.__slots__})
    forker = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, str(ROOT / "bench" / "torture.py"), "post", shared],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with forker:
        posters = _Posters(ask=cast("TextIO", forker.stdin), hear=cast("TextIO", forker.stdout))
        try:
            posters.fill()
            yield posters
        finally:
            posters.kill_all()


def fork_posters(shared: str) -> None:
    """Fork a process that posts for each line that is read, and write its number."""
    # Loaded once, here: what is forked needs them when it draws and when it reads the rules.

    import pipeline.changes  # noqa: F401

    place = Place(**json.loads(shared))
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            post_forever(place, forker=os.getppid())
        print(pid, flush=True)


def post_forever(place: Place, *, forker: int) -> None:
    """Post what is due again and again until killed, or left alone."""
    env = {
        "SLACK_BOT_TOKEN": place.token,
        "SLACK_SIGNING_SECRET": "none",
        "SLACK_API_URL": place.api_url,
        "PRECALL_HOME": place.home,
    }
    config = BotConfig.from_env(env)
    nobody = DigestConfig(channels=(), at=clock_time(), timezone=ZoneInfo("UTC"))
    with open_services(config, clock=place.now) as opened:
        control = cast("State", Claimless(opened.state))
        services = opened if place.claims else replace(opened, state=control)
        client = make_client(config)
        while os.getppid() == forker:
            post_due_digests(services, client, nobody)
            time.sleep(0.02)
    os._exit(0)
