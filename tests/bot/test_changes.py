from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from made_up import WORDS

from bot.blocks import digest_message
from bot.brief import make_brief
from bot.changes import describe_big_move, describe_change, describe_reason
from bot.workspace.block_kit import message_blocks
from bot.writer.offline import OfflineWriter
from storage.records import (
    AllocationSummary,
    Change,
    ChangeKind,
    Comparison,
    Feature,
    FeatureKind,
    ModelCard,
    Movers,
    Score,
    SnapshotInfo,
    Source,
    ValueChange,
    Verdict,
)
from storage.snapshots import CHANGES_SCHEMA, SnapshotStore, contents_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.snapshots import Snapshot

NIGHT = datetime(2026, 11, 21)  # noqa: DTZ001 - moments in snapshots are UTC without a zone
ALLOCATION = AllocationSummary(
    allocator="score", capacity=250, cap_per_account=5, allocated=250, accounts_with_actions=60
)
COMPARISON = Comparison(previous_id="000001-0123abcd", previous_as_of=NIGHT, not_told_apart=None, allocation=ALLOCATION)
INFO = SnapshotInfo(
    snapshot_id="000002-0123abcd",
    generation=2,
    created_at=NIGHT.replace(day=23),
    accounts=500,
    source=Source(description="made up", sha256="0" * 64, as_of=NIGHT.replace(day=23)),
    card=ModelCard(
        verdict=Verdict.SIGNAL,
        family="random forest",
        outcome_rows=400,
        training_rows=400,
        measured_rows=400,
        outcome_values=50,
        seed=7,
        target_mean=70_500.0,
        score=Score(r2=0.86, r2_error=0.02, mae=8_000.0, mae_error=210.0, spearman=0.91, spearman_error=0.01),
        r2_holdout=0.87,
        r2_ceiling=None,
        candidates=(),
        interval_level=0.8,
        interval_coverage=0.81,
        coverage=(),
        calibration=(),
        drift=None,
        artefact_sha256="0" * 64,
        versions={},
    ),
    words=WORDS,
    allocation=replace(ALLOCATION, capacity=300),
    comparison=COMPARISON,
)


def feature(name: str, label: str, unit: str = "", kind: FeatureKind = FeatureKind.NUMBER) -> Feature:
    return Feature(name=name, label=label, group="Any", unit=unit, kind=kind)


DEMOS = ValueChange(feature=feature("demo_requests", "Demo requests"), before=1.0, after=4.0)
RATE = ValueChange(feature=feature("open_rate", "Open rate", "%"), before=None, after=0.35)
QUARTER = ValueChange(
    feature=feature("budget_quarter", "Budget quarter", kind=FeatureKind.CATEGORY), before="Q1", after="Q4"
)


def make_change(**fields: Any) -> Change:
    return Change(
        **{
            "account_id": "ACME-042",
            "name": "Ridgeline",
            "owner": "Dana Reyes",
            "region": "EMEA",
            "kind": ChangeKind.CHANGED,
            "predicted_before": 70_100.0,
            "predicted_after": 82_400.0,
            "by_data": 9_800.0,
            "by_model": 2_500.0,
            "actions_before": 2,
            "actions_after": 2,
            "actions_by_data": 0,
            "actions_by_model": 0,
            "actions_by_rules": 0,
            "values": (DEMOS,),
        }
        | fields
    )


def sentences(change: Change | None, info: SnapshotInfo = INFO) -> list[str]:
    return [sentence for _, sentence in describe_change(change, snapshot=info)]


