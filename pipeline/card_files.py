"""The model card as files: Markdown and PDF with the calibration plot."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Image, KeepTogether, ListFlowable, ListItem, Paragraph, SimpleDocTemplate, Table

from pipeline.card import CALIBRATION, CardSection, describe_model
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reportlab.platypus import Flowable

    from storage.records import Calibration, Words
    from storage.snapshots import Snapshot

_TITLE = "Model card"
_MARGIN, _PLOT = 20 * mm, (110 * mm, 82.5 * mm)
_INK, _ACCENT, _MUTED = "#1d1c1d", "#1264a3", "#8d8d8d"
_RULE, _SHADE = colors.HexColor("#dddddd"), colors.HexColor("#f4f4f4")


def write_card(snapshot: Snapshot, folder: Path) -> tuple[Path, ...]:
    """Write ``model-card.md``, ``.pdf`` and ``model-card-calibration.png`` into the folder and return their paths."""
    sections = describe_model(snapshot)
    plot = draw_calibration(snapshot.info.card.calibration, words=snapshot.info.words)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "model-card.md": card_markdown(sections, plot="model-card-calibration.png").encode(),
        "model-card.pdf": card_pdf(sections, plot=plot),
        "model-card-calibration.png": plot,
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return tuple(folder / name for name in files)


def card_markdown(sections: Sequence[CardSection], *, plot: str) -> str:
    """Return the card as Markdown; ``plot`` is where its picture lies."""
    lines = [f"# {_TITLE}"]
    for section in sections:
        lines += ["", f"## {section.heading}", "", *(f"- {_escape_markdown(each)}" for each in section.sentences)]
        if section.heading == CALIBRATION:
            lines += ["", f"![Mean outcome against mean prediction]({plot})"]
        if section.table:
            head, *rows = ([_escape_markdown(cell) for cell in row] for row in section.table)
            rule = ["---", *["---:"] * (len(head) - 1)]
            lines += ["", *(f"| {' | '.join(row)} |" for row in [head, rule, *rows])]
    return "\n".join([*lines, ""])


def card_pdf(sections: Sequence[CardSection], *, plot: bytes) -> bytes:
    """Return the card as a PDF, the same bytes for the same card."""
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        title=_TITLE,
        author="precall",
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        invariant=1,
    )
    document.build([flowable for section in sections for flowable in _lay_out(section, plot, document.width)])
    return target.getvalue()


def draw_calibration(calibration: Sequence[Calibration], *, words: Words) -> bytes:
    """Return a PNG of mean outcome against mean prediction; on the line a prediction is right on average."""
    predicted = [each.predicted for each in calibration]
    outcome = [each.outcome for each in calibration]
    figure = Figure(figsize=(6.4, 4.8), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ends = [min(predicted + outcome), max(predicted + outcome)]
    axes.plot(ends, ends, color=_MUTED, linewidth=1, linestyle="--", label="right on average")
    axes.errorbar(
        predicted,
        outcome,
        yerr=[each.outcome_error for each in calibration],
        fmt="o",
        color=_ACCENT,
        capsize=3,
        label=f"{words.accounts}, ± one standard error",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: format_amount(value, words.unit).replace("$", r"\$"))
    axes.set_xlabel("Mean prediction, out of fold", color=_INK)
    axes.set_ylabel("Mean outcome", color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def _lay_out(section: CardSection, plot: bytes, width: float) -> Iterator[Flowable]:
    styles = getSampleStyleSheet()
    body = ParagraphStyle("body", parent=styles["BodyText"], fontSize=9.5, leading=13, textColor=_INK, wordWrap="CJK")
    cell = ParagraphStyle("cell", parent=body, fontSize=8.5, leading=11)
    heading = ParagraphStyle("heading", parent=styles["Heading2"], textColor=_INK, spaceBefore=10, spaceAfter=4)
    if section.heading == "Verdict":
        yield Paragraph(_TITLE, styles["Title"])
    items = [ListItem(Paragraph(escape(each), body)) for each in section.sentences]
    start: list[Flowable] = [
        Paragraph(escape(section.heading), heading),
        ListFlowable(items, bulletType="bullet", start="•", bulletFontSize=7, leftIndent=10),
    ]
    if section.heading == CALIBRATION:
        start.append(Image(io.BytesIO(plot), *_PLOT))
    yield KeepTogether(start)
    if section.table:
        columns = len(section.table[0])
        yield Table(
            [[Paragraph(escape(text), cell) for text in row] for row in section.table],
            colWidths=[width * 0.4, *[width * 0.6 / (columns - 1)] * (columns - 1)],
            repeatRows=1,
            spaceBefore=6,
            style=[
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ],
        )


def _escape_markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
