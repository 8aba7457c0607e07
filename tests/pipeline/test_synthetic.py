from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.pack import read_pack
from pipeline.synthetic import _make_signal, make_accounts

if TYPE_CHECKING:
    from pipeline.synthetic import SyntheticAccounts


FEATURES = read_pack("software").features
PROMOTIONS = tuple((each.column, each.label) for each in read_pack("software").promotions)


@pytest.mark.parametrize("seed", [233, *range(20)])
def test_the_best_reachable_r_squared_lies_between_090_and_095(seed: int) -> None:
    assert 0.90 <= make_accounts(500, seed=seed).ceiling <= 0.95


def test_the_same_seed_gives_the_same_table_and_another_seed_another() -> None:
    assert make_accounts(150, seed=5).sha256 == make_accounts(150, seed=5).sha256
    assert make_accounts(150, seed=5).sha256 != make_accounts(150, seed=6).sha256


def test_ids_and_names_are_unique_even_for_ten_thousand_accounts() -> None:
    table = make_accounts(10_000, seed=1).table

    assert table["account_id"].is_unique
    assert table["name"].is_unique
    assert table["account_id"].iloc[-1] == "ACME-9999"


def test_accounts_look_like_a_book_of_business(accounts: SyntheticAccounts) -> None:
    table = accounts.table

    assert table["account_id"].tolist() == [f"ACME-{number:03}" for number in range(500)]
    assert table["owner"].nunique() == 12
    assert table["industry"].nunique() == 10
    assert table["name"].str.contains("&").any()
    assert table["name"].str.contains("'").any()
    assert table["name"].str.contains("ü").any()


def test_what_belongs_together_correlates(accounts: SyntheticAccounts) -> None:
    table = accounts.table
    ranks = table[[feature.name for feature in FEATURES]].select_dtypes("number").corr(method="spearman")

    assert ranks.loc["employees", "annual_revenue"] > 0.9
    assert ranks.loc["employees", "tech_stack_size"] > 0.7
    assert ranks.loc["website_visits_30d", "demo_requests"] > 0.7
    assert ranks.loc["whitepaper_downloads", "webinar_attendance"] > 0.2
    assert ranks.loc["churn_risk", "csm_score"] < -0.7
    assert abs(ranks.loc["employees", "website_visits_30d"]) < 0.15


def test_a_few_columns_miss_three_to_five_percent_of_their_cells_and_the_rest_none() -> None:
    missing = make_accounts(10_000, seed=3).table.isna().mean()

    lossy = missing[missing > 0]
    assert 4 <= len(lossy) <= 8
    assert lossy.between(0.025, 0.055).all()


def test_outcomes_fill_the_range_without_piling_up_at_its_ends(accounts: SyntheticAccounts) -> None:
    assert accounts.outcome.min() >= 5_000
    assert accounts.outcome.max() <= 200_000
    assert np.sum(accounts.outcome < 5_500) + np.sum(accounts.outcome > 199_500) <= 5
    assert len(np.unique(accounts.outcome)) > 480


def test_noise_grows_with_the_signal(accounts: SyntheticAccounts) -> None:
    noise = np.abs(accounts.outcome - accounts.signal)
    small, middle = accounts.signal < 30_000, (accounts.signal > 60_000) & (accounts.signal < 120_000)

    assert noise[middle].mean() > 2 * noise[small].mean()


@pytest.mark.parametrize(
    ("first", "low", "high", "second", "without", "with_"),
    [
        ("demo_requests", 2, 5, "cloud_maturity", 2.0, 8.0),
        ("api_usage_intent", 2.0, 8.0, "integration_needs", 1, 6),
        ("churn_risk", 0.6, 0.1, "employees", 100, 5000),
    ],
)
def test_three_effects_depend_on_another_feature(  # noqa: PLR0917 - two values for each of two features
    first: str, low: float, high: float, second: str, without: float, with_: float
) -> None:
    typical = make_accounts(100, seed=1).table.ffill().bfill().head(1)

    def log_odds(**values: float) -> float:
        share = (_make_signal(typical.assign(**values))[0] - 5_000) / 195_000
        return float(np.log(share / (1 - share)))

    effect_without = log_odds(**{first: high, second: without}) - log_odds(**{first: low, second: without})
    effect_with = log_odds(**{first: high, second: with_}) - log_odds(**{first: low, second: with_})
    assert effect_with > effect_without + 0.4


def test_sensitivities_are_shares_and_no_promotion_is_everybodys(accounts: SyntheticAccounts) -> None:
    sensitivities = accounts.table[[name for name, _ in PROMOTIONS]]

    assert sensitivities.min().min() >= 0
    assert sensitivities.max().max() <= 1
    assert sensitivities.idxmax(axis="columns").value_counts(normalize=True).min() > 0.05
