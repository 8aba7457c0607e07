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


class Model(NamedTuple):
    """Trees ready to be explained against a background; ``shapley[p, q]`` is B(p, q).

    Term t has its table at ``table[first_entry[t]:]``, column by column, when tables are stored.
    """

    paths: Paths
    failures: Failures
    terms: Terms
    shapley: Floats
    first_entry: Ints
    table: Floats


def shapley_weights() -> Floats:
    """Return B(p, q), which is B(q, p), for as many features as a path may have."""
    p = np.arange(PATTERN_BITS + 1)
    weights = np.ones((len(p), len(p)))
    weights[:, 0] = 1 / (p + 1)
    for q in p[1:]:
        weights[:, q] = weights[:, q - 1] * q / (p + q + 1)
    return weights


@compiled
def n_columns(n_features: int, order: int) -> int:
    """Return the number of features, or of features and pairs."""
    return n_features if order == 1 else n_features * (n_features + 1) // 2


@compiled
def _pair(one: int, other: int) -> int:
    return other * (other + 1) // 2 + one if one < other else one * (one + 1) // 2 + other


@compiled
def _count(pattern: np.uint64) -> int:
    count = 0
    while pattern:
        pattern &= pattern - np.uint64(1)
        count += 1
    return count


# Kernels below hand each other plain arrays: a tuple of arrays costs a reference count per array and call.


@compiled
def _solve(  # noqa: C901, PLR0912, PLR0915, PLR0917 - a kernel over plain arrays
    met: Patterns,
    n_conditions: int,
    value: float,
    failed: Patterns,
    weight: Floats,
    shapley: Floats,
    order: int,
    columns: Floats,
) -> None:
    """Write what a leaf contributes to a row that meets the conditions ``met[e]``, for every e.

    The contribution to column j is ``columns[j * len(met) + e]``; ``failed`` and ``weight`` are the leaf's `Failures`.
    """
    n_failures = len(failed)
    size = len(met)
    # the conditions that each background pattern fails, one after the other
    first_bit = np.empty(n_failures + 1, dtype=np.int64)
    bits = np.empty(n_failures * n_conditions + 1, dtype=np.int64)
    n_bits = 0
    first_bit[0] = 0
    for c in range(n_failures):
        for i in range(n_conditions):
            bits[n_bits] = i
            n_bits += int((failed[c] >> np.uint64(i)) & np.uint64(1))
        first_bit[c + 1] = n_bits

    columns[: n_columns(n_conditions, order) * size] = 0.0
    within = np.empty(n_failures + 1, dtype=np.int64)
    single = np.empty(n_conditions)
    main = np.empty(n_conditions)
    for e in range(size):
        unmet = ~met[e]
        n_within = 0
        for c in range(n_failures):
            within[n_within] = c
            n_within += int(failed[c] & unmet == np.uint64(0))
        if n_within == 0:
            continue
        z = n_conditions - _count(met[e])
        single[:] = 0.0
        main[:] = 0.0
        outside = 0.0
        main_outside = 0.0
        for at in range(n_within):
            c = within[at]
            start, stop = first_bit[c], first_bit[c + 1]
            s = stop - start
            if order == 1:
                if s > 0:
                    gain = value * weight[c] * shapley[z, s - 1]
                    for b in range(start, stop):
                        single[bits[b]] += gain
                if z > 0:
                    outside -= value * weight[c] * shapley[z - 1, s]
            else:
                half = 0.5 * value * weight[c]
                within_pair = half * shapley[z, s - 2] if s > 1 else 0.0
                across_pair = half * shapley[z - 1, s - 1] if s > 0 and z > 0 else 0.0
                outside_pair = half * shapley[z - 2, s] if z > 1 else 0.0
                outside += outside_pair
                if z > 0:
                    main_outside += s * across_pair - (z - 1) * outside_pair - 2.0 * half * shapley[z - 1, s]
                if s > 0:
                    gain = 2.0 * half * shapley[z, s - 1] - (s - 1) * within_pair + z * across_pair
                    for b in range(start, stop):
                        main[bits[b]] += gain
                        single[bits[b]] -= across_pair
                        row = bits[b] * (bits[b] + 1) // 2
                        for a in range(start, b):
                            columns[(row + bits[a]) * size + e] += within_pair
        for i in range(n_conditions):
            if unmet >> np.uint64(i) & np.uint64(1):
                single[i] = outside
                main[i] = main_outside
        if order == 1:
            for j in range(n_conditions):
                columns[j * size + e] = single[j]
        else:
            for j in range(n_conditions):
                j_unmet = unmet >> np.uint64(j) & np.uint64(1)
                row = j * (j + 1) // 2
                columns[(row + j) * size + e] = main[j]
                for i in range(j):
                    if j_unmet:
                        columns[(row + i) * size + e] = single[i]
                    elif unmet >> np.uint64(i) & np.uint64(1):
                        columns[(row + i) * size + e] = single[j]


