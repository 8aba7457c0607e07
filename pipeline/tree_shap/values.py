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
    """Return what a leaf of value 1 contributes, [7, s, z], for as many features as a path may have.

    To the Shapley value of a feature in c and of one outside a; to the interaction value of a pair within c, across and
    outside a; to the main effect of a feature in c and of one outside a. Where there is none, the weight has no use.
    """
    p = np.arange(PATTERN_BITS + 1)
    shapley = np.zeros((len(p) + 2, len(p) + 2))  # [p + 2, q + 2] is B(p, q)
    shapley[2:, 2] = 1 / (p + 1)
    for q in p[1:]:
        shapley[2:, q + 2] = shapley[2:, q + 1] * q / (p + q + 1)
    z, s = p[None, :], p[:, None]
    inside, outside = shapley[z + 2, s + 1], -shapley[z + 1, s + 2]
    within_pair, across_pair, outside_pair = shapley[z + 2, s] / 2, -shapley[z + 1, s + 1] / 2, shapley[z, s + 2] / 2
    main_inside = inside - (s - 1) * within_pair - z * across_pair
    main_outside = outside - s * across_pair - (z - 1) * outside_pair
    return np.stack([inside, outside, within_pair, across_pair, outside_pair, main_inside, main_outside])


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
def _solve(  # noqa: PLR0917 - a kernel over plain arrays
    paths: Paths,
    failures: Failures,
    weights: Floats,
    leaf: int,
    patterns: Patterns,
    start: int,
    place: Places,
    table: Floats,
) -> None:
    """Add what a leaf contributes to the SHAP values of a row to ``table[:, e]``, for every pattern e that it meets.

    The first bit of the patterns is for the condition ``start``. The contribution to the leaf's column k goes to
    ``place[k]``. Background rows that fail s conditions, all of which the explained row meets, earn alike: they are
    counted, 64 at once, for each s.
    """
    first, last = paths.first[leaf], paths.first[leaf + 1]
    outside = np.empty((last - first, len(patterns)))
    z = np.zeros(len(patterns), dtype=np.uint64)
    for i in range(last - first):
        for e in range(len(patterns)):
            unmet = ~(patterns[e] >> np.uint64(first - start + i)) & np.uint64(1)
            outside[i, e] = np.float64(unmet)
            z[e] += unmet
    value = paths.value[leaf] * failures.share
    for word in range(len(failures.every)):
        fails = failures.rows[word, first:last]
        size = _sizes(fails, failures.every[word])
        rows = _compatible(fails, failures.every[word], patterns, first - start)
        _add_shapley_values(value, weights, fails, size, rows, outside, z, place, table)


@compiled
def _sizes(fails: Patterns, every: np.uint64) -> Patterns:
    """Return which of ``every`` row fail s conditions, for each s; ``fails[i]`` are those that fail condition i."""
    size = np.zeros(len(fails) + 1, dtype=np.uint64)
    size[0] = every
    for i in range(len(fails)):
        for s in range(i + 1, 0, -1):
            size[s] = (size[s] & ~fails[i]) | (size[s - 1] & fails[i])
        size[0] &= ~fails[i]
    return size


@compiled
def _compatible(fails: Patterns, every: np.uint64, patterns: Patterns, first_bit: int) -> Patterns:
    """Return, for each pattern, which of ``every`` row fail no condition that the pattern does not meet."""
    one, zero = np.uint64(1), np.uint64(0)
    compatible = np.full(len(patterns), every)
    for i in range(len(fails)):
        failing = fails[i]
        for e in range(len(patterns)):
            compatible[e] &= ~failing | (zero - (patterns[e] >> np.uint64(first_bit + i) & one))
    return compatible


@compiled
def _weigh(weights: Floats, value: float, z: Patterns, weighted: Floats) -> None:
    for e in range(len(weighted)):
        weighted[e] = value * weights[z[e]]


@compiled
def _add_shapley_values(  # noqa: PLR0917 - as above
    value: float,
    weights: Floats,
    fails: Patterns,
    size: Patterns,
    rows: Patterns,
    outside: Floats,
    z: Patterns,
    place: Places,
    table: Floats,
) -> None:
    n_patterns = len(rows)
    inside = np.empty(n_patterns)
    each_outside = np.empty(n_patterns)
    single_outside = np.zeros(n_patterns)
    for s in range(len(size)):
        if size[s] == 0:
            continue
        _weigh(weights[0, s], value, z, inside)
        _weigh(weights[1, s], value, z, each_outside)
        for e in range(n_patterns):
            single_outside[e] += each_outside[e] * _count(rows[e] & size[s])
        for i in range(len(fails)):
            failing, column = fails[i] & size[s], place[i]
            if failing != 0:
                for e in range(n_patterns):
                    table[column, e] += inside[e] * _count(rows[e] & failing)
    for i in range(len(fails)):
        column = place[i]
        for e in range(n_patterns):
            table[column, e] += single_outside[e] * outside[i, e]


