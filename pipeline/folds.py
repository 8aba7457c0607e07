"""Which accounts teach a model and which test it: folds that keep companies whole and time in order when asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pandas.util import hash_array

from pipeline.errors import TooFewGroupsError, TooFewTimesError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Column = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]
    Mask = npt.NDArray[np.bool_]

FOLDS = 5
NOBODY = -1
"""The earlier fold of a row that was not there earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folds:
    """``of`` is the fold of each row, ``groups`` the number of its company (its own where no groups were named).

    Rows without an outcome (not ``known``) are in a fold like any other, teach no model and are not ``measured``: they
    are predicted by one that saw as little of their company as of any other in their fold.

    In order of time (``ordered``) the folds are blocks of which each is predicted from those before it. Nothing comes
    before the first: it is predicted from what came after, so that it has predictions, and is not ``measured``.
    """

    of: Places
    groups: Places
    known: Mask
    ordered: bool

    @property
    def count(self) -> int:
        """How many folds there are."""
        return int(self.of.max()) + 1

    @property
    def measured(self) -> Mask:
        """Which rows count when predictions are compared with outcomes."""
        measured: Mask = self.known & (self.of > 0) if self.ordered else self.known
        return measured

    def among(self, rows: Places) -> Folds:
        """Return the folds of these rows alone, in their order."""
        return replace(self, of=self.of[rows], groups=self.groups[rows], known=self.known[rows])

    def left_out(self, fold: int) -> Places:
        """Return the rows of a fold."""
        return np.flatnonzero(self.of == fold)

    def training(self, fold: int, *, without: int | None = None) -> Places:
        """Return the rows that may teach the model of a fold: of no company in it and, in order of time, before it.

        Without a further fold, too, they may teach the model that chooses for one of the two and is tested on the
        other.
        """
        if self.ordered and fold:
            allowed = self.of < fold
        else:
            allowed = (self.of != fold) & (self.of != (fold if without is None else without))
        return np.flatnonzero(allowed & self.known & ~np.isin(self.groups, self.groups[self.of == fold]))


def assign_folds(
    outcome: Column,
    *,
    seed: int,
    groups: Sequence[object] | None = None,
    times: Sequence[object] | None = None,
    earlier: Places | None = None,
) -> Folds:
    """Return the fold of each row; an outcome that is not known is NaN.

    Stratified: of every five neighbours by outcome (with groups: by their mean outcome) each goes to another fold, so
    that a fold's error depends less on which large accounts it happened to draw (Kohavi 1995, section 2.3). Rows that
    had a fold ``earlier`` (``NOBODY`` for others) keep it, so that a few new rows do not change every model; if that
    leaves a fold less than half of its share, all are drawn anew. With times the folds are ``FOLDS`` + 1 blocks of
    about one size, and rows of one moment share a block.

    Raises TooFewGroupsError or TooFewTimesError.
    """
    companies = np.arange(len(outcome)) if groups is None else _number(groups)
    known = ~np.isnan(outcome)
    if times is not None:
        return Folds(of=_make_blocks(times, known), groups=companies, known=known, ordered=True)
    sizes = np.bincount(companies[known], minlength=companies.max() + 1)
    if (sizes > 0).sum() < 2 * FOLDS:
        raise TooFewGroupsError(int((sizes > 0).sum()), needed=2 * FOLDS)
    means = np.bincount(companies, weights=np.where(known, outcome, 0)) / np.where(sizes, sizes, np.nan)
    folds = None if earlier is None else _keep(earlier, companies, means, seed=seed)
    folds = _stratify(means, seed=seed) if folds is None else folds
    return Folds(of=folds[companies], groups=companies, known=known, ordered=False)


def draw_teachers(account_ids: Sequence[str], outcome: Column, *, most: int, seed: int) -> Places:
    """Return the rows that may teach, in their order: all with an outcome, or ``most`` of them drawn by lot.

    The lot of an account hangs on its id and the seed alone, so that the next build draws the same ones and its models
    differ no more than what they learn from does.
    """
    known = np.flatnonzero(~np.isnan(outcome))
    if len(known) <= most:
        return known
    ids = np.asarray(account_ids, dtype=object)[known]
    lots = hash_array(ids, hash_key=f"{seed:016x}", categorize=False)
    drawn: Places = np.sort(known[np.argsort(lots, kind="stable")[:most]])
    return drawn


def _keep(earlier: Places, companies: Places, means: Column, *, seed: int) -> Places | None:
    """Return the fold of each company, the earlier one where it had one; None where those cannot be kept."""
    if earlier.max() >= FOLDS:
        return None  # blocks in order of time
    folds = np.full(len(means), NOBODY)
    there = earlier != NOBODY
    folds[companies[there]] = earlier[there]
    new = folds == NOBODY
    folds[new] = _stratify(means[new], seed=seed)
    sizes = np.bincount(folds[~np.isnan(means)], minlength=FOLDS)
    return None if sizes.min() < sizes.sum() / FOLDS / 2 else folds


def _stratify(outcome: Column, *, seed: int) -> Places:
    random = np.random.default_rng(seed)
    folds = np.empty(len(outcome), dtype=np.intp)
    by_outcome = np.argsort(outcome, kind="stable")
    for start in range(0, len(outcome), FOLDS):
        neighbours = by_outcome[start : start + FOLDS]
        folds[neighbours] = random.permutation(FOLDS)[: len(neighbours)]
    return folds


def _make_blocks(times: Sequence[object], known: Mask) -> Places:
    moments = _number(times)
    order = np.sort(moments[known])
    starts = np.unique(order[[len(order) * block // (FOLDS + 1) for block in range(FOLDS + 1)]])
    if len(starts) <= FOLDS:
        raise TooFewTimesError(len(np.unique(order)), needed=FOLDS + 1)
    return np.maximum(np.searchsorted(starts, moments, side="right") - 1, 0)


def _number(values: Sequence[object]) -> Places:
    """Return the place of each value among the distinct ones, in their order."""
    _, places = np.unique(np.asarray(values), return_inverse=True)
    return places.astype(np.intp)
