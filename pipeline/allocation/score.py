"""The allocator named ``score``: down a ranking, by points, until nothing is left."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from storage.records import Allocation
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.allocation.gains import Floats
    from pipeline.allocation.problem import Integers
    from pipeline.allocation.rules import Score
    from storage.records import Feature, Words

ALLOCATOR = "score"

_POINTS_PER_ACTION = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One weighted feature as the model reads it; ``known`` is False where the source had no value."""

    value: float
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account that may get actions: ``predicted`` in the target's unit, ``inputs`` in the order of the weights."""

    account_id: str
    predicted: float
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What one unit of a feature adds to the score; ``label`` is the feature's in the middle of a sentence."""

    feature: str
    label: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a score is made of, and what a business calls the things that a reason speaks of."""

    target_per_point: float
    unit: str
    weights: tuple[Weight, ...] = ()
    account: str = "account"
    action: str = "action"
    actions: str = "actions"

    @classmethod
    def of(cls, score: Score, features: Sequence[Feature], words: Words) -> Rule:
        """Return the rule of a business, without the weights of what is not among the features."""
        labels = {feature.name: feature.label for feature in features}
        return cls(
            target_per_point=score.target_per_point,
            unit=words.unit,
            weights=tuple(
                Weight(feature=name, label=_in_sentence(labels[name]), weight=weight)
                for name, weight in score.weights.items()
                if name in labels
            ),
            account=words.account,
            # "5 visits", not "5 store visits": a reason is short.
            action=words.action.split()[-1],
            actions=words.actions.split()[-1],
        )

    def score(self, predicted: Floats, inputs: Sequence[Floats]) -> Floats:
        """Return the predicted values in points plus the weighted features."""
        scores: Floats = predicted / self.target_per_point
        for weight, values in zip(self.weights, inputs, strict=True):
            scores = scores + weight.weight * values
        return scores

    def count(self, number: int) -> str:
        """Return ``1 action`` or ``3 actions`` in the words of the business."""
        return f"1 {self.action}" if number == 1 else f"{number} {self.actions}"

    def terms(self, candidate: Candidate) -> str:
        """Return what the score of a candidate adds up."""
        inputs = (
            f"{weight.weight:g} × {_input(value, weight.label)}"  # noqa: RUF001 - a person reads it
            for weight, value in zip(self.weights, candidate.inputs, strict=True)
        )
        return " + ".join((f"predicted {format_amount(candidate.predicted, self.unit)}", *inputs))


def allocate(
    candidates: Sequence[Candidate], *, rule: Rule, capacity: int, cap_per_account: int
) -> tuple[Allocation, ...]:
    """Return the allocation of each candidate, in the order given.

    Down the ranking by score (between equals by account id) each account gets one action per started 20 points of its
    scaled score, at most ``cap_per_account`` and at most what is left of ``capacity``.
    """
    inputs = [
        np.array([candidate.inputs[place].value for candidate in candidates]) for place in range(len(rule.weights))
    ]
    ids = [candidate.account_id for candidate in candidates]
    scores = rule.score(np.array([candidate.predicted for candidate in candidates]), inputs)
    by_id = np.argsort(np.array(ids, dtype=object), kind="stable")
    served = serve(scores, by_id, capacity=capacity, cap_per_account=cap_per_account)
    last_served: _Place | None = None
    allocations: list[Allocation | None] = [None] * len(candidates)
    for rank, place in enumerate(served.ranking.tolist(), start=1):
        actions, points = int(served.actions[place]), float(served.points[place])
        standing = _Place(
            candidate=candidates[place],
            score=float(scores[place]),
            rank=rank,
            ranked=len(candidates),
            points=points,
            earned=int(served.earned[place]),
        )
        if actions or last_served is None:
            last_served = standing
        outcome = _outcome(
            standing, actions, rule=rule, last_served=last_served, capacity=capacity, cap=cap_per_account
        )
        allocations[place] = Allocation(
            actions=actions,
            rank=rank,
            score=standing.score,
            scaled_score=points,
            reason=f"{standing.standing(rule)} {outcome}",
        )
    return tuple(each for each in allocations if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """How accounts fare by score: the ``ranking`` has their places, the best first; the others are in their order.

    ``points`` are scaled scores, ``earned`` what an account would get if nothing ran out, ``actions`` what it gets.
    """

    ranking: Integers
    points: Floats
    earned: Integers
    actions: Integers


def serve(scores: Floats, by_id: Integers, *, capacity: int, cap_per_account: int) -> Served:
    """Rank by score, between equals by account id, and serve down the ranking until nothing is left.

    ``by_id`` are the places of the accounts in ascending order of their ids.
    """
    ranking = by_id[np.argsort(-scores[by_id], kind="stable")]
    points = _scale(scores)
    earned = np.minimum(cap_per_account, np.ceil(points / _POINTS_PER_ACTION).astype(np.int64))
    actions = np.empty_like(earned)
    wanted = earned[ranking]
    actions[ranking] = np.clip(capacity - (np.cumsum(wanted) - wanted), 0, wanted)
    return Served(ranking=ranking, points=points, earned=earned, actions=actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A candidate's place in the ranking; ``earned`` is what it would get if nothing ran out."""

    candidate: Candidate
    score: float
    rank: int
    ranked: int
    points: float
    earned: int

    def standing(self, rule: Rule) -> str:
        terms = rule.terms(self.candidate)
        return f"Rank {self.rank} of {self.ranked} by score {self.score:.1f} ({terms});"


def _scale(scores: Floats) -> Floats:
    """Return the scores between 0 for the lowest and 100 for the highest; when all are equal, all are the highest."""
    lowest, highest = scores.min(), scores.max()
    if lowest == highest:
        return np.full(len(scores), 100.0)
    scaled: Floats = (scores - lowest) / (highest - lowest) * 100
    return scaled


def _outcome(place: _Place, actions: int, *, rule: Rule, last_served: _Place, capacity: int, cap: int) -> str:
    """Say what the place on the scale gave and what limited it."""
    deserved = ceil(place.points / _POINTS_PER_ACTION)
    scale = f"{_points(place.points)} of 100 on the scale"
    if not deserved:
        return f"the lowest score, {scale}, gives no {rule.action}."
    if not actions:
        return (
            f"{scale} would give {rule.count(place.earned)}, but the {rule.count(capacity)} to give were used up at "
            f"rank {last_served.rank}, where the score was {last_served.score:.1f}."
        )
    if actions < place.earned:
        verb = "was" if actions == 1 else "were"
        return f"{scale} would give {rule.count(place.earned)}, but only {actions} of the {capacity} {verb} left."
    if deserved > cap:
        return f"{scale} would give {rule.count(deserved)}, of which one {rule.account} may have {cap}."
    if actions == cap:
        return f"{scale} gives {rule.count(actions)}, the most one {rule.account} may have."
    return f"{scale} gives {rule.count(actions)}."


def _input(value: Input, name: str) -> str:
    return f"{_number(value.value)} {name}" + ("" if value.known else " (the median; not known here)")


def _points(points: float) -> str:
    """Return the points with as many decimals as it takes to see that they give the actions they give."""
    for decimals in range(1, 9):
        shown = round(points, decimals)
        if ceil(shown / _POINTS_PER_ACTION) == ceil(points / _POINTS_PER_ACTION):
            return _number(shown, decimals)
    return repr(points)


def _number(value: float, decimals: int = 1) -> str:
    return f"{value:.{decimals}f}".removesuffix(".0")


def _in_sentence(label: str) -> str:
    """Return a label without its capital, unless that is one of several, as in ``CSM score``."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
