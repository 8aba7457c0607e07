"""Is every statement carried by the evidence that it cites: each number, date, name and direction in it?"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.check.advice import find_step_beyond, is_advice, without_proposals
from bot.check.amounts import read_amounts
from bot.check.carriers import Carriers
from bot.check.dates import find_uncarried_date, read_dates
from bot.check.derived import is_derived
from bot.check.direction import find_wrong_direction
from bot.check.names import find_foreign_name, find_names, find_names_with_digits
from bot.check.number_words import with_places, write_digits
from bot.evidence import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.brief import Brief
    from bot.check.amounts import Amount
    from bot.check.carriers import Fact
    from bot.evidence import Evidence
    from bot.plan import Statement
    from storage.similar import SimilarAccounts

__all__ = [
    "MAX_STATEMENT_CHARACTERS",
    "Checked",
    "Dropped",
    "Subject",
    "check_statements",
    "find_unsafe_text",
    "subject_of",
]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom statements are about and in whose words.

    ``names`` are the account's id and name, which stand for it in any statement, and ``owner`` who holds the call.
    ``terms`` are words of the business that may be capitalised: what it calls an account, its features, its
    promotions. ``accounts`` knows the names of all others.
    """

    names: tuple[str, ...] = ()
    owner: str = ""
    terms: tuple[str, ...] = ()
    forecast: str = ""
    accounts: SimilarAccounts | None = None


# What stands for the account, and for who holds the call, in a text whose names are masked.
_ACCOUNT: Final = "the account"
_OWNER: Final = "the rep"
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
_CODE = re.compile(r"[A-Za-z0-9+/=_-]{41,}")
# Control, format (zero width, bidirectional overrides, tags), private use and unpaired surrogates.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})
_QUOTE: Final = re.compile(r"[“\"]([^”\"]{3,})[”\"]")
_THOSE: Final = re.compile(r"\b(?:the|these|those)\s$", re.IGNORECASE)
_LISTED_NOUNS: Final = frozenset(
    {"drivers", "signals", "factors", "reasons", "points", "forces", "things", "arguments"}
)
_PAST: Final = re.compile(
    r"\b(?:from|was|were|had|before|previously|used to|earlier|last|formerly|until|at the time|back then)\b",
    re.IGNORECASE,
)
_NOW: Final = re.compile(r"\b(?:now|today|currently|stands)\b", re.IGNORECASE)
_PAST_REACH: Final = 40
_AGO: Final = re.compile(
    r"\b(?:yesterday|last (?:week|month|quarter|year|spring|summer|autumn|winter)|(?:a|one|two|three|\d+) "
    r"(?:days?|weeks?|months?|quarters?|years?) ago)\b",
    re.IGNORECASE,
)


# How the count of what an account gets is told: "The account gets 4 sales actions (…".
_GIVEN: Final = re.compile(r"^The .{1,80}? gets (no|\d+)\b")


def subject_of(brief: Brief) -> Subject:
    """Return whom the statements about a brief's account are about."""
    account, words = brief.account, brief.snapshot.words
    return Subject(
        names=(account.account_id, account.name),
        owner=account.owner,
        terms=(
            *(words.account, words.accounts, words.rep, words.reps, words.action, words.actions, words.target),
            *(driver.feature.label for driver in brief.drivers),
            *(item.label for item in account.sensitivities),
        ),
        forecast=words.target,
        accounts=brief.accounts,
    )


def check_statements(
    statements: Iterable[Statement], evidence: Iterable[Evidence], *, subject: Subject | None = None
) -> Checked:
    """Keep the statements that their evidence carries."""
    checker = _Checker(tuple(evidence), subject or Subject())
    kept = []
    dropped = []
    for statement in statements:
        reason = checker.find_fault(statement)
        if reason is None:
            kept.append(statement)
        else:
            dropped.append(Dropped(statement=statement, reason=reason))
    return Checked(kept=tuple(kept), dropped=tuple(dropped))


def find_unsafe_text(text: str) -> str | None:
    """Return why this text may not be shown, whatever it rests on, or None."""
    reasons = (
        (not text.strip(), "It says nothing."),
        (len(text) > MAX_STATEMENT_CHARACTERS, f"It is longer than {MAX_STATEMENT_CHARACTERS} characters."),
        (_CODE.search(text), "It holds what is no word."),
        (any(unicodedata.category(each) in _UNSEEN for each in text), "It holds characters that no reader sees."),
        (_LINK.search(text), "It holds a link or an address."),
        (_MENTION.search(text), "It holds a mention or markup."),
    )
    return next((reason for applies, reason in reasons if applies), None)


