"""Which constraints contradict one another, and what to relax."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.allocation import laminar, patterns
from pipeline.allocation.errors import InfeasibleError
from pipeline.allocation.problem import relax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.allocation.problem import Limit, Problem, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One part of the constraints that can be dropped: a limit, or all of the cap, the blocks or the prerequisites."""

    words: str
    relaxing: str
    limit: Limit | None = None
    fields: tuple[str, ...] = ()


def find_conflict(problem: Problem) -> InfeasibleError:
    """Return the error that names a smallest set of constraints that no allocation keeps.

    Smallest means irreducible: without any one of them the others can be kept (deletion filter; Chinneck & Dravnieks,
    1991). Whole groups are dropped at once where they do not matter.
    """
    parts = _list_parts(problem)
    kept = list(parts)

    def drop(group: Sequence[_Part]) -> None:
        rest = [part for part in kept if part not in group]
        if not _is_feasible(_only(problem, rest)):
            kept[:] = rest
        elif len(group) > 1:
            half = len(group) // 2
            drop(group[:half])
            drop(group[half:])

    for kind in ("territory", "budget", None, "rep", "capacity"):
        group = [part for part in parts if (part.limit.kind if part.limit else None) == kind]
        if group:
            drop(group)
    return _describe(problem, kept)


def _list_parts(problem: Problem) -> tuple[_Part, ...]:
    its = problem.constraints
    parts = [_Part(words=str(limit), relaxing="", limit=limit) for limit in problem.limits()]
    if its.cap_per_account is not None:
        cap = its.cap_per_account
        words = f"the cap of {cap} per {problem.terms.account}"
        parts.append(
            _Part(words=words, relaxing=f"raise the cap per {problem.terms.account}", fields=("cap_per_account",))
        )
    if its.blocks:
        parts.append(_Part(words="the cooldowns and exclusions", relaxing="lift some of them", fields=("blocks",)))
    if its.prerequisites:
        parts.append(_Part(words="the prerequisites", relaxing="drop a prerequisite", fields=("prerequisites",)))
    return tuple(parts)


def _only(problem: Problem, parts: Sequence[_Part]) -> Problem:
    """Return the problem with none but these constraints."""
    its = problem.constraints
    fields = {field for part in parts for field in part.fields}
    names = {(part.limit.kind, part.limit.name) for part in parts if part.limit}
    constraints = replace(
        its,
        capacity=its.capacity if ("capacity", "") in names else None,
        cap_per_account=its.cap_per_account if "cap_per_account" in fields else None,
        rep_capacity={name: most for name, most in its.rep_capacity.items() if ("rep", name) in names},
        territory_minimum={
            name: least for name, least in its.territory_minimum.items() if ("territory", name) in names
        },
        budgets={name: budget for name, budget in its.budgets.items() if ("budget", name) in names},
        prerequisites=its.prerequisites if "prerequisites" in fields else (),
        blocks=its.blocks if "blocks" in fields else (),
    )
    return replace(problem, constraints=constraints)


def _is_feasible(problem: Problem) -> bool:
    if laminar.is_laminar(problem):
        return laminar.choose(problem) is not None
    return patterns.solve(problem) is not None


def _describe(problem: Problem, parts: Sequence[_Part]) -> InfeasibleError:
    """Write the sentence: what must be, what stands against it, and each single way out."""
    minima = [part.limit for part in parts if part.limit and part.limit.at_least]
    others = [part for part in parts if not (part.limit and part.limit.at_least)]
    hardest = minima[-1]
    reachable = _most_in(_only(problem, [part for part in parts if part.limit != hardest]), hardest.name)
    short = hardest.bound - reachable
    must = " and ".join(f"{limit.name} must get at least {_actions(limit.bound, problem.terms)}" for limit in minima)
    left = f"{reachable:,}" if len(minima) == 1 else f"{reachable + sum(limit.bound for limit in minima[:-1]):,}"
    between = " between them" if len(minima) > 1 else ""
    reps = [part.limit for part in others if part.limit and part.limit.kind == "rep"]
    if not others:
        conflict = f"{must}, but its {problem.terms.accounts} can take only {left}."
    elif len(reps) == len(others) > 1 and sum(limit.bound for limit in reps) == reachable:
        who = _listed([f"{limit.name} ({limit.bound:,})" for limit in reps])
        conflict = f"{must}, but its {problem.terms.reps} {who} have only {left} between them."
    else:
        allow = "allows" if len(others) == 1 and others[0].limit else "allow"
        conflict = f"{must}, but {_listed([part.words for part in others])} {allow} only {left}{between}."
    ways = []
    for part in others:
        if part.limit is None:
            ways.append(part.relaxing)
        elif _is_feasible(_relaxed(problem, parts, part.limit, short)):
            ways.append(f"raise {_raised(problem, part.limit, part.limit.bound + short)}")
    ways.append(f"lower the minimum of {hardest.name} to {reachable:,}")
    return InfeasibleError([part.words for part in parts], conflict=conflict, relax=ways)


def _relaxed(problem: Problem, parts: Sequence[_Part], limit: Limit, by: int) -> Problem:
    alone = _only(problem, parts)
    return replace(alone, constraints=relax(alone.constraints, limit, by))


def _most_in(problem: Problem, territory: str) -> int:
    """Return how many actions a territory can get at most."""
    inside = np.array([name == territory for name in problem.territories or ()])
    each = np.where(np.isnan(problem.gains), np.nan, inside[:, None, None].astype(np.float64))
    counted = replace(problem, gains=each)
    if laminar.is_laminar(counted):
        counts = laminar.choose(counted)
    else:
        solution = patterns.solve(counted)
        counts = None if solution is None else solution.counts
    return 0 if counts is None else int(counts[inside].sum())


def _raised(problem: Problem, limit: Limit, bound: int) -> str:
    """Say what a maximum is raised to, a budget in the unit in which it is kept."""
    if limit.kind != "budget":
        return f"the capacity{f' of {limit.name}' if limit.name else ''} to {bound:,}"
    cost = problem.constraints.budgets[limit.name].cost
    pays = "" if cost == 1 else f", which pays for {bound:,}"
    return f"the budget for {limit.name} to {round(bound * cost, 2):,.10g}{pays}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _actions(count: int, terms: Terms) -> str:
    return f"1 {terms.action}" if count == 1 else f"{count:,} {terms.actions}"
