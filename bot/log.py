"""What the log says: a line for each event, with the request that it belongs to, and nothing of what people wrote."""

from __future__ import annotations

import json
import logging
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bot.boundary import describe_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OURS: Final = frozenset({"bot", "kb", "pipeline", "storage"})
_CHATTY: Final = ("apscheduler", "httpx2", "anthropic")
_EXTRAS: Final = ("outcome", "waited", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that Slack sent us, by Slack's own word for it, such as ``command`` or ``block_actions``."""

    kind: str
    request_id: str = field(default_factory=lambda: secrets.token_hex(4))


# The threads that work for a request get it with a copy of the context it came in.
_REQUEST: ContextVar[Request | None] = ContextVar("request", default=None)


def begin_request(body: Mapping[str, Any], next_: Callable[[], object]) -> None:
    """Give what Slack sent an id that every line of the log about it bears; a middleware of the app."""
    event = body.get("event") or {}
    kind = "command" if "command" in body else event.get("type") or body.get("type") or "unknown"
    _REQUEST.set(Request(kind=str(kind)))
    next_()


def configure_log(*, as_json: bool) -> None:
    """Write the log to stderr, each line as JSON or as text."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_fields(record), ensure_ascii=False)


class TextLines(logging.Formatter):
    """A record as one line to read: when, how bad, where, what happened, and about which request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = _fields(record)
        head = " ".join(str(fields.pop(name)) for name in ("time", "level", "logger", "message"))
        return " ".join([head.replace("\n", " "), *(f"{name}={value}" for name, value in fields.items())])


def _fields(record: logging.LogRecord) -> dict[str, object]:
    request = _REQUEST.get()
    return {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": _message(record),
        **({"request": request.request_id, "kind": request.kind} if request else {}),
        **{name: vars(record)[name] for name in _EXTRAS if name in vars(record)},
    }


def _message(record: logging.LogRecord) -> str:
    """Return what happened; of other people's code only where it said so, as it may quote what somebody wrote."""
    error = record.exc_info[1] if record.exc_info else None
    ours = record.name.partition(".")[0] in _OURS
    said = record.getMessage() if ours else f"{record.module}:{record.lineno} reports"
    return said if error is None else f"{said}: {describe_error(error)}"
