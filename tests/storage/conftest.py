"""Small snapshots of made-up accounts, published for real."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from made_up import WORDS

from storage.records import (
    AllocationSummary,
    BaseRate,
    Calibration,
    CandidateScore,
    Coverage,
    Feature,
    FeatureKind,
    Fitness,
    Interaction,
    ModelCard,
    Score,
    Source,
    Verdict,
)
from storage.snapshots import ACCOUNTS_SCHEMA, SnapshotContents, SnapshotStore

if TYPE_CHECKING:
    from pathlib import Path

MakeContents = Callable[..., SnapshotContents]

FEATURES = (
    Feature(name="employees", label="Employees", group="Firmographic", unit="", kind=FeatureKind.NUMBER),
    Feature(name="tier", label="Tier", group="Firmographic", unit="", kind=FeatureKind.CATEGORY),
    Feature(name="demo_requests", label="Demo requests", group="Engagement", unit="", kind=FeatureKind.NUMBER),
)
SCORE = Score(r2=0.86, r2_error=0.02, mae=4321.5, mae_error=210.0, spearman=0.91, spearman_error=0.01)
BASE_RATES = (
    BaseRate(
        feature="demo_requests",
        threshold=3.0,
        category=None,
        count_with=24,
        median_with=96_000.0,
        count_without=36,
        median_without=71_000.0,
    ),
)
TOP_INTERACTIONS = (
    Interaction(first="employees", second="demo_requests", value=75.5),
    Interaction(first="employees", second="tier", value=8.25),
)
PROMOTIONS = (("discount", "Discount"), ("training", "Training"))
ARTEFACT = b"the fitted model"


def account(place: int, **fields: Any) -> dict[str, Any]:
    """Return the row of account number ``place`` (ACME-000, ...), with some of its fields replaced."""
    shap = [100.0 * place, -50.0, 7.5]
    return {
        "account_id": f"ACME-{place:03}",
        "name": f"Company {place}",
        "owner": "Ada" if place % 2 else "Grace",
        "region": "EMEA" if place % 3 else "APAC",
        "industry": "Software",
        "predicted": 20_000.0 + sum(shap),
        "low": 15_000.0,
        "high": 20_000.0 + 200.0 * place,
        "baseline": 20_000.0,
        "numbers": [10.0 * place, None, None if place % 10 == 9 else float(place % 5)],
        "texts": [None, "gold" if place % 2 else "silver", None],
        "shap": shap,
        "interactions": [{"first": 0, "second": 2, "value": 60.0}, {"first": 1, "second": 2, "value": -4.0}],
        "fold": place % 5,
        "sensitivities": [0.2, 0.8],
        "promotion": 1,
        "actions": place % 3,
        "rank": place + 1,
        "score": float(place),
        "scaled_score": 50.0,
        "reason": "High expected value.",
        "by_type": [],
        "reasons": [{"kind": "given", "text": "It gets what it gets.", "accounts": ["ACME-001"]}],
        **fields,
    }


@pytest.fixture
def make_contents() -> MakeContents:
    """Make contents from rows; by default of five accounts."""

    def make(
        rows: list[dict[str, Any]] | None = None,
        *,
        as_of: datetime = datetime(2026, 3, 1),  # noqa: DTZ001 - moments in snapshots are UTC without a zone
        description: str = "made up",
        artefact: bytes = ARTEFACT,
    ) -> SnapshotContents:
        rows = [account(place) for place in range(5)] if rows is None else rows
        actions = [row["actions"] for row in rows]
        return SnapshotContents(
            accounts=pa.Table.from_pylist(rows, schema=ACCOUNTS_SCHEMA),
            features=FEATURES,
            promotions=PROMOTIONS,
            base_rates=BASE_RATES,
            top_interactions=TOP_INTERACTIONS,
            source=Source(
                description=description,
                sha256="ab" * 32,
                as_of=as_of,
                fitness=Fitness.CARE,
                findings=("5 rows are few.", "5 of 9 rows used."),
            ),
            card=ModelCard(
                verdict=Verdict.SIGNAL,
                family="random forest",
                outcome_rows=len(rows),
                training_rows=len(rows),
                measured_rows=len(rows),
                outcome_values=50,
                seed=7,
                target_mean=70_500.0,
                score=SCORE,
                r2_holdout=0.87,
                candidates=(
                    CandidateScore(family="constant", score=replace(SCORE, r2=-0.01, r2_error=0.004, spearman=0.0)),
                    CandidateScore(family="random forest", score=SCORE),
                ),
                coverage=(Coverage(segment="region", name="EMEA", accounts=20, coverage=0.85),),
                calibration=(Calibration(accounts=20, predicted=40_000.0, outcome=42_000.0, outcome_error=1_500.0),),
                drift=None,
                r2_ceiling=None,
                interval_level=0.9,
                interval_coverage=0.91,
                artefact_sha256=hashlib.sha256(artefact).hexdigest(),
                versions={"scikit-learn": "1.9.0", "numpy": "2.4.1"},
            ),
            words=WORDS,
            allocation=AllocationSummary(
                allocator="score",
                capacity=250,
                cap_per_account=5,
                allocated=sum(actions),
                accounts_with_actions=sum(count > 0 for count in actions),
            ),
            artefact=artefact,
        )

    return make


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


@pytest.fixture
def store(root: Path) -> Iterator[SnapshotStore]:
    store = SnapshotStore(root)
    yield store
    store.close()
