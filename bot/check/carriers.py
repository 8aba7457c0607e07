"""What the cited evidence holds: numbers with what they are about, dates, words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.check.amounts import read_amounts
from bot.check.dates import read_dates
from bot.check.names import WITH_DIGITS
from bot.check.number_words import write_digits
from bot.evidence import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.check.amounts import Amount
    from bot.check.dates import Date
    from bot.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number of the evidence, the stems of the words around it, and whether it is one of the account itself.

    ``is_baseline`` is the number that a driver's effect counts from, which nothing is added to.
    """

    amount: Amount
    stems: frozenset[str]
    is_own: bool
    is_baseline: bool
    kind: EvidenceKind

    @property
    def is_past(self) -> bool:
        """Whether this is what a value was before it changed."""
        return self.kind is EvidenceKind.CHANGE and self.amount.is_past


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriers:
    """Everything that some pieces of evidence say; ``pieces`` is how many signals they are."""

    facts: tuple[Fact, ...]
    dates: tuple[Date, ...]
    words: str
    pieces: int = 1

    @classmethod
    def read(cls, item: Evidence, *, mask: Callable[[str], str]) -> Carriers:
        """Read one piece of evidence; ``mask`` takes the names out that may hold digits."""
        facts: list[Fact] = []
        dates: list[Date] = []
        header = ""
        for place, sentence in enumerate(_sentences(mask(item.text))):
            # A row of a table is about what its first row names.
            header = (header or sentence) if _CELLS in sentence else ""
            found, undated = read_dates(write_digits(_ONE.sub("1", sentence)))
            undated = WITH_DIGITS.sub(lambda match: " " * len(match.group()), undated)
            dates += found
            # The second sentence of a driver is about the accounts on either side of its value.
            is_own = item.kind is not EvidenceKind.PASSAGE and (item.kind is not EvidenceKind.DRIVER or not place)
            facts += [
                Fact(
                    amount=amount,
                    stems=stems(f"{header} {sentence}"),
                    is_own=is_own,
                    is_baseline=item.kind is EvidenceKind.DRIVER and undated[: amount.start].endswith("baseline of "),
                    kind=item.kind,
                )
                for amount in (_read_row(undated) if header else read_amounts(undated, told=True))
            ]
        return cls(
            facts=tuple(facts),
            dates=tuple(dates),
            words=f"{item.text} {item.citation}".casefold(),
            pieces=2 if item.kind is EvidenceKind.INTERACTION else 1,
        )

    @classmethod
    def join(cls, parts: Iterable[Carriers]) -> Carriers:
        """Return what several pieces of evidence say together."""
        each = tuple(parts)
        return cls(
            facts=tuple(fact for part in each for fact in part.facts),
            dates=tuple(date for part in each for date in part.dates),
            words=" ".join(part.words for part in each),
            pieces=sum(part.pieces for part in each),
        )

    def has_words(self, words: str) -> bool:
        """Return whether these words stand in the evidence."""
        return words.casefold() in self.words

    def find(self, stated: Amount, text: str) -> list[Fact]:
        """Return the facts that carry a number of this text.

        Where what is counted is named in the evidence, the number has to stand beside that name; where passages hold
        many numbers, one of theirs shares at least a word with what is said of it.
        """
        spoken = _INTERVAL.search(text) is not None or self._tells_ends(text)
        carrying = [
            fact
            for fact in self.facts
            if stated.is_carried_by(fact.amount) and (spoken or "interval" not in fact.amount.noun)
        ]
        if sum(fact.kind is EvidenceKind.PASSAGE for fact in self.facts) > _FEW:
            said = stems(text)
            carrying = [fact for fact in carrying if fact.kind is not EvidenceKind.PASSAGE or fact.stems & said]
        if not carrying and _is_top_of_scale(stated):
            carrying = [fact for fact in self.facts if fact.amount.unit == "of 10"]
        nouns = {stem(noun) for noun in stated.noun}
        if not stated.unit and not stated.counts_nothing:
            # "the 863 baseline" repeats hours, "863 offices" does not
            carrying = [fact for fact in carrying if not fact.amount.is_time or fact.stems & nouns]
        if stated.unit in {"", "rank"} and nouns and any(fact.stems & nouns for fact in self.facts):
            carrying = [fact for fact in carrying if fact.stems & nouns]
        return carrying

    def _tells_ends(self, text: str) -> bool:
        """Return whether the text has both ends of an interval: "at 80 % between $12.5K and $90.5K"."""
        stated = read_amounts(text)
        for told in {fact.stems for fact in self.facts if "interval" in fact.amount.noun}:
            ends = [fact.amount for fact in self.facts if fact.stems == told and "interval" not in fact.amount.noun]
            if sum(any(each.is_carried_by(end) for each in stated) for end in ends) >= 2:  # noqa: PLR2004 # both
                return True
        return False


_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"•])|\n+")
_WORD: Final = re.compile(r"[a-z]{3,}")
_INTERVAL: Final = re.compile(
    r"\b(?:interval|chances?|odds|likely|likelihood|confiden\w*|sure|range|bands?)\b", re.IGNORECASE
)
_ONE: Final = re.compile(r"\bone\b(?! (?:of|another)\b)", re.IGNORECASE)  # "one more" may be told as 1
_CELLS: Final = " | "  # between the cells of a table's row
_ROW_UNIT: Final = re.compile(r",\s(?:in\s)?(seconds|minutes|hours|days|weeks|months|years|percent)$", re.IGNORECASE)
_LONE_CELL: Final = re.compile(r"(?<=\|\s)[\d,.]*\d(?=\s\||$)")
_FEW: Final = 3
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ers", "ies", "ed", "es", "er", "ly", "s", "y", "e")
_FUNCTION_WORDS: Final = frozenset(
    """
    the and for are was were has have had not with from that this their they them its it's than then there these those
    over under above below about after before into onto out one two per who what when where which while why how all any
    each more most less least other others our ours your you can could will would should may might does did been being
    but because since also only just very much many few some such yet still
    """.split()
)


def stem(word: str) -> str:
    """Return the beginning that the forms of a word share: rough, and enough to compare two short sentences."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004 # letters that must be left
            return word.removesuffix(ending)
    return word


def stems(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning."""
    return frozenset(stem(word) for word in _WORD.findall(text.casefold()) if word not in _FUNCTION_WORDS)


def _read_row(row: str) -> list[Amount]:
    """Return the numbers of a table's row, whose first cell may name their unit: "Incident, minutes | 11 | 38"."""
    amounts = read_amounts(row, told=True)
    unit = _ROW_UNIT.search(row.partition(_CELLS)[0])
    if unit is None:
        return amounts
    named = read_amounts(_LONE_CELL.sub(rf"\g<0> {unit[1]}", row), told=True)
    return [
        replace(amount, readings=(*amount.readings, meant)) if not amount.unit else amount
        for amount, meant in zip(amounts, named, strict=True)
    ]


def _is_top_of_scale(stated: Amount) -> bool:
    """Return whether this is the 10 of "9.3 of 10": "what would make it a 10?"."""
    return not (stated.unit or stated.noun) and stated.size == 10  # noqa: PLR2004 # ten is ten


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE_END.split(text) if part]
