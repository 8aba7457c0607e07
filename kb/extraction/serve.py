"""The process that reads PDFs: imports the engines once, then forks for each file a child that may die.

It is asked on standard input, one line of JSON and the bytes of a PDF at a time, and answers each with one line of
JSON on standard output: what the child found, or how it ended.
"""

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from dataclasses import asdict
from typing import Any

from kb.extraction import with_pdfium, with_pypdf
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused

_ENGINES = {Engine.PDFIUM: with_pdfium.extract, Engine.PYPDF: with_pypdf.extract}
_CHUNK = 1 << 16
_NEARLY = 0.5  # of the memory allowed: a child that died this large died of it


def main() -> None:
    """Serve until standard input ends."""
    sys.setrecursionlimit(5_000)  # nested arrays are parsed by recursion; the limits below stop what abuses it
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        pdf = sys.stdin.buffer.read(request["bytes"])
        answer = _in_child(pdf, Engine(request["engine"]), Limits(**request["limits"]))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _in_child(pdf: bytes, engine: Engine, limits: Limits) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(pdf, engine, limits, writer)
    os.close(writer)
    received, in_time = _receive(reader, limits.wall_seconds)
    os.close(reader)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    if not in_time:
        return asdict(Refused(why=Refusal.WALL))
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        answer: dict[str, Any] = json.loads(received)
        return answer
    return asdict(_explain_death(code, _bytes_of(usage), limits))


def _answer(pdf: bytes, engine: Engine, limits: Limits, writer: int) -> None:
    """Read the file, write the answer and end this process."""
    code = 1
    with contextlib.suppress(BaseException):
        _limit(limits)
        answer: Extracted | Refused
        try:
            answer = _ENGINES[engine](pdf, limits)
        except MemoryError:
            answer = Refused(why=Refusal.MEMORY)
        except Exception as error:  # noqa: BLE001 - whatever a broken file makes an engine raise, its name is the answer
            answer = Refused(why=Refusal.DAMAGED, detail=type(error).__name__)
        with os.fdopen(writer, "wb") as out:
            out.write(json.dumps(asdict(answer)).encode())
        code = 0
    os._exit(code)


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS refuses to lower the address space
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def _receive(reader: int, wall_seconds: float) -> tuple[bytes, bool]:
    """Return what the child writes until it ends, and whether it ended in time."""
    chunks: list[bytes] = []
    deadline = time.monotonic() + wall_seconds
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([reader], [], [], left)
        if ready:
            chunk = os.read(reader, _CHUNK)
            if not chunk:
                return b"".join(chunks), True
            chunks.append(chunk)
    return b"", False


def _bytes_of(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _explain_death(code: int, most_memory: int, limits: Limits) -> Refused:
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return Refused(why=Refusal.CPU)
    if most_memory > _NEARLY * limits.memory_bytes:
        return Refused(why=Refusal.MEMORY)
    return Refused(why=Refusal.DAMAGED, detail=signal.Signals(-code).name if code < 0 else "")
