"""What a reader process is asked and what it answers. Everything here travels as JSON."""

from dataclasses import dataclass
from enum import StrEnum

from kb.documents import HiddenText


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one reading of one file may take."""

    cpu_seconds: int = 20
    memory_bytes: int = 1_000_000_000
    wall_seconds: float = 60
    pages: int = 1_000
    characters: int = 20_000_000


class Engine(StrEnum):
    """Who reads."""

    PDFIUM = "pdfium"
    PYPDF = "pypdf"


class Refusal(StrEnum):
    """Why there is no text, from the most telling to the least."""

    PASSWORD = "password"  # noqa: S105 - a reason, no password
    PAGES = "too many pages"
    CHARACTERS = "too much text"
    CPU = "processor time"
    WALL = "time"
    MEMORY = "memory"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that an engine did not read; ``detail`` is the number of pages, or the name of an exception."""

    why: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What an engine found in a file, page by page, before any of it is normalised."""

    engine: Engine
    pages: tuple[str, ...]  # blocks are parted by an empty line, cells of a table row by " | "
    outline: tuple[tuple[str, int], ...]  # title, page from 1
    title: str
    keywords: str
    hidden: tuple[HiddenText, ...]  # what no reader of the pages sees; it is not in `pages`
    pictures: int  # pages that show a picture
    drawn: int  # pages that show anything at all
    lost: int  # pages that show text of which nothing could be read
