"""What changed since the previous snapshot, in sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.normalise import normalise
from storage.records import ChangeKind
from storage.units import (
    format_amount,
    format_amount_change,
    format_value,
    last_digit,
    round_as_written,
    rounds_to_nothing,
)

if TYPE_CHECKING:
    from datetime import date

    from storage.records import Change, Comparison, SnapshotInfo, ValueChange

_TEXT_CHARACTERS: Final = 60
_VALUES_IN_PASSING: Final = 2
_VALUES: Final = 6
PREDICTION_CHANGE: Final = "Change: prediction"


def describe_change(change: Change | None, *, snapshot: SnapshotInfo) -> tuple[tuple[str, str], ...]:
    """Return what changed about an account as (citation, sentence): prediction first, then actions, then values.

    Empty where there is no previous snapshot.
    """
    comparison, words = snapshot.comparison, snapshot.words
    if comparison is None:
        return ()
    since = f"Since {name_day(snapshot, comparison)}"
    if change is None:
        return (("Change", f"{since} nothing about this {words.account} changed."),)
    if change.kind is ChangeKind.NEW:
        return (("Change", f"The {words.account} is new: it was not there on {name_day(snapshot, comparison)}."),)
    sentences = [
        (PREDICTION_CHANGE, _prediction_sentence(change, since, comparison, words.unit)),
        (f"Change: {words.actions}", _actions_sentence(change, since, comparison, snapshot)),
        ("Change: values", _values_sentence(change, since)),
    ]
    return tuple((citation, sentence) for citation, sentence in sentences if sentence)


def describe_big_move(change: Change | None, *, snapshot: SnapshotInfo) -> str:
    """Return a sentence on a prediction that moved by much, else nothing."""
    unit = snapshot.words.unit
    if change is None or snapshot.comparison is None or not change.is_big or rounds_to_nothing(change.move, unit):
        return ""
    direction = "Up" if change.move > 0 else "Down"
    reason = describe_reason(change, snapshot.comparison, unit=unit)
    since = name_day(snapshot, snapshot.comparison)
    return f"{direction} {format_amount(abs(change.move), unit)} since {since}, {reason}."


def describe_reason(change: Change, comparison: Comparison, *, unit: str) -> str:
    """Return the cause that weighs most: ``mostly because its data changed (Demo requests 1 → 4)``."""
    data, model = rounded_parts(change, unit)
    if comparison.not_told_apart is not None or data is None:
        return "because of model and features"
    mostly = "mostly " if data and model else ""
    return f"{mostly}because {_data_cause(change) if (data - model) * change.move >= 0 else _MODEL}"


def list_values(change: Change, *, most: int) -> str:
    """Return the changed values, ``Demo requests 1 → 4, Budget quarter Q1 → Q2 and 3 more``."""
    more = len(change.values) - most
    return ", ".join(map(_value, change.values[:most])) + (f" and {more} more" if more > 0 else "")


def name_day(snapshot: SnapshotInfo, comparison: Comparison) -> str:
    """Return the day of the previous data: ``21 Nov 2026``; within one day it is the snapshot that is named."""
    day = format_day(comparison.previous_as_of)
    if comparison.previous_as_of.date() != snapshot.source.as_of.date():
        return day
    return f"snapshot {comparison.previous_id.partition('-')[0]} of the same day ({day})"


def format_day(day: date) -> str:
    """Return ``21 Nov 2026``."""
    return f"{day.day} {day:%b %Y}"


_MODEL: Final = "the model changed"


def _prediction_sentence(change: Change, since: str, comparison: Comparison, unit: str) -> str:
    before, after = (format_amount(each or 0.0, unit) for each in (change.predicted_before, change.predicted_after))
    data, model = rounded_parts(change, unit)
    stayed = rounds_to_nothing(change.move, unit)
    if stayed and not data and not model:
        return f"{since} the prediction stayed at {after}."
    verb = "rose" if change.move > 0 else "fell"
    start = (
        f"{since} the prediction stayed at {after}"
        if stayed
        else f"{since} the prediction {verb} by {format_amount(abs(change.move), unit)}, from {before} to {after}"
    )
    if data is None:
        together = "all of it by model and features, which cannot be told apart"
        return f"{start}: {together} because {comparison.not_told_apart}."
    if data and model:
        # With one sign the amounts say enough; with two, each has to show its own.
        signed = data * model < 0 or stayed
        by_data, by_model = (
            format_amount_change(part, unit) if signed else format_amount(abs(part), unit) for part in (data, model)
        )
        return f"{start}: {by_data} because {_data_cause(change)} and {by_model} because {_MODEL}."
    return f"{start}, all of it because {_data_cause(change) if data else _MODEL}."


def _actions_sentence(change: Change, since: str, comparison: Comparison, snapshot: SnapshotInfo) -> str:
    before, after = change.actions_before or 0, change.actions_after or 0
    if before == after:
        return ""
    # Actions are competed for: they can change with nothing but the data of other accounts.
    words = snapshot.words
    data = f"the data of other {words.accounts} changed"
    if change.values:
        data = "its data and those of others changed"
    parts = (
        (change.actions_by_data, data),
        (change.actions_by_model, _MODEL if change.actions_by_data is not None else "model and features changed"),
        (change.actions_by_rules, _rules_cause(comparison, snapshot)),
    )
    told = [(part, cause) for part, cause in parts if part]
    start = f"{since} its {words.actions} {'rose' if after > before else 'fell'} from {before} to {after}"
    if len(told) == 1:
        return f"{start}, because {told[0][1]}."
    return f"{start}: {', '.join(f'{_count(part)} because {cause}' for part, cause in told)}."


def _rules_cause(comparison: Comparison, snapshot: SnapshotInfo) -> str:
    before, after = comparison.allocation, snapshot.allocation
    changed = [
        f"{name} {old} → {new}"
        for name, old, new in (
            ("allocator", before.allocator, after.allocator),
            ("capacity", before.capacity, after.capacity),
            (f"cap per {snapshot.words.account}", before.cap_per_account, after.cap_per_account),
        )
        if old != new
    ]
    return f"the allocation changed ({', '.join(changed)})" if changed else "the allocation changed"


def _values_sentence(change: Change, since: str) -> str:
    if not change.values or (change.by_data and len(change.values) <= _VALUES_IN_PASSING):
        return ""
    return f"{since} these values changed: {list_values(change, most=_VALUES)}."


def _data_cause(change: Change) -> str:
    return f"its data changed ({list_values(change, most=_VALUES_IN_PASSING)})"


def _value(value: ValueChange) -> str:
    label = normalise(value.feature.label, limit=_TEXT_CHARACTERS)
    feature = replace(value.feature, unit=normalise(value.feature.unit, limit=_TEXT_CHARACTERS))
    before, after = (
        format_value(feature, normalise(each, limit=_TEXT_CHARACTERS) if isinstance(each, str) else each)
        for each in (value.before, value.after)
    )
    return f"{label} {before} → {after}"


def rounded_parts(change: Change, unit: str) -> tuple[float | None, float]:
    """Return the parts by data and by model as far as they are shown, so that they add up to the change as shown.

    Of two rounded parts the larger gives way; a part that rounds to nothing is nothing.
    """
    model = change.by_model or 0.0
    if change.by_data is None:
        return None, model
    data = change.by_data
    if last_digit(change.move, unit) == last_digit(data, unit) == last_digit(model, unit):
        whole, data, model = (round_as_written(each, unit) for each in (change.move, data, model))
        if abs(data) > abs(model):
            data = whole - model
        else:
            model = whole - data
    by_data, by_model = (0.0 if rounds_to_nothing(part, unit) else part for part in (data, model))
    return by_data, by_model


def _count(part: int) -> str:
    return f"{abs(part)} {'more' if part > 0 else 'fewer'}"
