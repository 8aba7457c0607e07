"""The ways in which Slack reaches an app: requests to its URL, or whatever is put in their place."""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

import httpx2
from slack_sdk.signature import SignatureVerifier

from bot.workspace.errors import SlackError

if TYPE_CHECKING:
    from bot.workspace.records import Json, Kind

ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the app said to a delivery; ``status`` is ``None`` when nothing came, ``late`` when time ran out."""

    status: int | None
    answer: str = ""
    late: bool = False


class Transport(Protocol):
    """Takes a payload to the app and waits for its acknowledgement."""

    def send(self, kind: Kind, payload: Json, *, retry: int, reason: str) -> Reply:
        """Deliver a payload; ``retry`` counts the deliveries of it before this one, ``reason`` says why again."""

    def open_socket(self) -> str:
        """Return the address at which the app may open a socket once.

        Raises:
            SlackError: The app is not reached by sockets.
        """

    def close(self) -> None:
        """Hang up."""


class RequestUrl:
    """Signed requests to the app's one URL."""

    def __init__(self, url: str, *, signing_secret: str) -> None:
        self.url = url
        self._signature = SignatureVerifier(signing_secret)
        # Loopback speaks no TLS, so no authorities are loaded (0.1 s); no proxy of the environment may come between.
        no_authorities = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx2.Client(timeout=ANSWER_SECONDS, trust_env=False, verify=no_authorities)

    def send(self, kind: Kind, payload: Json, *, retry: int, reason: str) -> Reply:
        """Sign a payload and post it."""
        content_type, body = {
            "event": ("application/json", json.dumps(payload)),
            "command": ("application/x-www-form-urlencoded", urlencode(payload)),
            "interaction": ("application/x-www-form-urlencoded", urlencode({"payload": json.dumps(payload)})),
        }[kind]
        sent_at = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": sent_at,
            "X-Slack-Signature": self._signature.generate_signature(timestamp=sent_at, body=body) or "",
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        try:
            response = self._http.post(self.url, content=body.encode(), headers=headers)
        except httpx2.TimeoutException:
            return Reply(status=None, late=True)
        except httpx2.TransportError:
            return Reply(status=None)
        return Reply(status=response.status_code, answer=response.text)

    def open_socket(self) -> str:
        """Refuse: an app with a request URL is not in Socket Mode."""
        raise SlackError("socket_mode_not_enabled")

    def close(self) -> None:
        """Hang up."""
        self._http.close()
