"""Why an account gets its actions, in sentences: the words of the business, amounts in its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.records import AllocationReason, ReasonKind
from storage.units import format_amount, last_digit, round_as_written, rounds_to_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.allocation.problem import Terms
    from pipeline.allocation.reasons import Step, Why, Worth

_NAMED = 5
"""How many other accounts a reason remembers."""


def write_line(why: Why, terms: Terms) -> str:
    """Return the reason in one line: what the actions bring, and what one more would."""
    line = (
        f"{_count(why, terms)} {_bring(why)} an expected {_amount(why.value, terms)}" if why.actions else _none(terms)
    )
    step = why.more
    if step.action is None:
        return f"{line}; it can take no other."
    further = (
        f"one more{_of_type(step, terms)} would bring {_amount(step.gain, terms)}"
        if why.actions
        else f"one{_of_type(step, terms)} would bring {_amount(step.gain, terms)}"
    )
    if step.cost is None or not step.exact:
        bar = f", but would exceed {_listed(step.limits)}" if step.limits else ""
    elif step.moves:
        bar = f", {_amount(step.cost, terms)} less than elsewhere"
    else:
        bar = ""
    return f"{line}; {further}{bar}."


def write_reasons(
    why: Why, terms: Terms, *, worths: Sequence[Worth] = (), gap: float = 0.0
) -> tuple[AllocationReason, ...]:
    """Return every reason as a sentence; ``worths`` are those of the limits that the account falls under."""
    return tuple(
        AllocationReason(kind=kind, text=text, accounts=_others(why, kind))
        for kind, text in (
            *_given(why, terms),
            *((ReasonKind.GIVEN, each) for each in _cautious(why, terms)),
            *((ReasonKind.BLOCKED, each) for each in _blocked(why, terms)),
            *((ReasonKind.LAST, each) for each in _last(why, terms)),
            *((ReasonKind.NEXT, each) for each in _next(why, terms)),
            *((ReasonKind.LIMIT, each) for each in _limits(why, terms)),
            *((ReasonKind.CHANGE, each) for each in _change(why, terms)),
            *((ReasonKind.WORTH, each) for each in _worths(worths, terms)),
            (ReasonKind.PROOF, _proof(why, terms, gap)),
        )
    )


def _others(why: Why, kind: ReasonKind) -> tuple[str, ...]:
    step = {ReasonKind.LAST: why.fewer, ReasonKind.NEXT: why.more}.get(kind)
    return () if step is None else tuple(move.account_id for move in step.moves[:_NAMED])


def _given(why: Why, terms: Terms) -> Iterator[tuple[ReasonKind, str]]:
    if not why.actions:
        yield ReasonKind.GIVEN, f"It gets {_none(terms).lower()}."
        return
    listed = ""
    if terms.one_of:
        listed = f" ({_listed([_typed(name, count, terms) for name, count in why.actions])})"
    brings = _bring(why)
    yield (
        ReasonKind.GIVEN,
        f"It gets {_count(why, terms)}{listed}, which {brings} an expected {_amount(why.value, terms)}.",
    )


def _cautious(why: Why, terms: Terms) -> Iterator[str]:
    if terms.caution:
        yield (
            f"Its cautious value is {_amount(why.predicted, terms)}: its prediction less "
            f"{format_amount(terms.caution, '%')} of what lies between that and the low end of its interval."
        )


def _blocked(why: Why, terms: Terms) -> Iterator[str]:
    for action, reason in why.blocked:
        yield f"It must get no {action or terms.actions}: {reason.rstrip('.')}."


def _last(why: Why, terms: Terms) -> Iterator[str]:
    step = why.fewer
    if step is None:
        return
    last = (
        f"The last one{_of_type(step, terms)} brings {_amount(step.gain, terms)}"
        if step.action
        else "Its last one is needed"
    )
    if step.cost is None:
        yield f"{last} and cannot go elsewhere" + (
            f": {_listed(step.limits)} would not be met." if step.limits else "."
        )
    elif not (step.exact and step.single):
        yield f"{last}; with one fewer here all {terms.actions} together would bring {_less(step, step.cost, terms)}."
    elif step.moves and rounds_to_nothing(step.cost, terms.unit):
        yield f"{last}, as much as the best use elsewhere."
    elif step.moves:
        yield f"{last}, {_amount(step.cost, terms)} more than the best use elsewhere."
    else:
        yield f"{last}, and no other {terms.account} could use it."


def _next(why: Why, terms: Terms) -> Iterator[str]:
    step = why.more
    if step.action is None and step.cost is None:
        yield f"It can take no other {terms.action}."
        return
    one = "One more" if why.actions else "One"
    gain = (
        f"{one}{_of_type(step, terms)} would bring {_amount(step.gain, terms)}"
        if step.action
        else f"{one} would need another mix of {terms.actions}"
    )
    if step.cost is None:
        yield f"{gain}, but cannot be given."
    elif not (step.exact and step.single):
        less = _less(step, step.cost, terms)
        yield f"{gain}; with {one.lower()} here all {terms.actions} together would bring {less}."
    elif step.moves and rounds_to_nothing(step.cost, terms.unit):
        yield f"{gain}, no more than where it would be taken."
    elif step.moves:
        yield f"{gain}, {_amount(step.cost, terms)} less than where it would be taken."
    else:
        yield (
            f"{gain}, and nothing would be lost elsewhere."
            if step.cost <= 0
            else f"{gain} and cost {_amount(step.cost, terms)}."
        )


def _limits(why: Why, terms: Terms) -> Iterator[str]:
    if why.more.limits:
        more = "One more" if why.actions else "One"
        action = terms.one_of.get(why.more.action or "", terms.action)
        yield f"{more} {action} here alone would exceed {_listed(why.more.limits)}."
    if why.fewer is not None and why.fewer.limits and why.fewer.cost is not None:
        yield f"One fewer here alone would miss {_listed(why.fewer.limits)}."


def _change(why: Why, terms: Terms) -> Iterator[str]:
    up, now = why.more.threshold, _amount(why.predicted, terms)
    down = None if why.fewer is None else why.fewer.threshold
    one = "one more" if why.actions else "one"
    value = "a cautious value" if terms.caution else "a predicted value"
    if up is not None and why.more.exact:
        written = _amount(_ceiling(up, terms.unit), terms)
        yield (
            f"From {value} just above its own of {now} on it would get {one}."
            if written == now
            else f"From {value} of {written} on (now {now}) it would get {one}."
        )
    elif up is not None:
        yield f"For {one} it would need {value} of at least {_amount(_floor(up, terms.unit), terms)} (now {now})."
    if down is not None and why.fewer is not None and why.fewer.exact:
        written = _amount(_floor(down, terms.unit), terms)
        yield (
            f"From {value} just below its own of {now} on it would lose one."
            if written == now
            else f"Below {value} of {written} (now {now}) it would lose one."
        )
    elif down is not None:
        yield f"Down to {value} of {_amount(_ceiling(down, terms.unit), terms)} (now {now}) it loses none."


def _worths(worths: Sequence[Worth], terms: Terms) -> Iterator[str]:
    for worth in worths:
        step = "fewer" if worth.limit.at_least else "more"
        yield f"One {step} than {worth.limit} would bring {_amount(worth.amount, terms)} in all."


def _proof(why: Why, terms: Terms, gap: float) -> str:
    if gap:
        return (
            f"That nothing within the limits brings more is proven but for {_share(gap)} of what could be brought "
            "at best."
        )
    steps = [step for step in (why.more, why.fewer) if step is not None]
    bounds = "; what a step costs is proven as a least amount" if not all(step.exact for step in steps) else ""
    return f"It is proven that no other way to give the {terms.actions} within the limits brings more{bounds}."


def _none(terms: Terms) -> str:
    text = f"no {terms.action}"
    return text[0].upper() + text[1:]


def _count(why: Why, terms: Terms) -> str:
    total = sum(count for _, count in why.actions)
    return f"1 {terms.action}" if total == 1 else f"{total:,} {terms.actions}"


def _bring(why: Why) -> str:
    return "brings" if sum(count for _, count in why.actions) == 1 else "bring"


def _typed(name: str, count: int, terms: Terms) -> str:
    return f"1 {terms.one_of.get(name, name)}" if count == 1 else f"{count:,} {name}"


def _of_type(step: Step, terms: Terms) -> str:
    return f" ({terms.one_of.get(step.action or '', step.action)})" if terms.one_of else ""


def _less(step: Step, cost: float, terms: Terms) -> str:
    """Say by how much less all actions bring with a step: exactly, or at least."""
    least = cost if step.exact else _floor(cost, terms.unit)
    if rounds_to_nothing(least, terms.unit):
        return "as much" if step.exact else "no more"
    return f"{'' if step.exact else 'at least '}{_amount(least, terms)} less"


def _floor(value: float, unit: str) -> float:
    """Return the amount as it is written, or the one below where that is more than it is."""
    written = round_as_written(value, unit)
    return written if written <= value else max(0.0, written - last_digit(value, unit))


def _ceiling(value: float, unit: str) -> float:
    written = round_as_written(value, unit)
    return written if written >= value else written + last_digit(value, unit)


def _amount(value: float, terms: Terms) -> str:
    return format_amount(value, terms.unit)


def _share(gap: float) -> str:
    percent = max(gap, 1e-6) * 100
    return f"{percent:.0f} %" if percent >= 1 else f"{percent:.1g} %"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
