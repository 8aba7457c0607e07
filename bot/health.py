"""Whether the bot can do its work right now, for whoever watches over the process."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.services import Services

HEALTH_PATH = "/healthz"
_JSON = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]


class Health:
    """A WSGI application that answers ``/healthz``: 200 where everything is well, else 503, and what is not.

    ``is_connected`` tells whether Slack can reach the bot. What it answers names no account and no secret.
    """

    def __init__(self, services: Services, *, is_connected: Callable[[], bool] = lambda: True) -> None:
        self._services = services
        self._is_connected = is_connected

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("PATH_INFO") != HEALTH_PATH:
            start_response("404 Not Found", _JSON)
            return [b"{}\n"]
        found = self.look()
        well = all(each == "ok" for each in found.values())
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        start_response(f"{status.value} {status.phrase}", _JSON)
        return [f"{json.dumps(found)}\n".encode()]

    def look(self) -> dict[str, str]:
        """Return ``ok``, or what is wrong, of the connection to Slack, the state and the snapshot."""
        return {
            "slack": "ok" if self._is_connected() else "not connected",
            "state": _try(self._services.state.subscriptions),
            "snapshot": _try(self._lease),
        }

    def _lease(self) -> None:
        with self._services.snapshots.lease():
            pass


def _try(ask: Callable[[], object]) -> str:
    try:
        ask()
    except StorageError as error:
        return type(error).__name__.removesuffix("Error")
    return "ok"
