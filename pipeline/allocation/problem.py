"""What is to be given to whom, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from pipeline.allocation.errors import ConstraintError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from pipeline.allocation.gains import Floats

Integers: TypeAlias = npt.NDArray[np.int64]
Booleans: TypeAlias = npt.NDArray[np.bool_]
Kind: TypeAlias = Literal["capacity", "rep", "territory", "budget"]

_CLOSEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent on one type of action, and what one such action costs, in the same unit."""

    amount: float
    cost: float = 1.0

    @property
    def actions(self) -> int:
        """How many actions it pays for; an amount that is a multiple of the cost but for rounding counts in full."""
        return int(self.amount / self.cost + 1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """An account can have ``action`` only if it also has at least one ``needs``."""

    action: str
    needs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An account that must not get an action of one type (None: of any), because of a cooldown or an exclusion."""

    account_id: str
    reason: str
    action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """The limits of an allocation; what is left out is not limited.

    ``rep_capacity`` and ``budgets`` say how many actions a rep or a type of action gets at most,
    ``territory_minimum`` how many a territory gets at least.
    """

    capacity: int | None = None
    cap_per_account: int | None = None
    rep_capacity: Mapping[str, int] = field(default_factory=dict)
    territory_minimum: Mapping[str, int] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    prerequisites: tuple[Prerequisite, ...] = ()
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a business calls the things that a reason speaks of, and the unit of what actions bring.

    ``one_of`` has the singular of each type of action, and is empty where actions have no types. ``caution`` is the
    share of the lower half of its interval that was taken off each predicted value.
    """

    account: str = "account"
    accounts: str = "accounts"
    action: str = "action"
    actions: str = "actions"
    rep: str = "rep"
    reps: str = "reps"
    unit: str = "$"
    one_of: Mapping[str, str] = field(default_factory=dict)
    caution: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A bound on how many actions some accounts or one type get together."""

    kind: Kind
    name: str
    bound: int

    @property
    def at_least(self) -> bool:
        """Whether the bound is a minimum; all but those of territories are maxima."""
        return self.kind == "territory"

    def __str__(self) -> str:
        match self.kind:
            case "capacity":
                return f"the total capacity of {self.bound:,}"
            case "rep":
                return f"{self.name}'s capacity of {self.bound:,}"
            case "territory":
                return f"{self.name}'s minimum of {self.bound:,}"
            case "budget":
                return f"the budget for {self.name} (enough for {self.bound:,})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Accounts, what each action would bring them, and the constraints.

    ``account_ids`` ascend: between equal gains the earlier account comes first. ``gains`` has the shape (accounts,
    types, slots), in the unit of its terms, of which none is negative and none is greater than the one in the slot
    before it; NaN at the end says that there is no such slot. The gains of an account are taken to grow in proportion
    to its ``predicted`` value, the cautious one where there is caution. ``reps`` and ``territories`` have one name per
    account; they may be left out where no constraint is on them.
    """

    account_ids: pa.Array
    types: tuple[str, ...]
    gains: Floats
    predicted: Floats
    reps: Sequence[str] | None = None
    territories: Sequence[str] | None = None
    constraints: Constraints = field(default_factory=Constraints)
    terms: Terms = field(default_factory=Terms)

    def __post_init__(self) -> None:
        faults = [*self._faults_of_accounts(), *self._faults_of_constraints()]
        if faults:
            raise ConstraintError(faults)

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        return len(self.account_ids)

    def account_id(self, row: int) -> str:
        """Return the id of the account in a row."""
        return str(self.account_ids[row])

    def type_index(self, action: str) -> int:
        """Return where in ``types`` the type of action stands."""
        return self.types.index(action)

    def offers(self) -> Floats:
        """Return the gains with -inf in the place of every action that must not or cannot be given."""
        missing = np.isnan(self.gains)
        if not self.constraints.blocks and not missing.any():
            return self.gains
        offers = np.where(missing, -np.inf, self.gains)
        place = {account_id: row for row, account_id in enumerate(self._ids_to_block())}
        for block in self.constraints.blocks:
            types = slice(None) if block.action is None else self.type_index(block.action)
            offers[place[block.account_id], types] = -np.inf
        return offers

    def limits(self) -> tuple[Limit, ...]:
        """Return the bounds on more than one account, in a fixed order."""
        its = self.constraints
        return (
            *([] if its.capacity is None else [Limit(kind="capacity", name="", bound=its.capacity)]),
            *(Limit(kind="rep", name=name, bound=its.rep_capacity[name]) for name in sorted(its.rep_capacity)),
            *(
                Limit(kind="territory", name=name, bound=its.territory_minimum[name])
                for name in sorted(its.territory_minimum)
            ),
            *(Limit(kind="budget", name=name, bound=budget.actions) for name, budget in sorted(its.budgets.items())),
        )

    def members(self, limits: Sequence[Limit]) -> dict[Kind, Integers]:
        """Return, for each kind of limit there is, which of ``limits`` an account and type falls under, or -1.

        The arrays broadcast to (accounts, types). A pair falls under at most one limit of a kind.
        """
        members: dict[Kind, Integers] = {}
        for kind in dict.fromkeys(limit.kind for limit in limits):
            places = {limit.name: place for place, limit in enumerate(limits) if limit.kind == kind}
            match kind:
                case "capacity":
                    members[kind] = np.full((1, 1), places[""])
                case "rep":
                    members[kind] = _find_all(places, self.reps or ())[:, None]
                case "territory":
                    members[kind] = _find_all(places, self.territories or ())[:, None]
                case "budget":
                    members[kind] = _find_all(places, self.types)[None, :]
        return members

    def usage(self, counts: Integers, limits: Sequence[Limit]) -> Integers:
        """Return how many of the actions counted, shape (accounts, types), fall under each limit."""
        used = np.zeros(len(limits), dtype=np.int64)
        for member in self.members(limits).values():
            place = np.broadcast_to(member, counts.shape)
            inside = place >= 0
            used += np.bincount(place[inside], weights=counts[inside], minlength=len(limits)).astype(np.int64)
        return used

    def value(self, counts: Integers) -> float:
        """Return what the actions counted, shape (accounts, types), bring together."""
        return sum(float(np.sum(self.gains[:, :, slot], where=counts > slot)) for slot in range(self.gains.shape[2]))

    def _ids_to_block(self) -> list[str]:
        """Return the ids among which blocked accounts are looked for; nothing is where none are."""
        ids: list[str] = self.account_ids.to_pylist() if self.constraints.blocks else []
        return ids

    def _faults_of_accounts(self) -> Iterator[str]:
        ids = self.account_ids
        shape = (len(ids), len(self.types))
        if not pc.all(pc.less(ids[:-1], ids[1:]), min_count=0).as_py():
            yield "the account ids do not ascend, or one comes twice"
        if len(set(self.types)) < len(self.types):
            yield f"a type of action comes twice among {', '.join(self.types)}"
        if self.gains.shape[:2] != shape or self.predicted.shape != shape[:1]:
            yield (
                f"there are {shape[0]:,} accounts and {shape[1]} types, but gains of shape {self.gains.shape} and "
                f"{len(self.predicted):,} predictions"
            )
        if np.any(self.gains < 0) or np.any(np.isinf(self.gains)):
            yield "a gain is negative or infinite"
        if np.any(self.gains[:, :, 1:] > self.gains[:, :, :-1]):
            yield "a gain is greater than that of the action before it, so returns do not diminish"
        for what, names in (("rep", self.reps), ("territory", self.territories)):
            if names is not None and len(names) != shape[0]:
                yield f"there are {shape[0]:,} accounts, but a {what} for {len(names):,}"

    def _faults_of_constraints(self) -> Iterator[str]:
        its = self.constraints
        for what, bound in (
            ("the capacity", its.capacity),
            ("the cap per account", its.cap_per_account),
            *((f"the capacity of {name}", bound) for name, bound in its.rep_capacity.items()),
            *((f"the minimum of {name}", bound) for name, bound in its.territory_minimum.items()),
            *((f"the budget for {name}", budget.amount) for name, budget in its.budgets.items()),
        ):
            if bound is not None and not 0 <= bound < np.inf:
                yield f"{what} is {bound}, where 0 or more is needed"
        for name, budget in its.budgets.items():
            if not 0 < budget.cost < np.inf:
                yield f"a {name} costs {budget.cost}, where more than 0 is needed"
        yield from _unknown(self.terms.rep, its.rep_capacity, self.reps)
        yield from _unknown("territory", its.territory_minimum, self.territories)
        actions = [action for each in its.prerequisites for action in (each.action, each.needs)]
        blocked = [block.action for block in its.blocks if block.action is not None]
        yield from _unknown(f"type of {self.terms.action}", [*its.budgets, *actions, *blocked], self.types)
        yield from _unknown(self.terms.account, [block.account_id for block in its.blocks], self._ids_to_block())
        yield from _circles(its.prerequisites)


def relax(constraints: Constraints, limit: Limit, by: int) -> Constraints:
    """Return the constraints with one limit relaxed by a number of actions: a maximum raised, a minimum lowered."""
    match limit.kind:
        case "capacity":
            return replace(constraints, capacity=limit.bound + by)
        case "rep":
            return replace(constraints, rep_capacity={**constraints.rep_capacity, limit.name: limit.bound + by})
        case "territory":
            lower = max(0, limit.bound - by)
            return replace(constraints, territory_minimum={**constraints.territory_minimum, limit.name: lower})
        case "budget":
            budget = constraints.budgets[limit.name]
            raised = replace(budget, amount=(limit.bound + by) * budget.cost)
            return replace(constraints, budgets={**constraints.budgets, limit.name: raised})


def _find_all(places: Mapping[str, int], names: Sequence[str]) -> Integers:
    return np.fromiter((places.get(name, -1) for name in names), dtype=np.int64, count=len(names))


def _unknown(what: str, named: Mapping[str, object] | Sequence[str], known: Sequence[str] | None) -> Iterator[str]:
    if not named:
        return
    there = sorted(set(known or ()))
    for name in sorted(set(named) - set(there)):
        similar = closest(name, there)
        yield f"there is no {what} {name}" + (f" (the closest: {', '.join(similar)})" if similar else "")


def closest(name: str, there: Sequence[str]) -> list[str]:
    """Return up to three of the names that resemble one, in any letter case; a part of a name resembles it."""
    folded = {each.casefold(): each for each in there}
    within = [each for fold, each in folded.items() if name and name.casefold() in fold]
    similar = [folded[each] for each in get_close_matches(name.casefold(), list(folded))]
    return list(dict.fromkeys([*within, *similar]))[:_CLOSEST]


def _circles(prerequisites: Sequence[Prerequisite]) -> Iterator[str]:
    """Yield a fault for each type of action that would have to come before itself."""
    needs: dict[str, set[str]] = {}
    for each in prerequisites:
        needs.setdefault(each.action, set()).add(each.needs)
    for start, first in needs.items():
        reached, frontier = set[str](), set(first)
        while frontier:
            reached |= frontier
            frontier = {further for action in frontier for further in needs.get(action, ())} - reached
        if start in reached:
            yield f"{start} would have to come before itself"
