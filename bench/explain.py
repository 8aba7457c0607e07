"""Explanations beside shap, woodelf-explainer, shapiq and the prediction itself: `python bench/run.py --only explain`.

Seconds are from a fitted model to its explanations; what of them goes into tables or an explainer is told apart. The
first call of each kernel compiles it, or loads it, and is not counted. A peer explains in pieces and is stopped at the
first piece after ``LIMIT_SECONDS``. shap's interventional interaction values are all zero, so it is no peer for pairs.
The million rows are made piece by piece: what is held at once is a piece and what comes of it.
"""

from __future__ import annotations

import resource
import statistics
import time
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from row import Row
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from pipeline.tree_shap import STORED_BYTES, InterventionalExplainer, from_sklearn, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

PACKAGES = ("numba", "numpy", "scikit-learn", "shap", "woodelf-explainer", "shapiq")
LIMIT_SECONDS = 40.0
ONCE_BEYOND_SECONDS = 4.0
RUNS = 5
PIECE = 50_000
MANY = 4_096


class Timed(NamedTuple):
    """Median seconds to build and to run; ``within`` is False for a peer that was stopped."""

    build: float
    run: float
    within: bool = True

    @property
    def total(self) -> float:
        """Seconds from a fitted model to its explanations."""
        return self.build + self.run

    @property
    def parts(self) -> str:
        """Both, written out."""
        return f"{self.build:.3g} + {self.run:.3g} s"


class Peer(NamedTuple):
    """A way to explain: ``build`` makes what ``run`` explains the rows with, giving control back after each piece."""

    name: str
    build: Callable[[], Any]
    run: Callable[[Any], Iterable[object]]


def rows(*, quick: bool) -> Iterator[Row]:
    warnings.simplefilter("ignore")
    warm_up()
    training, outcome = make_rows(2_000 if quick else 20_000, seed=0)
    trees = 30 if quick else 300
    forest = RandomForestRegressor(trees, max_features=0.5, random_state=0, n_jobs=2).fit(training[:500], outcome[:500])
    boosted = HistGradientBoostingRegressor(max_iter=200, max_leaf_nodes=15, random_state=0).fit(training, outcome)
    accounts, _ = make_rows(10_000, seed=1)
    few, many = (50, 500) if quick else (500, 10_000)
    for name, model in (("boosted", boosted), (f"forest of {trees}", forest)):
        yield from compare(f"{few:,} x 50, {name}", model, accounts[:few], training[:50])
        yield from compare(f"{many:,} x 100, {name}", model, accounts[:many], training[:100])
        yield from compare(f"interactions, {few:,} x 50, {name}", model, accounts[:few], training[:50], order=2)
    yield from stream(boosted, training[:100], pieces=2 if quick else 20)


def make_rows(n_rows: int, seed: int) -> tuple[Floats, Floats]:
    """Return 20 features, half of them whole numbers, and an outcome with interactions."""
    random = np.random.default_rng(seed)
    made = random.normal(size=(n_rows, 20))
    made[:, 10:] = np.round(3 * made[:, 10:])
    effects = made[:, :12] @ np.linspace(1, 3, 12) + 3 * made[:, 0] * made[:, 1] + 2 * np.abs(made[:, 5]) * made[:, 12]
    return made, effects + random.normal(size=n_rows)


def compare(title: str, model: Any, explained: Floats, background: Floats, *, order: int = 1) -> Iterator[Row]:
    """Yield a row for each peer, for those that cannot with the reason."""
    usable, reasons = [], {}
    for peer in make_peers(model, explained, background, order=order):
        try:
            peer.build()
        except Exception as error:  # noqa: BLE001 - a peer that cannot read the model is reported, not fatal
            reasons[peer.name] = f"cannot: {type(error).__name__}"
        else:
            usable.append(peer)
    timed = interleave([make_ours(model, explained, background, order=order), *usable])
    ours = timed.pop("ours")
    for name, its in timed.items():
        note = f"ours {ours.parts}, theirs {its.parts}" if its.within else f"not within {LIMIT_SECONDS:.0f} s"
        yield Row(title, ours.total, name, its.total if its.within else None, note=note)
    for package, name in (("shap", "shap"), ("woodelf", "woodelf-explainer"), ("shapiq", "shapiq")):
        if name in reasons or (not find_spec(package) and not (name == "shap" and order > 1)):
            yield Row(title, ours.total, name, note=reasons.get(name, "not installed"))


