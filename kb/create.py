"""The five documents of the software demo: Markdown in ``content/`` -> typeset, reproducible PDFs."""

import hashlib
import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    ListFlowable,
    ListItem,
    NextPageTemplate,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from kb.documents import KINDS, keyword_of
from kb.errors import ContentError

CONTENT: Final = Path(__file__).parent / "content"
AUTHOR: Final = "Northbeam Sales Enablement"
PACK: Final = "software"  # Northbeam sells no health care and no houses
NOTICE: Final = "Confidential \N{EN DASH} for sales use"
_RECORD: Final = ".created.json"  # file name -> sha256 of what we wrote: a file that differs was changed by its owner

_WIDTH, _HEIGHT = A4
_MARGIN = 20 * mm
_TEXT_WIDTH = _WIDTH - 2 * _MARGIN
_COVER_HEIGHT = 74 * mm
_ANNOUNCED: Final = ("table", "bullet_list", "ordered_list")  # stay with the sentence that introduces them
_INK, _MUTED, _RULE, _ZEBRA = HexColor("#1d2733"), HexColor("#5d6b7a"), HexColor("#d5dce3"), HexColor("#f4f6f8")
_NAVY = HexColor("#10253f")
_ACCENTS: Final = {
    "product": HexColor("#0b7f7a"),
    "competitive": HexColor("#b3432b"),
    "case study": HexColor("#3a5fb0"),
    "trends": HexColor("#7a4ca0"),
    "best practices": HexColor("#2f7d3d"),
}
_BODY = ParagraphStyle(
    "body", fontName="Helvetica", fontSize=10, leading=14.4, textColor=_INK, spaceAfter=6, allowWidows=0, allowOrphans=0
)
_HEADING = ParagraphStyle(
    "heading",
    parent=_BODY,
    fontName="Helvetica-Bold",
    fontSize=15,
    leading=19,
    textColor=_NAVY,
    spaceBefore=13,
    spaceAfter=5,
)
_CELL = ParagraphStyle("cell", parent=_BODY, fontSize=8.8, leading=11.6, spaceAfter=0)
_HEADER_CELL = ParagraphStyle("header cell", parent=_CELL, fontName="Helvetica-Bold", textColor=white)
_CALLOUT = ParagraphStyle("callout", parent=_BODY, fontSize=10.4, leading=15, textColor=_NAVY, spaceAfter=0)
_FIGURE = ParagraphStyle(
    "figure", parent=_BODY, fontName="Helvetica-Bold", fontSize=19, leading=23, alignment=TA_CENTER
)
_FIGURE_LABEL = ParagraphStyle("figure label", parent=_CELL, alignment=TA_CENTER, textColor=_MUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The front matter of a content file."""

    title: str
    subtitle: str
    kind: str
    version: str
    date: date
    figures: tuple[tuple[str, str], ...]  # (figure, what it measures), four of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One content file: its front matter and its Markdown."""

    name: str
    cover: Cover
    markdown: str


def read_source(path: Path) -> Source:
    """Read a content file: TOML between two ``+++`` lines, then CommonMark with tables.

    Raises:
        ContentError: The front matter is missing, or a character has no glyph in the standard PDF fonts.
    """
    text = path.read_text(encoding="utf-8")
    try:
        text.encode("cp1252")
    except UnicodeEncodeError as error:
        raise ContentError(path.name, f"the standard fonts have no glyph for {text[error.start]!r}") from error
    opening, front_matter, markdown = [*text.split("+++\n", 2), "", ""][:3]
    if opening or not markdown:
        raise ContentError(path.name, "it must begin with front matter between two lines of +++")
    fields = tomllib.loads(front_matter)
    if fields["kind"] not in KINDS:
        raise ContentError(path.name, f"its kind {fields['kind']!r} is none of {', '.join(KINDS)}")
    figures = tuple((figure, label) for figure, label in fields.pop("figures"))
    return Source(name=path.stem, cover=Cover(**fields, figures=figures), markdown=markdown)


def render(source: Source) -> bytes:
    """Typeset one document; the same source always gives the same bytes.

    Laid out twice, since "Page 3 of 6" needs the number of pages.
    """
    draft = _typeset(source, total_pages=0)
    return _typeset(source, total_pages=draft.page).getvalue()


def write_collateral(folder: Path) -> tuple[str, ...]:
    """Write our documents into ``folder`` and return the names of those that were new or outdated.

    A file of the same name that its owner put there or changed is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record_path = folder / _RECORD
    record = _read_record(record_path)
    written = []
    for path in sorted(CONTENT.glob("*.md")):
        target = folder / f"{path.stem}.pdf"
        pdf = render(read_source(path))
        digest = hashlib.sha256(pdf).hexdigest()
        present = _hash(target)
        if present is not None and present != digest and present != record.get(target.name):
            continue
        if present != digest:
            _replace(target, pdf)
            written.append(target.name)
        record[target.name] = digest
    _replace(record_path, json.dumps(record, indent=2).encode())
    return tuple(written)


def withdraw_collateral(folder: Path) -> None:
    """Delete what `write_collateral` wrote into ``folder`` and nobody changed since."""
    record_path = folder / _RECORD
    for name, digest in _read_record(record_path).items():
        if _hash(folder / name) == digest:
            (folder / name).unlink(missing_ok=True)
    record_path.unlink(missing_ok=True)


def _read_record(path: Path) -> dict[str, str]:
    record: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return record


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _replace(target: Path, content: bytes) -> None:
    aside = target.with_name(f".{target.name}.part")
    aside.write_bytes(content)
    aside.replace(target)


class _Typeset(BaseDocTemplate):  # type: ignore[misc]  # reportlab is untyped
    """One document on its way to paper: cover band on the first page, running head and foot on all."""

    def __init__(self, source: Source, *, total_pages: int) -> None:
        self._out = io.BytesIO()
        self._cover = source.cover
        self._accent = _ACCENTS.get(source.cover.kind, _NAVY)
        self._total_pages = total_pages
        super().__init__(
            self._out,
            pagesize=A4,
            invariant=1,
            title=source.cover.title,
            author=AUTHOR,
            subject=source.cover.subtitle,
            keywords=f"{source.cover.kind}, Northbeam, version {source.cover.version}, {keyword_of(pack=PACK)}",
            creator="precall",
            lang="en",
        )
        foot = 22 * mm
        first = Frame(_MARGIN, foot, _TEXT_WIDTH, _HEIGHT - _COVER_HEIGHT - foot - 2 * mm, 0, 0, 0, 0)
        later = Frame(_MARGIN, foot, _TEXT_WIDTH, _HEIGHT - 26 * mm - foot, 0, 0, 0, 0)
        self.addPageTemplates(
            [
                PageTemplate("first", [first], onPage=self._draw_cover),
                PageTemplate("later", [later], onPage=self._draw_running_head),
            ]
        )

    def getvalue(self) -> bytes:
        return self._out.getvalue()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  # reportlab calls it by this name
        if isinstance(flowable, Paragraph) and flowable.style is _HEADING:
            key = f"section-{self.page}-{flowable.getPlainText()}"
            self.canv.bookmarkHorizontal(key, 0, flowable.height + 12)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=0)

    def _draw_cover(self, canvas: Canvas, _document: BaseDocTemplate) -> None:
        cover, bottom = self._cover, _HEIGHT - _COVER_HEIGHT + 8 * mm
        self._draw_foot(canvas)
        canvas.saveState()
        canvas.setFillColor(_NAVY)
        canvas.rect(0, bottom, _WIDTH, _HEIGHT - bottom, stroke=0, fill=1)
        canvas.setFillColor(self._accent)
        canvas.rect(0, bottom - 1.6 * mm, _WIDTH, 1.6 * mm, stroke=0, fill=1)
        _draw_beams(canvas, self._accent, bottom)
        canvas.setFillColor(white)
        canvas.setFont("Helvetica-Bold", 11)
        canvas.drawString(_MARGIN, _HEIGHT - 17 * mm, "Northbeam")
        canvas.setFont("Helvetica", 9)
        canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 17 * mm, NOTICE)
        size = 27 if stringWidth(cover.title, "Helvetica-Bold", 27) < _TEXT_WIDTH else 23
        canvas.setFont("Helvetica-Bold", size)
        canvas.drawString(_MARGIN, _HEIGHT - 38 * mm, cover.title)
        subtitle = Paragraph(
            escape(cover.subtitle),
            ParagraphStyle("subtitle", fontName="Helvetica", fontSize=11.5, leading=15, textColor=white),
        )
        _, height = subtitle.wrap(_TEXT_WIDTH * 0.78, 40 * mm)
        subtitle.drawOn(canvas, _MARGIN, _HEIGHT - 42 * mm - height)
        canvas.setFont("Helvetica", 8.5)
        canvas.setFillColor(HexColor("#c3d0dd"))
        canvas.drawString(
            _MARGIN, bottom + 5 * mm, f"Version {cover.version}, {cover.date:%B} {cover.date.day}, {cover.date.year}"
        )
        canvas.restoreState()

    def _draw_running_head(self, canvas: Canvas, _document: BaseDocTemplate) -> None:
        self._draw_foot(canvas)
        canvas.saveState()
        canvas.setFont("Helvetica-Bold", 8)
        canvas.setFillColor(self._accent)
        canvas.drawString(_MARGIN, _HEIGHT - 15 * mm, "Northbeam")
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_MUTED)
        canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 15 * mm, self._cover.title)
        canvas.setStrokeColor(_RULE)
        canvas.line(_MARGIN, _HEIGHT - 18 * mm, _WIDTH - _MARGIN, _HEIGHT - 18 * mm)
        canvas.restoreState()

    def _draw_foot(self, canvas: Canvas) -> None:
        canvas.saveState()
        canvas.setStrokeColor(_RULE)
        canvas.line(_MARGIN, 16 * mm, _WIDTH - _MARGIN, 16 * mm)
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_MUTED)
        canvas.drawString(_MARGIN, 11.5 * mm, f"{NOTICE}, version {self._cover.version}")
        canvas.drawRightString(_WIDTH - _MARGIN, 11.5 * mm, f"Page {self.page} of {self._total_pages}")
        canvas.restoreState()


def _draw_beams(canvas: Canvas, accent: Color, bottom: float) -> None:
    """Draw the mark of the series: three rising beams at the right of the cover."""
    for step, opacity in enumerate((0.35, 0.6, 0.95)):
        canvas.setFillColor(accent, alpha=opacity)
        path = canvas.beginPath()
        left = _WIDTH - _MARGIN - (42 - 15 * step) * mm
        height = (14 + 9 * step) * mm
        path.moveTo(left, bottom)
        path.lineTo(left + 9 * mm, bottom)
        path.lineTo(left + 12 * mm, bottom + height)
        path.lineTo(left + 3 * mm, bottom + height)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)


def _typeset(source: Source, *, total_pages: int) -> _Typeset:
    document = _Typeset(source, total_pages=total_pages)
    accent = _ACCENTS.get(source.cover.kind, _NAVY)
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(source.markdown))
    story: list[Flowable] = [NextPageTemplate("later"), _figures_strip(source.cover.figures, accent), Spacer(0, 4)]
    for node in tree.children:
        flowables = list(_flowables(node, accent, source.name))
        if node.next_sibling is not None and node.next_sibling.type in _ANNOUNCED:
            flowables[-1].keepWithNext = True
        story += flowables
    document.build(story)
    return document


def _flowables(node: SyntaxTreeNode, accent: Color, name: str) -> Iterator[Flowable]:
    match node.type:
        case "heading" if node.tag == "h2":
            yield CondPageBreak(62 * mm)  # a heading never stands alone at the foot of a page
            yield Paragraph(_inline(node.children[0], name), _HEADING)
            yield _Underline(accent)
        case "paragraph":
            yield Paragraph(_inline(node.children[0], name), _BODY)
        case "bullet_list" | "ordered_list":
            items = [ListItem(Paragraph(_inline(item.children[0].children[0], name), _BODY)) for item in node.children]
            numbered = node.type == "ordered_list"
            yield ListFlowable(
                items,
                bulletType="1" if numbered else "bullet",
                bulletFormat="%s." if numbered else None,
                start=None if numbered else "•",
                bulletColor=accent,
                bulletFontName="Helvetica-Bold",
                bulletFontSize=10,
                leftIndent=16,
            )
            yield Spacer(0, 3)
        case "blockquote":
            yield _callout(Paragraph(_inline(node.children[0].children[0], name), _CALLOUT), accent)
        case "table":
            yield _table(node, accent, name)
        case _:
            raise ContentError(name, f"nothing is set in type for Markdown's {node.type!r}")


def _inline(node: SyntaxTreeNode, name: str) -> str:
    """Return reportlab's paragraph markup of an inline node."""
    marks = {"strong": "b", "em": "i"}
    parts = []
    for child in node.children:
        if child.type == "text":
            parts.append(escape(child.content, quote=False))
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type in marks:
            parts.append(f"<{marks[child.type]}>{_inline(child, name)}</{marks[child.type]}>")
        else:
            raise ContentError(name, f"nothing is set in type for Markdown's {child.type!r}")
    return "".join(parts)


class _Underline(Flowable):  # type: ignore[misc]  # reportlab is untyped
    """The short accent rule beneath a section heading."""

    def __init__(self, accent: Color) -> None:
        super().__init__()
        self._accent = accent
        self.keepWithNext = True

    def wrap(self, *_available: float) -> tuple[float, float]:
        return _TEXT_WIDTH, 7

    def draw(self) -> None:
        self.canv.setFillColor(self._accent)
        self.canv.rect(0, 5.5, 14 * mm, 1.8, stroke=0, fill=1)


def _figures_strip(figures: tuple[tuple[str, str], ...], accent: Color) -> Table:
    style = ParagraphStyle("accented figure", parent=_FIGURE, textColor=accent)
    cells = [[Paragraph(escape(figure), style), Paragraph(escape(label), _FIGURE_LABEL)] for figure, label in figures]
    strip = Table([cells], colWidths=[_TEXT_WIDTH / len(cells)] * len(cells))
    strip.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEAFTER", (0, 0), (-2, -1), 0.6, _RULE),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return strip


def _callout(paragraph: Paragraph, accent: Color) -> Table:
    box = Table([[paragraph]], colWidths=[_TEXT_WIDTH], spaceBefore=5, spaceAfter=9)
    box.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), Color(accent.red, accent.green, accent.blue, alpha=0.08)),
                ("LINEBEFORE", (0, 0), (0, -1), 3, accent),
                ("LEFTPADDING", (0, 0), (-1, -1), 12),
                ("RIGHTPADDING", (0, 0), (-1, -1), 12),
                ("TOPPADDING", (0, 0), (-1, -1), 8),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 9),
            ]
        )
    )
    return box