class _Checker:
    """The rules over one body of evidence, which is read once for all statements."""

    def __init__(self, evidence: Sequence[Evidence], subject: Subject) -> None:
        self._by_id: Mapping[str, Evidence] = {item.evidence_id: item for item in evidence}
        self._subject = subject
        self._carriers: dict[str, Carriers] = {}
        self._vocabulary: frozenset[str] | None = None
        self._lower: frozenset[str] | None = None

    def find_fault(self, statement: Statement) -> str | None:
        """Return what is wrong with a statement, in a sentence, or None."""
        if not statement.evidence:
            return "It cites no evidence."
        for evidence_id in statement.evidence:
            if evidence_id not in self._by_id:
                return f"It cites {evidence_id}, which is not in the brief."
        unsafe = find_unsafe_text(statement.text)
        if unsafe is not None:
            return unsafe
        cited = [self._by_id[evidence_id] for evidence_id in statement.evidence]
        return self._find_uncarried(statement.text, cited)

    def _find_uncarried(self, said: str, cited: Sequence[Evidence]) -> str | None:
        sources = [f"{item.text} {item.citation.rpartition(', p. ')[0]}" for item in cited]
        carriers = self._carriers_of(cited)
        text = self._mask(_without_quotations(said, sources))
        return (
            self._find_other_account(said, cited)
            or self._find_name(text, "\n".join(sources))
            or self._find_date(text, carriers)
            or self._find_step(said)
            or self._find_number(text, carriers)
            or find_wrong_direction(
                write_digits(text),
                [item.effect for item in cited if item.effect is not None],
                subjects=(self._subject.forecast,),
            )
        )

    def _carriers_of(self, cited: Sequence[Evidence]) -> Carriers:
        """Return what is cited; what says anything of the allocation implies how many actions there are."""
        parts = [self._read(item) for item in cited]
        given = self._find_given()
        if given is not None and given not in cited and any(item.kind is EvidenceKind.ALLOCATION for item in cited):
            parts.append(replace(self._read(given), pieces=0))
        return Carriers.join(parts)

    def _read(self, item: Evidence) -> Carriers:
        if item.evidence_id not in self._carriers:
            self._carriers[item.evidence_id] = Carriers.read(item, mask=self._mask)
        return self._carriers[item.evidence_id]

    def _find_name(self, text: str, sources: str) -> str | None:
        masked = self._mask(sources)
        _, undated = read_dates(text)
        for name in find_names_with_digits(undated):
            if name.casefold() not in masked.casefold():
                return f"{name} is not in the evidence that it cites."
        exempt = (*self._subject.names, self._subject.owner)
        undated = _without(undated, self._subject.terms)
        foreign = find_foreign_name(
            undated, carriers=sources, exempt=exempt, vocabulary=self._known_names(), common=self._common_words()
        )
        return None if foreign is None else f"{foreign} is a name that is not in the evidence that it cites."

    def _find_other_account(self, said: str, cited: Sequence[Evidence]) -> str | None:
        """Return another account that the text names although no cited evidence is about it.

        Whether a document or a field of the CRM names it does not count: who asked may not be allowed to see it.
        """
        if self._subject.accounts is None:
            return None
        own = {name.casefold() for name in self._subject.names}
        about = " ".join(item.about for item in cited)
        for account in self._subject.accounts.mentioned(_replace(said, self._subject.names, _ACCOUNT)):
            names = {account.account_id.casefold(), account.name.casefold()}
            if not names & own and account.account_id not in about and account.name not in about:
                return f"{account.name} is another account, which nothing that it cites is about."
        return None

    def _find_date(self, text: str, carriers: Carriers) -> str | None:
        dates, _ = read_dates(_as_read(text))
        uncarried = find_uncarried_date(dates, carriers.dates)
        past = next((match.group() for match in _AGO.finditer(text) if not carriers.has_words(match.group())), None)
        missing = uncarried or past
        return None if missing is None else f"{missing} is not in the evidence that it cites."

    def _find_number(self, text: str, carriers: Carriers) -> str | None:
        """Return the first number that nothing carries, whichever way "a third" is meant."""
        faults = [self._find_number_as(each, carriers) for each in dict.fromkeys((text, with_places(text)))]
        return None if None in faults else faults[0]

    def _find_number_as(self, text: str, carriers: Carriers) -> str | None:
        _, undated = read_dates(_as_read(text))
        for name in sorted(set(find_names_with_digits(undated)), key=len, reverse=True):
            undated = undated.replace(name, " ")
        for amount in read_amounts(undated, elliptic=True):
            if _counts_what_is_cited(amount, undated, carriers):
                continue
            found = carriers.find(amount, undated)
            derived = is_derived(amount, undated, carriers.facts)
            if not found and not derived and not is_advice(amount, undated, cited=carriers.facts, known=self._facts()):
                return f"{amount.written} is not in the evidence that it cites."
            if (
                found
                and all(fact.is_past for fact in found)
                and not (_is_past(undated, amount) or (derived and not amount.unit))
            ):
                return f"{amount.written} held before, not today."
            if found and not any(fact.is_own for fact in found) and _is_about_account(undated, amount.start):
                return f"{amount.written} is a figure about others; one about this account cites account evidence."
        return None

    def _facts(self) -> tuple[Fact, ...]:
        """Return every number of the brief."""
        return tuple(fact for item in self._by_id.values() for fact in self._read(item).facts)

    def _find_step(self, text: str) -> str | None:
        """Return what is wrong with "Action 6:" where the account gets 4."""
        given = self._find_given()
        count = None if given is None else _GIVEN.search(given.text)
        beyond = find_step_beyond(text, None if count is None else int(count[1].replace("no", "0")))
        return None if beyond is None else f"{beyond} is one more than the account gets."

    def _find_given(self) -> Evidence | None:
        """Return the evidence that says how many actions the account gets."""
        told = (item for item in self._by_id.values() if item.kind is EvidenceKind.ALLOCATION)
        return next((item for item in told if _GIVEN.search(item.text)), None)

    def _known_names(self) -> frozenset[str]:
        """Return what the passages name, so that such a name is one at the start of a sentence too."""
        if self._vocabulary is None:
            passages = [item for item in self._by_id.values() if item.kind is EvidenceKind.PASSAGE]
            counted = Counter(name for item in passages for name in find_names(item.text))
            common = self._common_words()
            self._vocabulary = frozenset(
                word
                for word, count in counted.items()
                if count > 1 and word.casefold() not in common and len(word) > 2  # noqa: PLR2004 # letters
            )
        return self._vocabulary

    def _common_words(self) -> frozenset[str]:
        """Return the words that any evidence has in lower case: no names."""
        if self._lower is None:
            self._lower = frozenset(
                word for item in self._by_id.values() for word in re.findall(r"\b[a-z][\w-]*", item.text)
            )
        return self._lower

    def _mask(self, text: str) -> str:
        return _replace(_replace(text, self._subject.names, _ACCOUNT), (self._subject.owner,), _OWNER)


