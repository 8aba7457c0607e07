import io
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from raw_pdf import form, page_with, pdf_of_objects, stream
from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas

from kb.documents import DocumentText, UnreadableDocument
from kb.extraction.reader import Reader
from kb.extraction.values import Limits
from kb.read import Contents, load_pdf, normalise, read_pdf

MakePdf = Callable[..., bytes]
Read = Callable[..., DocumentText | UnreadableDocument]


@pytest.fixture
def read(reader: Reader) -> Read:
    """Read the bytes of a PDF as the file of this name."""

    def read(pdf: bytes, *, file: str = "file.pdf", limits: Limits | None = None) -> DocumentText | UnreadableDocument:
        contents = Contents(file=file, pdf=pdf, sha256="0" * 64, modified=datetime(2026, 1, 1, tzinfo=UTC))
        return read_pdf(contents, reader, limits=limits or Limits())

    return read


def encrypted(make_pdf: MakePdf, *, user: str, algorithm: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf("Renewals reach 96 percent.")))
    writer.encrypt(user_password=user, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pages_come_back_one_by_one_with_title_kind_and_hash(tmp_path: Path, make_pdf: MakePdf, reader: Reader) -> None:
    path = tmp_path / "news.pdf"
    path.write_bytes(make_pdf("First page.", "Second page.", title="Product News", keywords="trends, x"))
    contents = load_pdf(path, file="news.pdf")
    assert isinstance(contents, Contents)

    text = read_pdf(contents, reader)

    assert isinstance(text, DocumentText)
    assert text.pages == ("First page.", "Second page.")
    assert (text.title, text.kind, text.file) == ("Product News", "trends", "news.pdf")
    assert len(text.sha256) == 64


def test_a_table_keeps_each_row_on_one_line(home: Path, read: Read) -> None:
    text = read((home / "kb" / "documents" / "demo" / "product-capabilities.pdf").read_bytes())

    assert isinstance(text, DocumentText)
    pages = "\n".join(text.pages)
    assert "Monthly uptime commitment | 99.9 % | 99.95 % | 99.99 %" in pages
    assert "Academy Pass | One named person | All courses for a year, two certificates | $900" in pages
    assert "• Encryption uses keys the customer holds;" in pages


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_an_empty_password_opens_and_any_other_is_asked_to_be_removed(
    make_pdf: MakePdf, read: Read, algorithm: str
) -> None:
    opened = read(encrypted(make_pdf, user="", algorithm=algorithm), file="a.pdf")
    closed = read(encrypted(make_pdf, user="secret", algorithm=algorithm), file="b.pdf")

    assert isinstance(opened, DocumentText)
    assert opened.pages == ("Renewals reach 96 percent.",)
    assert isinstance(closed, UnreadableDocument)
    assert closed.file == "b.pdf"
    assert "password" in closed.reason
    assert "without a password" in closed.remedy


def test_reportlabs_own_encryption_is_named_too(read: Read) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=pdfencrypt.StandardEncryption("user", "owner", strength=128))
    canvas.drawString(72, 700, "secret")
    canvas.save()

    closed = read(out.getvalue())

    assert isinstance(closed, UnreadableDocument)
    assert "password" in closed.reason


def drawing_only() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.rect(100, 100, 300, 300, fill=1)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def scan() -> bytes:
    grey = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
    picture = stream(b"\x80", grey)
    return page_with(stream(b"595 0 0 842 0 0 cm /I Do"), resources=b"/XObject << /I 5 0 R >>", more=(picture,))


def deep_array() -> bytes:
    return page_with(b"<< /Length 4 /Extra " + b"[" * 10_000 + b"]" * 10_000 + b" >>\nstream\n0 0 \nendstream")


def deep_page_tree() -> bytes:
    kids = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 1) for number in range(2, 10_002)]
    leaf = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    return pdf_of_objects(b"<< /Type /Catalog /Pages 2 0 R >>", *kids, leaf)


def page_tree_in_a_circle() -> bytes:
    return pdf_of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>"
    )


def form_that_draws_itself() -> bytes:
    itself = b"/XObject << /F 5 0 R >>"
    return page_with(stream(b"/F Do"), resources=itself, more=(form(b"/F Do", itself),))


def huge_declared_stream() -> bytes:
    return page_with(b"<< /Length 99999999999 >>\nstream\nBT (x) Tj ET\nendstream")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda _: b"", "empty"),
        (lambda _: b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "not a PDF"),
        (lambda _: b"%PDF-1.7 and then nothing", "damaged"),
        (lambda pdf: pdf[: len(pdf) // 3], "damaged"),
        (lambda pdf: pdf.replace(b"endstream", b"endstreaX").replace(b"/FlateDecode", b"/LZWDecode"), "damaged"),
        (lambda _: scan(), "no text on its 1 page, only pictures; it is probably a scan"),
        (lambda _: drawing_only(), "no text on its 1 page, only drawings"),
        (lambda _: page_with(b"<< /Length 0 >>\nstream\n\nendstream"), "blank"),
        (lambda _: deep_array(), "no text"),
        (lambda _: deep_page_tree(), ""),
        (lambda _: page_tree_in_a_circle(), ""),
        (lambda _: form_that_draws_itself(), "no text"),
        (lambda _: huge_declared_stream(), ""),
    ],
    ids=[
        "zero bytes",
        "html",
        "header only",
        "truncated",
        "undecodable",
        "scan",
        "drawing",
        "blank",
        "deep array",
        "deep pages",
        "circle of pages",
        "form in itself",
        "huge stream",
    ],
)
def test_what_cannot_be_read_is_named_with_a_reason_and_a_way_out(
    make_pdf: MakePdf, read: Read, content: Callable[[bytes], bytes], reason: str
) -> None:
    unreadable = read(content(make_pdf("Some text.")), file="bad.pdf")

    assert isinstance(unreadable, UnreadableDocument)
    assert unreadable.file == "bad.pdf"
    assert reason in unreadable.reason
    assert len(unreadable.remedy) > 10
    assert "Traceback" not in unreadable.reason


def test_a_missing_file_is_named_and_not_raised(tmp_path: Path) -> None:
    missing = load_pdf(tmp_path / "gone.pdf", file="gone.pdf")

    assert isinstance(missing, UnreadableDocument)
    assert "could not be opened" in missing.reason


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path, make_pdf: MakePdf) -> None:
    path = tmp_path / "locked.pdf"
    path.write_bytes(make_pdf("Text."))
    path.chmod(0)

    assert isinstance(load_pdf(path, file="locked.pdf"), UnreadableDocument)


def test_a_title_some_program_left_behind_gives_way_to_the_file_name(make_pdf: MakePdf, read: Read) -> None:
    text = read(make_pdf("Text.", title="draft_v3.docx"), file="Überblick-Preise_\u65e5\u672c.pdf")

    assert isinstance(text, DocumentText)
    assert text.title == "Überblick Preise \u65e5\u672c"


def test_invisible_characters_are_removed_and_compatibility_forms_resolved() -> None:
    hidden = "pay\u200bload \u202egnp\u202c \U000e0041\U000e0042 soft\u00ad\nhyphen \ufb01ne\u00a0space \x00nul"

    assert normalise(hidden) == "payload gnp softhyphen fine space nul"
    assert normalise("\x7f First\n\uf0b7 Second\no Third") == "• First\n• Second\n• Third"
    assert normalise("a broken \ud800 font") == "a broken ? font"