def _table(node: SyntaxTreeNode, accent: Color, name: str) -> Table:
    rows = [
        [_inline(cell.children[0], name) if cell.children else "" for cell in row.children]
        for part in node.children
        for row in part.children
    ]
    cells = [[Paragraph(text, _CELL if index else _HEADER_CELL) for text in row] for index, row in enumerate(rows)]
    table = Table(cells, colWidths=_column_widths(rows), repeatRows=1, spaceBefore=4, spaceAfter=10)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), _NAVY),
                ("LINEBELOW", (0, 0), (-1, 0), 1.6, accent),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, _ZEBRA]),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, _RULE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
                ("LEFTPADDING", (0, 0), (-1, -1), 6),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("NOSPLIT", (0, 0), (-1, -1)),
            ]
        )
    )
    return table


def _column_widths(rows: list[list[str]]) -> list[float]:
    """Share the text width: every column holds its longest word, the rest goes by the amount of text."""
    padding = 13.0
    columns = list(zip(*rows, strict=True))
    words = [max(_width(word) for text in column for word in [*text.split(), ""]) + padding for column in columns]
    lines = [max(_width(text) for text in column) + padding for column in columns]
    if sum(lines) <= _TEXT_WIDTH:
        spare = (_TEXT_WIDTH - sum(lines)) / len(lines)
        return [line + spare for line in lines]
    weights = [min(line, 0.45 * _TEXT_WIDTH) ** 0.8 for line in lines]
    widths = [max(word, _TEXT_WIDTH * weight / sum(weights)) for word, weight in zip(words, weights, strict=True)]
    loose = [width - word for width, word in zip(widths, words, strict=True)]
    excess = sum(widths) - _TEXT_WIDTH
    return [width - excess * slack / (sum(loose) or 1.0) for width, slack in zip(widths, loose, strict=True)]


def _width(text: str) -> float:
    return float(stringWidth(text, "Helvetica-Bold", _CELL.fontSize))
