from __future__ import annotations

import pytest

from bot.writer.fitting import Measured, breaks_bound, contradicts, names_a_segment_of

SMALL = "Quorvia sells to companies below 400 employees at $0.90 per resource."


def employees(count: float | None) -> Measured:
    return Measured(names=("employee", "headcount"), value=count)


def test_a_sentence_about_smaller_companies_is_not_about_a_large_one() -> None:
    assert contradicts(SMALL, [employees(1_987)])
    assert not contradicts(SMALL, [employees(120)])
    assert names_a_segment_of(SMALL, [employees(120)])


@pytest.mark.parametrize(
    ("sentence", "names", "fits", "other"),
    [
        ("An account with a churn risk above 0.6 is no expansion account.", ("churn",), 0.7, 0.2),
        ("More than 12 support tickets call for it.", ("ticket",), 13.0, 2.0),
        ("Teams at a cloud maturity of 6 or higher ask for the undo step.", ("maturit",), 7.0, 5.7),
        ("With three or more competitors installed we win less.", ("competitor",), 4.0, 1.0),
        ("Companies of between 200 and 500 employees buy alone.", ("employee",), 300.0, 900.0),
    ],
)
def test_a_bound_holds_for_some_values_and_not_for_others(
    sentence: str, names: tuple[str, ...], fits: float, other: float
) -> None:
    assert not breaks_bound(sentence, [Measured(names=names, value=fits)])
    assert breaks_bound(sentence, [Measured(names=names, value=other)])


def test_a_percentage_is_compared_with_a_share() -> None:
    growing = "Stay when industry growth is above 15 percent."

    assert breaks_bound(growing, [Measured(names=("growth",), value=0.05, percent=True)])
    assert not breaks_bound(growing, [Measured(names=("growth",), value=0.2, percent=True)])


def test_a_bound_on_something_else_is_no_bound() -> None:
    assert not breaks_bound("Rollouts above 2,500 resources end on time; employees like them.", [employees(12)])


def test_what_is_not_known_meets_no_bound() -> None:
    assert breaks_bound(SMALL, [employees(None)])


def test_a_level_that_the_value_does_not_have_is_not_its() -> None:
    many = "Many tickets call for a better service level."

    assert contradicts(many, [Measured(names=("ticket",), value=2.0, high=False)])
    assert contradicts(many, [Measured(names=("ticket",), value=8.0, high=None)])
    assert not contradicts(many, [Measured(names=("ticket",), value=30.0, high=True)])
