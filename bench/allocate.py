"""The allocation beside general solvers, on the same problems in one interleaved run.

``python bench/allocate.py [--quick]``, or with all benches by ``make bench``. Peers: scipy (HiGHS), OR-tools GLOP and
CP-SAT. Times are wall seconds of building the model and solving it, from the same arrays; a peer is stopped after
``PEER_SECONDS``, and one that needs more than ``ONCE_BEYOND_SECONDS`` runs once. GLOP and linprog solve the linear
program alone, which has a whole solution only without prerequisites.
"""

from __future__ import annotations

import os
import statistics
import sys
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from row import Row
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from pipeline.allocation.gains import ResponseCurve, expected_gains
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Block, Budget, Constraints, Prerequisite, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGES = ("highspy", "scipy", "ortools", "numpy")
PEER_SECONDS = 20.0
ONCE_BEYOND_SECONDS = 5.0
CURVES = [
    ResponseCurve(action=action, base_lift=lift, decay=decay, slots=2)
    for action, lift, decay in (
        ("workshop", 0.06, 0.6),
        ("executive call", 0.05, 0.5),
        ("proof of concept", 0.04, 0.7),
        ("training", 0.03, 0.65),
        ("site visit", 0.02, 0.55),
    )
]


def make_problem(accounts: int, *, side: bool = True, prerequisites: bool = False, seed: int = 0) -> Problem:
    random = np.random.default_rng(seed)
    predicted = np.clip(np.exp(random.normal(10.8, 0.8, accounts)), 5e3, 2e5)
    gains = expected_gains(predicted, CURVES) * random.uniform(0.5, 1.5, (accounts, len(CURVES), 1))
    types = tuple(curve.action for curve in CURVES)
    ids = [f"ACME-{row:07}" for row in range(accounts)]
    if not side:
        constraints = Constraints(capacity=accounts, cap_per_account=5)
        return Problem(
            account_ids=pa.array(ids), types=types, gains=gains, predicted=predicted, constraints=constraints
        )
    rep = random.integers(max(4, accounts // 40), size=accounts)
    reps = [f"rep {each:03}" for each in rep]
    territories = [("APAC", "EMEA", "LATAM", "NA")[each % 4] for each in rep]
    share = accounts / len(set(reps))
    return Problem(
        account_ids=pa.array(ids),
        types=types,
        gains=gains,
        predicted=predicted,
        reps=reps,
        territories=territories,
        constraints=Constraints(
            capacity=accounts,
            cap_per_account=3,
            rep_capacity={name: int(share * random.uniform(0.8, 1.3)) for name in sorted(set(reps))},
            territory_minimum=dict.fromkeys(sorted(set(territories)), int(accounts * 0.22)),
            budgets={
                name: Budget(amount=int(accounts * part))
                for name, part in zip(types, (0.2, 0.22, 0.25, 0.3, 0.3), strict=True)
            },
            prerequisites=(
                Prerequisite(action="proof of concept", needs="workshop"),
                Prerequisite(action="site visit", needs="training"),
            )
            if prerequisites
            else (),
            blocks=tuple(
                Block(account_id=ids[row], reason="cooldown", action=types[row % len(types)])
                for row in range(0, accounts, 10)
            ),
        ),
    )


def rows_of(problem: Problem) -> tuple[np.ndarray, sp.csr_array, np.ndarray]:
    """Return gains, A and b of ``max gains @ x, A x <= b, 0 <= x <= 1``, one variable per action that may be given."""
    its, offers = problem.constraints, problem.offers()
    account, kind, slot = np.nonzero(offers > -np.inf)
    count = len(account)
    blocks, bounds = [sp.csr_array(np.ones((1, count)))], [[its.capacity]]

    def add(row: np.ndarray, inside: np.ndarray, bound: list[float], sign: float = 1.0) -> None:
        entries = (np.full(len(row), sign), (row, inside))
        blocks.append(sp.csr_array(entries, shape=(len(bound), count)))
        bounds.append(bound)

    add(account, np.arange(count), [float(its.cap_per_account or 10)] * problem.accounts)
    for names, limits, sign in (
        (problem.reps, its.rep_capacity, 1.0),
        (problem.territories, its.territory_minimum, -1.0),
    ):
        if limits and names is not None:
            place = {name: row for row, name in enumerate(limits)}
            row = np.array([place[names[each]] for each in account])
            add(row, np.arange(count), [sign * bound for bound in limits.values()], sign)
    if its.budgets:
        add(kind, np.arange(count), [float(its.budgets[name].actions) for name in problem.types])
    first = np.full(offers.shape[:2], -1)
    first[account[slot == 0], kind[slot == 0]] = np.flatnonzero(slot == 0)
    for each in its.prerequisites:
        inside = np.flatnonzero(kind == problem.type_index(each.action))
        needed = first[account[inside], problem.type_index(each.needs)]
        row, met = np.arange(len(inside)), needed >= 0
        entries = (
            np.concatenate([np.ones(len(row)), -np.ones(met.sum())]),
            (np.concatenate([row, row[met]]), np.concatenate([inside, needed[met]])),
        )
        blocks.append(sp.csr_array(entries, shape=(len(row), count)))
        bounds.append([0.0] * len(row))
    return offers[account, kind, slot], sp.csr_array(sp.vstack(blocks)), np.concatenate(bounds).astype(float)


def by_linprog(problem: Problem) -> float | None:
    gains, matrix, bound = rows_of(problem)
    found = linprog(-gains, matrix, bound, bounds=(0, 1), method="highs", options={"time_limit": PEER_SECONDS})
    return -found.fun if found.status == 0 else None


def by_milp(problem: Problem) -> float | None:
    gains, matrix, bound = rows_of(problem)
    options = {"time_limit": PEER_SECONDS, "mip_rel_gap": 0.0}
    found = milp(
        -gains, integrality=1, bounds=Bounds(0, 1), constraints=LinearConstraint(matrix, ub=bound), options=options
    )
    return -found.fun if found.status == 0 else None


def by_glop(problem: Problem) -> float | None:
    from ortools.linear_solver.python import model_builder

    gains, matrix, bound = rows_of(problem)
    model = model_builder.Model()
    x = model.new_num_var_series("x", index=pd.RangeIndex(len(gains)), lower_bounds=0.0, upper_bounds=1.0).to_numpy()
    for row in range(len(bound)):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        model.add(model_builder.LinearExpr.weighted_sum(x[matrix.indices[part]], matrix.data[part]) <= bound[row])
    model.maximize(model_builder.LinearExpr.weighted_sum(x, gains))
    solver = model_builder.Solver("GLOP")
    solver.set_time_limit_in_seconds(PEER_SECONDS)
    return solver.objective_value if solver.solve(model) == model_builder.SolveStatus.OPTIMAL else None


def by_cp_sat(problem: Problem) -> float | None:
    from ortools.sat.python import cp_model

    gains, matrix, bound = rows_of(problem)
    model = cp_model.CpModel()
    x = np.array([model.new_bool_var("") for _ in gains])
    for row in range(len(bound)):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        model.add(
            cp_model.LinearExpr.weighted_sum(x[matrix.indices[part]], matrix.data[part].astype(int)) <= int(bound[row])
        )
    cents = np.round(gains * 100).astype(int)
    model.maximize(cp_model.LinearExpr.weighted_sum(x, cents))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = PEER_SECONDS
    solver.parameters.num_workers = os.cpu_count() or 1
    return solver.objective_value / 100 if solver.solve(model) == cp_model.OPTIMAL else None


def by_partition(problem: Problem) -> float:
    gains = np.where(np.isnan(problem.gains), 0, problem.gains).reshape(problem.accounts, -1)
    capped = np.sort(gains, axis=1)[:, -(problem.constraints.cap_per_account or 10) :].ravel()
    left = problem.constraints.capacity or 0
    return float(np.partition(capped, len(capped) - left)[len(capped) - left :].sum())


def compare(
    what: str, problem: Problem, peers: dict[str, Callable[[Problem], float | None]], *, rounds: int = 5
) -> Iterator[Row]:
    """Yield a row for each peer; all of them and ours take turns, ours first."""
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    values: dict[str, float | None] = {}
    gap = 0.0
    there = {name: solve for name, solve in peers.items() if "OR-tools" not in name or find_spec("ortools")}
    for turn in range(rounds):
        start = perf_counter()
        optimum = optimise(problem)
        seconds["ours"].append(perf_counter() - start)
        values["ours"], gap = optimum.value, optimum.gap
        for name, solve in there.items():
            if turn and seconds[name][0] > ONCE_BEYOND_SECONDS:
                continue
            start = perf_counter()
            values[name] = solve(problem)
            seconds[name].append(perf_counter() - start)
    ours = statistics.median(seconds["ours"])
    for name in peers:
        if name not in there:
            yield Row(what, ours, name, note=f"gap {gap:.1g}; not installed")
            continue
        theirs, value = statistics.median(seconds[name]), values[name]
        note = f"gap {gap:.1g}"
        if value is None:
            yield Row(what, ours, name, note=f"{note}; not optimal within {PEER_SECONDS:.0f} s")
            continue
        more = (value - (values["ours"] or 0.0)) / value
        yield Row(what, ours, name, theirs, note=f"{note}; its value {more:+.1g} of ours")


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of the table, the small problems first."""
    lp = {"scipy linprog": by_linprog, "OR-tools GLOP": by_glop}
    whole = {"scipy milp": by_milp, "OR-tools CP-SAT": by_cp_sat}
    yield from compare("500 accounts x 10, all but prerequisites", make_problem(500), lp | whole)
    yield from compare("500 accounts x 10, all limits", make_problem(500, prerequisites=True), whole)
    if quick:
        return
    yield from compare("10,000 accounts x 10, all but prerequisites", make_problem(10_000), lp, rounds=3)
    yield from compare("10,000 accounts x 10, all limits", make_problem(10_000, prerequisites=True), whole, rounds=3)
    separable = make_problem(1_000_000, side=False)
    yield from compare("1,000,000 accounts x 10, separable", separable, {"numpy sort + partition": by_partition})


def main() -> None:
    for row in rows(quick="--quick" in sys.argv):
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        print(
            f"{row.what:45} {row.ours:8.3f} s  {row.peer:24} {row.theirs or 0:8.3f} s {ratio:>8}  {row.note}",
            flush=True,
        )


if __name__ == "__main__":
    main()
