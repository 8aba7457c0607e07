"""Tables of different shapes through the front door, beside plain scikit-learn on the same folds.

    python bench/tables.py [NAME …] [--large]

Each table is written as CSV, read with the pack that is drafted from it, judged, and modelled. Beside the figures of
every candidate stand two baselines that anyone would try first: `Ridge` on standardised columns and
`RandomForestRegressor`, both with the library's defaults, fitted and tested on the very same folds. ``--large`` adds
the table of 100,000 rows. The last lines are what our choice is ahead of the better baseline.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.accounts import read_accounts
from pipeline.intervals import make_intervals
from pipeline.scores import r_squared
from pipeline.selection import select
from pipeline.synthetic import make_accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.accounts import Accounts
    from pipeline.selection import Selection

SEED = 233
MISSING = 0.03
MOST_MADE = 10_000


def bundled(load: Callable[..., object], target: str | None = None) -> pd.DataFrame:
    """Return a data set of scikit-learn with the column to predict called target."""
    data = load(as_frame=True).frame
    if target is not None:
        data = data.drop(columns="target")
    return data.rename(columns={target or "target": "target"})


def no_signal() -> pd.DataFrame:
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(300, 6)).round(3), columns=list("abcdef"))
    return table.assign(target=random.lognormal(10, 1, 300).round())


def leak() -> pd.DataFrame:
    random = np.random.default_rng(2)
    table = software(400)
    spoilt = table["expansion_revenue"] * random.normal(1, 0.01, len(table))
    return table.assign(pipeline_index=spoilt.round())


def tiny(seed: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.normal(size=(80, 5)).round(3), columns=list("abcde"))
    logarithm = 8 + 0.7 * table["a"] - 0.5 * table["b"] + 0.4 * (table["c"] > 0) + random.normal(0, 0.4, 80)
    return table.assign(target=np.exp(logarithm).round())


def visits() -> pd.DataFrame:
    """Return counts of doctor's visits as surveys have them: many zeros, categories, some answers missing."""
    random = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "income": random.lognormal(10.5, 0.5, 900).round(),
            "household": random.integers(1, 7, 900),
            "illnesses": random.poisson(1.4, 900),
            "days_reduced": random.poisson(random.gamma(0.5, 2, 900)),
            "insurance": random.choice(["none", "basic", "full"], 900, p=[0.3, 0.5, 0.2]),
            "smokes": random.choice(["yes", "no"], 900),
        }
    )
    rate = np.exp(
        -1.2 + 0.35 * table["illnesses"] + 0.12 * table["days_reduced"] + 0.4 * (table["insurance"] == "full")
    )
    table["target"] = random.poisson(rate * random.gamma(1.5, 1 / 1.5, 900))
    return table.mask(random.random(table.shape) < MISSING).assign(target=table["target"])


def software(count: int) -> pd.DataFrame:
    """Return demo accounts; made-up names run out at 10,000, so more are made of several seeds."""
    parts = [make_accounts(min(count, MOST_MADE), seed=SEED + place) for place in range(-(-count // MOST_MADE))]
    table = pd.concat([made.table.assign(expansion_revenue=made.outcome) for made in parts], ignore_index=True)
    table["account_id"] = [f"ACME-{place:06d}" for place in range(len(table))]
    return table[[name for name in table if not name.endswith("_sensitivity")]]


def linnerud() -> pd.DataFrame:
    data = datasets.load_linnerud(as_frame=True).frame
    return data.rename(columns={"Weight": "target"})


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "diabetes": lambda: bundled(datasets.load_diabetes),
    "wine": lambda: bundled(datasets.load_wine, "alcohol"),
    "breast cancer": lambda: bundled(datasets.load_breast_cancer),
    "iris": lambda: bundled(datasets.load_iris, "petal width (cm)"),
    "digits": lambda: bundled(datasets.load_digits),
    "linnerud": linnerud,
    "doctor's visits": visits,
    "no signal": no_signal,
    "leak": leak,
    "tiny": tiny,
    "software 5 000": lambda: software(5_000),
}
LARGE = {"software 100 000": lambda: software(100_000)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--large", action="store_true")
    wanted = parser.parse_args()
    tables = TABLES | (LARGE if wanted.large else {})
    ahead = {}
    for name, make in tables.items():
        if not wanted.names or name in wanted.names:
            with threadpool_limits(1):
                ahead[name] = measure(name, make())
    print("\nR² ahead of the better baseline")
    for name, difference in ahead.items():
        print(f"  {name:<18}{'not modelled' if difference is None else f'{difference:+.3f}'}")


def measure(name: str, table: pd.DataFrame) -> float | None:
    """Print what becomes of a table; return by how much R² is better than the better baseline's, None if not ready."""
    print(f"\n{name}: {len(table):,} rows, {table.shape[1]} columns")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        if "account_id" not in table:
            table.insert(0, "account_id", [f"R{place:06d}" for place in range(len(table))])
        table.to_csv(path, index=False)
        start = time.perf_counter()
        found = read_accounts(str(path))
    print(f"  {found.readiness.verdict}, read in {time.perf_counter() - start:.1f} s")
    for reason in found.readiness.reasons:
        print(f"  - {reason.replace(str(path), 'table.csv')}")
    if found.accounts is None:
        return None
    start = time.perf_counter()
    accounts = found.accounts
    selection = select(accounts.features, accounts.table, accounts.outcome, seed=SEED)
    print(f"  {selection.verdict}; {selection.family}; {time.perf_counter() - start:.1f} s")
    coverage = make_intervals(accounts.outcome, selection.fitted).coverage(accounts.outcome)
    rows = [(each.family, each.score) for each in selection.candidates] + [("choice and model", selection.score)]
    for row, score in rows:
        print(
            f"    {row:<19} R² {score.r2:6.3f} ± {score.r2_error:.3f}   MAE {score.mae:10.4g} ± {score.mae_error:.2g}"
            f"   Spearman {score.spearman:6.3f} ± {score.spearman_error:.3f}"
        )
    baselines = fit_baselines(accounts, selection)
    print("    " + "   ".join(f"plain {baseline} R² {r2:.3f}" for baseline, r2 in baselines.items()), flush=True)
    print(f"    the 80 % interval covers {coverage:.1%}")
    return selection.score.r2 - max(baselines.values())


def fit_baselines(accounts: Accounts, selection: Selection) -> dict[str, float]:
    """Return out-of-fold R² of models with the library's defaults on the folds of our own."""
    frame, outcome, folds = (
        accounts.table[[each.name for each in accounts.features]],
        accounts.outcome,
        selection.fitted.folds,
    )
    found = {}
    for model in (Ridge(), RandomForestRegressor(random_state=0)):
        predicted = np.empty(len(outcome))
        for fold in np.unique(folds):
            inside = folds == fold
            fitted = make_pipeline(read_columns(), model).fit(frame[~inside], outcome[~inside])
            predicted[inside] = fitted.predict(frame[inside])
        found[type(model).__name__] = r_squared(outcome, predicted)
    return found


def read_columns() -> object:
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="none", missing_values=None),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (texts, make_column_selector(dtype_exclude="number"))
    )


if __name__ == "__main__":
    main()
