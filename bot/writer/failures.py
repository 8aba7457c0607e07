"""What an error of Claude's service means: what the reader is told, and whether asking again may help."""

from __future__ import annotations

import logging

import anthropic
import httpx2

from bot.writer import errors

logger = logging.getLogger(__name__)


def explain(error: anthropic.APIError | httpx2.HTTPError, *, model: str, seconds: float) -> errors.WriterError:
    """Return what happened, to be raised; the service's own words go to no reader and no log.

    ``seconds`` is how long was waited where the answer did not come.
    """
    logger.warning("Claude did not write: %s (request %s)", type(error).__name__, getattr(error, "request_id", None))
    if isinstance(error, anthropic.APIStatusError):
        return _explain_status(error, model)
    if isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException)):
        return errors.TooSlowError(seconds)
    if isinstance(error, (anthropic.APIConnectionError, httpx2.ConnectError)):
        return errors.UnreachableError()
    return errors.CutOffError()


def seconds_before_retry(error: anthropic.APIError | httpx2.HTTPError, attempt: int) -> float | None:
    """Return how long to wait before asking again, or None where asking again would not help."""
    backoff = 0.5 * 2.0**attempt
    if isinstance(error, anthropic.APIStatusError):
        if _passing(error) is None:
            return None
        try:
            return max(float(error.response.headers["retry-after"]), 0.0)
        except (KeyError, ValueError):
            return backoff
    if isinstance(error, anthropic.APIConnectionError) and not isinstance(error, anthropic.APITimeoutError):
        return backoff
    return None


def _passing(error: anthropic.APIStatusError) -> errors.WriterError | None:
    """Return what to say of a state that passes by itself.

    An error event inside a stream arrives with status 200 and is known by its type only.
    """
    if error.status_code == httpx2.codes.TOO_MANY_REQUESTS or error.type == "rate_limit_error":
        return errors.RateLimitedError()
    if error.status_code in {503, 529} or error.type == "overloaded_error":
        return errors.OverloadedError()
    if error.status_code in {408, 409} or error.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
        return errors.ServiceFailedError()
    if error.status_code == httpx2.codes.OK:
        return errors.ServiceFailedError()
    return None


def _explain_status(error: anthropic.APIStatusError, model: str) -> errors.WriterError:
    passing = _passing(error)
    if passing is not None:
        return passing
    match error.status_code:
        case 401:
            return errors.KeyRejectedError()
        case 402 | 403:
            return errors.NotPermittedError(model)
        case 404:
            return errors.UnknownModelError(model)
        case status:
            return errors.RequestRejectedError(status)
