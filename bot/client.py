"""The client of Slack's Web API that every call is made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

if TYPE_CHECKING:
    from bot.config import BotConfig

_TIMEOUT_SECONDS = 30
# Slack takes one message a second in a channel: of several briefs that are written into one, each is refused often.
_MOST_REFUSALS = 30


def make_client(config: BotConfig) -> WebClient:
    """Return a client for the bot's token."""
    return WebClient(
        token=config.bot_token,
        base_url=config.slack_api_url,
        timeout=_TIMEOUT_SECONDS,
        # A call refused with 429 was not performed and may be repeated; after a lost answer nobody knows, and a
        # repeated chat.postMessage would stand there twice.
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=_MOST_REFUSALS)],
    )
