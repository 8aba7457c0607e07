"""`/precall why`, asked of the running bot about accounts that were really allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.why import parse_why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], built_home: Path) -> Iterator[Any]:
    with run_bot(built_home) as running:
        yield running


def test_why_is_answered_to_who_asked_alone_with_a_line_for_each_reason(bot: Any) -> None:
    bot.ask("/precall why acme-042?")

    [answer] = bot.posted()
    assert answer.only_visible_to(bot.person)
    read = bot.read(answer)
    assert "ACME-042 · " in read
    assert "sales action" in read
    assert "It is proven that no other way to give the sales actions" in read
    assert "The rule of scores" in read
    assert "This is the model's view, not a causal effect." in read
    assert bot.workspace.refusals == []


def test_why_of_what_is_not_there_names_the_closest(bot: Any) -> None:
    bot.ask("/precall why ACME-04Z")

    assert "Did you mean one of these?" in bot.read(bot.posted())


def test_why_alone_says_what_is_missing(bot: Any) -> None:
    bot.ask("/precall why")

    assert "Say which one" in bot.read(bot.posted())


@pytest.mark.parametrize(
    ("asked", "account"), [("why ACME-042", "ACME-042"), ("Why  Globex Ltd ?", "Globex Ltd"), ("whynot", None)]
)
def test_only_the_word_why_asks_why(asked: str, account: str | None) -> None:
    assert parse_why(asked) == account
