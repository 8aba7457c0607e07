"""What a question names that is in nobody's vocabulary: other accounts, and what to look for in the documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.questions.concepts import Concept, is_filling
from bot.questions.reading import plain, read
from bot.tools.calls import MOST_ACCOUNTS

if TYPE_CHECKING:
    from bot.questions.vocabulary import Vocabulary

C = Concept
_MARKS: Final = " \t\n?!.,;:\"'“”„*_"
_COMPARING: Final = re.compile(
    r"""
    ^(?P<head>.*?)\b
    (?: compar(?:e|es|ed|ing|ison)
        (?:\s(?:it|this|them|these|those|this\s\w+|the\s\w+|that)\b:?)?(?:\s(?:with|to|against|and|vs\.?|versus|of))?
      | vs\.? | versus | against | side\sby\sside\swith | different\s(?:from|to|than)
      | difference\s(?:between|to|from) | differs?\sfrom | than | stack\sup\s(?:with|to|against)
    )\s+(?P<tail>.+)$
    """,
    re.VERBOSE,
)
_HOW_COMPARES: Final = re.compile(r"how\s(?:do|does|would)\s(?P<tail>.+?)\s(?:compare|stack\sup)")
_IS_BETTER: Final = re.compile(
    r"(?:is|are)\s(?P<tail>.+?)\s(?:better|worse|bigger|smaller|stronger|weaker)(?:\sthan\s(?:this|it|them)(?:\sone|\s\w+)?)?"
)
_SPLIT: Final = re.compile(r"\s*,\s*|\s+and\s+|\s+vs\.?\s+|\s+versus\s+|\s+with\s+|\s+to\s+|\s+against\s+")
_OURSELVES: Final = frozenset({"it", "this", "them", "they", "this one", "that", "these", "us"})
_COMPARED: Final = frozenset(
    {C.WHAT, C.HOW, C.WHY, C.BETTER, C.CHANGE, C.COMPARE, C.RANK, C.PREDICTION, C.MORE, C.LESS, C.UP, C.DOWN}
    | {C.HIGH, C.LOW, C.ACTION, C.MUCH, C.FEW, C.SINCE, C.TO, C.WOULD, C.AND, C.GIVE, C.FIGURE, C.NEGATION, C.TOP}
)
_BEFORE_NAMES: Final = frozenset({"customer", "account", "client", "company", "with", "and", "what", "how", "to"})
_ID: Final = re.compile(r"[a-z]{2,}-\d{2,}")
_LONGEST_NAME: Final = 8

_DOCUMENTS: Final = (
    r"(?:(?:our|the|your|my|all|any|in|these|a|some)\s)*"
    r"(?:docs?|documents?|documentation|kb|knowledge\s?base|pdfs?|materials?|playbooks?|sources|files|collateral|library)"
)
_ABOUT: Final = r"(?:about|on|regarding|concerning|for|re|with\sregard\sto)"
_POLITE: Final = (
    r"(?:(?:please|pls|hey|can\syou|could\syou|so|and|ok|show\sme|tell\sme|give\sme|quote|i\swant\sto\sknow)[\s,]+)*"
)
_THERE: Final = (
    r"(?:(?:is\sthere|are\sthere|do\swe\shave|have\swe\sgot|got)\s)?"
    r"(?:anything|something|info|information|any\sinfo)"
)
_SAY: Final = r"(?:say|says|have|has|tell|mention|mentions|state|states|know)(?:\sus|\sme|\sto\ssay)?"
_CONTAIN: Final = r"(?:say|mention|have|contain|cover|talk\sabout)(?:\s(?:anything|something))?"
_QUERY: Final = r"(?P<query>.+?)"
_SEARCHES: Final = tuple(
    re.compile(rf"{_POLITE}{pattern}[{re.escape(_MARKS)}]*")
    for pattern in (
        rf"what\s(?:(?:do|does|did|is\sin|else|else\sdo)\s)?{_DOCUMENTS}\s(?:{_SAY}\s)?{_ABOUT}\s{_QUERY}",
        rf"{_THERE}\s{_DOCUMENTS}\s{_ABOUT}\s{_QUERY}",
        rf"{_THERE}\s{_ABOUT}\s{_QUERY}\sin\s{_DOCUMENTS}",
        rf"(?:search|check|look\sin|look\sthrough|query|scan)\s{_DOCUMENTS}\s{_ABOUT}\s{_QUERY}",
        rf"(?:find|look\sup|search\sfor|search|look\sfor)\s{_QUERY}\sin\s{_DOCUMENTS}",
        rf"(?:do|does)\s{_DOCUMENTS}\s{_CONTAIN}(?:\s{_ABOUT})?\s{_QUERY}",
        rf"(?:do\swe\shave\s|are\sthere\s|is\sthere\s|have\swe\sgot\s)?{_DOCUMENTS}\s(?:{_SAY}\s)?(?:about|on|regarding)\s{_QUERY}",
        rf"(?:is|are)\s{_QUERY}\s(?:covered|mentioned|described|explained|documented)\s(?:in|by)\s{_DOCUMENTS}",
        rf"what\s(?:do\swe\shave|is\sthere)\s{_ABOUT}\s{_QUERY}\sin\s{_DOCUMENTS}",
    )
)
_LONGEST_QUERY: Final = 10


def find_query(question: str) -> str:
    """Return what is to be looked for in the documents, where that is what the question asks; else nothing."""
    text = " ".join(plain(question).split()).strip(_MARKS)
    for pattern in _SEARCHES:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        query = found["query"].strip(_MARKS)
        words = re.findall(r"\w+", query)
        if any(not is_filling(word) for word in words) and len(words) <= _LONGEST_QUERY:
            return query
    return ""


def find_accounts(question: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the other accounts that the question compares this one with; nothing where that is not clear."""
    text = " ".join(plain(question).split()).strip(_MARKS)
    if other := _HOW_COMPARES.fullmatch(text) or _IS_BETTER.fullmatch(text):
        return named_accounts(other["tail"], vocabulary)
    found = _COMPARING.match(text)
    if found is not None and _is_own(found["tail"], vocabulary):
        return named_accounts(found["head"], vocabulary)  # "ACME-007 vs this one"
    if found is None or not read(found["head"], vocabulary).concepts <= _COMPARED:
        return ()
    return named_accounts(found["tail"], vocabulary)


