from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.turning_points import find_turning_points
from pipeline.what_if import WhatIfModel
from storage.units import round_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Built


@pytest.fixture(scope="module")
def model(built: Built) -> Iterator[WhatIfModel]:
    with built.store.lease() as snapshot:
        yield WhatIfModel.open(snapshot)


@pytest.mark.parametrize("account_id", ["ACME-042", "ACME-000", "ACME-099"])
def test_asking_again_with_the_value_moves_the_actions_and_with_none_nearer_it_does(
    model: WhatIfModel, account_id: str
) -> None:
    account = model.snapshot.find_account(account_id)
    assert account is not None
    given = account.allocation.actions
    points = find_turning_points(model, account)

    assert points
    for point in points:
        name = point.feature.name
        observed = np.unique(model.table[name].dropna().to_numpy(dtype=np.float64))
        assert (point.low, point.high) == (observed[0], observed[-1])
        written = np.unique([round_value(point.feature, value) for value in observed.tolist()])
        nearer = written
        if point.value is not None:
            assert point.value in written
            assert model.ask(account_id, {name: point.value}).after.actions == point.actions
            assert point.actions is not None
            assert (point.actions > given) == point.more
            assert point.value != round_value(point.feature, point.now)
            nearer = written[np.abs(written - point.now) < abs(point.value - point.now)]
        nearer = nearer[nearer != round_value(point.feature, point.now)]
        nearer = nearer[:: max(1, len(nearer) // 12)]
        predicted = model.predict(account_id, name, nearer) if len(nearer) else nearer
        for value, expected in zip(nearer.tolist(), predicted.tolist(), strict=True):
            actions = model.allocate(account_id, name, value, predicted=expected)
            assert actions <= given if point.more else actions >= given


def test_only_features_that_a_rep_can_move_are_looked_at(model: WhatIfModel) -> None:
    account = model.snapshot.find_account("ACME-042")
    assert account is not None
    rules = model.rules.model_copy(update={"influence": ["churn_risk"]})

    points = find_turning_points(replace(model, rules=rules), account)

    assert {point.feature.name for point in points} == {"churn_risk"}
    assert {point.feature.name for point in find_turning_points(model, account)} <= set(model.rules.influence)


def test_an_account_without_actions_has_none_to_lose(model: WhatIfModel) -> None:
    account = model.snapshot.find_account("ACME-099")
    assert account is not None
    assert account.allocation.actions == 0

    assert all(point.more for point in find_turning_points(model, account))
