"""What leaves contribute to the SHAP values (order 1) and the interaction values (order 2) of rows.

A leaf of value v is the game in which a coalition S of features earns v when the row meets the conditions on S and the
background row those outside S. Let c be the conditions that the background row fails, a those that the explained row
meets. Unless c is within a, nobody earns anything; else all of c must join and whatever is outside a must not. With
s = |c|, z conditions outside a, and B(p, q) = p! q! / (p + q + 1)!, the Shapley value is v B(s - 1, z) of a feature in
c and -v B(s, z - 1) of one outside a. The Shapley interaction index of two features is v B(s - 2, z) when both are in
c, -v B(s - 1, z - 1) when one is in c and one outside a, and v B(s, z - 2) when both are outside a (Lundberg et al.
2020; Grabisch and Roubens 1999). An interaction value is half the index: each of the pair's two entries gets a half.
What a feature's interactions leave of its Shapley value is its main effect. Added up over the other features, that of a
feature in c is v (B(s - 1, z) - (s - 1)/2 B(s - 2, z) + z/2 B(s - 1, z - 1)) and that of a feature outside a is
-v (B(s, z - 1) - s/2 B(s - 1, z - 1) + (z - 1)/2 B(s, z - 2)).

Columns of order 1 are features, those of order 2 main effects and pairs of features i ≤ j, at j(j + 1)/2 + i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.tree_shap.compiled import compiled
from pipeline.tree_shap.paths import PATTERN_BITS, hash_slots, mark, number

if TYPE_CHECKING:
    from pipeline.tree_shap.bins import BinArray, Floats, Ints
    from pipeline.tree_shap.paths import Failures, Paths
    from pipeline.tree_shap.terms import Terms

    Patterns = npt.NDArray[np.uint64]
    Places = npt.NDArray[np.uint64]  # numba takes no negative ones from the end, which would cost a comparison


class Model(NamedTuple):
    """Trees ready to be explained against a background; ``weights`` are `weights_of_sizes`.

    Term t has its table at ``table[first_entry[t]:]``, column by column, when tables are stored.
    """

    paths: Paths
    failures: Failures
    terms: Terms
    weights: Floats
    first_entry: Ints
    table: Floats


def weights_of_sizes() -> Floats:
    """Return what a leaf of value 1 contributes, [z, s, 7], for as many features as a path may have.

    To the Shapley value of a feature in c and of one outside a; to the interaction value of a pair within c, across and
    outside a; to the main effect of a feature in c and of one outside a. Where there is none, the weight has no use.
    """
    p = np.arange(PATTERN_BITS + 1)
    shapley = np.zeros((len(p) + 2, len(p) + 2))  # [p + 2, q + 2] is B(p, q)
    shapley[2:, 2] = 1 / (p + 1)
    for q in p[1:]:
        shapley[2:, q + 2] = shapley[2:, q + 1] * q / (p + q + 1)
    z, s = p[:, None], p[None, :]
    inside, outside = shapley[z + 2, s + 1], -shapley[z + 1, s + 2]
    within_pair, across_pair, outside_pair = shapley[z + 2, s] / 2, -shapley[z + 1, s + 1] / 2, shapley[z, s + 2] / 2
    main_inside = inside - (s - 1) * within_pair - z * across_pair
    main_outside = outside - s * across_pair - (z - 1) * outside_pair
    return np.stack([inside, outside, within_pair, across_pair, outside_pair, main_inside, main_outside], axis=2)


@compiled
def n_columns(n_features: int, order: int) -> int:
    """Return the number of features, or of features and pairs."""
    return n_features if order == 1 else n_features * (n_features + 1) // 2


@compiled
def _columns(features: Ints, order: int) -> Places:
    """Return the columns of ``features`` among those of all, in the order of the columns of these alone."""
    found = np.empty(n_columns(len(features), order), dtype=np.uint64)
    at = 0
    for j in range(len(features)):
        if order == 1:
            found[j] = features[j]
            continue
        for i in range(j + 1):
            low, high = min(features[i], features[j]), max(features[i], features[j])
            found[at] = high * (high + 1) // 2 + low
            at += 1
    return found


@compiled
def _count(pattern: np.uint64) -> int:
    count = 0
    while pattern:
        pattern &= pattern - np.uint64(1)
        count += 1
    return count


@compiled
def _lowest(pattern: np.uint64) -> int:
    """Return the number of the lowest bit of a pattern that has one."""
    return _count(~pattern & (pattern - np.uint64(1)))


@compiled
def _solve(  # noqa: C901, PLR0912, PLR0915, PLR0917 - a kernel over plain arrays
    paths: Paths,
    failures: Failures,
    weights: Floats,
    leaf: int,
    patterns: Patterns,
    start: int,
    order: int,
    place: Places,
    sums: Floats,
) -> None:
    """Add what a leaf contributes to a row to ``sums[e]``, for every pattern e of the conditions it meets.

    The first bit of the patterns is for the condition ``start``. The contribution to the leaf's column k goes to
    ``place[k]``. What a row meets is hard to predict: sums are multiplied by ones and zeros rather than branched on.
    """
    n_conditions = paths.first[leaf + 1] - paths.first[leaf]
    value = paths.value[leaf]
    failed = failures.pattern[failures.first[leaf] : failures.first[leaf + 1]]
    share = failures.weight[failures.first[leaf] : failures.first[leaf + 1]]
    n_failures = len(failed)
    one, zero = np.uint64(1), np.uint64(0)
    # which conditions and pairs of conditions each background pattern fails, and in bits, which patterns fail each
    n_pairs = n_columns(n_conditions, order) if order > 1 else 0
    fails = np.empty((n_failures, n_conditions))
    fails_both = np.empty((n_failures, n_pairs))
    n_failed = np.empty(n_failures, dtype=np.uint64)
    n_words = (n_failures + 63) // 64
    failing = np.zeros((n_words, n_conditions), dtype=np.uint64)
    every = np.zeros(n_words, dtype=np.uint64)
    for c in range(n_failures):
        n_failed[c] = np.uint64(_count(failed[c]))
        every[c // 64] |= one << np.uint64(c % 64)
        pair = 0
        for j in range(n_conditions):
            bit = failed[c] >> np.uint64(j) & one
            failing[c // 64, j] |= bit << np.uint64(c % 64)
            fails[c, j] = np.float64(bit)
            if order > 1:
                for i in range(j + 1):
                    fails_both[c, pair] = fails[c, i] * fails[c, j]
                    pair += 1

    # where in `place` main effects stand, and where each condition's pairs go
    diagonal = np.empty(n_conditions, dtype=np.uint64)
    of_pair = np.empty((n_conditions, n_conditions), dtype=np.uint64)
    if order > 1:
        for j in range(n_conditions):
            diagonal[j] = j * (j + 3) // 2
            for i in range(j + 1):
                of_pair[i, j] = of_pair[j, i] = place[j * (j + 1) // 2 + i]

    all_conditions = ~zero >> np.uint64(PATTERN_BITS - n_conditions) if n_conditions > 0 else zero
    single = np.empty(n_conditions)
    main = np.empty(n_conditions)
    within = np.empty(n_pairs)
    for e in range(len(patterns)):
        met = patterns[e] >> np.uint64(paths.first[leaf] - start) & all_conditions
        unmet = ~met & all_conditions
        z = np.uint64(_count(unmet))
        some = False
        single_outside = 0.0
        main_outside = 0.0
        for word in range(n_words):
            blocked = zero
            for i in range(n_conditions):
                blocked |= failing[word, i] & ((met >> np.uint64(i) & one) - one)
            left = every[word] & ~blocked
            if left and not some:
                some = True
                single[:] = 0.0
                main[:] = 0.0
                within[:] = 0.0
            while left:
                c = 64 * word + _lowest(left)
                left &= left - one
                of_sizes = weights[z, n_failed[c]]
                earned = value * share[c]
                if order == 1:
                    single_outside += earned * of_sizes[1]
                    inside = earned * of_sizes[0]
                    for i in range(n_conditions):
                        single[i] += inside * fails[c, i]
                else:
                    within_pair = earned * of_sizes[2]
                    across_pair = earned * of_sizes[3]
                    single_outside += 0.5 * earned * of_sizes[4]  # half for either of the two, who are added up below
                    main_inside = earned * of_sizes[5]
                    main_outside += earned * of_sizes[6]
                    for i in range(n_conditions):
                        single[i] += across_pair * fails[c, i]
                        main[i] += main_inside * fails[c, i]
                    for pair in range(n_pairs):
                        within[pair] += within_pair * fails_both[c, pair]
        if not some:
            continue
        if order == 1:
            for i in range(n_conditions):
                sums[e, place[i]] += single[i] + single_outside * np.float64(unmet >> np.uint64(i) & one)
            continue
        for i in range(n_conditions):
            is_outside = np.float64(unmet >> np.uint64(i) & one)
            single[i] += single_outside * is_outside
            within[diagonal[i]] = main[i] + (main_outside - single_outside) * is_outside
        for at in range(len(place)):
            sums[e, place[at]] += within[at]
        while unmet:
            j = _lowest(unmet)
            unmet &= unmet - one
            for i in range(n_conditions):
                sums[e, of_pair[j, i]] += single[i]


@compiled
def _solve_patterns(  # noqa: PLR0917 - as above
    paths: Paths,
    failures: Failures,
    terms: Terms,
    weights: Floats,
    term: int,
    order: int,
    patterns: Patterns,
    sums: Floats,
    table: Floats,
) -> None:
    """Write the columns of ``term``: the sum of its leaves' contributions to a row with each of the ``patterns``.

    ``sums`` is what ``table`` is before it is turned round.
    """
    sums[:] = 0.0
    start = paths.first[terms.first_leaf[term]]
    for leaf in range(terms.first_leaf[term], terms.last_leaf[term]):
        first, last = paths.first[leaf], paths.first[leaf + 1]
        place = _columns(terms.slot[first:last], order)
        _solve(paths, failures, weights, leaf, patterns, start, order, place, sums)
    _transpose(sums, table)


@compiled
def _solve_cells(  # noqa: PLR0917 - as above
    paths: Paths, failures: Failures, terms: Terms, weights: Floats, term: int, order: int, table: Floats
) -> None:
    """Write the columns of ``term``: the sum of its leaves' contributions to a row in each cell."""
    table[:] = 0.0
    of_cell = np.empty(terms.cells[term], dtype=np.uint16)
    for leaf in range(terms.first_leaf[term], terms.last_leaf[term]):
        first, last = paths.first[leaf], paths.first[leaf + 1]
        own = np.arange(n_columns(last - first, order)).astype(np.uint64)
        met = np.arange(1 << (last - first)).astype(np.uint64)
        sums = np.zeros((len(met), len(own)))
        _solve(paths, failures, weights, leaf, met, first, order, own, sums)
        columns = np.empty((len(own), len(met)))
        _transpose(sums, columns)
        # which conditions a row in each cell meets, slot by slot
        of_cell[0] = 0
        stride = 1
        for slot in range(terms.first[term], terms.first[term + 1]):
            n_classes = terms.classes[slot]
            condition = first
            while condition < last and terms.slot[condition] != slot - terms.first[term]:
                condition += 1
            for k in range(n_classes - 1, -1, -1):
                bit = np.uint16(0)
                if condition < last and terms.member[terms.first_member[condition] + k]:
                    bit = np.uint16(1 << (condition - first))
                for cell in range(stride):
                    of_cell[k * stride + cell] = of_cell[cell] | bit
            stride *= n_classes
        _look_up(columns, of_cell, _columns(terms.slot[first:last], order), table)


