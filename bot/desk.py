"""The desk: what people asked for, done by some threads; nothing waits without end, nothing ends without an answer."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict, deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Self

from bot.boundary import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.room import Room

logger = logging.getLogger(__name__)

WORKERS: Final = 32
# A brief whose plan Claude writes takes half a minute, so who is behind so many others waits for two minutes. Who waits
# longer has asked elsewhere by then, and the answer would come to nobody.
MOST_WAITING: Final = 4 * WORKERS
BUSY: Final = f"I am busy: {MOST_WAITING} requests wait already. Try again in a minute."
STOPPED: Final = "I was stopped before this was finished, so something may be missing. Ask again in a minute."
# Slack waits so long for an acknowledgement: longer than that, work is not put off for those who wait for one.
_ACKNOWLEDGED_WITHIN_SECONDS: Final = 3.0
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    room: Room
    context: Context
    asked_at: float


class Desk:
    """Takes work and has it done; leaving it hands back what waits and finishes what was begun."""

    def __init__(self, *, requests_per_minute: int, clock: Callable[[], datetime]) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="desk")
        self._pace = Pace(requests_per_minute, clock=clock)
        self._lock = threading.Lock()
        self._quiet = threading.Condition()
        self._hearing = 0
        self._jobs: dict[Future[None], _Job] = {}
        self._working = 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.items())
        for future, job in jobs:
            if future.cancel():
                self._tell_stopped(job)
        self._pool.shutdown()

    def take(self, room: Room, work: Callable[[], object]) -> None:
        """Have something done for the person of this room, or tell them why not; returns at once.

        Whatever goes wrong in it is told there, too.
        """
        refusal, outcome = self._pace.take(room.user_id), "too many"
        if not refusal:
            job = _Job(room=room, context=copy_context(), asked_at=time.monotonic())
            with self._lock:
                if self._closed:
                    refusal, outcome = STOPPED, "handed back"
                elif len(self._jobs) - self._working >= MOST_WAITING:
                    refusal, outcome = BUSY, "busy"
                else:
                    future = self._pool.submit(job.context.run, self._work, job, work)
                    self._jobs[future] = job
        if refusal:
            logger.warning("not taken", extra={"outcome": outcome})
            room.tell(refusal)
        else:
            future.add_done_callback(self._forget)

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Begin no work in this block, for a moment: who listens to Slack would share a core with all who work."""
        with self._quiet:
            self._hearing += 1
        try:
            yield
        finally:
            with self._quiet:
                self._hearing -= 1
                self._quiet.notify_all()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until everything that was taken is done; return whether it is."""
        with self._lock:
            jobs = list(self._jobs)
        return not wait(jobs, timeout=timeout_seconds).not_done

    def hand_back(self, timeout_seconds: float) -> int:
        """Tell everybody whose work is not finished that it will not be, and return how many those are."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        # Each in a thread that nobody waits for at the end: where Slack does not answer, the others hear of it still.
        tellers = [threading.Thread(target=self._tell_stopped, args=(job,), daemon=True) for job in jobs]
        for teller in tellers:
            teller.start()
        deadline = time.monotonic() + timeout_seconds
        for teller in tellers:
            teller.join(max(deadline - time.monotonic(), 0))
        return len(jobs)

    def _work(self, job: _Job, work: Callable[[], object]) -> None:
        with self._lock:
            self._working += 1
        with self._quiet:
            self._quiet.wait_for(lambda: not self._hearing, _ACKNOWLEDGED_WITHIN_SECONDS)
        began, outcome = time.monotonic(), "done"
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the boundary, around what a listener left to be done
            report(error, tell=job.room.tell)
            outcome = "failed"
        finally:
            with self._lock:
                self._working -= 1
            times = {"waited": round(began - job.asked_at, 3), "seconds": round(time.monotonic() - began, 3)}
            logger.info("worked", extra={"outcome": outcome, **times})

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._jobs.pop(future, None)

    @staticmethod
    def _tell_stopped(job: _Job) -> None:
        job.context.copy().run(logger.warning, "not finished", extra={"outcome": "handed back"})
        try:
            job.room.tell(STOPPED)
        except Exception as error:  # noqa: BLE001 - the boundary: the process ends, and nobody else can be told
            job.context.copy().run(report, error, tell=lambda _: None)


class Pace:
    """How often one person may ask: so many times in any minute, as this process counts."""

    def __init__(self, per_minute: int, *, clock: Callable[[], datetime]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._asked: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._lock = threading.Lock()

    def take(self, user_id: str) -> str:
        """Count a request; return "" where there is room for it, else a sentence that says from when on there is."""
        with self._lock:
            now, asked = self._clock(), self._asked[user_id]
            while asked and asked[0] <= now - _MINUTE:
                asked.popleft()
            if len(asked) < self._per_minute:
                asked.append(now)
                return ""
        seconds = max(ceil((asked[0] + _MINUTE - now).total_seconds()), 1)
        return (
            f"You asked me {self._per_minute} times within a minute, which is as often as I take it from one person. "
            f"Try again in {seconds} second{'s' if seconds > 1 else ''}."
        )
