from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.base_rates import measure_base_rates
from storage.records import BaseRate, Feature, FeatureKind

DEMOS = Feature(name="demos", label="Demos", group="", unit="", kind=FeatureKind.NUMBER)
TIER = Feature(name="tier", label="Tier", group="", unit="", kind=FeatureKind.CATEGORY)


def test_medians_stand_on_either_side_of_a_threshold_with_their_counts() -> None:
    table = pd.DataFrame({"demos": [0.0] * 20 + [3.0] * 10 + [np.nan] * 5})
    outcome = np.array([70.0] * 20 + [95.0] * 10 + [1e9] * 5)

    assert measure_base_rates([DEMOS], table, outcome) == (
        BaseRate(
            feature="demos",
            threshold=3.0,
            category=None,
            count_with=10,
            median_with=95.0,
            count_without=20,
            median_without=70.0,
        ),
    )


def test_a_side_of_fewer_than_ten_accounts_is_an_anecdote() -> None:
    table = pd.DataFrame({"tier": ["gold"] * 9 + ["silver"] * 12 + ["tin"] * 12 + [None] * 3})

    rates = measure_base_rates([TIER], table, np.arange(36.0))

    assert [(rate.category, rate.count_with, rate.count_without) for rate in rates] == [
        ("silver", 12, 21),
        ("tin", 12, 21),
    ]
    assert measure_base_rates([DEMOS], pd.DataFrame({"demos": [1.0] * 30}), np.arange(30.0)) == ()
