"""Compiling the kernels when somebody waits for it and knows why, instead of at the first explanation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from pipeline.tree_shap.explainer import InterventionalExplainer
from pipeline.tree_shap.trees import from_sklearn
from pipeline.tree_shap.values import add_values


def is_compiled() -> bool:
    """Return whether an earlier process left the kernels in the cache; `warm_up` is then a matter of a moment."""
    folder = _find_cache()
    return folder is not None and any(folder.glob("*.add_values-*.nbi"))


def warm_up() -> None:
    """Compile every kernel, which takes some 18 seconds of one core once a machine, or load them from the cache.

    They are compiled by a process of its own: what the compiler takes, some 140 MB, it never gives back.
    """
    if _find_cache() is not None and not is_compiled():
        run = f"from {__name__} import {run_kernels.__name__} as run; run()"
        subprocess.run([sys.executable, "-c", run], check=False)  # noqa: S603 - our own interpreter; without it, here
    run_kernels()


def run_kernels() -> None:
    """Explain a little with every kernel."""
    rows = np.arange(12.0).reshape(6, 2)
    model = RandomForestRegressor(2, random_state=0).fit(rows, rows[:, 0])
    explainer = InterventionalExplainer.build(from_sklearn(model), rows)
    explainer.explain(rows)
    explainer.interactions(rows)
    explainer.top_interactions(rows, 1)


def _find_cache() -> Path | None:
    """Return where kernels are kept, None where no folder can be written to."""
    folder = getattr(add_values, "stats").cache_path  # noqa: B009 - the type of a kernel is that of its function
    return None if folder is None else Path(folder)
