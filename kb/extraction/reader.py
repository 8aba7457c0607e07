"""Ask a reader process for the text of a PDF."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from kb.documents import HiddenText
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused

_ROOT: Final = Path(__file__).parents[2]
_SERVE: Final = "import sys; sys.path.insert(0, sys.argv[1]); from kb.extraction.serve import main; main()"


class Reader:
    """A process that reads one PDF after the other; it belongs to one thread at a time.

    It is isolated from the environment and from this process; each file is read by a child of its own, within limits.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start when first asked."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process; the next reading starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def read(self, pdf: bytes, engine: Engine, limits: Limits) -> Extracted | Refused:
        """Return what the engine finds in the PDF within the limits."""
        process = self._process = self._process or self._start()
        request = {"engine": engine, "bytes": len(pdf), "limits": asdict(limits)}
        assert process.stdin is not None  # noqa: S101 - it was started with pipes
        assert process.stdout is not None  # noqa: S101 - as above
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n" + pdf)
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        except BaseException:
            self.close()  # half a question was asked: the next answer would be to that
            raise
        if not line:
            self.close()
            return Refused(why=Refusal.DAMAGED, detail="the reader ended")
        return _decode(json.loads(line))

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own code, no shell, no argument from outside
            [sys.executable, "-I", "-c", _SERVE, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def _decode(answer: dict[str, Any]) -> Extracted | Refused:
    if "why" in answer:
        return Refused(why=Refusal(answer["why"]), detail=answer["detail"])
    return Extracted(
        **{
            **answer,
            "engine": Engine(answer["engine"]),
            "pages": tuple(answer["pages"]),
            "outline": tuple((title, page) for title, page in answer["outline"]),
            "hidden": tuple(HiddenText(**each) for each in answer["hidden"]),
        }
    )
