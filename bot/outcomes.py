"""What became of recommended actions: told by people, shown in later briefs, and counted for the digest."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from bot.changes import format_day
from bot.evidence import OUTCOME_CITATION, Evidence, EvidenceKind
from bot.normalise import normalise
from pipeline.written_numbers import take_apart
from storage.state import OutcomeStatus
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.brief import Brief
    from storage.records import Words
    from storage.state import ActionOutcome, State

_SHOWN: Final = 8
_ACTION_CHARACTERS: Final = 160
_REASON_CHARACTERS: Final = 160
_VERBS: Final = {
    OutcomeStatus.DONE: "was done",
    OutcomeStatus.NOT_NOW: "was put off",
    OutcomeStatus.WON: "was won",
    OutcomeStatus.LOST: "was lost",
}


def with_outcomes(brief: Brief, outcomes: tuple[ActionOutcome, ...], *, name_of: Callable[[str], str]) -> Brief:
    """Return the brief with a piece of evidence for each of the newest outcomes of its actions."""
    first = 1 + sum(item.kind is EvidenceKind.PROFILE for item in brief.evidence)
    told = tuple(
        Evidence(
            evidence_id=f"{EvidenceKind.PROFILE}{number}",
            kind=EvidenceKind.PROFILE,
            text=describe_outcome(outcome, who=name_of(outcome.user_id), words=brief.snapshot.words),
            citation=f"{OUTCOME_CITATION}: {outcome.status.value}, {format_day(outcome.at)}",
        )
        for number, outcome in enumerate(outcomes[:_SHOWN], start=first)
    )
    return replace(brief, evidence=(*brief.evidence, *told))


def describe_outcome(outcome: ActionOutcome, *, who: str, words: Words) -> str:
    """Return what became of an action: ``“Offer a demo” was won on 21 Nov 2026 by Dana, for $12.5K``."""
    action = normalise(outcome.action, limit=_ACTION_CHARACTERS).rstrip(".")
    amount = "" if outcome.amount is None else f", for {format_amount(outcome.amount, words.unit)}"
    reason = f": {normalise(outcome.reason, limit=_REASON_CHARACTERS).rstrip('.')}" if outcome.reason else ""
    by = f" by {normalise(who, limit=_ACTION_CHARACTERS)}" if who else ""
    return f"“{action}” {_VERBS[outcome.status]} on {format_day(outcome.at)}{by}{amount}{reason}."


def count_handled(state: State, *, since: datetime) -> Mapping[str, int]:
    """Return how many actions of each account got an outcome from this moment on."""
    handled = {(outcome.account_id, outcome.action) for outcome in state.outcomes_since(since)}
    return Counter(account_id for account_id, _ in handled)


def read_amount(text: str, *, unit: str) -> float | None:
    """Return an amount as people write it, such as ``$12.5K``, ``12 500`` or ``1,2 Mio. €``; None where it is none.

    Of ``12.500`` and ``12,500`` both mean thousands: no amount has three decimals. With a magnitude behind it, as in
    ``1.250M``, they are decimals.
    """
    written = " ".join(text.split())
    if unit and written.casefold().endswith(unit.casefold()):
        written = written[: -len(unit)].strip()
    # Without a currency a small m may be minutes or metres; here only millions are meant.
    first, plain = take_apart(pa.array([written])), take_apart(pa.array([f"${written}"]))
    found = first if first.understood[0] else plain
    if not found.understood[0] or found.percent[0]:
        return None
    comma = bool(found.comma_only[0])
    if found.ambiguous[0]:
        large = abs(float(found.factor[0])) >= _THOUSAND
        comma = ("," in written) == large
    value = float(found.read("," if comma else ".")[0])
    return value if math.isfinite(value) and value >= 0 else None


_THOUSAND: Final = 1000.0
