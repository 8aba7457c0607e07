from __future__ import annotations

from collections import Counter

from pipeline.allocation.score import Rule
from pipeline.turns import take_turns

RULE = Rule(target_per_point=1, unit="$")
IDS = [f"A-{number}" for number in range(12)]
OWNERS = ["Ada"] * 6 + ["Grace"] * 4 + ["Kurt"] * 2


def test_books_take_turns_and_nobody_gets_a_second_action_before_everybody_had_one() -> None:
    given = take_turns(IDS, OWNERS, rule=RULE, capacity=7, cap_per_account=5)

    actions = dict(zip(IDS, (each.actions for each in given), strict=True))
    assert [each for each in IDS if actions[each]] == ["A-0", "A-1", "A-2", "A-6", "A-7", "A-10", "A-11"]
    owners = Counter(owner for owner, each in zip(OWNERS, given, strict=True) if each.actions)
    assert owners == {"Ada": 3, "Grace": 2, "Kurt": 2}


def test_more_actions_than_accounts_go_around_again_up_to_the_cap() -> None:
    assert [each.actions for each in take_turns(IDS, OWNERS, rule=RULE, capacity=25, cap_per_account=5)] == [
        3,
        *[2] * 11,
    ]
    assert {each.actions for each in take_turns(IDS, OWNERS, rule=RULE, capacity=99, cap_per_account=5)} == {5}


def test_the_reason_states_the_rule_and_pretends_no_ranking() -> None:
    [first, *_] = take_turns(IDS, OWNERS, rule=RULE, capacity=7, cap_per_account=5)

    assert first.reason == (
        "No model predicts better than a constant here, so no account is ranked above another: the books of the 3 "
        "owners take turns, each in the order of their ids. This is number 1 of 6 in its book and turn 1 of 12; "
        "7 actions go around."
    )
    assert (first.score, first.scaled_score) == (0, 0)
