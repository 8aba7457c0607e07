"""The whole flow on one screen: our PDFs written, every document read, passages split, the index published."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kb.create import write_collateral
from kb.documents import Document, DocumentText, UnreadableDocument
from kb.errors import DocumentsNotFoundError, HomeNotFoundError
from kb.index import write_index
from kb.passages import Passage, split_passages
from kb.read import read_pdf

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build made of the folder of documents."""

    documents: tuple[Document, ...]
    problems: tuple[UnreadableDocument, ...]
    passages: int
    version: str
    written: tuple[str, ...]  # our own PDFs that were new or outdated


def build_library(home: Path, *, progress: Progress) -> BuildReport:
    """Bring ``home/kb`` up to date: our five documents, whatever else lies beside them, and the index.

    Raises:
        HomeNotFoundError: ``home`` is a file, or the folder it should be made in does not exist.
    """
    if not home.is_dir() and (home.exists() or not home.absolute().parent.is_dir()):
        raise HomeNotFoundError(home)
    documents_folder = home / "kb" / "documents"
    documents_folder.mkdir(parents=True, exist_ok=True)
    progress("Write our documents", 0, 1)
    written = write_collateral(documents_folder)
    progress("Write our documents", 1, 1)
    return build(documents_folder, home / "kb" / "index", progress=progress, written=written)


def build(
    documents_folder: Path, index_folder: Path, *, progress: Progress, written: tuple[str, ...] = ()
) -> BuildReport:
    """Read every file in ``documents_folder`` and publish an index of those that could be read.

    Raises:
        DocumentsNotFoundError: The folder is not there.
    """
    if not documents_folder.is_dir():
        raise DocumentsNotFoundError(documents_folder)
    documents: list[Document] = []
    problems: list[UnreadableDocument] = []
    passages: list[Passage] = []
    first_with: dict[str, str] = {}  # sha256 -> file
    files = _find_files(documents_folder)
    for done, path in enumerate(files):
        progress("Read documents", done, len(files))
        file = path.relative_to(documents_folder).as_posix()
        read = _read(path, file)
        if isinstance(read, UnreadableDocument):
            problems.append(read)
        elif read.sha256 in first_with:
            reason = f"has the same content as {first_with[read.sha256]}"
            problems.append(UnreadableDocument(file=file, reason=reason, remedy="Remove one of the two"))
        else:
            first_with[read.sha256] = file
            found = split_passages(read)
            documents.append(_describe(read, passages=len(found)))
            passages += found
    progress("Read documents", len(files), len(files))
    progress("Build the index", 0, 1)
    version = write_index(index_folder, passages=passages, documents=documents, problems=problems)
    progress("Build the index", 1, 1)
    return BuildReport(
        documents=tuple(documents), problems=tuple(problems), passages=len(passages), version=version, written=written
    )


def _find_files(folder: Path) -> list[Path]:
    """Return all files at any depth but hidden ones, in a stable order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _read(path: Path, file: str) -> DocumentText | UnreadableDocument:
    if path.suffix.casefold() != ".pdf":
        remedy = "Export it as PDF, or move it out of this folder"
        return UnreadableDocument(file=file, reason="is not a PDF by its name", remedy=remedy)
    return read_pdf(path, file=file)


def _describe(text: DocumentText, *, passages: int) -> Document:
    return Document(
        title=text.title,
        file=text.file,
        kind=text.kind,
        pages=len(text.pages),
        pages_without_text=sum(not page for page in text.pages),
        passages=passages,
        sha256=text.sha256,
        modified=text.modified,
    )
