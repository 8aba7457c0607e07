"""Which family of models predicts best, by nested cross-validation, and whether any of them predicts at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pipeline.candidates import CANDIDATES, CONSTANT, fit_all, predict_all
from pipeline.features import Encoder
from pipeline.folds import FOLDS, assign_folds
from pipeline.models import CrossFit, FoldModel, predict_left_out
from pipeline.scores import measure_score, r_squared, standard_error
from storage.records import CandidateScore, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import pandas as pd

    from pipeline.folds import Folds
    from pipeline.models import Model
    from storage.records import Feature, Score

    Column = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]

# A difference in R² that nobody would notice: not worth a harder model, and no reason to rank accounts.
MATERIAL = 0.02

MOST_TEACHERS = 100_000
"""Ten times as many teach a model that is hardly better (R² 0.9449 instead of 0.9438 on a million demo accounts), for
ten times the cost."""

STEPS = FOLDS + FOLDS * (FOLDS - 1) // 2
"""How many training sets there are without order of time: without each fold, and without each pair of folds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was chosen, and how good choosing is.

    ``fitted`` holds the models of the chosen ``family`` and their out-of-fold predictions, which are one and the same
    number for every account where the verdict is that nothing beats a constant. ``score`` and ``r2_holdout`` (the first
    measured fold) are those of choosing *and* predicting: each fold is predicted by the family that the other folds
    chose. ``candidates`` has every family's own score, the simplest first.
    """

    fitted: CrossFit
    family: str
    verdict: Verdict
    candidates: tuple[CandidateScore, ...]
    score: Score
    r2_holdout: float
    training_rows: int
    measured_rows: int


def select(
    features: Sequence[Feature],
    table: pd.DataFrame,
    outcome: Column,
    *,
    seed: int,
    groups: Sequence[object] | None = None,
    times: Sequence[object] | None = None,
    earlier_folds: Places | None = None,
    teachers: Places | None = None,
    fitted_once: Callable[[], None] = lambda: None,
) -> Selection:
    """Try every family on the same folds, choose one, and measure what the choice is worth.

    Nested cross-validation (Stone 1974; Varma and Simon 2006), with the outer folds as inner ones: the choice for a
    fold rests on models that left it and one more fold out. A model without two folds serves the choice for both, so
    that ``STEPS`` training sets do for it all. In order of time the choice for a block rests on the blocks before it.

    An outcome that is not known is NaN; such rows are predicted and nothing else, and so are those that are not among
    the ``teachers`` (all with an outcome, if left out). ``groups``, ``times`` and ``earlier_folds`` have one entry a
    row, as in ``assign_folds``. ``fitted_once`` is called after each training set.
    """
    every = assign_folds(outcome, seed=seed, groups=groups, times=times, earlier=earlier_folds)
    teachers = np.flatnonzero(every.known) if teachers is None else teachers
    folds = every.among(teachers)
    bench = _Bench(features=features, table=table, outcome=outcome, teachers=teachers, seed=seed)
    taught = outcome[teachers]
    outer = np.full((len(CANDIDATES), len(teachers)), np.nan)
    models: list[list[FoldModel]] = [[] for _ in CANDIDATES]
    for fold in range(folds.count):
        training, left_out = folds.training(fold), folds.left_out(fold)
        encoder = bench.encode(training)
        fitted = bench.fit(encoder, training, seed=seed + fold)
        outer[:, left_out] = predict_all(fitted, bench.read(encoder, left_out))
        for place, model in enumerate(fitted):
            models[place].append(FoldModel(encoder=encoder, model=model, training=teachers[training]))
        fitted_once()
    inner = _predict_before(folds, outer) if folds.ordered else _predict_pairs(folds, bench, fitted_once)
    nested = np.full(len(teachers), np.nan)
    for fold, predictions in enumerate(inner):
        known = ~np.isnan(predictions[0])
        if known.any():
            best = choose(taught[known], predictions[:, known], groups=folds.groups[known])
            nested[folds.of == fold] = outer[best, folds.of == fold]
    measured, scored = folds.measured, ~np.isnan(nested)
    chosen = choose(taught[measured], outer[:, measured], groups=folds.groups[measured])
    first = scored & (folds.of == folds.of[scored].min())
    fitted_models = tuple(models[chosen]) if chosen else _make_constant(models[0], features, outcome[every.known])
    return Selection(
        fitted=CrossFit(
            models=fitted_models,
            folds=every.of,
            predicted=predict_left_out(fitted_models, table, every.of),
            measured=every.measured,
        ),
        family=CANDIDATES[chosen],
        verdict=Verdict.SIGNAL if chosen else Verdict.NO_SIGNAL,
        candidates=tuple(
            CandidateScore(
                family=family,
                score=measure_score(
                    taught[measured],
                    outer[place, measured],
                    groups=folds.groups[measured],
                    ranked=family != CONSTANT.name,
                ),
            )
            for place, family in enumerate(CANDIDATES)
        ),
        score=measure_score(taught[scored], nested[scored], groups=folds.groups[scored], ranked=chosen > 0),
        r2_holdout=r_squared(taught[first], nested[first]),
        training_rows=len(teachers),
        measured_rows=int(scored.sum()),
    )


def choose(outcome: Column, predictions: Matrix, *, groups: Places) -> int:
    """Return the place of the simplest family that is within one standard error of the best.

    ``predictions`` has a row for each family, the simplest first and that the constant. The rule is that of Breiman et
    al. 1984 (section 3.4.3) and Hastie, Tibshirani and Friedman 2009 (section 7.10), with the standard error of the
    *difference* between two families on the same rows (Yates, Richards and Brook 2021): what is hard to predict is so
    for both and says nothing about which is better. Never more than ``MATERIAL`` of R² is given up for simplicity.
    Where no family beats the constant by more than one standard error, and by more than ``MATERIAL``, it is the
    constant.
    """
    variance = float(np.mean((outcome - outcome.mean()) ** 2))
    if not variance:
        return 0
    losses = (outcome - predictions) ** 2 / variance  # the mean of a row is 1 - R²
    gains = losses[0] - losses[1:]
    better = [
        place
        for place, gain in enumerate(gains, start=1)
        if gain.mean() > max(MATERIAL, standard_error(gain, groups=groups))
    ]
    if not better:
        return 0
    best = min(better, key=lambda place: float(losses[place].mean()))
    behind = {place: losses[place] - losses[best] for place in better}
    return next(
        place for place in better if behind[place].mean() <= min(MATERIAL, standard_error(behind[place], groups=groups))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """The accounts that all families are fitted to and tested on; rows are counted among the ``teachers``."""

    features: Sequence[Feature]
    table: pd.DataFrame
    outcome: Column
    teachers: Places
    seed: int

    def encode(self, training: Places) -> Encoder:
        return Encoder.fit(self.features, self.table.iloc[self.teachers[training]])

    def read(self, encoder: Encoder, rows: Places) -> Matrix:
        return encoder.transform(self.table.iloc[self.teachers[rows]])

    def fit(self, encoder: Encoder, training: Places, *, seed: int) -> list[Model]:
        outcome = self.outcome[self.teachers[training]]
        return fit_all(self.features, self.read(encoder, training), outcome, seed=seed)


def _predict_pairs(folds: Folds, bench: _Bench, fitted_once: Callable[[], None]) -> Matrix:
    """Return for each fold the predictions of all families for the rows of the others by models that saw neither."""
    inner = np.full((folds.count, len(CANDIDATES), len(folds.of)), np.nan)
    for number, (first, second) in enumerate(combinations(range(folds.count), 2), start=folds.count):
        training = folds.training(first, without=second)
        encoder = bench.encode(training)
        models = bench.fit(encoder, training, seed=bench.seed + number)
        for fold, other in ((first, second), (second, first)):
            left_out = folds.left_out(other)
            inner[fold][:, left_out] = predict_all(models, bench.read(encoder, left_out))
        fitted_once()
    return inner


def _predict_before(folds: Folds, outer: Matrix) -> Matrix:
    """Return for each block the predictions of all families for the measured blocks before it."""
    known = (folds.of > 0) & (folds.of < np.arange(folds.count)[:, np.newaxis])
    return np.where(known[:, np.newaxis, :], outer, np.nan)


def _make_constant(models: Sequence[FoldModel], features: Sequence[Feature], outcome: Column) -> tuple[FoldModel, ...]:
    """Return models that all predict the mean of all outcomes: means of folds would make a ranking of nothing."""
    mean = CONSTANT.make(features, len(outcome), 0).fit(np.zeros((len(outcome), 1)), outcome)
    return tuple(FoldModel(encoder=each.encoder, model=mean, training=each.training) for each in models)