def test_a_change_is_one_sentence_with_its_whole_its_parts_and_the_value_behind_it() -> None:
    assert sentences(make_change()) == [
        (
            "Since 21 Nov 2026 the prediction rose by $12.3K, from $70.1K to $82.4K: $9.8K because its data changed "
            "(Demo requests 1 → 4) and $2.5K because the model changed."
        )
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"predicted_after": 71_100.0, "by_data": 9_800.0, "by_model": -8_800.0},
            (
                "rose by $1K, from $70.1K to $71.1K: +$9.8K because its data changed (Demo requests 1 → 4) and -$8.8K "
                "because the model changed."
            ),
        ),
        (
            {"predicted_after": 70_100.0, "by_data": 9_800.0, "by_model": -9_800.0},
            (
                "stayed at $70.1K: +$9.8K because its data changed (Demo requests 1 → 4) and -$9.8K because the model "
                "changed."
            ),
        ),
        (
            {"predicted_after": 60_100.0, "by_data": -10_000.0, "by_model": 0.0},
            "fell by $10K, from $70.1K to $60.1K, all of it because its data changed (Demo requests 1 → 4).",
        ),
        (
            {"predicted_after": 60_100.0, "by_data": 0.0, "by_model": -10_000.0, "values": ()},
            "fell by $10K, from $70.1K to $60.1K, all of it because the model changed.",
        ),
        ({"predicted_after": 70_100.1, "by_data": 0.0, "by_model": 0.1, "values": ()}, "stayed at $70.1K."),
    ],
)
def test_parts_of_either_sign_are_told(fields: dict[str, Any], expected: str) -> None:
    assert sentences(make_change(**fields))[0] == f"Since 21 Nov 2026 the prediction {expected}"


@settings(deadline=None)
@example(before=5_000.0, by_data=1_050.0, by_model=200_000.0)
@given(before=st.floats(5_000, 900_000), by_data=st.floats(1_050, 400_000), by_model=st.floats(1_050, 400_000))
def test_amounts_as_they_are_shown_add_up(before: float, by_data: float, by_model: float) -> None:
    assume(by_data + by_model < 900_000)
    after = before + by_data + by_model
    [sentence] = sentences(
        make_change(predicted_before=before, predicted_after=after, by_data=by_data, by_model=by_model)
    )

    whole, *_, data, model = (float(amount) for amount in re.findall(r"\$([\d.]+)[KM]", sentence))
    assert data + model == pytest.approx(whole)


def test_more_values_than_fit_in_passing_are_listed() -> None:
    said = sentences(make_change(values=(DEMOS, RATE, QUARTER)))

    assert "(Demo requests 1 → 4, Open rate not known → 35 % and 1 more)" in said[0]
    assert said[1] == (
        "Since 21 Nov 2026 these values changed: Demo requests 1 → 4, Open rate not known → 35 %, "
        "Budget quarter Q1 → Q4."
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"actions_after": 5, "actions_by_data": 2, "actions_by_rules": 1},
            (
                "rose from 2 to 5: 2 more because its data and those of others changed, 1 more because the allocation "
                "changed (capacity 250 → 300)."
            ),
        ),
        ({"actions_after": 1, "actions_by_model": -1}, "fell from 2 to 1, because the model changed."),
        (
            {"actions_after": 1, "actions_by_data": -1, "values": ()},
            "fell from 2 to 1, because the data of other accounts changed.",
        ),
    ],
)
def test_actions_say_what_gave_and_took_them(fields: dict[str, Any], expected: str) -> None:
    assert sentences(make_change(**fields))[1] == f"Since 21 Nov 2026 its actions {expected}"


def test_what_cannot_be_told_apart_is_said_with_its_reason() -> None:
    info = replace(INFO, comparison=replace(COMPARISON, not_told_apart="the model now reads Employees"))

    assert sentences(make_change(by_data=None, by_model=12_300.0), info)[0] == (
        "Since 21 Nov 2026 the prediction rose by $12.3K, from $70.1K to $82.4K: all of it by model and features, "
        "which cannot be told apart because the model now reads Employees."
    )


def test_an_account_may_be_new_unchanged_or_without_anything_to_compare_it_with() -> None:
    new = make_change(kind=ChangeKind.NEW, predicted_before=None, actions_before=None, by_data=None, by_model=None)

    assert sentences(new) == ["The account is new: it was not there on 21 Nov 2026."]
    assert sentences(None) == ["Since 21 Nov 2026 nothing about this account changed."]
    assert sentences(make_change(), replace(INFO, comparison=None)) == []


def test_a_second_build_of_one_day_names_the_snapshot() -> None:
    info = replace(INFO, source=replace(INFO.source, as_of=NIGHT))

    assert sentences(None, info) == [
        "Since snapshot 000001 of the same day (21 Nov 2026) nothing about this account changed."
    ]


