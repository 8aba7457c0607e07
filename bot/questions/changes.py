"""What a question supposes: which feature, and to what, by how much or by which factor."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, takewhile
from typing import TYPE_CHECKING, Final

from bot.questions.signs import signs_of_place
from bot.questions.tokens import LARGE_SCALES, Amount, Unit
from bot.questions.words import stem
from bot.tools.calls import MOST_CHANGES, FeatureChange, How
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.questions.network import Product
    from bot.questions.signs import Lexicon
    from bot.questions.tokens import Token
    from bot.questions.vocabulary import Name
    from storage.records import Feature


SET: Final = "set"
UP: Final = "up"
DOWN: Final = "down"
TIMES: Final = "times"
OVER: Final = "over"  # divided by
NOT: Final = "not"  # an amount of the answer, or what the feature was before
ROLES: Final = (SET, UP, DOWN, TIMES, OVER)
_SIGNS: Final = {UP: 1, DOWN: -1}
_FACTORS: Final = {
    stem(word): factor
    for factor, words in (
        (0.5, "halve halves halved halving"),
        (2.0, "double doubles doubled doubling twice twofold"),
        (3.0, "triple tripled tripling treble thrice threefold"),
        (4.0, "quadruple quadrupled fourfold"),
    )
    for word in words.split()
}
_FRACTIONS: Final = {
    stem(word): fraction
    for fraction, words in (
        (0.5, "half"),
        (1 / 3, "third"),
        (0.25, "quarter fourth"),
        (0.2, "fifth"),
        (0.1, "tenth"),
    )
    for word in words.split()
}
_NOTHING: Final = frozenset({"no", "without", "zero", "none", "not", "nobody", "never", "all"})
_ONE: Final = frozenset({"another", "extra", "an", "a", "single"})
_AS_BEFORE: Final = frozenset(map(stem, "same instead other opposite reverse direction way".split()))
_AS_IT_IS: Final = frozenset({"what", "today", "now", "present", "presently", "current", "currently"})
_LARGE: Final = 1e3
_MILLION: Final = 1e6
_LEAST_IN_PERCENT: Final = 2.0
_WHOLE_FACTORS: Final = frozenset({0.5, 2.0, 3.0, 4.0, 5.0})
_JUDGED: Final = {stem(word): way for word, way in (("improve", 1), ("better", 1), ("worsen", -1), ("worse", -1))}
# What a feature is called of which more is worse.
_BAD: Final = frozenset(
    map(stem, "risk churn attrition complaints outages tickets delays overdue debt defects failures incidents".split())
)
_MOVES: Final = frozenset(map(stem, "change move shift vary off".split()))
_TARGETS: Final = frozenset(
    {"to", "at", "into", "->", "→", "=", "is", "be", "was", "were", "reach", "reaches", "hit", "hits", "like"}
)
_APART: Final = frozenset({",", ";", "and", "but"})
_WAYS: Final = ("up", "down", "to")  # sets of words in the lexicon
_BOTH: Final = 2
_OF_BOTH: Final = frozenset({"both", "each", "either"})
_FAR: Final = 4
_SAME: Final = 1e-4
_MOST: Final = {"%": 1.0, "0-10": 10.0}
_MOST_FACTOR: Final = 10.0
_MOST_VALUES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Something that a feature may change to or by; it stands in a ``place`` among the tokens.

    ``kind`` says how it was written. Without an amount it is the category.
    """

    place: int
    kind: str
    amount: Amount | None = None
    category: str = ""


def find_values(tokens: Sequence[Token], earlier: Sequence[FeatureChange] = ()) -> list[Value]:
    """Return all that may be an amount, a factor or a category, whatever it turns out to be.

    After ``earlier`` changes of one feature "the same" is their amount, and a plain one is in percent or millions, too,
    where no feature is named.
    """
    last = _amount_of(earlier[0]) if len(earlier) == 1 else None
    found = [value for place in range(len(tokens)) for value in _value(tokens, place, last)]
    return [_as_factor(each, tokens) for each in found]


