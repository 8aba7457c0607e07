"""The log says what happened for which request, and nothing of what anybody wrote."""

from __future__ import annotations

import io
import json
import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import API_KEY, AnthropicServer, Scenario

from bot.log import JsonLines, TextLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

QUESTION = "What would the zebra crossing change about demo requests?"


@contextmanager
def everything_logged(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """All that is logged in the block, by everybody and at every level, as this formatter writes it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_of_a_brief_and_a_question_the_log_holds_no_secret_and_nothing_of_the_customer(
    run_bot: Callable[..., AbstractContextManager[Any]],
    home: Path,
    anthropic: AnthropicServer,
    formatter: logging.Formatter,
) -> None:
    claude = {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": anthropic.url}
    secrets = {"bot_token": "xoxb-marked-secret", "signing_secret": "marked-signing-secret"}
    anthropic.next(Scenario.ONE_SECTION_INVENTED, Scenario.NORMAL, Scenario.FAILED, Scenario.CUT_OFF)

    with everything_logged(formatter) as log, run_bot(home, env=claude, **secrets) as bot:
        bot.ask("/precall ACME-042")
        bot.say(QUESTION, thread_ts=bot.thread_ts())
        bot.ask("/precall nobody by the name of zebra")
        with bot.services.snapshots.lease() as snapshot:
            account = snapshot.find_account("ACME-042")

    written = log.getvalue()
    assert "bot.desk" in written
    words = [account.account_id, account.name, account.owner, "zebra", "demo requests", "executive summary"]
    for marked in (*secrets.values(), API_KEY, "marked", "xoxb", *words):
        assert marked.lower() not in written.lower()


def test_every_line_about_a_request_bears_its_id(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    with everything_logged(JsonLines()) as log, run_bot(home) as bot:
        bot.workspace.fail_next("files.getUploadURLExternal", with_="fatal_error", times=2)
        bot.ask("/precall ACME-042")
        bot.say("Why?", thread_ts=bot.thread_ts())

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    command, question = [line for line in lines if line["logger"] == "bot.desk"]
    assert (command["kind"], command["outcome"]) == ("command", "done")
    assert (question["kind"], question["outcome"]) == ("message", "done")
    assert command["request"] != question["request"]
    assert command["seconds"] > 0
    [failure] = [line for line in lines if line["logger"] == "bot.boundary"]
    assert failure["request"] == command["request"]


def test_of_what_a_library_says_the_log_tells_where_and_not_what() -> None:
    with everything_logged(TextLines()) as log:
        try:
            float("the customer's name")
        except ValueError:
            logging.getLogger("slack_bolt.App").exception("Unhandled request: the customer's words")

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\S+ ERROR slack_bolt.App test_log:\d+ reports: ValueError at an unknown place\n",
        log.getvalue(),
    )
