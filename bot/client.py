"""The clients of Slack's Web API: one that waits as long as Slack asks, one for who holds a claim meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

if TYPE_CHECKING:
    from slack_sdk.http_retry.request import HttpRequest
    from slack_sdk.http_retry.response import HttpResponse
    from slack_sdk.http_retry.state import RetryState

    from bot.config import BotConfig

_TIMEOUT_SECONDS = 30
# Slack takes one message a second in a channel: of several briefs that are written into one, each is refused often.
_MOST_REFUSALS = 30
_FEW_REFUSALS = 2
_SHORT_SECONDS = 3


class _ShortPauses(RateLimitErrorRetryHandler):
    """Waits only where Slack asks for a short pause."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or not super()._can_retry(state=state, request=request, response=response, error=error):
            return False
        # each header has a list of values
        pauses = [values[0] for name, values in response.headers.items() if name.lower() == "retry-after"]
        return all(int(pause) <= _SHORT_SECONDS for pause in pauses)


def make_client(config: BotConfig) -> WebClient:
    """Return a client for the bot's token."""
    return _client(config, RateLimitErrorRetryHandler(max_retry_count=_MOST_REFUSALS))


def make_hasty_client(config: BotConfig) -> WebClient:
    """Return a client that raises where Slack asks to wait for long: its caller's claim would run out meanwhile."""
    return _client(config, _ShortPauses(max_retry_count=_FEW_REFUSALS))


def _client(config: BotConfig, pauses: RateLimitErrorRetryHandler) -> WebClient:
    return WebClient(
        token=config.bot_token,
        base_url=config.slack_api_url,
        timeout=_TIMEOUT_SECONDS,
        # A call refused with 429 was not performed and may be repeated; after a lost answer nobody knows, and a
        # repeated chat.postMessage would stand there twice.
        retry_handlers=[pauses],
    )
