"""A brief and its plan as documents that leave Slack: Markdown, and a PDF with the evidence."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from matplotlib import get_data_path
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Image,
    KeepTogether,
    ListFlowable,
    ListItem,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from bot.charts.canvas import drawable
from bot.evidence import format_actions
from bot.wording import (
    account_title,
    authorship_line,
    citations,
    data_line,
    plan_sections,
    prediction_words,
    statement_words,
)
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Flowable

    from bot.brief import Brief
    from bot.charts import Chart
    from bot.kept_plan import Source, SourcedPlan
    from bot.plan import Plan

_MARGIN: Final = 18 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN
_PICTURE: Final = 220 * mm  # high at most, so that a picture and its words share a page
_INK, _MUTED, _RULE, _SHADE = HexColor("#1a1a1a"), HexColor("#5a5a5a"), HexColor("#dddddd"), HexColor("#f4f4f4")
# The fonts of the pictures: unlike the standard fonts of PDF they have Greek, Cyrillic and the signs that plans use.
_FONT: Final = "DejaVuSans"
_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=9, leading=13, textColor=_INK, splitLongWords=True)
_SMALL = ParagraphStyle("small", parent=_BODY, fontSize=7.5, leading=10.5)
_MUTED_LINE = ParagraphStyle("muted", parent=_SMALL, textColor=_MUTED)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName=f"{_FONT}-Bold", fontSize=17, leading=22, spaceAfter=2)
_WORTH = ParagraphStyle("worth", parent=_BODY, fontSize=11, leading=15, spaceAfter=6)
_HEADING = ParagraphStyle(
    "heading", parent=_BODY, fontName=f"{_FONT}-Bold", fontSize=11.5, leading=15, spaceBefore=9, spaceAfter=3
)


def plan_markdown(brief: Brief, plan: Plan) -> str:
    """Return the plan as a Markdown document with the words and citations of its messages."""
    lines = [
        f"# {_escape_markdown(_title(brief))}",
        "",
        f"**{_worth(brief)}** · {_escape_markdown(_rest(brief))}",
        "",
        _escape_markdown(brief.headline),
    ]
    for heading, statements in plan_sections(plan):
        lines += ["", f"## {heading}", ""]
        for statement in statements:
            cited = citations(statement, brief)
            text = _escape_markdown(statement_words(statement))
            lines.append(f"- {text} *{_escape_markdown(cited)}*" if cited else f"- {text}")
    return "\n".join([*lines, "", "---", "", _escape_markdown(_closing(brief, plan)), ""])


def brief_pdf(brief: Brief, sourced: SourcedPlan, charts: Iterable[Chart]) -> bytes:
    """Return a brief as a PDF: the plan, the pictures, and what the plan cites; the same bytes for the same brief.

    A statement names its evidence by id; the appendix has a row for each id.
    """
    _register_fonts()
    target = BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        title=f"Pre-call brief: {_title(brief)}",
        author="precall",
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        invariant=1,
    )

    def draw_foot(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont(_FONT, 7)
        canvas.setFillColor(_MUTED)
        canvas.drawString(_MARGIN, 10 * mm, drawable(f"Confidential · {_title(brief)} · {data_line(brief.snapshot)}"))
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(canvas.getPageNumber()))

    story = [*_lay_out_plan(brief, sourced.plan), *_lay_out_charts(charts), *_lay_out_evidence(sourced.sources)]
    document.build(story, onFirstPage=draw_foot, onLaterPages=draw_foot)
    return target.getvalue()


def _lay_out_plan(brief: Brief, plan: Plan) -> Iterator[Flowable]:
    yield _paragraph(_title(brief), _TITLE)
    yield Paragraph(f"<b>{_xml(_worth(brief))}</b> · {_xml(_rest(brief))}", _WORTH)
    yield _paragraph(brief.headline, _BODY)
    for heading, statements in plan_sections(plan):
        items = [
            ListItem(Paragraph(f"{_xml(statement_words(each))} {_cited_ids(each.evidence)}", _BODY), leftIndent=12)
            for each in statements
        ]
        bullets = ListFlowable(items, bulletType="bullet", start="•", bulletFontSize=7, leftIndent=12)
        yield KeepTogether([_paragraph(heading, _HEADING), bullets])
    yield Spacer(0, 6)
    yield _paragraph(_closing(brief, plan), _MUTED_LINE)


def _lay_out_charts(charts: Iterable[Chart]) -> Iterator[Flowable]:
    for chart in charts:
        width, height = ImageReader(BytesIO(chart.png)).getSize()
        scale = min(_WIDTH / width, _PICTURE / height)
        yield PageBreak()
        yield Image(BytesIO(chart.png), width * scale, height * scale)
        yield Spacer(0, 6)
        yield _paragraph(chart.alt_text, _MUTED_LINE)


def _lay_out_evidence(sources: Iterable[Source]) -> Iterator[Flowable]:
    yield PageBreak()
    yield _paragraph("Evidence", _TITLE)
    yield _paragraph("What the statements rest on, by the ids that stand behind them.", _BODY)
    yield Table(
        [
            [_paragraph(text, _SMALL) for text in ("Id", "Source", "What it says")],
            *([_paragraph(text, _SMALL) for text in (item.evidence_id, item.citation, item.text)] for item in sources),
        ],
        colWidths=[12 * mm, 48 * mm, _WIDTH - 60 * mm],
        repeatRows=1,
        splitInRow=1,  # a long passage may go on on the next page
        spaceBefore=6,
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
            ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ],
    )


def _register_fonts() -> None:
    for suffix in ("", "-Bold"):
        name = f"{_FONT}{suffix}"
        registerFont(TTFont(name, f"{get_data_path()}/fonts/ttf/{name}.ttf"))
    registerFontFamily(_FONT, normal=_FONT, bold=f"{_FONT}-Bold", italic=_FONT, boldItalic=f"{_FONT}-Bold")


def _title(brief: Brief) -> str:
    return account_title(brief.account.name, brief.account.account_id)


def _worth(brief: Brief) -> str:
    return format_amount(brief.account.predicted, brief.snapshot.words.unit)


def _rest(brief: Brief) -> str:
    return f"{prediction_words(brief)}; {format_actions(brief.account.allocation.actions, brief.snapshot.words)}."


def _closing(brief: Brief, plan: Plan) -> str:
    return f"{authorship_line(plan.authorship)} {data_line(brief.snapshot)}."


def _cited_ids(evidence: Iterable[str]) -> str:
    ids = ", ".join(_xml(each) for each in evidence)
    return f'<font color="{_MUTED.hexval()}" size="7">[{ids}]</font>' if ids else ""


def _paragraph(text: str, style: Any) -> Paragraph:
    return Paragraph(_xml(text), style)


def _xml(text: str) -> str:
    return "<br/>".join(escape(drawable(line)) for line in text.splitlines())


def _escape_markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
