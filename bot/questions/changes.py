"""What a question supposes: which feature, and to what, by how much or by which factor."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.questions.reading import Amount, Unit
from bot.questions.words import stem
from bot.tools.calls import MOST_CHANGES, FeatureChange, How
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.reading import Token
    from bot.questions.vocabulary import Name
    from storage.records import Feature


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


UP: Final = _stems(
    """
    increase rise rises rose risen raise up grow grew grown gain climb add added jump improve higher bigger larger more
    extra additional further plus another boost bump lift hike crank soar surge tack onto top longer better bumped
    upped ups gained adding additionally
    """
)
DOWN: Final = _stems(
    """
    decrease drop fall fell fallen decline lower cut reduce lose lost shrink shrank sink sank down smaller less fewer
    minus off shave knock trim slash dip slip plunge reduction slide subtract deduct dent worse shorter worsen dips
    shed sheds shedding rid remove removed eliminate eliminated
    """
)
_SET: Final = frozenset(
    """
    to at is was were be been become becomes becoming = equals equal hits hit hitting reaches reach reached reaching
    being into exactly say lands has have had -> →
    """.split()  # noqa: SIM905 # a hundred quoted words would be harder to read
)
_ABOUT: Final = frozenset({"about", "just", "only", "a", "roughly"})
_FACTORS: Final = {
    stem(word): factor
    for factor, words in (
        (2.0, "double doubles doubled doubling twice twofold"),
        (3.0, "triple tripled tripling treble thrice threefold"),
        (4.0, "quadruple quadrupled fourfold"),
        (0.5, "halve halves halved halving"),
    )
    for word in words.split()
}
_FRACTIONS: Final = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1}
_MULTIPLY: Final = _stems("scale multiply times factor multiplied")
_NOTHING: Final = frozenset({"no", "without", "zero", "none", "not"})
_CUTS: Final = frozenset(
    {"and", ",", ";", ".", "?", "!", "&", "+", ":", "then", "while", "plus", "-", "\u2013", "\u2014"}
)
_LIMITS: Final = frozenset(
    "< > ≤ ≥ below under above over least most around between maximum minimum nearly almost almost until".split()  # noqa: SIM905
)
_ASKING: Final = frozenset({"ask", "request", "book", "do", "want"})
_COUNT_OF: Final = frozenset({"action"})


def read_changes(tokens: Sequence[Token], *, other: Sequence[Name] = ()) -> tuple[FeatureChange, ...]:
    """Return the changes that these tokens speak of, one for each part; nothing where one of them is not clear.

    ``other`` is the feature that was spoken of before, for a question that names none.
    """
    parts = _parts(_without_asked(_without_start(tokens)))
    if not any(_names(part) for part in parts):
        told = [part for part in parts if _values(part)]
        if len(told) != 1 or len(other) != 1:
            return ()
        change = _read(told[0], other[0])
        return () if change is None else (change,)
    changes = []
    for part in parts:
        names, values = _names(part), _values(part)
        if len(names) != 1 or not values:
            return ()
        change = _read(part, names[0])
        if change is None:
            return ()
        changes.append(change)
    distinct = len({each.feature for each in changes}) == len(changes)
    return tuple(changes) if distinct and len(changes) <= MOST_CHANGES else ()


def supposes(tokens: Sequence[Token]) -> bool:
    """Whether every feature has one amount, factor or category beside it, whatever these are."""
    parts = _parts(_without_asked(_without_start(tokens)))
    return bool(parts) and all(len(_names(part)) == 1 and len(_values(part)) == 1 for part in parts)


def _names(part: Sequence[Token]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys(token.name for token in part if token.name is not None))


def _values(part: Sequence[Token]) -> list[Token]:
    """Return the tokens that say to what, by how much or by which factor."""
    found = []
    for place, token in enumerate(part):
        after = part[place + 1] if place + 1 < len(part) else None
        fraction = token.word in _FRACTIONS and not (after is not None and after.word == "year")
        nothing = token.word in _NOTHING and after is not None and (after.name is not None or after.word == "more")
        following = [each for each in part[place + 1 : place + 5] if each.name is not None]
        before = part[place - 1] if place else None
        another = token.word in {"another", "extra"} and after is not None and after.name is not None
        another = another and (before is None or before.amount is None)
        nothing = nothing or (token.word == "not" and bool(following) and "any" in [each.word for each in part])
        counted = token.amount is not None or bool(token.category)
        if counted or stem(token.word) in _FACTORS or fraction or nothing or another:
            found.append(token)
    return found


def _without_asked(tokens: Sequence[Token]) -> list[Token]:
    """Leave out the amounts that are of the answer: "still 2 actions", "above 100K", "instead of 3"."""
    kept: list[Token] = []
    for place, token in enumerate(tokens):
        before = [each.word for each in tokens[max(place - 3, 0) : place]]
        after = [each.word for each in tokens[place + 1 : place + 3]]
        of_answer = token.amount is not None and (
            bool(_COUNT_OF & {stem(word) for word in after[:1]} or before[-1:] == ["still"])
            or (bool(before) and before[-1] in _LIMITS and bool({"forecast", "prediction", "be", "it"} & set(before)))
        )
        if of_answer and before and before[-1] in _LIMITS:
            kept.pop()
        if not of_answer:
            kept.append(token)
    return kept


def _parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split so that each part has one feature and what is said of it; what says nothing of any is left out."""
    chunks: list[list[Token]] = [[]]
    for place, token in enumerate(tokens):
        signed = (
            token.word in {"plus", "+", "minus"} and place + 1 < len(tokens) and tokens[place + 1].amount is not None
        )
        named = any(each.name is not None for each in chunks[-1])
        if token.word in _CUTS and not (signed and named):
            chunks.append([])  # "plus csm 8" adds a change, "csm plus 2" is one
        else:
            chunks[-1].append(token)
    chunks = [part for chunk in chunks for part in _paired(chunk)]
    merged: list[list[Token]] = []
    for chunk in chunks:
        named, valued = bool(_names(chunk)), bool(_values(chunk))
        last = merged[-1] if merged else None
        if not named and not valued:
            continue
        if (
            last is not None
            and named != valued
            and bool(_names(last)) != bool(_values(last))
            and named == bool(_values(last))
        ):
            last.extend(chunk)
        else:
            merged.append(list(chunk))
    # "... what becomes of the forecast" may name an amount alone; "open rate, what if 20 %" was joined above.
    return merged


