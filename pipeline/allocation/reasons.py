"""Why an account gets as many actions as it does, and not one more or one fewer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.allocation import laminar, patterns
from pipeline.allocation.market import Forced, Market
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import relax
from pipeline.on_demand import OnDemand

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from pipeline.allocation.gains import Floats
    from pipeline.allocation.optimum import Optimum
    from pipeline.allocation.problem import Booleans, Integers, Limit, Problem

_PROVEN = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many actions another account would get more, or fewer if ``change`` is negative."""

    account_id: str
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What it would mean for an account to have one action more, or one fewer; amounts in the unit of the gains.

    ``action`` and ``gain`` are the best action not given, or the least of those given; None if there is none. ``cost``
    is by how much the best allocation with at least one more (at most one fewer) brings less than the optimum, and
    ``moves`` what it changes for others; None if the constraints rule it out. From the predicted value ``threshold`` on
    (below it for one fewer), everything else equal, the optimum takes the step. ``limits`` are those that the step
    would break if nobody else gave up or took an action.

    With ``single`` it is one exchange of this ``action`` with one other account, or with none, and ``cost`` the
    difference of what it brings here and there; without it others may change among themselves, too.

    Without ``exact`` the amounts are proven bounds: the step costs ``cost`` at the least and is not taken short of
    ``threshold``; nothing is said of others.
    """

    action: str | None
    gain: float
    cost: float | None
    moves: tuple[Move, ...]
    threshold: float | None
    limits: tuple[str, ...]
    exact: bool = True
    single: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why an account gets its actions; ``fewer`` is None for an account that gets none.

    ``value`` is what its actions bring; ``blocked`` are the reasons for which it must not get some, each with the type
    of action or None for all.
    """

    account_id: str
    predicted: float
    value: float
    actions: tuple[tuple[str, int], ...]
    blocked: tuple[tuple[str | None, str], ...]
    more: Step
    fewer: Step | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """By how much the optimum rises when a limit is relaxed by one action, found by solving again."""

    limit: Limit
    amount: float


def explain(problem: Problem, optimum: Optimum) -> Sequence[Why]:
    """Return why each account gets what it gets, each found when it is asked for.

    For nested limits the cheapest way to force one action more or fewer is a single exchange with one other account
    (Murota, *Discrete Convex Analysis*, 2003, M♮-concavity), so nothing has to be solved again and all is exact. For
    others the prices of the limits bound what a step costs; ``explain_account`` finds that by solving again.
    """
    exchange = _Exchange.of(problem, optimum.counts)
    if laminar.is_laminar(problem):
        return OnDemand(exchange.explain, problem.accounts)
    bounds = _Bounds.of(problem, optimum)

    def explain_row(row: int) -> Why:
        return exchange.put(row, more=bounds.more(row), fewer=bounds.fewer(row) if optimum.counts[row].any() else None)

    return OnDemand(explain_row, problem.accounts)


def explain_account(problem: Problem, optimum: Optimum, row: int) -> Why:
    """Return why the account in one row gets what it gets, by solving again; for any constraints, in a second or so.

    Thresholds are whole units, up to eight times the predicted value, at which the step is taken; one unit short of it
    it is not. Where the optimum, or the one it is compared with, was not proven to be one, the step is given in bounds.
    """
    exchange = _Exchange.of(problem, optimum.counts)
    count = int(optimum.counts[row].sum())
    more = _force(problem, optimum, exchange, Forced(account=row, least=count + 1))
    fewer = _force(problem, optimum, exchange, Forced(account=row, most=count - 1)) if count else None
    return exchange.put(row, more=more, fewer=fewer)


