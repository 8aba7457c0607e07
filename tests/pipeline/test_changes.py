"""The parts of a change, on models that were really fitted and actions that were really allocated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from pipeline import artefact, run
from pipeline.accounts import of_synthetic
from pipeline.allocation.allocate import allocate
from pipeline.allocation.book import Book, find_medians
from pipeline.allocation.describe import describe
from pipeline.allocation.rules import Block
from pipeline.changes import Build, find_changes
from pipeline.features import Encoder
from pipeline.models import FoldModel, predict_left_out
from pipeline.pack import read_pack
from pipeline.synthetic import SyntheticAccounts, make_accounts
from storage.records import ChangeKind, FeatureKind, Words
from storage.snapshots import SnapshotStore, contents_of

from .conftest import NOW, StageNames

if TYPE_CHECKING:
    from pipeline.allocation.rules import Method
    from pipeline.config import PipelineConfig
    from storage.snapshots import Snapshot

PACK = read_pack("software")
FEATURES = PACK.features
PROMOTIONS = tuple((each.column, each.label) for each in PACK.promotions)
FOLDS = 2
Rows = list[dict[str, Any]]


def make_table(count: int, seed: int) -> pd.DataFrame:
    """Accounts whose values are few, so that they meet in the leaves of a small forest; some are missing."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for feature in FEATURES:
        drawn = random.integers(0, 6, size=count)
        if feature.kind is FeatureKind.NUMBER:
            columns[feature.name] = pd.Series(drawn, dtype="float64").mask(random.random(count) < 0.1)
        else:
            columns[feature.name] = pd.Series([f"Q{each}" for each in drawn], dtype="object").mask(drawn == 0)
    who = {name: [f"{name} {place}" for place in range(count)] for name in ("name", "owner", "region", "industry")}
    sensitivities = {name: random.random(count).round(2) for name, _ in PROMOTIONS}
    return pd.DataFrame({"account_id": [f"A-{place:03}" for place in range(count)]} | who | columns | sensitivities)


def fit_models(table: pd.DataFrame, seed: int) -> tuple[tuple[FoldModel, ...], np.ndarray]:
    """A tiny forest for each fold, and the fold of each account."""
    random = np.random.default_rng(seed)
    outcome, folds = 5_000 + 90_000 * random.random(len(table)), random.permutation(np.arange(len(table)) % FOLDS)
    models = []
    for fold in range(FOLDS):
        training = np.flatnonzero(folds != fold)
        encoder = Encoder.fit(FEATURES, table.iloc[training])
        forest = RandomForestRegressor(n_estimators=2, max_depth=3, random_state=seed)
        forest.fit(encoder.transform(table.iloc[training]), outcome[training])
        models.append(FoldModel(encoder=encoder, model=forest, training=training))
    return tuple(models), folds


def make_build(
    table: pd.DataFrame,
    models: tuple[FoldModel, ...],
    folds: np.ndarray,
    *,
    capacity: int = 12,
    cap: int = 5,
    method: Method = "optimum",
    blocks: tuple[Block, ...] = (),
) -> Build:
    """Predict, allocate and tabulate as a build does."""
    predicted = predict_left_out(models, table, folds)
    rules = PACK.rules.replace(capacity=capacity, cap_per_account=cap, method=method)
    rules = rules.model_copy(update={"allocation": rules.allocation.model_copy(update={"blocks": blocks})})
    words = Words(pack=PACK.name, unit=PACK.target.unit, **PACK.words.model_dump())
    book = Book(
        table=table,
        features=FEATURES,
        folds=folds,
        medians=find_medians(models, FEATURES),
        predicted=predicted,
        low=predicted,
        high=predicted,
    )
    given = allocate(rules, book, words=words)
    return Build(
        who=table,
        predicted=predicted,
        low=predicted,
        high=predicted,
        folds=folds,
        actions=given.actions,
        values=lambda place, rows: table[FEATURES[place].name].to_numpy()[rows],
        shap=lambda place: models[0].encoder.transform(table)[:, place],
        features=FEATURES,
        models=models,
        words=words,
        allocation=describe(given, book)[1],
        rules=rules,
    )


def changed(before: Build, after: Build) -> Rows:
    return find_changes(before, after).table.to_pylist()


