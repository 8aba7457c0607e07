"""PDF -> normalised text, page by page, in a child process that may not harm us."""

import hashlib
import json
import re
import signal
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kb.documents import DocumentText, OutlineEntry, UnreadableDocument, kind_of
from kb.extract import ADDRESS_SPACE_BYTES, CPU_SECONDS, MAX_CHARACTERS, MAX_PAGES

MAX_BYTES: Final = 200_000_000
WALL_SECONDS: Final = 60

_EXTRACT: Final = Path(__file__).with_name("extract.py")
_NO_TITLES: Final = (
    "untitled",
    "(anonymous)",
    "unspecified",
    ".doc",
    ".docx",
    ".ppt",
    ".pptx",
    ".xls",
    ".xlsx",
    ".indd",
)
_PRINT_AGAIN: Final = "Open it in a viewer and print or export it to PDF again"
# Invisible: zero-width, bidirectional controls, tags, variation selectors, control characters. They hide text from a
# reader but not from a model.
_INVISIBLE: Final = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u0080-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_LIGHT_BULLETS: Final = re.compile(r"^(?:[\u007f\uf0b7\uf0a7\u25aa\u25cf\u25e6\u2023\u2043]|o(?= ))\s*", re.MULTILINE)


def read_pdf(path: Path, *, file: str) -> DocumentText | UnreadableDocument:
    """Read one PDF; ``file`` is the name it is reported under.

    The child gets the bytes that were hashed, so text and hash belong together even if the file changes meanwhile.
    """
    contents = _read_bytes(path)
    if isinstance(contents, _Failure):
        return contents.of(file)
    answer = _extract(contents.pdf)
    if isinstance(answer, _Failure):
        return answer.of(file)
    title = one_line(answer["title"])
    if not title or title.casefold().endswith(_NO_TITLES):
        title = one_line(path.stem.replace("-", " ").replace("_", " "))
    return DocumentText(
        file=file,
        title=title,
        kind=kind_of(title=title, keywords=answer["keywords"]),
        pages=tuple(answer["pages"]),
        outline=tuple(OutlineEntry(title=one_line(title), page=page) for title, page in answer["outline"]),
        sha256=hashlib.sha256(contents.pdf).hexdigest(),
        modified=contents.modified,
    )


def normalise(text: str) -> str:
    """Return the text in NFKC without what cannot be seen: soft hyphens, zero-width, bidi, tag, control characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates from broken fonts
    text = re.sub("\u00ad\\s*\n\\s*", "", text)  # a word broken by a soft hyphen at the end of a line
    text = unicodedata.normalize("NFKC", _LIGHT_BULLETS.sub("• ", text))
    text = _INVISIBLE.sub("", text).replace("\u007f", "•")
    text = re.sub(r"[^\S\n]+", " ", text)
    return re.sub(r" ?\n ?", "\n", re.sub(r"\n{3,}", "\n\n", text)).strip()


def one_line(text: str) -> str:
    """Normalise a title: no line breaks, at most 200 characters."""
    return " ".join(normalise(text).split())[:200]


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no text, and the way out."""

    reason: str
    remedy: str

    def of(self, file: str) -> UnreadableDocument:
        return UnreadableDocument(file=file, reason=self.reason, remedy=self.remedy)


@dataclass(frozen=True, slots=True)
class _Contents:
    """A file's bytes, and when they were last changed."""

    pdf: bytes
    modified: datetime


def _read_bytes(path: Path) -> _Contents | _Failure:
    try:
        status = path.stat()
        if status.st_size > MAX_BYTES:
            return _Failure(f"is larger than {MAX_BYTES // 1_000_000} MB", "Split it or shrink its pictures")
        pdf = path.read_bytes()
    except OSError as error:
        return _Failure(f"could not be opened ({error.strerror})", "Check that the file is there and readable")
    if not pdf:
        return _Failure("is empty (0 bytes)", "Copy or download it again")
    if b"%PDF-" not in pdf[:1024]:
        return _Failure(
            "is not a PDF, whatever its name says", "Open it in the program it was made with and export it as PDF"
        )
    return _Contents(pdf, datetime.fromtimestamp(status.st_mtime, tz=UTC))


def _extract(pdf: bytes) -> dict[str, Any] | _Failure:
    try:
        child = subprocess.run(  # noqa: S603  # our own file, no shell, no argument from outside
            [sys.executable, "-I", str(_EXTRACT)], input=pdf, capture_output=True, timeout=WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return _Failure(f"could not be read within {WALL_SECONDS} seconds", _PRINT_AGAIN)
    if child.returncode != 0:
        return _explain_death(child.returncode, child.stderr)
    return _judge(json.loads(child.stdout))


def _judge(answer: dict[str, Any]) -> dict[str, Any] | _Failure:
    match answer.get("refused"):
        case None:
            pages = [normalise(page) for page in answer["pages"]]
            if any(pages):
                return {**answer, "pages": pages}
            reason = f"has no text on its {len(pages)} pages; it is probably a scan" if pages else "has no pages"
            return _Failure(reason, "Run text recognition (OCR) on it and save the result")
        case "encrypted":
            return _Failure("is protected by a password", "Save a copy without a password")
        case "too many pages":
            return _Failure(f"has {answer['pages']} pages; {MAX_PAGES} is the limit", "Split it")
        case _:
            return _Failure(f"has more than {MAX_CHARACTERS // 1_000_000} million characters of text", "Split it")


def _explain_death(code: int, stderr: bytes) -> _Failure:
    last_line = (stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
    exception = last_line.split(":")[0].rsplit(".", 1)[-1]
    if sys.platform != "win32" and code in (-signal.SIGXCPU, -signal.SIGKILL):
        return _Failure(f"needs more than {CPU_SECONDS} seconds of processor time", _PRINT_AGAIN)
    if exception == "MemoryError":
        return _Failure(f"needs more than {ADDRESS_SPACE_BYTES // 1_000_000_000} GB of memory", _PRINT_AGAIN)
    detail = f" ({exception})" if exception.isidentifier() else f" (the reader ended with code {code})"
    return _Failure(f"is damaged or made in a way that cannot be read{detail}", _PRINT_AGAIN)
