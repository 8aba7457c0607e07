"""What is made of the interaction values of rows: matrices, or their strongest pairs and sums.

Values are [columns, rows], where the column of features i ≤ j is j(j + 1)/2 + i, and that of i = j a main effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.tree_shap.compiled import compiled

if TYPE_CHECKING:
    from pipeline.tree_shap.bins import Floats, Ints


@compiled
def unfold(values: Floats, matrices: Floats) -> None:
    """Write the symmetric ``matrices`` [rows, features, features]."""
    for row in range(len(matrices)):
        at = 0
        for j in range(matrices.shape[1]):
            for i in range(j + 1):
                matrices[row, i, j] = values[at, row]
                matrices[row, j, i] = values[at, row]
                at += 1


@compiled
def add_up(values: Floats, sums: Floats) -> None:
    """Add to ``sums`` [rows, features] the sums of the rows of the symmetric matrices."""
    for j in range(sums.shape[1]):
        for i in range(j + 1):
            column = values[j * (j + 1) // 2 + i]
            for row in range(len(sums)):
                sums[row, j] += column[row]
                if i < j:
                    sums[row, i] += column[row]


@compiled
def find_strongest(values: Floats, n_features: int, features: Ints, strongest: Floats) -> None:
    """Write the pairs with the largest values of each row, largest first, into ``features`` [rows, pairs, 2].

    Of pairs as large as each other, that of the column before comes first. Their
    values go into ``strongest`` [rows, pairs].
    """
    n_rows, kept = strongest.shape
    if kept == 0:
        return
    n_found = 0
    for j in range(n_features):
        for i in range(j):
            column = values[j * (j + 1) // 2 + i]
            for row in range(n_rows):
                value = column[row]
                if n_found == kept and abs(value) <= abs(strongest[row, kept - 1]):
                    continue
                place = min(n_found, kept - 1)
                while place > 0 and abs(value) > abs(strongest[row, place - 1]):
                    strongest[row, place] = strongest[row, place - 1]
                    features[row, place, 0] = features[row, place - 1, 0]
                    features[row, place, 1] = features[row, place - 1, 1]
                    place -= 1
                strongest[row, place] = value
                features[row, place, 0] = i
                features[row, place, 1] = j
            n_found = min(n_found + 1, kept)