def _as_factor(value: Value, tokens: Sequence[Token]) -> Value:
    """Return the factor that "half of its present churn risk", no share of one half, or "divided by 2" names."""
    words = [token.word for token in tokens]
    before, after = words[max(value.place - 2, 0) : value.place], words[value.place + 1 : value.place + 5]
    if before in (["divided", "by"], ["multiplied", "by"]) and value.kind == "plain" and value.amount is not None:
        times = value.amount.value if before[0] == "multiplied" else 1 / max(value.amount.value, _SAME)
        return replace(value, kind=Unit.TIMES, amount=replace(value.amount, value=times, unit=Unit.TIMES))
    if value.amount is None or value.amount.unit is not Unit.FRACTION or after[:1] != ["of"]:
        return value
    as_it_is = "by" not in before and not _AS_IT_IS.isdisjoint(after)  # "less by a fifth of what it is"
    return replace(value, amount=replace(value.amount, unit=Unit.TIMES)) if as_it_is else value


def _amount_of(change: FeatureChange) -> Amount | None:
    if isinstance(change.amount, str | None):
        return None
    if change.how is not How.SCALE:
        return Amount(value=abs(change.amount), unit=Unit.RAW)
    if change.amount in _WHOLE_FACTORS:
        return Amount(value=change.amount, unit=Unit.TIMES if change.amount > 1 else Unit.FRACTION)
    return Amount(value=round(abs(change.amount - 1) * 100, 4), unit=Unit.PERCENT)


def _value(tokens: Sequence[Token], place: int, last: Amount | None) -> Iterator[Value]:
    token = tokens[place]
    stemmed = stem(token.word)
    named = any(each.name is not None for each in tokens[place + 1 : place + 3])
    leans = token.word == "<number>" and not any(each.name is not None for each in tokens)
    scale = last if last and leans and (last.unit is Unit.PERCENT or last.value >= _LARGE) else None
    if token.category:
        yield Value(place=place, kind="category", category=token.category)
    elif last is not None and stemmed in _AS_BEFORE:
        yield Value(place=place, kind="same", amount=last)
    elif scale is not None and token.amount is not None:
        yield from _plain(place, token.amount, scale)
    elif token.amount is not None:
        yield Value(place=place, kind=token.amount.unit or "plain", amount=token.amount)
    elif stemmed in _FACTORS:
        yield Value(place=place, kind="factor", amount=Amount(value=_FACTORS[stemmed], unit=Unit.TIMES))
    elif stemmed in _FRACTIONS:
        yield Value(place=place, kind="fraction", amount=Amount(value=_FRACTIONS[stemmed], unit=Unit.FRACTION))
    elif token.word in _NOTHING:
        yield Value(place=place, kind="nothing", amount=Amount(value=0.0))
    elif token.word in _ONE and named and not _is_article([each.word for each in tokens[place : place + 3]]):
        yield Value(place=place, kind="one", amount=Amount(value=1.0))


def _plain(place: int, amount: Amount, last: Amount) -> Iterator[Value]:
    """Yield an amount without a unit after one in percent, or one of thousands or millions."""
    if last.unit is not Unit.PERCENT:
        scale = next(each for each in LARGE_SCALES if last.value >= each) if amount.value < _LARGE else 1.0
        yield Value(place=place, kind="plain", amount=replace(amount, value=amount.value * scale))
    elif amount.value >= _LEAST_IN_PERCENT or amount.value.is_integer():
        # "Now 1.4" is a factor where that was one, and 1.4 % where it was a percentage: which, the change does not say.
        yield Value(place=place, kind="plain", amount=replace(amount, unit=Unit.PERCENT))


def _is_article(words: Sequence[str]) -> bool:
    """Whether the first of these words is no number: "a CSM score of 8", "a single demo"."""
    return words[0] in {"a", "an"} and (words[1] == "single" or words[2:] in (["of"], ["at"]))


