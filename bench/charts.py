"""Both pictures of a brief beside shap's one waterfall plot, drawn in turn in one run.

    python bench/charts.py [--accounts 12]
    python bench/run.py --only charts

CPU milliseconds to the bytes of a PNG, the median over accounts. shap draws on pyplot as its documentation shows, five
drivers and the rest, as large as our waterfall.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import shap
from rich.console import Console
from row import Row

from bot.brief import make_brief
from bot.charts import interactions_chart, waterfall_chart
from pipeline.config import PipelineConfig
from pipeline.progress import ProgressBars
from pipeline.run import build
from storage.snapshots import SnapshotStore
from storage.units import format_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.brief import Brief

PACKAGES = ("matplotlib", "shap")
SHAP = "shap's waterfall"
OURS = {"our waterfall": waterfall_chart, "our interactions": interactions_chart}
DPI = 100
WATERFALL_INCHES = (12, 11.8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=12, help="how many accounts are drawn (default: 12)")
    figures = measure(make_briefs(parser.parse_args().accounts))
    print(f"shap {version('shap')}, matplotlib {version('matplotlib')}, Python {platform.python_version()}")
    for name, milliseconds in figures.items():
        print(f"{name:>24}{milliseconds:>8.0f} ms")
    ratio = figures[SHAP] / sum(figures[name] for name in OURS)
    print(f"shap's one picture takes {ratio:.2f} of the time of our two")


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the CPU time of both our pictures, and of each, beside that of shap's one."""
    accounts = 2 if quick else 12
    seconds = {name: milliseconds / 1000 for name, milliseconds in measure(make_briefs(accounts)).items()}
    note = f"CPU time to a PNG, median of {accounts} accounts"
    yield Row("both pictures", sum(seconds[name] for name in OURS), peer=SHAP, theirs=seconds[SHAP], note=note)
    for name in OURS:
        yield Row(name.removeprefix("our "), seconds[name], peer=SHAP, theirs=seconds[SHAP], note=note)


def make_briefs(accounts: int) -> list[Brief]:
    """Return the briefs of the accounts at the top of a fresh demo build."""
    with tempfile.TemporaryDirectory() as folder:
        config = PipelineConfig(home=Path(folder), as_of=datetime.now(UTC).date())
        with closing(SnapshotStore(config.snapshots)) as store:
            with ProgressBars(Console(stderr=True)) as progress:
                build(config, store=store, progress=progress, now=datetime.now(UTC))
            with store.lease() as snapshot:
                found = (snapshot.find_account(row.account_id) for row in snapshot.digest(limit=accounts))
                return [make_brief(snapshot, account, library=None) for account in found if account]


def measure(briefs: list[Brief]) -> dict[str, float]:
    """Return the median CPU milliseconds of each way to draw."""
    ways = {**OURS, SHAP: draw_shap_waterfall}
    for draw in ways.values():
        draw(briefs[0])
    times: dict[str, list[float]] = {name: [] for name in ways}
    for brief in briefs:
        for name, draw in ways.items():
            start = time.process_time()
            draw(brief)
            times[name].append(1000 * (time.process_time() - start))
    return {name: statistics.median(each) for name, each in times.items()}


def draw_shap_waterfall(brief: Brief) -> bytes:
    """Return shap's own plot of the same values."""
    drivers = brief.drivers
    explanation = shap.Explanation(
        values=np.array([driver.shap for driver in drivers]),
        base_values=brief.account.baseline,
        data=np.array([format_value(driver.feature, driver.value) for driver in drivers]),
        feature_names=[driver.feature.label for driver in drivers],
    )
    shap.plots.waterfall(explanation, max_display=6, show=False)
    figure = plt.gcf()
    figure.set_size_inches(*WATERFALL_INCHES)
    stream = BytesIO()
    figure.savefig(stream, dpi=DPI)
    plt.close(figure)
    return stream.getvalue()


if __name__ == "__main__":
    main()