def interleave(peers: list[Peer]) -> dict[str, Timed]:
    found: dict[str, list[Timed]] = {peer.name: [] for peer in peers}
    for _ in range(RUNS):
        for peer in peers:
            if found[peer.name] and found[peer.name][0].total > ONCE_BEYOND_SECONDS and peer.name != "ours":
                continue
            found[peer.name].append(measure(peer))
    return {
        name: Timed(
            statistics.median(each.build for each in runs),
            statistics.median(each.run for each in runs),
            all(each.within for each in runs),
        )
        for name, runs in found.items()
    }


def measure(peer: Peer) -> Timed:
    start = time.perf_counter()
    made = peer.build()
    built = time.perf_counter()
    within = True
    for _ in peer.run(made):
        if peer.name != "ours" and time.perf_counter() - start > LIMIT_SECONDS:
            within = False
            break
    return Timed(built - start, time.perf_counter() - built, within)


def make_ours(model: Any, explained: Floats, background: Floats, *, order: int) -> Peer:
    def run(explainer: InterventionalExplainer) -> Iterator[object]:
        yield explainer.explain(explained) if order == 1 else explainer.interactions(explained)

    stored_bytes = STORED_BYTES if len(explained) >= MANY else 0  # as a build of a snapshot does
    return Peer(
        "ours", lambda: InterventionalExplainer.build(from_sklearn(model), background, stored_bytes=stored_bytes), run
    )


def make_peers(model: Any, explained: Floats, background: Floats, *, order: int) -> Iterator[Peer]:
    """Yield what is installed and can explain to this order."""
    if order == 1:
        yield Peer("predict", lambda: None, lambda _: iter([model.predict(explained)]))
    if find_spec("shap") and order == 1:
        import shap

        yield Peer(
            "shap",
            # shap would silently sample a background of more than 100 rows without the masker
            lambda: shap.TreeExplainer(
                model,
                shap.maskers.Independent(background, max_samples=len(background)),
                feature_perturbation="interventional",
            ),
            lambda explainer: (
                explainer.shap_values(piece, check_additivity=False)
                for piece in np.array_split(explained, max(1, len(explained) // 100))
            ),
        )
    if find_spec("woodelf"):
        import pandas as pd
        from woodelf import WoodelfExplainer

        frame, background_frame = pd.DataFrame(explained), pd.DataFrame(background)
        yield Peer(
            "woodelf-explainer",
            lambda: WoodelfExplainer(model, background_frame),
            lambda explainer: iter(
                [
                    (explainer.shap_values if order == 1 else explainer.shap_interaction_values)(frame, verbose=False),
                ]
            ),
        )
    if find_spec("shapiq"):
        from shapiq.tree.interventional import InterventionalTreeSHAPIQ

        yield Peer(
            "shapiq",
            lambda: InterventionalTreeSHAPIQ(model, background, max_order=order, index="SII"),
            lambda explainer: (explainer.explain_function(row) for row in explained),
        )


def stream(model: Any, background: Floats, *, pieces: int) -> Iterator[Row]:
    """Yield explanations of many rows, piece by piece as a build streams them, beside the prediction of each piece."""
    explaining, predicting, both = [], [], []
    for _ in range(3):
        start = time.perf_counter()
        explainer = InterventionalExplainer.build(from_sklearn(model), background)
        built = time.perf_counter() - start
        explained, predicted, paired = built, 0.0, 0.0
        for number in range(pieces):
            piece, _ = make_rows(PIECE, seed=2 + number)
            start = time.perf_counter()
            explainer.explain(piece)
            middle = time.perf_counter()
            model.predict(piece)
            end = time.perf_counter()
            explained, predicted = explained + middle - start, predicted + end - middle
            if not both:
                explainer.top_interactions(piece, 5)
                paired += time.perf_counter() - end
        explaining.append(explained)
        predicting.append(predicted)
        both = both or [explained + paired]
    title = f"{pieces * PIECE:,} x {len(background)}, boosted"
    ours = statistics.median(explaining)
    yield Row(title, ours, "predict", statistics.median(predicting), note="medians of 3 runs, piece by piece")
    yield Row(f"{title}, with the 5 strongest pairs of each", both[0], note="one run")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    yield Row(f"{title}, peak memory of the process", peak, unit="GiB", note="peers' memory included")
