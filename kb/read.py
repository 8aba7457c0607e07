"""PDF -> normalised text, page by page, or the reason why there is none."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kb.documents import DocumentText, HiddenText, OutlineEntry, UnreadableDocument, count_of, kind_of, pack_of
from kb.extraction.choose import extract
from kb.extraction.reader import Reader
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused
from storage.wellformed import without_invisible

MAX_BYTES: Final = 200_000_000
LIMITS: Final = Limits()

_END_BYTES: Final = 2_048
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
_OCR: Final = "Run text recognition (OCR) on it, with text that can be seen, and save the result"
_LIGHT_BULLETS: Final = re.compile(r"^(?:[\u007f\uf0b7\uf0a7\u25aa\u25cf\u25e6\u2023\u2043]|o(?= ))\s*", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A file's bytes, their hash, and when the file was last changed."""

    file: str  # the name it is reported under
    pdf: bytes
    sha256: str
    modified: datetime


def load_pdf(path: Path, *, file: str) -> Contents | UnreadableDocument:
    """Return the bytes of what may be a PDF; hash and text belong together even if the file changes meanwhile."""
    try:
        status = path.stat()
        if status.st_size > MAX_BYTES:
            failure = _Failure(f"is larger than {MAX_BYTES // 1_000_000} MB", "Split it or shrink its pictures")
            return failure.of(file)
        pdf = path.read_bytes()
    except OSError as error:
        failure = _Failure(f"could not be opened ({error.strerror})", "Check that the file is there and readable")
        return failure.of(file)
    modified = datetime.fromtimestamp(status.st_mtime, tz=UTC)
    return Contents(file=file, pdf=pdf, sha256=hashlib.sha256(pdf).hexdigest(), modified=modified)


def read_pdf(contents: Contents, reader: Reader, *, limits: Limits = LIMITS) -> DocumentText | UnreadableDocument:
    """Read one PDF in a process of its own."""
    read = _no_pdf(contents.pdf) or _judge(extract(reader, contents.pdf, limits), contents.pdf, limits)
    if isinstance(read, _Failure):
        return replace(read.of(contents.file), sha256=contents.sha256)
    title = one_line(read.title)
    if not title or title.casefold().endswith(_NO_TITLES):
        title = one_line(Path(contents.file).stem.replace("-", " ").replace("_", " "))
    return DocumentText(
        file=contents.file,
        title=title,
        kind=kind_of(title=title, keywords=read.keywords),
        pages=read.pages,
        outline=tuple(OutlineEntry(title=one_line(title), page=page) for title, page in read.outline),
        sha256=contents.sha256,
        modified=contents.modified,
        pack=pack_of(keywords=read.keywords),
        hidden=read.hidden,
        by_second_engine=read.engine is Engine.PYPDF,
    )


def normalise(text: str) -> str:
    """Return the text in NFKC without what cannot be seen: soft hyphens, zero-width, bidi, tag, control characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates from broken fonts
    text = re.sub("\u00ad\\s*\n\\s*", "", text)  # a word broken by a soft hyphen at the end of a line
    text = unicodedata.normalize("NFKC", _LIGHT_BULLETS.sub("• ", text).replace("\u007f", "•"))
    text = without_invisible(text)
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
    hidden: tuple[HiddenText, ...] = ()

    def of(self, file: str) -> UnreadableDocument:
        return UnreadableDocument(file=file, reason=self.reason, remedy=self.remedy, hidden=self.hidden)


def _no_pdf(pdf: bytes) -> _Failure | None:
    if not pdf:
        return _Failure("is empty (0 bytes)", "Copy or download it again")
    if b"%PDF-" not in pdf[:1024]:
        return _Failure(
            "is not a PDF, whatever its name says", "Open it in the program it was made with and export it as PDF"
        )
    return None


def _judge(found: Extracted | Refused, pdf: bytes, limits: Limits) -> Extracted | _Failure:
    """Return the text, normalised, or why there is none that could be used."""
    if isinstance(found, Refused):
        return _explain(found, limits)
    pages = tuple(normalise(page) for page in found.pages)
    if any(pages):
        return replace(found, pages=pages)
    return _explain_silence(found, cut_off=_is_cut_off(pdf))


def _explain(refused: Refused, limits: Limits) -> _Failure:
    detail = f" ({refused.detail})" if refused.detail else ""
    million, giga = limits.characters / 1e6, limits.memory_bytes / 1e9
    reasons = {
        Refusal.PASSWORD: ("is protected by a password", "Save a copy without a password"),
        Refusal.PAGES: (f"has {refused.detail} pages; {limits.pages} is the limit", "Split it"),
        Refusal.CHARACTERS: (f"has more than {million:g} million characters of text", "Split it"),
        Refusal.CPU: (f"needs more than {limits.cpu_seconds} seconds of processor time", _PRINT_AGAIN),
        Refusal.WALL: (f"could not be read within {limits.wall_seconds:g} seconds", _PRINT_AGAIN),
        Refusal.MEMORY: (f"needs more than {giga:g} GB of memory", _PRINT_AGAIN),
        Refusal.DAMAGED: (f"is damaged or made in a way that cannot be read{detail}", _PRINT_AGAIN),
    }
    return _Failure(*reasons[refused.why])


def _explain_silence(found: Extracted, *, cut_off: bool) -> _Failure:
    """Tell apart a scan, a damaged file, and pages without anything to read."""
    pages = count_of(len(found.pages), "page")
    if found.hidden:
        hidden = sum(each.characters for each in found.hidden)
        reason = f"shows no text on its {pages}; {count_of(hidden, 'hidden character')} left out"
        return _Failure(reason, _OCR, hidden=found.hidden)
    if cut_off or not found.pages or found.lost:
        what = "its end is missing" if cut_off else "its text cannot be decoded" if found.pages else "it has no pages"
        return _Failure(f"is damaged: {what}", "Copy or download it again, or print it to PDF again")
    if found.pictures:
        return _Failure(f"has no text on its {pages}, only pictures; it is probably a scan", _OCR)
    if found.drawn:
        return _Failure(f"has no text on its {pages}, only drawings", _OCR)
    return _Failure(f"has no text on its {pages}; they are blank, or damaged", _PRINT_AGAIN)


def _is_cut_off(pdf: bytes) -> bool:
    """Return whether the mark at the end of every PDF is nowhere near its end."""
    return b"%%EOF" not in pdf.rstrip(b"\0\r\n ")[-_END_BYTES:]
