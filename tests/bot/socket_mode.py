"""The far side of Socket Mode on loopback: tickets, hello, envelopes and their acknowledgement, as strict as Slack.

The protocol is that of https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from bot.workspace import Reply

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

ANSWER_SECONDS = 3.0
APP_ID = "A0PRECALL"
TYPES = {"event": "events_api", "command": "slash_commands", "interaction": "interactive"}


@dataclass(kw_only=True)
class Envelope:
    """What was sent, how often, and what came back."""

    message: dict[str, Any]
    acknowledged: threading.Event = field(default_factory=threading.Event)
    answer: str = ""


class SocketMode:
    """Where a bot in Socket Mode connects to; a `Transport` for the workspace.

    An event that nobody acknowledged is delivered again as soon as the bot is back, instead of after Slack's minutes;
    a command or an interaction is not, as the person saw it fail.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.admitting = True
        self._tickets: set[str] = set()
        self._connections: list[ServerConnection] = []
        self._envelopes: dict[str, Envelope] = {}
        self._changed = threading.Condition()
        self._server = serve(
            self._serve, "127.0.0.1", 0, process_request=self._admit, compression=None, ping_interval=None
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="socket-mode")
        self._thread.start()
        self._port = self._server.socket.getsockname()[1]
        self.opened = 0

    def open_socket(self) -> str:
        """Return an address that is good for one connection."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return f"ws://127.0.0.1:{self._port}/link/?ticket={ticket}&app_id={APP_ID}"

    def send(self, kind: str, payload: dict[str, Any], *, retry: int, reason: str) -> Reply:
        """Send an envelope on the newest connection; the same payload is the same envelope."""
        message: dict[str, Any] = {
            "envelope_id": str(uuid5(NAMESPACE_URL, json.dumps(payload))),
            "type": TYPES[kind],
            "accepts_response_payload": kind != "event",
            "payload": payload,
        }
        if kind == "event":
            message |= {"retry_attempt": retry, "retry_reason": reason}
        envelope = Envelope(message=message)
        with self._changed:
            self._envelopes[message["envelope_id"]] = envelope
            connection = self._connections[-1] if self._connections else None
        if connection is None:
            return Reply(status=None)
        with suppress(ConnectionClosed):
            connection.send(json.dumps(message))
        if not envelope.acknowledged.wait(ANSWER_SECONDS):
            return Reply(status=None, late=True)
        return Reply(status=HTTPStatus.OK, answer=envelope.answer)

    def refresh(self) -> None:
        """Ask the bot for a new connection, as Slack does every few hours, and close the old one once it is there."""
        with self._changed:
            old, before = self._connections[-1], self.opened
        old.send(json.dumps({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "loopback"}}))
        self.wait_opened(before + 1)
        old.close()

    def close_connections(self) -> None:
        """Close every connection with a close frame."""
        for connection in self._current():
            connection.close()

    def cut_connections(self) -> None:
        """Let every connection break without a word."""
        for connection in self._current():
            connection.socket.shutdown(socket.SHUT_RDWR)

    def connected(self) -> int:
        """Return how many connections there are."""
        return len(self._current())

    def unacknowledged(self, kind: str) -> list[dict[str, Any]]:
        """Return the envelopes of a kind that were never acknowledged."""
        with self._changed:
            return [
                envelope.message
                for envelope in self._envelopes.values()
                if envelope.message["type"] == TYPES[kind] and not envelope.acknowledged.is_set()
            ]

    def wait_opened(self, times: int, *, timeout_seconds: float = 60) -> None:
        """Wait until connections were opened so many times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.opened >= times, timeout_seconds), "the bot did not come back"

    def wait_closed(self, *, timeout_seconds: float = 60) -> None:
        """Wait until no connection is left."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._connections, timeout_seconds), "the bot did not hang up"

    def close(self) -> None:
        """Hang up."""
        self._server.shutdown()
        self._thread.join()

    def _current(self) -> list[ServerConnection]:
        with self._changed:
            return list(self._connections)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        [ticket] = parse_qs(urlsplit(request.path).query).get("ticket", [""])
        if not self.admitting:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "not now")
        if ticket not in self._tickets:
            return connection.respond(HTTPStatus.UNAUTHORIZED, "the ticket is used or unknown")
        self._tickets.remove(ticket)
        return None

    def _serve(self, connection: ServerConnection) -> None:
        hello = {
            "type": "hello",
            "num_connections": self.connected() + 1,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "loopback", "approximate_connection_time": 18060},
        }
        try:
            connection.send(json.dumps(hello))
            again = self.unacknowledged("event")
            with self._changed:
                self._connections.append(connection)
                self.opened += 1
                self._changed.notify_all()
            for message in again:
                message |= {"retry_attempt": message["retry_attempt"] + 1, "retry_reason": "timeout"}
                connection.send(json.dumps(message))
            for acknowledgement in connection:
                self._take(json.loads(acknowledgement))
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                if connection in self._connections:
                    self._connections.remove(connection)
                self._changed.notify_all()

    def _take(self, acknowledgement: dict[str, Any]) -> None:
        with self._changed:
            envelope = self._envelopes.get(acknowledgement.get("envelope_id", ""))
            payload = acknowledgement.get("payload")
            if envelope is None:
                self.faults.append(f"no envelope was sent for {acknowledgement}")
            elif payload and not envelope.message["accepts_response_payload"]:
                self.faults.append(f"an answer to what takes none: {acknowledgement}")
            else:
                envelope.answer = json.dumps(payload) if payload else ""
                envelope.acknowledged.set()
