"""Text by pdfium: fast, with the place of every character, and a picture of the page to see what a reader sees."""

import ctypes
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any, Final

import pypdfium2
import pypdfium2.raw as c

from kb.documents import HiddenText
from kb.extraction.page_lines import PageLines
from kb.extraction.values import Engine, Extracted, Limits, Refusal, Refused
from kb.extraction.visible import Box, Sheet, find_unseen

_TINY_POINTS: Final = 2.0
_INVISIBLE_MODES: Final = frozenset({c.FPDF_TEXTRENDERMODE_INVISIBLE, c.FPDF_TEXTRENDERMODE_CLIP})
_DRAWN_IN: Final = frozenset({c.FPDF_ANNOT_WIDGET, c.FPDF_ANNOT_FREETEXT, c.FPDF_ANNOT_STAMP})
_NOT_SHOWN: Final = c.FPDF_ANNOT_FLAG_INVISIBLE | c.FPDF_ANNOT_FLAG_HIDDEN | c.FPDF_ANNOT_FLAG_NOVIEW
_HYPHENS: Final = frozenset({0x2, 0xFFFE})  # what pdfium puts for a hyphen at the end of a line
_LONGEST_SIDE: Final = 4_000  # pixels, of a page that is drawn to see what can be read on it
_DEEPEST_FORM: Final = 8
_ALIKE: Final = 40  # of 255: the grey behind a text against the text's own


def extract(pdf: bytes, limits: Limits) -> Extracted | Refused:
    """Return the text of every page that can be seen, and how much cannot."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) in {c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY}
        return Refused(why=Refusal.PASSWORD) if locked else Refused(why=Refusal.DAMAGED)
    if len(document) > limits.pages:
        return Refused(why=Refusal.PAGES, detail=str(len(document)))
    pages: list[_Page] = []
    for number in range(1, len(document) + 1):
        pages.append(_read_page(document, number))
        if sum(len(page.text) for page in pages) > limits.characters:
            return Refused(why=Refusal.CHARACTERS)
    metadata = document.get_metadata_dict()
    return Extracted(
        engine=Engine.PDFIUM,
        pages=tuple(page.text for page in pages),
        outline=tuple(_outline(document)),
        title=metadata.get("Title", ""),
        keywords=metadata.get("Keywords", ""),
        hidden=tuple(each for page in pages for each in page.hidden),
        pictures=sum(page.pictures for page in pages),
        drawn=sum(page.drawn for page in pages),
        lost=sum(page.lost for page in pages),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    text: str = ""
    hidden: tuple[HiddenText, ...] = ()
    pictures: bool = False
    drawn: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Characters that one operator of the page shows, with the spaces and line ends that pdfium found after them."""

    shown: Any  # pdfium's text object
    text: str
    x: float
    y: float
    end: float
    size: float
    box: Box
    hidden: str  # why it cannot be seen, as far as that is known without drawing the page


def _read_page(document: pypdfium2.PdfDocument, number: int) -> _Page:
    try:
        page, printed = _open(document, number)
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _Page()
    kinds = Counter(_kinds(page.raw, c.FPDFPage_CountObjects, c.FPDFPage_GetObject))
    runs = list(_runs(page, text_page))
    runs = runs if printed is None else _in_place(runs, printed)
    unseen = _unseen(page, [run for run in runs if not run.hidden])
    lines, hidden = PageLines(), Counter[str]()
    for run in runs:
        reason = run.hidden or unseen.get(id(run), "")
        if reason:
            hidden[reason] += sum(not character.isspace() for character in run.text)
        else:
            lines.add(run.text, run.x, run.y, run.size, end=run.end)
    text = lines.text()
    return _Page(
        text=text,
        hidden=tuple(
            HiddenText(page=number, characters=count, reason=reason) for reason, count in hidden.items() if count
        ),
        pictures=bool(kinds[c.FPDF_PAGEOBJ_IMAGE]),
        drawn=bool(kinds),
        lost=bool(kinds[c.FPDF_PAGEOBJ_TEXT]) and not runs,
    )


