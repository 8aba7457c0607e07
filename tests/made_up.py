"""What tests of every package make snapshots of: the words of a business that sells software, a model, a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from storage.records import BaseRate, Calibration, CandidateScore, Coverage, ModelCard, Score, Verdict, Words

WORDS = Words(
    pack="software",
    account="account",
    accounts="accounts",
    rep="rep",
    reps="reps",
    action="action",
    actions="actions",
    target="expansion revenue",
    unit="$",
    owner="owner",
    territory="region",
    industry="industry",
    source="CRM",
)


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
_SCORE = Score(r2=0.86, r2_error=0.02, mae=8_000.0, mae_error=210.0, spearman=0.91, spearman_error=0.01)
CARD = ModelCard(
    verdict=Verdict.SIGNAL,
    family="random forest",
    outcome_rows=400,
    training_rows=400,
    measured_rows=400,
    outcome_values=50,
    seed=7,
    target_mean=70_500.0,
    score=_SCORE,
    r2_holdout=0.87,
    candidates=(
        CandidateScore(family="constant", score=replace(_SCORE, r2=-0.01, r2_error=0.004, spearman=0.0)),
        CandidateScore(family="random forest", score=_SCORE),
    ),
    coverage=(Coverage(segment="region", name="EMEA", accounts=20, coverage=0.85),),
    calibration=(Calibration(accounts=20, predicted=40_000.0, outcome=42_000.0, outcome_error=1_500.0),),
    drift=None,
    r2_ceiling=0.93,
    interval_level=0.8,
    interval_coverage=0.81,
    artefact_sha256="",
    versions={"scikit-learn": "1.9"},
)
"""The card of a model; the artefact is the test's own."""


class Clock:
    """Tells the moment that a test sets it to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now
