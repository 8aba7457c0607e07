"""What can go wrong in the knowledge base, said in one sentence each.

A document that cannot be read is no error: it is an `UnreadableDocument`, named in every report, and the others go on.
"""

from pathlib import Path


class KnowledgeBaseError(Exception):
    """The base of every error raised by this package."""


class HomeNotFoundError(KnowledgeBaseError):
    """The folder that should hold the knowledge base cannot be made there."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"{home} cannot be used: {home.parent} is no folder. Name a folder inside one that exists.")


class DocumentsNotFoundError(KnowledgeBaseError):
    """The folder of documents is missing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"There is no folder {folder}. Create it and put PDFs there, or name another one.")


class LibraryNotFoundError(KnowledgeBaseError):
    """No index was built in this folder yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"There is no knowledge base in {folder} yet. Build it with `precall kb`.")


class LibraryBrokenError(KnowledgeBaseError):
    """An index is there, but its files do not fit together."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The knowledge base in {folder} is damaged. Build it again with `precall kb`.")


class PassageNotFoundError(KnowledgeBaseError):
    """No passage has this id in the library at hand."""

    def __init__(self, passage_id: str) -> None:
        super().__init__(f"No passage has the id {passage_id!r}; its document may have changed since it was cited.")


class EmbeddingModelError(KnowledgeBaseError):
    """A folder holds no sentence-embedding model that could be used."""

    def __init__(self, folder: Path, fault: str) -> None:
        super().__init__(f"The embedding model in {folder} cannot be used: it {fault}.")


class ContentError(KnowledgeBaseError):
    """A Markdown source of ours uses something its PDF could not show."""

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source} cannot become a PDF: {what}.")
