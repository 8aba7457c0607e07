from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.questions import learn
from bot.tools.calls import (
    AccountFacts,
    Changes,
    Compare,
    Direction,
    Drivers,
    Fact,
    FeatureChange,
    How,
    SearchDocuments,
    WhatIf,
    WhyAllocated,
)
from bot.tools.restate import restate

if TYPE_CHECKING:
    from bot.tools.calls import ToolCall
    from bot.tools.context import ToolContext

UNSEEN = Path(__file__).parents[1] / "questions_unseen.toml"


def change(feature: str, how: How, amount: float | str | None) -> WhatIf:
    return WhatIf(changes=(FeatureChange(feature=feature, how=how, amount=amount),))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (Drivers(direction=Direction.LOWERING, limit=None), "the features that lower the prediction most"),
        (Drivers(direction=Direction.RAISING, limit=1), "the feature that raises the prediction most"),
        (WhyAllocated(actions=None), "how many actions it gets, and why"),
        (WhyAllocated(actions=4), "why it gets no action and not 4"),
        (WhyAllocated(actions=0), "why it gets no action"),
        (Changes(), "what changed since the snapshot before"),
        (Compare(accounts=("acme-009", "<!here>")), "this account beside “acme-009” and “<!here>”"),
        (SearchDocuments(query="SLA\ncredits"), "what our documents say of “SLA credits”"),
        (
            AccountFacts(facts=(Fact.OWNER, Fact.STANDING), features=("churn_risk",)),
            "its owner and where it stands among all accounts and the value of Churn risk",
        ),
        (change("churn_risk", How.SET, 0.125), "what if Churn risk were 12.5 %"),
        (change("churn_risk", How.ADD, -0.1), "what if Churn risk fell by 10 points"),
        (change("churn_risk", How.SCALE, 0.9), "what if Churn risk fell by 10 % of what it is"),
        (change("annual_revenue", How.SCALE, 3.0), "what if Annual revenue were 3 times what it is"),
        (change("annual_revenue", How.SET, 1_250_000.0), "what if Annual revenue were $1,250,000"),
        (change("account_age", How.ADD, 1.0), "what if Account age rose by 1 month"),
        (change("budget_quarter", How.SET, "Q3"), "what if Budget quarter were “Q3”"),
        (change("budget_quarter", How.SET, None), "what if Budget quarter were not known"),
        (change("dropped_column", How.ADD, -2.0), "what if dropped_column fell by 2"),
    ],
)
def test_a_reading_is_said_in_words(context: ToolContext, call: ToolCall, words: str) -> None:
    assert restate(call, context.brief) == words


def test_no_two_readings_of_what_anybody_asked_are_said_in_the_same_words(context: ToolContext) -> None:
    asked = learn.read_asked([*learn.ASKED, UNSEEN])
    calls = {one.call for one in asked if one.call is not None}

    told = sorted(((restate(call, context.brief), call) for call in calls), key=lambda each: each[0])

    for (words, call), (others, other) in pairwise(told):
        assert words != others or learn.is_same_call(call, other), (call, other)
