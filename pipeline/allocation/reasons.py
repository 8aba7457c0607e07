"""Why an account gets as many actions as it does, and not one more or one fewer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.allocation import laminar, patterns
from pipeline.allocation.errors import UnprovenError
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import relax
from storage.units import format_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.allocation.gains import Floats
    from pipeline.allocation.optimum import Optimum
    from pipeline.allocation.problem import Booleans, Integers, Limit, Problem


_NAMED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many actions another account would get more, or fewer if ``change`` is negative."""

    account_id: str
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What it would mean for an account to have one action more, or one fewer.

    ``action`` and ``gain`` (dollars) are the best action not given, or the least of those given; None if there is none.
    ``cost`` is by how many dollars the best allocation with at least one more (at most one fewer) brings less than the
    optimum, and ``moves`` what it changes for others; None if the constraints rule it out. From the predicted value
    ``threshold`` on (dollars; below it for one fewer), everything else equal, the optimum takes the step. ``limits``
    are those that the step would break if nobody else gave up or took an action.
    """

    action: str | None
    gain: float
    cost: float | None
    moves: tuple[Move, ...]
    threshold: float | None
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an account gets its actions; ``fewer`` is None for an account that gets none."""

    account_id: str
    predicted: float
    actions: tuple[tuple[str, int], ...]
    more: Step
    fewer: Step | None

    def __str__(self) -> str:
        return " ".join([*self._given(), *self._not_given()])

    def _given(self) -> Iterator[str]:
        step = self.fewer
        if step is None:
            yield "Gets no action."
            return
        total = sum(count for _, count in self.actions)
        listed = ", ".join(f"{count} {action}" for action, count in self.actions)
        yield f"Gets {total} action{'s' * (total > 1)} ({listed})."
        last = f"The last one ({step.action}) brings {_dollars(step.gain)}" if step.action else "Its last action"
        if step.cost is None:
            yield f"{last} and cannot go elsewhere: {_listed(step.limits)} would not be met."
        elif step.moves:
            yield f"{last}, {_dollars(step.cost)} more than the best use elsewhere ({_movers(step.moves)})."
        else:
            yield f"{last}, and nobody else could use it."
        if step.threshold is not None:
            yield f"Below a predicted {_dollars(step.threshold)} it would lose one."

    def _not_given(self) -> Iterator[str]:
        step = self.more
        if step.action is None and step.cost is None:
            yield "It can take no other action."
            return
        further = f"One more ({step.action})" if step.action else "One more"
        gain = f"would bring {_dollars(step.gain)}" if step.action else "would need another mix of actions"
        used = f"; it would exceed {_listed(step.limits)}" if step.limits else ""
        if step.cost is None:
            yield f"{further} {gain}, but cannot be given{used}."
        elif step.moves:
            where = f"where it would be taken ({_movers(step.moves)})"
            yield f"{further} {gain}, {_dollars(step.cost)} less than {where}{used}."
        else:
            yield f"{further} {gain} and cost {_dollars(step.cost)}{used}."
        if step.threshold is not None:
            now = _dollars(self.predicted)
            yield f"From a predicted {_dollars(step.threshold)} (now {now}) it would get it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """How many dollars the optimum gains when a limit is relaxed by one action, found by solving again."""

    limit: Limit
    dollars: float


def _dollars(amount: float) -> str:
    return format_amount(amount, "$")


def explain(problem: Problem, optimum: Optimum) -> tuple[Why, ...]:
    """Return why each account gets what it gets, where the limits are nested.

    For nested limits the cheapest way to force one action more or fewer is a single exchange with one other account
    (Murota, *Discrete Convex Analysis*, 2003, M♮-concavity), so nothing has to be solved again. Other constraints need
    ``explain_account``.
    """
    if not laminar.is_laminar(problem):
        raise ValueError("the limits are not nested; explain one account at a time with explain_account")
    exchange = _Exchange.of(problem, optimum.counts)
    return tuple(exchange.explain(row) for row in range(problem.accounts))


def explain_account(problem: Problem, optimum: Optimum, row: int) -> Why:
    """Return why the account in one row gets what it gets, by solving again; for any constraints, in a second or so.

    Thresholds are whole dollars, up to eight times the predicted value: one dollar short of it the step is not taken.

    Raises:
        UnprovenError: when the optimum or the one it is compared with was not proven to be one.
    """
    exchange = _Exchange.of(problem, optimum.counts)
    count = int(optimum.counts[row].sum())
    more = _force(problem, optimum, exchange, patterns.Forced(account=row, least=count + 1))
    fewer = _force(problem, optimum, exchange, patterns.Forced(account=row, most=count - 1)) if count else None
    return exchange.put(row, more=more, fewer=fewer)


def worth_of_one_more(problem: Problem, optimum: Optimum) -> tuple[Worth, ...]:
    """Return what relaxing each limit by one action would bring: a finite difference, not a dual value.

    Where an optimum was not proven the difference is off by at most its gap.
    """
    return tuple(
        Worth(
            limit=limit,
            dollars=optimise(replace(problem, constraints=relax(problem.constraints, limit, 1))).value - optimum.value,
        )
        for limit in problem.limits()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forced:
    """What a step costs, whom it moves and from which predicted value on it is taken."""

    cost: float | None = None
    moves: tuple[Move, ...] = ()
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Exchange:
    """The last action given and the next one not given of every account and type, and what limits an exchange.

    ``last`` is +inf and ``next`` -inf where there is none. ``places`` has, by kind, which of ``limits`` each account
    falls under, -1 for none; ``at_bound`` says which limits are just met, with one more for none, which never is.
    """

    problem: Problem
    counts: Integers
    last: Floats
    next: Floats
    limits: tuple[Limit, ...]
    places: Mapping[str, Integers]
    at_bound: Booleans

    @classmethod
    def of(cls, problem: Problem, counts: Integers) -> _Exchange:
        offers = problem.offers()
        edge = np.full((*counts.shape, 1), np.inf)
        last = np.take_along_axis(np.concatenate([edge, offers], axis=2), counts[:, :, None], axis=2)[:, :, 0]
        following = np.take_along_axis(np.concatenate([offers, -edge], axis=2), counts[:, :, None], axis=2)[:, :, 0]
        for each in problem.constraints.prerequisites:
            needed, action = problem.type_index(each.needs), problem.type_index(each.action)
            last[(counts[:, needed] == 1) & (counts[:, action] > 0), needed] = np.inf
            following[counts[:, needed] == 0, action] = -np.inf
        limits = problem.limits()
        members = {str(kind): member for kind, member in problem.members(limits).items()}
        none, everyone = np.full((1, 1), -1), (problem.accounts, 1)
        bounds = np.array([limit.bound for limit in limits], dtype=np.int64)
        return cls(
            problem=problem,
            counts=counts,
            last=last,
            next=following,
            limits=limits,
            places={
                kind: np.broadcast_to(members.get(kind, none), everyone)[:, 0]
                for kind in ("capacity", "rep", "territory")
            },
            at_bound=np.append(problem.usage(counts, limits) == bounds, False),
        )

    def explain(self, row: int) -> Why:
        """Explain an account by single exchanges; exact for nested limits."""
        return self.put(row, more=self._more(row), fewer=self._fewer(row) if self.counts[row].any() else None)

    def put(self, row: int, *, more: _Forced, fewer: _Forced | None) -> Why:
        """Return the reason with the steps found and what stands beside them."""
        types, counts = self.problem.types, self.counts[row]
        best, least = int(self.next[row].argmax()), int(self.last[row].argmin())
        has_next, has_last = self.next[row, best] > -np.inf, self.last[row, least] < np.inf
        cap = self.problem.constraints.cap_per_account
        capped = cap is not None and counts.sum() >= cap
        return Why(
            account_id=self.problem.account_ids[row],
            predicted=float(self.problem.predicted[row]),
            actions=tuple((name, int(count)) for name, count in zip(types, counts, strict=True) if count),
            more=Step(
                action=types[best] if has_next else None,
                gain=float(self.next[row, best]) if has_next else 0.0,
                cost=more.cost,
                moves=more.moves,
                threshold=more.threshold,
                limits=(
                    *([f"the cap of {cap} per account"] if capped else []),
                    *(str(limit) for limit in self._tight(row, best if has_next else None, least=False)),
                ),
            ),
            fewer=None
            if fewer is None
            else Step(
                action=types[least] if has_last else None,
                gain=float(self.last[row, least]) if has_last else 0.0,
                cost=fewer.cost,
                moves=fewer.moves,
                threshold=fewer.threshold,
                limits=tuple(str(limit) for limit in self._tight(row, None, least=True)),
            ),
        )

    def _more(self, row: int) -> _Forced:
        gain = self.next[row].max()
        cap = self.problem.constraints.cap_per_account
        if gain == -np.inf or (cap is not None and self.counts[row].sum() >= cap):
            return _Forced()
        if self._full("rep")[row]:
            pool = self._same("rep", row)
        elif self._full("capacity")[row]:
            pool = self._same("territory", row) | ~self._full("territory")
        else:
            return _Forced(cost=-gain)
        given = np.where(pool, self.last.min(axis=1), np.inf)
        given[row] = np.inf
        loser = int(given.argmin())
        if given[loser] == np.inf:
            return _Forced()
        ratio = given[loser] / gain if gain > 0 else None
        return self._moved(row, loser, change=-1, cost=given[loser] - gain, ratio=ratio)

    def _fewer(self, row: int) -> _Forced:
        gain = self.last[row].min()
        bound = self._full("territory")[row]
        free = ~self._full("rep") & (self._same("territory", row) if bound else True)
        pool = self._same("rep", row) | free if self.places["rep"][row] >= 0 else free
        cap = self.problem.constraints.cap_per_account
        if cap is not None:
            pool &= self.counts.sum(axis=1) < cap
        offered = np.where(pool, self.next.max(axis=1), -np.inf)
        offered[row] = -np.inf
        taker = int(offered.argmax())
        if offered[taker] == -np.inf or (offered[taker] <= 0 and not bound):
            return _Forced() if bound else _Forced(cost=gain)
        ratio = offered[taker] / gain if gain > 0 and offered[taker] > 0 else None
        return self._moved(row, taker, change=1, cost=gain - offered[taker], ratio=ratio)

    def _moved(self, row: int, other: int, *, change: int, cost: float, ratio: float | None) -> _Forced:
        return _Forced(
            cost=float(cost),
            moves=(Move(account_id=self.problem.account_ids[other], change=change),),
            threshold=None if ratio is None else float(self.problem.predicted[row] * ratio),
        )

    def _full(self, kind: str) -> Booleans:
        """Return which accounts fall under a limit of a kind that is just met."""
        full: Booleans = self.at_bound[self.places[kind]]
        return full

    def _same(self, kind: str, row: int) -> Booleans:
        same: Booleans = self.places[kind] == self.places[kind][row]
        return same

    def _tight(self, row: int, action: int | None, *, least: bool) -> Iterator[Limit]:
        for place, limit in enumerate(self.limits):
            if limit.kind == "budget":
                mine = action is not None and limit.name == self.problem.types[action]
            else:
                mine = bool(self.places[limit.kind][row] == place)
            if mine and limit.at_least == least and self.at_bound[place]:
                yield limit


def _force(problem: Problem, optimum: Optimum, exchange: _Exchange, forced: patterns.Forced) -> _Forced:
    """Solve with one account forced to step, and look for the predicted value from which it would do so unforced."""
    row = forced.account
    solution = patterns.solve(problem, forced=forced)
    if solution is None:
        return _Forced()
    value = problem.value(solution.counts)
    if max(optimum.bound - optimum.value, solution.bound - value) > 1e-6 * max(1.0, abs(optimum.value)):
        raise UnprovenError(problem.account_ids[row])
    change = (solution.counts - exchange.counts).sum(axis=1)
    moves = tuple(
        Move(account_id=problem.account_ids[other], change=int(change[other]))
        for other in np.flatnonzero(change).tolist()
        if other != row
    )
    return _Forced(cost=optimum.value - value, moves=moves, threshold=_threshold(problem, forced))


def _threshold(problem: Problem, forced: patterns.Forced) -> float | None:
    """Return the whole dollars of predicted value from which (below which) an account steps, by bisection."""
    row, now = forced.account, float(problem.predicted[forced.account])

    def steps(predicted: float) -> bool:
        gains = problem.gains.copy()
        gains[row] *= predicted / now
        count = int(optimise(replace(problem, gains=gains)).counts[row].sum())
        return count >= forced.least and (forced.most is None or count <= forced.most)

    if now <= 0:
        return None
    stays, stepped = (np.floor(now), np.ceil(8 * now)) if forced.most is None else (np.ceil(now), 1.0)
    if steps(stays) or not steps(stepped):
        return None
    while abs(stepped - stays) > 1:
        middle = np.floor((stays + stepped) / 2)
        stays, stepped = (stays, middle) if steps(middle) else (middle, stepped)
    return float(max(stays, stepped))


def _movers(moves: tuple[Move, ...]) -> str:
    if len(moves) > _NAMED:
        return f"{len(moves)} accounts change"
    return " and ".join(f"{move.account_id} {move.change:+d}" for move in moves)


def _listed(limits: tuple[str, ...]) -> str:
    return " and ".join(limits)
