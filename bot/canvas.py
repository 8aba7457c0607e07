"""A picture laid out in pixels, on which any text can be drawn."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

INK: Final = "#1A1A1A"
MUTED: Final = "#5A5A5A"
_DPI: Final = 100
_POINTS_PER_PIXEL: Final = 72 / _DPI
_FAMILY: Final = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine
_NO_GLYPH: Final = "\N{WHITE SQUARE}"


class Canvas:
    """A white picture of ``width`` x ``height`` pixels; (0, 0) is its upper left corner.

    It holds no global state of matplotlib, so that many threads can draw at once, and the same drawing gives the same
    bytes.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        self._agg = FigureCanvasAgg(self._figure)
        self.plane = self._figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0), facecolor="none")
        self.plane.set_axis_off()

    def add_panel(self, *, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes in this rectangle."""
        bottom = self.height - top - height
        return self._figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height)
        )

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        pixels: float,
        colour: str = INK,
        bold: bool = False,
        align: str = "left",
        vertical: str = "center",
    ) -> None:
        """Draw one line of text."""
        self.plane.text(
            x,
            y,
            drawable(text),
            fontproperties=font(pixels, bold=bold),
            color=colour,
            ha=align,
            va=vertical,
            parse_math=False,
        )

    def png(self) -> bytes:
        """Return the picture; nothing in the bytes tells when or by what it was made."""
        stream = BytesIO()
        self._agg.print_png(stream, metadata={"Software": None}, pil_kwargs={"compress_level": 1})  # type: ignore[no-untyped-call] # matplotlib's
        return stream.getvalue()


def font(pixels: float, *, bold: bool = False) -> FontProperties:
    """Return the font whose size is ``pixels``."""
    return FontProperties(family=_FAMILY, size=pixels * _POINTS_PER_PIXEL, weight="bold" if bold else "normal")


def points(pixels: float) -> float:
    """Return a length in the unit of matplotlib's line widths and marker sizes."""
    return pixels * _POINTS_PER_PIXEL


def drawable(text: str) -> str:
    """Return the text with a white square for each character that the font does not have, such as Chinese ones."""
    if text.isascii() and text.isprintable():
        return text
    face = get_font(findfont(font(10)))
    return "".join(character if face.get_char_index(ord(character)) else _NO_GLYPH for character in text)


def text_width(text: str, *, pixels: float, bold: bool = False) -> float:
    """Return how many pixels wide a line of text is."""
    properties = font(pixels, bold=bold)
    face = get_font(findfont(properties))
    face.set_size(properties.get_size_in_points(), _DPI)
    face.set_text(drawable(text), 0, flags=LoadFlags.NO_HINTING)
    return float(face.get_width_height()[0]) / 64


def fit_lines(text: str, *, width: float, pixels: float, bold: bool = False, lines: int = 1) -> list[str]:
    """Return the text in at most ``lines`` lines of this width; what does not fit is cut with ``…``."""

    def fits(candidate: str) -> bool:
        return text_width(candidate, pixels=pixels, bold=bold) <= width

    rest, fitted = text, []
    for _ in range(lines - 1):
        if fits(rest):
            break
        line = ""
        for word in rest.split(" "):
            if not fits(f"{line} {word}".strip()):
                break
            line = f"{line} {word}".strip()
        if not line:
            break
        fitted.append(line)
        rest = rest[len(line) :].lstrip()
    return [*fitted, rest if fits(rest) else _cut_to(rest, fits)] if rest else fitted


def _cut_to(text: str, fits: Callable[[str], bool]) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(f"{text[:middle]}…") else (low, middle - 1)
    return f"{text[:low].rstrip()}…"
