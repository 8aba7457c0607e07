"""The leaves of an ensemble with the conditions on their paths, and how the background meets them.

A leaf's path tests some features more than once; its *conditions* are those tests merged to one set of bins for each
distinct feature. A row is to a leaf no more than a *pattern*: bit i says whether it meets condition i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.tree_shap.compiled import compiled
from pipeline.tree_shap.errors import LongPathError

if TYPE_CHECKING:
    from pipeline.tree_shap.bins import BinArray, Floats, Ints
    from pipeline.tree_shap.trees import Ensemble

PATTERN_BITS = 64
NO_BIN = 2**62  # beyond every bin


class Paths(NamedTuple):
    """Leaves in the order of the trees, left to right.

    Leaf l has conditions ``first[l] … first[l + 1]``. Condition c is on ``feature[c]`` and holds its bins between the
    ascending ``toggles[first_toggle[c]:first_toggle[c + 1]]``: at the first it begins to hold, at the second it ends,
    and so on. ``first_leaf`` and ``last_leaf`` are, for each node, the range of leaves below it.
    """

    value: Floats
    first: Ints
    feature: Ints
    first_toggle: Ints
    toggles: Ints
    first_leaf: Ints
    last_leaf: Ints


class Failures(NamedTuple):
    """Which background rows fail each condition: bit b of ``rows[w, c]`` says so of condition c and row 64 w + b.

    ``every`` [w] are the bits that stand for rows, each of which is a ``share`` of them all.
    """

    share: float
    every: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.uint64]


def find_paths(ensemble: Ensemble, nodes: slice) -> Paths:
    """Return the leaves of the whole trees that occupy ``nodes`` of the ensemble.

    Raises:
        LongPathError: a leaf has more conditions than a pattern has bits.
    """
    start = nodes.start
    edges = np.diff(ensemble.bins.start)
    categorical = ensemble.bins.categorical
    # a numeric condition is an interval and perhaps the missing bin; one on categories may toggle at each of them
    most_toggles = 4 if not categorical.any() else max(4, int(edges[categorical].max()) + 2)
    paths = _find_paths(
        ensemble.feature[nodes],
        ensemble.left[nodes] - start,
        ensemble.right[nodes] - start,
        ensemble.split[nodes],
        ensemble.missing_left[nodes],
        ensemble.left_set[nodes],
        ensemble.left_sets,
        ensemble.value[nodes],
        edges + 1,
        most_toggles,
    )
    longest = int(np.diff(paths.first).max())
    if longest > PATTERN_BITS:
        raise LongPathError(longest, limit=PATTERN_BITS)
    return paths


@compiled
def _find_paths(  # noqa: C901, PLR0912, PLR0915, PLR0917 - a kernel: one pass over plain arrays
    feature: Ints,
    left: Ints,
    right: Ints,
    split: Ints,
    missing_left: npt.NDArray[np.bool_],
    left_set: Ints,
    left_sets: npt.NDArray[np.bool_],
    value: Floats,
    missing_bin: Ints,
    most_toggles: int,
) -> Paths:
    n_nodes = len(feature)
    parent = np.full(n_nodes, -1, dtype=np.int64)
    depth = np.zeros(n_nodes, dtype=np.int64)
    leaves_below = np.zeros(n_nodes, dtype=np.int64)
    for node in range(n_nodes):
        if feature[node] >= 0:
            parent[left[node]] = node
            parent[right[node]] = node
            depth[left[node]] = depth[node] + 1
            depth[right[node]] = depth[node] + 1
    n_leaves = 0
    n_tests = 0
    for node in range(n_nodes - 1, -1, -1):
        if feature[node] < 0:
            leaves_below[node] = 1
            n_leaves += 1
            n_tests += depth[node]
        else:
            leaves_below[node] = leaves_below[left[node]] + leaves_below[right[node]]
    first_leaf = np.zeros(n_nodes, dtype=np.int64)
    leaf_node = np.zeros(n_leaves, dtype=np.int64)
    placed = 0
    for node in range(n_nodes):
        if parent[node] < 0:
            first_leaf[node] = placed
            placed += leaves_below[node]
        if feature[node] < 0:
            leaf_node[first_leaf[node]] = node
        else:
            first_leaf[left[node]] = first_leaf[node]
            first_leaf[right[node]] = first_leaf[node] + leaves_below[left[node]]

    first = np.zeros(n_leaves + 1, dtype=np.int64)
    of_feature = np.zeros(n_tests, dtype=np.int64)
    first_toggle = np.zeros(n_tests + 1, dtype=np.int64)
    toggles = np.zeros(n_tests * most_toggles, dtype=np.int64)
    n_conditions = 0
    n_toggles = 0

    n_features = len(missing_bin)
    seen = np.full(n_features, -1, dtype=np.int64)  # the last leaf whose path tests the feature
    low = np.zeros(n_features, dtype=np.int64)
    high = np.zeros(n_features, dtype=np.int64)
    missing = np.zeros(n_features, dtype=np.bool_)
    holds = np.zeros((n_features, left_sets.shape[1]), dtype=np.bool_)
    is_set = np.zeros(n_features, dtype=np.bool_)
    for leaf in range(n_leaves):
        node = leaf_node[leaf]
        while parent[node] >= 0:
            above = parent[node]
            tested = feature[above]
            goes_left = left[above] == node
            if seen[tested] != leaf:
                seen[tested] = leaf
                of_feature[n_conditions] = tested
                n_conditions += 1
                low[tested] = 0
                high[tested] = missing_bin[tested]
                missing[tested] = True
                is_set[tested] = left_set[above] >= 0
                holds[tested] = True
            missing[tested] &= missing_left[above] == goes_left
            if left_set[above] >= 0:
                for category in range(holds.shape[1]):
                    holds[tested, category] &= left_sets[left_set[above], category] == goes_left
            elif goes_left:
                high[tested] = min(high[tested], split[above] + 1)
            else:
                low[tested] = max(low[tested], split[above] + 1)
            node = above
        first[leaf + 1] = n_conditions
        for condition in range(first[leaf], n_conditions):
            tested = of_feature[condition]
            last = missing_bin[tested]
            inside = False
            if is_set[tested]:
                for category in range(last):
                    held = category < holds.shape[1] and holds[tested, category]
                    if held != inside:
                        toggles[n_toggles] = category
                        n_toggles += 1
                        inside = held
            elif low[tested] < high[tested]:
                toggles[n_toggles] = low[tested]
                n_toggles += 1
                inside = high[tested] == last
                if not inside:
                    toggles[n_toggles] = high[tested]
                    n_toggles += 1
            if missing[tested] != inside:
                toggles[n_toggles] = last
                n_toggles += 1
            first_toggle[condition + 1] = n_toggles

    return Paths(
        value[leaf_node],
        first,
        of_feature[:n_conditions].copy(),
        first_toggle[: n_conditions + 1].copy(),
        toggles[:n_toggles].copy(),
        first_leaf,
        first_leaf + leaves_below,
    )


@compiled
def mark(paths: Paths, first: int, last: int, bins: BinArray, patterns: npt.NDArray[np.uint64]) -> None:
    """Write which of the conditions ``first … last`` each row of ``bins`` [features, rows] meets."""
    patterns[:] = np.uint64(0)
    for condition in range(first, last):
        values = bins[paths.feature[condition]]
        bit = np.uint64(1) << np.uint64(condition - first)
        last_toggle = paths.first_toggle[condition + 1]
        for at in range(paths.first_toggle[condition], last_toggle, 2):
            begin = paths.toggles[at]
            end = paths.toggles[at + 1] if at + 1 < last_toggle else NO_BIN
            for row in range(len(patterns)):
                patterns[row] |= bit if begin <= values[row] < end else np.uint64(0)


@compiled
def number(
    patterns: npt.NDArray[np.uint64],
    distinct: npt.NDArray[np.uint64],
    numbers: npt.NDArray[np.uint32],
    slots: Ints,
) -> int:
    """Number the distinct ``patterns`` in the order they come, and return how many there are.

    ``slots`` is a hash table with open addressing, of a power of two of at least twice as many entries as there are
    patterns, all -1 before and after; ``distinct`` and ``numbers`` are as long as ``patterns``.
    """
    n_distinct = 0
    last_slot = np.uint64(len(slots) - 1)
    taken = np.empty(len(patterns), dtype=np.uint64)
    for row in range(len(patterns)):
        pattern = patterns[row]
        slot = (pattern * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32) & last_slot
        while slots[slot] >= 0 and distinct[np.uint64(slots[slot])] != pattern:
            slot = (slot + np.uint64(1)) & last_slot
        if slots[slot] < 0:
            slots[slot] = n_distinct
            taken[n_distinct] = slot
            distinct[n_distinct] = pattern
            n_distinct += 1
        numbers[row] = slots[slot]
    for at in range(n_distinct):
        slots[taken[at]] = -1
    return n_distinct


@compiled
def hash_slots(n_patterns: int) -> Ints:
    """Return an empty hash table for `number`."""
    size = 4
    while size < 2 * n_patterns:
        size *= 2
    return np.full(size, -1, dtype=np.int64)


@compiled
def find_failures(paths: Paths, background: BinArray) -> Failures:
    """Return the conditions that the rows of ``background`` [features, rows] fail."""
    n_rows = background.shape[1]
    n_words = (n_rows + PATTERN_BITS - 1) // PATTERN_BITS
    every = np.empty(n_words, dtype=np.uint64)
    rows = np.empty((n_words, len(paths.feature)), dtype=np.uint64)
    for word in range(n_words):
        first, last = PATTERN_BITS * word, min(PATTERN_BITS * (word + 1), n_rows)
        every[word] = ~np.uint64(0) >> np.uint64(PATTERN_BITS - (last - first))
        for condition in range(len(paths.feature)):
            values = background[paths.feature[condition], first:last]
            failing = every[word]
            for at in range(paths.first_toggle[condition], paths.first_toggle[condition + 1]):
                reaching = np.uint64(0)
                for row in range(len(values)):
                    reaching |= np.uint64(values[row] >= paths.toggles[at]) << np.uint64(row)
                failing ^= reaching
            rows[word, condition] = failing
    return Failures(1.0 / n_rows, every, rows)