@compiled
def _solve_interactions(  # noqa: PLR0917 - as above
    paths: Paths,
    failures: Failures,
    terms: Terms,
    weights: Floats,
    term: int,
    leaf: int,
    patterns: Patterns,
    table: Floats,
) -> None:
    """Add what a leaf contributes to the interaction values of a row to ``table[e]``, for every pattern e of its term.

    A background row counts for a column when both its features are in c or outside a. Most patterns are compatible
    with few background rows: those that fail the same number of conditions are counted at once for all columns.
    """
    zero, one = np.uint64(0), np.uint64(1)
    first, last, start = paths.first[leaf], paths.first[leaf + 1], paths.first[terms.first_leaf[term]]
    n_slots = terms.first[term + 1] - terms.first[term]
    own = zero  # the bits of the leaf's conditions in a pattern
    bit = np.zeros(n_slots, dtype=np.uint64)  # none of a slot that the leaf does not test; nor does a row fail it
    failing = np.zeros(n_slots, dtype=np.uint64)
    for condition in range(first, last):
        bit[terms.slot[condition]] = one << np.uint64(condition - start)
        own |= one << np.uint64(condition - start)
    columns = np.zeros((4, table.shape[1]), dtype=np.uint64)
    _spread_over_pairs(bit, columns[:2])
    value = paths.value[leaf] * failures.share
    for word in range(len(failures.every)):
        fails = failures.rows[word, first:last]
        for i in range(len(fails)):
            failing[terms.slot[first + i]] = fails[i]
        _spread_over_pairs(failing, columns[2:])
        size = _sizes(fails, failures.every[word])
        size_of = _sizes_of(fails)
        compatible = _compatible(fails, failures.every[word], patterns, first - start)
        for e in range(len(patterns)):
            rest = compatible[e]
            if rest == zero:
                continue
            unmet = own & ~patterns[e]
            z = np.uint64(_count(unmet))
            while rest != zero:
                s = size_of[_count(~rest & (rest - one))]
                rows = rest & size[s]
                rest ^= rows
                within, across, outside = value * weights[2, s, z], value * weights[3, s, z], value * weights[4, s, z]
                main_inside, main_outside = value * weights[5, s, z], value * weights[6, s, z]
                for k in range(table.shape[1]):
                    is_main = columns[0, k] == columns[1, k]
                    i_outside = np.uint64(unmet & columns[0, k] != zero)
                    j_outside = np.uint64(unmet & columns[1, k] != zero)
                    n_outside = i_outside + j_outside
                    counted = rows & (columns[2, k] | (zero - i_outside)) & (columns[3, k] | (zero - j_outside))
                    both_inside = main_inside if is_main else within
                    both_outside = main_outside if is_main else outside
                    weight = both_inside if n_outside == zero else (across if n_outside == one else both_outside)
                    table[e, k] += weight * np.float64(_count(counted))


@compiled
def _spread_over_pairs(of_slot: Patterns, of_pair: Patterns) -> None:
    """Write for each column of main effects and pairs what its two slots have."""
    column = 0
    for j in range(len(of_slot)):
        for i in range(j + 1):
            of_pair[0, column] = of_slot[i]
            of_pair[1, column] = of_slot[j]
            column += 1


@compiled
def _sizes_of(fails: Patterns) -> Patterns:
    """Return how many conditions each background row fails; ``fails[i]`` are those that fail condition i."""
    size_of = np.zeros(PATTERN_BITS, dtype=np.uint64)
    for i in range(len(fails)):
        for row in range(PATTERN_BITS):
            size_of[row] += fails[i] >> np.uint64(row) & np.uint64(1)
    return size_of


@compiled
def _solve_cells(  # noqa: PLR0917 - as above
    paths: Paths, failures: Failures, terms: Terms, weights: Floats, term: int, table: Floats
) -> None:
    """Write the columns of ``term``: the sum of its leaves' contributions to a row in each cell."""
    table[:] = 0.0
    of_cell = np.empty(terms.cells[term], dtype=np.uint16)
    for leaf in range(terms.first_leaf[term], terms.last_leaf[term]):
        first, last = paths.first[leaf], paths.first[leaf + 1]
        own = np.arange(last - first).astype(np.uint64)
        met = np.arange(1 << (last - first)).astype(np.uint64)
        columns = np.zeros((len(own), len(met)))
        _solve(paths, failures, weights, leaf, met, first, own, columns)
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
        _look_up(columns, of_cell, _columns(terms.slot[first:last], 1), table)


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
def entries(terms: Terms) -> Ints:
    """Return the number of entries of each term's table."""
    found: Ints = (terms.first[1:] - terms.first[:-1]) * terms.cells
    return found


