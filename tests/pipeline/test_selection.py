from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression

from pipeline import artefact
from pipeline.candidates import AVERAGE, CANDIDATES
from pipeline.folds import assign_folds
from pipeline.pack import read_pack
from pipeline.scores import r_squared
from pipeline.selection import choose, select
from pipeline.synthetic import make_accounts
from storage.records import Feature, FeatureKind, Verdict

if TYPE_CHECKING:
    from pipeline.models import CrossFit
    from pipeline.selection import Selection

Table = tuple[pd.DataFrame, np.ndarray]


FEATURES = read_pack("software").features


def number(name: str) -> Feature:
    return Feature(name=name, label=name, group="", unit="", kind=FeatureKind.NUMBER)


def select_plainly(table: pd.DataFrame, outcome: np.ndarray, **named: object) -> Selection:
    return select([number(name) for name in table], table, outcome, seed=1, **named)


def diabetes() -> Table:
    data = load_diabetes(as_frame=True)
    return data.data.astype(float), data.target.to_numpy(dtype=float)


def wine() -> Table:
    data = load_wine(as_frame=True).data.astype(float)
    return data.drop(columns="alcohol"), data["alcohol"].to_numpy(dtype=float)


def straight() -> Table:
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(200, 5)), columns=list("abcde"))
    return table, (3 * table["a"] - 2 * table["b"]).to_numpy() + random.normal(size=200)


def bent() -> Table:
    random = np.random.default_rng(2)
    table = pd.DataFrame(random.uniform(size=(300, 5)), columns=list("abcde"))
    return table, np.where(table["a"] > 0.5, 5.0, 0.0) * (table["b"] > 0.4).to_numpy() + random.normal(size=300)


def noise(seed: int) -> Table:
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.normal(size=(150, 6)), columns=list("abcdef")), random.lognormal(10, 1, 150)


@pytest.mark.parametrize("make", [diabetes, wine, straight, bent])
def test_no_plain_model_is_more_than_two_hundredths_better_on_the_same_folds(make: object) -> None:
    table, outcome = make()
    folds = assign_folds(outcome, seed=1)

    ours = select_plainly(table, outcome).score.r2

    for plain in (LinearRegression(), RandomForestRegressor(random_state=1), HistGradientBoostingRegressor()):
        predicted = np.empty(len(outcome))
        for fold in range(folds.count):
            training, left_out = folds.training(fold), folds.left_out(fold)
            predicted[left_out] = plain.fit(table.iloc[training], outcome[training]).predict(table.iloc[left_out])
        assert ours >= r_squared(outcome, predicted) - 0.02


def test_a_straight_relation_is_left_to_the_linear_model() -> None:
    assert select_plainly(*straight()).family == "linear"


def test_on_few_rows_the_mean_of_a_linear_model_and_a_forest_does_better_than_either_and_can_be_kept() -> None:
    table, outcome = wine()

    selection = select_plainly(table, outcome)

    assert selection.family == AVERAGE
    backgrounds = [each.encoder.transform(table.iloc[:2]) for each in selection.fitted.models]
    kept = artefact.load(artefact.dump(selection, outcome=outcome, backgrounds=backgrounds, seed=1))
    for fold, fold_model in enumerate(kept.models):
        inside = selection.fitted.folds == fold
        predicted = fold_model.model.predict(fold_model.encoder.transform(table[inside]))
        np.testing.assert_array_equal(predicted, selection.fitted.predicted[inside])


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_noise_is_no_better_than_a_constant_and_everyone_is_predicted_the_mean(seed: int) -> None:
    table, outcome = noise(seed)

    selection = select_plainly(table, outcome)

    assert selection.verdict is Verdict.NO_SIGNAL
    assert selection.family == "constant"
    assert set(selection.fitted.predicted) == {outcome.mean()}
    assert {float(model.model.predict(np.zeros((1, 6)))[0]) for model in selection.fitted.models} == {outcome.mean()}
    assert selection.score.r2 < 0.05


