"""The buttons, menus and modals of a brief, and what comes back from them."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from storage.state import OutcomeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage.records import Words

Block = dict[str, Any]
View = dict[str, Any]

EVIDENCE: Final = "show_evidence"
PDF: Final = "share_pdf"
SHARE: Final = "share_brief"
SHARE_HERE: Final = "share_brief_here"
USEFUL: Final = "feedback_useful"
NOT_USEFUL: Final = "feedback_not_useful"
MISREAD: Final = "answer_misread"
PROPOSED: Final = "answer_proposed"
OUTCOME_VIEW: Final = "step_outcome"
OUTCOME: Final = re.compile(r"step_outcome:\d+")
_REASON_CHARACTERS: Final = 500
_INPUT: Final = "given"

_MENU: Final = {
    OutcomeStatus.DONE: "Done",
    OutcomeStatus.NOT_NOW: "Not now …",
    OutcomeStatus.WON: "Won …",
    OutcomeStatus.LOST: "Lost …",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a modal is about: a thread, a message in it and, for an outcome, the action and what became of it."""

    channel: str
    thread_ts: str
    message_ts: str
    action: str = ""
    status: str = ""

    @classmethod
    def of_click(cls, body: Mapping[str, Any]) -> Subject:
        """Return where a button was pressed or a menu opened."""
        place = body["container"]
        return cls(
            channel=place["channel_id"],
            thread_ts=place.get("thread_ts") or place["message_ts"],
            message_ts=place["message_ts"],
        )

    @classmethod
    def of_view(cls, view: Mapping[str, Any]) -> Subject:
        """Return what a modal was opened about."""
        return cls(**json.loads(view["private_metadata"]))

    def to_text(self) -> str:
        """Return it as a modal carries it: at most 3 000 characters, since an action has at most 1 000."""
        return json.dumps(asdict(self), ensure_ascii=False)


def brief_controls(*, share: bool, origin: str = "") -> Block:
    """Return the row below a plan; ``share`` adds a button that proposes the room the brief was asked for in."""
    buttons = [
        _button(EVIDENCE, "Evidence"),
        _button(PDF, "PDF"),
        *_thumbs(),
        *([_button(SHARE, "Share to a channel …", value=origin or "-")] if share else []),
    ]
    return {"type": "actions", "elements": buttons}


def answer_controls(*, misread: bool, proposed: str) -> Block:
    """Return the row below an answer: ``misread`` adds a button for who meant something else, ``proposed`` a call."""
    buttons = [
        *([_button(PROPOSED, "Yes, answer that", value=proposed)] if proposed else []),
        *_thumbs(),
        *([_button(MISREAD, "Not what I asked")] if misread else []),
    ]
    return {"type": "actions", "elements": buttons}


def share_here_controls(channel: str, thread_ts: str) -> Block:
    """Return the row below the notice that a brief went to somebody's direct messages."""
    return {"type": "actions", "elements": [_button(SHARE_HERE, "Share here", value=f"{channel} {thread_ts}")]}


def action_block(number: int, text: str, cited: str) -> Block:
    """Return a recommended action with the menu of what became of it; what it cites stands beside it."""
    block: Block = {
        "type": "section",
        "block_id": f"step:{number}",
        "text": _plain(text),
        "accessory": {
            "type": "overflow",
            "action_id": f"step_outcome:{number}",
            "options": [{"text": _plain(label), "value": status.value} for status, label in _MENU.items()],
        },
    }
    return block | ({"fields": [_plain(cited)]} if cited else {})


def find_action(body: Mapping[str, Any]) -> str:
    """Return the text of the action whose menu was used."""
    block_id = body["actions"][0]["block_id"]
    return next(str(block["text"]["text"]) for block in body["message"]["blocks"] if block["block_id"] == block_id)


def share_modal(subject: Subject, *, origin: str) -> View:
    """Return the choice of a channel to share a brief to."""
    select: Block = {
        "type": "conversations_select",
        "action_id": _INPUT,
        "placeholder": _plain("Choose a channel"),
        "filter": {"include": ["public", "private", "mpim"], "exclude_external_shared_channels": True},
    }
    if origin not in {"", "-"}:
        select["initial_conversation"] = origin
    hint = "I share it only where everybody who reads may see it, and where I am a member."
    return _modal(SHARE, "Share the brief", "Share", subject, _input("Channel", select, hint=hint))


def reason_modal(subject: Subject) -> View:
    """Return the question what was not useful."""
    label = "What was wrong, or missing?"
    return _modal(NOT_USEFUL, "Not useful", "Send", subject, _input(label, _text_input(lines=True), optional=True))


def outcome_modal(subject: Subject, *, words: Words) -> View:
    """Return the question why not now, or for how much."""
    status = OutcomeStatus(subject.status)
    title = _MENU[status].removesuffix(" …")
    if status is OutcomeStatus.NOT_NOW:
        field = _input("Why not now?", _text_input(lines=True), optional=True)
    else:
        unit = f"in {words.unit}" if words.unit else "a number"
        field = _input(
            f"Amount, {unit}"[:75],
            _text_input(),
            optional=status is OutcomeStatus.LOST,
            hint="As you would write it: 12,500 or 12.5K.",
        )
    return _modal(OUTCOME_VIEW, title, "Save", subject, field)


def given(view: Mapping[str, Any]) -> str:
    """Return what was typed or chosen in a modal of one field, empty for nothing."""
    field = view["state"]["values"][_INPUT][_INPUT]
    return str(field.get("value") or field.get("selected_conversation") or "")


def fault(sentence: str) -> dict[str, str]:
    """Return what a modal shows below its field instead of closing."""
    return {_INPUT: sentence}


def _thumbs() -> list[Block]:
    return [_button(USEFUL, "👍 Useful"), _button(NOT_USEFUL, "👎 Not useful")]


def _modal(callback_id: str, title: str, submit: str, subject: Subject, field: Block) -> View:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": subject.to_text(),
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain("Cancel"),
        "blocks": [field],
    }


def _input(label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    block: Block = {"type": "input", "block_id": _INPUT, "label": _plain(label), "element": element}
    return block | {"optional": optional} | ({"hint": _plain(hint)} if hint else {})


def _text_input(*, lines: bool = False) -> Block:
    return {
        "type": "plain_text_input",
        "action_id": _INPUT,
        "multiline": lines,
        "max_length": _REASON_CHARACTERS if lines else 40,
    }


def _button(action_id: str, label: str, *, value: str = "-") -> Block:
    return {"type": "button", "action_id": action_id, "text": _plain(label), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