def _open(document: pypdfium2.PdfDocument, number: int) -> tuple[pypdfium2.PdfPage, int | None]:
    """Return a page with what was filled in and noted on it drawn into it, as whoever opens it sees it.

    With it comes how many of its runs were printed, None where nothing was added.
    """
    page = document[number - 1]
    if _DRAWN_IN.isdisjoint(_shown(page)):
        return page, None
    printed = len(list(_runs(page, page.get_textpage())))
    c.FPDFPage_Flatten(page.raw, c.FLAT_NORMALDISPLAY)  # where it fails, the page stays as it was
    page.close()
    return document[number - 1], printed


def _in_place(runs: Sequence[_Run], printed: int) -> list[_Run]:
    """Return the runs with each that was added after the one left of it on its line, else after the one above it."""
    placed = list(runs[:printed])
    for run in runs[printed:]:
        left = [at for at, each in enumerate(placed) if abs(each.y - run.y) < run.size / 2 and each.x < run.x]
        above = [at for at, each in enumerate(placed) if each.y > run.y]
        nearest = (
            max(left, key=lambda at: placed[at].x) if left else min(above, key=lambda at: placed[at].y, default=-1)
        )
        placed.insert(nearest + 1, run)
    return placed


def _shown(page: pypdfium2.PdfPage) -> set[int]:
    """Return the kinds of the annotations, those taken off that no viewer shows."""
    kinds = set()
    for index in reversed(range(c.FPDFPage_GetAnnotCount(page.raw))):
        annotation = c.FPDFPage_GetAnnot(page.raw, index)
        kind, flags = c.FPDFAnnot_GetSubtype(annotation), c.FPDFAnnot_GetFlags(annotation)
        c.FPDFPage_CloseAnnot(annotation)
        if flags & _NOT_SHOWN:
            c.FPDFPage_RemoveAnnot(page.raw, index)
        else:
            kinds.add(kind)
    return kinds


def _kinds(holder: Any, count: Any, get: Any, *, depth: int = 0) -> Iterator[int]:
    """Yield the kind of everything that is drawn, in the forms of a page too."""
    for index in range(count(holder)):
        drawn = get(holder, index)
        kind = c.FPDFPageObj_GetType(drawn)
        yield kind
        if kind == c.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
            yield from _kinds(drawn, c.FPDFFormObj_CountObjects, c.FPDFFormObj_GetObject, depth=depth + 1)


def _runs(page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage) -> Iterator[_Run]:
    """Yield the text in the order in which pdfium reads it."""
    first, last, at_hand, characters = 0, 0, None, ""
    raw = text_page.raw  # asked for once: a page has thousands of characters
    for index in range(text_page.count_chars()):
        code = c.FPDFText_GetUnicode(raw, index)
        shown = c.FPDFText_GetTextObject(raw, index)
        if not shown:  # a space or the end of a line, which pdfium made of a gap
            characters += chr(code)
            continue
        if at_hand is None or ctypes.addressof(shown.contents) != ctypes.addressof(at_hand.contents):
            if at_hand is not None:
                yield _run(page, text_page, at_hand, characters, (first, last))
            at_hand, characters, first = shown, "", index
        characters += "-" if code in _HYPHENS else chr(code)
        last = index
    if at_hand is not None:
        yield _run(page, text_page, at_hand, characters, (first, last))


def _run(
    page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, shown: Any, characters: str, ends: tuple[int, int]
) -> _Run:
    first, last = ends
    text = characters.replace("\r\n", "\n").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    left, low, right, high = (
        pick(pair)
        for pick, pair in zip(
            (min, min, max, max),
            zip(text_page.get_charbox(first, loose=True), text_page.get_charbox(last, loose=True), strict=True),
            strict=True,
        )
    )
    x, y = ctypes.c_double(), ctypes.c_double()
    c.FPDFText_GetCharOrigin(text_page, first, x, y)
    matrix = c.FS_MATRIX()
    c.FPDFText_GetMatrix(text_page, first, matrix)
    size = c.FPDFText_GetFontSize(text_page, first) * hypot(matrix.c, matrix.d) or 1.0
    turned = page.get_rotation()
    (start_x, start_y), (end_x, _) = _turn(x.value, y.value, turned), _turn(right, low, turned)
    return _Run(
        shown=shown,
        text=text,
        x=start_x,
        y=start_y,
        end=end_x,
        size=size,
        box=(left, low, right, high),
        hidden=_hidden_by_itself(page, shown, (left, low, right, high), size),
    )


