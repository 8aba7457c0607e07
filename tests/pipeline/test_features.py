from __future__ import annotations

import pandas as pd

from pipeline.features import UNSEEN, Encoder
from pipeline.pack import read_pack
from storage.records import Feature, FeatureKind

FEATURES = read_pack("software").features
VISITS = Feature(name="visits", label="Visits", group="", unit="", kind=FeatureKind.NUMBER)
PLAN = Feature(name="plan", label="Plan", group="", unit="", kind=FeatureKind.CATEGORY)

TRAINING = pd.DataFrame({"visits": [1.0, 3.0, 8.0, None], "plan": ["pro", "basic", None, "pro"]})


def encode(visits: list[float | None], plan: list[str | None]) -> list[list[float]]:
    encoder = Encoder.fit((VISITS, PLAN), TRAINING)
    return encoder.transform(pd.DataFrame({"visits": visits, "plan": plan})).tolist()


def test_a_missing_number_becomes_the_median_of_the_training_rows_not_of_its_own_table() -> None:
    assert encode([100.0, None], ["basic", "basic"]) == [[100.0, 0.0], [3.0, 0.0]]


def test_categories_are_numbered_as_in_training_and_others_are_unseen() -> None:
    assert encode([1.0] * 4, ["pro", "basic", "platinum", None]) == [
        [1.0, 1.0], [1.0, 0.0], [1.0, UNSEEN], [1.0, UNSEEN],
    ]  # fmt: skip


def test_a_number_is_read_to_its_last_digit() -> None:
    decimals = [place / 10 for place in range(100)]

    assert [row[0] for row in encode([*decimals, 123_456_789.123], ["pro"] * 101)] == [*decimals, 123_456_789.123]


def test_at_least_twenty_features_stand_in_five_groups_with_labels_that_fit_a_phone() -> None:
    assert len(FEATURES) >= 20
    assert len({feature.group for feature in FEATURES}) == 5
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    assert max(len(feature.label) for feature in FEATURES) <= 20
