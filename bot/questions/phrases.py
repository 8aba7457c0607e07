"""Set phrases: what a question takes back, leaves out, keeps as it is, adds to what was said before, and joins."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final

from bot.questions.words import is_filling, stem
from bot.tools.calls import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.signs import Lexicon
    from bot.questions.tokens import Token
    from bot.questions.vocabulary import Name

    Phrases = Sequence[tuple[str, ...]]

OPPOSITES: Final = frozenset({"lifts", "hurts"})  # sets of words in the lexicon
_TAKING_BACK: Final = frozenset({"no", "nah", "sorry", "wait", "mean", "meant", "oops"})
_AFTER_NO: Final = frozenset("i we wait sorry make not it that the its their only just".split())
_ADDING: Final = frozenset({"too", "also", "together", "additionally"})
_ADDING_IN_TWO: Final = frozenset({("as", "well"), ("on", "top")})
_ADDING_FIRST: Final = frozenset({"plus", "+"})
_LEANING: Final = frozenset({"and", "same", "then"})
_KEEPING: Final = frozenset({"leave", "leaving", "keep", "keeping", "let", "changing", "touching"})
# What is left out follows it at once; "w/o" was read as "with o".
_BUT: Final = (
    *(
        (each,)
        for each in """
        except excluding exclude excludes without sans omit omitting skip skipping minus ignoring ignore
        """.split()
    ),
    ("with", "o"),
    ("but", "not"),
    ("all", "but"),
    ("everything", "but"),
    ("anything", "but"),
    ("leave", "out"),
    ("leave", "off"),
    ("leaving", "out"),
    ("leave", "aside"),
    ("leaving", "aside"),
    ("apart", "from"),
    ("other", "than"),
    ("strip", "out"),
    ("filter", "out"),
)
_BUT_NOT: Final = (*_BUT, ("not",), ("instead", "of"))
_LEFT_OUT: Final = frozenset(
    "for the those any anything what whatever whichever that which all ones things stuff everything our its out".split()
)
_FAR: Final = 7
_SEVERAL_ACCOUNTS: Final = frozenset({"accounts", "customers", "clients"})
_EVERYONE: Final = frozenset({"everyone", "everybody"})
_OF_EVERYONE: Final = frozenset({"for", "of", "to", "with", "against", "across", "from", "than"})
_NO_ACCOUNTS: Final = frozenset({"for", "team", "department", "guy", "people", "payable"})
_BETWEEN_FACTS: Final = frozenset({"and", "with", "versus", "against", "plus", ",", "&", "+", ";", ":", "/", "-", "."})
_BETWEEN_HALVES: Final = frozenset({"and", "&", "plus"})
_EMPTY: Final = frozenset("how much was were what again ? ! . please account customer client".split())


def takes_back(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word in this place takes back what was said before it: "no, the owner", but not "no story"."""
    after = tokens[at + 1 : at + 2]
    goes_on = tokens[at].word == "no" and any(each.word.isalpha() and each.word not in _AFTER_NO for each in after)
    return tokens[at].word in _TAKING_BACK and not goes_on


def adds(words: Sequence[str]) -> bool:
    """Whether this says that it comes to what was said before: "and churn halves, too"."""
    first = not _ADDING_FIRST.isdisjoint(words[:1])
    return first or not (_ADDING.isdisjoint(words) and _ADDING_IN_TWO.isdisjoint(pairwise(words)))


def leans(words: Sequence[str]) -> bool:
    """Whether this goes on with what was said before: "same with Q4"."""
    return adds(words) or not _LEANING.isdisjoint(words[:1])


def find_kept(tokens: Sequence[Token]) -> frozenset[Name]:
    """Return the features that stay as they are: "leave churn as it is", "without changing the score"."""
    said = ["", "", *(token.word for token in tokens)]
    return frozenset(
        token.name
        for at, token in enumerate(tokens)
        if token.name is not None
        and not _KEEPING.isdisjoint(word for word in said[at : at + 2] if word in _KEEPING or is_filling(word))
    )


def find_accounts_left_out(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the accounts that are not meant: "ACME-017, not ACME-011"."""
    words = [token.word for token in tokens]
    return frozenset(
        token.account
        for at, token in enumerate(tokens)
        if token.account and _ends(words[: at - 1 if words[at - 1 : at] == ["with"] else at], _BUT_NOT)
    )


def find_side_left_out(words: Sequence[str], lexicon: Lexicon) -> Direction:
    """Return which drivers are to be left out, as in "without the ones that push it down"; ALL where none are."""
    for place in range(len(words)):
        length = next((len(each) for each in _BUT if tuple(words[place : place + len(each)]) == each), 0)
        if not length or tuple(words[place - 1 : place]) == ("not",):
            continue
        after = list(takewhile(str.isalnum, words[place + length : place + length + _FAR]))
        ways = [lexicon.sets(stem(word)) for word in after]
        told = [way for way in ways if not OPPOSITES.isdisjoint(way)]
        if told and (after[0] in _LEFT_OUT or told[0] is ways[0]):
            return Direction.LOWERING if "hurts" in told[-1] else Direction.RAISING
    return Direction.ALL


def find_several_accounts(words: Sequence[str]) -> list[int]:
    """Return the places where accounts in general are named.

    What "accounts for" something is no list of them, nor are "their accounts team" and what "everyone says".
    """
    before, after = ["", *words], [*words[1:], ""]
    return [
        at
        for at, word in enumerate(words)
        if (word in _SEVERAL_ACCOUNTS and after[at] not in _NO_ACCOUNTS)
        or (word in _EVERYONE and before[at] in _OF_EVERYONE)
    ]


def halves_of(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return what stands between "and"s."""
    halves: list[list[Token]] = [[]]
    for token in tokens:
        if token.word in _BETWEEN_HALVES:
            halves.append([])
        else:
            halves[-1].append(token)
    return halves


def parts_of(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return what a question that joins several things says of each."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        as_well = token.word == "well" and parts[-1] and parts[-1][-1].word == "as"
        if token.word in _BETWEEN_FACTS or as_well:
            parts.append([])
        else:
            parts[-1].append(token)
    return [
        part
        for part in parts
        if any(token.is_slot or not (is_filling(token.word) or token.word in _EMPTY) for token in part)
    ]


def _ends(words: Sequence[str], phrases: Phrases) -> bool:
    return any(tuple(words[-len(each) :]) == each for each in phrases)
