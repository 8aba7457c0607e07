"""PDFs made for the occasion, and the library built once from the demo's documents."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from kb.build import build_library
from kb.extraction.reader import Reader
from kb.index import Library

MakePdf = Callable[..., bytes]


def no_progress(_stage: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    build_library(home, progress=no_progress, demo=True)
    return home


@pytest.fixture(scope="session")
def library(home: Path) -> Library:
    return Library.open(home / "kb" / "index")


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    with Reader() as reader:
        yield reader


@pytest.fixture
def make_pdf() -> MakePdf:
    def make(*pages: str, title: str = "A Test Document", keywords: str = "") -> bytes:
        """Set each page's lines from the top down, one under the other."""
        out = io.BytesIO()
        canvas = Canvas(out, invariant=1)
        canvas.setTitle(title)
        canvas.setKeywords(keywords)
        for page in pages:
            text = canvas.beginText(72, 770)
            for line in page.split("\n"):
                text.textLine(line)
            canvas.drawText(text)
            canvas.showPage()
        canvas.save()
        return out.getvalue()

    return make
