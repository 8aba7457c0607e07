"""A published snapshot of sixty accounts, some of them as awkward as accounts come."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from made_up import BASE_RATES, CARD, WORDS, Clock

from bot.brief import Brief, make_brief
from kb.index import Library, write_index
from kb.passages import Passage
from pipeline.pack import read_pack
from storage.records import (
    AllocationSummary,
    Feature,
    FeatureKind,
    Fitness,
    Source,
)
from storage.snapshots import ACCOUNTS_SCHEMA, SnapshotContents, SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from storage.snapshots import Snapshot

ARTEFACT = b"the fitted models"
BASELINE = 71_200.0
LONG_LABEL = "Number of integrations between the customer's systems of record that someone maintains by hand"
FEATURES = (
    ("demo_requests", "Demo requests", "", FeatureKind.NUMBER),
    ("cloud_maturity", "Cloud maturity", "0-10", FeatureKind.NUMBER),
    ("churn_risk", "Churn risk", "%", FeatureKind.NUMBER),
    ("annual_revenue", "Annual revenue", "$", FeatureKind.NUMBER),
    ("budget_quarter", "Budget quarter", "", FeatureKind.CATEGORY),
    ("account_age", "Account age", "months", FeatureKind.NUMBER),
    ("open_rate", "Email open rate", "%", FeatureKind.NUMBER),
    ("competitor", "Main competitor", "", FeatureKind.CATEGORY),
    ("integrations", LONG_LABEL, "", FeatureKind.NUMBER),
    ("csm_score", "CSM score", "0-10", FeatureKind.NUMBER),
)
# What the software pack says of these, by the names that they have here.
NAMES = {
    "account_age_months": "account_age",
    "email_open_rate": "open_rate",
    "integration_needs": "integrations",
    "competitor_products": "competitor",
}
TOPICS = tuple(
    replace(topic, feature=NAMES.get(topic.feature, topic.feature))
    if topic.feature != "competitor_products"
    else replace(
        topic, feature="competitor", many="{value} as the competitor to beat", none="no competitor on file",
        one="", plural=False, better="", middle=None, rival="name",
        compare="What would you miss most if you had to give it up?",
    )
    for topic in read_pack("software").topics
    if NAMES.get(topic.feature, topic.feature) in {name for name, *_ in FEATURES}
)  # fmt: skip
OFFERS = tuple(
    replace(offer, promotion=offer.promotion.removesuffix("_sensitivity")) for offer in read_pack("software").offers
)
PROMOTIONS = (
    ("discount", "Discount"),
    ("sla", "SLA upgrade"),
    ("training", "Training package"),
    ("implementation", "Implementation support"),
)
Row = dict[str, Any]


def synthetic_row(number: int, random: np.random.Generator) -> Row:
    """Return one account whose SHAP values follow its values."""
    values: list[float | str] = [
        float(random.poisson(3)),
        round(float(random.uniform(0, 10)), 1),
        round(float(random.beta(2, 5)), 3),
        float(round(np.exp(random.normal(17, 1.6)))),
        f"Q{random.integers(1, 5)}",
        float(random.integers(1, 120)),
        round(float(random.uniform(0, 0.6)), 3),
        str(random.choice(["CloudControl", "TechOps", "Nimbus", "None"])),
        float(random.integers(0, 40)),
        round(float(random.uniform(2, 10)), 1),
    ]
    shap = [
        6_500 * (float(values[0]) - 3),
        1_900 * (float(values[1]) - 5),
        -21_000 * (float(values[2]) - 0.28),
        4_200 * (np.log(float(values[3])) - 17),
        {"Q1": -2_100.0, "Q2": 400.0, "Q3": 900.0, "Q4": 3_200.0}[str(values[4])],
        18.0 * (float(values[5]) - 60),
        900.0 * random.normal(),
        {"CloudControl": -1_500.0, "TechOps": -700.0, "Nimbus": 200.0, "None": 1_300.0}[str(values[7])],
        40.0 * (float(values[8]) - 20),
        260.0 * (float(values[9]) - 6),
    ]
    return {
        "account_id": f"ACME-{number:03}",
        "name": f"Ridgeline Freight {number}",
        "owner": ("Dana Reyes", "Ivo Maric", "Lena Okafor")[number % 3],
        "region": ("EMEA", "North America", "APAC")[number % 3],
        "industry": ("FinTech", "Logistics", "Healthcare")[number % 3],
        "values": values,
        "shap": shap,
        "sensitivities": [round(float(each), 2) for each in random.uniform(0, 1, 4)],
    }


def awkward_rows(rows: list[Row]) -> list[Row]:
    """Return accounts such as nobody would make up, made up."""
    losing = rows[40] | {
        "account_id": "LOSS-001",
        "name": "Everything Is Difficult GmbH",
        "shap": [-19_500.0, -9_100.0, -8_700.0, -8_200.0, -2_100.0, -900.0, -400.0, 120.0, -60.0, -30.0],
    }
    huge = rows[41] | {
        "account_id": "HUGE-001",
        "name": "The Extraordinarily Long-Winded International Holding Company for Industrial Participations",
        "values": [4_200_000.0, 10.0, 1.0, 9.87e11, "Q4", 1_200.0, 0.999, "$x$ and $y_2$ \\frac", 88_000_000.0, 9.9],
        "shap": [3.21e9, -1.98e9, 4.4e8, 0.0, 7.0, -250_000.0, 31_000.0, -6.3e8, 9.99e8, 12.0],
    }
    unknown = rows[42] | {
        "account_id": "GAPS-001",
        "name": "Kite 株式会社 ✈ Ünïted",
        "values": [None, 7.5, 0.4, 3.1e7, None, 25.0, None, None, 12.0, 6.5],
        "shap": [-7_900.0, 4_100.0, -900.0, 1_000.0, 5_200.0, 90.0, -80.0, 6_300.0, 70.0, 10.0],
    }
    hostile = rows[43] | {
        "account_id": "EVIL-<!here>&001",
        "name": (
            "<!channel> *bold* _it_ `code` <@U123> <https://evil.example|x> &lt;!channel&gt; \u202eabc\u202c :smile:\n#"
        ),
        "owner": "<@U0OWNER>",
        "region": "",
        "industry": "<!everyone>",
    }
    return [losing, huge, unknown, hostile]


def publish(root: Path, rows: list[Row], features: tuple[Feature, ...]) -> SnapshotStore:
    """Publish these accounts; the eight of the highest prediction get five actions down to one."""
    predictions = [BASELINE + sum(row["shap"]) for row in rows]
    ranks = np.argsort(np.argsort(-np.asarray(predictions))) + 1
    actions = [max(0, 6 - (int(rank) + 1) // 2) for rank in ranks]
    numbers = [[value if isinstance(value, float) else None for value in row["values"]] for row in rows]
    texts = [[value if isinstance(value, str) else None for value in row["values"]] for row in rows]
    columns = {
        **{key: [row[key] for row in rows] for key in ("account_id", "name", "owner", "region", "industry")},
        "predicted": predictions,
        "low": [each - 0.2 * abs(each) for each in predictions],
        "high": [each + 0.25 * abs(each) for each in predictions],
        "baseline": [BASELINE] * len(rows),
        "numbers": numbers,
        "texts": texts,
        "shap": [row["shap"] for row in rows],
        "interactions": [[] for _ in rows],
        "fold": [number % 5 for number in range(len(rows))],
        "sensitivities": [row["sensitivities"] for row in rows],
        "promotion": [int(np.argmax(row["sensitivities"])) for row in rows],
        "actions": actions,
        "rank": ranks.tolist(),
        "score": [each / 1000 for each in predictions],
        "scaled_score": [float(100 - rank) for rank in ranks],
        "reason": [f"Rank {rank} by score: {given} actions." for rank, given in zip(ranks, actions, strict=True)],
        "by_type": [[]] * len(rows),
        "reasons": [
            [
                {"kind": "given", "text": f"Its {given} actions bring an expected ${given}K.", "accounts": []},
                {"kind": "limit", "text": "One more would exceed the total capacity of 30.", "accounts": []},
            ]
            for given in actions
        ],
    }
    store = SnapshotStore(root)
    store.publish(
        SnapshotContents(
            accounts=pa.table(columns, schema=ACCOUNTS_SCHEMA),
            features=features,
            promotions=PROMOTIONS,
            base_rates=BASE_RATES,
            source=Source(
                description="synthetic",
                sha256="0" * 64,
                as_of=datetime(2026, 11, 22, 6, 30),  # noqa: DTZ001 # UTC, naive, by contract
                fitness=Fitness.CARE,
                findings=("Only <64> rows have an outcome.", "64 of 70 rows used."),
            ),
            card=replace(CARD, artefact_sha256=hashlib.sha256(ARTEFACT).hexdigest()),
            words=WORDS,
            allocation=AllocationSummary(
                allocator="score",
                capacity=30,
                cap_per_account=5,
                allocated=sum(actions),
                accounts_with_actions=sum(each > 0 for each in actions),
            ),
            artefact=ARTEFACT,
            topics=TOPICS,
            offers=OFFERS,
        ),
        now=datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
    )
    return store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def publish_rows() -> Callable[..., SnapshotStore]:
    """Publish the sixty and what ``change`` makes of each by its number; ``labels`` are other labels of features."""

    def publish_rows(root: Path, change: Callable[[Row, int], Row], *, labels: dict[str, str]) -> SnapshotStore:
        random = np.random.default_rng(11)
        rows = [synthetic_row(number, random) for number in range(60)]
        features = tuple(
            Feature(name=name, label=labels.get(name, label), group="Any", unit=unit, kind=kind)
            for name, label, unit, kind in FEATURES
        )
        return publish(root, [*rows, *(change(row, number) for number, row in enumerate(rows))], features)

    return publish_rows


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    random = np.random.default_rng(11)
    rows = [synthetic_row(number, random) for number in range(60)]
    features = tuple(
        Feature(name=name, label=label, group="Any", unit=unit, kind=kind) for name, label, unit, kind in FEATURES
    )
    store = publish(tmp_path_factory.mktemp("snapshots"), rows + awkward_rows(rows), features)
    with store.lease() as leased:
        yield leased
    store.close()


@pytest.fixture(scope="session")
def brief_of(snapshot: Snapshot) -> Callable[[str], Brief]:
    """Make the brief of the account with this id, without a library."""

    def brief_of(account_id: str) -> Brief:
        account = snapshot.find_account(account_id)
        assert account is not None
        return make_brief(snapshot, account, library=None)

    return brief_of


@pytest.fixture(scope="session")
def published_snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of published snapshots: the accounts of `snapshot`, and two that share a name."""
    random = np.random.default_rng(11)
    rows = [synthetic_row(number, random) for number in range(60)]
    twins = [rows[number] | {"account_id": f"TWIN-00{number}", "name": "Twin Peaks Ltd"} for number in (1, 2)]
    features = tuple(
        Feature(name=name, label=label, group="Any", unit=unit, kind=kind) for name, label, unit, kind in FEATURES
    )
    root = tmp_path_factory.mktemp("published")
    publish(root, rows + awkward_rows(rows) + twins, features).close()
    return root


