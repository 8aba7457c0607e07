"""What a person wrote in Slack, as plain text of bounded length."""

from __future__ import annotations

import html
import re

from bot.normalise import normalise

LONGEST_TEXT = 2000
# What phones and word processors type for a hyphen.
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_LABELLED_LINK = re.compile(r"<(?:https?|mailto):[^<>|]*\|([^<>|]*)>")


def plain_text(text: str | None, *, bot_user_id: str | None = None) -> str:
    """Return the text on one line, without Slack's escapes and the mention of the bot, at most 2 000 characters."""
    text = (text or "")[: 4 * LONGEST_TEXT]
    if bot_user_id:
        text = re.sub(rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>", " ", text)
    unescaped = html.unescape(_LABELLED_LINK.sub(r"\1", text))
    return normalise(unescaped.translate(_DASHES), limit=LONGEST_TEXT)