def worth_of_one_more(
    problem: Problem, optimum: Optimum, *, limits: Sequence[Limit] | None = None
) -> tuple[Worth, ...]:
    """Return what relaxing each of the limits, or all, by one action would bring: a finite difference, no dual value.

    Where an optimum was not proven the difference is off by at most its gap.
    """
    return tuple(
        Worth(
            limit=limit,
            amount=optimise(replace(problem, constraints=relax(problem.constraints, limit, 1))).value - optimum.value,
        )
        for limit in (problem.limits() if limits is None else limits)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forced:
    """What a step costs, whom it moves and from which predicted value on it is taken, as in ``Step``."""

    cost: float | None = None
    moves: tuple[Move, ...] = ()
    threshold: float | None = None
    exact: bool = True
    single: bool = True


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
    blocked: Mapping[str, tuple[tuple[str | None, str], ...]]
    firsts: dict[Hashable, list[int]] = field(default_factory=dict)

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
            blocked=_blocked(problem),
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
            account_id=self.problem.account_id(row),
            predicted=float(self.problem.predicted[row]),
            value=float(self.problem.gains[row][np.arange(self.problem.gains.shape[2]) < counts[:, None]].sum()),
            blocked=self.blocked.get(self.problem.account_id(row), ()),
            actions=tuple((name, int(count)) for name, count in zip(types, counts, strict=True) if count),
            more=Step(
                action=types[best] if has_next else None,
                gain=float(self.next[row, best]) if has_next else 0.0,
                cost=more.cost,
                moves=more.moves,
                threshold=more.threshold,
                exact=more.exact,
                single=more.single,
                limits=(
                    *([f"the cap of {cap} per {self.problem.terms.account}"] if capped else []),
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
                exact=fewer.exact,
                single=fewer.single,
                limits=tuple(str(limit) for limit in self._tight(row, None, least=True)),
            ),
        )

    def _more(self, row: int) -> _Forced:
        gain = self.next[row].max()
        cap = self.problem.constraints.cap_per_account
        if gain == -np.inf or (cap is not None and self.counts[row].sum() >= cap):
            return _Forced()
        rep, territory = self.places["rep"][row], self.places["territory"][row]
        if self.at_bound[rep]:
            loser = self._first("gives", (rep, None), row, lambda: self.places["rep"] == rep)
        elif self.at_bound[self.places["capacity"][row]]:
            loser = self._first(
                "gives",
                (None, territory),
                row,
                lambda: (self.places["territory"] == territory) | ~self._full("territory"),
            )
        else:
            return _Forced(cost=-gain)
        if loser is None:
            return _Forced()
        given = self.last[loser].min()
        ratio = given / gain if gain > 0 else None
        return self._moved(row, loser, change=-1, cost=given - gain, ratio=ratio)

    def _fewer(self, row: int) -> _Forced:
        gain = self.last[row].min()
        rep, territory = self.places["rep"][row], self.places["territory"][row]
        bound = bool(self.at_bound[territory])
        taker = self._first(
            "takes", (rep, territory if bound else None), row, lambda: self._may_take(rep, territory if bound else None)
        )
        offered = -np.inf if taker is None else self.next[taker].max()
        if taker is None or (offered <= 0 and not bound):
            return _Forced() if bound else _Forced(cost=gain)
        ratio = offered / gain if gain > 0 and offered > 0 else None
        return self._moved(row, taker, change=1, cost=gain - offered, ratio=ratio)

    def _may_take(self, rep: int, territory: int | None) -> Booleans:
        """Return which accounts could take an action that an account of a rep, and in a territory, gave up."""
        free = ~self._full("rep")
        if territory is not None:
            free &= self.places["territory"] == territory
        pool = (self.places["rep"] == rep) | free if rep >= 0 else free
        cap = self.problem.constraints.cap_per_account
        return pool if cap is None else pool & (self.counts.sum(axis=1) < cap)

    def _first(self, which: str, key: Hashable, row: int, pool: Callable[[], Booleans]) -> int | None:
        """Return the account beside ``row`` that loses least, or gains most, among those of a pool; None if none can.

        The first two of a pool are looked for once.
        """
        found = self.firsts.get((which, key))
        if found is None:
            losses = self.last.min(axis=1) if which == "gives" else -self.next.max(axis=1)
            there = np.flatnonzero(pool() & (losses < np.inf))
            found = self.firsts[which, key] = there[np.argsort(losses[there], kind="stable")[:2]].tolist()
        return next((other for other in found if other != row), None)

    def _moved(self, row: int, other: int, *, change: int, cost: float, ratio: float | None) -> _Forced:
        return _Forced(
            cost=float(cost),
            moves=(Move(account_id=self.problem.account_id(other), change=change),),
            threshold=None if ratio is None else float(self.problem.predicted[row] * ratio),
        )

    def _full(self, kind: str) -> Booleans:
        """Return which accounts fall under a limit of a kind that is just met."""
        full: Booleans = self.at_bound[self.places[kind]]
        return full

    def _tight(self, row: int, action: int | None, *, least: bool) -> Iterator[Limit]:
        for place, limit in enumerate(self.limits):
            if limit.kind == "budget":
                mine = action is not None and limit.name == self.problem.types[action]
            else:
                mine = bool(self.places[limit.kind][row] == place)
            if mine and limit.at_least == least and self.at_bound[place]:
                yield limit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bounds:
    """What the prices of the limits prove about steps.

    At prices every account chooses its best pattern by itself, and what all of them choose, with the worth of the
    limits, bounds every allocation (see patterns). An account that is forced into a pattern takes its shortfall from
    that bound. ``slack`` is what the bound lies above the optimum, ``worth`` and ``paid`` what each pattern brings each
    account and costs it in prices, ``size`` how many actions a pattern has, ``own`` which pattern an account has.
    """

    predicted: Floats
    worth: Floats
    paid: Floats
    size: Integers
    own: Integers
    slack: float

    @classmethod
    def of(cls, problem: Problem, optimum: Optimum) -> _Bounds:
        market = Market.of(problem)
        prices = np.zeros(len(market.bounds)) if optimum.prices is None else optimum.prices
        paid = market.paid(prices)
        surplus = market.worth - paid
        bound = surplus.max(axis=1).sum() + prices @ market.bounds
        index = {tuple(pattern): place for place, pattern in enumerate(market.patterns.tolist())}
        return cls(
            predicted=problem.predicted,
            worth=market.worth,
            paid=paid,
            size=market.patterns.sum(axis=1),
            own=np.array([index[tuple(counts)] for counts in optimum.counts.tolist()]),
            slack=max(0.0, float(bound - optimum.value)),
        )

    def more(self, row: int) -> _Forced:
        """Return the least that one more costs, and the least predicted value at which it would be given."""
        own = self.own[row]
        others = np.flatnonzero((self.size > self.size[own]) & (self.worth[row] > -np.inf))
        if not len(others):
            return _Forced(exact=False)
        gained = self.worth[row, others] - self.worth[row, own]
        paid, slack = self.paid[row, others] - self.paid[row, own], self._slack(row)
        rising = gained > 0
        ratio = float(((paid - slack)[rising] / gained[rising]).min(initial=np.inf))
        now = float(self.predicted[row])
        return _Forced(
            cost=max(0.0, float((paid - gained).min()) - slack),
            threshold=ratio * now if np.isfinite(ratio) and ratio > 1 and now > 0 else None,
            exact=False,
        )

    def fewer(self, row: int) -> _Forced:
        """Return the least that one fewer costs, and down to which predicted value the actions stay."""
        own = self.own[row]
        others = np.flatnonzero((self.size < self.size[own]) & (self.worth[row] > -np.inf))
        if not len(others):
            return _Forced(exact=False)
        lost = self.worth[row, own] - self.worth[row, others]
        saved, slack = self.paid[row, own] - self.paid[row, others], self._slack(row)
        falling = lost > 0
        ratio = float(((saved + slack)[falling] / lost[falling]).max(initial=-np.inf))
        if not falling.all():
            ratio = np.inf
        now = float(self.predicted[row])
        return _Forced(
            cost=max(0.0, float((lost - saved).min()) - slack),
            threshold=ratio * now if 0 < ratio < 1 and now > 0 else None,
            exact=False,
        )

    def _slack(self, row: int) -> float:
        """Return how far the bound is above the optimum beside what this account's own pattern falls short."""
        surplus = self.worth[row] - self.paid[row]
        return max(0.0, self.slack - float(surplus.max() - surplus[self.own[row]]))


def _blocked(problem: Problem) -> dict[str, tuple[tuple[str | None, str], ...]]:
    blocked: dict[str, tuple[tuple[str | None, str], ...]] = {}
    for block in problem.constraints.blocks:
        blocked[block.account_id] = (*blocked.get(block.account_id, ()), (block.action, block.reason))
    return blocked


def _force(problem: Problem, optimum: Optimum, exchange: _Exchange, forced: Forced) -> _Forced:
    """Solve with one account forced to step, and look for the predicted value from which it would do so unforced."""
    row = forced.account
    solution = patterns.solve(problem, forced=forced)
    if solution is None:
        return _Forced()
    value = problem.value(solution.counts)
    if max(optimum.bound - optimum.value, solution.bound - value) > _PROVEN * max(1.0, abs(optimum.value)):
        bounds = _Bounds.of(problem, optimum)
        return bounds.more(row) if forced.most is None else bounds.fewer(row)
    change = (solution.counts - exchange.counts).sum(axis=1)
    moves = tuple(
        Move(account_id=problem.account_id(other), change=int(change[other]))
        for other in np.flatnonzero(change).tolist()
        if other != row
    )
    return _Forced(cost=optimum.value - value, moves=moves, threshold=_threshold(problem, forced), single=False)


def _threshold(problem: Problem, forced: Forced) -> float | None:
    """Return the whole units of predicted value from which (below which) an account steps, by bisection."""
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
    return float(stepped)
