"""What the optimum is worth beside the rule ``score``: true incremental revenue at equal budget, over 20 seeds.

``python bench/allocation_value.py [--quick]``, or with all benches by ``make bench``. Both allocators see what a build
sees: cross-fitted predictions of a random forest, never the truth. An account's true response to its k-th action is a
share of its true signal, times ``decay ** (k - 1)``. Three regimes of the share, because which holds is unknown without
an experiment: the same for all (``proportional``); noisy between accounts (``mixed``); falling as the signal grows,
since big accounts would buy anyway (``saturated``). The oracle is the optimum on the truth itself.
"""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from row import Row
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import cross_val_predict

from pipeline.accounts import of_synthetic
from pipeline.allocation.gains import ResponseCurve, expected_gains
from pipeline.allocation.optimum import optimise
from pipeline.allocation.problem import Constraints, Problem
from pipeline.allocation.score import Candidate, Input, Rule, allocate
from pipeline.pack import read_pack
from pipeline.synthetic import make_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.allocation.gains import Floats

PACKAGES = ("numpy", "scikit-learn")
ACCOUNTS, CAPACITY, CAP = 500, 250, 5
PACK = read_pack("software")
WORDS = of_synthetic(make_accounts(100, seed=0), PACK, seed=0).words
RULE = Rule.of(PACK.score, PACK.features, WORDS)
ASSUMED = ResponseCurve(action="action", base_lift=0.05, decay=0.6, slots=CAP)
TRUE_DECAYS = (0.5, 0.6, 0.7, 0.85)


class Value(NamedTuple):
    """True incremental revenue of one seed."""

    optimum: float
    score: float
    oracle: float


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield a row for each regime and true decay."""
    seeds = 3 if quick else 20
    found: dict[tuple[str, float], list[Value]] = {}
    for seed in range(seeds):
        for case, value in measure(seed):
            found.setdefault(case, []).append(value)
    for (regime, decay), values in found.items():
        gain = [each.optimum / each.score for each in values]
        share = statistics.median(each.optimum / each.oracle for each in values)
        yield Row(
            f"true revenue, {regime}, decay {decay}",
            statistics.median(each.optimum for each in values),
            "rule of scores",
            statistics.median(each.score for each in values),
            unit="$",
            note=f"ours / its {statistics.median(gain):.2f} ({min(gain):.2f}-{max(gain):.2f}) over {seeds} seeds, "
            f"more is better; {share:.1%} of the oracle",
        )


def measure(seed: int) -> Iterator[tuple[tuple[str, float], Value]]:
    """Yield what both allocators bring by each regime and true decay; assumed is a decay of 0.6."""
    predicted, signal, scored, optimum = _allocate_both(seed)
    random = np.random.default_rng(seed)
    for regime, lift in {
        "proportional": np.full(ACCOUNTS, 0.05),
        "mixed": 0.05 * np.exp(random.normal(scale=0.5, size=ACCOUNTS)),
        "saturated": 0.05 * (1 - signal / 210_000),
    }.items():
        for decay in TRUE_DECAYS:
            truth = (signal * lift)[:, None] * decay ** np.arange(CAP)
            yield (
                (regime, decay),
                Value(
                    optimum=float(truth[np.arange(CAP) < optimum[:, None]].sum()),
                    score=float(truth[np.arange(CAP) < scored[:, None]].sum()),
                    oracle=optimise(_problem(truth[:, None, :], predicted)).value,
                ),
            )


def _allocate_both(seed: int) -> tuple[Floats, Floats, np.ndarray, np.ndarray]:
    """Return predictions, true signal, and the counts of the score rule and of the optimum."""
    made = make_accounts(ACCOUNTS, seed=seed)
    frame = made.table[[feature.name for feature in PACK.features]]
    for name in frame.columns[[not np.issubdtype(kind, np.number) for kind in map(_kind, frame.dtypes)]]:
        frame = frame.assign(**{name: frame[name].astype("category").cat.codes})
    frame = frame.fillna(frame.median())
    forest = RandomForestRegressor(n_estimators=50, min_samples_leaf=2, max_features=0.5, random_state=seed)
    predicted = cross_val_predict(forest, frame, made.outcome, cv=5)
    candidates = [
        Candidate(
            account_id=account_id,
            predicted=float(value),
            inputs=tuple(Input(value=float(each)) for each in (demos, maturity, csm)),
        )
        for account_id, value, demos, maturity, csm in zip(
            made.table["account_id"], predicted, frame["demo_requests"], frame["cloud_maturity"], frame["csm_score"],
            strict=True,
        )
    ]  # fmt: skip
    scored = np.array(
        [each.actions for each in allocate(candidates, rule=RULE, capacity=CAPACITY, cap_per_account=CAP)]
    )
    best = optimise(_problem(expected_gains(predicted, [ASSUMED]), predicted)).counts[:, 0]
    if scored.sum() != best.sum():
        raise AssertionError((scored.sum(), best.sum()))
    return predicted, made.signal, scored, best


def _kind(dtype: object) -> type:
    return getattr(dtype, "type", object) if isinstance(dtype, np.dtype) else object


def _problem(gains: Floats, predicted: Floats) -> Problem:
    return Problem(
        account_ids=pa.array([f"ACME-{row:03}" for row in range(ACCOUNTS)]),
        types=("action",),
        gains=gains,
        predicted=predicted,
        constraints=Constraints(capacity=CAPACITY, cap_per_account=CAP),
    )


def main() -> None:
    for row in rows(quick="--quick" in sys.argv):
        print(f"{row.what:40} {row.note}", flush=True)


if __name__ == "__main__":
    main()
