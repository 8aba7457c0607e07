"""Which accounts teach a model and which test it: folds that keep companies whole and time in order when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import TooFewGroupsError, TooFewTimesError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Column = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Folds:
    """``of`` is the fold of each row, ``groups`` the number of its company (its own where no groups were named).

    In order of time (``ordered``) the folds are blocks of which each is predicted from those before it. Nothing comes
    before the first: it is predicted from what came after, so that it has predictions, and is not ``measured``.
    """

    of: Places
    groups: Places
    ordered: bool

    @property
    def count(self) -> int:
        """How many folds there are."""
        return int(self.of.max()) + 1

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Which rows count when predictions are compared with outcomes."""
        return self.of > 0 if self.ordered else np.ones(len(self.of), dtype=np.bool_)

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
        return np.flatnonzero(allowed & ~np.isin(self.groups, self.groups[self.of == fold]))


def assign_folds(
    outcome: Column, *, seed: int, groups: Sequence[object] | None = None, times: Sequence[object] | None = None
) -> Folds:
    """Return the fold of each row.

    Stratified: of every five neighbours by outcome (with groups: by their mean outcome) each goes to another fold, so
    that a fold's error depends less on which large accounts it happened to draw (Kohavi 1995, section 2.3). With times
    the folds are ``FOLDS`` + 1 blocks of about one size, and rows of one moment share a block.

    Raises TooFewGroupsError or TooFewTimesError.
    """
    companies = np.arange(len(outcome)) if groups is None else _number(groups)
    if times is not None:
        return Folds(of=_make_blocks(times), groups=companies, ordered=True)
    sums, sizes = np.bincount(companies, weights=outcome), np.bincount(companies)
    if len(sizes) < 2 * FOLDS:
        raise TooFewGroupsError(len(sizes), needed=2 * FOLDS)
    return Folds(of=_stratify(sums / sizes, seed=seed)[companies], groups=companies, ordered=False)


def _stratify(outcome: Column, *, seed: int) -> Places:
    random = np.random.default_rng(seed)
    folds = np.empty(len(outcome), dtype=np.intp)
    by_outcome = np.argsort(outcome, kind="stable")
    for start in range(0, len(outcome), FOLDS):
        neighbours = by_outcome[start : start + FOLDS]
        folds[neighbours] = random.permutation(FOLDS)[: len(neighbours)]
    return folds


def _make_blocks(times: Sequence[object]) -> Places:
    moments = _number(times)
    order = np.sort(moments)
    starts = np.unique(order[[len(order) * block // (FOLDS + 1) for block in range(FOLDS + 1)]])
    if len(starts) <= FOLDS:
        raise TooFewTimesError(len(np.unique(moments)), needed=FOLDS + 1)
    return np.searchsorted(starts, moments, side="right") - 1


def _number(values: Sequence[object]) -> Places:
    """Return the place of each value among the distinct ones, in their order."""
    _, places = np.unique(np.asarray(values), return_inverse=True)
    return places.astype(np.intp)
