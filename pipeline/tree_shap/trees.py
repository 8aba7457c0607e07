"""Tree ensembles as arrays over binned features, read from fitted scikit-learn models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor

from pipeline.tree_shap.bins import Bins
from pipeline.tree_shap.errors import UnsupportedModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pipeline.tree_shap.bins import Floats, Ints

LEAF = -1
NUMERIC = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """A regression model: ``offset`` plus the value of the leaf that a row reaches in each tree.

    Nodes of all trees stand in one sequence, each tree's root at ``roots[t]`` and parents before children. A node tests
    ``feature`` (`LEAF` at leaves) and sends a row left when its bin is at most ``split``, or, when ``left_set`` is not
    `NUMERIC`, when ``left_sets[left_set]`` holds its bin; the bin of missing values goes left where ``missing_left``.
    """

    bins: Bins
    offset: float
    roots: Ints
    feature: Ints
    left: Ints
    right: Ints
    split: Ints
    missing_left: npt.NDArray[np.bool_]
    left_set: Ints
    left_sets: npt.NDArray[np.bool_]
    value: Floats

    @property
    def n_features(self) -> int:
        """The number of columns of the rows that the model reads."""
        return self.bins.n_features


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trees:
    """The nodes of trees, ``sizes[t]`` of tree t: children are numbered from its root, thresholds are floats."""

    sizes: Ints
    feature: Ints
    left: Ints
    right: Ints
    threshold: Floats
    missing_left: npt.NDArray[np.bool_]
    value: Floats
    left_set: Ints
    left_sets: Sequence[npt.NDArray[np.bool_]]


def from_sklearn(model: object) -> Ensemble:
    """Read the trees of a fitted forest or of gradient boosting on histograms.

    Raises:
        UnsupportedModelError: the model is of another class, has several outputs, predicts through a link such as exp,
            or was trained on categories that are not numbers.
    """
    if isinstance(model, RandomForestRegressor | ExtraTreesRegressor):
        return _from_forest(model)
    if isinstance(model, HistGradientBoostingRegressor):
        return _from_boosting(model)
    raise UnsupportedModelError(model, "its class is unknown to the explainer")


def _from_forest(model: Any) -> Ensemble:
    if not hasattr(model, "estimators_"):
        raise UnsupportedModelError(model, "it is not fitted")
    if model.n_outputs_ != 1:
        raise UnsupportedModelError(model, f"it has {model.n_outputs_} outputs")
    trees = [estimator.tree_ for estimator in model.estimators_]
    left = np.concatenate([tree.children_left for tree in trees])
    leaf = left < 0
    return _join(
        _Trees(
            sizes=np.array([tree.node_count for tree in trees]),
            feature=np.where(leaf, LEAF, np.concatenate([tree.feature for tree in trees])),
            left=left,
            right=np.concatenate([tree.children_right for tree in trees]),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            missing_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.bool_),
            value=np.where(leaf, np.concatenate([tree.value[:, 0, 0] for tree in trees]), 0.0) / len(trees),
            left_set=np.full(len(leaf), NUMERIC),
            left_sets=[],
        ),
        n_features=model.n_features_in_,
        offset=0.0,
        single_precision=True,
        categories={},
    )


def _from_boosting(model: Any) -> Ensemble:
    if not hasattr(model, "_predictors"):
        raise UnsupportedModelError(model, "it is not fitted")
    if model.loss not in {"squared_error", "absolute_error", "quantile"}:
        raise UnsupportedModelError(model, f"its loss {model.loss!r} predicts through a link")
    categorical = np.zeros(model.n_features_in_, dtype=np.bool_)
    if model.is_categorical_ is not None:
        categorical = np.asarray(model.is_categorical_)
    # the model reads its categorical columns first
    column = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
    categories = _categories(model, column[: int(categorical.sum())])
    known, known_row = model._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001 - no public way to read the trees

    predictors = [predictor for (predictor,) in model._predictors]  # noqa: SLF001 - as above
    sizes = np.array([len(predictor.nodes) for predictor in predictors])
    nodes = np.concatenate([predictor.nodes for predictor in predictors])
    leaf = nodes["is_leaf"].astype(np.bool_)
    tree = np.repeat(np.arange(len(sizes)), sizes)
    left_set = np.full(len(nodes), NUMERIC)
    left_sets: list[npt.NDArray[np.bool_]] = []
    for at in np.flatnonzero(nodes["is_categorical"].astype(np.bool_) & ~leaf):
        node = nodes[at]
        goes_left = _members(predictors[tree[at]].raw_left_cat_bitsets[node["bitset_idx"]])
        if node["missing_go_to_left"]:  # as does a category that training never saw
            goes_left |= ~_members(known[known_row[node["feature_idx"]]])
        left_set[at] = len(left_sets)
        left_sets.append(goes_left)
    return _join(
        _Trees(
            sizes=sizes,
            feature=np.where(leaf, LEAF, column[np.where(leaf, 0, nodes["feature_idx"])]),
            left=nodes["left"].astype(np.int64),
            right=nodes["right"].astype(np.int64),
            threshold=nodes["num_threshold"].astype(np.float64),
            missing_left=nodes["missing_go_to_left"].astype(np.bool_),
            value=np.where(leaf, nodes["value"], 0.0),
            left_set=left_set,
            left_sets=left_sets,
        ),
        n_features=model.n_features_in_,
        offset=float(model._baseline_prediction.item()),  # noqa: SLF001 - as above
        single_precision=False,
        categories=categories,
    )


def _categories(model: Any, columns: Ints) -> dict[int, Floats]:
    """Return the categories of each categorical column in the order of their codes."""
    if not len(columns):
        return {}
    encoder = model._preprocessor.named_transformers_["encoder"]  # noqa: SLF001 - no public way to read the categories
    found = {}
    for column, values in zip(columns.tolist(), encoder.categories_, strict=True):
        try:
            numbers = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise UnsupportedModelError(model, f"the categories of its column {column} are not numbers") from error
        found[column] = numbers[~np.isnan(numbers)]
    return found


def _members(bitset: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return the 256 flags of one of scikit-learn's bitsets."""
    return np.unpackbits(bitset.astype("<u4").view(np.uint8), bitorder="little").astype(np.bool_)


def _join(
    trees: _Trees, *, n_features: int, offset: float, single_precision: bool, categories: dict[int, Floats]
) -> Ensemble:
    roots = np.cumsum(trees.sizes) - trees.sizes
    root = np.repeat(roots, trees.sizes)
    edges, split = [], np.zeros(len(root), dtype=np.int64)
    for column in range(n_features):
        if column in categories:
            edges.append(categories[column])
            continue
        at = np.flatnonzero(trees.feature == column)
        values, split[at] = np.unique(trees.threshold[at], return_inverse=True)
        edges.append(values)
    return Ensemble(
        bins=Bins.of(edges, categorical=sorted(categories), single_precision=single_precision),
        offset=offset,
        roots=roots,
        feature=trees.feature,
        left=trees.left + root,
        right=trees.right + root,
        split=split,
        missing_left=trees.missing_left,
        left_set=trees.left_set,
        left_sets=np.array(trees.left_sets, dtype=np.bool_).reshape(len(trees.left_sets), 256),
        value=trees.value,
    )
