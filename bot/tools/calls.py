"""Calls of tools with their arguments, made by the recogniser or by Claude and checked alike."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictStr

MOST_DRIVERS: Final = 10
MOST_ACCOUNTS: Final = 3
MOST_CHANGES: Final = 6
MOST_QUERY_CHARACTERS: Final = 400


class Direction(StrEnum):
    """Which drivers are asked for."""

    ALL = "all"
    RAISING = "raising"
    LOWERING = "lowering"


class Fact(StrEnum):
    """What can be asked of an account besides its features."""

    OWNER = "owner"
    REGION = "region"
    INDUSTRY = "industry"
    PREDICTION = "prediction"
    CONFIDENCE = "confidence"
    BASELINE = "baseline"
    STANDING = "standing"
    PROMOTION = "promotion"
    DATA = "data"
    MODEL = "model"


class How(StrEnum):
    """How a value changes in a what-if: to the amount, by the amount, or by the factor."""

    SET = "set"
    ADD = "add"
    SCALE = "scale"


def _bounded(text: str) -> str:
    if len(text) > MOST_QUERY_CHARACTERS:
        raise ValueError(f"longer than {MOST_QUERY_CHARACTERS} characters")
    return text


def _in_range(limit: int | None) -> int | None:
    if limit is not None and not 1 <= limit <= MOST_DRIVERS:
        raise ValueError(f"from 1 to {MOST_DRIVERS}")
    return limit


def _finite(amount: float | str | None) -> float | str | None:
    if isinstance(amount, float) and not math.isfinite(amount):
        raise ValueError("a finite number")
    return _bounded(amount) if isinstance(amount, str) else amount


def _few_accounts(accounts: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(accounts) <= MOST_ACCOUNTS:
        raise ValueError(f"from 1 to {MOST_ACCOUNTS} accounts")
    return accounts


def _few_changes(changes: tuple[FeatureChange, ...]) -> tuple[FeatureChange, ...]:
    if not 1 <= len(changes) <= MOST_CHANGES or len({each.feature for each in changes}) < len(changes):
        raise ValueError(f"from 1 to {MOST_CHANGES} changes, each of another feature")
    return changes


_Text: TypeAlias = Annotated[StrictStr, AfterValidator(_bounded)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Drivers(_Arguments):
    """The features that move this account's prediction most, each with its value and its effect (SHAP value)."""

    tool: Literal["drivers"] = "drivers"
    direction: Direction
    limit: Annotated[int | None, AfterValidator(_in_range)]


class FeatureChange(_Arguments):
    """Another value of a feature: ``amount`` in the unit of the feature, 0.2 for 20 %; None for not known."""

    feature: _Text
    how: How
    amount: Annotated[float | StrictStr | None, AfterValidator(_finite)]


class WhatIf(_Arguments):
    """What the prediction and the actions would be with other values of features, by running the model again."""

    tool: Literal["what_if"] = "what_if"
    changes: Annotated[tuple[FeatureChange, ...], AfterValidator(_few_changes)]


class WhyAllocated(_Arguments):
    """How many actions this account gets, by which rule, and why not another number of them."""

    tool: Literal["why_allocated"] = "why_allocated"
    actions: int | None


class Compare(_Arguments):
    """This account beside others, by id or name: prediction, actions, and the features that make the difference."""

    tool: Literal["compare"] = "compare"
    accounts: Annotated[tuple[_Text, ...], AfterValidator(_few_accounts)]


class Changes(_Arguments):
    """What changed about this account since the previous snapshot, and because of what."""

    tool: Literal["changes"] = "changes"


class SearchDocuments(_Arguments):
    """The passages of our own documents that are nearest to a query of a few words."""

    tool: Literal["search_documents"] = "search_documents"
    query: _Text


class AccountFacts(_Arguments):
    """Facts of this account, and the values of its features by name."""

    tool: Literal["account_facts"] = "account_facts"
    facts: tuple[Fact, ...]
    features: tuple[_Text, ...]


ToolCall: TypeAlias = Drivers | WhatIf | WhyAllocated | Compare | Changes | SearchDocuments | AccountFacts

TOOLS: Final[dict[str, type[ToolCall]]] = {
    "drivers": Drivers,
    "what_if": WhatIf,
    "why_allocated": WhyAllocated,
    "compare": Compare,
    "changes": Changes,
    "search_documents": SearchDocuments,
    "account_facts": AccountFacts,
}


def input_schema(call: type[ToolCall]) -> dict[str, Any]:
    """Return the arguments of a tool as a strict schema: closed objects, every property required, nothing nested."""
    schema = call.model_json_schema()
    definitions = schema.pop("$defs", {})
    schema["properties"].pop("tool")
    closed = _close(schema, definitions)
    return {key: closed[key] for key in ("type", "properties", "required", "additionalProperties")}


def _close(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_close(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _close(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if schema.get("type") != "object":
        return {key: _close(value, definitions) for key, value in schema.items() if key not in {"title", "default"}}
    return {
        "type": "object",
        "properties": {name: _close(each, definitions) for name, each in schema["properties"].items()},
        "required": list(schema["properties"]),
        "additionalProperties": False,
    }
