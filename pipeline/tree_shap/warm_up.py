"""Compiling the kernels when somebody waits for it and knows why, instead of at the first explanation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from pipeline.tree_shap.explainer import InterventionalExplainer
from pipeline.tree_shap.trees import from_sklearn
from pipeline.tree_shap.values import add_values


def is_compiled() -> bool:
    """Return whether an earlier process left the kernels in the cache; `warm_up` is then a matter of a moment."""
    folder = getattr(add_values, "stats").cache_path  # noqa: B009 - the type of a kernel is that of its function
    return folder is not None and any(Path(folder).glob("*.add_values-*.nbi"))


def warm_up() -> None:
    """Compile every kernel, which takes some 18 seconds of one core once a machine, or load them from the cache."""
    rows = np.arange(12.0).reshape(6, 2)
    model = RandomForestRegressor(2, random_state=0).fit(rows, rows[:, 0])
    explainer = InterventionalExplainer.build(from_sklearn(model), rows)
    explainer.explain(rows)
    explainer.interactions(rows)
    explainer.top_interactions(rows, 1)
