"""Serving a WSGI application on 127.0.0.1 from a background thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from waitress.server import create_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class Loopback:
    """A WSGI application behind waitress on 127.0.0.1, from ``with`` to the end of the block.

    The socket listens as soon as the object exists, so ``url`` can be handed out before anyone serves.
    """

    def __init__(self, application: WSGIApplication, *, port: int = 0, threads: int = 8) -> None:
        self._server = create_server(
            application, host="127.0.0.1", port=port, threads=threads, clear_untrusted_proxy_headers=True
        )
        self._thread = threading.Thread(target=self._server.run, name="loopback", daemon=True)
        self.url = f"http://127.0.0.1:{self._server.effective_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        # Requests under way are finished first; then the loop's own thread closes the sockets, and ends without any.
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        trigger = self._server.trigger
        with trigger.lock:  # or the loop, woken by another, closes the trigger before it is pulled
            trigger.thunks.append(self._close)
            trigger.pull_trigger()
        self._thread.join(timeout=5)

    def _close(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.close()
