from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackApiError

from bot.boundary import report, told
from bot.errors import AccountGoneError, explain
from storage.errors import NoSnapshotError, SnapshotGoneError, StateFileError

SECRET = "xoxb-a-secret Globex GmbH"


def slack_error(code: str) -> SlackApiError:
    return SlackApiError(SECRET, {"ok": False, "error": code})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoSnapshotError(Path(SECRET)), "precall build"),
        (SnapshotGoneError(SECRET), "no longer kept"),
        (AccountGoneError(SECRET), "no longer in the data"),
        (StateFileError(Path(SECRET), OSError(SECRET)), "cannot read my data"),
        (URLError(SECRET), "could not reach"),
        (TimeoutError(SECRET), "could not reach"),
        (slack_error("not_in_channel"), "/invite @precall"),
        (slack_error("channel_not_found"), "/invite @precall"),
        (slack_error("is_archived"), "not allowed to post"),
        (slack_error("missing_scope"), "manifest"),
        (slack_error("ratelimited"), "slow down"),
        (slack_error("fatal_error"), "did not take my message"),
        (KeyError(SECRET), "Something went wrong"),
    ],
)
def test_every_error_becomes_a_sentence_that_repeats_nothing_of_the_error(error: Exception, words: str) -> None:
    sentence = explain(error)

    assert words in sentence
    assert sentence.endswith(".")
    assert "secret" not in sentence
    assert "Globex" not in sentence


def test_the_log_and_the_sentence_share_a_reference_and_the_log_holds_no_text_of_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said: list[str] = []

    error = StateFileError(Path(SECRET), OSError(SECRET))
    error.__cause__ = ValueError(SECRET)
    report(error, tell=said.append, lead="The plan is missing.")

    [record] = caplog.records
    reference = said[0].rpartition("Reference ")[2].rstrip(")")
    assert said[0].startswith("The plan is missing. I cannot read my data")
    assert f"reference={reference} StateFileError from ValueError" in record.getMessage()
    assert "secret" not in caplog.text


def test_a_step_that_fails_is_told_and_the_next_one_runs() -> None:
    said: list[str] = []

    with told(tell=said.append, lead="The pictures are missing."):
        raise KeyError(SECRET)

    assert len(said) == 1


def test_what_cannot_even_be_told_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: str) -> Any:
        raise slack_error("fatal_error")

    report(KeyError(SECRET), tell=fail)

    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.ERROR]
    assert "could not be told: SlackApiError" in caplog.text
    assert "secret" not in caplog.text