def test_the_heavier_cause_is_the_reason_and_only_a_big_move_is_spoken_of() -> None:
    mostly_model = make_change(by_data=-700.0, by_model=13_000.0)

    assert (
        describe_reason(make_change(), COMPARISON, unit="$") == "mostly because its data changed (Demo requests 1 → 4)"
    )
    assert describe_reason(mostly_model, COMPARISON, unit="$") == "mostly because the model changed"
    assert describe_big_move(mostly_model, snapshot=INFO) == (
        "Up $12.3K since 21 Nov 2026, mostly because the model changed."
    )
    assert describe_big_move(make_change(predicted_after=77_000.0), snapshot=INFO) == ""


def test_the_digest_tells_the_moves_and_slack_takes_it() -> None:
    fall = make_change(
        account_id="EVIL-1", name="<!channel> *x*", predicted_after=50_100.0, by_data=-20_000.0, by_model=0.0
    )

    message = digest_message(INFO, (), day=date(2026, 11, 23), movers=Movers(up=(make_change(),), down=(fall,)))

    message_blocks(list(message.blocks))
    shown = str(message.blocks)
    assert "Up most since 21 Nov 2026" in shown
    assert (
        "Ridgeline · ACME-042: +$12.3K, from $70.1K to $82.4K, mostly because its data changed (Demo requests 1 → 4)"
        in shown
    )
    assert "<!channel> *x* · EVIL-1: -$20K" in shown
    assert "<!channel>" not in message.text


def test_a_quiet_day_is_said_to_be_one() -> None:
    quiet = digest_message(INFO, (), day=date(2026, 11, 23), movers=Movers(up=(), down=()))
    first = digest_message(replace(INFO, comparison=None), (), day=date(2026, 11, 23), movers=Movers(up=(), down=()))

    assert "No prediction moved by 10 % or more since 21 Nov 2026" in str(quiet.blocks)
    assert "moved" not in str(first.blocks)


@pytest.fixture
def moved(tmp_path: Path, snapshot: Snapshot) -> Iterator[Snapshot]:
    """The snapshot of the other tests, in which ACME-042 was worth $12.3K less the day before."""
    account = snapshot.find_account("ACME-042")
    assert account is not None
    row = {
        "account_id": "ACME-042", "name": account.name, "owner": account.owner, "region": account.region,
        "kind": "changed", "predicted_before": account.predicted - 12_300, "predicted_after": account.predicted,
        "by_data": 9_800.0, "by_model": 2_500.0, "actions_before": account.allocation.actions,
        "actions_after": account.allocation.actions, "actions_by_data": 0, "actions_by_model": 0,
        "actions_by_rules": 0, "values": [{"feature": 0, "number_before": 4.0, "number_after": 1.0}],
    }  # fmt: skip
    store = SnapshotStore(tmp_path / "snapshots")
    store.publish(
        replace(
            contents_of(snapshot, accounts=snapshot.accounts()),
            comparison=COMPARISON,
            changes=pa.Table.from_pylist([row], schema=CHANGES_SCHEMA),
        ),
        now=datetime(2026, 11, 22, 8, tzinfo=UTC),
    )
    with store.lease() as leased:
        yield leased
    store.close()


def test_the_brief_has_changes_as_evidence_and_a_plan_may_rest_on_them(moved: Snapshot) -> None:
    account = moved.find_account("ACME-042")
    assert account is not None

    brief = make_brief(moved, account, library=None)
    evidence = brief.find_evidence("C1")
    plan = OfflineWriter(note="no key").write_plan(brief)

    assert evidence is not None
    assert evidence.text.startswith("Since 21 Nov 2026 the prediction rose by $12.3K")
    assert brief.headline.endswith(
        "Up $12.3K since 21 Nov 2026, mostly because its data changed (Demo requests 4 → 1)."
    )
    assert plan.authorship.dropped == 0
    [first, *_] = plan.sections[0].statements
    assert "C1" in first.evidence
    assert "Up $12.3K since 21 Nov 2026" in first.text
