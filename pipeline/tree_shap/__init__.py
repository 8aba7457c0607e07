"""Exact interventional SHAP values and interaction values of tree ensembles (Lundberg et al. 2020, section 2.4)."""

from pipeline.tree_shap.explainer import STORED_BYTES, Explanation, Interactions, InterventionalExplainer
from pipeline.tree_shap.trees import Ensemble, from_sklearn
from pipeline.tree_shap.warm_up import is_compiled, warm_up

__all__ = [
    "STORED_BYTES",
    "Ensemble",
    "Explanation",
    "Interactions",
    "InterventionalExplainer",
    "from_sklearn",
    "is_compiled",
    "warm_up",
]
