"""The exact optimum under any constraints: one pattern of actions per account, chosen at prices for the limits.

A pattern says how many actions of each type an account gets; caps, prerequisites and exclusions are kept by leaving
patterns out. What remains couples accounts only through the few limits, so that, given a price per limit, every account
chooses its best pattern by itself, and the sum of what they choose bounds every allocation from above (Lagrangian
relaxation; Geoffrion, 1974). Good prices come from a smoothed dual, exact ones from a linear program over the patterns
that are close to being chosen, the allocation itself from the same program in whole numbers. A pattern that falls short
of its account's best one by more than the gap between bound and allocation is in no better allocation, so the program
needs only those within the gap: then the gap is closed, by proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

import highspy
import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from pipeline.allocation.books import Books
from pipeline.allocation.market import Market

if TYPE_CHECKING:
    from pipeline.allocation.gains import Floats
    from pipeline.allocation.market import Forced, Quote
    from pipeline.allocation.problem import Booleans, Integers, Problem

EXACT = 1e-9
_WHOLE = 1e-6
_TEMPERATURE = 0.03
_ROUNDS = 40
_FAR = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Counts, shape (accounts, types), the proven bound on the value of any other, and the prices that prove it."""

    counts: Integers
    bound: float
    prices: Floats


def solve(problem: Problem, *, forced: Forced | None = None, time_limit_seconds: float = 60.0) -> Solution | None:
    """Return the optimum, or None if the constraints are infeasible.

    When the time limit stops the search, the best allocation found is returned with the bound reached by then.
    """
    market = Market.of(problem, forced=forced)
    if np.any(market.worth.max(axis=1) == -np.inf):
        return None
    quote = market.quote(_smooth_prices(market))
    core = quote.shortfall <= _width(quote.shortfall, market.margin)
    while True:
        relaxed = _solve_core(market, core)
        if relaxed is None:
            if np.array_equal(core, market.allowed):
                return None
            core |= quote.shortfall <= _width(quote.shortfall, 10 * int(core.sum()))
            continue
        quote = market.quote(relaxed.prices)
        if quote.bound - relaxed.value <= EXACT * abs(quote.bound):
            if relaxed.is_whole:
                return Solution(counts=market.patterns[relaxed.chosen], bound=quote.bound, prices=quote.prices)
            return _make_whole(market, quote, time_limit_seconds=time_limit_seconds)
        core |= quote.shortfall <= _width(quote.shortfall, market.margin)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """A solution of the program over some patterns: one for each account if it is whole, else prices of the limits."""

    chosen: Integers
    prices: Floats
    value: float
    bound: float
    is_whole: bool


def _smooth_prices(market: Market) -> Floats:
    """Return prices near the best ones: those that minimise the bound with each account's maximum softened."""
    count, accounts = len(market.bounds), len(market.worth)
    gains = market.worth[market.allowed & (market.worth > 0)]
    prices = np.zeros(count)
    if not count or not len(gains):
        return prices
    typical = float(np.median(gains))

    worth = (market.worth / typical).astype(np.float32)
    patterns = market.patterns.astype(np.float32)
    size = patterns.sum(axis=1)

    def soften(prices: Floats) -> tuple[float, Floats]:
        price = np.append(prices, 0.0)
        surplus = worth - price[market.of_account].sum(axis=1).astype(np.float32)[:, None] * size
        surplus -= patterns @ price[market.of_type].astype(np.float32)
        surplus /= np.float32(_TEMPERATURE)
        top = surplus.max(axis=1, keepdims=True)
        surplus -= top
        weight = np.exp(surplus, out=surplus)
        total = weight.sum(axis=1, keepdims=True)
        bound = _TEMPERATURE * float((top + np.log(total)).sum(dtype=np.float64)) + float(prices @ market.bounds)
        share = weight @ patterns / total
        used = np.zeros(count + 1)
        for place in market.of_account.T:
            used += np.bincount(place, weights=share.sum(axis=1), minlength=count + 1)
        used += np.bincount(market.of_type, weights=share.sum(axis=0, dtype=np.float64), minlength=count + 1)
        return bound / accounts, (market.bounds - used[:-1]) / accounts

    sides = [(0.0, 50.0) if sign > 0 else (-50.0, 0.0) for sign in market.sign]
    # Products as thin as these take many times longer on several threads.
    with threadpool_limits(limits=1, user_api="blas"):
        found = minimize(soften, prices, jac=True, method="L-BFGS-B", bounds=sides, options={"maxiter": _ROUNDS})
    return np.asarray(found.x) * typical


