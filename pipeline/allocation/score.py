"""The allocator named ``score``: down a ranking, by points, until nothing is left."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from storage.records import Allocation
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def score(self, candidate: Candidate) -> float:
        """Return the predicted value in points plus the weighted features."""
        score = candidate.predicted / self.target_per_point
        for weight, value in zip(self.weights, candidate.inputs, strict=True):
            score += weight.weight * value.value
        return score

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
    scores = {candidate.account_id: rule.score(candidate) for candidate in candidates}
    ranking = sorted(candidates, key=lambda candidate: (-scores[candidate.account_id], candidate.account_id))
    scaled = _scale([scores[candidate.account_id] for candidate in ranking])
    left = capacity
    last_served: _Place | None = None
    allocations = {}
    for rank, (candidate, points) in enumerate(zip(ranking, scaled, strict=True), start=1):
        earned = min(cap_per_account, ceil(points / _POINTS_PER_ACTION))
        actions = min(earned, left)
        score = scores[candidate.account_id]
        place = _Place(candidate=candidate, score=score, rank=rank, ranked=len(ranking), points=points, earned=earned)
        if actions or last_served is None:
            last_served = place
        left -= actions
        outcome = _outcome(place, actions, rule=rule, last_served=last_served, capacity=capacity, cap=cap_per_account)
        allocations[candidate.account_id] = Allocation(
            actions=actions,
            rank=rank,
            score=score,
            scaled_score=points,
            reason=f"{place.standing(rule)} {outcome}",
        )
    return tuple(allocations[candidate.account_id] for candidate in candidates)


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


def _scale(scores: Sequence[float]) -> list[float]:
    """Return the scores between 0 for the lowest and 100 for the highest; when all are equal, all are the highest."""
    lowest, highest = min(scores), max(scores)
    if lowest == highest:
        return [100.0] * len(scores)
    return [(score - lowest) / (highest - lowest) * 100 for score in scores]


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
