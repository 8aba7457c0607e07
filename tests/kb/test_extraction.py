"""What each engine finds in PDFs of every kind, which of the two is believed, and what stops them."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest
from raw_pdf import HELVETICA, form, page_with, stream
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from kb.extraction.choose import extract, needs_another
from kb.extraction.reader import Reader
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused

HEBREW = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd"
JAPANESE = "\u65e5\u672c\u8a9e\u306e\u7e26\u66f8\u304d"
Draw = Callable[[Canvas], object]


def drawn(*steps: Draw, page_size: tuple[float, float] = (595, 842)) -> bytes:
    """Return a PDF of one page; every step begins and ends with a fresh state."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=page_size, invariant=1)
    for step in steps:
        canvas.saveState()
        step(canvas)
        canvas.restoreState()
    canvas.save()
    return out.getvalue()


def at(x: float, y: float, text: str) -> Draw:
    return lambda canvas: canvas.drawString(x, y, text)


def white(x: float, y: float, text: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawString(x, y, text)

    return draw


def box(x: float, y: float, width: float, height: float, *, grey: float) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFillGray(grey)
        canvas.rect(x, y, width, height, stroke=0, fill=1)

    return draw


def mode_three(x: float, y: float, text: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        lines = canvas.beginText(x, y)
        lines.setTextRenderMode(3)
        lines.textLine(text)
        canvas.drawText(lines)

    return draw


def see_through(x: float, y: float, text: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0, 0, 0, alpha=0)
        canvas.drawString(x, y, text)

    return draw


def in_size(points: float, x: float, y: float, text: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", points)
        canvas.drawString(x, y, text)

    return draw


def switched_off() -> bytes:
    """Return a page with a layer that no viewer shows."""
    pdf = page_with(
        stream(b"BT /H 12 Tf 72 700 Td (Seen line.) Tj ET /OC /L BDC BT /H 12 Tf 72 600 Td (secret) Tj ET EMC"),
        resources=HELVETICA + b" /Properties << /L 5 0 R >>",
        more=(b"<< /Type /OCG /Name (layer) >>",),
    )
    layers = b"<< /Type /Catalog /OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] >> >> /Pages 2 0 R >>"
    return pdf.replace(b"<< /Type /Catalog /Pages 2 0 R >>", layers)


def found(reader: Reader, pdf: bytes, engine: Engine = Engine.PDFIUM) -> Extracted:
    answer = reader.read(pdf, engine, Limits())
    assert isinstance(answer, Extracted)
    return answer


@pytest.mark.parametrize(
    ("hide", "reason"),
    [
        ([white(72, 600, "secret")], "in the colour of what is behind it"),
        ([box(60, 590, 200, 30, grey=0), at(72, 600, "secret")], "in the colour of what is behind it"),
        ([at(72, 600, "secret"), box(60, 590, 200, 30, grey=0.5)], "covered, cut off or too faint to see"),
        ([mode_three(72, 600, "secret")], "drawn as invisible"),
        ([see_through(72, 600, "secret")], "drawn as invisible"),
        ([at(-400, 600, "secret")], "outside the page"),
        ([at(72, 2_000, "secret")], "outside the page"),
        ([in_size(1, 72, 600, "secret")], "smaller than 2 points"),
        ([white(72, 700, "secret")], "in the colour of what is behind it"),  # on the very line that is seen
    ],
    ids=["white", "black on black", "covered", "mode 3", "alpha 0", "left of it", "above it", "1 pt", "over a line"],
)
def test_text_that_nobody_sees_is_kept_out_counted_and_explained(reader: Reader, hide: list[Draw], reason: str) -> None:
    pdf = drawn(at(72, 700, "Seen line."), *hide, at(72, 500, "Another one."))

    page = found(reader, pdf)

    assert page.pages == ("Seen line.\n\nAnother one.",)
    assert [(each.page, each.characters, each.reason) for each in page.hidden] == [(1, 6, reason)]


def test_a_layer_that_is_switched_off_is_hidden(reader: Reader) -> None:
    page = found(reader, switched_off())

    assert page.pages == ("Seen line.",)
    assert [(each.characters, each.reason) for each in page.hidden] == [(6, "in a layer that is switched off")]


def test_white_on_a_dark_band_pale_grey_and_small_print_are_seen(reader: Reader) -> None:
    page = found(
        reader,
        drawn(
            box(60, 690, 300, 30, grey=0.2),
            white(72, 700, "Heading in white."),
            lambda canvas: (canvas.setFillGray(0.8), canvas.drawString(72, 600, "Pale grey.")),
            in_size(4, 72, 500, "Small print."),
        ),
    )

    assert page.hidden == ()
    assert page.pages == ("Heading in white.\n\nPale grey.\n\nSmall print.",)


@pytest.mark.parametrize(
    "hide",
    [white(72, 600, "secret"), mode_three(72, 600, "secret"), at(-400, 600, "secret"), in_size(1, 72, 600, "secret")],
    ids=["white", "mode 3", "off the page", "1 pt"],
)
def test_the_second_engine_keeps_it_out_too(reader: Reader, hide: Draw) -> None:
    page = found(reader, drawn(at(72, 700, "Seen line."), hide, at(72, 500, "Another one.")), Engine.PYPDF)

    assert page.pages == ("Seen line.\n\nAnother one.",)
    assert sum(each.characters for each in page.hidden) >= 6


def test_what_is_filled_into_a_form_is_read_where_it_stands(reader: Reader) -> None:
    def fill(canvas: Canvas) -> None:
        canvas.acroForm.textfield(name="contact", value="Quellbrix Logistics", x=150, y=692, width=200, height=24)

    page = found(reader, drawn(at(72, 700, "Contact"), at(72, 600, "Another line."), fill))

    assert [line.split() for line in page.pages[0].splitlines() if line] == [
        ["Contact", "|", "Quellbrix", "Logistics"],
        ["Another", "line."],
    ]
    assert page.hidden == ()


@pytest.mark.parametrize(
    ("flags", "read"), [(b"4", ["Printed.", "Noted by hand."]), (b"2", ["Printed."]), (b"32", ["Printed."])]
)
def test_a_note_on_a_page_is_read_unless_it_is_hidden(reader: Reader, flags: bytes, read: list[str]) -> None:
    note = b"<< /Type /Annot /Subtype /FreeText /Rect [72 600 300 620] /F %s /AP << /N 6 0 R >> >>" % flags
    shown = b"/Type /XObject /Subtype /Form /BBox [0 0 228 20] /Resources << %s >>" % HELVETICA
    pdf = page_with(
        stream(b"BT /H 12 Tf 72 700 Td (Printed.) Tj ET"),
        resources=HELVETICA,
        more=(note, stream(b"BT /H 12 Tf 2 5 Td (Noted by hand.) Tj ET", shown)),
    ).replace(b"/Contents 4 0 R", b"/Annots [5 0 R] /Contents 4 0 R")

    assert found(reader, pdf).pages[0].split("\n\n") == read


def test_two_columns_are_read_one_after_the_other(reader: Reader) -> None:
    def column(x: float, name: str) -> list[Draw]:
        return [at(x, 700 - 14 * number, f"{name} line {number} goes on") for number in range(20)]

    (text,) = found(reader, drawn(*column(72, "Left"), *column(320, "Right"))).pages

    lines = [line for line in text.split("\n") if line]
    assert lines[:20] == [f"Left line {number} goes on" for number in range(20)]
    assert lines[20:] == [f"Right line {number} goes on" for number in range(20)]


def test_two_columns_drawn_line_by_line_across_them_are_read_one_after_the_other(reader: Reader) -> None:
    left = ["Customers who watch it", *["renew for more than a year"] * 9]
    right = ["The add-on is for teams", *["that have no analyst yet"] * 6]
    steps = [
        at(x, 700 - 12 * number, lines[number])
        for number in range(10)
        for x, lines in ((72, left), (320, right))
        if number < len(lines)
    ]

    for engine in Engine:
        (text,) = found(reader, drawn(*steps, at(72, 100, "Footer.")), engine).pages
        assert text == "\n".join(left) + "\n\n" + "\n".join(right) + "\n\nFooter."


def test_a_table_drawn_row_by_row_stays_a_table(reader: Reader) -> None:
    rows = [(f"Plan number {number} for teams", f"$ {number}00 for a year and seat") for number in range(8)]
    steps = [
        at(x, 700 - 12 * number, cell)
        for number, row in enumerate(rows)
        for x, cell in zip((72, 320), row, strict=True)
    ]

    (text,) = found(reader, drawn(*steps)).pages

    assert text.split("\n\n") == [" | ".join(row) for row in rows]


def test_a_cell_of_several_lines_belongs_to_the_cells_beside_its_last_line_or_its_middle(reader: Reader) -> None:
    for first_line in (714, 707):
        steps = (at(72, 700, "Plan A"), at(150, 700, "$100"), at(220, first_line, "For small"))
        pdf = drawn(*steps, at(220, first_line - 14, "teams"), at(400, 700, "2026"))

        for engine in Engine:
            assert found(reader, pdf, engine).pages == ("Plan A | $100 | For small teams | 2026",)


def test_figures_above_their_captions_keep_to_themselves(reader: Reader) -> None:
    steps = [
        step
        for x, figure, caption in ((72, "19 days", "to first value"), (320, "312", "connectors"))
        for step in (in_size(24, x, 714, figure), at(x, 700, caption))
    ]

    (text,) = found(reader, drawn(*steps)).pages

    assert " | " not in text
    assert text.split() == ["19", "days", "to", "first", "value", "312", "connectors"]


def test_a_page_that_lies_on_its_side_is_read_in_lines(reader: Reader) -> None:
    def sideways(canvas: Canvas) -> None:
        canvas.rotate(90)
        canvas.drawString(100, -100, "First line of it.")
        canvas.drawString(100, -114, "Second line of it.")

    pdf = drawn(sideways).replace(b"/Rotate 0", b"/Rotate 90")

    assert found(reader, pdf).pages == ("First line of it.\nSecond line of it.",)


def test_right_to_left_comes_out_in_reading_order(reader: Reader) -> None:
    pdfmetrics.registerFont(TTFont("DejaVu", Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"))

    def hebrew(canvas: Canvas) -> None:
        canvas.setFont("DejaVu", 14)
        canvas.drawString(72, 700, HEBREW[::-1])  # drawn from left to right, as it stands on paper

    for engine in Engine:
        assert found(reader, drawn(hebrew), engine).pages == (HEBREW,)


def test_vertical_writing_that_pdfium_loses_is_read_by_pypdf(reader: Reader) -> None:
    font = UnicodeCIDFont("HeiseiMin-W3", isVertical=True)
    pdfmetrics.registerFont(font)
    pdf = drawn(lambda canvas: (canvas.setFont(font.fontName, 14), canvas.drawString(300, 700, JAPANESE)))

    lost, chosen = found(reader, pdf), extract(reader, pdf, Limits())

    assert (lost.pages, lost.lost) == (("",), 1)
    assert isinstance(chosen, Extracted)
    assert (chosen.engine, chosen.pages) == (Engine.PYPDF, (JAPANESE,))


def test_a_file_that_pypdf_refuses_is_read_by_pdfium(reader: Reader) -> None:
    packed = zlib.compress(b" " * 100_000_000 + b"BT /H 12 Tf 72 700 Td (Seen line.) Tj ET", 1)
    pdf = page_with(stream(packed, b"/Filter /FlateDecode"), resources=HELVETICA)

    assert reader.read(pdf, Engine.PYPDF, Limits()) == Refused(why=Refusal.DAMAGED, detail="LimitReachedError")
    chosen = extract(reader, pdf, Limits())

    assert isinstance(chosen, Extracted)
    assert (chosen.engine, chosen.pages) == (Engine.PDFIUM, ("Seen line.",))


def test_a_hyphen_at_the_end_of_a_line_stays_a_hyphen(reader: Reader) -> None:
    page = found(reader, drawn(at(72, 700, "Customers leave when low-"), at(72, 686, "latency replies are missing.")))

    assert page.pages == ("Customers leave when low-\nlatency replies are missing.",)


def text_of(*pages: str, lost: int = 0) -> Extracted:
    return Extracted(
        engine=Engine.PDFIUM,
        pages=pages,
        outline=(),
        title="",
        keywords="",
        hidden=(),
        pictures=0,
        drawn=len(pages),
        lost=lost,
    )


@pytest.mark.parametrize(
    ("answer", "another"),
    [
        (text_of("A sound page of words."), False),
        (text_of("\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u306f\u8a9e\u3092\u5206\u3051\u306a\u3044\u3002" * 9), False),
        (text_of("A sound page of words.", "", lost=1), True),
        (text_of("wor\ufffds wi\ufffdh ho\ufffdes"), True),
        (text_of("\ue001\ue002\ue003\ue004"), True),
        (text_of("allthewordsofthispagehavegrowntogether somehow andnobodyknowswheretheypart"), True),
        (Refused(why=Refusal.DAMAGED), True),
        (Refused(why=Refusal.CPU), True),
        (Refused(why=Refusal.PAGES, detail="2000"), False),
    ],
)
def test_the_second_engine_is_asked_when_the_first_one_lost_something(
    answer: Extracted | Refused, *, another: bool
) -> None:
    assert needs_another(answer) is another


def forms_within_forms() -> bytes:
    """Return twelve to the seventh times the same word, in two kilobytes."""
    inner = [form(b"/F Do " * 12, b"/XObject << /F %d 0 R >>" % number) for number in range(6, 13)]
    return page_with(
        stream(b"/F Do"), resources=b"/XObject << /F 5 0 R >>", more=(*inner, form(b"BT /H 9 Tf (w) Tj ET", HELVETICA))
    )


def many_operators() -> bytes:
    packed = zlib.compress(b"BT /H 9 Tf 100 100 Td (a b c) Tj ET\n" * 600_000)
    return page_with(stream(packed, b"/Filter /FlateDecode"), resources=HELVETICA)


def packed_twice() -> bytes:
    packed = zlib.compress(zlib.compress(b" " * 400_000_000, 1), 9)
    return page_with(stream(packed, b"/Filter [/FlateDecode /FlateDecode]"))


@pytest.mark.parametrize("engine", Engine)
def test_each_limit_stops_an_engine_and_is_named(reader: Reader, engine: Engine) -> None:
    bomb = many_operators()

    answers = [reader.read(bomb, engine, limits) for limits in (Limits(cpu_seconds=1), Limits(wall_seconds=0.3))]

    assert answers == [Refused(why=Refusal.CPU), Refused(why=Refusal.WALL)]


@pytest.mark.parametrize("bomb", [forms_within_forms, packed_twice])
def test_what_unpacks_without_end_is_stopped_by_its_memory(reader: Reader, bomb: Callable[[], bytes]) -> None:
    answer = reader.read(bomb(), Engine.PDFIUM, Limits(memory_bytes=300_000_000))

    assert answer == Refused(why=Refusal.MEMORY)


def test_a_bomb_that_one_engine_dies_of_and_the_other_skips_is_no_blank_page(reader: Reader) -> None:
    assert extract(reader, packed_twice(), Limits(memory_bytes=300_000_000)) == Refused(why=Refusal.MEMORY)


def test_too_many_pages_and_too_much_text_are_refused(reader: Reader, make_pdf: Callable[..., bytes]) -> None:
    pdf = make_pdf("One page.", "And another.")

    for engine in Engine:
        assert reader.read(pdf, engine, Limits(pages=1)) == Refused(why=Refusal.PAGES, detail="2")
        assert reader.read(pdf, engine, Limits(characters=5)) == Refused(why=Refusal.CHARACTERS)


def test_a_reader_goes_on_after_a_file_that_killed_its_child(reader: Reader, make_pdf: Callable[..., bytes]) -> None:
    reader.read(forms_within_forms(), Engine.PDFIUM, Limits(wall_seconds=0.2))

    assert found(reader, make_pdf("Still here.")).pages == ("Still here.",)
