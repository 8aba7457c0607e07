"""What a question supposes: which feature, and to what, by how much or by which factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.questions.concepts import Concept
from bot.tools.calls import FeatureChange, How
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.reading import Amount, Item
    from bot.questions.vocabulary import Name, Vocabulary
    from storage.records import Feature

C = Concept
_FACTORS: Final = {C.DOUBLE: 2.0, C.TRIPLE: 3.0, C.HALF: 0.5}
_ONE_MORE: Final = frozenset({"another"})
_NOTHING: Final = frozenset({"no", "without", "none"})
_UNDERSTOOD: Final = frozenset(
    {
        C.FEATURE,
        C.NUMBER,
        C.MORE,
        C.LESS,
        C.UP,
        C.DOWN,
        C.TO,
        C.BY,
        C.DOUBLE,
        C.TRIPLE,
        C.HALF,
        C.NEGATION,
        C.WOULD,
        C.DO,
        C.AND,
        C.HAPPEN,
    }
)


def read_changes(
    items: Sequence[Item], vocabulary: Vocabulary, *, other: Sequence[Name] = ()
) -> tuple[FeatureChange, ...]:
    """Return the changes that these items speak of, one for each part; nothing where one of them is not clear.

    ``other`` is the feature that was spoken of before, for a part that names none.
    """
    changes = []
    for part in _parts(items):
        change = _read_change(part, vocabulary, other)
        if change is None:
            return ()
        changes.append(change)
    return tuple(changes) if len({each.feature for each in changes}) == len(changes) else ()


def _parts(items: Sequence[Item]) -> list[list[Item]]:
    """Split at an "and" that has a feature on either side."""
    parts: list[list[Item]] = [[]]
    for place, item in enumerate(items):
        names = {each.name for each in parts[-1] if each.name}
        if item.concept is C.AND and names and any(each.name and each.name not in names for each in items[place:]):
            parts.append([])
        elif item.concept not in {C.AND, C.ONLY}:
            parts[-1].append(item)
    return parts


def _read_change(part: Sequence[Item], vocabulary: Vocabulary, other: Sequence[Name]) -> FeatureChange | None:
    part = _without_start(part)
    names = tuple(dict.fromkeys(item.name for item in part if item.name)) or tuple(other)
    if len(names) != 1:
        return None
    feature = names[0].feature
    if feature.kind is FeatureKind.CATEGORY:
        return _read_category(part, feature, vocabulary)
    if not {item.concept for item in part} <= _UNDERSTOOD:
        return None
    amounts = [item for item in part if item.amount is not None]
    if len(amounts) > 1:
        return None
    found = _read_amount(part, amounts[0], names[0]) if amounts else _read_without_number(part)
    return None if found is None else FeatureChange(feature=feature.name, how=found[0], amount=found[1])


def _without_start(part: Sequence[Item]) -> Sequence[Item]:
    """Return "from 35 % to 20 %" as "to 20 %": where it starts is what it is, and the answer says so."""
    for place in range(len(part) - 3):
        concepts = [item.concept for item in part[place : place + 4]]
        if concepts == [C.SINCE, C.NUMBER, C.TO, C.NUMBER]:
            return [*part[:place], *part[place + 2 :]]
    return part


def _read_category(part: Sequence[Item], feature: Feature, vocabulary: Vocabulary) -> FeatureChange | None:
    categories = {category.casefold(): category for category in vocabulary.categories(feature)}
    told = [item.text for item in part if item.concept not in {C.FEATURE, C.TO, C.WOULD, C.AND, C.CHANGE}]
    category = categories.get(" ".join(told))
    return None if category is None else FeatureChange(feature=feature.name, how=How.SET, amount=category)


def _read_without_number(part: Sequence[Item]) -> tuple[How, float] | None:
    concepts = {item.concept for item in part}
    factors = [factor for concept, factor in _FACTORS.items() if concept in concepts]
    if len(factors) == 1 and not concepts & {C.MORE, C.LESS, C.NEGATION, C.UP}:
        return How.SCALE, factors[0]
    if factors:
        return None
    if any(item.text in _ONE_MORE for item in part) and not concepts & {C.LESS, C.DOWN, C.NEGATION}:
        return How.ADD, 1.0
    denied = any(item.text in _NOTHING for item in part if item.concept is C.NEGATION)
    return (How.SET, 0.0) if denied and not concepts & {C.MORE, C.LESS, C.UP, C.DOWN} else None


def _read_amount(part: Sequence[Item], number: Item, name: Name) -> tuple[How, float] | None:
    concepts = {item.concept for item in part}
    if number.amount is None or concepts & {C.DOUBLE, C.TRIPLE, C.HALF, C.NEGATION}:
        return None
    place = part.index(number)
    reached = place > 0 and part[place - 1].concept is C.TO
    up, down = bool(concepts & {C.UP, C.MORE}), bool(concepts & {C.DOWN, C.LESS})
    moved_after = any(item.concept in {C.UP, C.DOWN, C.MORE, C.LESS} for item in part[place:])
    sign = number.amount.sign or (up - down)
    if (up and down) or (number.amount.sign and (up or down) and number.amount.sign != up - down):
        return None
    if sign and not (reached and not moved_after and not number.amount.sign):
        return _by(sign, number.amount, name.feature)
    value = _in_unit(number.amount, name.feature)
    if value is None:
        return None
    now = name.driver.value
    # "What if they request 2 demos" of an account with 4 may mean two more.
    unclear = not reached and not sign and isinstance(now, float) and value < now
    return None if unclear else (How.SET, value)


def _by(sign: int, amount: Amount, feature: Feature) -> tuple[How, float] | None:
    if amount.percent and not amount.points and feature.unit != "%":
        return How.SCALE, round(1 + sign * amount.value / 100, 6)
    value = _in_unit(amount, feature)
    return None if value is None else (How.ADD, sign * value)


def _in_unit(amount: Amount, feature: Feature) -> float | None:
    """Return the amount as the feature counts, where what was written can be one of its amounts."""
    if feature.unit == "%":
        plain = amount.percent or amount.points or amount.value >= 1
        return None if amount.money or amount.of_ten or not plain else round(amount.value / 100, 6)
    fits = (
        not amount.percent
        and (not amount.money or feature.unit == "$")
        and (not amount.of_ten or feature.unit == "0-10")
    )
    return amount.value if fits else None
