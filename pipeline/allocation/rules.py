"""The rules by which a business gives its actions: what a pack declares of them, and what a snapshot keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
ColumnName = Annotated[str, StringConstraints(min_length=1)]
Method = Literal["optimum", "score"]
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A table of a pack: every key known, nothing converted, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Response(Part):
    """What actions bring: the first ``first`` of the predicted value, each further one ``decay`` of the last.

    An assumption until responses were measured: the effect is a share of the predicted value that is the same for all.
    """

    first: Share
    decay: Share


class ActionType(Part):
    """One type of action: its response, how many of it one account may have, and what limits all of them.

    ``budget`` and ``cost`` (of one action) are in one unit of the business's choice; an account can have it only with
    at least one action of the type that it ``needs``. ``actions`` names the type everywhere.
    """

    action: Text
    actions: Text
    response: Response
    most: Annotated[int, Field(ge=1, le=20)] = 1
    budget: Annotated[float, Field(ge=0)] | None = None
    cost: Annotated[float, Field(gt=0)] = 1.0
    needs: Text | None = None


class Actions(Part):
    """How many actions there are to give, how many one account may have, what one costs in dollars, what they bring.

    There is either one ``response``, or one in each of several ``types``.
    """

    capacity: Annotated[int, Field(ge=1)]
    cap_per_account: Annotated[int, Field(ge=1)]
    cost: Annotated[float, Field(ge=0)]
    response: Response | None = None
    types: Annotated[tuple[ActionType, ...], Field(strict=False)] = ()

    def faults(self) -> Iterator[str]:
        """Yield what contradicts itself."""
        if self.cap_per_account > self.capacity:
            yield "actions.cap_per_account: one account may have more actions than there are"
        if (self.response is None) == (not self.types):
            yield "actions: one `response`, or `types` with one each, is needed, and not both"
        names = [each.actions for each in self.types]
        if len(set(names)) < len(names):
            yield "actions.types: two have one name"
        for each in self.types:
            if each.needs is not None and each.needs not in names:
                yield f"actions.types: {each.actions!r} needs {each.needs!r}, which is none of {', '.join(names)}"


class Block(Part):
    """Accounts that get no action, or none of one type: by their id, or by the value of a feature.

    A cooldown is a feature that counts days with the least of them as ``below``; what is missing blocks nothing.
    """

    reason: Text
    actions: Text | None = None
    accounts: Annotated[tuple[str, ...], Field(strict=False)] = ()
    feature: ColumnName | None = None
    below: float | None = None
    at_least: float | None = None
    equals: Annotated[str | None, Field(alias="is")] = None

    @property
    def conditions(self) -> int:
        """How many conditions there are on the value of the feature."""
        return sum(each is not None for each in (self.below, self.at_least, self.equals))


class AllocationRules(Part):
    """How actions are given, and the limits beside the capacity and the cap per account.

    ``caution`` is how much of the lower half of its interval is taken off a predicted value before anything is planned
    with it: 0 plans with the prediction, 1 with the low end. ``capacity_per_rep`` holds for every rep whom
    ``rep_capacity`` does not name.
    """

    method: Method = "optimum"
    caution: Annotated[float, Field(ge=0, le=1)] = 0.0
    capacity_per_rep: Count | None = None
    rep_capacity: dict[str, Count] = {}
    territory_minimum: dict[str, Count] = {}
    blocks: Annotated[tuple[Block, ...], Field(strict=False)] = ()

    def faults(self, actions: Actions, kinds: Mapping[str, str]) -> Iterator[str]:
        """Yield what contradicts the actions or the features, which are given with their kinds."""
        names = [each.actions for each in actions.types]
        for number, block in enumerate(self.blocks, start=1):
            place = f"allocation.blocks[{number}]"
            if block.actions is not None and block.actions not in names:
                yield f"{place}: {block.actions!r} is no type of action"
            if bool(block.accounts) == (block.feature is not None):
                yield f"{place}: either `accounts` or a `feature` is needed"
            if block.feature is None:
                continue
            if block.feature not in kinds:
                yield f"{place}: {block.feature!r} is not a feature"
            elif block.conditions != 1:
                yield f"{place}: one of `below`, `at_least` and `is` is needed"
            elif (block.equals is None) != (kinds[block.feature] == "number"):
                yield f"{place}: a number is compared by `below` or `at_least`, a category by `is`"


class Score(Part):
    """The weights of the rule ``score``: predicted value over ``target_per_point`` plus weighted features."""

    target_per_point: Annotated[float, Field(gt=0)]
    weights: dict[ColumnName, float] = {}


class Rules(Part):
    """Everything by which actions are given, kept with a snapshot so that they can be given again.

    ``influence`` are the features that a rep can move: what would change an account's actions is looked for there.
    """

    actions: Actions
    allocation: AllocationRules = AllocationRules()
    score: Score
    influence: list[ColumnName] = []

    @property
    def features(self) -> frozenset[str]:
        """The names of the features that decide who is given actions beside the predictions."""
        blocking = (block.feature for block in self.allocation.blocks if block.feature is not None)
        return frozenset((*(self.score.weights if self.allocation.method == "score" else ()), *blocking))

    def replace(
        self, *, capacity: int | None = None, cap_per_account: int | None = None, method: Method | None = None
    ) -> Rules:
        """Return the rules with another capacity, cap or method; None leaves one as it is."""
        changed = {
            name: value
            for name, value in (("capacity", capacity), ("cap_per_account", cap_per_account))
            if value is not None
        }
        allocation = self.allocation if method is None else self.allocation.model_copy(update={"method": method})
        return self.model_copy(update={"actions": self.actions.model_copy(update=changed), "allocation": allocation})
