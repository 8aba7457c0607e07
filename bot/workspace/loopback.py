"""Serving a WSGI application on 127.0.0.1 from a background thread."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Self

from waitress.server import create_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


_LOOK_SECONDS = 0.01


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

    def wait_until_idle(self) -> None:
        """Return as soon as every connection that was made before is closed, and what came by it performed."""
        # Connections are accepted in the order in which they were made: with this one all before it are known.
        with socket.create_connection((self._server.effective_host, int(self._server.effective_port))) as last:
            own = last.getsockname()
            while own not in [channel.addr for channel in list(self._server.active_channels.values())]:
                time.sleep(_LOOK_SECONDS)
            while [channel.addr for channel in list(self._server.active_channels.values())] != [own]:
                time.sleep(_LOOK_SECONDS)

    def _close(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.close()
