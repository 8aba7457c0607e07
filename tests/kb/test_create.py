import hashlib
import io
import re
from pathlib import Path

import pypdf
import pytest

from kb.create import CONTENT, read_source, render, write_collateral
from kb.errors import ContentError

SECTIONS = {
    "best-practices-enterprise-deployment": 5,
    "case-study-fintech-success": 6,
    "competitive-intelligence": 5,
    "industry-trends-2025": 5,
    "product-capabilities": 7,
}
BOOK = """+++
title = 'T'
subtitle = 'S'
kind = 'other'
version = '1'
date = 2025-01-01
figures = [['1', 'one']]
+++
"""


@pytest.fixture(scope="module")
def pdfs() -> dict[str, bytes]:
    return {path.stem: render(read_source(path)) for path in CONTENT.glob("*.md")}


def test_the_same_source_gives_the_same_bytes(pdfs: dict[str, bytes]) -> None:
    for path in CONTENT.glob("*.md"):
        assert hashlib.sha256(render(read_source(path))).digest() == hashlib.sha256(pdfs[path.stem]).digest()


def test_every_section_is_in_the_outline_and_leads_to_the_page_it_stands_on(pdfs: dict[str, bytes]) -> None:
    assert set(pdfs) == set(SECTIONS)
    for name, pdf in pdfs.items():
        reader = pypdf.PdfReader(io.BytesIO(pdf))
        headings = re.findall(r"^## (.+)$", (CONTENT / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE)
        assert [entry.title for entry in reader.outline] == headings
        assert len(headings) == SECTIONS[name]
        for entry in reader.outline:
            page = reader.get_destination_page_number(entry)
            assert entry.title in reader.pages[page].extract_text()


def test_the_five_documents_have_about_twenty_pages_each_numbered_and_marked_confidential(
    pdfs: dict[str, bytes],
) -> None:
    readers = [pypdf.PdfReader(io.BytesIO(pdf)) for pdf in pdfs.values()]

    assert 18 <= sum(len(reader.pages) for reader in readers) <= 24
    for reader in readers:
        for number, page in enumerate(reader.pages, start=1):
            text = page.extract_text()
            assert f"Page {number} of {len(reader.pages)}" in text
            assert "for sales use" in text


def test_a_document_says_its_title_author_and_kind_in_its_metadata(pdfs: dict[str, bytes]) -> None:
    metadata = pypdf.PdfReader(io.BytesIO(pdfs["competitive-intelligence"])).metadata

    assert metadata is not None
    assert (metadata.title, metadata.author) == ("Competitive Intelligence", "Northbeam Sales Enablement")
    assert "competitive" in (metadata.keywords or "")


def test_a_file_its_owner_changed_is_kept_and_an_outdated_one_of_ours_is_refreshed(tmp_path: Path) -> None:
    assert len(write_collateral(tmp_path)) == 5
    assert write_collateral(tmp_path) == ()

    theirs, outdated = tmp_path / "product-capabilities.pdf", tmp_path / "industry-trends-2025.pdf"
    theirs.write_bytes(b"our own edition")
    record = tmp_path / ".created.json"
    outdated.write_bytes(b"an earlier release")
    fresh = hashlib.sha256(render(read_source(CONTENT / "industry-trends-2025.md"))).hexdigest()
    record.write_text(record.read_text().replace(fresh, hashlib.sha256(b"an earlier release").hexdigest()))

    assert write_collateral(tmp_path) == ("industry-trends-2025.pdf",)
    assert theirs.read_bytes() == b"our own edition"
    assert hashlib.sha256(outdated.read_bytes()).hexdigest() == fresh


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOOK + "A \u2192 B", "no glyph"),
        ("# No front matter", "front matter"),
        (BOOK + "```\ncode\n```", "fence"),
        (BOOK + "A [link](https://example.com).", "link"),
        (BOOK.replace("'other'", "'novel'") + "Text.", "novel"),
    ],
)
def test_content_that_could_not_be_shown_is_refused_with_its_file_named(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "draft.md"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ContentError, match=rf"draft.*{complaint}"):
        render(read_source(path))