@compiled
def _transpose(rows: Floats, columns: Floats) -> None:
    for k in range(len(columns)):
        for e in range(len(rows)):
            columns[k, e] = rows[e, k]


@compiled
def _look_up(columns: Floats, entry: npt.NDArray[np.unsignedinteger], place: Places, values: Floats) -> None:
    """Add to each row of ``values`` [columns, rows] its entry of every column, which goes to its place."""
    for k in range(len(place)):
        _spread(columns[k], entry, values[place[k]])


@compiled
def _spread(column: Floats, entry: npt.NDArray[np.unsignedinteger], values: Floats) -> None:
    for at in range(len(entry)):
        values[at] += column[entry[at]]


@compiled
def entries(terms: Terms, order: int) -> Ints:
    """Return the number of entries of each term's table."""
    found = np.empty(len(terms.cells), dtype=np.int64)
    for term in range(len(found)):
        found[term] = n_columns(terms.first[term + 1] - terms.first[term], order) * terms.cells[term]
    return found


@compiled
def _stored(model: Model, term: int, order: int) -> Floats:
    """Return the place of the columns of ``term`` in the table of ``model``."""
    cells = model.terms.cells[term]
    columns = n_columns(model.terms.first[term + 1] - model.terms.first[term], order)
    first = model.first_entry[term]
    return model.table[first : first + columns * cells].reshape((columns, cells))


