"""Models and rows that cannot be explained, each in one sentence."""

from __future__ import annotations

from pipeline.errors import PipelineError


class TreeShapError(PipelineError):
    """Base of every error of the tree explainer."""


class UnsupportedModelError(TreeShapError):
    """A model whose prediction is not a sum of tree outputs that this explainer can read."""

    def __init__(self, model: object, reason: str) -> None:
        super().__init__(
            f"{type(model).__name__} cannot be explained: {reason}. Explained are fitted RandomForestRegressor, "
            f"ExtraTreesRegressor and HistGradientBoostingRegressor with one output and an identity link."
        )


class RowShapeError(TreeShapError):
    """Rows that do not have the columns the model was trained on."""

    def __init__(self, shape: tuple[int, ...], *, n_features: int) -> None:
        super().__init__(f"The model reads a table of {n_features} columns, and was given an array of shape {shape}.")


class EmptyBackgroundError(TreeShapError):
    """A background without rows, against which nothing can be explained."""

    def __init__(self) -> None:
        super().__init__("The background has no rows; an explanation needs at least one row to compare with.")


class LongPathError(TreeShapError):
    """A path with more distinct features than a pattern has bits."""

    def __init__(self, distinct: int, *, limit: int) -> None:
        super().__init__(
            f"A path of the model tests {distinct} distinct features, and the explainer handles {limit}; limit the "
            f"depth of the trees to {limit}."
        )