def _paired(chunk: list[Token]) -> list[list[Token]]:
    """Split "churn 15 % csm 7" and "half the churn double the open rate" where features and values take turns."""
    if len(_names(chunk)) <= 1:
        return [chunk]
    values = {id(token) for token in _values(chunk)}
    marks = [(place, token.name is not None) for place, token in enumerate(chunk) if token.name or id(token) in values]
    turns = [named for _, named in marks]
    if len(turns) % 2 or any(one == other for one, other in zip(turns[::2], turns[1::2], strict=True)):
        return [chunk]
    if any(turns[place] != turns[0] for place in range(0, len(turns), 2)):
        return [chunk]
    starts = [0, *(marks[place][0] for place in range(2, len(marks), 2)), len(chunk)]
    return [chunk[start:end] for start, end in pairwise(starts)]


def _read(part: Sequence[Token], name: Name) -> FeatureChange | None:
    feature = name.feature
    values = _values(part)
    if feature.kind is FeatureKind.CATEGORY:
        told = [token.category for token in values if token.category]
        amount = told[0] if len(told) == 1 and len(values) == 1 else None
        return None if amount is None else FeatureChange(feature=feature.name, how=How.SET, amount=amount)
    words = {token.word for token in part}
    if len(values) != 1 or values[0].category or words & _LIMITS - {"most"}:
        return None
    found = _read_value(part, values[0], name)
    return None if found is None else FeatureChange(feature=feature.name, how=found[0], amount=found[1])


def _without_start(part: Sequence[Token]) -> list[Token]:
    """Return "from 35 % to 20 %" as "to 20 %": where it starts is what it is, and the answer says so."""
    part = list(part)
    for place in range(len(part) - 3):
        one, two, three, four = part[place : place + 4]
        if (
            one.word == "from"
            and two.amount is not None
            and three.word in {"to", "->", "→"}
            and four.amount is not None
        ):
            return [*part[:place], *part[place + 2 :]]
    return part


def _direction(part: Sequence[Token]) -> int | None:
    """Return 1 for up, -1 for down, 0 for neither, None for both."""
    stems = {stem(token.word) for token in part if token.amount is None and token.name is None}
    up, down = bool(stems & UP), bool(stems & DOWN)
    return None if up and down else up - down


