"""Serving: Socket Mode or HTTP, the digest's ticker, and an end in order and in time."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from slack_bolt.adapter.wsgi import SlackRequestHandler
from waitress.server import create_server
from waitress.wasyncore import close_all

from bot.app import make_app
from bot.client import make_hasty_client
from bot.digest import post_due_digests
from bot.errors import NoSocketError, PortTakenError
from bot.health import HEALTH_PATH, Health
from bot.interrupted import look_after_requests
from bot.retention import forget_old
from bot.services import open_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from slack_bolt import App
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

    from bot.config import BotConfig
    from bot.services import Services

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

logger = logging.getLogger(__name__)

# A listener acknowledges from within its thread, within 3 seconds. What takes longer it leaves to the desk.
_LISTENER_THREADS = 16
_TICK_SECONDS = 30
EVENTS_PATH = "/slack/events"
# Only at its pings does the client look after its connection: it comes back at the next one after Slack closed it, at
# the sixth after it broke, after four unanswered ones when it fell silent. Bolt's 10 seconds make that a minute.
_PING_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """How long after SIGTERM Claude may write on, and after how long what is not finished is handed back.

    Between the two the offline writer finishes what Claude did not; telling takes some seconds at most.
    """

    write_seconds: float = 8.0
    work_seconds: float = 17.0
    tell_seconds: float = 2.0


def serve(config: BotConfig, *, grace: Grace | None = None) -> None:
    """Serve until SIGTERM or SIGINT; then take nothing new, and finish what was begun or hand it back.

    Does not return where something could not be finished: the process ends.

    Raises:
        SlackUnreachableError: Slack does not answer or refuses the bot's token.
        NoSocketError: Slack opens no socket for the app-level token.
        PortTakenError: HTTP mode cannot listen on its address.
    """
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    ended = threading.Event()
    with ExitStack() as stack:
        stack.callback(ended.set)
        services = stack.enter_context(open_services(config))
        app = make_app(config, services, executor=stack.enter_context(Listeners()))
        stack.enter_context(ticking(services, app, config))
        if config.app_token:
            is_connected = stack.enter_context(connected(app, config.app_token, hearing=services.desk.hearing))
            stack.enter_context(listening_http(Health(services, is_connected=is_connected), config))
        else:
            stack.enter_context(listening_http(slack_requests(app, services), config))
        stopped.wait()
        logger.info("stopping")
        ender = threading.Thread(target=_end_in_time, args=(services, grace or Grace(), ended))
        ender.start()
    ender.join()  # what still held a snapshot when Python itself ends, DuckDB would call a leak
    logger.info("stopped")


def _end_in_time(services: Services, grace: Grace, ended: threading.Event) -> None:
    """Let nobody who is at work keep the process for longer than its grace."""
    if ended.wait(grace.write_seconds):
        return
    services.limits.stop()
    if ended.wait(max(grace.work_seconds - grace.write_seconds, 0)):
        return
    count = services.desk.hand_back(grace.tell_seconds)
    logger.warning("stopped; %d requests were not finished", count)
    logging.shutdown()
    os._exit(0)  # threads that wait for a service cannot be ended otherwise


class Listeners(ThreadPoolExecutor):
    """The threads that listeners run in; leaving it waits for those at work."""

    def __init__(self) -> None:
        super().__init__(_LISTENER_THREADS, thread_name_prefix="listener")
        self._at_work: set[Future[Any]] = set()

    def submit(self, run: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a listener, within the request that it is called for."""
        future = super().submit(copy_context().run, run, *args, **kwargs)
        self._at_work.add(future)
        future.add_done_callback(self._at_work.discard)
        return future

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for every listener that was begun; return whether all are done."""
        return not wait(self._at_work.copy(), timeout=timeout_seconds).not_done


def slack_requests(app: App, services: Services) -> Application:
    """Return what answers Slack's requests, and whoever asks how the bot is."""
    health, slack = Health(services), SlackRequestHandler(app, EVENTS_PATH)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == HEALTH_PATH:
            return health(environ, start_response)
        with services.desk.hearing():
            return slack(environ, start_response)

    return answer


@contextmanager
def listening_http(application: Application, config: BotConfig) -> Iterator[int]:
    """Answer requests by HTTP and give the port, which is chosen where ``config.port`` is 0."""
    try:
        listener = socket.create_server(
            (config.host, config.port), family=socket.AF_INET6 if ":" in config.host else socket.AF_INET
        )
    except OSError as error:
        raise PortTakenError(config.host, config.port) from error
    server = create_server(application, sockets=[listener], threads=8, ident=None)
    thread = threading.Thread(target=server.run, name="http")
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.task_dispatcher.shutdown()
        # In the server's own thread: its sockets must not close under its select.
        with suppress(OSError):  # where the loop was awake, it has closed the trigger before it is pulled
            server.trigger.pull_trigger(lambda: close_all(server._map, ignore_all=True))  # noqa: SLF001 - the one way to end its loop from outside
        thread.join()


@contextmanager
def connected(
    app: App, app_token: str, *, hearing: Callable[[], AbstractContextManager[None]]
) -> Iterator[Callable[[], bool]]:
    """Receive Slack's requests by Socket Mode; at the end, acknowledge what was received and hang up.

    ``hearing`` is entered until a request is acknowledged. Gives what tells whether the socket is open.

    Raises:
        NoSocketError: Slack opens no socket.
    """
    from slack_bolt.adapter.socket_mode import SocketModeHandler
    from slack_sdk.errors import SlackApiError

    def hear(_client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        with hearing():
            handler.handle(client, request)

    handler = SocketModeHandler(app, app_token, ping_interval=_PING_SECONDS)
    client = handler.client
    client.socket_mode_request_listeners[:] = [hear]
    try:
        try:
            handler.connect()  # type: ignore[no-untyped-call]
        except SlackApiError as error:
            raise NoSocketError(app.client.base_url, str(error.response["error"])) from error
        except OSError as error:
            raise NoSocketError(app.client.base_url, "it does not answer") from error
        if not client.is_connected():  # the client only logs that a socket was refused
            raise NoSocketError(app.client.base_url, "it hangs up")
        yield client.is_connected
    finally:
        # In this order: a request that was taken but not acknowledged reads as failed to who made it.
        client.closed = True
        client.message_processor.shutdown()  # type: ignore[no-untyped-call]
        client.message_workers.shutdown()
        handler.close()  # type: ignore[no-untyped-call]


@contextmanager
def ticking(services: Services, app: App, config: BotConfig) -> Iterator[None]:
    """Look every 30 seconds whether a digest is due and a request was interrupted; forget once a day what is old.

    The scheduler only ticks: what is due is decided by `post_due_digests` and its ledger, which no missed, late or
    doubled tick can mislead.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    now = services.clock()
    digests = (services, make_hasty_client(config), config.digest)
    scheduler.add_job(post_due_digests, "interval", args=digests, seconds=_TICK_SECONDS, next_run_time=now)
    # On its own, too: telling others may take longer than a lease.
    scheduler.add_job(services.desk.renew_leases, "interval", seconds=_TICK_SECONDS)
    requests = (services, app.client)
    scheduler.add_job(look_after_requests, "interval", args=requests, seconds=_TICK_SECONDS, next_run_time=now)
    scheduler.add_job(forget_old, "interval", args=(services, config.retention), days=1, next_run_time=now)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown()
