"""Plans written at half price while nobody waits for them: Anthropic's Message Batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anthropic
import httpx2

from bot.writer import errors
from bot.writer.claude import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, ClaudeWriter
from bot.writer.failures import explain
from bot.writer.fallback import fill_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anthropic.types import Message
    from anthropic.types.messages import MessageBatchResult

    from bot.brief import Brief
    from bot.plan import Plan, Usage
    from bot.writer.offline import OfflineWriter

_TIMEOUT: Final = httpx2.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How many requests of a batch are through; once it has ended, its results can be read."""

    through: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one request: a message, or why there is none."""

    custom_id: str
    message: Message | None
    failure: errors.WriterError | None


class BatchWriter:
    """Sends the requests for many plans at once and reads the plans when they are there.

    Every method that asks the service raises a ``WriterError`` where it does not answer. Nothing is tried again here: a
    batch that was made although its answer was lost would be paid twice.
    """

    def __init__(
        self, client: anthropic.Anthropic, claude: ClaudeWriter, offline: OfflineWriter, *, model: str
    ) -> None:
        self._batches = client.with_options(max_retries=0, timeout=_TIMEOUT).messages.batches
        self._claude = claude
        self._offline = offline
        self._model = model

    def send(self, briefs: Mapping[str, Brief]) -> str:
        """Ask for the plans of these briefs, by the id that each result will carry; return the id of the batch."""
        try:
            batch = self._batches.create(
                requests=[
                    {"custom_id": custom_id, "params": self._claude.plan_request(brief)}
                    for custom_id, brief in briefs.items()
                ]
            )
        except (anthropic.APIError, httpx2.HTTPError) as error:
            raise self._explain(error) from error
        return batch.id

    def look(self, batch_id: str) -> BatchState:
        """Return how far a batch is."""
        try:
            batch = self._batches.retrieve(batch_id)
        except anthropic.NotFoundError as error:
            raise errors.UnknownBatchError(batch_id) from error
        except (anthropic.APIError, httpx2.HTTPError) as error:
            raise self._explain(error) from error
        counts = batch.request_counts
        through = counts.succeeded + counts.errored + counts.expired + counts.canceled
        return BatchState(through=through, ended=batch.processing_status == "ended")

    def results(self, batch_id: str) -> Iterator[BatchResult]:
        """Yield what became of every request of a batch that has ended, in no particular order."""
        try:
            for line in self._batches.results(batch_id):
                yield _read(line.custom_id, line.result)
        except (anthropic.APIError, httpx2.HTTPError) as error:
            raise self._explain(error) from error

    def read_plan(self, message: Message, brief: Brief) -> Plan:
        """Return the plan in a message, checked and completed as one that is written while somebody waits."""
        return fill_in(self._claude.read_plan(message, brief), self._offline.write_plan(brief))

    def usage(self, message: Message) -> Usage:
        """Return what a message cost that holds no plan."""
        return self._claude.batch_usage(message)

    def _explain(self, error: anthropic.APIError | httpx2.HTTPError) -> errors.WriterError:
        return explain(error, model=self._model, seconds=READ_TIMEOUT_SECONDS)


def _read(custom_id: str, result: MessageBatchResult) -> BatchResult:
    message: Message | None = None
    failure: errors.WriterError | None = None
    match result.type:
        case "succeeded":
            message = result.message
        case "errored":
            failure = errors.BatchErroredError(result.error.error.type)
        case "expired":
            failure = errors.BatchExpiredError()
        case "canceled":
            failure = errors.BatchCanceledError()
    return BatchResult(custom_id=custom_id, message=message, failure=failure)
