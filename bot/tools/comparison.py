"""The account of the thread beside others that the person who asks may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.brief import drivers_of, normalise_account
from bot.evidence import Evidence, EvidenceKind, describe_effect, format_actions
from bot.normalise import normalise
from bot.tools.accounts import match_accounts
from bot.tools.context import ToolResult, draft
from storage.units import format_amount, format_range, format_value, rounds_to_nothing

if TYPE_CHECKING:
    from bot.evidence import Driver
    from bot.tools.calls import Compare
    from bot.tools.context import ToolContext
    from storage.records import Account

_FEATURES: Final = 4
_SUGGESTED: Final = 3
_TEXT: Final = 80


def compare(context: ToolContext, call: Compare) -> ToolResult:
    """Return where the accounts differ: prediction, actions, strongest features.

    An account that does not exist and one that may not be seen are the same: not known.
    """
    found: list[Evidence] = []
    shown: list[str] = []
    unclear = []
    for asked in dict.fromkeys(call.accounts):
        matches = match_accounts(context.snapshot, asked, may_see=context.may_see)
        if len(matches.named) == 1:
            found += _beside(context, matches.named[0])
            shown.append(matches.named[0].account_id)
        else:
            choices = (matches.named or matches.alike)[:_SUGGESTED]
            unclear.append(_unclear(context, asked, choices, several=bool(matches.named)))
            shown += [each.account_id for each in choices]
    return ToolResult(evidence=context.number(found), objection=" ".join(unclear), account_ids=tuple(shown))


def _unclear(context: ToolContext, asked: str, choices: tuple[Account, ...], *, several: bool) -> str:
    words = context.brief.snapshot.words
    written = normalise(asked, limit=_TEXT)
    listed = " or ".join(_title(normalise_account(each)) for each in choices)
    if several:
        return f"“{written}” names more than one {words.account}: {listed}."
    sentence = f"I know no {words.account} “{written}” that you may see."
    return f"{sentence} Do you mean {listed}?" if listed else f"{sentence} Its id would name it."


def _beside(context: ToolContext, raw: Account) -> list[Evidence]:
    ours, theirs = context.brief.account, normalise_account(raw)
    title = _title(theirs)
    if raw.account_id == ours.account_id:
        return []
    return [
        draft(EvidenceKind.PROFILE, f"{title}: prediction", _predictions(context, theirs), about=title),
        draft(EvidenceKind.ALLOCATION, f"{title}: allocation", _allocations(context, theirs), about=title),
        *_differences(context, theirs, drivers_of(context.snapshot, raw)),
    ]


def _predictions(context: ToolContext, theirs: Account) -> str:
    ours, info = context.brief.account, context.brief.snapshot
    unit, level = info.words.unit, f"{info.card.interval_level * 100:.0f} %"
    difference = ours.predicted - theirs.predicted
    side = "more" if difference > 0 else "less"
    distance = "the same" if rounds_to_nothing(difference, unit) else f"{format_amount(abs(difference), unit)} {side}"
    return (
        f"{ours.name} is predicted {format_amount(ours.predicted, unit)} and {_title(theirs)} "
        f"{format_amount(theirs.predicted, unit)} ({info.words.target}): for {ours.name} that is {distance}. The "
        f"{level} intervals are {format_range(ours.low, ours.high, unit)} and "
        f"{format_range(theirs.low, theirs.high, unit)}."
    )


def _allocations(context: ToolContext, theirs: Account) -> str:
    ours, info = context.brief.account, context.brief.snapshot
    sides = []
    for account, name in ((ours, ours.name), (theirs, _title(theirs))):
        rank = f" at rank {account.allocation.rank:,}" if info.card.ranks else ""
        sides.append(f"{name} gets {format_actions(account.allocation.actions, info.words)}{rank}")
    return f"{' and '.join(sides)}, of {info.accounts:,} {info.words.accounts}."


def _differences(context: ToolContext, theirs: Account, drivers: tuple[Driver, ...]) -> list[Evidence]:
    """Return the features whose effects differ most, and the baselines where these do."""
    brief, unit = context.brief, context.brief.snapshot.words.unit
    title = _title(theirs)
    other = {each.feature.name: each for each in drivers}
    pairs = sorted(((each, other[each.feature.name]) for each in brief.drivers), key=_distance)
    found = []
    for mine, its in pairs[:_FEATURES]:
        if rounds_to_nothing(mine.shap - its.shap, unit):
            continue
        label = mine.feature.label
        text = (
            f"{label} is {format_value(mine.feature, mine.value)} at {brief.account.name}, where it "
            f"{describe_effect(mine.shap, unit)}, and {format_value(its.feature, its.value)} at {title}, where it "
            f"{describe_effect(its.shap, unit)}: a difference of {format_amount(abs(mine.shap - its.shap), unit)}."
        )
        found.append(draft(EvidenceKind.DRIVER, f"{title}: {label}", text, about=title))
    return found


def _distance(pair: tuple[Driver, Driver]) -> float:
    return -abs(pair[0].shap - pair[1].shap)


def _title(account: Account) -> str:
    """Return ``Globex (GLOBEX-007)``."""
    return f"{account.name} ({normalise(account.account_id, limit=_TEXT)})"
