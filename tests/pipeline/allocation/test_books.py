from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.allocation.books import Books
from pipeline.allocation.market import Market

from .conftest import enumerate_best, make_problem


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_allocation_exceeds_the_bound_and_a_pattern_lowers_it_by_its_shortfall(seed: int) -> None:
    problem = make_problem(seed, accounts=3, nested=False)
    possible = enumerate_best(problem)
    assume(possible)
    market = Market.of(problem)
    random = np.random.default_rng(seed)

    bound = Books.of(market).tighten(random.uniform(0, 50, len(market.bounds)) * market.sign)

    best = max(possible.values())
    assert bound.value >= best - 1e-9
    size = market.patterns.sum(axis=1)
    for (row, count), value in possible.items():
        # Some pattern with so many actions is in the best allocation that has them.
        assert bound.value - bound.shortfall[row, size == count].min() >= value - 1e-9


def test_a_rep_whose_accounts_cannot_be_split_is_bounded_in_whole_actions() -> None:
    problem = make_problem(3, accounts=3, nested=False)
    market = Market.of(problem, limits=())

    bound = Books.of(market).tighten(np.zeros(0))

    assert bound.value == pytest.approx(market.worth.max(axis=1).sum())