def _is_past(text: str, amount: Amount) -> bool:
    """Return whether the words before a number, or an arrow after it, say that it held once."""
    near = re.split(r"[;.]\s", text[: amount.start][-_PAST_REACH:])[-1]
    if text[amount.end :].lstrip().startswith("\N{RIGHTWARDS ARROW}"):
        return True
    return bool(_PAST.search(near)) and not _NOW.search(near)


def _counts_what_is_cited(amount: Amount, text: str, carriers: Carriers) -> bool:
    """Return whether the number counts the signals that are cited: "three drivers carry it", "the two come to"."""
    listed = bool(_LISTED_NOUNS.intersection(amount.noun)) or (not amount.noun and _THOSE.search(text[: amount.start]))
    return not amount.unit and bool(listed) and amount.size <= carriers.pieces


def _replace(text: str, names: Sequence[str], by: str) -> str:
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", by, text, flags=re.IGNORECASE)
    return text


def _as_read(text: str) -> str:
    """Return the text with its number words as digits, without what only proposes."""
    return write_digits(without_proposals(text))


def _without(text: str, terms: Sequence[str]) -> str:
    """Return the text with these phrases in lower case, however they are capitalised."""
    for term in sorted(filter(None, terms), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(term)}", lambda match: match.group().casefold(), text, flags=re.IGNORECASE)
    return text


def _without_quotations(text: str, sources: Sequence[str]) -> str:
    """Return the text with what it quotes word for word left out."""
    folded = [" ".join(source.split()).casefold() for source in sources]

    def drop(match: re.Match[str]) -> str:
        quoted = " ".join(match[1].split()).casefold()
        return "“”" if any(quoted in source for source in folded) else match.group()

    return _QUOTE.sub(drop, text)


_CLAUSE: Final = re.compile(r"[;:.!?(),\u2014\u2013]\s|\s(?:while|whereas|but|because|since|so|where|as)\s")
_OWN: Final = re.compile(r"\b(?:they|their|theirs|the account|this account|this customer)\b", re.IGNORECASE)
_FORECAST: Final = re.compile(r"\b(?:the|this|our|today's) (?:forecast|prediction|baseline)\b", re.IGNORECASE)
_OTHERS: Final = re.compile(
    r"\b(?i:customers?|accounts(?! with us)|companies|company|firms?|teams|buyers?|prospects|peers|users|leaders|"
    r"tenants?|vendors?|competitors?|rivals?|others?|deals?|evaluations?|opportunit(?:y|ies)|we|our|ours|us|market|industry|sector|"
    r"median|average|typical(?:ly)?|reference|survey|who|engineers|product|platform|practices|households|clients|"
    r"with less|with more)\b|\b[A-Z]\w+[A-Z]\w+\b"
)


_OPENING: Final = re.compile(
    r"(?:^|[.!?:;]\s)(?:among|of|across|for|in|at|with|when|where)\s[^,.;:!?]*,\s$", re.IGNORECASE
)


def _is_about_account(text: str, place: int) -> bool:
    """Return whether the clause in which this place lies says something of the account and of nobody else."""
    start = max((match.end() for match in _CLAUSE.finditer(text, 0, place)), default=0)
    end = next((match.start() for match in _CLAUSE.finditer(text, place)), len(text))
    clause = text[start:end]
    own = _OWN.search(clause[: place - start]) or _FORECAST.search(clause)
    # "Among companies that left, 71 percent had made up their minds"
    opening = _OPENING.search(text[:start])
    return bool(own) and not _OTHERS.search(clause) and not (opening and _OTHERS.search(opening.group()))
