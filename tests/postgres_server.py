"""A PostgreSQL server for tests, where its programs are installed as Debian's package does it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PASSWORD = "not-for-logs"
_START_SECONDS = 60


class NoPostgresError(Exception):
    """No server can be started here; the text says why."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server on loopback and give its URL; raises NoPostgresError."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if elsewhere := shutil.which("initdb"):
        installed.append(Path(elsewhere))
    if not installed:
        raise NoPostgresError("no PostgreSQL server is installed; on Debian it is the package postgresql")
    as_root = os.geteuid() == 0
    if as_root and _run(["id", "postgres"], "/"):
        raise NoPostgresError("PostgreSQL does not run as root, and there is no user postgres to run it as")
    unprivileged = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if as_root else []
    with tempfile.TemporaryDirectory(prefix="precall-postgres-") as folder:
        data = Path(folder) / "data"
        password = Path(folder) / "password"
        password.write_text(_PASSWORD)
        if as_root:
            for path in (folder, password):
                shutil.chown(path, "postgres")
        initdb = [*unprivileged, installed[-1], "-D", data, "-U", "precall", "--auth=scram-sha-256", "--encoding=UTF8",
                  f"--pwfile={password}", "--locale=C", "--no-sync"]  # fmt: skip
        # A locale that sorts by more than bytes, so that an order which relied on bytes would be seen.
        icu = ["--locale-provider=icu", "--icu-locale=en-US"]
        if _run([*initdb, *icu], folder):
            shutil.rmtree(data, ignore_errors=True)
            assert not _run(initdb, folder), "initdb failed"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        url = f"postgresql://precall:{_PASSWORD}@127.0.0.1:{port}/postgres"
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
                    "-c", "shared_buffers=16MB", "-c", "max_connections=60"]  # fmt: skip
        server = subprocess.Popen(  # noqa: S603 - the server that was found above
            [*unprivileged, installed[-1].with_name("postgres"), "-D", data, "-p", str(port), *settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            _wait_for(server, url)
            yield url
        finally:
            server.send_signal(signal.SIGQUIT)  # stops it at once, without waiting for those who are connected
            server.wait()


def _run(command: Sequence[str | Path], folder: str) -> int:
    return subprocess.run(command, check=False, capture_output=True, cwd=folder).returncode  # noqa: S603 - see above


def _wait_for(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert server.poll() is None, "the PostgreSQL server stopped while it started"
            assert time.monotonic() < deadline, "the PostgreSQL server did not start"
            time.sleep(0.05)
        else:
            return
