"""What is known about a document, whether it could be read or not."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

DEMO_FOLDER: Final = "demo"  # in the folder of documents, for those that `precall kb --demo` writes

KINDS: Final = ("product", "competitive", "case study", "trends", "best practices", "other")

_MADE_UP_FOR: Final = "precall demo: "

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
class HiddenText:
    """Text that a page holds but does not show: kept out of every passage, and told to whoever runs precall."""

    page: int  # 1-based
    characters: int
    reason: str  # "drawn as invisible", "outside the page", …


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
    pack: str = ""  # whose demo it was made up for: nothing about another business quotes it; "" serves every one
    hidden: tuple[HiddenText, ...] = ()
    repeated: int = 0  # passages that nearly say what another one says, and are not searched
    by_second_engine: bool = False  # pypdf, which knows no picture of the page

    @property
    def remarks(self) -> tuple[str, ...]:
        """What whoever runs precall should know about it, a sentence each; nothing for a sound document."""
        return (
            *([f"Made up for the {self.pack} demo."] if self.pack else []),
            *([f"{count_of(self.pages_without_text, 'page')} without text."] if self.pages_without_text else []),
            *describe_hidden(self.hidden),
            *(["Read by the second engine, which cannot tell what is covered."] if self.by_second_engine else []),
            *([f"{count_of(self.repeated, 'passage')} repeated elsewhere."] if self.repeated else []),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableDocument:
    """A file that gave no text, why, and what its owner can do about it."""

    file: str
    reason: str
    remedy: str
    sha256: str = ""  # "" where not even its bytes could be read
    hidden: tuple[HiddenText, ...] = ()
    is_copy: bool = False  # another file holds the same bytes


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
    pack: str = ""
    hidden: tuple[HiddenText, ...] = ()
    by_second_engine: bool = False


def names_of(documents: Sequence[Document]) -> tuple[str, ...]:
    """Return the title of each document, with its file where several have the same."""
    times = Counter(document.title for document in documents)
    return tuple(
        document.title if times[document.title] == 1 else f"{document.title} ({document.file})"
        for document in documents
    )


def describe_hidden(hidden: Iterable[HiddenText]) -> tuple[str, ...]:
    """Return a sentence for each reason: where, and how much."""
    by_reason: dict[str, list[HiddenText]] = {}
    for each in hidden:
        by_reason.setdefault(each.reason, []).append(each)
    return tuple(
        f"{_name_pages([each.page for each in alike])}: "
        f"{count_of(sum(each.characters for each in alike), 'hidden character')} left out, {reason}."
        for reason, alike in by_reason.items()
    )


def _name_pages(pages: Sequence[int]) -> str:
    """Return ``Page 3`` or ``Pages 1, 4-9``."""
    runs: list[list[int]] = []
    for page in sorted(set(pages)):
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    named = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"Page {named}" if named.isdecimal() else f"Pages {named}"


def count_of(number: int, noun: str) -> str:
    """Return ``1 page``, ``1,200 pages``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def describe_demo(documents: Iterable[Document], *, folder: str) -> str:
    """Return what to know while documents made up for a demo are among these; nothing where none is."""
    made_up = sum(bool(document.pack) for document in documents)
    if not made_up:
        return ""
    counted = count_of(made_up, "document")
    return f"Made up for the demo: {counted}. To be rid of them, delete {folder} and run `precall kb`."


def pack_of(*, keywords: str) -> str:
    """Return the pack whose demo a PDF's keywords say that it was made up for, "" where they say nothing of it."""
    return next((named.removeprefix(_MADE_UP_FOR) for named in _split(keywords) if named.startswith(_MADE_UP_FOR)), "")


def keyword_of(*, pack: str) -> str:
    """Return the keyword by which a PDF says that it was made up for the demo of this pack."""
    return f"{_MADE_UP_FOR}{pack}"


def kind_of(*, title: str, keywords: str = "") -> str:
    """Return the kind named in the PDF's keywords, else the one its title suggests, else ``other``."""
    named = _split(keywords)
    for kind in KINDS:
        if kind in named:
            return kind
    padded = f" {title.casefold()} "
    for kind, words in _TITLE_WORDS:
        if any(word in padded for word in words):
            return kind
    return "other"


def _split(keywords: str) -> list[str]:
    return [keyword.strip().casefold() for keyword in keywords.replace(";", ",").split(",")]
