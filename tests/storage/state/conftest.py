"""The state on both of its databases; PostgreSQL where its server is installed, as Debian's package does it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from storage.state import State, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PASSWORD = "not-for-logs"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a state is kept, of which any number may be opened."""

    path: Path
    database_url: str | None

    def open(self) -> State:
        return open_state(self.path, database_url=self.database_url)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that runs for these tests alone."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not installed:
        pytest.skip("no PostgreSQL server is installed; on Debian it is the package postgresql")
    as_root = os.geteuid() == 0
    if as_root and _run(["id", "postgres"], "/"):
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres to run it as")
    unprivileged = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if as_root else []
    with tempfile.TemporaryDirectory(prefix="precall-postgres-") as folder:
        data = Path(folder) / "data"
        password = Path(folder) / "password"
        password.write_text(PASSWORD)
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
        url = f"postgresql://precall:{PASSWORD}@127.0.0.1:{port}/postgres"
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


_numbers = count()


@pytest.fixture
def database_url(postgres: str) -> str:
    """The URL of an empty schema in that server."""
    schema = f"test_{next(_numbers)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{postgres}?options=-csearch_path%3D{schema}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.sqlite"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: Any, path: Path) -> Place:
    """An empty place on each of the two databases."""
    on_server = request.param == "postgres"
    return Place(path=path, database_url=request.getfixturevalue("database_url") if on_server else None)


@pytest.fixture
def state(place: Place) -> Iterator[State]:
    state = place.open()
    yield state
    state.close()


@pytest.fixture
def start(place: Place) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Run a script that has the state of this place as ``state``; what is still running at the end is killed."""
    opening = """
import sys
from datetime import date, datetime
from pathlib import Path
from storage.state import AuditRow, DigestClaim, Turn, open_state

sys.stdin.readline()
state = open_state(Path(sys.argv[1]), database_url=sys.argv[2] or None)
now = datetime(2026, 3, 2)
"""
    started = []

    def start(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", opening + script, str(place.path), place.database_url or ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
