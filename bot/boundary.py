"""Where an error becomes a sentence for the person who asked and a line in the log that holds no customer data."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

logger = logging.getLogger(__name__)


def report(error: Exception, *, tell: Callable[[str], object], lead: str = "") -> None:
    """Log where the error arose and tell its sentence; if even that cannot be told, log that too.

    The log gets the classes of the error and its causes, the place in our code and a reference that the sentence
    repeats; never the error's own text, which may hold a customer's data or a secret.
    """
    reference = log_error(error)
    sentence = f"{lead} {explain(error)}".strip()
    try:
        tell(f"{sentence} (Reference {reference})")
    except Exception as silent:  # noqa: BLE001 - the boundary itself: nothing further up could say more
        logger.error("reference=%s could not be told: %s", reference, type(silent).__name__)  # noqa: TRY400 - a traceback would show the message


@contextmanager
def told(*, tell: Callable[[str], object], lead: str) -> Iterator[None]:
    """Run a step whose failure is told in a sentence and does not stop what comes after it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the boundary, around one step instead of a whole request
        report(error, tell=tell, lead=lead)


def log_error(error: BaseException) -> str:
    """Log an error without its text and return the reference under which it stands in the log."""
    reference = secrets.token_hex(4)
    logger.error("reference=%s %s", reference, describe_error(error))
    return reference


def describe_error(error: BaseException) -> str:
    """Return the classes of an error and its causes, and where in our code it arose; never what it says."""
    return f"{_classes(error)} at {find_place(error.__traceback__)}"


def find_place(traceback: TracebackType | None) -> str:
    """Return the innermost place in our own code, such as ``bot.conversation:88``."""
    place = "an unknown place"
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in {"bot", "kb", "pipeline", "storage"}:
            place = f"{module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _classes(error: BaseException | None) -> str:
    names = []
    while error is not None:
        names.append(type(error).__name__)
        error = error.__cause__
    return " from ".join(names)