def signs_of_value(
    tokens: Sequence[Token],
    values: Sequence[Value],
    value: Value,
    lexicon: Lexicon,
    *,
    earlier: Sequence[FeatureChange],
) -> set[str]:
    """Return what tells what a value does; ``earlier`` are the changes in the question before."""
    words = [stem(token.word) for token in tokens]
    ways = [next((each for each in lexicon.sets(word) if each in _WAYS), "") for word in words]
    place = value.place
    mentions = [at for at, token in enumerate(tokens) if token.name is not None]
    nearest = min(mentions, key=lambda at: (abs(at - place), at > place), default=None)
    told = signs_of_place(words, place, lexicon)
    left, right = (next(filter(None, side), "") for side in (ways[:place][::-1], ways[place + 1 :]))
    starts, stops = (
        [each.place for each in values if each.place < place],
        [each.place for each in values if each.place > place],
    )
    low, high = max(starts, default=-1), min(stops, default=len(words))
    near = [next(filter(None, side), "") for side in (ways[low + 1 : place][::-1], ways[place + 1 : high])]
    told |= {f"{near[0]}<own", f"own>{near[1]}", f"{near[0]}<own>{near[1]}"}
    told |= {f"own<{each}" for each in words[low + 1 : place]} | {f"own>{each}" for each in words[place + 1 : high]}
    told |= {f"{left}<", f">{right}", f"{left}<>{right}", f"before={_how_before(earlier)}"}
    unit = ""
    if nearest is not None:
        name = tokens[nearest].name
        unit = "" if name is None else name.feature.unit or name.feature.kind
        side = "after" if nearest < place else "ahead"
        low, high = min(nearest, place), max(nearest, place)
        told |= {f"{side}:{each}" for at in range(low + 1, high) for each in (words[at], ways[at])}
        told |= {f"{side}|{ways[at]}" for at in (*range(low), *range(high + 1, len(words)))}
        told.add(f"{side} {min(high - low, _FAR)}")
    told |= {f"{values.index(value)} of {len(values)}", f"{min(len(mentions), _FAR)} and {min(len(values), _FAR)}"}
    told |= {f"with {each.kind} {'left' if each.place < place else 'right'}" for each in values if each is not value}
    told |= {f"sign {value.amount.sign if value.amount is not None else 0}", f"unit {unit}"}
    return told | {f"{value.kind}|{each}" for each in told} | {value.kind, f"{value.kind}/{unit}"}


def read_changes(
    tokens: Sequence[Token],
    model: Product,
    lexicon: Lexicon,
    *,
    about: Sequence[Name],
    earlier: Sequence[FeatureChange],
) -> tuple[tuple[FeatureChange, ...], float]:
    """Return the changes that these tokens speak of and how sure that is; nothing where it cannot be told.

    ``about`` are the features that are spoken of; ``earlier`` is as in `signs_of_value`.
    """
    features = [name.feature for name in about]
    every = find_values(tokens, earlier)
    if not any(each.category for each in every):  # "they buy a rival, revenue doubles" has no other competitor
        features = [each for each in features if each.kind is not FeatureKind.CATEGORY]
    values = [each for each in every if any(change_of(role, each, one) for role in ROLES for one in features)]
    if not 0 < len(features) <= MOST_CHANGES or len(values) > _MOST_VALUES:
        return (), 0.0
    odds = [model.odds(signs_of_value(tokens, every, each, lexicon, earlier=earlier)) for each in values]
    if len(values) == 1 and len(features) == _BOTH and not _OF_BOTH.isdisjoint(token.word for token in tokens):
        values, odds = values * _BOTH, odds * _BOTH  # "both at 9"
    found: dict[tuple[FeatureChange | None, ...], float] = {}
    for kept in combinations(range(len(values)), len(features)):
        matched = zip(kept, _matched(features, [values[place] for place in kept]), strict=True)
        likely = [_likeliest(values[place], odds[place], feature) for place, feature in matched]
        changes = tuple(change for change, _ in likely)
        found.setdefault(changes, 0.0)
        found[changes] += math.prod(chance for _, chance in likely) * math.prod(
            each[NOT] for place, each in enumerate(odds) if place not in kept
        )
    best = max(found, key=found.__getitem__, default=())
    told = tuple(each for each in best if each is not None)
    stems = [stem(token.word) for token in tokens]
    judged = {_JUDGED[each] for each in stems if each in _JUDGED}
    beside = any(not _JUDGED.keys().isdisjoint(stems[each.place + 1 : each.place + 3]) for each in values)
    if not beside and {UP, DOWN} & {way for one in stems if one not in _JUDGED for way in lexicon.sets(one)}:
        judged = set()  # "if it drops by 2, is that better?"
    if not judged and any(_goes_against(tokens, values, each, lexicon) for each in told):
        return (), 0.0
    moves = any(stem(one.word) in _MOVES and other.word == "by" for one, other in pairwise(tokens))
    if moves and any(change.how is not How.SET for change in told):
        return (), 0.0  # whether "churn moves by 5 points" is up or down is not said
    if judged and any(
        change.how is not How.SET and feature.unit in _MOST for change, feature in zip(told, features, strict=False)
    ):
        if len(judged) > 1 or len(told) != 1:
            return (), 0.0
        told = (_judged(told[0], features[0], judged.pop()),)
    # Half of what speaks against it is that there may be more or fewer of them.
    sure = found[best] / math.sqrt(sum(found.values())) if told and found[best] else 0.0
    return told if len(told) == len(best) else (), sure