@compiled
def _tabulate(  # noqa: PLR0917 - as above
    paths: Paths,
    failures: Failures,
    terms: Terms,
    shapley: Floats,
    term: int,
    order: int,
    columns: Floats,
    table: Floats,
) -> None:
    """Write the columns of ``term``: the sum of its leaves' contributions to a row in each cell."""
    cells = terms.cells[term]
    slots = range(terms.first[term], terms.first[term + 1])
    table[: n_columns(len(slots), order) * cells] = 0.0
    of_cell = np.empty(cells, dtype=np.uint64)
    for leaf in range(terms.first_leaf[term], terms.last_leaf[term]):
        first, last = paths.first[leaf], paths.first[leaf + 1]
        size = 1 << (last - first)
        of_failures = slice(failures.first[leaf], failures.first[leaf + 1])
        _solve(
            np.arange(size).astype(np.uint64),
            last - first,
            paths.value[leaf],
            failures.pattern[of_failures],
            failures.weight[of_failures],
            shapley,
            order,
            columns,
        )
        # which conditions a row in each cell meets, slot by slot
        of_cell[0] = 0
        stride = 1
        for slot in slots:
            n_classes = terms.classes[slot]
            condition = first
            while condition < last and terms.slot[condition] != slot:
                condition += 1
            for k in range(n_classes - 1, -1, -1):
                bit = np.uint64(0)
                if condition < last and terms.member[terms.first_member[condition] + k]:
                    bit = np.uint64(1) << np.uint64(condition - first)
                for cell in range(stride):
                    of_cell[k * stride + cell] = of_cell[cell] | bit
            stride *= n_classes
        for j in range(last - first):
            slot_j = terms.slot[first + j] - slots.start
            if order == 1:
                _spread(columns[j * size : (j + 1) * size], of_cell, table[slot_j * cells : (slot_j + 1) * cells])
                continue
            for i in range(j + 1):
                source = _pair(i, j)
                target = _pair(terms.slot[first + i] - slots.start, slot_j)
                _spread(
                    columns[source * size : (source + 1) * size], of_cell, table[target * cells : (target + 1) * cells]
                )


@compiled
def _spread(column: Floats, place: npt.NDArray[np.unsignedinteger], values: Floats) -> None:
    """Add to each value the entry of ``column`` at its place."""
    for at in range(len(place)):
        values[at] += column[place[at]]


@compiled
def _most_columns(model: Model, n_rows: int, order: int) -> int:
    """Return the number of entries that `_solve` writes for the leaf that needs most of them."""
    most = 1
    for term in range(len(model.terms.cells)):
        for leaf in range(model.terms.first_leaf[term], model.terms.last_leaf[term]):
            n_conditions = model.paths.first[leaf + 1] - model.paths.first[leaf]
            size = 1 << n_conditions if model.terms.cells[term] > 0 else n_rows
            most = max(most, n_columns(n_conditions, order) * size)
    return most


@compiled
def entries(terms: Terms, order: int) -> Ints:
    """Return the number of entries of each term's table."""
    found = np.empty(len(terms.cells), dtype=np.int64)
    for term in range(len(found)):
        found[term] = n_columns(terms.first[term + 1] - terms.first[term], order) * terms.cells[term]
    return found


@compiled
def tabulate(model: Model, order: int) -> None:
    """Fill the table of ``model`` for every term with cells."""
    columns = np.empty(_most_columns(model, 0, order))
    for term in range(len(model.terms.cells)):
        if model.terms.cells[term] > 0:
            table = model.table[model.first_entry[term] :]
            _tabulate(model.paths, model.failures, model.terms, model.shapley, term, order, columns, table)


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
    paths, failures, terms = model.paths, model.failures, model.terms
    n_rows = bins.shape[1]
    stored = order == 1 and len(model.first_entry) > 0
    columns = np.empty(_most_columns(model, n_rows, order))
    table = np.empty(1 if stored else max(1, entries(terms, order).max()))
    cell = np.empty(n_rows, dtype=np.uint16)
    met = np.empty(n_rows, dtype=np.uint64)
    distinct = np.empty(n_rows, dtype=np.uint64)
    numbers = np.empty(n_rows, dtype=np.uint32)
    slots = hash_slots(n_rows)
    for term in range(len(terms.cells)):
        features = terms.feature[terms.first[term] : terms.first[term + 1]]
        cells = terms.cells[term]
        if cells > 0:
            cell[:] = 0
            for step in range(terms.first_step[term], terms.first_step[term + 1]):
                _step(bins[terms.step_feature[step]], terms.step_bin[step], terms.delta[step], cell)
            if stored:
                first = model.first_entry[term]
                _look_up(model.table[first:], cells, cell, features, order, values)
            else:
                _tabulate(paths, failures, terms, model.shapley, term, order, columns, table)
                _look_up(table, cells, cell, features, order, values)
        else:
            leaf = terms.first_leaf[term]
            of_failures = slice(failures.first[leaf], failures.first[leaf + 1])
            mark(paths, leaf, bins, met)
            n_distinct = number(met, distinct, numbers, slots)
            _solve(
                distinct[:n_distinct],
                len(features),
                paths.value[leaf],
                failures.pattern[of_failures],
                failures.weight[of_failures],
                model.shapley,
                order,
                columns,
            )
            _look_up(columns, n_distinct, numbers, features, order, values)


@compiled
def _step(values: BinArray, reached: int, delta: np.uint16, cell: npt.NDArray[np.uint16]) -> None:
    bound = values.dtype.type(reached)
    for row in range(len(cell)):
        cell[row] += delta if values[row] >= bound else np.uint16(0)


@compiled
def _look_up(  # noqa: PLR0917 - as above
    table: Floats,
    size: int,
    entry: npt.NDArray[np.unsignedinteger],
    features: Ints,
    order: int,
    values: Floats,
) -> None:
    """Add to each row of ``values`` its entry of every column of ``table``."""
    for j in range(len(features)):
        if order == 1:
            _spread(table[j * size : (j + 1) * size], entry, values[features[j]])
        else:
            for i in range(j + 1):
                column = _pair(i, j)
                _spread(table[column * size : (column + 1) * size], entry, values[_pair(features[i], features[j])])
