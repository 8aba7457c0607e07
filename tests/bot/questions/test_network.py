from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from bot.questions.linear import Linear, scale
from bot.questions.network import Network, Product

NAMES = ("drivers", "none", "what_if")
SIGNS = ("if", "why", "top", "and")


@pytest.fixture(scope="module")
def fitted() -> tuple[MLPClassifier, Network]:
    """A network of scikit-learn's, and ours with its weights."""
    chance = np.random.default_rng(3)
    table = (chance.random((200, len(SIGNS))) < 0.5) * np.sqrt(100 / len(SIGNS))
    labels = [NAMES[int(row[0] > 0) + int(row[1] > 0)] for row in table]
    model = MLPClassifier((5,), max_iter=300, tol=1e-2, random_state=1).fit(table, labels)
    network = Network(
        names=tuple(model.classes_),
        rows={sign: row for row, sign in enumerate(SIGNS)},
        hidden=model.coefs_[0].astype(np.float32),
        hidden_bias=model.intercepts_[0].astype(np.float32),
        weights=model.coefs_[1].astype(np.float32),
        bias=model.intercepts_[1].astype(np.float32),
    )
    return model, network


@pytest.mark.parametrize("said", [{"if"}, {"if", "why"}, {"top", "and"}, set(SIGNS), {"if", "never heard"}])
def test_a_network_is_as_sure_as_the_library_that_fitted_it(
    fitted: tuple[MLPClassifier, Network], said: set[str]
) -> None:
    model, network = fitted
    row = np.array([[(sign in said) * scale(said) for sign in SIGNS]])

    assert list(network.odds(said).values()) == pytest.approx(model.predict_proba(row)[0], rel=1e-4, abs=1e-6)


def test_a_product_is_sure_only_of_what_both_hold_likely(fitted: tuple[MLPClassifier, Network]) -> None:
    _, network = fitted
    linear = Linear(
        names=NAMES,
        rows={"if": 0},
        weights=np.array([[0.0, 0.0, 3.0]], dtype=np.float32) / scale({"if"}),
        bias=np.zeros(3, dtype=np.float32),
    )
    one, other, both = (each.odds({"if"}) for each in (linear, network, Product(linear=linear, network=network)))

    assert sum(both.values()) == pytest.approx(1)
    assert both["none"] / both["what_if"] == pytest.approx(
        one["none"] * (other["none"] + 1e-4) / (one["what_if"] * (other["what_if"] + 1e-4))
    )