def _goes_against(tokens: Sequence[Token], values: Sequence[Value], change: FeatureChange, lexicon: Lexicon) -> bool:
    """Whether a change goes the other way than the words about it say, from the change before it on: "up by 12"."""
    if isinstance(change.amount, str | None):
        return False
    named = [at for at, token in enumerate(tokens) if token.name is not None]
    for at in named:
        name = tokens[at].name
        if name is None or name.feature.name != change.feature:
            continue
        further = min((each for each in named if each > at), default=len(tokens))
        places = [each.place for each in values if at < each.place < further]
        own = takewhile(lambda one: one.word not in _APART, tokens[at + 1 : min(places, default=at)])
        after = {each for one in own for each in lexicon.sets(stem(one.word))}
        if change.how is How.SET:  # "a bump of 2" and "falls for 10 %" are by so much, and "falls 10" may be
            to = any(one.word in _TARGETS for one in tokens[at + 1 : max(places, default=at)])  # "up from 6 to 8"
            return bool({UP, DOWN} & after) and not to
        start = max((each for each in (*named, *(one.place for one in values)) if each < at), default=-1)
        before = takewhile(lambda one: one.word not in _APART, reversed(tokens[start + 1 : at]))
        said = after | {each for one in before for each in lexicon.sets(stem(one.word))}
        way, other = (UP, DOWN) if change.amount > (change.how is How.SCALE) else (DOWN, UP)
        if other in said and way not in said:
            return True
    return False


def _judged(change: FeatureChange, feature: Feature, way: int) -> FeatureChange:
    """Return the change so that the feature gets better or worse, which for a risk is down or up."""
    way = -way if _BAD & set(map(stem, feature.label.casefold().split())) else way
    amount = change.amount if isinstance(change.amount, str | None) else math.copysign(change.amount, way)
    return change.model_copy(update={"amount": amount})


def _likeliest(value: Value, odds: Mapping[str, float], feature: Feature) -> tuple[FeatureChange | None, float]:
    """Return what a value most likely does to a feature; None where that has more than one meaning."""
    chances: dict[FeatureChange | None, float] = {}
    for role in ROLES:
        if value.amount is not None and value.amount.sign * _SIGNS.get(role, 1) < 0:
            continue  # "-15 %" is no rise
        change = change_of(role, value, feature)
        if change is not None or value.kind == Unit.PERCENT:
            chances[change] = chances.get(change, 0.0) + odds.get(role, 0.0)
    change = max(chances, key=chances.__getitem__, default=None)
    possible = sum(chances.values())
    return change, chances[change] / possible * (1 - odds[NOT]) if possible else 0.0


def _matched(features: Sequence[Feature], values: Sequence[Value]) -> list[Feature]:
    """Return the features in the order of their values: each category has its own, all others are in turn."""
    kinds = [value.amount is None for value in values]
    if kinds == [each.kind is FeatureKind.CATEGORY for each in features]:
        return list(features)
    categories = iter([each for each in features if each.kind is FeatureKind.CATEGORY])
    numbers = iter([each for each in features if each.kind is not FeatureKind.CATEGORY])
    return [next(categories if kind else numbers, features[0]) for kind in kinds]