def _read_value(part: Sequence[Token], value: Token, name: Name) -> tuple[How, float] | None:
    place = part.index(value)
    direction = _direction([*part[:place], *part[place + 1 :]])
    if value.amount is None:
        return _read_word(value.word, [token.word for token in part[:place]], direction)
    if value.amount.unit is Unit.ORDINAL:
        return None
    multiplied = any(stem(token.word) in _MULTIPLY for token in part) and value.amount.unit is Unit.NONE
    if value.amount.unit is Unit.TIMES or (multiplied and not direction):
        return (How.SCALE, value.amount.value) if direction != -1 else None
    return _read_amount(part, place, value.amount, name, direction)


def _read_word(word: str, before: Sequence[str], direction: int | None) -> tuple[How, float] | None:
    """Read "another", "no", "double" and "half"."""
    if word in _FRACTIONS:
        return _fraction(_FRACTIONS[word], before, direction)
    if word in _NOTHING:
        return (How.SET, 0.0) if direction == 0 else None
    return (How.SCALE, _FACTORS[stem(word)]) if stem(word) in _FACTORS else (How.ADD, 1.0)


def _read_amount(
    part: Sequence[Token], place: int, amount: Amount, name: Name, direction: int | None
) -> tuple[How, float] | None:
    before = [token.word for token in part[:place]]
    last = next((each for each in reversed(before) if each not in _ABOUT), "")
    reached = last in _SET
    moved_after = bool({stem(each.word) for each in part[place + 1 :] if each.amount is None} & (UP | DOWN))
    sign = amount.sign or direction
    if sign is None or (amount.sign and direction not in {0, amount.sign}):
        return None
    if amount.sign or (sign and (moved_after or not reached)):
        return _by(sign, amount, name.feature, part)
    in_unit = _in_unit(amount, name.feature, setting=True)
    if in_unit is None or last == "by":
        return None
    # "What if they request 2 demos" of an account with 4 may mean two more.
    now = name.driver.value
    asked = any(stem(each) in _ASKING for each in before) and not {"only", "just"} & set(before)
    unclear = asked and not reached and isinstance(now, float) and in_unit < now
    return None if unclear else (How.SET, in_unit)


def _fraction(fraction: float, before: Sequence[str], direction: int | None) -> tuple[How, float] | None:
    """Read "cut by a third", "raise by half", "reduced to a quarter of", "half the integrations"."""
    if direction is None:
        return None
    told = [word for word in before if word not in {"a", "one", "about", "just", "only"}]
    if told and told[-1] in {"to", "at"}:
        return How.SCALE, round(fraction, 6)
    if told and told[-1] == "by" and direction:
        return How.SCALE, round(1 + direction * fraction, 6)
    if direction > 0:
        return None
    return How.SCALE, round(fraction if fraction == 0.5 or not direction else 1 - fraction, 6)  # noqa: PLR2004 # half


def _by(sign: int, amount: Amount, feature: Feature, part: Sequence[Token]) -> tuple[How, float] | None:
    relative = any(stem(token.word) == "relat" for token in part)
    if amount.unit is Unit.PERCENT and (feature.unit != "%" or relative):
        return How.SCALE, round(1 + sign * amount.value / 100, 6)
    value = _in_unit(replace(amount, sign=0), feature, setting=False)
    return None if value is None else (How.ADD, sign * value)


def _in_unit(amount: Amount, feature: Feature, *, setting: bool) -> float | None:
    """Return the amount as the feature counts, where what was written can be one of its amounts."""
    unit, value = amount.unit, amount.value
    if feature.unit == "%":
        if unit not in {Unit.NONE, Unit.PERCENT, Unit.POINTS}:
            return None
        if unit is Unit.NONE and value < 1 and setting:
            return value  # written as the fraction that it is: "= 0.12"
        return round(value / 100, 6)
    if feature.unit in {"months", "years"} and unit is Unit.MONTHS:
        return value if feature.unit == "months" else round(value / 12, 6)
    fits = (
        unit is Unit.NONE
        or (unit is Unit.POINTS and not setting)
        or (unit is Unit.POINTS and feature.unit == "0-10")
        or (unit is Unit.MONEY and feature.unit == "$")
        or (unit is Unit.OF_TEN and feature.unit == "0-10")
    )
    return value if fits else None
