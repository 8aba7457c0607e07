"""The measures of a build that its model card is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.artefact import library_versions
from pipeline.calibration import measure_calibration
from pipeline.intervals import FIFTHS, LEVEL, Intervals, name_fifths
from storage.records import ModelCard

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.selection import Selection
    from storage.records import Drift, Words

    Column = npt.NDArray[np.float64]


def make_card(
    selection: Selection,
    intervals: Intervals,
    table: pd.DataFrame,
    outcome: Column,
    *,
    words: Words,
    seed: int,
    ceiling: float | None,
    drift: Drift | None,
    artefact_sha256: str,
) -> ModelCard:
    """Return what was measured, on rows whose predictions may be compared with their outcomes and on no others."""
    measured, known = selection.fitted.measured, ~np.isnan(outcome)
    outcomes, predicted = outcome[measured], selection.fitted.predicted[measured]
    shown = Intervals(low=intervals.low[measured], high=intervals.high[measured])
    segments = {
        noun: _name_groups(table[column][measured])
        for noun, column in ((words.industry, "industry"), (words.territory, "region"))
        if table[column].astype(bool).any()
    }
    fifths = {FIFTHS: name_fifths(predicted)} if predicted.min() < predicted.max() else {}
    return ModelCard(
        verdict=selection.verdict,
        family=selection.family,
        outcome_rows=int(known.sum()),
        training_rows=selection.training_rows,
        measured_rows=selection.measured_rows,
        outcome_values=len(np.unique(outcome[known])),
        seed=seed,
        target_mean=float(outcome[known].mean()),
        score=selection.score,
        r2_holdout=selection.r2_holdout,
        r2_ceiling=ceiling,
        candidates=selection.candidates,
        interval_level=LEVEL,
        interval_coverage=shown.coverage(outcomes),
        coverage=shown.coverage_by(outcomes, fifths | segments),
        calibration=measure_calibration(outcomes, predicted),
        drift=drift,
        artefact_sha256=artefact_sha256,
        versions=library_versions(),
    )


def _name_groups(column: pd.Series) -> list[str]:
    """Return the group of each account, each name once in memory."""
    places, distinct = pd.factorize(column)
    names: list[str] = np.array([str(name) or "none" for name in distinct], dtype=object)[places].tolist()
    return names