def test_the_score_is_that_of_models_chosen_without_the_fold_they_are_tested_on() -> None:
    accounts = make_accounts(120, seed=4)
    folds = assign_folds(accounts.outcome, seed=4).of
    # Outcomes that keep the order keep the folds; only those of fold 2 change.
    bent_there = np.where(folds == 2, np.nextafter(accounts.outcome, np.inf) + 0.4, accounts.outcome)

    before, after = (select(FEATURES, accounts.table, each, seed=4) for each in (accounts.outcome, bent_there))

    inside = before.fitted.folds == 2
    np.testing.assert_array_equal(after.fitted.folds, before.fitted.folds)
    np.testing.assert_array_equal(after.fitted.predicted[inside], before.fitted.predicted[inside])
    assert np.any(after.fitted.predicted[~inside] != before.fitted.predicted[~inside])


def test_no_account_taught_the_model_that_predicts_it(fitted: CrossFit) -> None:
    for account, fold in enumerate(fitted.folds):
        assert account not in fitted.models[fold].training


def test_where_not_all_teach_the_others_are_predicted_and_measured_by_models_that_saw_none_of_them() -> None:
    accounts = make_accounts(600, seed=5)
    teachers = np.sort(np.random.default_rng(5).choice(600, 300, replace=False))

    selection = select(FEATURES, accounts.table, accounts.outcome, seed=5, teachers=teachers)

    fitted, others = selection.fitted, np.setdiff1d(np.arange(600), teachers)
    assert {int(row) for each in fitted.models for row in each.training} == set(teachers.tolist())
    assert (selection.training_rows, selection.measured_rows) == (300, 300)
    assert fitted.measured.all()
    alone = select(FEATURES, accounts.table.iloc[teachers], accounts.outcome[teachers], seed=5)
    assert selection.family == alone.family
    assert r_squared(accounts.outcome[others], fitted.predicted[others]) > selection.score.r2 - 0.05
    for row in [*others[:5], *teachers[:5]]:
        model = fitted.models[fitted.folds[row]]
        assert row not in model.training
        again = model.model.predict(model.encoder.transform(accounts.table.iloc[[row]]))
        assert fitted.predicted[row] == pytest.approx(again[0], rel=1e-12)


def test_rows_of_one_company_do_not_vouch_for_each_other() -> None:
    random = np.random.default_rng(7)
    companies = np.repeat(np.arange(30), 5)
    # What a company is worth has nothing to do with its features, but the features tell which company a row is of.
    table = pd.DataFrame({name: random.normal(size=30)[companies] for name in "abc"})
    outcome = random.normal(size=30)[companies] * 10 + random.normal(size=150)

    apart, together = select_plainly(table, outcome), select_plainly(table, outcome, groups=companies.tolist())

    assert apart.verdict is Verdict.SIGNAL
    assert apart.score.r2 > 0.8
    assert together.verdict is Verdict.NO_SIGNAL


def test_in_order_of_time_nothing_is_predicted_from_its_future() -> None:
    random = np.random.default_rng(8)
    moments = np.arange(240)
    table = pd.DataFrame({"a": random.normal(size=240), "b": random.normal(size=240)})
    # The relation turns round half-way: what is learnt from the past misleads about what follows.
    outcome = np.where(moments < 120, 1, -1) * table["a"].to_numpy() * 5 + random.normal(size=240)

    selection = select_plainly(table, outcome, times=moments.tolist())

    assert selection.candidates[1].score.r2 < 0
    assert selection.fitted.measured.sum() == 200
    assert selection.measured_rows == 160


def test_the_simplest_within_one_standard_error_is_chosen() -> None:
    random = np.random.default_rng(9)
    outcome = random.normal(size=400)
    rows = np.arange(400)

    def near(error: float) -> np.ndarray:
        return outcome + random.normal(scale=error, size=400)

    constant = np.zeros(400)
    good, tied = near(0.3), near(0.5)
    as_good = outcome + random.permutation(good - outcome)  # the same errors on other accounts
    assert choose(outcome, np.array([constant, tied, tied + 0.001, near(0.6)]), groups=rows) == 1
    assert choose(outcome, np.array([constant, near(0.8), good, as_good]), groups=rows) == 2
    assert choose(outcome, np.array([constant, near(1.2), near(1.1), near(1.3)]), groups=rows) == 0


def test_the_table_has_every_family_the_simplest_first(selection: Selection) -> None:
    assert [each.family for each in selection.candidates] == list(CANDIDATES)
    assert selection.candidates[0].score.spearman == 0
    assert selection.score.r2 > selection.candidates[1].score.r2
