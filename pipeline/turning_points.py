"""The smallest changes of single features with which an account would get more actions, or fewer.

Found by asking the model again with values that other accounts show. That is the model's view, as every what-if is.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from storage.records import FeatureKind
from storage.units import round_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from pipeline.what_if import WhatIfModel
    from storage.records import Account, Feature

_FEATURES: Final = 3
_VALUES: Final = 400  # of a feature; of more, so many evenly among them
_MOST_ACCOUNTS: Final = 20_000  # beyond which giving actions some thirty times takes too long to wait for
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TurningPoint:
    """The value nearest to ``now`` with which an account gets more (fewer) actions, and how many.

    It is an observed one, rounded as values are written, so that it does what is said of it as it is read. ``value``
    and ``actions`` are None where no value between ``low`` and ``high``, all that was observed, does that.
    """

    feature: Feature
    now: float
    low: float
    high: float
    more: bool
    value: float | None
    actions: int | None


def find_turning_points(model: WhatIfModel, account: Account) -> tuple[TurningPoint, ...]:
    """Return what each of the strongest features that a rep can influence would have to be, for more and for fewer.

    Where the rules do not tell which those are, any numeric feature counts. Actions are taken to rise with the
    predicted value, which saves asking for every value; each point itself was asked for. Nothing where predictions
    do not decide who gets actions, or there are too many accounts to give actions again and again.
    """
    if not model.snapshot.info.card.ranks or len(model.table) > _MOST_ACCOUNTS:
        return ()
    searches = [_Search.of(model, account, feature, now) for feature, now in _strongest(model, account)]
    return tuple(point for more in (True, False) for point in _find(searches, account.allocation.actions, more=more))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """A feature of an account, values of it in ascending order, and the predicted value with each.

    They are those observed and the same as they are written; ``can_be_said`` has the latter but for what is written as
    the account's own.
    """

    model: WhatIfModel
    account_id: str
    feature: Feature
    now: float
    values: npt.NDArray[np.float64]
    can_be_said: npt.NDArray[np.bool_]
    predicted: npt.NDArray[np.float64]

    @classmethod
    def of(cls, model: WhatIfModel, account: Account, feature: Feature, now: float) -> _Search:
        observed = np.unique(model.table[feature.name].dropna().to_numpy(dtype=np.float64))
        if len(observed) > _VALUES:
            observed = observed[np.unique(np.linspace(0, len(observed) - 1, _VALUES).round().astype(int))]
        written = np.unique([round_value(feature, value) for value in observed.tolist()])
        written = written[written != round_value(feature, now)]
        values = np.union1d(observed, written)
        return cls(
            model=model,
            account_id=account.account_id,
            feature=feature,
            now=now,
            values=values,
            can_be_said=np.isin(values, written),
            predicted=model.predict(account.account_id, feature.name, values),
        )

    def actions(self, place: int) -> int:
        value, predicted = float(self.values[place]), float(self.predicted[place])
        return self.model.allocate(self.account_id, self.feature.name, value, predicted=predicted)

    def point(self, *, more: bool, place: int | None, actions: int | None) -> TurningPoint:
        return TurningPoint(
            feature=self.feature,
            now=self.now,
            low=float(self.values[0]),
            high=float(self.values[-1]),
            more=more,
            value=None if place is None else float(self.values[place]),
            actions=actions,
        )


def _strongest(model: WhatIfModel, account: Account) -> list[tuple[Feature, float]]:
    """Return the features to look at with their values; not those that decide by themselves who gets nothing."""
    movable, deciding = model.rules.influence, {block.feature for block in model.rules.allocation.blocks}
    rows = zip(model.snapshot.features, account.values, account.shap, strict=True)
    found = [
        (feature, float(value), abs(effect))
        for feature, value, effect in rows
        if feature.kind is FeatureKind.NUMBER
        and isinstance(value, (int, float))
        and feature.name not in deciding
        and (not movable or feature.name in movable)
    ]
    found.sort(key=lambda each: -each[2])
    return [(feature, value) for feature, value, _ in found[:_FEATURES]]


def _find(searches: Sequence[_Search], given: int, *, more: bool) -> Iterator[TurningPoint]:
    """Yield the point of each feature, where it could be made sure of."""
    sign = 1 if more else -1

    def steps(actions: int) -> bool:
        return sign * (actions - given) > 0

    if not more and given == 0:
        return
    tried = sorted(
        (
            (sign * float(search.predicted[place]), search, place)
            for search in searches
            for place in range(len(search.values))
        ),
        key=lambda each: each[0],
    )
    first = bisect_left(range(len(tried)), True, key=lambda each: steps(tried[each][1].actions(tried[each][2])))
    least = tried[first][0] if first < len(tried) else np.inf
    for search in searches:
        rising = sign * search.predicted
        able = np.flatnonzero(rising >= least)
        if not len(able):
            if not steps(search.actions(int(rising.argmax()))):
                yield search.point(more=more, place=None, actions=None)
            continue
        able = able[search.can_be_said[able]]
        nearest = able[np.argsort(np.abs(search.values[able] - search.now), kind="stable")]
        for place in nearest[:_TRIES].tolist():
            if steps(actions := search.actions(place)):
                yield search.point(more=more, place=place, actions=actions)
                break
