"""Small snapshots of made-up accounts, published for real."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from made_up import BASE_RATES, CARD, WORDS

from storage.records import (
    AllocationSummary,
    Feature,
    FeatureKind,
    Fitness,
    Interaction,
    Source,
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
            card=replace(
                CARD,
                outcome_rows=len(rows),
                training_rows=len(rows),
                measured_rows=len(rows),
                artefact_sha256=hashlib.sha256(artefact).hexdigest(),
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