def _turn(x: float, y: float, degrees: int) -> tuple[float, float]:
    """Turn a point with its page, about the page's corner: lines need only places relative to each other."""
    return {90: (y, -x), 180: (-x, -y), 270: (-y, x)}.get(degrees, (x, y))


def _hidden_by_itself(page: pypdfium2.PdfPage, shown: Any, box: Box, size: float) -> str:
    """Return why the text cannot be seen whatever is drawn around it, else nothing."""
    left, low, right, high = box
    page_left, page_low, page_right, page_high = page.get_bbox()
    if right <= page_left or left >= page_right or high <= page_low or low >= page_high:
        return "outside the page"
    if c.FPDFTextObj_GetTextRenderMode(shown) in _INVISIBLE_MODES:
        return "drawn as invisible"
    if size < _TINY_POINTS and min(high - low, right - left) < _TINY_POINTS:
        return f"smaller than {_TINY_POINTS:g} points"
    return ""


def _unseen(page: pypdfium2.PdfPage, runs: Sequence[_Run]) -> dict[int, str]:
    """Return why runs cannot be seen that the page, once drawn, does not show, by their ``id``."""
    if not runs:
        return {}
    scale = min(1.0, _LONGEST_SIDE / max(page.get_size()))
    width, height = (max(1, round(side * scale)) for side in page.get_size())

    def draw() -> Sheet:
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
        return Sheet(width=bitmap.width, height=bitmap.height, stride=bitmap.stride, grey=bytes(bitmap.buffer))

    def place(box: Box) -> tuple[int, int, int, int]:
        x, y = ctypes.c_int(), ctypes.c_int()
        corners = []
        for corner_x, corner_y in ((box[0], box[1]), (box[2], box[3])):
            c.FPDF_PageToDevice(page, 0, 0, width, height, 0, corner_x, corner_y, x, y)
            corners.append((x.value, y.value))
        (x0, y0), (x1, y1) = corners
        return min(x0, x1), min(y0, y1), max(x0, x1) + 1, max(y0, y1) + 1

    def show(run: _Run, *, shown: bool) -> None:
        c.FPDFPageObj_SetIsActive(run.shown, shown)

    found = find_unseen(runs, boxes=[place(run.box) for run in runs], draw=draw, show=show)
    return {id(run): _why_unseen(run, shade) for run, shade in found}


def _why_unseen(run: _Run, shade: int) -> str:
    """Tell text in the colour of what is behind it (``shade``, a grey) from text that is covered or switched off."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    c.FPDFPageObj_GetFillColor(run.shown, red, green, blue, alpha)
    grey = 0.299 * red.value + 0.587 * green.value + 0.114 * blue.value
    for index in range(c.FPDFPageObj_CountMarks(run.shown)):
        name, length = ctypes.create_string_buffer(16), ctypes.c_ulong()
        mark = c.FPDFPageObj_GetMark(run.shown, index)
        c.FPDFPageObjMark_GetName(mark, ctypes.cast(name, ctypes.POINTER(c.FPDF_WCHAR)), 16, length)
        if name.raw.startswith("OC\0".encode("utf-16-le")):
            return "in a layer that is switched off"
    if alpha.value == 0:
        return "drawn as invisible"
    return (
        "in the colour of what is behind it" if abs(grey - shade) < _ALIKE else "covered, cut off or too faint to see"
    )


def _outline(document: pypdfium2.PdfDocument) -> Iterator[tuple[str, int]]:
    for bookmark in document.get_toc():
        destination = bookmark.get_dest()
        page = destination.get_index() if destination else None
        if page is not None and page >= 0:
            yield bookmark.get_title(), page + 1
