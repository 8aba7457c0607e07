"""Giving by the rules of a pack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.allocation.allocate import Given, allocate
from pipeline.allocation.book import Book
from pipeline.allocation.describe import describe, describe_exactly
from pipeline.allocation.errors import ConstraintError, InfeasibleError
from pipeline.allocation.rules import Rules
from storage.records import ActionCount, Feature, FeatureKind, ReasonKind, Words

WORDS = Words(
    pack="clinic", account="practice", accounts="practices", rep="liaison", reps="liaisons", action="visit",
    actions="visits", target="referrals", unit="patients", owner="liaison", territory="district", industry="specialty",
    source="the register",
)  # fmt: skip
FEATURES = (Feature(name="days_since", label="Days since", group="", unit="days", kind=FeatureKind.NUMBER),)


def make_rules(**allocation: Any) -> Rules:
    return Rules.model_validate(
        {
            "actions": {
                "capacity": 4,
                "cap_per_account": 3,
                "cost": 1.0,
                "types": [
                    {"action": "call", "actions": "calls", "response": {"first": 0.1, "decay": 0.5}, "most": 2},
                    {
                        "action": "talk", "actions": "talks", "response": {"first": 0.2, "decay": 0.5},
                        "needs": "calls", "budget": 100.0, "cost": 50.0,
                    },
                ],
            },
            "allocation": allocation,
            "score": {"target_per_point": 10.0},
        }
    )  # fmt: skip


def make_book(predicted: tuple[float, ...] = (100.0, 300.0, 200.0), days: tuple[float, ...] = (9.0, 9.0, 9.0)) -> Book:
    values = np.array(predicted)
    table = pd.DataFrame(
        {
            "account_id": ["C", "A", "B"], "owner": ["Dana", "Ivo", "Dana"], "region": ["East", "West", "East"],
            "days_since": days,
        }
    )  # fmt: skip
    folds, medians = np.zeros(3, dtype=np.int64), {"days_since": np.full(1, 9.0)}
    return Book(
        table=table,
        features=FEATURES,
        folds=folds,
        medians=medians,
        predicted=values,
        low=values / 2,
        high=values * 2,
    )


def give(rules: Rules, book: Book | None = None, *, ranks: bool = True) -> Given:
    return allocate(rules, book or make_book(), words=WORDS, ranks=ranks)


def test_types_are_given_within_their_budget_and_after_what_they_need_in_the_order_of_the_book() -> None:
    given = give(make_rules())

    assert given.counts.tolist() == [[0, 0], [1, 1], [1, 1]]
    [_, first, _], summary = describe(given, make_book())
    assert first.by_type == (ActionCount(actions="calls", count=1), ActionCount(actions="talks", count=1))
    assert first.reasons[0].text == "It gets 2 visits (1 call and 1 talk), which bring an expected 90 patients."
    assert (summary.allocator, summary.gap, summary.value) == ("optimum", 0.0, pytest.approx(150.0))


def test_a_cooldown_blocks_by_what_the_table_says_and_missing_days_block_nothing() -> None:
    rules = make_rules(blocks=[{"feature": "days_since", "below": 7.0, "reason": "it was seen within the last week"}])

    book = make_book(days=(9.0, 3.0, float("nan")))
    given = give(rules, book)

    assert given.actions.tolist() == [2, 0, 2]
    reasons = describe(given, book)[0][1].reasons
    assert [each.text for each in reasons if each.kind is ReasonKind.BLOCKED] == [
        "It must get no visits: it was seen within the last week."
    ]


def test_a_capacity_for_everybody_gives_way_to_one_by_name() -> None:
    given = give(make_rules(capacity_per_rep=1, rep_capacity={"Dana": 2}))

    assert given.actions.tolist() == [0, 1, 2]


def test_caution_takes_the_lower_half_of_the_interval_off() -> None:
    unsure = make_book()
    unsure = replace(unsure, low=np.array([100.0, 10.0, 200.0]))

    assert give(make_rules(), unsure).actions.tolist() == [0, 2, 2]
    assert give(make_rules(caution=1.0), unsure).actions.tolist() == [2, 0, 2]


def test_what_would_change_it_speaks_of_the_cautious_value_and_of_how_that_is_reckoned() -> None:
    book = make_book()
    reasons = describe(give(make_rules(caution=0.5), book), book)[0][0].reasons

    texts = [each.text for each in reasons]
    assert (
        "Its cautious value is 75 patients: its prediction less 50 % of what lies between that and the low end of its "
        "interval."
    ) in texts
    assert any(text.startswith("For one it would need a cautious value of at least ") for text in texts)
    assert not any("a predicted value" in text for text in texts)


def test_one_more_is_named_by_its_type_where_it_is_the_budget_of_that_type_that_is_used_up() -> None:
    book = make_book()
    first = describe(give(make_rules(), book), book)[0][0]

    [limit] = [each.text for each in first.reasons if each.kind is ReasonKind.LIMIT]
    assert limit == "One call here alone would exceed the total capacity of 4."
    fed = describe(give(make_rules(rep_capacity={"Ivo": 3, "Dana": 2}), book), book)[0][1]
    assert not any("talks (enough for 2)" in each.text for each in fed.reasons if each.kind is ReasonKind.LIMIT)


def test_why_is_told_exactly_of_one_account_where_a_snapshot_keeps_bounds() -> None:
    book = make_book()
    given = give(make_rules(), book)
    kept = describe(given, book)[0][0].reasons
    exact = describe_exactly(given, 2, kept)

    assert any("would bring at least" in each.text for each in kept)
    assert "One (call) would bring 10 patients; with one here all visits together would bring 30 patients less." in [
        each.text for each in exact
    ]
    assert not any("at least" in each.text for each in exact)
    assert [each.text for each in exact if each.kind is ReasonKind.CHANGE] == [
        "From a predicted value of 201 patients on (now 100 patients) it would get one."
    ]
    assert [each for each in exact if each.kind is ReasonKind.WORTH] == [
        each for each in kept if each.kind is ReasonKind.WORTH
    ]


def test_of_a_minimum_that_is_just_met_it_says_what_one_fewer_would_bring() -> None:
    book = make_book()
    reasons = describe(give(make_rules(territory_minimum={"East": 3, "West": 0}), book), book)[0][0].reasons

    [east] = [each.text for each in reasons if each.kind is ReasonKind.WORTH and "minimum" in each.text]
    assert east.startswith("One fewer than East's minimum of 3 would bring ")


def test_a_name_that_nobody_has_is_refused_with_the_closest() -> None:
    with pytest.raises(ConstraintError, match=r"there is no liaison dana \(the closest: Dana\)"):
        give(make_rules(rep_capacity={"dana": 2}))


def test_limits_that_cannot_all_be_kept_are_named_in_the_words_of_the_business() -> None:
    with pytest.raises(InfeasibleError, match=r"West must get at least 3 visits.*the capacity of 2 for Ivo|Ivo's"):
        give(make_rules(territory_minimum={"West": 3}, rep_capacity={"Ivo": 2}))


def test_without_ranks_actions_go_in_turns_and_by_score_they_go_by_points() -> None:
    assert give(make_rules(), ranks=False).allocator == "turns"
    scored = give(make_rules(method="score"))
    assert scored.allocator == "score"
    assert scored.actions.sum() == 4
