"""Why Claude did not write a text, each in a sentence that a salesperson may read.

None of them carries what the service answered, and none a key: those are for the log.
"""

from __future__ import annotations


class WriterError(Exception):
    """Claude did not write what was asked for."""


class KeyRejectedError(WriterError):
    """The service knows no such key."""

    def __init__(self) -> None:
        super().__init__("Claude's service rejected our key; whoever runs this app can check ANTHROPIC_API_KEY")


class NotPermittedError(WriterError):
    """The key may not use the model, or its account cannot pay."""

    def __init__(self, model: str) -> None:
        super().__init__(f"our key may not use the model {model}; whoever runs this app can check its plan and limits")


class UnknownModelError(WriterError):
    """The configured model does not exist, or no longer."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"Claude's service knows no model {model}; whoever runs this app can name another in PRECALL_MODEL"
        )


class RequestRejectedError(WriterError):
    """The service says that our request is malformed or too large: a fault of ours."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Claude's service did not accept our request (status {status}), which is a fault of this app")


class RateLimitedError(WriterError):
    """More requests or tokens than the key's limits allow."""

    def __init__(self) -> None:
        super().__init__("Claude's service is limiting how much we may ask right now")


class OverloadedError(WriterError):
    """The service has no capacity."""

    def __init__(self) -> None:
        super().__init__("Claude's service is overloaded")


class ServiceFailedError(WriterError):
    """The service failed on its side."""

    def __init__(self) -> None:
        super().__init__("Claude's service failed")


class UnreachableError(WriterError):
    """No connection came about."""

    def __init__(self) -> None:
        super().__init__("Claude's service could not be reached")


class BudgetSpentError(WriterError):
    """What may be spent on Claude in a day was spent."""

    def __init__(self, daily_dollars: float) -> None:
        super().__init__(f"today's budget for Claude, ${daily_dollars:,.2f}, is spent until midnight UTC")


class StoppedError(WriterError):
    """Whoever runs the bot stopped it."""

    def __init__(self) -> None:
        super().__init__("precall was stopped while Claude wrote")


class TooSlowError(WriterError):
    """The text was not complete when our own deadline passed."""

    def __init__(self, deadline_seconds: float) -> None:
        super().__init__(f"Claude took longer than {deadline_seconds:.0f} seconds")


class CutOffError(WriterError):
    """The connection ended, or the stream did, before the text was complete."""

    def __init__(self) -> None:
        super().__init__("Claude's text was cut off on its way to us")


class TooLongError(WriterError):
    """The text, thinking included, did not fit into the tokens we allow."""

    def __init__(self, max_tokens: int) -> None:
        super().__init__(f"Claude's text did not fit into {max_tokens:,} tokens")


class RefusedError(WriterError):
    """The model or its safeguards declined."""

    def __init__(self) -> None:
        super().__init__("Claude declined to write this")


class UnreadableTextError(WriterError):
    """What came is not the JSON that the schema asks for."""

    def __init__(self) -> None:
        super().__init__("Claude's text did not have the form that we asked for")


class NothingCarriedError(WriterError):
    """No statement was carried by the evidence it cites."""

    def __init__(self, dropped: int) -> None:
        super().__init__(
            f"none of what Claude wrote ({dropped} statement{'s' if dropped != 1 else ''}) was carried by its sources"
        )


class EndlessLookupsError(WriterError):
    """Claude went on looking things up although it was told to answer."""

    def __init__(self, rounds: int) -> None:
        super().__init__(f"Claude looked things up {rounds} times and did not come to an answer")


class BatchErroredError(WriterError):
    """The service failed at one request of a batch."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"Claude's service failed at it ({kind})")


class BatchExpiredError(WriterError):
    """A request of a batch was not begun within a day."""

    def __init__(self) -> None:
        super().__init__("Claude's service did not come to it within a day")


class BatchCanceledError(WriterError):
    """Somebody cancelled the batch before the request was begun."""

    def __init__(self) -> None:
        super().__init__("the batch was cancelled before it was written")


class UnknownBatchError(WriterError):
    """The service knows no batch of this name, or another key made it."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"Claude's service knows no batch {batch_id}")


class LookedUpError(WriterError):
    """Claude called a tool where it was told to call none."""

    def __init__(self) -> None:
        super().__init__("Claude looked something up instead of writing")
