"""Exact interventional SHAP values and interaction values of tree ensembles (Lundberg et al. 2020, section 2.4)."""

from pipeline.tree_shap.explainer import Explanation, Interactions, InterventionalExplainer
from pipeline.tree_shap.trees import Ensemble, from_sklearn

__all__ = ["Ensemble", "Explanation", "Interactions", "InterventionalExplainer", "from_sklearn"]
