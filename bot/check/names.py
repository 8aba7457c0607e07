"""The names in a sentence: of products, competitors, people, companies and other accounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.check.english import is_common

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_TOKEN: Final = re.compile(r"[^\W_](?:[\w'\u2019&+./-]*[\w+])?|&")
# "ACME-042", "SOC2", "v2.1", "acme-042", "3M", "SOC 2", "ISO 27001": names that hold digits.
WITH_DIGITS: Final = re.compile(
    r"\b(?:[A-Z][A-Za-z]*-?\d[\w-]*|[a-z]{2,}-\d{2,}\b(?!-(?:second|minute|hour|day|week|month|year))|[A-Z]{2,}s?\s\d+(?:[.:]\d+)*\b(?!\s?[%$])|\d[A-Z]{2,}\b)"
)
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?:;\u2013\u2014][”\"]?\s|[“\"(\[]|”\s|\s[-•]\s)\s*$")
# What everybody writes in capitals and what names no product, competitor, person or company.
_COMMON: Final = frozenset(
    """
    I I'm I'd I'll I've AI API APIs B2B B2C CEO CFO CIO CISO COO CRM CSM CTO CV EU FAQ FTE HQ HR IT KPI KPIs MQL NPS OK
    PDF POC POCs PoC Q&A QBR QBRs RFI RFP ROI SDR SHAP SLA SLAs SQL SSO TCO UK US USA USD EUR USP VAT VIP VP VPs AM PM
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday English Slack Claude
    """.split()
)
# Words between the parts of a name: "Bank of Oak", "Home & Garden".
_JOINTS: Final = frozenset({"&", "of", "de", "von", "van", "and"})
_TITLE: Final = frozenset({"Mr", "Mrs", "Ms", "Dr"})
# After these a word at the start of a sentence is somebody or something that acts.
_ACTS: Final = re.compile(
    r"(?:['\u2019]s\b|\s(?:is|was|has|had|will|would|can|could|may|might|does|did|offers?|sells?|wins?|loses?|charges?|bills|"
    r"undercuts?|competes?|lacks?|claims?|raised|promises|bundles|wants|needs|expects|pays|bought|uses|runs|already|also|"
    r"never|still|went|moved|grew|cut|took|fell|rose|gets?|got|makes?|made|came|began|more\sthan|no\slonger|(?!clients|customers|accounts|teams|users|deals|signals|numbers|figures|tickets|visits|calls|demos|meetings)[a-z]{3,}s|\w+ed\s(?:its|the|a|an|their|on|for|to|in|at|by|from|over|with|\d+))\s)"
)
_FOLLOWING: Final = re.compile(r"\s([A-Z][a-z][\w-]*)")


def find_foreign_name(
    text: str,
    *,
    carriers: str,
    exempt: Collection[str],
    vocabulary: Iterable[str],
    common: frozenset[str] = frozenset(),
) -> str | None:
    """Return the first name of the text that neither its carriers nor the exempt words have, or None.

    Names are runs of capitalised words that do not only begin a sentence. One that does is a name when the
    ``vocabulary`` says so, when it is written as no English word is, or when it acts, is no word of the
    language and is not ``common``: in lower case in some text at hand.
    """
    known = carriers.casefold()
    allowed = {word.casefold() for name in exempt for word in _TOKEN.findall(name)} | {
        each.casefold() for each in _COMMON
    }
    capitalised = {token for token in _TOKEN.findall(carriers) if token[0].isupper()}
    names = frozenset(vocabulary)
    for run in _runs(text, names, common=common | _lower_words(carriers)):
        words = [
            word for word in run if word.casefold() not in allowed and word.removesuffix("'s").casefold() not in allowed
        ]
        if words and not _is_said(words, known, capitalised):
            return " ".join(run)
    return next(
        (name for name in sorted(names) if _distinctive(name) and _has(text, name) and name.casefold() not in known),
        None,
    )


def find_names(text: str) -> list[str]:
    """Return the capitalised words of a passage that do not begin a sentence: what it names, roughly."""
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        word = match.group()
        if (
            word[0].isupper()
            and not _starts_sentence(text, match.start())
            and word not in _COMMON
            and not is_common(word)
        ):
            found.append(word.removesuffix("'s").removesuffix("\u2019s"))
    return found


def find_names_with_digits(text: str) -> list[str]:
    """Return names such as ``ACME-042``, ``SOC 2`` and ``3M``-like ones in the order in which they stand."""
    return [match.group() for match in WITH_DIGITS.finditer(text)]


def _runs(text: str, vocabulary: frozenset[str], *, common: frozenset[str]) -> Iterator[list[str]]:
    """Yield the runs of capitalised words that are names."""
    run: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        word = match.group().removesuffix("'s").removesuffix("\u2019s")
        adjacent = text[end : match.start()].strip(" ") == ""
        if run and adjacent and word in _JOINTS:
            end = match.end()
            continue
        if not word[0].isupper() or word in _TITLE or WITH_DIGITS.fullmatch(word):
            if run:
                yield run
            run = []
        else:
            if run and not adjacent:
                yield run
                run = []
            if _starts_sentence(text, match.start()) and not _is_name_at_start(
                word, text[match.start() + len(word) :], vocabulary, common
            ):
                continue
            run.append(word)
        end = match.end()
    if run:
        yield run


def _starts_sentence(text: str, place: int) -> bool:
    return bool(_SENTENCE_START.search(text[:place]))


def _is_name_at_start(word: str, rest: str, vocabulary: frozenset[str], common: frozenset[str]) -> bool:
    if word in vocabulary or _distinctive(word):
        return True
    folded = word.casefold()
    if is_common(folded) or folded in common or not word.isalpha():
        return False
    following = _FOLLOWING.match(rest)
    return bool(_ACTS.match(rest)) or (following is not None and following[1] not in _COMMON)


def _distinctive(word: str) -> bool:
    """Return whether a word is written as no English word is: a capital inside, or capitals and digits."""
    return any(each.isupper() for each in word[1:]) and not word.isupper()


def _is_said(words: list[str], known: str, capitalised: set[str]) -> bool:
    phrase = " ".join(words).casefold()
    if re.search(rf"(?<!\w){re.escape(phrase)}", known):
        return True
    return all(_in(word, capitalised) or _has(known, word.casefold()) for word in words) and (
        len(words) == 1 or all(_in(word, capitalised) for word in words)
    )


def _in(word: str, capitalised: set[str]) -> bool:
    return word in capitalised or f"{word}s" in capitalised or word.removesuffix("s") in capitalised


def _has(text: str, name: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(name)}", text, re.IGNORECASE))


def _lower_words(text: str) -> frozenset[str]:
    return frozenset(token for token in _TOKEN.findall(text) if token[0].islower())
