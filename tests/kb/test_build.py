from collections.abc import Callable
from pathlib import Path

import pytest

from kb.build import build, build_library
from kb.errors import DocumentsNotFoundError, HomeNotFoundError
from kb.index import Library


def no_progress(_stage: str, _done: int, _total: int) -> None:
    pass


def test_unreadable_files_are_named_and_the_others_go_on(tmp_path: Path, make_pdf: Callable[..., bytes]) -> None:
    folder = tmp_path / "documents"
    (folder / "team").mkdir(parents=True)
    good = make_pdf("The zebra plan costs 12 dollars.")
    (folder / "good.pdf").write_bytes(good)
    (folder / "team" / "half \u65e5\u672c.pdf").write_bytes(good[:200])
    (folder / "page.pdf").write_bytes(b"<html>Error: could not extract text from zebra.pdf</html>")
    (folder / "notes.docx").write_bytes(b"PK")
    (folder / "twin.pdf").write_bytes(good)
    (folder / ".hidden.pdf").write_bytes(b"")

    report = build(folder, tmp_path / "index", progress=no_progress)
    library = Library.open(tmp_path / "index")

    assert [document.file for document in library.documents] == ["good.pdf"]
    assert {problem.file for problem in report.problems} == {
        "team/half \u65e5\u672c.pdf",
        "page.pdf",
        "notes.docx",
        "twin.pdf",
    }
    assert library.problems == report.problems
    assert library.version == report.version
    for word in ("error", "extract", "damaged", "html"):
        assert library.search(word) == ()
    assert len(library.search("zebra")) == 1


def test_pages_without_text_are_counted(tmp_path: Path, make_pdf: Callable[..., bytes]) -> None:
    (tmp_path / "mixed.pdf").write_bytes(make_pdf("Text here.", "", ""))

    (document,) = build(tmp_path, tmp_path / "index", progress=no_progress).documents

    assert (document.pages, document.pages_without_text, document.passages) == (3, 2, 1)


def test_our_documents_are_read_beside_those_of_the_user(tmp_path: Path, make_pdf: Callable[..., bytes]) -> None:
    documents = tmp_path / "kb" / "documents"
    documents.mkdir(parents=True)
    (documents / "pricing.pdf").write_bytes(make_pdf("The walrus add-on lists at 700 dollars.", title="Price list"))
    stages: list[tuple[str, int, int]] = []

    report = build_library(tmp_path, progress=lambda *step: stages.append(step))

    assert len(report.documents) == 6
    assert report.problems == ()
    assert len(report.written) == 5
    hit = Library.open(tmp_path / "kb" / "index").search("walrus")[0]
    assert (hit.passage.document, hit.passage.kind, hit.passage.page) == ("Price list", "product", 1)
    assert {done == total for stage, done, total in stages if stage == "Read documents"} == {True, False}


def test_building_twice_gives_the_same_version(home: Path) -> None:
    before = Library.open(home / "kb" / "index")

    report = build_library(home, progress=no_progress)

    assert report.version == before.version
    assert report.written == ()
    assert before.is_current()


def test_a_home_or_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for home in (tmp_path / "file", tmp_path / "no" / "such"):
        with pytest.raises(HomeNotFoundError):
            build_library(home, progress=no_progress)
    with pytest.raises(DocumentsNotFoundError, match="no folder"):
        build(tmp_path / "missing", tmp_path / "index", progress=no_progress)