@compiled
def _stored(model: Model, term: int) -> Floats:
    """Return the place of the columns of ``term`` in the table of ``model``."""
    columns, cells = model.terms.first[term + 1] - model.terms.first[term], model.terms.cells[term]
    first = model.first_entry[term]
    return model.table[first : first + columns * cells].reshape((columns, cells))


@compiled
def tabulate(model: Model) -> None:
    """Fill the table of ``model`` for every term with cells."""
    for term in range(len(model.terms.cells)):
        if model.terms.cells[term] > 0:
            _solve_cells(model.paths, model.failures, model.terms, model.weights, term, _stored(model, term))


@compiled
def mean_value(model: Model) -> float:
    """Return the mean over the background of what the trees add up to."""
    mean = 0.0
    for leaf in range(len(model.paths.value)):
        for word in range(len(model.failures.every)):
            reaching = model.failures.every[word]
            for condition in range(model.paths.first[leaf], model.paths.first[leaf + 1]):
                reaching &= ~model.failures.rows[word, condition]
            mean += model.paths.value[leaf] * model.failures.share * _count(reaching)
    return mean


@compiled
def _row_width(used: int, order: int) -> int:
    """Return the entries of a row of a table: of interactions, whole blocks of what a processor handles at once."""
    return used if order == 1 else -(-used // 8) * 8


@compiled
def add_values(model: Model, bins: BinArray, order: int, values: Floats) -> None:
    """Add the contributions of every term to ``values`` [columns, rows] of the rows ``bins`` [features, rows].

    Terms with cells have tables, which are of order 1.
    """
    paths, failures, terms, weights = model.paths, model.failures, model.terms, model.weights
    n_rows = bins.shape[1]
    cell = np.empty(n_rows, dtype=np.uint16)
    met = np.empty(n_rows, dtype=np.uint64)
    patterns = np.empty(n_rows, dtype=np.uint64)
    numbers = np.empty(n_rows, dtype=np.uint32)
    slots = hash_slots(n_rows)
    most = 0
    for term in range(len(terms.cells)):
        if terms.cells[term] == 0:
            most = max(most, terms.first[term + 1] - terms.first[term])
    tables = np.empty(_row_width(n_columns(most, order), order) * n_rows)
    for term in range(len(terms.cells)):
        place = _columns(terms.feature[terms.first[term] : terms.first[term + 1]], order)
        if terms.cells[term] > 0:
            cell[:] = 0
            for step in range(terms.first_step[term], terms.first_step[term + 1]):
                _step(bins[terms.step_feature[step]], terms.step_bin[step], terms.delta[step], cell)
            _look_up(_stored(model, term), cell, place, values)
        else:
            first, last = paths.first[terms.first_leaf[term]], paths.first[terms.last_leaf[term]]
            mark(paths, first, last, bins, met)
            n_distinct = number(met, patterns, numbers, slots)
            width = _row_width(len(place), order)
            table = tables[: width * n_distinct]
            table[:] = 0.0
            if order == 1:
                columns = table.reshape((width, n_distinct))
                for leaf in range(terms.first_leaf[term], terms.last_leaf[term]):
                    own = terms.slot[paths.first[leaf] : paths.first[leaf + 1]].astype(np.uint64)
                    _solve(paths, failures, weights, leaf, patterns[:n_distinct], first, own, columns)
                _look_up(columns, numbers, place, values)
            else:
                rows = table.reshape((n_distinct, width))
                for leaf in range(terms.first_leaf[term], terms.last_leaf[term]):
                    _solve_interactions(paths, failures, terms, weights, term, leaf, patterns[:n_distinct], rows)
                numbers *= np.uint32(width)  # now where the row of the table begins
                for k in range(len(place)):
                    _spread(table[k:], numbers, values[place[k]])


@compiled
def _step(values: BinArray, reached: int, delta: np.uint16, cell: npt.NDArray[np.uint16]) -> None:
    bound = values.dtype.type(reached)
    for row in range(len(cell)):
        cell[row] += delta if values[row] >= bound else np.uint16(0)
