"""Why an account gets as many actions as it does, and what another number of them would take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.evidence import Evidence, EvidenceKind, format_actions
from bot.normalise import normalise
from bot.tools.context import ToolResult, draft
from pipeline.errors import NoRulesError
from pipeline.turning_points import find_turning_points
from pipeline.what_if import LABEL
from storage.records import ReasonKind
from storage.units import format_amount, format_value, rounds_to_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.tools.calls import WhyAllocated
    from bot.tools.context import ToolContext
    from pipeline.allocation.exactly import Exactly
    from pipeline.turning_points import TurningPoint
    from pipeline.what_if import OpenModels
    from storage.records import Account, Words
    from storage.snapshots import Snapshot

# What the brief says of an allocation beyond the question for it, by its citation.
_ASIDE: Final = frozenset({"proof", "rule of scores", "one more of a limit"})
_FOR_WHAT_IT_GETS: Final = frozenset({"given", "last action", "capacity"})
_AGAINST_MORE: Final = frozenset({"next action", "limit", "capacity"})
_STEPS: Final = _FOR_WHAT_IT_GETS | _AGAINST_MORE  # said for one action more or fewer, whatever number is asked about
_CHANGES: Final = "what would change it"
_NAMED: Final = 5
_ID: Final = 40


def why_allocated(context: ToolContext, call: WhyAllocated) -> ToolResult:
    """Return how many actions the account gets and why; asked about another number, what exactly that would take."""
    given = context.brief.account.allocation.actions
    if call.actions is None or call.actions == given:
        return _why_as_many(context)
    steps, named = _take_exactly(context, call.actions)
    more = call.actions > given
    aside = _ASIDE | (_FOR_WHAT_IT_GETS if more else _AGAINST_MORE)
    if steps:
        aside |= _STEPS if abs(call.actions - given) == 1 else _STEPS | {_CHANGES}
    head, *kept = _without(context, aside)
    points = describe_turning_points(context.models, context.snapshot, context.brief.account)
    drafts = [*steps, *kept, *_turning(points[0] if more else points[1])]
    return ToolResult(evidence=(head, *context.number(drafts)), account_ids=named)


def _why_as_many(context: ToolContext) -> ToolResult:
    # Of an account that gets none there is nothing to say for what it gets.
    kept = _without(context, _ASIDE if context.brief.account.allocation.actions else _ASIDE | _FOR_WHAT_IT_GETS)
    elsewhere, named = _elsewhere(context)
    points = describe_turning_points(context.models, context.snapshot, context.brief.account)
    drafts = [*kept, *elsewhere, *(each for text in points for each in _turning(text))]
    return ToolResult(evidence=context.number(drafts), account_ids=named)


def _without(context: ToolContext, aside: frozenset[str]) -> list[Evidence]:
    """Return what the brief says of the allocation, without some of its kinds of reason; the first is the count."""
    found = context.of_kind(EvidenceKind.ALLOCATION)
    return [item for item in found if item.citation.removeprefix("Allocation: ") not in aside]


def _turning(text: str) -> list[Evidence]:
    return [draft(EvidenceKind.ALLOCATION, f"Allocation: {_CHANGES}", text)] if text else []


def describe_turning_points(models: OpenModels, snapshot: Snapshot, account: Account) -> tuple[str, str]:
    """Return what the smallest changes of features with more actions are, and those with fewer; each may be empty."""
    try:
        points = find_turning_points(models.of(snapshot), account)
    except NoRulesError:
        return "", ""
    words = snapshot.info.words
    more, fewer = [each for each in points if each.more], [each for each in points if not each.more]
    return _describe_points(more, words), _describe_points(fewer, words)


def _describe_points(points: list[TurningPoint], words: Words) -> str:
    if not points:
        return ""
    more = "more" if points[0].more else "fewer"
    found = [
        f"{each.feature.label} at {format_value(each.feature, each.value)} instead of "
        f"{format_value(each.feature, each.now)} ({format_actions(each.actions, words)})"
        for each in points
        if each.value is not None and each.actions is not None
    ]
    none = [each.feature.label for each in points if each.value is None]
    told = []
    if found:
        change = "the smallest single change is" if len(found) == 1 else "the smallest single changes are"
        told.append(f"For {more} {words.actions} {change} {_either(found)}.")
    if none:
        effect = f"bring it {more} {words.actions}" if points[0].more else f"leave it {more} {words.actions}"
        told.append(f"No single change of {_either(none)} within the range of all {words.accounts} would {effect}.")
    return f"{' '.join(told)} This is {LABEL}."


def _take_exactly(context: ToolContext, actions: int) -> tuple[list[Evidence], tuple[str, ...]]:
    """Return what exactly so many actions would take, and the accounts named in it; nothing where that is not known."""
    brief = context.brief
    words = brief.snapshot.words
    try:
        model = context.models.of(context.snapshot)
    except NoRulesError:
        return [], ()
    if not model.gives_by_value:
        return [], ()
    citation = f"Allocation: {format_actions(actions, words)}"
    found = model.give_exactly(brief.account.account_id, actions)
    if found is None:
        text = f"Within the limits this {words.account} cannot get {format_actions(actions, words)}."
        return [draft(EvidenceKind.ALLOCATION, citation, text)], ()
    now = model.give_exactly(brief.account.account_id, brief.account.allocation.actions)
    told = [_say_value(found, now, words) if now is not None else ""]
    moved = [each for each in found.moves if context.snapshot.find_account(each.account_id, visible=context.may_see)]
    named = tuple(each.account_id for each in moved[:_NAMED])
    told.append(_say_cost(found, named, words))
    return [draft(EvidenceKind.ALLOCATION, citation, text) for text in told if text], named


def _say_value(found: Exactly, now: Exactly, words: Words) -> str:
    unit = words.unit
    if not found.actions:
        gone = f"the expected {format_amount(now.value, unit)} that {format_actions(now.actions, words)} bring"
        return f"With {format_actions(0, words)} it would go without {gone}."
    difference = found.value - now.value
    side = "more" if difference > 0 else "less"
    bring = "would bring" if found.actions != 1 else "alone would bring"
    text = f"{_capital(format_actions(found.actions, words))} here {bring} an expected "
    text += format_amount(found.value, unit)
    if now.actions:
        text += f", {format_amount(abs(difference), unit)} {side} than {format_actions(now.actions, words)}"
    if found.last is not None and found.actions > 1 and difference > 0:
        text += f"; the last of them would bring {format_amount(found.last, unit)}"
    return f"{text}."


def _say_cost(found: Exactly, named: Sequence[str], words: Words) -> str:
    if found.cost is None:
        return f"What that would cost other {words.accounts} is not proven in the time that an answer has."
    taken = -sum(each.change for each in found.moves)
    less = "no less" if rounds_to_nothing(found.cost, words.unit) else f"{format_amount(found.cost, words.unit)} less"
    shown = [normalise(each, limit=_ID) for each in named]
    if taken > 0:
        where, bring = (
            (f"another {words.account}", "it brings") if taken == 1 else (f"other {words.accounts}", "they bring")
        )
        lead = f"{_capital(format_actions(taken, words))} would be taken from {where}, where {bring} more"
    elif taken < 0:
        where = f"another {words.account}" if taken == -1 else f"other {words.accounts}"
        lead = f"{_capital(format_actions(-taken, words))} would go to {where}"
    else:
        return f"All {words.actions} together would then bring {less}."
    among = (
        f" ({_listed(shown)})" if len(shown) == len(found.moves) else f" (among them {_listed(shown)})" if shown else ""
    )
    return f"{lead}{among}: all {words.actions} together would bring {less}."


def _elsewhere(context: ToolContext) -> tuple[list[Evidence], tuple[str, ...]]:
    """Return who would lose the next action and who would get the last, as far as they may be seen."""
    reasons = context.brief.account.allocation.reasons
    found = []
    named: list[str] = []
    for kind, lead in (
        (ReasonKind.LAST, "The last one would go to"),
        (ReasonKind.NEXT, "One more would be taken from"),
    ):
        seen = [
            each
            for reason in reasons
            if reason.kind is kind
            for each in reason.accounts
            if context.snapshot.find_account(each, visible=context.may_see) is not None
        ]
        if seen:
            shown = [normalise(each, limit=_ID) for each in seen]
            found.append(draft(EvidenceKind.ALLOCATION, "Allocation: elsewhere", f"{lead} {_listed(shown)}."))
            named += seen
    return found, tuple(named)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
