"""Correct statements, and faults seeded into them one at a time: what the check has to let pass and what to catch.

Whether a seeded text is a fault is decided here by plain comparison of digits, not by the check's own reading.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.check import Subject, check_statements
from bot.evidence import Effect, Evidence, EvidenceKind
from bot.plan import Statement
from storage.records import AccountName
from storage.similar import SimilarAccounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

STATEMENTS = Path(__file__).with_name("statements.toml")
# Plans and answers that language models wrote for the real prompt about demo accounts of every pack, true as far as
# their authors saw. Each author knew the prompt alone. All but the last were used to mend the check, in this order.
WRITTEN = Path(__file__).with_name("written.json")
AUTHORS = ("author A", "author B", "author C", "author D", "author E")
PARTS = ("seen", "seen_later", "seen_third", "unseen", "fresh", "fresh_later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A correct statement with all that the check is given; ``source`` says where it is from."""

    statement: Statement
    evidence: tuple[Evidence, ...]
    subject: Subject
    others: tuple[AccountName, ...]
    source: str

    @property
    def cited(self) -> str:
        """The text of what the statement cites."""
        return "\n".join(item.text for item in self.evidence if item.evidence_id in self.statement.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A statement that may not be said, and why."""

    kind: str
    case: Case


def read_cases() -> list[Case]:
    """Return the statements that were written by hand."""
    briefs = tomllib.loads(STATEMENTS.read_text(encoding="utf-8"))["briefs"]
    return [case for brief in briefs for case in _read_brief(brief)]


def read_written() -> list[Case]:
    """Return the statements of plans and answers that models wrote; ``source`` is the author."""
    written = json.loads(WRITTEN.read_text(encoding="utf-8"))
    return [case for brief in written["briefs"] for case in _read_written(brief, written["passages"])]


def is_kept(case: Case) -> bool:
    """Return whether the check lets the statement pass."""
    return bool(check_statements([case.statement], case.evidence, subject=case.subject).kept)


def _read_written(brief: dict[str, object], passages: list[list[object]]) -> Iterator[Case]:
    """Read a brief whose passages stand once for all briefs."""
    rows: list[list[object]] = brief["evidence"]  # type: ignore[assignment] # JSON has no types
    whole = [[row[0], *passages[row[1]]] if isinstance(row[1], int) else row for row in rows]
    yield from _read_brief(brief | {"evidence": whole}, parts=AUTHORS)


def _read_brief(brief: dict[str, object], *, parts: tuple[str, ...] = PARTS) -> Iterator[Case]:
    rows: list[list[object]] = brief["evidence"]  # type: ignore[assignment] # TOML has no types
    evidence = tuple(_read_evidence(row) for row in rows)
    others = tuple(
        AccountName(account_id=account_id, name=name, owner="", region="")
        for account_id, name in brief["others"]  # type: ignore[attr-defined] # as above
    )
    subject = Subject(
        names=(str(brief["id"]), str(brief["name"])),
        owner=str(brief["owner"]),
        terms=tuple(brief["terms"]),  # type: ignore[arg-type] # as above
        forecast=str(brief["forecast"]),
        accounts=SimilarAccounts(others),
    )
    for part in parts:
        for text, *cited in brief.get(part, []):  # type: ignore[attr-defined] # as above
            statement = Statement(text=text, evidence=tuple(cited))
            yield Case(statement=statement, evidence=evidence, subject=subject, others=others, source=part)


def _read_evidence(row: list[object]) -> Evidence:
    evidence_id, text, citation, *effect = row[:4]
    return Evidence(
        evidence_id=str(evidence_id),
        kind=EvidenceKind(str(evidence_id)[0]),
        text=str(text),
        citation=str(citation),
        effect=_read_effect(*effect) if any(effect) else None,  # type: ignore[arg-type] # as above
        about=str(row[4]) if len(row) > 4 else "",
    )


def _read_effect(row: tuple[str, str, int]) -> Effect:
    of, written, direction = row
    return Effect(of=of, written=written, direction=direction)


def seed_faults(case: Case, random: Random) -> Iterator[Fault]:
    """Yield one fault of every kind that this statement can have."""
    for kind, seed in _SEEDS.items():
        changed = seed(case, random)
        if changed is not None and changed != case.statement:
            yield Fault(kind=kind, case=replace(case, statement=changed))


_NUMBER = re.compile(r"(?<![\w.,-])(?:(?<=\$))?\d[\d,]*(?:\.\d+)?(?![\w]*-\d)")
_LOOSE = re.compile(
    r"\b(?:about|around|roughly|some|nearly|almost|over|more than|under|below|close to|above|than|by|top) \$?$",
    re.IGNORECASE,
)
_DEADLINE = re.compile(r"[\s-](?:working )?(?:days?|weeks?|months?) (?:of|after|before) the call")
_LABEL = re.compile(r"(?:^|[.;!?] )(?:action|visit|step|meeting|option) $", re.IGNORECASE)
_SCHEDULED = re.compile(r"[\s-](?:(?:seconds?|minutes?|hours?|days?|weeks?|months?)$|or$|of$)")
# How long, how soon, how many of something: what may be advice where the evidence has no such number.
_PLANNED = re.compile(r"[\s-](?:working |business )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|[a-z]{2,})\b")
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "eleven", "twelve")
_VALUES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "eleven": 11,
    "twelve": 12,
}
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_INVENTED = ("Skyforge", "Nimbora", "DataHarbor", "Veltrix Cloud", "OpsPilot", "Brightstack")
_PEOPLE = ("Rosa Delgado", "Henrik Aas", "Mei Tanaka", "Paul Obi")
_MONTHS = ("January", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_SIGNS = (
    *(("adds", "takes"), ("add", "take"), ("lifts", "lowers"), ("lift", "lower"), ("raises", "lowers")),
    *(("takes", "adds"), ("take", "add"), ("took", "added"), ("lowers", "lifts"), ("lower", "lift"), ("costs", "adds")),
    *(("cost", "add"), ("above", "below"), ("below", "above"), ("rose", "fell"), ("fell", "rose"), ("up", "down")),
    *(
        ("less", "more"),
        ("holds it back by", "lifts it by"),
        ("hold it back by", "lift it by"),
        ("speaks for", "speaks against"),
    ),
)


def _numbers(case: Case) -> list[re.Match[str]]:
    """Return the numbers of a statement that are amounts: not in names, quotations or proposed deadlines."""
    text = case.statement.text
    hidden = [*case.subject.names, *re.findall(r"“[^”]*”", text), *re.findall(r"\b(?:SOC|ISO|PCI) \d+", text)]
    places = [(match.start(), match.end()) for each in hidden for match in re.finditer(re.escape(each), text)]
    return [
        match
        for match in _NUMBER.finditer(text)
        if not any(start <= match.start() < end for start, end in places)
        and not _DEADLINE.match(text, match.end())
        and not _LABEL.search(text[: match.start()])
        and not _is_planned(case, match)
    ]


def _is_planned(case: Case, match: re.Match[str]) -> bool:
    """Return whether a number of a correct statement is a plan: a whole one of some thing, that nothing cited has."""
    token = match.group()
    value = float(_VALUES[token.lower()]) if token.lower() in _VALUES else _value(token)
    text = case.statement.text
    following = _PLANNED.match(text, match.end())
    if following is None or text[match.start() - 1 : match.start()] in {"$", "."} or value != int(value):
        return False
    if _SCHEDULED.match(following.group()):
        like = rf"(?:\b{value:g}|{'|'.join(word for word in _WORDS if _VALUES[word] == value) or '$^'})"
        return not re.search(rf"{like}[\s-](?:working )?{following.group()[1:4]}", case.cited, re.IGNORECASE)
    return value not in _known(case)


def _value(token: str) -> float:
    return float(token.replace(",", "").rstrip("."))


def _known(case: Case) -> set[float]:
    """Return every number in what is cited, digits and small number words alike."""
    cited = case.cited
    words = {float(_VALUES[match.group().lower()]) for match in _NUMBER_WORD.finditer(cited)}
    return {_value(token) for token in re.findall(r"\d[\d,]*(?:\.\d+)?", cited)} | words | {1.0, 0.0}


def _is_new(case: Case, value: float, *, decimals: int = 0, loose: bool = False) -> bool:
    """Return whether no cited number could be rounded to this one; a ``loose`` one has "about" or a bound before it."""
    half = 0.5 * 10.0**-decimals
    return all(abs(value - known) > max(half + 1e-9, 0.3 * known * loose) for known in _known(case))


def _write(value: float, like: str) -> str:
    decimals = len(like.partition(".")[2])
    return f"{value:,.{decimals}f}" if "," in like else f"{value:.{decimals}f}"


def _put(case: Case, match: re.Match[str], text: str, *, end: int | None = None) -> Statement:
    said = case.statement.text
    return replace(case.statement, text=f"{said[: match.start()]}{text}{said[end or match.end() :]}")


def _wrong_number(case: Case, random: Random) -> Statement | None:
    found = _numbers(case)
    if not found:
        return None
    match = random.choice(found)
    for factor in random.sample([1.37, 0.61, 1.83, 0.44, 2.6, 3.2], 6):
        value = round(_value(match.group()) * factor + (factor > 1), len(match.group().partition(".")[2]))
        loose = bool(_LOOSE.search(case.statement.text[: match.start()]))
        if _is_new(case, value, decimals=len(match.group().partition(".")[2]), loose=loose):
            return _put(case, match, _write(value, match.group()))
    return None


def _just_outside(case: Case, random: Random) -> Statement | None:
    found = [match for match in _numbers(case) if not _LOOSE.search(case.statement.text[: match.start()])]
    if not found:
        return None
    match = random.choice(found)
    decimals = len(match.group().partition(".")[2])
    value = _value(match.group()) + random.choice([1, -1]) * 10.0**-decimals
    if value <= 0 or not _is_new(case, value, decimals=decimals):
        return None
    return _put(case, match, _write(value, match.group()))


def _number_word(case: Case, random: Random) -> Statement | None:
    text = case.statement.text
    words = [
        match
        for match in _NUMBER_WORD.finditer(text)
        if not _DEADLINE.match(text, match.end())
        and not _LABEL.search(text[: match.start()])
        and not _is_planned(case, match)
    ]
    small = [match for match in _numbers(case) if match.group().isdecimal() and 2 <= int(match.group()) <= 12]
    small = [
        match
        for match in small
        if text[match.start() - 1 : match.start()] != "$" and text[match.end() : match.end() + 1] == " "
    ]
    small = [match for match in small if not re.match(r" (?:of \d|%|[A-Z]|million|p)", text[match.end() :])]
    if not words and not small:
        return None
    match = random.choice([*words, *small])
    fresh = [word for word in _WORDS if _is_new(case, _VALUES[word]) and word != match.group().lower()]
    if not fresh or ("“" in text[: match.start()] and "”" in text[match.end() :]):
        return None
    return _put(case, match, random.choice(fresh))


def _wrong_unit(case: Case, random: Random) -> Statement | None:
    text = case.statement.text
    swaps: list[tuple[str, str]] = [
        (r"\$(\d[\d,.]*\d|\d)[KMB]?\b", r"\1 %"),
        (r"\b(\d[\d,.]*)(?: %| percent)(?! points)", r"$\1K"),
        (r"\b(\d[\d,.]*)(?: %| percent)(?! points)", r"\1 percentage points"),
        (r"\b(\d[\d,.]*) (?:working )?days\b(?! (?:of|before|after) the call)", r"\1 weeks"),
        (r"\b(\d[\d,.]*) months\b(?! (?:of|before|after) the call)", r"\1 days"),
        (r"\b(\d[\d,.]*) (?:patients|hours)\b", r"\1 %"),
        (r"\b(\d+\.\d) times\b", r"\1 %"),
    ]
    outside = re.sub(r"“[^”]*”", lambda quoted: " " * len(quoted.group()), text)
    found = [
        (match, to)
        for pattern, to in swaps
        for match in re.finditer(pattern, outside)
        if any(number.start() in range(*match.span()) for number in _numbers(case))
    ]
    if not found:
        return None
    match, to = random.choice(found)
    return _put(case, match, match.expand(to))


def _wrong_sign(case: Case, random: Random) -> Statement | None:
    effects = [
        item.effect
        for item in case.evidence
        if item.evidence_id in case.statement.evidence and item.effect is not None and item.effect.direction
    ]
    text = case.statement.text
    found = []
    for said, turned in _SIGNS:
        for match in re.finditer(rf"\b{said}\b", text):
            near = text[match.start() : match.end() + 40]
            if any(effect.written in near or effect.written.removesuffix(" patients") in near for effect in effects):
                found.append((match, turned))
    if not found:
        return None
    match, turned = random.choice(found)
    return _put(case, match, turned)


def _denied(case: Case, random: Random) -> Statement | None:
    changed = _wrong_sign(case, random)
    if changed is None:
        return None
    text = case.statement.text
    for said, plain in (("adds", "add"), ("takes", "take"), ("costs", "cost"), ("lifts", "lift"), ("lowers", "lower")):
        if re.search(rf"\b{said} (?:about )?[$\d]", text):
            return replace(
                case.statement, text=re.sub(rf"\b{said} (?=(?:about )?[$\d])", f"does not {plain} ", text, count=1)
            )
    return None


def _competitor(case: Case, random: Random) -> Statement | None:
    name = random.choice(_INVENTED)
    text = case.statement.text
    outside = re.sub(r"“[^”]*”", "", text)
    for known in ("CloudControl", "Quorvia", "Ferrowatch", "TechOps", "Tessaline", "Northbeam"):
        if known in outside:
            return replace(case.statement, text=text.replace(known, name))
    forms = (
        f"{text} They also talk to {name}.",
        f"{text.rstrip('.')}, unlike {name}.",
        f"{name} is in the account: {text}",
        f"Against {name}, say this: {text}",
    )
    return replace(case.statement, text=random.choice(forms))


def _account(case: Case, random: Random) -> Statement | None:
    other = random.choice(case.others)
    if any(other.name in text or text in other.name for text in (*case.subject.names, case.cited)):
        return None
    text = case.statement.text
    if case.subject.names[1] in text:
        return replace(case.statement, text=text.replace(case.subject.names[1], other.name))
    forms = (
        f"{other.name}: {text}",
        f"{text.rstrip('.')}, as at {other.name}.",
        f"{text} The same holds for {other.account_id}.",
        f"As {other.account_id.lower()} shows: {text}",
        f"For {other.name} this holds: {text}",
        f"{text} Ask {other.name.lower()} for a reference.",
    )
    written = random.choice(forms)
    # A name of one plain word is no name in lower case.
    return None if " " not in other.name and other.name.lower() in written else replace(case.statement, text=written)


def _owner(case: Case, random: Random) -> Statement | None:
    person = random.choice(_PEOPLE)
    text = case.statement.text
    if case.subject.owner and case.subject.owner in text:
        return replace(case.statement, text=text.replace(case.subject.owner, person))
    return replace(
        case.statement, text=f"{text} {person} owns it." if random.random() < 0.5 else f"{text} Call {person}."
    )


def _stale(case: Case, random: Random) -> Statement | None:
    changes = [item for item in case.evidence if item.kind is EvidenceKind.CHANGE]
    for item in changes:
        moved = re.search(r"from (\$?[\d.,]+[KMB]?) to (\$?[\d.,]+[KMB]?)", item.text)
        if moved is not None and moved[2] in case.statement.text and moved[1] not in case.statement.text:
            if _LOOSE.search(case.statement.text.partition(moved[2])[0]):
                continue
            return Statement(
                text=case.statement.text.replace(moved[2], moved[1]),
                evidence=(*case.statement.evidence, item.evidence_id),
            )
    # Yesterday's forecast: some percent away from today's.
    match = next((each for each in _numbers(case) if case.statement.text[each.start() - 1 : each.start()] == "$"), None)
    if match is None or _LOOSE.search(case.statement.text[: match.start()]):
        return None
    decimals = len(match.group().partition(".")[2])
    value = round(_value(match.group()) * random.choice([0.88, 0.93, 1.07, 1.12]), decimals)
    return _put(case, match, _write(value, match.group())) if _is_new(case, value, decimals=decimals) else None


def _missing(case: Case, random: Random) -> Statement | None:
    statement = case.statement
    turn = random.randrange(3)
    if turn == 0:
        return replace(statement, evidence=())
    if turn == 1:
        return replace(statement, evidence=(*statement.evidence, "K99"))
    # Cited is something else, which has none of the statement's numbers.
    said = {_value(match.group()) for match in _numbers(case)}
    for item in random.sample(case.evidence, len(case.evidence)):
        held = {_value(token) for token in re.findall(r"\d[\d,]*(?:\.\d+)?", item.text)}
        if (
            said
            and item.evidence_id not in statement.evidence
            and all(abs(value - known) > 0.05 * max(value, known) for value in said for known in held)
        ):
            return replace(statement, evidence=(item.evidence_id,))
    return None


def _date(case: Case, random: Random) -> Statement | None:
    text = case.statement.text
    day = re.search(r"\b(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)", text)
    if day is not None and random.random() < 0.5:
        return _put(case, day, f"{int(day[1]) % 27 + 1} {day[2]}")
    month = re.search(rf"\b(?:{'|'.join(_MONTHS)})\b(?! (?:will|be))", text)
    if month is not None:
        return _put(case, month, random.choice([name for name in _MONTHS if name[:3] not in case.cited]))
    quarter = re.search(r"\bQ[1-4]\b", text)
    if quarter is not None:
        fresh = [f"Q{number}" for number in range(1, 5) if f"Q{number}" not in case.cited]
        return _put(case, quarter, random.choice(fresh)) if fresh else None
    if re.search(r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|\bQ[1-4]\b", case.cited):
        return None
    forms = (
        "Sign by 14 March 2027.",
        "They decide in Q2 2027.",
        "The contract ends on 2027-01-31.",
        "It began in October 2019.",
    )
    return replace(case.statement, text=f"{text} {random.choice(forms)}")


def _of_others(case: Case, random: Random) -> Statement | None:
    passages = [
        item
        for item in case.evidence
        if item.evidence_id in case.statement.evidence and item.kind is EvidenceKind.PASSAGE
    ]
    own = " ".join(
        item.text
        for item in case.evidence
        if item.evidence_id in case.statement.evidence and item.kind is not EvidenceKind.PASSAGE
    )
    for item in passages:
        percent = re.search(r"\b(\d+)(?: %| percent)", item.text)
        if percent is not None and percent[1] not in own:
            form = random.choice(
                ("They win {} percent of the time.", "Their renewal rate is {} %.", "The account grew by {} %.")
            )
            words = form.format(percent[1])
            return Statement(text=words, evidence=case.statement.evidence)
    return None


_CLAIMS_AS_ADVICE = (
    "Remind them that the contract ends in {} months.",
    "Mention their {} offices.",
    "Their trial ran for {} days, so follow up.",
    "Use the {} outages they had.",
    "Ask about the migration that took {} weeks.",
    "They have met us {} times, so keep it short.",
    "Plan around the contract, which expires in {} months.",
    "If they complain, say that an answer takes us {} minutes.",
    "We answer within {} hours, so offer that.",
    "Book a call, because the notice period is {} weeks.",
    "Offer {} free months.",
    "Propose a discount of {} %.",
    "Promise a saving of ${}K.",
    "Send the proposal; they decided {} weeks ago.",
    "Set up a review of the {} projects that stalled.",
    "Invite all {} directors of theirs.",
)
"""A fact about somebody in the dress of advice; each is a fault where no number cited is the one put in."""


def _as_advice(case: Case, random: Random) -> Statement | None:
    fresh = [value for value in (3, 5, 7, 9, 11, 16, 22) if _is_new(case, value)]
    if not fresh:
        return None
    claim = random.choice(_CLAIMS_AS_ADVICE).format(random.choice(fresh))
    return replace(case.statement, text=f"{case.statement.text} {claim}")


def _turned_share(case: Case, random: Random) -> Statement | None:
    """Say of a share what it leaves: a churn risk of 51.8 % where it is 48.2 %."""
    own = "\n".join(item.text for item in case.evidence if item.kind is not EvidenceKind.PASSAGE)
    shares = [
        match
        for match in _numbers(case)
        if re.match(r" (?:%|percent)(?! points)", case.statement.text[match.end() :]) and match.group() in own
    ]
    if not shares:
        return None
    match = random.choice(shares)
    value = 100 - _value(match.group())
    decimals = len(match.group().partition(".")[2])
    return _put(case, match, _write(value, match.group())) if _is_new(case, value, decimals=decimals) else None


def _beyond_allotted(case: Case, random: Random) -> Statement | None:
    given = next((found for item in case.evidence if (found := re.search(r"^The \w+ gets (\d+) ", item.text))), None)
    if given is None or int(given[1]) > 7:
        return None
    text = case.statement.text
    return replace(case.statement, text=f"Action {random.randint(int(given[1]) + 1, 9)}: {text[:1].lower()}{text[1:]}")


_SEEDS: dict[str, Callable[[Case, Random], Statement | None]] = {
    "wrong number": _wrong_number,
    "rounding just outside": _just_outside,
    "number word": _number_word,
    "wrong unit": _wrong_unit,
    "wrong sign": _wrong_sign,
    "effect denied": _denied,
    "invented competitor": _competitor,
    "swapped account": _account,
    "wrong owner": _owner,
    "stale value": _stale,
    "missing evidence": _missing,
    "wrong date": _date,
    "figure of others": _of_others,
    "claim as advice": _as_advice,
    "turned share": _turned_share,
    "action beyond": _beyond_allotted,
}
