"""The whole flow on one screen: what is new or changed read and split, the index published."""

import fcntl
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from kb.create import withdraw_collateral, write_collateral
from kb.documents import DEMO_FOLDER, Document, DocumentText, HiddenText, UnreadableDocument
from kb.embedding import Embedder, Vectors, content_hash
from kb.errors import DocumentsNotFoundError, HomeNotFoundError, LibraryBrokenError, LibraryNotFoundError
from kb.extraction.reader import Reader
from kb.index import Library, indexed_text, write_index
from kb.passages import Passage, split_passages
from kb.read import Contents, load_pdf, read_pdf
from kb.repeats import find_repeats

# Raise the number when what is read of a PDF, or how it is split, changes: every document is then read again.
ENGINES: Final = f"4 pypdf {version_of('pypdf')} pypdfium2 {version_of('pypdfium2')}"
_MOST_WORKERS: Final = 8  # each may take a gigabyte

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build made of the folder of documents."""

    documents: tuple[Document, ...]
    problems: tuple[UnreadableDocument, ...]
    passages: int
    version: str
    written: tuple[str, ...]  # PDFs of the demo that were new or outdated
    unchanged: int  # files of the last build that were not read again

    def of(self, file: str) -> Document | UnreadableDocument:
        """Return what became of one file, named as it is in the folder."""
        found: tuple[Document | UnreadableDocument, ...] = (*self.documents, *self.problems)
        return next(each for each in found if each.file == file)

    @property
    def hidden(self) -> tuple[HiddenText, ...]:
        """What was kept out of the index because no reader of the pages sees it."""
        return tuple(
            each
            for hidden in (*(d.hidden for d in self.documents), *(p.hidden for p in self.problems))
            for each in hidden
        )


def build_library(
    home: Path, *, progress: Progress, demo: bool = False, embedder: Embedder | None = None
) -> BuildReport:
    """Bring the index in ``home/kb`` up to date with its folder of documents, with ``demo`` after adding ours to it.

    Raises:
        HomeNotFoundError: ``home`` is a file, or the folder it should be made in does not exist.
    """
    if not home.is_dir() and (home.exists() or not home.absolute().parent.is_dir()):
        raise HomeNotFoundError(home)
    documents_folder = home / "kb" / "documents"
    documents_folder.mkdir(parents=True, exist_ok=True)
    withdraw_collateral(documents_folder)  # once they were put among the user's documents unasked
    written: tuple[str, ...] = ()
    if demo:
        progress("Write the demo's documents", 0, 1)
        written = write_collateral(documents_folder / DEMO_FOLDER)
        progress("Write the demo's documents", 1, 1)
    return build(documents_folder, home / "kb" / "index", progress=progress, written=written, embedder=embedder)


def build(
    documents_folder: Path,
    index_folder: Path,
    *,
    progress: Progress,
    written: tuple[str, ...] = (),
    embedder: Embedder | None = None,
) -> BuildReport:
    """Read every file in ``documents_folder`` that is new or changed and publish an index of those that could be read.

    A file counts as changed when its bytes are not those of the index at hand, or when the engines were. Where nothing
    changed, the index at hand stays. With a model the index holds the vector of each passage; those that are in the
    index at hand are not made again. Builds of one index wait for each other, so that the last one saw every file.

    Raises:
        DocumentsNotFoundError: The folder is not there.
    """
    if not documents_folder.is_dir():
        raise DocumentsNotFoundError(documents_folder)
    with _alone(index_folder):
        return _build(documents_folder, index_folder, progress=progress, written=written, embedder=embedder)


def _build(
    documents_folder: Path,
    index_folder: Path,
    *,
    progress: Progress,
    written: tuple[str, ...],
    embedder: Embedder | None,
) -> BuildReport:
    library = _find_library(index_folder)
    files = _list_files(documents_folder, library, progress)
    passages_of = _passages_by_file(library)
    new = [file for file, known in files.items() if known is None]
    progress("Read documents", 0, len(new))
    for done, (file, read) in enumerate(zip(new, _read_all(documents_folder, new), strict=True), start=1):
        if isinstance(read, DocumentText):
            passages_of[file] = split_passages(read)
            files[file] = _describe(read, passages=len(passages_of[file]))
        else:
            files[file] = read
        progress("Read documents", done, len(new))
    documents = tuple(known for known in files.values() if isinstance(known, Document))
    problems = tuple(known for known in files.values() if isinstance(known, UnreadableDocument))
    passages = [passage for document in documents for passage in passages_of[document.file]]
    model = "" if embedder is None else embedder.version
    if library is None or (documents, problems, model) != (library.documents, library.problems, library.model):
        progress("Compare passages", 0, 1)
        repeats = find_repeats(passages, modified={document.file: document.modified for document in documents})
        documents = _count_repeats(documents, passages, repeats)
        progress("Compare passages", 1, 1)
        searched = [passage for passage in passages if passage.passage_id not in repeats]
        vectors = None if embedder is None else _embed(searched, embedder, library, progress)
        progress("Build the index", 0, 1)
        write_index(
            index_folder,
            passages=passages,
            documents=documents,
            problems=problems,
            repeats=repeats,
            engines=ENGINES,
            vectors=vectors,
        )
        progress("Build the index", 1, 1)
        library = Library.open(index_folder)
    return BuildReport(
        documents=documents,
        problems=problems,
        passages=len(passages),
        version=library.version,
        written=written,
        unchanged=len(files) - len(new),
    )


def _embed(passages: Sequence[Passage], embedder: Embedder, library: Library | None, progress: Progress) -> Vectors:
    """Return the vectors of all passages; those whose text this model met in the index at hand are not made again."""
    known = library.vectors() if library is not None and library.model == embedder.version else {}
    texts = {content_hash(text): text for text in map(indexed_text, passages)}
    new = [text for key, text in texts.items() if key not in known]
    progress("Embed passages", 0, len(new))
    vectors = dict(known)
    for done, (text, vector) in enumerate(zip(new, embedder.embed_passages(new), strict=True), start=1):
        vectors[content_hash(text)] = vector
        progress("Embed passages", done, len(new))
    return Vectors(model=embedder.version, of=vectors)


@contextmanager
def _alone(index_folder: Path) -> Iterator[None]:
    """Wait until no other process builds this index."""
    index_folder.mkdir(parents=True, exist_ok=True)
    with (index_folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _find_library(index_folder: Path) -> Library | None:
    """Return the index that the last build made with these engines, if it is whole."""
    try:
        library = Library.open(index_folder)
    except (LibraryNotFoundError, LibraryBrokenError):
        return None
    return library if library.engines == ENGINES else None


def _passages_by_file(library: Library | None) -> dict[str, Sequence[Passage]]:
    by_file: dict[str, list[Passage]] = defaultdict(list)
    for passage in library.passages if library else ():
        by_file[passage.file].append(passage)
    return dict(by_file)


def _list_files(
    folder: Path, library: Library | None, progress: Progress
) -> dict[str, Document | UnreadableDocument | None]:
    """Return what is known of each file already, None where it is to be read."""
    before: list[Document | UnreadableDocument] = [*library.documents, *library.problems] if library else []
    known = {(each.file, each.sha256): each for each in before}
    first_with: dict[str, str] = {}  # sha256 -> file
    listed: dict[str, Document | UnreadableDocument | None] = {}
    paths = _find_files(folder)
    for done, path in enumerate(paths):
        progress("Look for changes", done, len(paths))
        file = path.relative_to(folder).as_posix()
        contents = _load(path, file)
        if isinstance(contents, UnreadableDocument):
            listed[file] = contents
        elif contents.sha256 in first_with:
            listed[file] = _same_as(first_with[contents.sha256], contents)
        else:
            first_with[contents.sha256] = file
            listed[file] = _still(known.get((file, contents.sha256)), contents)
    progress("Look for changes", len(paths), len(paths))
    return listed


def _still(known: Document | UnreadableDocument | None, contents: Contents) -> Document | UnreadableDocument | None:
    """Return what the last build knew of a file with these bytes; of a copy it knew nothing."""
    match known:
        case Document():
            return replace(known, modified=contents.modified)
        case UnreadableDocument(is_copy=False):
            return known
        case _:
            return None


def _same_as(first: str, contents: Contents) -> UnreadableDocument:
    return UnreadableDocument(
        file=contents.file,
        reason=f"has the same content as {first}",
        remedy="Remove one of the two",
        sha256=contents.sha256,
        is_copy=True,
    )


def _read_all(folder: Path, files: Sequence[str]) -> Iterator[DocumentText | UnreadableDocument]:
    """Yield what is in each file, in this order; several are read at a time."""
    workers = min(os.cpu_count() or 1, _MOST_WORKERS, max(len(files), 1))
    idle: SimpleQueue[Reader] = SimpleQueue()

    def read(file: str) -> DocumentText | UnreadableDocument:
        contents = _load(folder / file, file)
        if isinstance(contents, UnreadableDocument):
            return contents
        reader = idle.get()
        try:
            return read_pdf(contents, reader)
        finally:
            idle.put(reader)

    with ExitStack() as stack:
        for _ in range(workers):
            idle.put(stack.enter_context(Reader()))
        yield from stack.enter_context(ThreadPoolExecutor(workers)).map(read, files)


def _count_repeats(
    documents: Sequence[Document], passages: Sequence[Passage], repeats: Mapping[str, str]
) -> tuple[Document, ...]:
    counts = Counter(passage.file for passage in passages if passage.passage_id in repeats)
    return tuple(replace(document, repeated=counts[document.file]) for document in documents)


def _find_files(folder: Path) -> list[Path]:
    """Return all files at any depth but hidden ones, in a stable order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _load(path: Path, file: str) -> Contents | UnreadableDocument:
    if path.suffix.casefold() != ".pdf":
        remedy = "Export it as PDF, or move it out of this folder"
        return UnreadableDocument(file=file, reason="is not a PDF by its name", remedy=remedy)
    return load_pdf(path, file=file)


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
        pack=text.pack,
        hidden=text.hidden,
        by_second_engine=text.by_second_engine,
    )
