"""Exact interventional SHAP values and interaction values of a tree ensemble, for any number of rows.

What a tree contributes to a row depends only on which cells the bins of the row fall into. Trees are cut into *terms*
of few cells (`pipeline.tree_shap.terms`), and the contributions to a row in each cell are solved once for the whole
background (`pipeline.tree_shap.values`); explaining a row is then a table look-up per term.

For L leaves with d distinct features and m background rows, 64 of which are counted at once, building costs O(L m d)
and its tables O(L 2ᵈ d² m/64); explaining N rows costs O(N T d) in T ≤ L terms, whatever m was. Where there are no
tables, of a large forest because they would not fit into memory, of interactions because they seldom pay, neighbouring
leaves are solved for the patterns that occur in each block of rows: at most O(N d² m/64) each, d³ for interactions.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from pipeline.tree_shap.errors import EmptyBackgroundError
from pipeline.tree_shap.pairs import add_up, find_strongest, unfold
from pipeline.tree_shap.paths import find_failures, find_paths
from pipeline.tree_shap.terms import find_terms
from pipeline.tree_shap.trees import LEAF
from pipeline.tree_shap.values import Model, add_values, entries, mean_value, n_columns, tabulate, weights_of_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.tree_shap.bins import BinArray, Bins, Floats, Ints
    from pipeline.tree_shap.paths import Paths
    from pipeline.tree_shap.terms import Terms
    from pipeline.tree_shap.trees import Ensemble

PARTS = 16  # at most; their number depends on the model alone, so that sums do not depend on the number of threads
PART_NODES = 1024  # of fewer, adding up the parts would take longer than their values
ROWS_PER_BLOCK = 4096
FEW_ROWS = 2048  # fewer are spread over threads by trees, more by rows
STORED_CELLS = 4096  # per term whose table is kept
STORED_BYTES = 256 * 2**20
BLOCK_ENTRIES = 2**21  # values of one block, features or pairs times rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """``baseline``, the mean prediction over the background, and the SHAP values [N, features] of N rows."""

    baseline: float
    shap: Floats

    @property
    def prediction(self) -> Floats:
        """The predictions of the rows, as the model makes them."""
        predicted: Floats = self.baseline + self.shap.sum(axis=1)
        return predicted


class Interactions(NamedTuple):
    """The strongest pairs of each row, strongest first: features [N, pairs, 2] with i < j, and values [N, pairs].

    A value is the entry of the symmetric matrix; the pair contributes twice as much to the prediction. ``sums``
    [N, features] are the sums of whole rows of the matrices, main effects and all pairs, which are the SHAP values;
    ``mean`` [features, features] is the mean absolute matrix.
    """

    features: Ints
    values: Floats
    sums: Floats
    mean: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionalExplainer:
    """Explains rows against one background; `build` makes one, which several threads may use at once.

    ``first_order`` and ``second_order`` are the parts of the ensemble as each is explained.
    """

    bins: Bins
    baseline: float
    first_order: tuple[Model, ...]
    second_order: tuple[Model, ...]

    @classmethod
    def build(
        cls,
        ensemble: Ensemble,
        background: Floats,
        *,
        stored_cells: int = STORED_CELLS,
        stored_bytes: int = STORED_BYTES,
    ) -> Self:
        """Solve the trees against ``background`` [m, features], every row of which counts the same.

        Tables of SHAP values are kept if they fit into ``stored_bytes``; ``stored_cells`` of a term is at most 2¹⁶.

        Raises:
            RowShapeError: the background has other columns than the model.
            EmptyBackgroundError: it has no rows.
            LongPathError: a path tests more than 64 distinct features.
        """
        placed = ensemble.bins.place(background)
        if not len(background):
            raise EmptyBackgroundError
        slices = _slices(ensemble)
        weights = weights_of_sizes()
        with ThreadPoolExecutor(_n_threads()) as threads:
            passing = tuple(threads.map(partial(_part, ensemble, placed, weights), slices))
            first_order = passing
            if stored_bytes > 0:
                larger = tuple(threads.map(partial(_regroup, ensemble, stored_cells), passing, slices))
                if _table_bytes(larger) <= stored_bytes:
                    first_order = tuple(threads.map(_store, larger))
        return cls(
            bins=ensemble.bins,
            baseline=ensemble.offset + sum(mean_value(part) for part in passing),
            first_order=first_order,
            second_order=passing,
        )

    def explain(self, rows: Floats, *, out: Floats | None = None) -> Explanation:
        """Explain ``rows`` [N, features]; the values of a row do not depend on the rows beside it.

        The SHAP values are written into ``out`` [N, features] when it is given.

        Raises:
            RowShapeError: the rows have other columns than the model.
        """
        shap = np.empty(rows.shape) if out is None else out

        def write(block: slice, values: Floats) -> None:
            shap[block] = values.T

        self._run(rows, write, order=1)
        return Explanation(baseline=self.baseline, shap=shap)

    def interactions(self, rows: Floats) -> Floats:
        """Return the symmetric matrices [N, features, features] of interaction values; rows add up to SHAP values.

        Raises:
            RowShapeError: the rows have other columns than the model.
        """
        n_features = self.bins.n_features
        matrices = np.empty((len(rows), n_features, n_features))

        def write(block: slice, values: Floats) -> None:
            unfold(values, matrices[block])

        self._run(rows, write, order=2)
        return matrices

    def top_interactions(self, rows: Floats, pairs: int) -> Interactions:
        """Return the ``pairs`` pairs of features with the largest interaction values of each row.

        Only one block of rows at a time has the values of all pairs.

        Raises:
            RowShapeError: the rows have other columns than the model.
        """
        n_features = self.bins.n_features
        kept = min(pairs, n_features * (n_features - 1) // 2)
        features = np.empty((len(rows), kept, 2), dtype=np.int64)
        strongest = np.empty((len(rows), kept))
        sums = np.zeros((len(rows), n_features))
        means: dict[int, Floats] = {}

        def write(block: slice, values: Floats) -> None:
            add_up(values, sums[block])
            find_strongest(values, n_features, features[block], strongest[block])
            means[block.start] = np.abs(values).sum(axis=1) / len(rows)

        self._run(rows, write, order=2)
        total = np.zeros((n_columns(n_features, 2), 1))
        for start in sorted(means):
            total[:, 0] += means[start]
        mean = np.empty((1, n_features, n_features))
        unfold(total, mean)
        return Interactions(features=features, values=strongest, sums=sums, mean=mean[0])

    def _run(self, rows: Floats, write: Callable[[slice, Floats], None], *, order: int) -> None:
        """Hand ``write`` the values [columns, rows] of an order for each block of rows."""
        self.bins.check(rows)
        n_threads = _n_threads()
        block_rows = max(1, min(ROWS_PER_BLOCK, BLOCK_ENTRIES // n_columns(self.bins.n_features, order)))
        n_blocks = -(-len(rows) // block_rows)
        if len(rows) > FEW_ROWS:
            n_blocks = -(-n_blocks // n_threads) * n_threads
        bounds = np.linspace(0, len(rows), n_blocks + 1).astype(np.int64).tolist()

        def explain_block(start: int, stop: int, run: Callable[..., Iterable[Floats]]) -> None:
            write(slice(start, stop), self._add(self.bins.place(rows[start:stop]), order, run))

        with ThreadPoolExecutor(n_threads) as threads:
            if len(rows) <= FEW_ROWS:
                for start, stop in pairwise(bounds):
                    explain_block(start, stop, threads.map)
            else:
                done = [threads.submit(explain_block, start, stop, map) for start, stop in pairwise(bounds)]
                for block in done:
                    block.result()

    def _add(self, bins: BinArray, order: int, run: Callable[..., Iterable[Floats]]) -> Floats:
        """Add up the parts in their order, whichever is ready first."""
        values = np.zeros((n_columns(self.bins.n_features, order), bins.shape[1]))
        for part_values in run(partial(_values, bins, order), self.first_order if order == 1 else self.second_order):
            values += part_values
        return values


def _values(bins: BinArray, order: int, part: Model) -> Floats:
    values = np.zeros((n_columns(len(bins), order), bins.shape[1]))
    add_values(part, bins, order, values)
    return values


def _n_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _slices(ensemble: Ensemble) -> list[slice]:
    """Cut the nodes of the ensemble between trees into slices of about the same size."""
    n_nodes = len(ensemble.feature)
    n_parts = min(PARTS, n_nodes // PART_NODES + 1)
    bounds = np.append(ensemble.roots, n_nodes)
    cuts = np.unique(bounds[np.searchsorted(bounds, np.linspace(0, n_nodes, n_parts + 1))]).tolist()
    return [slice(start, stop) for start, stop in pairwise(cuts)]


def _part(ensemble: Ensemble, background: BinArray, weights: Floats, nodes: slice) -> Model:
    paths = find_paths(ensemble, nodes)
    return Model(
        paths=paths,
        failures=find_failures(paths, background),
        terms=_terms(ensemble, paths, 0, nodes),
        weights=weights,
        first_entry=np.empty(0, dtype=np.int64),
        table=np.empty(0),
    )


def _terms(ensemble: Ensemble, paths: Paths, cells: int, nodes: slice) -> Terms:
    leaf = ensemble.feature[nodes] == LEAF
    left = np.where(leaf, LEAF, ensemble.left[nodes] - nodes.start)
    right = np.where(leaf, LEAF, ensemble.right[nodes] - nodes.start)
    return find_terms(paths, left, right, ensemble.n_features, cells)


def _regroup(ensemble: Ensemble, cells: int, part: Model, nodes: slice) -> Model:
    return part._replace(terms=_terms(ensemble, part.paths, cells, nodes))


def _table_bytes(parts: Iterable[Model]) -> int:
    return sum(8 * int(entries(part.terms).sum()) for part in parts)


def _store(part: Model) -> Model:
    """Return the part with the tables of its terms."""
    sizes = entries(part.terms)
    first_entry = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    stored = part._replace(first_entry=first_entry[:-1], table=np.empty(int(first_entry[-1])))
    tabulate(stored)
    return stored
