from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from pipeline.errors import FaultyPackError, UnknownPackError
from pipeline.pack import SHIPPED, parse_pack, read_pack

if TYPE_CHECKING:
    from pathlib import Path

SMALL = """
name = "small"
title = "Small"

[words]
account = "account"
accounts = "accounts"
rep = "rep"
reps = "reps"
action = "call"
actions = "calls"
target = "revenue"

[columns]
id = "id"
territory = "region"

[target]
column = "revenue"
label = "Revenue"
unit = "$"

[[features]]
column = "calls"
label = "Calls"
group = "Engagement"
influence = "rep can raise"

[[features]]
column = "region"
label = "Region"
group = "Profile"
kind = "category"

[actions]
capacity = 10
cap_per_account = 2
cost = 1
response = {first = 0.1, decay = 0.5}

[score]
target_per_point = 1000
weights = {calls = 2}
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_pack_speaks_of_its_business(name: str) -> None:
    pack = read_pack(name)

    assert pack.name == name
    assert len(pack.features) >= 15
    assert len({feature.group for feature in pack.features}) >= 4
    assert {"rep can raise", "rep can lower"} <= {feature.influence for feature in pack.feature_columns}
    assert {column.reason for column in pack.never} >= {"outcome", "personal"}
    assert len(pack.promotions) == 4


def test_no_two_shipped_packs_use_the_same_words() -> None:
    packs = [read_pack(name) for name in SHIPPED]
    for spoken in ("account", "rep", "action", "target"):
        assert len({getattr(pack.words, spoken) for pack in packs}) == len(packs)
    assert {pack.target.unit for pack in packs} == {"$", "patients", "hours"}


def test_the_software_pack_gives_what_the_demo_promises() -> None:
    pack = read_pack("software")

    assert (pack.actions.capacity, pack.actions.cap_per_account) == (250, 5)
    assert (pack.score.target_per_point, pack.score.weights) == (
        1000, {"demo_requests": 5, "cloud_maturity": 2, "csm_score": 1.5},
    )  # fmt: skip


def test_a_pack_never_changes() -> None:
    pack = parse_pack(SMALL, source="small.toml")
    with pytest.raises(ValidationError, match="frozen"):
        pack.title = "Other"  # type: ignore[misc]


def test_a_pack_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")

    assert read_pack(str(path)) == parse_pack(SMALL, source="small.toml")


def test_a_territory_may_be_a_feature_too() -> None:
    assert [feature.name for feature in parse_pack(SMALL, source="small.toml").features] == ["calls", "region"]


def test_every_fault_of_a_pack_is_said_at_once_with_its_key() -> None:
    faulty = (
        SMALL.replace('title = "Small"\n', 'colour = "red"\n')
        .replace('unit = "$"', "unit = 3")
        .replace('kind = "category"', 'kind = "colour"')
        .replace("capacity = 10", "capacity = 0")
        .replace("first = 0.1, ", "")
    )
    with pytest.raises(FaultyPackError) as refused:
        parse_pack(faulty, source="small.toml")

    assert sorted(refused.value.faults) == [
        "actions.capacity: should be greater than or equal to 1, not 0",
        "actions.response.first is missing",
        "colour is no key of a pack",
        "features[2].kind: should be 'number' or 'category', not 'colour'",
        "target.unit: should be a valid string, not 3",
        "title is missing",
    ]
    assert str(refused.value).startswith("The pack small.toml cannot be used: ")


def test_a_pack_that_contradicts_itself_is_refused_with_every_contradiction() -> None:
    faulty = (
        SMALL.replace('column = "calls"', 'column = "revenue"')
        .replace("weights = {calls = 2}", "weights = {region = 2}")
        .replace("capacity = 10", "capacity = 1")
        .replace('title = "Small"', 'title = "Small"\nallow_leaks = ["other"]')
    )
    with pytest.raises(FaultyPackError) as refused:
        parse_pack(faulty, source="small.toml")

    assert refused.value.faults == (
        "column 'revenue' is in target.column and in features",
        "score.weights.region: 'region' is not a feature that is a number",
        "allow_leaks: 'other' is not a feature",
        "actions.cap_per_account: one account may have more actions than there are",
    )


def test_what_is_no_pack_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UnknownPackError, match="software, healthcare, wealth, retail, real-estate"):
        read_pack(str(tmp_path / "none.toml"))
    with pytest.raises(FaultyPackError, match=r"not TOML.*line 1"):
        parse_pack("name = \ntitle = 1", source="x.toml")
    (tmp_path / "latin.toml").write_bytes('title = "Größe"'.encode("cp1252"))
    with pytest.raises(FaultyPackError, match="UTF-8"):
        read_pack(str(tmp_path / "latin.toml"))


TOPIC = """
[features.topic]
many = "{value} calls"
terms = ["call"]
opening = "ask why"
need = "somebody who listens"
action = "{owner} calls again"
remedy = "{owner} writes"
metric = "one more call"
pain = "nobody calls"
ask = "Why?"
risk = "Silence may mean no"

[[features]]
column = "region"
"""
WITH_TOPIC = SMALL.replace('\n[[features]]\ncolumn = "region"\n', TOPIC)


def test_a_pack_says_how_to_speak_of_a_feature() -> None:
    [calls, region] = parse_pack(WITH_TOPIC, source="mine.toml").topics

    assert (calls.feature, calls.influence, calls.pain) == ("calls", "rep can raise", "nobody calls")
    assert (region.feature, region.influence, region.pain) == ("region", "none", "")


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("{value} calls", "calls", "the topic of calls: many does not hold {value}, the place of the value"),
        ("ask why", "ask {owner}", "the topic of calls: opening may hold no braces"),
        ("{owner} writes", "{rep} writes", "the topic of calls: remedy may hold no braces but {owner}"),
        ("Why?", "Tell me why", "the topic of calls: ask is a question and does not end with a question mark"),
        ("nobody calls", "Nobody calls.", "the topic of calls: pain is a part of a sentence and ends like a whole one"),
        ('risk = "Silence may mean no"\n', "", "features[1].topic.risk is missing"),
    ],
)
def test_a_faulty_topic_is_told_by_its_feature(right: str, wrong: str, fault: str) -> None:
    with pytest.raises(FaultyPackError) as error:
        parse_pack(WITH_TOPIC.replace(right, wrong), source="mine.toml")

    assert fault in str(error.value)
