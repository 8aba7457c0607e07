"""How well the demo model does on the default seed and 20 others: `python bench/seeds.py`."""

from __future__ import annotations

import numpy as np

from pipeline.intervals import make_intervals
from pipeline.pack import read_pack
from pipeline.selection import select
from pipeline.synthetic import make_accounts

FEATURES = read_pack("software").features
SEEDS = (233, *range(1, 21))
COLUMNS = ("ceiling", "R2 held out", "R2 cross-fitted", "MAE $K", "coverage", "smallest fifth", "largest fifth")


def main() -> None:
    print("seed" + "".join(f"{column:>17}" for column in COLUMNS))
    figures = np.array([measure(seed) for seed in SEEDS])
    for seed, row in zip(SEEDS, figures, strict=True):
        print_row(str(seed), row)
    print_row("min", figures.min(axis=0))
    print_row("mean", figures.mean(axis=0))
    print_row("max", figures.max(axis=0))


def measure(seed: int) -> tuple[float, ...]:
    accounts = make_accounts(500, seed=seed)
    selection = select(FEATURES, accounts.table, accounts.outcome, seed=seed)
    fitted = selection.fitted
    intervals = make_intervals(accounts.outcome, fitted)
    inside = (intervals.low <= accounts.outcome) & (accounts.outcome <= intervals.high)
    fifths = np.array_split(inside[np.argsort(fitted.predicted)], 5)
    return (
        accounts.ceiling,
        selection.r2_holdout,
        selection.score.r2,
        selection.score.mae / 1000,
        intervals.coverage(accounts.outcome),
        float(fifths[0].mean()),
        float(fifths[-1].mean()),
    )


def print_row(name: str, figures: np.ndarray) -> None:
    print(f"{name:>4}" + "".join(f"{figure:>17.3f}" for figure in figures))


if __name__ == "__main__":
    main()