def evolve(table: pd.DataFrame, seed: int, *, gone: int = 0, new: int = 0) -> pd.DataFrame:
    """Change a tenth of the cells, drop the first accounts and add some that were not there."""
    random, other = np.random.default_rng(seed), make_table(len(table), seed)
    for feature in FEATURES:
        cells = random.random(len(table)) < 0.1
        table = table.assign(**{feature.name: table[feature.name].mask(cells, other[feature.name])})
    fresh = make_table(new, seed + 1).assign(account_id=[f"B-{place:03}" for place in range(new)])
    return pd.concat([table.iloc[gone:], fresh], ignore_index=True) if new else table.iloc[gone:].reset_index(drop=True)


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(12, 30),
    seed=st.integers(0, 10_000),
    gone=st.integers(0, 3),
    new=st.integers(0, 3),
    capacity=st.integers(1, 40),
    cap=st.integers(1, 5),
)
def test_whatever_changes_the_parts_make_the_whole(  # noqa: PLR0917 - hypothesis draws six numbers
    count: int, seed: int, gone: int, new: int, capacity: int, cap: int
) -> None:
    table = make_table(count, seed)
    before = make_build(table, *fit_models(table, seed))
    later = evolve(table, seed + 1, gone=gone, new=new)
    after = make_build(later, *fit_models(later, seed + 2), capacity=capacity, cap=cap)

    changes = find_changes(before, after)

    assert changes.not_told_apart is None
    rows = {row["account_id"]: row for row in changes.table.to_pylist()}
    was, now = (
        {
            account_id: (predicted, actions)
            for account_id, predicted, actions in zip(
                build.who["account_id"], build.predicted.tolist(), build.actions.tolist(), strict=True
            )
        }
        for build in (before, after)
    )
    for account_id, (predicted, actions) in was.items():
        change = rows.get(account_id)
        if change is None:
            assert now[account_id] == (predicted, actions)
        elif change["kind"] == ChangeKind.CHANGED:
            assert predicted + change["by_data"] + change["by_model"] == pytest.approx(now[account_id][0], rel=1e-9)
            parts = [change[f"actions_by_{part}"] for part in ("data", "model", "rules")]
            assert actions + sum(parts) == now[account_id][1]
            assert change["values"] or change["by_data"] == 0
    kinds = [row["kind"] for row in rows.values()]
    assert (kinds.count("gone"), kinds.count("new")) == (gone, new)


def test_nothing_changes_between_two_equal_builds() -> None:
    table = make_table(20, 1)
    models = fit_models(table, 1)

    assert changed(make_build(table, *models), make_build(table, *models)) == []


def test_more_accounts_than_are_predicted_at_once_are_predicted_as_before() -> None:
    build = make_build(make_table(70_000, 1), *fit_models(make_table(70_000, 1), 1))

    changes = find_changes(build, build)

    assert changes.not_told_apart is None
    assert changes.table.num_rows == 0


def test_who_was_blocked_by_a_value_is_so_when_actions_are_given_again() -> None:
    table = make_table(30, 2)
    models = fit_models(table, 2)
    blocks = (Block(reason="had a demo", feature="demo_requests", at_least=3),)
    before, after = (make_build(each, *models, blocks=blocks) for each in (table, evolve(table, 9)))

    rows = changed(before, after)

    assert any(row["actions_by_data"] for row in rows)
    assert not any(row["actions_by_model"] or row["actions_by_rules"] for row in rows)


def test_where_only_data_change_the_model_has_no_part_in_it() -> None:
    table = make_table(24, 2)
    models, folds = fit_models(table, 2)
    before, after = make_build(table, models, folds), make_build(evolve(table, 9), models, folds)

    rows = changed(before, after)

    assert any(row["by_data"] for row in rows)
    assert {row["by_model"] for row in rows} == {0.0}
    assert {(row["actions_by_model"], row["actions_by_rules"]) for row in rows} == {(0, 0)}


