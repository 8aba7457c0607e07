"""Measured on what people type: `pytest -s` prints the figures."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering import vocabulary_of
from bot.questions import learn
from bot.questions.learned import learned
from bot.questions.recognise import recognise
from bot.tools.calls import SearchDocuments, WhatIf
from bot.tools.context import ToolContext
from pipeline.what_if import OpenModels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.brief import Brief
    from bot.questions.learn import Asked
    from bot.questions.vocabulary import Vocabulary
    from bot.tools.calls import ToolCall
    from storage.snapshots import Snapshot

LEARNED_FROM = learn.read_asked(learn.ASKED)
_EVERY = 24  # of the questions that were learned from is asked, in each of so many tests:
_PARTS = 3
UNSEEN = learn.read_asked([Path(__file__).parents[1] / "questions_unseen.toml"])


@pytest.fixture(scope="module")
def vocabulary(snapshot: Snapshot, brief_of: Callable[[str], Brief]) -> Vocabulary:
    """The words of ACME-042 as those who asked were told of it, who made up the names of other accounts."""
    brief = brief_of("ACME-042")
    context = ToolContext(
        snapshot=snapshot,
        brief=brief,
        library=None,
        may_see=lambda _: True,
        models=OpenModels(),
        known=brief.evidence,
    )
    told = learn.vocabulary_of([*LEARNED_FROM, *UNSEEN])
    return replace(
        vocabulary_of(context), given=told.given, most=told.most, predicted=told.predicted, is_account=told.is_account
    )


@pytest.mark.parametrize("part", range(_PARTS))
def test_what_was_learned_from_is_recognised_and_hardly_any_of_it_is_taken_for_another(
    vocabulary: Vocabulary, part: int
) -> None:
    questions = LEARNED_FROM[part::_EVERY]
    share, wrong = measure(questions, vocabulary, name=f"learned from, part {part}")

    assert len(wrong) <= 0.011 * len(questions), wrong
    assert share >= 0.94


def test_most_questions_of_authors_who_were_left_out_are_recognised_and_few_are_taken_for_another(
    vocabulary: Vocabulary,
) -> None:
    share, wrong = measure(UNSEEN, vocabulary, name="by authors left out")

    assert share >= 0.94
    assert len(wrong) <= 0.007 * len(UNSEEN), wrong


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("I'm on the train. What pulls the forecast down?", "What pulls the forecast down?"),
        ("why so few actions? my manager keeps asking", "why so few actions?"),
        ("what if churn risk was 20 %, no sorry, 22 %?", "what if churn risk was 22 %?"),
        ("what if churn risk improves by 5 points?", "what if churn risk drops by 5 points?"),
        ("top half dozen drivers", "top 6 drivers"),
        ("what changed?", "what has changed since the last snapshot?"),
        (
            "what do our docs say about the SLA upgrade?",
            "what do our docs say about SLA upgrade?",
        ),
        ("what if the risk of leaving drops to 10 %?", "what if churn risk drops to 10 %?"),
        ("what if one in four of our emails is opened?", "what if the email open rate is 25 %?"),
        ("what if the account age was two and a half years?", "what if the account age was 30 months?"),
        ("what if demo requests += 2?", "what if there were two more demo requests?"),
        ("what if CSM score and cloud maturity were both at 9?", "what if cloud maturity was 9 and the CSM score 9?"),
        (
            "rerun it with TechOps as competitor and the budget in Q4",
            "what if the budget quarter was Q4 and the main competitor TechOps?",
        ),
        ("what's the prediction with its interval?", "prediction and interval please"),
        ("drivers, but w/o the ones that push it down", "what raises the prediction?"),
        ("list the drivers, excluding whatever lifts it", "what lowers the prediction?"),
        ("what if annual revenue was a quarter million?", "what if annual revenue was 250,000?"),
        ("what do the docs say about demo no-shows?", "search our documents for demo no-shows"),
        ("what if annual revenue were ten per cent larger?", "what if annual revenue rose by 10 %?"),
        ("what if annual revenue was 2 crore?", "what if annual revenue was 20 million?"),
        ("multiply annual revenue by 1.25 and predict again", "what if annual revenue rose by 25 %?"),
        ("what if churn risk was half of its present value?", "what if churn risk halved?"),
        ("what if the CSM score goes up from 6 to 8?", "what if the CSM score was 8?"),
        ("leave churn as it is, only put cloud maturity at 8 and predict", "what if cloud maturity was 8?"),
        ("what if their budget only opens in Q3?", "what if the budget quarter was Q3?"),
        ("what if they made $48M a year?", "what if annual revenue was 48 million?"),
        ("what if they had been with us for ten years?", "what if the account age was 120 months?"),
        ("why not twice as many actions?", "why not 4 actions?"),
        ("why didn't it get the maximum number of actions?", "why not 5 actions?"),
        ("the 4 points that most increase the forecast", "top 4 drivers that raise it"),
        ("drivers please, everything but the negatives", "what raises the prediction?"),
        ("apart from churn, what drags the prediction down?", "what lowers the prediction?"),
        ("compare it with ACME-017, not with ACME-011", "compare with ACME-017"),
        ("owner and region, no story", "owner and region please"),
        ("how long have we had them and what is the churn risk?", "account age and churn risk?"),
    ],
)
def test_what_is_said_beside_a_question_or_taken_back_or_in_other_words_makes_no_difference(
    vocabulary: Vocabulary, text: str, meant: str
) -> None:
    call = recognise(text, vocabulary)

    assert call is not None
    assert learn.is_same_call(call, recognise(meant, vocabulary))


@pytest.mark.parametrize(
    ("before", "text", "meant"),
    [
        (
            "what if churn risk is 10 %?",
            "and on top of that a CSM score of 8",
            "what if churn is 10 % and CSM score 8?",
        ),
        ("what if churn is 10 % and CSM score 8?", "without the CSM score", "what if churn risk is 10 %?"),
        ("what if churn is 10 % and CSM score 8?", "only the CSM score please", "what if the CSM score is 8?"),
        ("what if annual revenue grows by 10 %?", "and 20 %?", "what if annual revenue grows by 20 %?"),
        ("compare with ACME-011", "add ACME-012 to that", "compare with ACME-011 and ACME-012"),
        ("compare with ACME-011 and ACME-012", "without ACME-012", "compare with ACME-011"),
        ("top 3 positive drivers", "same for the negatives", "top 3 negative drivers"),
        ("what if open rate doubles?", "and churn halves too", "what if open rate doubles and churn risk halves?"),
        ("what if the open rate was 40 %?", "would that buy us a third action?", "what if the open rate was 40 %?"),
    ],
)
def test_a_follow_up_adds_to_the_question_before_or_takes_from_it(
    vocabulary: Vocabulary, before: str, text: str, meant: str
) -> None:
    call = recognise(text, vocabulary, earlier=[before])

    assert call is not None
    assert learn.is_same_call(call, recognise(meant, vocabulary))


@pytest.mark.parametrize(
    "text",
    [
        "what if churn risk moves by 5 points?",  # up or down
        "what if annual revenue changes by 10 %?",
        "what if churn risk is at 1000 %?",
        "what if churn risk is off by 5 points?",
        "what if annual revenue was 10?",  # of what
        "budget quarter and who signs for it",
        "do the docs mention SOC 1, sorry, SOC 2?",
        "why not 4 actions? " + "I had a long talk with their new head of logistics. " * 5,  # nobody reads it whole
    ],
)
def test_what_cannot_be_told_for_sure_is_left_open(vocabulary: Vocabulary, text: str) -> None:
    assert recognise(text, vocabulary) is None


def test_what_comes_to_something_that_was_not_understood_is_left_open(vocabulary: Vocabulary) -> None:
    text = "what if churn risk was 10 % too?"

    assert recognise(text, vocabulary) is not None
    assert recognise(text, vocabulary, earlier=["what if they moved to Mars?"]) is None


def measure(
    questions: Sequence[Asked], vocabulary: Vocabulary, *, name: str
) -> tuple[float, list[tuple[str, ToolCall]]]:
    """Return the share of the structured questions that are recognised, and what is taken for another."""
    found = [
        (each, recognise(each.text, vocabulary, earlier=[each.before] if each.before else [])) for each in questions
    ]
    wrong = [(each.text, call) for each, call in found if call is not None and not learn.is_same_call(call, each.call)]
    missed = [each.text for each, call in found if each.call is not None and not learn.is_same_call(call, each.call)]
    structured = sum(each.call is not None for each in questions)
    figures = f"{structured - len(missed)} of {structured} recognised, {len(wrong)} of {len(found)} wrong"
    print(f"\n{name}: {figures}; missed: {missed}")  # noqa: T201 # what `pytest -s` is asked for
    return 1 - len(missed) / structured, wrong


@settings(deadline=None)
@given(
    words=st.lists(st.sampled_from(sorted({word for each in LEARNED_FROM for word in each.text.split()})), max_size=12),
    before=st.sampled_from([each.text for each in LEARNED_FROM]),
)
def test_words_in_any_order_are_a_question_or_none(vocabulary: Vocabulary, words: list[str], before: str) -> None:
    recognise(" ".join(words), vocabulary, earlier=[before])


@pytest.mark.parametrize("text", ["What do the docs say about Quellbrix?", "do our documents mention quellbrix"])
def test_a_name_that_nobody_ever_said_is_looked_for(vocabulary: Vocabulary, text: str) -> None:
    call = recognise(text, vocabulary)

    assert isinstance(call, SearchDocuments)
    assert call.query.casefold() == "quellbrix"


def test_what_the_readme_says_that_one_may_ask_is_recognised(vocabulary: Vocabulary) -> None:
    readme = Path(__file__).parents[3].joinpath("README.md").read_text("utf-8")
    told = readme.partition("## Ask")[2].partition("What is not clearly")[0]
    examples = re.findall("`([^`]+)`", " ".join(told.split()))

    assert len(examples) > 9
    assert [each for each in examples if recognise(each, vocabulary) is None] == []


def test_a_question_is_read_however_much_space_it_takes(vocabulary: Vocabulary) -> None:
    call = recognise("top" + " " * 100_000 + "3\n\n \n drivers" + "\t" * 100_000, vocabulary)

    assert call == recognise("top 3 drivers", vocabulary) is not None


def test_two_features_with_one_value_are_no_clear_question(vocabulary: Vocabulary) -> None:
    assert recognise("their CSM score fell, annual revenue doubles. forecast?", vocabulary) is None


def test_what_was_learned_is_of_the_examples_and_questions_as_they_are() -> None:
    assert learned().digest == learn.digest(), "run python -m bot.questions.learn"


@pytest.mark.parametrize("first", ["goes up by", "rises by", "climbs by", "grows by"])
@pytest.mark.parametrize("second", ["drops to", "falls to", "sinks to", "is cut to"])
@pytest.mark.parametrize("by", ["twelve percentage points", "12 points"])
def test_a_change_never_goes_against_the_words_beside_it(
    vocabulary: Vocabulary, first: str, second: str, by: str
) -> None:
    call = recognise(f"What if churn risk {first} {by} and the CSM score {second} 3?", vocabulary)

    assert call is None or (isinstance(call, WhatIf) and call.changes[0].amount == 0.12)
