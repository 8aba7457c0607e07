"""Made-up accounts of any business, drawn from what the `[demo]` table of its pack declares."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import FaultyPackError
from pipeline.synthetic import FIRST_WORDS, OWNERS, SyntheticAccounts
from storage.records import FeatureKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.pack import Pack
    from storage.records import Feature

    Column = npt.NDArray[np.float64]

# The noise as a share of the signal's spread: R² of the signal on the outcome is about 0.94.
_NOISE = 0.25

_SHARED = 0.55
_MISSING = 0.03
_WHOLE = 12  # a range that is wider counts something


class Demo(BaseModel):
    """What made-up accounts look like.

    ``numbers`` has the lowest and highest value of each feature that is a number (whole ones in wide ranges),
    ``choices`` the values of each category, ``trades`` what an account of an industry calls itself after its first
    word. ``drivers`` are weights of features in the outcome, ``together`` pairs that count only where both are high.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: str
    accounts: int
    territories: tuple[str, ...]
    trades: dict[str, tuple[str, ...]]
    target: tuple[float, float]
    numbers: dict[str, tuple[float, float]]
    choices: dict[str, tuple[str, ...]]
    drivers: dict[str, float]
    together: tuple[tuple[str, str], ...]


def make_demo(pack: Pack, count: int, *, seed: int) -> SyntheticAccounts:
    """Return ``count`` made-up accounts of the business of a pack, the same ones for the same seed."""
    try:
        demo = Demo.model_validate(pack.demo)
    except ValidationError as error:
        raise FaultyPackError(pack.name, [f"its demo lacks or has too much of {error.errors()[0]['loc']}"]) from error
    random = np.random.default_rng(seed)
    # Features of one group share a trait that nobody observes, as size or goodwill.
    traits = {group: random.normal(size=count) for group in dict.fromkeys(each.group for each in pack.features)}
    hidden = {
        each.name: _SHARED * traits[each.group] + (1 - _SHARED**2) ** 0.5 * random.normal(size=count)
        for each in pack.features
    }
    appeal = sum((weight * hidden[name] for name, weight in demo.drivers.items()), np.zeros(count))
    for first, second in demo.together:
        appeal = appeal + 0.8 * (hidden[first] > 0) * (hidden[second] > 0)
    low, high = demo.target
    signal = low + (high - low) / (1 + np.exp(-1.2 * (appeal - appeal.mean()) / appeal.std() + 0.6))
    noise = np.clip(random.normal(size=count), -2, 2) * _NOISE * signal.std()
    columns = {each.name: _observe(each, hidden[each.name], demo, random) for each in pack.features}
    answers = {each.column: np.round(random.beta(2, 3, size=count), 3) for each in pack.promotions}
    return SyntheticAccounts(
        table=pd.DataFrame(_make_identity(demo, count, random) | columns | answers),
        outcome=np.round(np.maximum(signal + noise, low / 2)),
        signal=signal,
    )


def _observe(feature: Feature, hidden: Column, demo: Demo, random: np.random.Generator) -> pd.Series:
    """Return what the source shows of a feature: in its range, and here and there nothing."""
    ranks = np.argsort(np.argsort(hidden)) / max(len(hidden) - 1, 1)
    lost = random.random(len(hidden)) < _MISSING
    if feature.kind is FeatureKind.CATEGORY:
        choices = np.array(demo.choices[feature.name], dtype=object)
        return pd.Series(choices[np.minimum((ranks * len(choices)).astype(int), len(choices) - 1)]).mask(lost)
    low, high = demo.numbers[feature.name]
    values = low + (high - low) * ranks**1.5  # more small ones than large ones
    return pd.Series(np.round(values, 0 if high - low > _WHOLE else 2 if high > 1 else 3)).mask(lost)


def _make_identity(demo: Demo, count: int, random: np.random.Generator) -> dict[str, Any]:
    trades = [(industry, trade) for industry, words in demo.trades.items() for trade in words]
    names = list(product(FIRST_WORDS, trades))
    chosen = [names[place % len(names)] for place in np.resize(random.permutation(len(names)), count)]
    territories = random.choice(demo.territories, size=count)
    people = [name for owners in OWNERS.values() for name in owners]
    books = {territory: people[place :: len(demo.territories)] for place, territory in enumerate(demo.territories)}
    width = max(3, len(str(count - 1)))
    return {
        "account_id": [f"{demo.prefix}-{number:0{width}d}" for number in range(count)],
        "name": [f"{first} {trade}" for first, (_, trade) in chosen],
        "owner": [str(random.choice(books[territory])) for territory in territories],
        "region": territories,
        "industry": [industry for _, (industry, _) in chosen],
    }
