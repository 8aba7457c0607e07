"""A picture laid out in pixels, on which any text can be drawn."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib import get_data_path
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font
from matplotlib.lines import Line2D
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    _Numbers = Sequence[float] | npt.NDArray[np.float64]

INK: Final = "#1A1A1A"
MUTED: Final = "#5A5A5A"
_DPI: Final = 100
_POINTS_PER_PIXEL: Final = 72 / _DPI
# They ship with matplotlib: the same picture on every machine.
_FONTS: Final = f"{get_data_path()}/fonts/ttf"
_PLAIN: Final = f"{_FONTS}/DejaVuSans.ttf"
_BOLD: Final = f"{_FONTS}/DejaVuSans-Bold.ttf"
_ANCHORS: Final = {"left": "lm", "center": "mm", "right": "rm"}
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
        self._texts: list[tuple[tuple[float, float], str, str, ImageFont.FreeTypeFont, str]] = []

    def line(
        self,
        xs: _Numbers,
        ys: _Numbers,
        *,
        pixels: float,
        colour: str = MUTED,
        dashes: tuple[float, float] | None = None,
    ) -> None:
        """Draw a line through these points; a point that is not a number lifts the pen."""
        line = Line2D(xs, ys, color=colour, linewidth=points(pixels))
        if dashes is not None:
            line.set_dashes(dashes)
        self.plane.add_artist(line)

    def marks(self, xs: _Numbers, ys: _Numbers, **look: Any) -> None:
        """Draw a mark at each of these points; ``look`` is what matplotlib's ``Line2D`` takes."""
        self.plane.add_artist(Line2D(xs, ys, linestyle="none", **look))

    def write(
        self, x: float, y: float, text: str, *, pixels: int, colour: str = INK, bold: bool = False, align: str = "left"
    ) -> None:
        """Write one line of text, its middle at the height of ``y``, over whatever is drawn."""
        # Pillow centres the font's whole height, of which more is above the letters than below.
        self._texts.append(((x, y - pixels / 16), drawable(text), colour, font(pixels, bold=bold), _ANCHORS[align]))

    def png(self) -> bytes:
        """Return the picture; nothing in the bytes tells when or by what it was made."""
        self._agg.draw()  # type: ignore[no-untyped-call] # matplotlib's
        picture = Image.fromarray(np.array(self._agg.buffer_rgba()))  # type: ignore[no-untyped-call] # matplotlib's
        # Pillow writes a line in a tenth of the time that matplotlib takes to lay it out and draw each glyph.
        pen = ImageDraw.Draw(picture)
        for place, text, colour, face, anchor in self._texts:
            pen.text(place, text, fill=colour, font=face, anchor=anchor)
        return _encode_png(np.asarray(picture))


def _encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return an RGBA picture (height x width x 4) as a PNG (W3C, *Portable Network Graphics*, third edition).

    Rows stand unfiltered: of a picture that is mostly flat that makes a smaller file than the filters that imaging
    libraries choose, in a third of the time.
    """
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)  # each row starts with its filter: 0, none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits a channel, RGBA
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, level=1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@cache
def font(pixels: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the font whose size is ``pixels``."""
    return ImageFont.truetype(_BOLD if bold else _PLAIN, pixels, layout_engine=ImageFont.Layout.BASIC)


def points(pixels: float) -> float:
    """Return a length in the unit of matplotlib's line widths and marker sizes."""
    return pixels * _POINTS_PER_PIXEL


def drawable(text: str) -> str:
    """Return the text with a white square for each character that the font does not have, such as Chinese ones."""
    if text.isascii() and text.isprintable():
        return text
    face = get_font(_PLAIN)
    return "".join(character if face.get_char_index(ord(character)) else _NO_GLYPH for character in text)


def text_width(text: str, *, pixels: int, bold: bool = False) -> float:
    """Return how many pixels wide a line of text is."""
    return font(pixels, bold=bold).getlength(drawable(text))


def fit_lines(text: str, *, width: float, pixels: int, bold: bool = False, lines: int = 1) -> list[str]:
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
