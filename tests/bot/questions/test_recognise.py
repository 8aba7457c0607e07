"""Measured on what people type: `pytest -s` prints the figures."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.answering import vocabulary_of
from bot.questions.intents import intents
from bot.questions.learn import digest
from bot.questions.recognise import recognise
from bot.tools.calls import TOOLS, ToolCall
from bot.tools.context import ToolContext
from pipeline.what_if import OpenModels

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief
    from bot.questions.vocabulary import Vocabulary
    from storage.snapshots import Snapshot

HERE = Path(__file__).parents[1]
QUESTIONS = tomllib.loads((HERE / "questions.toml").read_text("utf-8"))["question"]
UNSEEN = tomllib.loads((HERE / "questions_unseen.toml").read_text("utf-8"))["question"]
LEFT_OUT = {"limit": None, "actions": None, "facts": [], "features": []}


@pytest.fixture(scope="module")
def vocabulary(snapshot: Snapshot, brief_of: Callable[[str], Brief]) -> Vocabulary:
    brief = brief_of("ACME-042")
    return vocabulary_of(
        ToolContext(
            snapshot=snapshot,
            brief=brief,
            library=None,
            may_see=lambda _: True,
            models=OpenModels(),
            known=brief.evidence,
        )
    )


def expected(question: dict[str, Any]) -> ToolCall | None:
    if "call" not in question:
        return None
    told = question["call"]
    tool = TOOLS[told["tool"]]
    return tool.model_validate({name: LEFT_OUT[name] for name in tool.model_fields if name in LEFT_OUT} | told)


def find(question: dict[str, Any], vocabulary: Vocabulary) -> ToolCall | None:
    earlier = [question["before"]] if "before" in question else []
    return recognise(question["text"], vocabulary, earlier=earlier)


@pytest.mark.parametrize("written", sorted({each["written"] for each in QUESTIONS}))
def test_nearly_all_questions_are_recognised_and_none_is_taken_for_another(
    vocabulary: Vocabulary, written: str
) -> None:
    questions = [each for each in QUESTIONS if each["written"] == written]
    share, wrong = measure(questions, vocabulary, name=f"written {written}")

    assert wrong == [], wrong
    assert share >= 0.95


def test_most_questions_of_authors_who_were_left_out_are_recognised_and_few_are_taken_for_another(
    vocabulary: Vocabulary,
) -> None:
    share, wrong = measure(UNSEEN, vocabulary, name="by authors left out")

    assert share >= 0.75
    assert len(wrong) <= 0.05 * len(UNSEEN), wrong


def measure(
    questions: list[dict[str, Any]], vocabulary: Vocabulary, *, name: str
) -> tuple[float, list[tuple[str, ToolCall]]]:
    """Return the share of the structured questions that are recognised, and what is taken for another."""
    found = [(each, find(each, vocabulary), expected(each)) for each in questions]
    wrong = [(each["text"], call) for each, call, right in found if call is not None and call != right]
    structured = [(each["text"], call == right) for each, call, right in found if right is not None]
    right = sum(recognised for _, recognised in structured)
    missed = [text for text, recognised in structured if not recognised]
    figures = f"{right} of {len(structured)} recognised, {len(wrong)} of {len(found)} wrong"
    print(f"\n{name}: {figures}; missed: {missed}")  # noqa: T201 # what `pytest -s` is asked for
    return right / len(structured), wrong


def test_what_was_learned_is_of_the_examples_as_they_are() -> None:
    assert intents().digest == digest(), "run python -m bot.questions.learn"