@compiled
def tabulate(model: Model, order: int) -> None:
    """Fill the table of ``model`` for every term with cells."""
    for term in range(len(model.terms.cells)):
        if model.terms.cells[term] > 0:
            _solve_cells(
                model.paths, model.failures, model.terms, model.weights, term, order, _stored(model, term, order)
            )


@compiled
def mean_value(model: Model) -> float:
    """Return the mean over the background of what the trees add up to."""
    mean = 0.0
    for leaf in range(len(model.paths.value)):
        for at in range(model.failures.first[leaf], model.failures.first[leaf + 1]):
            if model.failures.pattern[at] == 0:
                mean += model.paths.value[leaf] * model.failures.weight[at]
    return mean


@compiled
def add_values(model: Model, bins: BinArray, order: int, values: Floats) -> None:
    """Add the contributions of every term to ``values`` [columns, rows] of the rows ``bins`` [features, rows]."""
    paths, failures, terms, weights = model.paths, model.failures, model.terms, model.weights
    n_rows = bins.shape[1]
    stored = order == 1 and len(model.first_entry) > 0
    cell = np.empty(n_rows, dtype=np.uint16)
    met = np.empty(n_rows, dtype=np.uint64)
    patterns = np.empty(n_rows, dtype=np.uint64)
    numbers = np.empty(n_rows, dtype=np.uint32)
    slots = hash_slots(n_rows)
    most = 0
    for term in range(len(terms.cells)):
        if terms.cells[term] == 0:
            most = max(most, terms.first[term + 1] - terms.first[term])
    rows = np.empty(n_columns(most, order) * n_rows)
    columns = np.empty(len(rows))
    for term in range(len(terms.cells)):
        place = _columns(terms.feature[terms.first[term] : terms.first[term + 1]], order)
        if terms.cells[term] > 0:
            cell[:] = 0
            for step in range(terms.first_step[term], terms.first_step[term + 1]):
                _step(bins[terms.step_feature[step]], terms.step_bin[step], terms.delta[step], cell)
            if stored:
                table = _stored(model, term, order)
            else:
                table = np.empty((len(place), terms.cells[term]))
                _solve_cells(paths, failures, terms, weights, term, order, table)
            _look_up(table, cell, place, values)
        else:
            first, last = paths.first[terms.first_leaf[term]], paths.first[terms.last_leaf[term]]
            mark(paths, first, last, bins, met)
            n_distinct = number(met, patterns, numbers, slots)
            size = len(place) * n_distinct
            sums = rows[:size].reshape((n_distinct, len(place)))
            table = columns[:size].reshape((len(place), n_distinct))
            _solve_patterns(paths, failures, terms, weights, term, order, patterns[:n_distinct], sums, table)
            _look_up(table, numbers, place, values)


@compiled
def _step(values: BinArray, reached: int, delta: np.uint16, cell: npt.NDArray[np.uint16]) -> None:
    bound = values.dtype.type(reached)
    for row in range(len(cell)):
        cell[row] += delta if values[row] >= bound else np.uint16(0)
