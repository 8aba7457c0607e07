"""A message as a person reads it, in plain text."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.workspace.records import Json, Message

LINK = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")


def read(message: Message, *, names: Mapping[str, str] | None = None) -> str:
    """Return a message's blocks, or its text when it has none, and its files by name."""
    known = names or {}
    parts = [block_text(block, known) for block in message.blocks] or [mrkdwn(message.text, known)]
    parts += [f"[{file.name}]" + (f" {file.alt_text}" if file.alt_text else "") for file in message.files]
    return "\n".join(part for part in parts if part)


def read_all(messages: Iterable[Message], *, names: Mapping[str, str] | None = None) -> str:
    """Return messages one below the other, each under who wrote it and, if so, that only one person sees it."""
    known = names or {}

    def heading(message: Message) -> str:
        indent = "  " if message.is_reply else ""
        reader = message.ephemeral_to
        private = f" (only visible to {known.get(reader, reader)})" if reader else ""
        return f"{indent}{known.get(message.user, message.user)}{private}:"

    return "\n\n".join(f"{heading(message)}\n{read(message, names=known)}" for message in messages)


def mrkdwn(text: str, names: Mapping[str, str]) -> str:
    """Return Slack's markup as it shows: links by their label, mentions by name, entities as characters."""

    def shown(link: re.Match[str]) -> str:
        sign, target, label = link.groups()
        if sign == "!":
            return str(label or f"@{target.split('^')[0]}")
        if sign:
            return str(label or names.get(target, f"{sign}{target}"))
        return f"{label} ({target})" if label else str(target)

    return html.unescape(LINK.sub(shown, text))


def block_text(block: Json, names: Mapping[str, str]) -> str:
    """Return one block as text; a kind without a rule here shows as its type, never as nothing."""
    rule = RULES.get(block["type"])
    return f"[{block['type']}]" if rule is None else rule(block, names)


def _text_object(value: Json, names: Mapping[str, str]) -> str:
    return value["text"] if value["type"] == "plain_text" else mrkdwn(value["text"], names)


def _section(block: Json, names: Mapping[str, str]) -> str:
    texts = [block["text"]] if block.get("text") else []
    lines = [_text_object(text, names) for text in [*texts, *block.get("fields", [])]]
    return "\n".join([*lines, *([_element(block["accessory"], names)] if block.get("accessory") else [])])


def _element(element: Json, names: Mapping[str, str]) -> str:  # noqa: PLR0911 - one return per kind of element
    match element:
        case {"type": "plain_text" | "mrkdwn"}:
            return _text_object(element, names)
        case {"type": "image", "alt_text": alt_text}:
            return f"[{alt_text}]"
        case {"type": "feedback_buttons", "positive_button": yes, "negative_button": no}:
            return f"[{yes['text']['text']}] [{no['text']['text']}]"
        case {"text": {"text": label}}:
            return f"[{label}]"
        case {"options": options}:
            return " ".join(f"[{option['text']['text']}]" for option in options)
        case {"placeholder": {"text": label}}:
            return f"[{label} ▾]"
        case _:
            return f"[{element['type']}]"


def _rich(element: Json, names: Mapping[str, str]) -> str:  # noqa: PLR0911 - one return per kind of element
    match element:
        case {"type": "rich_text_list", "elements": items, **rest}:
            marks = [f"{index}." if rest.get("style") == "ordered" else "•" for index in range(1, len(items) + 1)]
            lines = zip(marks, items, strict=True)
            return "\n".join(f"{'  ' * rest.get('indent', 0)}{mark} {_rich(item, names)}" for mark, item in lines)
        case {"elements": parts}:
            return ("\n" if element["type"] == "rich_text" else "").join(_rich(part, names) for part in parts)
        case {"type": "text", "text": text}:
            return str(text)
        case {"type": "link", "url": url, **rest}:
            return f"{rest['text']} ({url})" if rest.get("text") else str(url)
        case {"user_id": target} | {"channel_id": target}:
            return names.get(target, target)
        case {"type": "broadcast", "range": audience}:
            return f"@{audience}"
        case {"type": "emoji", "name": name}:
            return f":{name}:"
        case _:
            return str(element.get("fallback", ""))


def _cell(cell: Json, names: Mapping[str, str]) -> str:
    return _rich(cell, names) if cell["type"] == "rich_text" else str(cell.get("text") or cell.get("value", ""))


def _table(block: Json, names: Mapping[str, str]) -> str:
    rows = [" | ".join(_cell(cell, names) for cell in row) for row in block["rows"]]
    return "\n".join([block["caption"], *rows] if "caption" in block else rows)


def _chart(block: Json, _: Mapping[str, str]) -> str:
    chart = block["chart"]
    series = chart.get("series") or [{"name": "", "data": chart.get("segments", [])}]
    lines = [_series(one) for one in series]
    return "\n".join([block["title"], *lines])


def _series(series: Json) -> str:
    points = ", ".join(f"{point['label']} {point['value']}" for point in series["data"])
    return f"{series['name']}: {points}" if series["name"] else points


def _elements(block: Json, names: Mapping[str, str]) -> str:
    return " ".join(_element(element, names) for element in block["elements"])


def _image(block: Json, names: Mapping[str, str]) -> str:
    title = _text_object(block["title"], names) if block.get("title") else ""
    return f"{title} [{block['alt_text']}]".strip()


RULES: dict[str, Callable[[Json, Mapping[str, str]], str]] = {
    "header": lambda block, names: _text_object(block["text"], names),
    "section": _section,
    "context": _elements,
    "actions": _elements,
    "context_actions": _elements,
    "markdown": lambda block, names: mrkdwn(block["text"], names),
    "rich_text": _rich,
    "divider": lambda _block, _names: "———",
    "image": _image,
    "video": lambda block, _names: f"[{block['alt_text']}]",
    "table": _table,
    "data_table": _table,
    "data_visualization": _chart,
    "input": lambda block, names: f"{_text_object(block['label'], names)}: {_element(block['element'], names)}",
}


def controls(blocks: Iterable[Json]) -> list[tuple[Json, Json]]:
    """Return every interactive element with the block it stands in, in reading order."""
    found: list[tuple[Json, Json]] = []
    for block in blocks:
        one: list[Any] = [block.get("accessory"), block.get("element"), *block.get("elements", [])]
        found += [(block, element) for element in one if isinstance(element, dict) and "action_id" in element]
    return found


def label(element: Json) -> str:
    """Return what is written on a control."""
    return str((element.get("text") or element.get("placeholder") or {}).get("text", element["action_id"]))
