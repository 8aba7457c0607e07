"""The demo accounts: made up, reproducible from a seed, with a known best reachable accuracy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.pack import read_pack

if TYPE_CHECKING:
    import numpy.typing as npt

    Column = npt.NDArray[np.float64]

LOWEST, HIGHEST = 5_000.0, 200_000.0

# How much of the variance of the outcome is signal: the R² that no model can exceed.
CEILING = 0.947

# Noise is drawn within this many standard deviations, which are kept small enough that no outcome leaves the bounds.
_NOISE_REACH = 2.2

_REGIONS = ("North America", "EMEA", "APAC", "Latin America")
OWNERS = {
    "North America": ("Avery Collins", "Dana Whitfield", "Marcus Reid", "Priya Nair", "Tom Okafor"),
    "EMEA": ("Claire Fontaine", "Jonas Lindqvist", "Sofia Rossi", "Zeynep Kaya"),
    "APAC": ("Hana Mori", "Liam Zhang"),
    "Latin America": ("Valentina Ortiz",),
}

# What a company of the industry calls itself after its first word.
_TRADES = {
    "Financial services": ("Capital", "Bank", "Insurance", "Payments", "Credit Union", "& Partners"),
    "Healthcare": ("Health", "Clinics", "Diagnostics", "Pharma", "Medical", "Care"),
    "Manufacturing": ("Industries", "Steel", "Components", "Machine Works", "Plastics", "& Söhne"),
    "Retail": ("Stores", "Outfitters", "Grocers", "Home & Garden", "Sports", "Beauty"),
    "Software": ("Systems", "Labs", "Cloud", "Analytics", "Software", "Robotics"),
    "Logistics": ("Logistics", "Freight", "Shipping", "Couriers", "Warehousing", "Cold Chain"),
    "Energy": ("Energy", "Solar", "Grid", "Renewables", "Utilities", "Wind"),
    "Telecom": ("Telecom", "Networks", "Wireless", "Fibre", "Satellite", "Mobile"),
    "Education": ("Learning", "College", "Academy", "Publishing", "Training", "Schools"),
    "Media": ("Media", "Studios", "Broadcasting", "Games", "Press", "Pictures"),
}
FIRST_WORDS = (
    *("Alder", "Ambrose", "Arbor", "Aurelia", "Bayview", "Beacon", "Birch", "Blackwood", "Bluefin", "Brightwater"),
    *(
        "Calder",
        "Cedar",
        "Cobalt",
        "Copperfield",
        "Corvus",
        "Crestline",
        "D'Angelo",
        "Driftwood",
        "Eastgate",
        "Elmwood",
    ),
    *("Ember", "Falcon Ridge", "Fenwick", "Fjord", "Foxglove", "Galloway", "Glenmore", "Granite", "Greyfriars"),
    *("Halcyon", "Harrow", "Heron", "Hollis", "Ironbridge", "Juniper", "Kestrel", "Kingsley", "Lakeshore", "Larkspur"),
    *("Lumen", "Maple", "Marlowe", "Meridian", "Monarch", "Müller", "Nightingale", "Northfield", "Oakhurst", "O'Hara"),
    *("Orchid", "Osprey", "Pemberton", "Pinecrest", "Quarry", "Quill", "Ravenna", "Redstone", "Rosewood", "São Bento"),
    *("Sable", "Saffron", "Silverlake", "Sterling", "Stonebridge", "Summit", "Tamarind", "Thistle", "Umber", "Verity"),
    *("Vesper", "Wexford", "Whitmore", "Willow", "Windrose", "Wolfram", "Yarrow", "Zenith", "Zephyr"),
)
_FORMS = ("", "Group", "Holdings", "International")

_COMPLIANCE = {"None": 0.38, "SOC 2": 0.28, "HIPAA": 0.14, "PCI DSS": 0.13, "FedRAMP": 0.07}
_QUARTERS = ("Q1", "Q2", "Q3", "Q4")

# Cells lost on the way from the source, as a share of the column.
_MISSING = {
    "annual_revenue": 0.04,
    "email_open_rate": 0.05,
    "compliance_required": 0.03,
    "licence_usage": 0.05,
    "csm_score": 0.04,
    "hiring_growth": 0.03,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticAccounts:
    """A table of accounts with their outcome, and the signal that the outcome carries.

    ``table`` has one row per account: account_id, name, owner, region, industry, the model features and the
    sensitivities. ``outcome`` is the expansion revenue in dollars, ``signal`` the same before noise was added.
    """

    table: pd.DataFrame
    outcome: Column
    signal: Column

    @property
    def ceiling(self) -> float:
        """R² of the signal on the outcome: what a model that knew the truth would reach."""
        spread = self.outcome - self.outcome.mean()
        return float(1 - np.sum((self.outcome - self.signal) ** 2) / np.sum(spread**2))

    @property
    def sha256(self) -> str:
        """Digest of table and outcome in one canonical spelling, the same on every platform."""
        canonical = self.table.assign(outcome=self.outcome).to_csv(index=False, lineterminator="\n", na_rep="")
        return hashlib.sha256(canonical.encode()).hexdigest()


def make_accounts(count: int, *, seed: int) -> SyntheticAccounts:
    """Return ``count`` made-up accounts, the same ones for the same seed."""
    random = np.random.default_rng(seed)
    identity = _make_identity(count, random)
    complete = _make_features(count, random)
    signal = _make_signal(complete)
    outcome = _add_noise(signal, random)
    observed = _lose_cells(complete, random)
    table = pd.concat([identity, observed, _make_sensitivities(complete, random)], axis="columns")
    return SyntheticAccounts(table=table, outcome=outcome, signal=signal)


def _make_identity(count: int, random: np.random.Generator) -> pd.DataFrame:
    industries = random.choice(list(_TRADES), size=count)
    regions = random.choice(_REGIONS, size=count, p=[0.42, 0.33, 0.17, 0.08])
    names = {industry: _names(industry, random) for industry in _TRADES}
    width = max(3, len(str(count - 1)))
    return pd.DataFrame(
        {
            "account_id": [f"ACME-{number:0{width}d}" for number in range(count)],
            "name": [names[industry].pop() for industry in industries],
            "owner": [str(random.choice(OWNERS[region])) for region in regions],
            "region": regions,
            "industry": industries,
        }
    )


def _names(industry: str, random: np.random.Generator) -> list[str]:
    """Return every company name of an industry, the plain ones last, so that they are taken first."""
    plain = [f"{first} {trade}" for first, trade in product(FIRST_WORDS, _TRADES[industry])]
    return [f"{plain[place]} {form}".rstrip() for form in reversed(_FORMS) for place in random.permutation(len(plain))]


def _make_features(count: int, random: np.random.Generator) -> pd.DataFrame:
    """Draw the features from traits that nobody observes: size, interest, modernity, goodwill and market.

    Size and interest come in three segments each (small, mid-market, enterprise; dormant, curious, evaluating),
    modernity and goodwill in two, as books of business do.
    """

    def vary(spread: float = 1.0) -> Column:
        return random.normal(scale=spread, size=count)

    def segment(centres: tuple[float, ...], shares: tuple[float, ...], spread: float) -> Column:
        return random.choice(centres, size=count, p=shares) + vary(spread)

    def count_around(mean: Column) -> Column:
        return random.poisson(mean).astype(np.float64)

    size = segment((-1.2, 0.1, 1.4), (0.35, 0.40, 0.25), 0.3)
    interest = segment((-1.1, 0.1, 1.2), (0.35, 0.35, 0.30), 0.3)
    goodwill = segment((-1.0, 0.8), (0.4, 0.6), 0.4)
    modernity = segment((-1.0, 1.0), (0.5, 0.5), 0.4) + 0.15 * size
    market = vary()
    employees = np.maximum(12, np.round(np.exp(6.0 + 1.15 * size + vary(0.1))))
    return pd.DataFrame(
        {
            "employees": employees,
            "annual_revenue": np.round(employees * 185_000 * np.exp(vary(0.22)), -4),
            "tech_stack_size": np.round(np.exp(3.0 + 0.4 * size + 0.15 * modernity + vary(0.1))),
            "cloud_maturity": _score(0.1 + 1.3 * modernity + vary(0.2)),
            "locations": 1 + count_around(np.exp(0.5 + 0.7 * size)),
            "website_visits_30d": count_around(np.exp(3.3 + 0.75 * interest + vary(0.1))),
            "whitepaper_downloads": count_around(np.exp(0.6 + 0.6 * interest)),
            "demo_requests": np.minimum(9, np.floor(np.exp(0.65 + 0.8 * interest + vary(0.15)))),
            "email_open_rate": _share(-1.0 + 0.8 * interest + vary(0.25)),
            "webinar_attendance": count_around(np.exp(0.2 + 0.5 * interest)),
            "active_contacts": 1 + count_around(np.exp(0.7 + 0.35 * interest + 0.35 * size)),
            "competitor_products": count_around(np.full(count, 1.6)),
            "integration_needs": count_around(np.exp(1.2 + 0.25 * size + 0.35 * modernity)),
            "compliance_required": random.choice(list(_COMPLIANCE), size=count, p=list(_COMPLIANCE.values())),
            "api_usage_intent": _score(0.1 + 1.1 * modernity + vary(0.4)),
            "licence_usage": _share(0.6 + 0.8 * goodwill + vary(0.3)),
            "account_age_months": np.round(4 + random.gamma(2.0, 18.0, size=count)),
            "churn_risk": _share(-1.2 - 0.9 * goodwill + vary(0.25)),
            "support_tickets_90d": count_around(np.exp(1.1 + 0.3 * size - 0.3 * goodwill)),
            "csm_score": _score(0.5 + 1.0 * goodwill + vary(0.25)),
            "industry_growth": np.round(0.05 + 0.05 * market + vary(0.02), 3),
            "competitive_pressure": _score(-0.4 * market + vary(0.8)),
            "hiring_growth": np.round(0.04 + 0.05 * market + vary(0.05), 3),
            "budget_quarter": random.choice(_QUARTERS, size=count),
        }
    )[[feature.column for feature in read_pack("software").feature_columns]]


def _make_signal(features: pd.DataFrame) -> Column:
    """Return the expansion revenue in dollars that the features imply, smoothly between the bounds.

    Three of the terms are interactions: demo requests count for more where the cloud is mature, an API plan pays only
    where there is something to integrate, and churn risk costs large accounts more than small ones.
    """
    column = {name: features[name].to_numpy() for name in features}
    size = np.log(column["employees"])
    appeal = (
        -3.05
        + 1.3 * (_above(size, 5.35, 0.15) + _above(size, 6.85, 0.15))
        + 0.4 * _above(column["website_visits_30d"], 43, 3)
        + 0.5 * _above(column["demo_requests"], 1.5, 0.2)
        + 2.5 * _above(column["demo_requests"], 2.5, 0.2) * _above(column["cloud_maturity"], 5.0, 0.4)
        + 0.5 * _above(column["integration_needs"], 3.5, 0.2) * _above(column["api_usage_intent"], 5.0, 0.4)
        - 0.9 * _above(column["churn_risk"], 0.27, 0.03) * _above(size, 5.7, 0.2)
        + 0.5 * _above(column["csm_score"], 5.8, 0.4)
        + 0.05 * (column["industry_growth"] - 0.05) / 0.05
        - 0.03 * (column["competitive_pressure"] - 5) / 2
        + 0.05 * (column["compliance_required"] != "None")
        + 0.05 * (column["budget_quarter"] == "Q4")
    )
    signal: Column = LOWEST + (HIGHEST - LOWEST) / (1 + np.exp(-appeal))
    return signal


def _add_noise(signal: Column, random: np.random.Generator) -> Column:
    """Return the signal, in whole dollars, with noise whose spread grows with it until the upper bound is near.

    The noise is scaled so that the signal explains ``CEILING`` of the variance of the outcome drawn. The spread is
    capped near the bounds, so the scale has no formula; a few rounds of correcting it find it.
    """
    room = 0.95 * np.minimum(signal - LOWEST, HIGHEST - signal) / _NOISE_REACH
    draw = np.clip(random.normal(size=len(signal)), -_NOISE_REACH, _NOISE_REACH)
    share = 0.1
    for _ in range(50):
        noise = np.minimum(share * signal, room) * draw
        share *= np.sqrt((1 - CEILING) * np.var(signal + noise) / np.mean(noise**2))
    outcome: Column = np.round(signal + noise)
    return outcome


def _lose_cells(features: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    lost = {name: random.random(len(features)) < share for name, share in _MISSING.items()}
    return features.assign(**{name: features[name].mask(gone) for name, gone in lost.items()})


def _make_sensitivities(features: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return how strongly each account responds to each promotion, from 0 to 1."""
    size = (np.log(features["employees"]) - 6) / 1.15
    regulated = features["compliance_required"] != "None"
    leanings = {
        "discount_sensitivity": 0.35 * (features["competitive_pressure"] - 5) - 0.5 * size,
        "sla_sensitivity": 0.9 * regulated - 0.6 + 0.5 * size,
        "training_sensitivity": -0.35 * (features["csm_score"] - 6),
        "implementation_sensitivity": 0.25 * (features["integration_needs"] - 4)
        - 0.2 * (features["cloud_maturity"] - 5),
    }
    return pd.DataFrame(
        {name: _share(leanings[name].to_numpy() + random.normal(scale=0.5, size=len(features))) for name in leanings}
    )


def _share(log_odds: Column) -> Column:
    return np.round(1 / (1 + np.exp(-log_odds)), 3)


def _score(log_odds: Column) -> Column:
    return np.round(10 / (1 + np.exp(-log_odds)), 1)


def _above(values: Column, threshold: float, width: float) -> Column:
    """Return a step from 0 to 1 at the threshold, rounded off over about four widths."""
    return 1 / (1 + np.exp(-(values - threshold) / width))