def change_of(role: str, value: Value, feature: Feature) -> FeatureChange | None:
    """Return the change that a value makes in this role, if there is such a one."""
    if (value.amount is None) != (feature.kind is FeatureKind.CATEGORY):
        return None
    if value.amount is None:
        return FeatureChange(feature=feature.name, how=How.SET, amount=value.category) if role == SET else None
    found = _operation(role, value.amount, feature)
    return None if found is None else FeatureChange(feature=feature.name, how=found[0], amount=round(found[1], 6))


def _operation(role: str, amount: Amount, feature: Feature) -> tuple[How, float] | None:
    sign = _SIGNS.get(role, 0)
    if amount.sign and amount.sign != sign:
        return None
    part = {Unit.FRACTION: amount.value, Unit.TIMES: amount.value, Unit.PERCENT: amount.value / 100}.get(amount.unit)
    if role == TIMES:
        factor = amount.value if amount.unit is Unit.NONE else part
        return None if factor is None or factor > _MOST_FACTOR else (How.SCALE, factor)
    if role == OVER:
        divides = amount.unit in {Unit.NONE, Unit.TIMES} and 0 < amount.value <= _MOST_FACTOR
        return (How.SCALE, 1 / amount.value) if divides else None
    a_share = feature.unit == "%" and amount.unit is Unit.FRACTION  # "two thirds of our emails"
    if part is not None and (sign or not (amount.unit is Unit.PERCENT or a_share)):
        # "Churn is 5 % lower" may be by 5 points or by a twentieth.
        open_ = amount.unit is Unit.TIMES or (amount.unit is Unit.PERCENT and feature.unit == "%")
        return (How.SCALE, 1 + sign * part) if sign and not open_ else None
    in_unit = _in_unit(replace(amount, sign=0), feature, setting=not sign)
    most = _MOST.get(feature.unit, math.inf) / (2 if sign else 1)  # "a CSM score of 9 on top" is no 9 points more
    if in_unit is None or in_unit > most or (sign and not in_unit):
        return None
    return (How.ADD, sign * in_unit) if sign else (How.SET, in_unit)


def _in_unit(amount: Amount, feature: Feature, *, setting: bool) -> float | None:
    """Return the amount as the feature counts, where what was written can be one of its amounts."""
    unit, value = amount.unit, amount.value
    if unit is Unit.RAW:
        return value
    if feature.unit == "%":
        return _in_percent(amount, setting=setting)
    if feature.unit in {"months", "years"} and unit is Unit.MONTHS:
        return value if feature.unit == "months" else value / 12
    if feature.unit == "months" and unit is Unit.NONE and value >= _MILLION:  # "48m"
        return value / _MILLION
    fits = (
        unit is Unit.NONE
        or (unit is Unit.POINTS and not setting)
        or (unit is Unit.POINTS and feature.unit == "0-10")
        or (unit is Unit.MONEY and feature.unit == "$")
        or (unit is Unit.OF_TEN and feature.unit == "0-10")
    )
    return value if fits else None


def _in_percent(amount: Amount, *, setting: bool) -> float | None:
    match amount.unit:
        case Unit.FRACTION:
            return amount.value
        case Unit.OF_TEN:  # "seven out of ten of our mails"
            return amount.value / 10
        case Unit.NONE if amount.value < 1:
            return amount.value if setting else None  # written as the fraction that it is: "= 0.12"
        case Unit.NONE | Unit.PERCENT | Unit.POINTS:
            return amount.value / 100
        case _:
            return None


def _how_before(changes: Sequence[FeatureChange]) -> str:
    """Return how a feature changed, where that was one: an amount that follows does so, too."""
    if len(changes) != 1:
        return ""
    change = changes[0]
    if change.how is How.SET or (change.how is How.SCALE and change.amount in _WHOLE_FACTORS):
        return change.how
    return UP if float(change.amount or 0) > (change.how is How.SCALE) else DOWN


def is_same(one: FeatureChange, other: FeatureChange) -> bool:
    """Whether two changes are the same but for rounding."""
    if (one.feature, one.how) != (other.feature, other.how) or isinstance(one.amount, str | None):
        return one == other
    return abs(one.amount - float(other.amount or 0)) <= _SAME * max(1.0, abs(one.amount))