def test_where_only_the_model_changes_the_data_have_no_part_in_it() -> None:
    table = make_table(24, 3)
    before, after = make_build(table, *fit_models(table, 3)), make_build(table, *fit_models(table, 4))

    rows = changed(before, after)

    assert any(row["by_model"] for row in rows)
    assert {row["by_data"] for row in rows} == {0.0}
    assert {(row["actions_by_data"], row["actions_by_rules"]) for row in rows} == {(0, 0)}
    assert all(row["values"] == [] for row in rows)


def test_where_only_the_capacity_changes_all_of_it_is_the_rules() -> None:
    table = make_table(24, 5)
    models = fit_models(table, 5)

    rows = changed(make_build(table, *models, capacity=10), make_build(table, *models, capacity=25))

    assert sum(row["actions_by_rules"] for row in rows) == 15
    assert {(row["by_data"], row["by_model"]) for row in rows} == {(0.0, 0.0)}
    assert {(row["actions_by_data"], row["actions_by_model"]) for row in rows} == {(0, 0)}


def test_the_data_part_is_the_mean_of_its_effect_on_the_old_model_and_on_the_new_one() -> None:
    table = make_table(24, 6)
    later = evolve(table, 7)
    (old, old_folds), (new, new_folds) = fit_models(table, 6), fit_models(later, 8)

    rows = {
        row["account_id"]: row for row in changed(make_build(table, old, old_folds), make_build(later, new, new_folds))
    }

    def predict(models: tuple[FoldModel, ...], fold: int, values: pd.DataFrame) -> float:
        return float(models[fold].model.predict(models[fold].encoder.transform(values))[0])

    assert len(rows) > 10
    for place, account_id in enumerate(table["account_id"]):
        was, now = table.iloc[[place]], later.iloc[[place]]
        effects = [
            predict(models, int(folds[place]), now) - predict(models, int(folds[place]), was)
            for models, folds in ((old, old_folds), (new, new_folds))
        ]
        if account_id in rows:
            assert rows[account_id]["by_data"] == pytest.approx(sum(effects) / 2, abs=1e-6)


def test_an_account_says_which_values_changed_with_the_most_moving_first() -> None:
    table = make_table(20, 10)
    table["demo_requests"], table["csm_score"], table["budget_quarter"] = 1.0, 5.0, "Q1"
    later = table.copy()
    later.loc[3, "demo_requests"], later.loc[3, "csm_score"] = 9.0, float("nan")
    later.loc[3, "budget_quarter"] = None
    models = fit_models(table, 10)

    [row] = [row for row in changed(make_build(table, *models), make_build(later, *models)) if row["values"]]

    assert row["account_id"] == "A-003"
    names = [FEATURES[value["feature"]].name for value in row["values"]]
    assert names[0] == "demo_requests"
    assert set(names) == {"demo_requests", "csm_score", "budget_quarter"}
    values = dict(zip(names, row["values"], strict=True))
    assert (values["demo_requests"]["number_before"], values["demo_requests"]["number_after"]) == (1.0, 9.0)
    assert (values["csm_score"]["number_before"], values["csm_score"]["number_after"]) == (5.0, None)
    assert (values["budget_quarter"]["text_before"], values["budget_quarter"]["text_after"]) == ("Q1", None)


def test_where_the_model_reads_other_features_the_whole_change_is_model_and_features() -> None:
    table = make_table(20, 11)
    before, after = make_build(table, *fit_models(table, 11)), make_build(evolve(table, 12), *fit_models(table, 13))
    renamed = replace(FEATURES[0], name="headcount", label="Headcount")

    changes = find_changes(replace(before, features=(renamed, *FEATURES[1:])), after)

    assert changes.not_told_apart == "the model now reads Employees and no longer reads Headcount"
    for row in changes.table.to_pylist():
        assert row["by_data"] is None
        assert row["by_model"] == pytest.approx(row["predicted_after"] - row["predicted_before"])
        assert row["actions_by_data"] is None
        assert row["actions_before"] + row["actions_by_model"] + row["actions_by_rules"] == row["actions_after"]


def test_models_that_no_longer_repeat_their_predictions_explain_nothing() -> None:
    table = make_table(20, 14)
    (models, folds), (others, _) = fit_models(table, 14), fit_models(table, 15)
    before = make_build(table, models, folds)

    changes = find_changes(replace(before, models=others), make_build(table, models, folds, capacity=3))

    assert changes.not_told_apart == "the models do not repeat their own predictions with the libraries installed now"
    assert all(row["by_data"] is None and row["by_model"] == 0.0 for row in changes.table.to_pylist())


