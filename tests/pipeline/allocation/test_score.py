from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from pipeline.allocation.score import Candidate, Input, Rule
from pipeline.allocation.score import allocate as allocate_by
from pipeline.pack import read_pack
from storage.records import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.pack import Pack
    from storage.records import Allocation, Feature


def rule_of(pack: Pack, features: Sequence[Feature]) -> Rule:
    return Rule.of(pack.score, features, Words(pack=pack.name, unit=pack.target.unit, **pack.words.model_dump()))


SOFTWARE = rule_of(read_pack("software"), read_pack("software").features)


def allocate(candidates: list[Candidate], *, rule: Rule = SOFTWARE, **limits: int) -> tuple[Allocation, ...]:
    return allocate_by(candidates, rule=rule, **limits)


def candidate(account_id: str, predicted: float, demos: float = 0, cloud: float = 0, csm: float = 0) -> Candidate:
    return Candidate(
        account_id=account_id,
        predicted=predicted,
        inputs=(Input(value=demos), Input(value=cloud), Input(value=csm)),
    )


def by_points(*points: int) -> list[Candidate]:
    """Candidates whose scaled scores are these points, if 0 and 100 are among them."""
    return [candidate(f"ACME-{place:03}", 1000.0 * each) for place, each in enumerate(points)]


def actions(allocations: tuple[Allocation, ...]) -> list[int]:
    return [allocation.actions for allocation in allocations]


def test_the_score_weighs_thousands_of_dollars_demos_maturity_and_csm() -> None:
    [allocation, _] = allocate(
        [candidate("A", 182_300, 4, 8.1, 7), candidate("B", 5_000)], capacity=9, cap_per_account=5
    )

    assert allocation.score == pytest.approx(182.3 + 20 + 16.2 + 10.5)


def test_each_started_twenty_points_give_an_action() -> None:
    given = allocate(by_points(100, 81, 80, 61, 60, 41, 40, 21, 20, 1, 0), capacity=99, cap_per_account=5)

    assert actions(given) == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0]


@pytest.mark.parametrize(
    ("capacity", "cap", "expected"),
    [(12, 5, [5, 5, 2, 0]), (10, 5, [5, 5, 0, 0]), (12, 3, [3, 3, 3, 0]), (1, 5, [1, 0, 0, 0])],
)
def test_the_ranking_is_served_until_nothing_is_left(capacity: int, cap: int, expected: list[int]) -> None:
    assert actions(allocate(by_points(100, 90, 70, 0), capacity=capacity, cap_per_account=cap)) == expected


def test_between_equal_scores_the_account_id_decides() -> None:
    given = allocate(
        [candidate("B", 9_000), candidate("A", 9_000), candidate("C", 1_000)], capacity=6, cap_per_account=5
    )

    assert [(each.rank, each.actions) for each in given] == [(2, 1), (1, 5), (3, 0)]


def test_accounts_that_all_score_alike_stand_at_the_top_of_the_scale() -> None:
    given = allocate([candidate("A", 9_000), candidate("B", 9_000)], capacity=9, cap_per_account=5)

    assert actions(given) == [5, 4]


def test_five_hundred_random_accounts_get_what_a_plain_reading_of_the_rule_gives_them() -> None:
    draw = random.Random(7)  # noqa: S311 - test data
    rows = [
        (f"ACME-{place:03}", draw.uniform(5e3, 2e5), draw.randrange(9), draw.uniform(0, 10), draw.uniform(0, 10))
        for place in range(500)
    ]
    given = allocate([candidate(*row) for row in rows], capacity=250, cap_per_account=5)

    scores = {row[0]: row[1] / 1000 + 5 * row[2] + 2 * row[3] + 1.5 * row[4] for row in rows}
    low, high = min(scores.values()), max(scores.values())
    left, expected = 250, {}
    for account_id in sorted(scores, key=lambda each: (-scores[each], each)):
        expected[account_id] = min(5, math.ceil((scores[account_id] - low) / (high - low) * 100 / 20), left)
        left -= expected[account_id]
    assert actions(given) == [expected[row[0]] for row in rows]
    assert sum(actions(given)) == 250


def test_reasons_say_what_decided() -> None:
    given = allocate(by_points(100, 90, 70, 50, 0), capacity=12, cap_per_account=5)

    assert [each.reason.split("; ")[1] for each in given] == [
        "100 of 100 on the scale gives 5 actions, the most one account may have.",
        "90 of 100 on the scale gives 5 actions, the most one account may have.",
        "70 of 100 on the scale would give 4 actions, but only 2 of the 12 were left.",
        (
            "50 of 100 on the scale would give 3 actions, but the 12 actions to give were used up at rank 3, where the "
            "score was 70.0."
        ),
        "the lowest score, 0 of 100 on the scale, gives no action.",
    ]


def test_a_reason_shows_the_terms_of_the_score_and_says_which_were_not_known() -> None:
    first = Candidate(
        account_id="A",
        predicted=182_300,
        inputs=(Input(value=4), Input(value=8.1), Input(value=7, known=False)),
    )
    [allocation, _] = allocate([first, candidate("B", 5_000)], capacity=9, cap_per_account=3)

    assert allocation.reason == (
        "Rank 1 of 2 by score 229.0 (predicted $182.3K + 5 × 4 demo requests + 2 × 8.1 cloud maturity + "  # noqa: RUF001 - as shown
        "1.5 × 7 CSM score (the median; not known here)); "  # noqa: RUF001 - as shown
        "100 of 100 on the scale would give 5 actions, of which one account may have 3."
    )


def test_points_are_never_shown_as_the_step_that_they_just_exceed() -> None:
    given = allocate(
        [candidate("A", 100_000), candidate("B", 60_002), candidate("C", 0.0)], capacity=9, cap_per_account=5
    )

    assert "60.002 of 100 on the scale gives 4 actions." in given[1].reason


def test_a_reason_speaks_the_language_of_its_pack() -> None:
    pack = read_pack("healthcare")
    rule = rule_of(pack, [feature for feature in pack.features if feature.name == "satisfaction"])
    first, last = (
        Candidate(account_id=account_id, predicted=predicted, inputs=(Input(value=8.0),))
        for account_id, predicted in (("A", 240.0), ("B", 10.0))
    )

    given = allocate([first, last], rule=rule, capacity=9, cap_per_account=4)

    assert given[0].reason == (
        "Rank 1 of 2 by score 64.0 (predicted 240 patients + 2 × 8 satisfaction); "  # noqa: RUF001 - as shown
        "100 of 100 on the scale would give 5 visits, of which one practice may have 4."
    )