@pytest.fixture
def home(tmp_path: Path, published_snapshots: Path) -> Path:
    """A PRECALL_HOME with a snapshot and no knowledge base."""
    shutil.copytree(published_snapshots, tmp_path / "home" / "snapshots")
    return tmp_path / "home"


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    with run_bot(home) as running:
        yield running


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Four documents of three kinds; one passage hides characters, one tries to be markup."""
    passages = [
        ("Demo Guide", "product", 1, "A proof of value\ntakes ten working days."),
        ("Demo Guide", "product", 2, "Demo requests that name a use case close\u200b twice as often."),
        ("Demo Guide", "product", 3, "Annual revenue decides the tier of support."),
        ("Rivals", "competitive", 1, "Competitor comparison: <!channel> CloudControl bills by the hour."),
        ("Trends", "trends", 4, "Logistics companies move their churn risk models to the cloud."),
        ("Deployment", "best practices", 5, "Training package and implementation support in the first month."),
    ]
    folder = tmp_path_factory.mktemp("library")
    write_index(
        folder,
        passages=[
            Passage(
                passage_id=f"{document}-{page}",
                document=document,
                file=f"{document}.pdf",
                kind=kind,
                page=page,
                section="",
                text=text,
            )
            for document, kind, page, text in passages
        ],
        documents=[],
        problems=[],
    )
    return Library.open(folder)


@pytest.fixture(scope="session")
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("empty-library")
    write_index(folder, passages=[], documents=[], problems=[])
    return Library.open(folder)