def test_rules_that_are_not_known_any_more_leave_the_change_of_actions_whole() -> None:
    table = make_table(20, 16)
    models = fit_models(table, 16)
    before = make_build(table, *models, capacity=10)

    rows = changed(
        replace(before, allocation=replace(before.allocation, allocator="by hand")),
        make_build(table, *models, capacity=20),
    )

    assert sum(row["actions_by_rules"] for row in rows) == 10
    assert {(row["actions_by_data"], row["actions_by_model"]) for row in rows} == {(None, None)}


def build(store: SnapshotStore, accounts: SyntheticAccounts, config: PipelineConfig, *, day: int) -> None:
    on = replace(config, as_of=date(2026, 11, day))
    made = of_synthetic(accounts, PACK, seed=config.seed)
    run.build_from(made, on, store=store, progress=StageNames(), now=datetime(2026, 11, day, tzinfo=UTC))


def test_a_second_build_is_compared_with_the_first_and_a_third_with_the_second(small_config: PipelineConfig) -> None:
    store, accounts = SnapshotStore(small_config.snapshots), make_accounts(100, seed=69)
    table = accounts.table.copy()
    table.loc[table["account_id"] == "ACME-042", ["demo_requests", "cloud_maturity"]] = (0.0, 1.0)
    build(store, replace(accounts, table=table), small_config, day=21)
    build(store, accounts, small_config, day=22)

    with store.lease() as second:
        comparison, change = second.info.comparison, second.find_change("ACME-042")
        assert comparison is not None
        assert comparison.not_told_apart is None
        assert comparison.previous_id.startswith("000001-")
        assert comparison.previous_as_of == datetime(2026, 11, 21)  # noqa: DTZ001 - as stored
        assert change is not None
        assert change.by_data is not None
        assert change.by_data > 0
        values = change.values  # noqa: PD011 - a Change, no DataFrame
        assert {value.feature.name for value in values} == {"demo_requests", "cloud_maturity"}
        assert [other.account_id for other in second.changes() if replace(other, values=()) != other] == ["ACME-042"]
        assert_movers_are_ranked(second)

    build(store, accounts, small_config, day=23)
    with store.lease() as third:
        assert third.info.comparison is not None
        assert third.info.comparison.previous_id.startswith("000002-")
        assert third.changes() == ()
        assert third.find_change("ACME-042") is None
    store.close()


def assert_movers_are_ranked(snapshot: Snapshot) -> None:
    movers = snapshot.movers(limit=3)
    big = [change.move for change in snapshot.changes() if change.is_big]
    assert [change.move for change in movers.up] == sorted((move for move in big if move > 0), reverse=True)[:3]
    assert [change.move for change in movers.down] == sorted(move for move in big if move < 0)[:3]


def test_a_first_build_has_nothing_to_be_compared_with(small_config: PipelineConfig) -> None:
    store = SnapshotStore(small_config.snapshots)
    run.build(small_config, store=store, progress=StageNames(), now=NOW)

    with store.lease() as snapshot:
        assert snapshot.info.comparison is None
        assert snapshot.changes() == ()
    store.close()


def test_models_of_before_that_cannot_be_read_stop_no_build(small_config: PipelineConfig) -> None:
    store, accounts = SnapshotStore(small_config.snapshots), make_accounts(100, seed=69)
    build(store, accounts, small_config, day=21)
    with store.lease() as first:
        contents = contents_of(first, accounts=first.accounts())
    unreadable = replace(
        contents,
        artefact=b"no models",
        card=replace(contents.card, artefact_sha256=artefact.sha256(b"no models")),
    )
    store.publish(unreadable, now=NOW)

    later = replace(accounts, outcome=accounts.outcome[::-1].copy())
    build(store, later, small_config, day=23)

    with store.lease() as third:
        assert third.info.comparison is not None
        assert third.info.comparison.not_told_apart is not None
        assert third.info.comparison.not_told_apart.startswith("the models of snapshot 000002-")
        assert all(change.by_data is None and change.by_model for change in third.changes())
    store.close()
