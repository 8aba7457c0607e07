"""The desk: what people asked for, done by some threads; nothing waits without end, nothing ends without an answer."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Self

from bot.boundary import log_error, report
from storage.errors import StorageError
from storage.state import OpenRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.room import Room
    from storage.state import State

logger = logging.getLogger(__name__)

WORKERS: Final = 32
# A brief whose plan Claude writes takes half a minute, so who is behind so many others waits for two minutes. Who waits
# longer has asked elsewhere by then, and the answer would come to nobody.
MOST_WAITING: Final = 4 * WORKERS
BUSY: Final = f"I am busy: {MOST_WAITING} requests wait already. Try again in a minute."
STOPPED: Final = "I was stopped before this was finished, so something may be missing. Ask again in a minute."
LEASE_SECONDS: Final = 120.0
"""A worker that has not renewed its leases for so long is taken to be dead: its process was killed."""
# Slack waits so long for an acknowledgement: longer than that, work is not put off for those who wait for one.
_ACKNOWLEDGED_WITHIN_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    key: str
    room: Room
    context: Context
    asked_at: float


class Desk:
    """Takes work and has it done; leaving it hands back what waits and finishes what was begun.

    What is taken is on record until it is done or its asker was told that it will not be. It has a lease, so that
    others hear of it where this process is killed.
    """

    def __init__(self, *, state: State, requests_per_minute: int, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock
        self._worker = secrets.token_hex(8)
        self._unrecorded: set[str] = set()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="desk")
        self._requests_per_minute = requests_per_minute
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

    def take(self, room: Room, key: str, work: Callable[[], object], *, ack: Callable[[], object]) -> None:
        """Have something done for the person of this room, or tell them why not; returns at once.

        ``key`` names what Slack sent: what arrives again, here or in another process, is done once. It is acknowledged
        when it is on record, so that a process that is killed loses none. Whatever goes wrong in it is told in the
        room, too.
        """
        request = OpenRequest(key=key, channel=room.channel, thread_ts=room.thread_ts, user_id=room.user_id)
        opened = self._state.open_request(request, worker=self._worker, now=self._clock(), lease_seconds=LEASE_SECONDS)
        ack()
        if not opened:
            return
        taken = False
        try:
            refusal, outcome = self._find_refusal(room.user_id), "too many"
            if not refusal:
                job = _Job(key=key, room=room, context=copy_context(), asked_at=time.monotonic())
                refusal, outcome = self._begin(job, work)
            if refusal:
                logger.warning("not taken", extra={"outcome": outcome})
                room.tell(refusal)
            taken = not refusal
        finally:
            if not taken:
                self._close(key)

    def _find_refusal(self, user_id: str) -> str:
        most = self._requests_per_minute
        seconds = self._state.count_request(user_id, most=most, now=self._clock())
        return _too_often(most, seconds=seconds) if seconds else ""

    def _begin(self, job: _Job, work: Callable[[], object]) -> tuple[str, str]:
        """Put a job in the line; where it is not taken, return why, for its asker and for the log."""
        with self._lock:
            if self._closed:
                return STOPPED, "handed back"
            if len(self._jobs) - self._working >= MOST_WAITING:
                return BUSY, "busy"
            future = self._pool.submit(job.context.run, self._work, job, work)
            self._jobs[future] = job
        future.add_done_callback(self._forget)
        return "", ""

    def renew_leases(self) -> None:
        """Let others know that this process is alive; to be called several times within a lease."""
        for key in tuple(self._unrecorded):
            self._close(key)
        try:
            self._state.renew_requests(self._worker, now=self._clock(), lease_seconds=LEASE_SECONDS)
        except StorageError as error:  # the next time comes before the lease has run out
            log_error(error)

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
            self._close(job.key)
            times = {"waited": round(began - job.asked_at, 3), "seconds": round(time.monotonic() - began, 3)}
            logger.info("worked", extra={"outcome": outcome, **times})

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._jobs.pop(future, None)

    def _close(self, key: str) -> None:
        """Put on record that nobody waits for this any more, at the next renewal if not now."""
        try:
            self._state.close_request(key)
        except StorageError as error:
            log_error(error)
            self._unrecorded.add(key)
        else:
            self._unrecorded.discard(key)

    def _tell_stopped(self, job: _Job) -> None:
        job.context.copy().run(logger.warning, "not finished", extra={"outcome": "handed back"})
        try:
            job.room.tell(STOPPED)
        except Exception as error:  # noqa: BLE001 - the boundary: the process ends, and nobody else can be told
            job.context.copy().run(report, error, tell=lambda _: None)
        else:
            self._close(job.key)


def _too_often(most: int, *, seconds: float) -> str:
    """Return why a request is not taken from somebody who asked so often within a minute that has so long to go."""
    asked, wait = f"{most} time{'s' if most > 1 else ''}", ceil(seconds)
    return (
        f"You asked me {asked} within a minute, which is as often as I take it from one person. "
        f"Try again in {wait} second{'s' if wait > 1 else ''}."
    )
