"""Leaves of a tree grouped into terms that can be tabulated together.

The contribution of all leaves below a node depends only on which *cell* a row is in: for each feature that their
conditions test, bins that no condition tells apart are one class, and a cell is one class of each feature. A small tree
is one term of a few hundred cells; a large one falls apart into subtrees, down to single leaves, whose cells are the
patterns of their conditions. Neighbouring leaves with more cells than the limit are terms without cells as long as
their conditions, one leaf's after the other's, are few: a row is to such a term the pattern of these conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.tree_shap.compiled import compiled

if TYPE_CHECKING:
    from pipeline.tree_shap.bins import Ints
    from pipeline.tree_shap.paths import Paths

JOINT_CONDITIONS = 36  # of the leaves of a term without cells, a single leaf aside; at most the bits of a pattern


class Terms(NamedTuple):
    """Groups of neighbouring leaves, ``first_leaf[t] … last_leaf[t]``, and how rows find their cells.

    Term t tabulates the features ``feature[first[t]:first[t + 1]]``, its *slots*, with ``classes`` classes each; the
    first slot varies fastest. A row's cell is the sum of ``delta`` (modulo 2¹⁶) over the steps
    ``first_step[t] … first_step[t + 1]`` whose ``step_bin`` its bin of ``step_feature`` reaches.
    ``cells`` is 0 where there are too many. Condition c is on the feature of its term's slot ``slot[c]``; where there
    are cells, ``member[first_member[c] + k]`` says whether class k of that slot meets it.
    """

    first_leaf: Ints
    last_leaf: Ints
    cells: Ints
    first: Ints
    feature: Ints
    classes: Ints
    first_step: Ints
    step_feature: Ints
    step_bin: Ints
    delta: npt.NDArray[np.uint16]
    slot: Ints
    first_member: Ints
    member: npt.NDArray[np.bool_]


@compiled
def _classes(  # noqa: C901, PLR0917 - a kernel over plain arrays
    paths: Paths,
    leaves: tuple[int, int],
    feature: int,
    bounds: Ints,
    classes: Ints,
    member: npt.NDArray[np.bool_],
    renamed: Ints,
) -> tuple[int, int]:
    """Cut the bins of ``feature`` where a condition of the leaves toggles; return the number of segments and classes.

    Segment s begins at bin ``bounds[s]`` and is in class ``classes[s]``; the first is in class 0.
    """
    bounds[0] = 0
    n_segments = 1
    for condition in range(paths.first[leaves[0]], paths.first[leaves[1]]):
        if paths.feature[condition] != feature:
            continue
        for at in range(paths.first_toggle[condition], paths.first_toggle[condition + 1]):
            toggle = paths.toggles[at]
            place = n_segments
            while bounds[place - 1] > toggle:
                place -= 1
            if bounds[place - 1] != toggle:
                for moved in range(n_segments, place, -1):
                    bounds[moved] = bounds[moved - 1]
                bounds[place] = toggle
                n_segments += 1
    classes[:n_segments] = 0
    n_classes = 1
    for condition in range(paths.first[leaves[0]], paths.first[leaves[1]]):
        if paths.feature[condition] != feature:
            continue
        _members(paths, condition, bounds[:n_segments], member)
        renamed[: 2 * n_classes] = -1
        n_classes = 0
        for segment in range(n_segments):
            key = 2 * classes[segment] + member[segment]
            if renamed[key] < 0:
                renamed[key] = n_classes
                n_classes += 1
            classes[segment] = renamed[key]
    return n_segments, n_classes


@compiled
def _members(paths: Paths, condition: int, bounds: Ints, member: npt.NDArray[np.bool_]) -> None:
    """Write which segments meet ``condition``."""
    inside = False
    at = paths.first_toggle[condition]
    for segment in range(len(bounds)):
        while at < paths.first_toggle[condition + 1] and paths.toggles[at] <= bounds[segment]:
            inside = not inside
            at += 1
        member[segment] = inside


@compiled
def _features(paths: Paths, leaves: tuple[int, int], found: Ints, seen: npt.NDArray[np.bool_]) -> int:
    """Write the features that the leaves test and return how many there are; ``seen`` is all false before and after."""
    n_found = 0
    for condition in range(paths.first[leaves[0]], paths.first[leaves[1]]):
        feature = paths.feature[condition]
        if not seen[feature]:
            seen[feature] = True
            found[n_found] = feature
            n_found += 1
    for at in range(n_found):
        seen[found[at]] = False
    return n_found


@compiled
def find_terms(  # noqa: C901, PLR0912, PLR0915 - one pass that fills one set of arrays
    paths: Paths, left: Ints, right: Ints, n_features: int, most_cells: int
) -> Terms:
    """Group the leaves of whole trees into the largest terms; ``left`` and ``right`` are children, negative at leaves.

    ``most_cells`` is at most 2¹⁶; with 0, terms have no cells.
    """
    n_nodes = len(left)
    n_toggles = len(paths.toggles) + 1
    bounds = np.zeros(n_toggles, dtype=np.int64)
    classes = np.zeros(n_toggles, dtype=np.int64)
    member = np.zeros(n_toggles, dtype=np.bool_)
    renamed = np.zeros(2 * n_toggles, dtype=np.int64)
    found = np.zeros(n_features, dtype=np.int64)
    seen = np.zeros(n_features, dtype=np.bool_)

    # how many cells the leaves below each node span, children first; 0: too many for one table
    cells = np.zeros(n_nodes, dtype=np.int64)
    is_term = np.zeros(n_nodes, dtype=np.bool_)
    for node in range(n_nodes - 1, -1, -1):
        leaves = (paths.first_leaf[node], paths.last_leaf[node])
        n_conditions = paths.first[leaves[1]] - paths.first[leaves[0]]
        if left[node] < 0:
            cells[node] = 1 << n_conditions if n_conditions < 17 and 1 << n_conditions <= most_cells else 0  # noqa: PLR2004
        elif cells[left[node]] > 0 and cells[right[node]] > 0:
            spanned = 1
            for at in range(_features(paths, leaves, found, seen)):
                spanned *= _classes(paths, leaves, found[at], bounds, classes, member, renamed)[1]
                if spanned > most_cells:
                    break
            cells[node] = spanned if spanned <= most_cells else 0
        if left[node] < 0 or cells[node] > 0 or n_conditions <= JOINT_CONDITIONS:
            is_term[node] = True
            if left[node] >= 0:
                is_term[left[node]] = False
                is_term[right[node]] = False

    n_terms = is_term.sum()
    first_leaf = np.zeros(n_terms, dtype=np.int64)
    last_leaf = np.zeros(n_terms, dtype=np.int64)
    term_cells = np.zeros(n_terms, dtype=np.int64)
    first = np.zeros(n_terms + 1, dtype=np.int64)
    n_conditions = len(paths.feature)
    feature = np.zeros(n_conditions, dtype=np.int64)
    slot_classes = np.zeros(n_conditions, dtype=np.int64)
    first_step = np.zeros(n_terms + 1, dtype=np.int64)
    step_feature = np.zeros(n_toggles, dtype=np.int64)
    step_bin = np.zeros(n_toggles, dtype=np.int64)
    delta = np.zeros(n_toggles, dtype=np.uint16)
    slot = np.zeros(n_conditions, dtype=np.int64)
    first_member = np.zeros(n_conditions, dtype=np.int64)
    members = np.zeros(8 * n_conditions + 1, dtype=np.bool_)
    n_members = 0

    term = 0
    n_slots = 0
    n_steps = 0
    for node in range(n_nodes):
        if not is_term[node]:
            continue
        leaves = (paths.first_leaf[node], paths.last_leaf[node])
        first_leaf[term], last_leaf[term] = leaves
        term_cells[term] = cells[node]
        stride = 1
        for at in range(_features(paths, leaves, found, seen)):
            feature[n_slots] = found[at]
            if cells[node] == 0:
                for condition in range(paths.first[leaves[0]], paths.first[leaves[1]]):
                    if paths.feature[condition] == found[at]:
                        slot[condition] = n_slots - first[term]
                n_slots += 1
                continue
            n_segments, n_classes = _classes(paths, leaves, found[at], bounds, classes, member, renamed)
            slot_classes[n_slots] = n_classes
            before = 0
            for segment in range(n_segments):
                if classes[segment] != before:
                    step_feature[n_steps] = found[at]
                    step_bin[n_steps] = bounds[segment]
                    delta[n_steps] = np.uint16(((classes[segment] - before) * stride) & 0xFFFF)
                    n_steps += 1
                    before = classes[segment]
            for condition in range(paths.first[leaves[0]], paths.first[leaves[1]]):
                if paths.feature[condition] != found[at]:
                    continue
                _members(paths, condition, bounds[:n_segments], member)
                slot[condition] = n_slots - first[term]
                first_member[condition] = n_members
                if n_members + n_classes > len(members):
                    more_members = np.zeros(2 * len(members) + n_classes, dtype=np.bool_)
                    more_members[:n_members] = members[:n_members]
                    members = more_members
                for segment in range(n_segments):
                    members[n_members + classes[segment]] = member[segment]
                n_members += n_classes
            stride *= n_classes
            n_slots += 1
        term += 1
        first[term] = n_slots
        first_step[term] = n_steps

    return Terms(
        first_leaf,
        last_leaf,
        term_cells,
        first,
        feature[:n_slots].copy(),
        slot_classes[:n_slots].copy(),
        first_step,
        step_feature[:n_steps].copy(),
        step_bin[:n_steps].copy(),
        delta[:n_steps].copy(),
        slot,
        first_member,
        members[:n_members].copy(),
    )
