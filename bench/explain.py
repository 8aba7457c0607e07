"""Explanations beside shap, woodelf-explainer, shapiq and the prediction itself, on the same rows in one run.

    python bench/explain.py [small] [middle] [large] [pairs] [--repeat 5]

Without a name it runs all four. Peers that are not installed are left out and named. Every figure is the median of
interleaved runs in wall seconds; tables are built for each run and timed apart. The first call of each kernel compiles
it and is not counted. shap's interventional interaction values are all zero, so it is no peer for pairs.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from pipeline.tree_shap import InterventionalExplainer, from_sklearn

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

SLOW_PEER_RUNS = 1  # of peers that take a minute and more
WHOLE = 1_000_000
ROWS_AT_ONCE = 65_536


class Figure(NamedTuple):
    """Median seconds to build and to run."""

    build: float
    run: float

    @property
    def total(self) -> float:
        """Seconds from a fitted model to its explanations."""
        return self.build + self.run


class Peer(NamedTuple):
    """A way to explain: ``build`` makes what ``run`` explains the rows with."""

    name: str
    build: Callable[[], Any]
    run: Callable[[Any], object]


def make_rows(n_rows: int, seed: int) -> tuple[Floats, Floats]:
    """Return 20 features, half of them whole numbers, and an outcome with interactions."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n_rows, 20))
    rows[:, 10:] = np.round(3 * rows[:, 10:])
    effects = rows[:, :12] @ np.linspace(1, 3, 12) + 3 * rows[:, 0] * rows[:, 1] + 2 * np.abs(rows[:, 5]) * rows[:, 12]
    return rows, effects + random.normal(size=n_rows)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def interleave(peers: list[Peer], repeat: int) -> dict[str, Figure]:
    builds: dict[str, list[float]] = {peer.name: [] for peer in peers}
    runs: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(repeat):
        for peer in peers:
            if len(runs[peer.name]) >= SLOW_PEER_RUNS and runs[peer.name][0] > 60:  # noqa: PLR2004 - a minute
                continue
            build, made = seconds(peer.build)
            run, _values = seconds(lambda peer=peer, made=made: peer.run(made))
            builds[peer.name].append(build)
            runs[peer.name].append(run)
    return {name: Figure(statistics.median(builds[name]), statistics.median(runs[name])) for name in builds}


def explaining_peers(model: Any, rows: Floats, background: Floats, *, order: int) -> list[Peer]:
    ensemble = from_sklearn(model)

    def explain(explainer: InterventionalExplainer) -> object:
        return explainer.explain(rows) if order == 1 else explainer.interactions(rows)

    peers = [Peer("ours", lambda: InterventionalExplainer.build(ensemble, background), explain)]
    if find_spec("shap") and order == 1:
        import shap

        peers.append(
            Peer(
                "shap",
                # shap would silently sample a background of more than 100 rows without the masker
                lambda: shap.TreeExplainer(
                    model,
                    shap.maskers.Independent(background, max_samples=len(background)),
                    feature_perturbation="interventional",
                ),
                lambda explainer: explainer.shap_values(rows, check_additivity=False),
            )
        )
    if find_spec("woodelf"):
        import pandas as pd
        from woodelf import WoodelfExplainer

        frame, background_frame = pd.DataFrame(rows), pd.DataFrame(background)
        peers.append(
            Peer(
                "woodelf-explainer",
                lambda: WoodelfExplainer(model, background_frame),
                lambda explainer: (explainer.shap_values if order == 1 else explainer.shap_interaction_values)(
                    frame, verbose=False
                ),
            )
        )
    if find_spec("shapiq") and find_spec("shapiq.tree.interventional") and len(rows) <= 1_000:  # noqa: PLR2004 - row by row
        from shapiq.tree.interventional import InterventionalTreeSHAPIQ

        peers.append(
            Peer(
                "shapiq",
                lambda: InterventionalTreeSHAPIQ(model, background, max_order=order, index="SII"),
                lambda explainer: [explainer.explain_function(row) for row in rows],
            )
        )
    return peers


def compare(title: str, model: Any, rows: Floats, background: Floats, *, order: int, repeat: int) -> None:
    peers = explaining_peers(model, rows, background, order=order)
    peers[0].run(peers[0].build())
    usable = []
    for peer in peers:
        try:
            peer.build()
        except Exception as error:  # noqa: BLE001 - a peer that cannot read the model is reported, not fatal
            print(f"{title}: {peer.name} cannot: {type(error).__name__}: {error}")
            continue
        usable.append(peer)
    print_table(title, interleave(usable, repeat))


def print_table(title: str, figures: dict[str, Figure]) -> None:
    ours = figures["ours"].total
    for name, figure in figures.items():
        print(f"| {title} | {name} | {figure.build:.3f} | {figure.run:.3f} | {figure.total / ours:.1f}x |", flush=True)


def whole(repeat: int) -> None:
    """A million rows in pieces, as a build streams them, against the prediction of the same pieces."""
    rows, outcome = make_rows(20_000, seed=0)
    model = HistGradientBoostingRegressor(max_iter=200, max_leaf_nodes=15, random_state=0).fit(rows, outcome)
    ensemble = from_sklearn(model)
    all_rows, _ = make_rows(WHOLE, seed=1)
    out = np.empty((ROWS_AT_ONCE, 20))

    def pieces() -> list[Floats]:
        return [all_rows[start : start + ROWS_AT_ONCE] for start in range(0, WHOLE, ROWS_AT_ONCE)]

    peers = [
        Peer(
            "ours",
            lambda: InterventionalExplainer.build(ensemble, rows[:100]),
            lambda explainer: [explainer.explain(piece, out=out[: len(piece)]) for piece in pieces()],
        ),
        Peer("predict", lambda: None, lambda _: [model.predict(piece) for piece in pieces()]),
    ]
    print_table("1 000 000 x 100, boosted", interleave(peers, repeat))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of the process with all rows in it: {peak:.2f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", choices=["small", "middle", "large", "pairs"])
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    sizes = asked.sizes or ["small", "middle", "large", "pairs"]
    warnings.simplefilter("ignore")

    for package in ("numpy", "numba", "scikit-learn", "shap", "woodelf-explainer", "shapiq"):
        try:
            print(package, version(package), end=", ")
        except PackageNotFoundError:
            print(package, "not installed", end=", ")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    print("| accounts x background, model | who | build s | run s | total to ours |\n|---|---|---|---|---|")

    rows, outcome = make_rows(20_000, seed=0)
    forest = RandomForestRegressor(300, max_features=0.5, random_state=0, n_jobs=2).fit(rows[:500], outcome[:500])
    boosted = HistGradientBoostingRegressor(max_iter=200, max_leaf_nodes=15, random_state=0).fit(rows, outcome)
    models = {"forest of 300": forest, "boosted": boosted}
    accounts, _ = make_rows(10_000, seed=1)
    for name, model in models.items():
        if "small" in sizes:
            compare(f"500 x 50, {name}", model, accounts[:500], rows[:50], order=1, repeat=asked.repeat)
        if "middle" in sizes:
            compare(f"10 000 x 100, {name}", model, accounts, rows[:100], order=1, repeat=asked.repeat)
        if "pairs" in sizes:
            compare(f"interactions, 500 x 50, {name}", model, accounts[:500], rows[:50], order=2, repeat=asked.repeat)
    if "large" in sizes:
        whole(asked.repeat)


if __name__ == "__main__":
    main()