def named_accounts(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the other accounts that a text consists of; nothing where a part of it is something else."""
    parts = [_without_filling(part) for part in _SPLIT.split(text)]
    others = [part for part in parts if part and part not in _OURSELVES and not _is_own(part, vocabulary)]
    clear = 0 < len(others) <= MOST_ACCOUNTS and all(_is_other(part, vocabulary) for part in others)
    if clear:
        return tuple(dict.fromkeys(others))
    whole = _without_filling(text)  # "Smith and Sons" are one
    return (whole,) if _is_other(whole, vocabulary) else ()


def _is_other(text: str, vocabulary: Vocabulary) -> bool:
    if not text or len(text.split()) > _LONGEST_NAME or _is_own(text, vocabulary):
        return False
    alike = _ID.fullmatch(text) or (vocabulary.own_id.isdigit() and text.isdigit())
    return bool(alike) or vocabulary.is_account(text)


def _is_own(text: str, vocabulary: Vocabulary) -> bool:
    return text == vocabulary.own_id or not read(text, vocabulary).items


def _without_filling(text: str) -> str:
    """Return the text without the filling around it, as in ``with our customer globex-007 please``."""
    words = text.strip(_MARKS).split()
    while words and (is_filling(words[0]) or words[0] in _BEFORE_NAMES):
        words = words[1:]
    while words and is_filling(words[-1].strip(_MARKS)):
        words = words[:-1]
    return " ".join(words).strip(_MARKS)