def _width(shortfall: Floats, margin: int) -> float:
    """Return the shortfall within which each account's best pattern and ``margin`` more lie."""
    finite = shortfall[np.isfinite(shortfall)]
    place = min(len(shortfall) + margin, len(finite)) - 1
    return float(np.partition(finite, place)[place])


def _solve_core(
    market: Market, core: Booleans, *, whole: bool = False, time_limit_seconds: float = 60.0
) -> Choice | None:
    """Return the best choice among the patterns in the core, in shares or whole ones, or None if there is none."""
    account, pattern = np.nonzero(core)
    limits, entries = len(market.bounds), np.arange(len(account))
    rows = [account + limits]
    columns = [entries]
    coefficients = [np.ones(len(account))]
    size = market.patterns.sum(axis=1).astype(np.float64)
    for place in market.of_account.T:
        rows.append(place[account])
        columns.append(entries)
        coefficients.append(size[pattern])
    for kind, place in enumerate(market.of_type):
        rows.append(np.full(len(account), place))
        columns.append(entries)
        coefficients.append(market.patterns[pattern, kind].astype(np.float64))
    row, column, coefficient = np.concatenate(rows), np.concatenate(columns), np.concatenate(coefficients)
    # The row past the last limit, where limits that are none point, is the first account's: such entries go.
    real = coefficient != 0
    real[len(account) :] &= row[len(account) :] < limits
    row, column, coefficient = row[real], column[real], coefficient[real]
    order = np.argsort(row, kind="stable")
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(account), limits + len(market.worth)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = market.worth[account, pattern]
    model.col_lower_, model.col_upper_ = np.zeros(len(account)), np.ones(len(account))
    each = np.ones(len(market.worth))
    model.row_lower_ = np.concatenate([np.where(market.sign > 0, -np.inf, market.bounds), each])
    model.row_upper_ = np.concatenate([np.where(market.sign > 0, market.bounds, np.inf), each])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.searchsorted(row[order], np.arange(model.num_row_ + 1))
    model.a_matrix_.index_, model.a_matrix_.value_ = column[order], coefficient[order]
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(account)
    # The class around this one prints a banner before it can be told not to.
    solver = highspy._Highs()  # type: ignore[attr-defined]  # noqa: SLF001
    for option, value in {
        "output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "time_limit": time_limit_seconds,
    }.items():  # fmt: skip
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    info, solution = solver.getInfo(), solver.getSolution()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    share = np.array(solution.col_value)
    chosen = np.zeros(len(market.worth), dtype=np.int64)
    is_whole = whole or bool(np.all(np.abs(share - share.round()) < _WHOLE))
    if is_whole:
        taken = share.round() == 1
        chosen[account[taken]] = pattern[taken]
    prices = np.array(solution.row_dual)[:limits]
    if not whole:
        value = info.objective_function_value
        return Choice(chosen=chosen, prices=prices, value=value, bound=np.inf, is_whole=is_whole)
    value = market.worth_of(chosen)
    return Choice(chosen=chosen, prices=prices, value=value, bound=max(value, info.mip_dual_bound), is_whole=True)


def _make_whole(market: Market, quote: Quote, *, time_limit_seconds: float) -> Solution | None:
    """Return the best allocation; the core grows until no pattern outside it can be in a better one.

    What may still be gained shrinks by a tighter bound first, and by each allocation found.
    """
    deadline = monotonic() + time_limit_seconds
    margin, best = 300 + 4 * len(market.bounds), None
    tight = Books.of(market).tighten(quote.prices)
    if tight.value == -np.inf:
        return None
    if tight.value < quote.bound:
        quote = replace(quote, bound=tight.value, shortfall=tight.shortfall)
    while True:
        width = _width(quote.shortfall, margin)
        if best is not None:
            width = max(width, min(_FAR * width, quote.bound - best.value))
        core = quote.shortfall <= width
        # A pattern that no rep can afford falls short without end, and no allocation has it.
        everything = np.array_equal(core, np.isfinite(quote.shortfall))
        found = _solve_core(market, core, whole=True, time_limit_seconds=max(0.1, deadline - monotonic()))
        if found is not None and (best is None or found.value > best.value):
            best = found
        if best is None:
            if everything:
                return None
        elif found is None or found.bound - found.value > EXACT * found.value:
            return Solution(counts=market.patterns[best.chosen], bound=quote.bound, prices=quote.prices)
        elif quote.bound - best.value <= max(width, EXACT * quote.bound) or everything:
            return Solution(counts=market.patterns[best.chosen], bound=best.value, prices=quote.prices)
        margin *= 4
