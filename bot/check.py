"""Is every statement carried by the evidence that it cites, and every number in it found there?"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.evidence import Evidence
    from bot.plan import Statement

MAX_STATEMENT_CHARACTERS = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A statement that may not be said, and why, in a sentence that the writer can act on."""

    statement: Statement
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The statements that their evidence carries, in their order, and the others."""

    kept: tuple[Statement, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class _Number:
    """An amount as written: its size, half a unit of its last digit, and ``$``, ``%``, ``x`` or nothing."""

    size: Decimal
    tolerance: Decimal
    unit: str

    def matches(self, other: _Number) -> bool:
        return self.unit == other.unit and abs(self.size - other.size) <= self.tolerance


# A product, a quarter, an account: "Q3", "SOC2", "ACME-042" are names that hold digits, not amounts.
_NAME_WITH_DIGITS = re.compile(r"\b[A-Z][A-Za-z]*-?\d[\w-]*")
_NUMBER = re.compile(
    r"""
    (?P<currency>[$€£]\s?)?
    (?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<fraction>\.\d+)?
    (?:(?P<letter>[kKmMbB])n?\b|\s?(?P<word>thousand|million|billion)\b)?
    (?:\s?(?P<percent>%|percent(?:age\spoints?)?\b|per\scent\b)|\s?(?P<times>\u00d7|x\b))?
    """,
    re.VERBOSE,
)
_SCALES = {"k": 3, "m": 6, "b": 9, "thousand": 3, "million": 6, "billion": 9}
_RANGE = re.compile(r"\s?(?:[-\u2013\u2014]|to)\s?")
_AND = re.compile(r"\s?and\s?")
_BETWEEN = re.compile(r"\bbetween\s?$", re.IGNORECASE)
_LINK = re.compile(
    r"""
    [a-z][a-z0-9+.-]*://            # any scheme
    | \bwww\. | \b(?:mailto|tel|javascript|data):
    | \]\(                          # a Markdown link
    | \b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|ai|co|dev|app|xyz|info|biz|me|ly|link|click|site|online|ru|cn|de|uk)\b
    | [\w-]+\.[a-z]{2,}/
    | \w+@\w+\.
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MENTION = re.compile(r"[<>]|(?:^|\W)@\w")
# Control, format (zero width, bidirectional overrides, tags), private use and unpaired surrogates.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})


def check_statements(
    statements: Iterable[Statement], evidence: Iterable[Evidence], *, names: Sequence[str] = ()
) -> Checked:
    """Keep the statements that their evidence carries.

    ``names`` are names that may hold digits, such as the account's id and name: they are not read as numbers.
    """
    texts = {item.evidence_id: item.text for item in evidence}
    kept = []
    dropped = []
    for statement in statements:
        reason = _find_fault(statement, texts, names)
        if reason is None:
            kept.append(statement)
        else:
            dropped.append(Dropped(statement=statement, reason=reason))
    return Checked(kept=tuple(kept), dropped=tuple(dropped))


def _find_fault(statement: Statement, texts: dict[str, str], names: Sequence[str]) -> str | None:
    if not statement.evidence:
        return "It cites no evidence."
    for evidence_id in statement.evidence:
        if evidence_id not in texts:
            return f"It cites {evidence_id}, which is not in the brief."
    carriers = [_mask(texts[cited], names) for cited in statement.evidence]
    return find_unsafe_text(statement.text) or _find_uncarried_number(_mask(statement.text, names), carriers)


def find_unsafe_text(text: str) -> str | None:
    """Return why this text may not be shown, whatever it rests on, or None."""
    reasons = (
        (not text.strip(), "It says nothing."),
        (len(text) > MAX_STATEMENT_CHARACTERS, f"It is longer than {MAX_STATEMENT_CHARACTERS} characters."),
        (any(unicodedata.category(each) in _UNSEEN for each in text), "It holds characters that no reader sees."),
        (_LINK.search(text), "It holds a link or an address."),
        (_MENTION.search(text), "It holds a mention or markup."),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _find_uncarried_number(text: str, carriers: Sequence[str]) -> str | None:
    for name in _NAME_WITH_DIGITS.findall(text):
        if not any(name.casefold() in carrier.casefold() for carrier in carriers):
            return f"{name} is not in the evidence that it cites."
    carried = [number for carrier in carriers for _, number in _numbers(carrier)]
    for written, stated in _numbers(text):
        if not any(stated.matches(number) for number in carried):
            return f"{written} is not in the evidence that it cites."
    return None


def _mask(text: str, names: Sequence[str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        if name:
            text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return text


def _numbers(text: str) -> list[tuple[str, _Number]]:
    """Return every number as it is written and as it is meant.

    In a range each end says what the other leaves out: "40-60 %" is 40 % and 60 %, "$5-10K" is $5K and $10K.
    """
    text = _NAME_WITH_DIGITS.sub(" ", text)
    matches = list(_NUMBER.finditer(text))
    parts = [match.groupdict() for match in matches]
    for (first, second), (left, right) in zip(pairwise(matches), pairwise(parts), strict=True):
        joint = text[first.end() : second.start()]
        if _RANGE.fullmatch(joint) or (_AND.fullmatch(joint) and _BETWEEN.search(text[: first.start()])):
            if not (left["letter"] or left["word"] or left["percent"] or left["times"]):
                left |= {name: right[name] for name in ("letter", "word", "percent", "times")}
            if not (right["percent"] or right["times"]):
                right["currency"] = right["currency"] or left["currency"]
    return [(match.group().strip(), _read(part)) for match, part in zip(matches, parts, strict=True)]


def _read(part: dict[str, str | None]) -> _Number:
    fraction = part["fraction"] or ""
    scale = _SCALES.get((part["letter"] or part["word"] or "").lower(), 0)
    step = Decimal(1).scaleb(scale - len(fraction.removeprefix(".")))
    size = Decimal((part["digits"] or "").replace(",", "") + fraction).scaleb(scale)
    unit = "%" if part["percent"] else "x" if part["times"] else (part["currency"] or "").strip()
    return _Number(size, step / 2, unit)
