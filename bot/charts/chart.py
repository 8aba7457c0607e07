"""What the pictures of a brief have in common: their width, their title and how amounts are written on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.charts.canvas import MUTED, Canvas, drawable, fit_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.records import Account

WIDTH: Final = 1200
MARGIN: Final = 40
ALT_CHARACTERS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture (PNG), and in ``alt_text`` what it says to those who do not see it."""

    filename: str
    title: str
    png: bytes
    alt_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What stands above a picture; the pixels below it depend on how many lines it takes."""

    lines: Sequence[str]
    below: str

    @classmethod
    def of(cls, title: str, below: str) -> Title:
        """Break the title into at most two lines."""
        width = WIDTH - 2 * MARGIN
        return cls(
            lines=fit_lines(title, width=width, pixels=44, bold=True, lines=2),
            below=fit_lines(below, width=width, pixels=28)[0],
        )

    @property
    def height(self) -> int:
        """How many pixels it takes."""
        return 84 + 54 * len(self.lines)

    def draw(self, canvas: Canvas) -> None:
        """Draw it at the top."""
        for number, line in enumerate(self.lines):
            canvas.write(MARGIN, 52 + 54 * number, line, pixels=44, bold=True)
        canvas.write(MARGIN, self.height - 32, self.below, pixels=28, colour=MUTED)


def drawable_name(account: Account) -> str:
    """Return the account's name, or its id where the font lacks letters of the name."""
    return account.name if drawable(account.name) == account.name else account.account_id


def without_noun(amount: str, unit: str) -> str:
    """Return an amount for where its noun would not fit: the title names it."""
    return amount if unit in {"$", "%"} else amount.partition(" ")[0]
