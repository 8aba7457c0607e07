from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.allocation.allocate import allocate
from pipeline.errors import ImpossibleValueError, NoSuchAccountError, UnknownFeatureError
from pipeline.explanations import explain
from pipeline.intervals import make_intervals
from pipeline.models import predict_left_out
from pipeline.what_if import OpenModels, WhatIfModel
from storage.records import Verdict
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.models import CrossFit
    from pipeline.synthetic import SyntheticAccounts
    from pipeline.what_if import Projection
    from storage.records import FeatureValue

    from .conftest import Built

ACCOUNT = "ACME-042"


@pytest.fixture(scope="module")
def model(built: Built) -> Iterator[WhatIfModel]:
    with built.store.lease() as snapshot:
        yield WhatIfModel.open(snapshot)


def same(first: Projection, second: Projection) -> bool:
    close = np.allclose(
        [first.predicted, first.low, first.high, first.baseline, *first.shap],
        [second.predicted, second.low, second.high, second.baseline, *second.shap],
        rtol=1e-9,
        atol=1e-6,
    )
    return close and first.actions == second.actions


@pytest.mark.parametrize(
    "changes",
    [
        {"demo_requests": 9.0},
        {"demo_requests": 0.0, "cloud_maturity": 9.9, "churn_risk": 0.01},
        {"budget_quarter": "Q4", "employees": None, "compliance_required": None},
    ],
)
@pytest.mark.parametrize("account_id", ["ACME-042", "ACME-317"])
def test_an_answer_is_what_a_rebuild_with_these_models_and_that_value_says(
    model: WhatIfModel,
    accounts: SyntheticAccounts,
    fitted: CrossFit,
    account_id: str,
    changes: Mapping[str, FeatureValue],
) -> None:
    [place] = np.flatnonzero(accounts.table["account_id"] == account_id)
    table = accounts.table.copy()
    for name, value in changes.items():
        table.loc[place, name] = value
    predicted = predict_left_out(fitted.models, table, fitted.folds)
    rebuilt = replace(fitted, predicted=predicted)
    explanations = explain(rebuilt, table, seed=233)
    intervals, before = make_intervals(accounts.outcome, rebuilt), make_intervals(accounts.outcome, fitted)
    low, high = before.low.copy(), before.high.copy()
    low[place], high[place] = intervals.low[place], intervals.high[place]
    book = replace(model.book, table=table, predicted=predicted, low=low, high=high)
    given = allocate(model.rules, book, words=model.snapshot.info.words)

    after = model.ask(account_id, changes).after

    assert model.snapshot.info.card.verdict is Verdict.SIGNAL
    assert after.predicted == pytest.approx(predicted[place], rel=1e-12)
    assert (after.low, after.high) == pytest.approx((intervals.low[place], intervals.high[place]), rel=1e-12)
    assert after.baseline == pytest.approx(explanations.baseline[place], rel=1e-12)
    np.testing.assert_allclose(after.shap, explanations.shap[place], rtol=1e-9, atol=1e-6)
    assert after.actions == given.actions[place]


def test_nothing_changes_where_a_value_is_what_it_was(built: Built, model: WhatIfModel) -> None:
    with built.store.lease() as snapshot:
        account = snapshot.find_account(ACCOUNT)
        assert account is not None
        values = dict(zip([feature.name for feature in snapshot.features], account.values, strict=True))

        answer = OpenModels().of(snapshot).ask(ACCOUNT, {"demo_requests": values["demo_requests"]})

    assert same(answer.before, answer.after)
    assert same(model.ask(ACCOUNT, {}).after, answer.before)
    assert answer.before.actions == account.allocation.actions


def test_the_model_of_a_snapshot_is_opened_once_and_the_one_before_it_is_kept(built: Built) -> None:
    models = OpenModels()
    with built.store.lease() as snapshot:
        models.warm(snapshot, ACCOUNT)
        opened = models.of(snapshot)
        assert models.of(snapshot) is opened

    other = SnapshotStore(built.config.snapshots)
    with other.lease() as again:
        assert models.of(again) is not opened
        assert models.of(again).snapshot is again
        assert models.of(opened.snapshot) is opened
    other.close()


def test_an_answer_says_what_changed_and_that_it_is_the_models_view(model: WhatIfModel) -> None:
    answer = model.ask(ACCOUNT, {"demo_requests": 9.0, "churn_risk": None})

    assert [(change.feature.name, change.after) for change in answer.changes] == [
        ("demo_requests", 9.0),
        ("churn_risk", None),
    ]
    assert answer.after.baseline == answer.before.baseline
    assert answer.after.predicted == pytest.approx(answer.after.baseline + sum(answer.after.shap), rel=1e-6)
    assert answer.label == "the model's view, not a causal effect"


def test_a_value_beyond_all_that_the_model_saw_is_named(model: WhatIfModel) -> None:
    far = model.ask(ACCOUNT, {"employees": 5_000_000.0, "cloud_maturity": 5.0, "churn_risk": None})

    assert far.extrapolated == ("employees",)
    assert model.ask(ACCOUNT, {"demo_requests": 2.0}).extrapolated == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cloud_maturity": 10.5}, "Cloud maturity cannot be 10.5 of 10: it is between 0 and 10."),
        ({"churn_risk": 1.2}, "Churn risk cannot be 120 %: it is between 0 % and 100 %."),
        ({"industry_growth": -1.5}, "Industry growth cannot be -150 %: it is -100 % or more."),
        ({"demo_requests": -1.0}, "Demo requests cannot be -1: it is 0 or more, in whole numbers."),
        ({"demo_requests": 2.5}, "Demo requests cannot be 2.5: it is 0 or more, in whole numbers."),
        ({"annual_revenue": -3.0}, r"Annual revenue cannot be -\$3: it is \$0 or more."),
        ({"account_age_months": float("nan")}, "Account age cannot be nan: it is 0 months or more."),
        ({"account_age_months": "long"}, "Account age cannot be long: it is 0 months or more."),
        ({"budget_quarter": "Q7"}, "Budget quarter cannot be Q7: it is one of Q1, Q2, Q3, Q4."),
        ({"budget_quarter": 3.0}, "Budget quarter cannot be 3: it is one of Q1, Q2, Q3, Q4."),
    ],
)
def test_an_impossible_value_is_refused_with_the_possible_ones(
    model: WhatIfModel, changes: dict[str, FeatureValue], sentence: str
) -> None:
    with pytest.raises(ImpossibleValueError, match=sentence):
        model.ask(ACCOUNT, changes)


@pytest.mark.parametrize(
    ("name", "closest"),
    [("demo_request", "demo_requests"), ("churn", "churn_risk"), ("Licences used", "licence_usage")],
)
def test_an_unknown_feature_is_refused_with_the_closest_ones(model: WhatIfModel, name: str, closest: str) -> None:
    with pytest.raises(UnknownFeatureError, match=f"There is no feature '{name}'") as caught:
        model.ask(ACCOUNT, {name: 1.0})

    assert closest in caught.value.closest


def test_an_unknown_account_is_refused(model: WhatIfModel) -> None:
    with pytest.raises(NoSuchAccountError, match="'ACME-999'"):
        model.ask("ACME-999", {})
