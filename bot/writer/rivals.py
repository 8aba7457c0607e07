"""What the passages about competitors say of each of them by name: strengths, weaknesses, moves, questions to ask."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.evidence import EvidenceKind
from bot.writer.quotes import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.evidence import Evidence

_NAME = r"[A-Z][\w&'-]+"
_STANDING = re.compile(rf"^Where (?P<name>{_NAME}(?: {_NAME})*) is (?P<how>strong|weak)\.\s*")
_TO_WIN = re.compile(r"^How to win\.\s*")
_ASKED = re.compile(rf"[“\"](?P<question>[^”\"]+\?)[”\"]\s*\((?P<names>{_NAME}(?:, {_NAME})*)\)")
_AGAINST = re.compile(rf"\b[Aa]gainst (?P<name>{_NAME})\b")
_LACK = re.compile(r"\b(?:offers no|has no|read-only|limited to|dropped|stop working)\b")
_MIN_WORDS, _MAX_WORDS = 4, 26


class Role(StrEnum):
    """What a point is good for."""

    STRENGTH = "strength"
    WEAKNESS = "weakness"
    MOVE = "move"
    QUESTION = "question"
    FACT = "fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A whole sentence about a competitor and the passage that it stands in."""

    role: Role
    text: str
    evidence_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A competitor that the passages name."""

    name: str
    points: tuple[Point, ...]

    def pick(self, *roles: Role) -> list[Point]:
        """Return the points with these roles."""
        return [point for point in self.points if point.role in roles]


def find_rivals(passages: Iterable[Evidence], *, known: Sequence[str] = ()) -> tuple[Rival, ...]:
    """Return the competitors that passages of competitive documents name, in the order in which they first appear.

    A name is one that such a passage puts into a phrase of its trade (``Where X is weak.``, ``against X``, a question
    with the names that it is for in brackets) or that is ``known`` from the account.
    """
    about = [item for item in passages if item.kind is EvidenceKind.PASSAGE and item.document_kind == "competitive"]
    names = [name for name in known if any(_mentions(item.text, name) for item in about)]
    for item in about:
        for line in item.text.split("\n"):
            names += [match["name"] for match in _STANDING.finditer(line)]
            names += [match["name"] for match in _AGAINST.finditer(line)]
            names += [name for match in _ASKED.finditer(line) for name in match["names"].split(", ")]
    unique = list(dict.fromkeys(names))
    points = [(name, point) for item in about for name, point in _points(item, unique)]
    return tuple(
        Rival(name=name, points=tuple(dict.fromkeys(point for owner, point in points if owner == name)))
        for name in unique
    )


def _points(item: Evidence, names: Sequence[str]) -> list[tuple[str, Point]]:
    counted = Counter({name: len(re.findall(rf"\b{re.escape(name)}\b", item.text)) for name in names})
    dominant = next((name for name, count in counted.most_common(1) if count), None)
    found = []
    for line in item.text.split("\n"):
        asked = _ASKED.search(line)
        if asked:
            point = Point(role=Role.QUESTION, text=asked["question"], evidence_id=item.evidence_id)
            found += [(name, point) for name in asked["names"].split(", ") if name in names]
            continue
        standing, winning = _STANDING.match(line), _TO_WIN.match(line)
        opened = standing or winning
        # A paragraph that begins with a name is about it: "Quorvia sells … It offers no …"
        subject = standing["name"] if standing else next((name for name in names if line.startswith(name)), None)
        subject = subject or (dominant if winning else None)
        for sentence in split_sentences(line[opened.end() :] if opened else line):
            mentioned = [name for name in names if _mentions(sentence, name)]
            owner = mentioned[0] if len(mentioned) == 1 else subject
            if owner in names and _is_quotable(sentence, others=[name for name in mentioned if name != owner]):
                role = Role.MOVE if winning else Role.WEAKNESS if _LACK.search(sentence) else Role.FACT
                if standing:
                    role = Role.WEAKNESS if standing["how"] == "weak" else Role.STRENGTH
                found.append((owner, Point(role=role, text=sentence, evidence_id=item.evidence_id)))
    return found


def _is_quotable(sentence: str, *, others: Sequence[str]) -> bool:
    return (
        not others
        and _MIN_WORDS <= len(sentence.split()) <= _MAX_WORDS
        and sentence[0].isupper()
        and sentence[-1] in ".!?"
        and "|" not in sentence
        and "…" not in sentence
    )


def _mentions(text: str, name: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", text))
