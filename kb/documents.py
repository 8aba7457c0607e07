"""What is known about a document, whether it could be read or not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

KINDS: Final = ("product", "competitive", "case study", "trends", "best practices", "other")

# The first that fits: a "competitive product comparison" is about competitors, not about the product.
_TITLE_WORDS: Final = (
    ("competitive", ("competitive", "competitor", "battlecard", "battle card", "versus", " vs ")),
    ("case study", ("case study", "success story", "customer story", "reference customer")),
    ("best practices", ("best practice", "playbook", "deployment guide", "handbook", "how-to")),
    ("trends", ("trend", "industry report", "market report", "outlook", "survey", "forecast")),
    (
        "product",
        ("product", "capabilit", "datasheet", "data sheet", "feature", "pricing", "service level", "price list"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document whose text is in the library."""

    title: str
    file: str  # relative to the folder of documents, with forward slashes
    kind: str  # one of KINDS
    pages: int
    pages_without_text: int  # pictures or scans among readable pages: nothing on them can be found
    passages: int
    sha256: str
    modified: datetime  # of the file, UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableDocument:
    """A file that gave no text, why, and what its owner can do about it."""

    file: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """A bookmark of a PDF: where a section begins."""

    title: str
    page: int  # 1-based


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentText:
    """The text of one PDF, page by page, normalised but with its headers and footers."""

    file: str
    title: str
    kind: str
    pages: tuple[str, ...]  # lines end with \n, a paragraph's end is an empty line, a table row is "cell | cell"
    outline: tuple[OutlineEntry, ...]
    sha256: str
    modified: datetime


def kind_of(*, title: str, keywords: str = "") -> str:
    """Return the kind named in the PDF's keywords, else the one its title suggests, else ``other``."""
    named = {keyword.strip().casefold() for keyword in keywords.replace(";", ",").split(",")}
    for kind in KINDS:
        if kind in named:
            return kind
    padded = f" {title.casefold()} "
    for kind, words in _TITLE_WORDS:
        if any(word in padded for word in words):
            return kind
    return "other"
