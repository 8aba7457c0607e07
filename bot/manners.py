"""Which messages of a thread are not for the bot: those meant for somebody else, and those that ask nothing."""

from __future__ import annotations

import re
from typing import Final

_MENTION: Final = re.compile(r"<(?:@|!subteam\^|!here|!channel|!everyone)([UWS][A-Z0-9]+)?[^<>]*>")
_COURTESY: Final = re.compile(
    r"((many|ok|okay|great|perfect|cool|nice|super|and|got it|noted|will do|yes|no|yep|sure|agreed|done|lol|haha"
    r"|thanks|thank you|thx|ty|cheers|ta|merci|danke|gracias|a lot|so much|very much|all|again|everyone|precall)"
    r"[\s,.!:;)(-]*)+",
    re.IGNORECASE,
)
_EMOJI: Final = re.compile(r":[a-z0-9_+'-]+:")


def is_for_others(text: str, *, bot_user_id: str) -> bool:
    """Return whether a message, as Slack writes it, names people or groups and the bot is not among them."""
    named = {found[1] for found in _MENTION.finditer(text)}
    return bool(named) and bot_user_id not in named


def asks_nothing(text: str) -> bool:
    """Return whether a plain text is thanks, an acknowledgement, or nothing but emoji and marks."""
    words = _EMOJI.sub(" ", text).strip()
    if "?" in words:
        return False
    return not any(character.isalnum() for character in words) or bool(_COURTESY.fullmatch(words))
