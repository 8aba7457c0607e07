"""Packs: what the columns of a business mean, read from TOML."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from pipeline.allocation.rules import Actions, AllocationRules, ColumnName, Part, Rules, Score, Text
from pipeline.errors import FaultyPackError, UnknownPackError
from storage.records import Feature, FeatureKind, Offer, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

Influence = Literal["rep can raise", "rep can lower", "none"]
Kind = Literal["number", "category"]
NeverReason = Literal["outcome", "personal", "protected"]

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=2, max_length=40)]

SHIPPED: Final = ("software", "healthcare", "wealth", "retail", "real-estate")


class Words(Part):
    """What this business calls things, in the middle of a sentence, as in storage.records.Words."""

    account: Text
    accounts: Text
    rep: Text
    reps: Text
    action: Text
    actions: Text
    target: Text
    owner: Text = "owner"
    territory: Text = "region"
    industry: Text = "industry"
    source: Text = "CRM"


class KeyColumns(Part):
    """The columns that say which account a row is and whose; only the id must be there.

    ``group`` names the company that several rows belong to, ``time`` the moment a row speaks of.
    """

    id: ColumnName
    name: ColumnName | None = None
    owner: ColumnName | None = None
    territory: ColumnName | None = None
    industry: ColumnName | None = None
    group: ColumnName | None = None
    time: ColumnName | None = None

    def named(self) -> dict[str, str]:
        """Return the role and column of each that the pack names."""
        return {role: column for role, column in self.model_dump().items() if column is not None}


class Target(Part):
    """What is predicted; ``unit`` is written as in storage.records.Feature."""

    column: ColumnName
    label: Text
    unit: str


class TopicTexts(Part):
    """How to speak of a feature before a call, as in storage.records.Topic: all of the texts, or no topic at all."""

    many: Line
    one: Line | Literal[""] = ""
    none: Line | Literal[""] = ""
    plural: bool = False
    terms: Annotated[tuple[Term, ...], Field(strict=False, min_length=1, max_length=12)]
    better: Literal["high", "low", ""] = ""
    middle: float | None = None
    fixed: bool = False
    opening: Line
    need: Line
    action: Line
    remedy: Line
    metric: Line
    pain: Line
    ask: Line
    risk: Line
    rival: Literal["name", "count", "pressure", ""] = ""
    compare: Line | Literal[""] = ""

    def faults(self) -> Iterable[str]:
        """Say what stands in braces where a value or a name is put in, and what does not end as it is read."""
        for name, text in self.model_dump(include=set(_LINES)).items():
            allowed = _LINES[name]
            left = text.replace(allowed, "") if allowed else text
            if "{" in left or "}" in left:
                yield f"{name} may hold no braces but {allowed}" if allowed else f"{name} may hold no braces"
        if "{value}" not in self.many:
            yield "many does not hold {value}, the place of the value"
        for name in ("ask", "compare"):
            if (text := getattr(self, name)) and not text.endswith("?"):
                yield f"{name} is a question and does not end with a question mark"
        for name in ("opening", "need", "action", "remedy", "metric", "pain", "risk"):
            if getattr(self, name).endswith((".", "?", "!")):
                yield f"{name} is a part of a sentence and ends like a whole one"


# The texts of a topic, and what may be put into each.
_LINES: Final = {
    **dict.fromkeys(("one", "none", "opening", "need", "metric", "pain", "ask", "risk", "compare"), ""),
    "many": "{value}",
    "action": "{owner}",
    "remedy": "{owner}",
}


class OfferTexts(Part):
    """How to give a promotion, as in storage.records.Offer."""

    terms: Annotated[tuple[Term, ...], Field(strict=False, min_length=1, max_length=12)]
    fits: Annotated[tuple[Text, ...], Field(strict=False, max_length=8)] = ()
    how: Line


class FeatureColumn(Part):
    """A column that the model may read."""

    column: ColumnName
    label: Text
    group: Text
    unit: str = ""
    kind: Kind = "number"
    influence: Influence = "none"
    topic: TopicTexts | None = None


class NeverColumn(Part):
    """A column that the model must not read, and why."""

    column: ColumnName
    reason: NeverReason


class Promotion(Part):
    """A column that says how strongly an account responds to a promotion, from 0 to 1."""

    column: ColumnName
    label: Text
    offer: OfferTexts | None = None


class Pack(Part):
    """Everything a business says about its columns.

    ``allow_leaks`` names features that are used though they look like the target. ``demo`` is what made-up accounts of
    this business need; whoever makes them checks it.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    title: Text
    words: Words
    columns: KeyColumns
    target: Target
    feature_columns: Annotated[tuple[FeatureColumn, ...], Field(alias="features", strict=False)]
    never: Annotated[tuple[NeverColumn, ...], Field(strict=False)] = ()
    promotions: Annotated[tuple[Promotion, ...], Field(strict=False)] = ()
    actions: Actions
    allocation: AllocationRules = AllocationRules()
    score: Score
    allow_leaks: Annotated[tuple[ColumnName, ...], Field(strict=False)] = ()
    demo: Annotated[dict[str, Any], Field(default_factory=dict)]

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features as every package knows them, in the order of the pack."""
        return tuple(
            Feature(
                name=feature.column,
                label=feature.label,
                group=feature.group,
                unit=feature.unit,
                kind=FeatureKind(feature.kind),
            )
            for feature in self.feature_columns
        )

    @property
    def topics(self) -> tuple[Topic, ...]:
        """How to speak of each feature; without texts where the pack has none."""
        return tuple(
            Topic(
                feature=feature.column,
                influence=feature.influence,
                **(feature.topic.model_dump() if feature.topic is not None else {}),
            )
            for feature in self.feature_columns
        )

    @property
    def offers(self) -> tuple[Offer, ...]:
        """How to give those promotions of which the pack says it."""
        return tuple(
            Offer(promotion=promotion.column, **promotion.offer.model_dump())
            for promotion in self.promotions
            if promotion.offer is not None
        )

    @property
    def rules(self) -> Rules:
        """The rules by which actions are given."""
        movable = [feature.column for feature in self.feature_columns if feature.influence != "none"]
        return Rules(actions=self.actions, allocation=self.allocation, score=self.score, influence=movable)

    @model_validator(mode="after")
    def _agree_with_itself(self) -> Self:
        """Refuse a column that is two things at once, and a weight or permission for what is no feature."""
        roles = [(column, f"columns.{role}") for role, column in self.columns.named().items()]
        roles.append((self.target.column, "target.column"))
        roles.extend((feature.column, "features") for feature in self.feature_columns)
        roles.extend((column.column, "never") for column in self.never)
        roles.extend((promotion.column, "promotions") for promotion in self.promotions)
        faults = [] if self.feature_columns else ["features: there is none"]
        for column, count in Counter(column for column, _ in roles).items():
            places = [place for name, place in roles if name == column]
            # A territory or an industry may be a feature as well; nothing else is two things.
            if count > 1 and not (count == 2 and set(places) & _SHARED and "features" in places):  # noqa: PLR2004 - twice
                faults.append(f"column {column!r} is in {' and in '.join(places)}")
        known = {feature.column: feature.kind for feature in self.feature_columns}
        faults += [
            f"score.weights.{name}: {name!r} is not a feature that is a number"
            for name in self.score.weights
            if known.get(name) != "number"
        ]
        faults += [
            f"the topic of {feature.column}: {fault}"
            for feature in self.feature_columns
            if feature.topic is not None
            for fault in feature.topic.faults()
        ]
        faults += [
            f'the offer of {promotion.column}: {fits!r} is not "high" or "low" and a feature that is a number'
            for promotion in self.promotions
            if promotion.offer is not None
            for fits in promotion.offer.fits
            if fits.partition(" ")[0] not in {"high", "low"} or known.get(fits.partition(" ")[2]) != "number"
        ]
        faults += [f"allow_leaks: {name!r} is not a feature" for name in self.allow_leaks if name not in known]
        faults += [*self.actions.faults(), *self.allocation.faults(self.actions, known)]
        if faults:
            raise ValueError("\n".join(faults))
        return self


_SHARED: Final = frozenset({"columns.territory", "columns.industry"})


def read_pack(source: str) -> Pack:
    """Return a shipped pack by its name, or the pack in a TOML file by its path.

    Raises UnknownPackError, or FaultyPackError with every fault at once.
    """
    if source in SHIPPED:
        text = resources.files("pipeline").joinpath("packs", f"{source}.toml").read_text("utf-8")
    else:
        try:
            text = Path(source).read_text("utf-8")
        except UnicodeDecodeError as error:
            raise FaultyPackError(source, ["it is not written in UTF-8"]) from error
        except (OSError, ValueError) as error:
            raise UnknownPackError(source, SHIPPED) from error
    return parse_pack(text, source=source)


def parse_pack(text: str, *, source: str) -> Pack:
    """Return the pack that a TOML text holds; ``source`` is what a fault names."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultyPackError(source, [f"it is not TOML: {error}"]) from error
    try:
        return Pack.model_validate(content)
    except ValidationError as error:
        raise FaultyPackError(source, list(_describe(error.errors()))) from error


def _describe(errors: Iterable[ErrorDetails]) -> Iterable[str]:
    for error in errors:
        key = _key(error["loc"])
        found = error["input"]
        if error["type"] == "missing":
            yield f"{key} is missing"
        elif error["type"] == "extra_forbidden":
            yield f"{key} is no key of a pack"
        elif error["type"] == "value_error":
            yield from str(error["ctx"]["error"]).split("\n")
        else:
            message = error["msg"][0].lower() + error["msg"][1:]
            shown = f", not {found!r}" if isinstance(found, str | int | float) else ""
            yield f"{key}: {message.removeprefix('input ')}{shown}"


def _key(places: tuple[int | str, ...]) -> str:
    """Return where a fault is as one writes it: ``features[2].unit``, counting from 1 as people do."""
    key = ""
    for place in places:
        key += f"[{place + 1}]" if isinstance(place, int) else f".{place}"
    return key.removeprefix(".")
