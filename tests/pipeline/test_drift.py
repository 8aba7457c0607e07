from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.drift import measure_drift, stability_index
from pipeline.pack import read_pack
from pipeline.synthetic import make_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.snapshots import Snapshot

    from .conftest import Built

FEATURES = read_pack("software").features


@pytest.fixture
def snapshot(built: Built) -> Iterator[Snapshot]:
    with built.store.lease() as snapshot:
        yield snapshot


def test_the_index_is_nothing_for_equal_shares_and_grows_with_their_difference() -> None:
    assert stability_index(np.array([50.0, 50.0]), np.array([50.0, 50.0])) == 0
    assert stability_index(np.array([50.0, 50.0]), np.array([60.0, 40.0])) == pytest.approx(0.0401, abs=0.002)
    assert stability_index(np.array([50.0, 50.0]), np.array([0.0, 100.0])) > 1


def test_only_what_moved_is_above_its_limit(snapshot: Snapshot) -> None:
    table = make_accounts(500, seed=233).table
    lost = table["churn_risk"].mask(np.arange(500) % 3 == 0)
    moved = table.assign(employees=table["employees"] * 3, budget_quarter="Q5", churn_risk=lost)

    drift = measure_drift(FEATURES, moved, snapshot)

    assert drift.target_mean == snapshot.info.card.target_mean
    above = {each.feature for each in drift.features if each.psi > each.limit}
    assert above == {"employees", "budget_quarter", "churn_risk"}
    assert {each.psi for each in drift.features if each.feature not in above} == {0.0}


def test_another_sample_of_the_same_accounts_is_hardly_ever_called_drift(snapshot: Snapshot) -> None:
    above = 0
    for seed in range(5):
        drift = measure_drift(FEATURES, make_accounts(100, seed=seed).table, snapshot)
        above += sum(each.psi > each.limit for each in drift.features)

    assert above <= 5  # of 120


def test_a_feature_that_is_new_has_nothing_to_be_compared_with(snapshot: Snapshot) -> None:
    new = replace(FEATURES[0], name="new")
    table = make_accounts(100, seed=1).table.assign(new=1.0)

    drift = measure_drift([*FEATURES, new], table, snapshot)

    assert "new" not in {each.feature for each in drift.features}
