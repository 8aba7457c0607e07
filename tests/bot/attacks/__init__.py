"""Attacks: templates in every place where text from outside can enter, and what none of them may achieve."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Where an account can carry text, and how long it may be there.
FIELDS = ("name", "owner", "region", "industry", "category")
FIELD_CHARACTERS = 58


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An attack: what it is after, and its words."""

    goal: str
    text: str


def read_templates() -> tuple[Template, ...]:
    """Return all attacks, in the order of the file."""
    rows = tomllib.loads(Path(__file__).with_name("attacks.toml").read_text(encoding="utf-8"))["templates"]
    return tuple(Template(goal=goal, text=text) for goal, text in rows)


def poison(row: dict[str, Any], number: int, templates: Sequence[Template]) -> dict[str, Any]:
    """Return an account with another attack in its id, its name, its owner, its region, its industry and a category."""
    turn = [templates[(number + place) % len(templates)].text for place in range(len(FIELDS) + 1)]
    values = list(row["values"])
    values[7] = turn[4]
    return row | {
        "account_id": f"ATK-{number:03} {turn[5]}",
        "name": turn[0],
        "owner": turn[1],
        "region": turn[2],
        "industry": turn[3],
        "values": values,
    }


def find_breaches(blocks: Sequence[dict[str, Any]]) -> list[str]:
    """Return everything in these blocks that Slack would make a link, a mention or markup of."""
    return [f"{kind}: {value}" for block in blocks for kind, value in _walk(block)]


def _walk(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for each in value:
            yield from _walk(each)
    if not isinstance(value, dict):
        return
    if value.get("type") in {"link", "user", "usergroup", "broadcast", "channel", "image"}:
        yield value["type"], str(value)
    if value.get("type") in {"mrkdwn", "markdown"} and re.search(r"<[^<>]+>|://|@\w", str(value.get("text", ""))):
        yield value["type"], str(value["text"])
    if "url" in value:
        yield "url", str(value["url"])
    for each in value.values():
        yield from _walk(each)
