"""Plans of every shipped business, from its own demo accounts: the effects are made up, the words are the pack's."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bot.brief import make_brief
from bot.check import check_statements, subject_of
from bot.normalise import capitalise
from bot.plan import Statement
from bot.writer.offline import OfflineWriter
from bot.writer.phrases import find_topic
from pipeline.accounts import demo_accounts
from pipeline.pack import SHIPPED
from storage.records import (
    AllocationSummary,
    Calibration,
    CandidateScore,
    Coverage,
    Feature,
    FeatureKind,
    ModelCard,
    Score,
    Source,
    Topic,
    Verdict,
)
from storage.snapshots import ACCOUNTS_SCHEMA, SnapshotContents, SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.brief import Brief
    from bot.plan import Plan
    from pipeline.accounts import Accounts
    from storage.snapshots import Snapshot

SCORE = Score(r2=0.6, r2_error=0.03, mae=6.4, mae_error=0.3, spearman=0.75, spearman_error=0.02)
COUNT = 30
OF_SALES = re.compile(
    r"\b(?:demos?|software|licen[cs]es?|vendors?|cloud|whitepapers?|CRM|sales action)\b", re.IGNORECASE
)


def effects(accounts: Accounts, random: np.random.Generator) -> np.ndarray:
    """Return made-up SHAP values that grow with the value's rank; each feature is the strongest of some account."""
    sizes = random.permutation(np.geomspace(1, 0.01, len(accounts.features))) * accounts.outcome.std()
    ranks = []
    for feature in accounts.features:
        column = accounts.table[feature.name]
        numbers = pd.Series(pd.factorize(column)[0]) if feature.kind is FeatureKind.CATEGORY else column
        ranks.append(numbers.rank(pct=True).fillna(0.5) + random.normal(0, 0.15, len(column)) - 0.5)
    rolled = np.stack([np.roll(sizes, number) for number in range(len(accounts.table))])
    return np.column_stack(ranks) * rolled


def contents(name: str) -> SnapshotContents:
    random = np.random.default_rng(3)
    accounts = demo_accounts(name, count=COUNT, seed=5)
    shap, baseline = effects(accounts, random), float(accounts.outcome.mean())
    rows = []
    for number, (row, own) in enumerate(zip(accounts.table.to_dict("records"), shap, strict=True)):
        values = [None if pd.isna(row[each.name]) else row[each.name] for each in accounts.features]
        given = [round(float(row[promotion]), 2) for promotion, _ in accounts.promotions]
        predicted = baseline + float(own.sum())
        width = abs(predicted) * (0.1, 0.2, 0.4)[number % 3]
        rows.append({
            **{each: row[each] for each in ("account_id", "name", "owner", "region", "industry")},
            "predicted": predicted, "low": predicted - width, "high": predicted + width, "baseline": baseline,
            "numbers": [float(value) if isinstance(value, int | float) else None for value in values],
            "texts": [value if isinstance(value, str) else None for value in values],
            "shap": own.tolist(), "interactions": [], "fold": number % 5, "sensitivities": given,
            "promotion": int(np.argmax(given)), "actions": (0, 1, 3)[number % 3], "rank": number + 1,
            "score": predicted, "scaled_score": 50.0, "reason": "By score.", "by_type": [], "reasons": [],
        })  # fmt: skip
    return SnapshotContents(
        accounts=pa.Table.from_pylist(rows, schema=ACCOUNTS_SCHEMA),
        features=accounts.features,
        promotions=accounts.promotions,
        base_rates=(),
        source=Source(description="made up", sha256="0" * 64, as_of=datetime(2026, 11, 22, 6, 30)),  # noqa: DTZ001 - moments in snapshots are UTC without a zone
        card=ModelCard(
            verdict=Verdict.SIGNAL,
            family="random forest",
            outcome_rows=COUNT,
            training_rows=COUNT,
            measured_rows=COUNT,
            outcome_values=50,
            seed=7,
            target_mean=baseline,
            score=SCORE,
            r2_holdout=0.61,
            candidates=(CandidateScore(family="random forest", score=SCORE),),
            coverage=(Coverage(segment="all", name="all", accounts=COUNT, coverage=0.8),),
            calibration=(Calibration(accounts=20, predicted=60.0, outcome=61.0, outcome_error=2.0),),
            drift=None,
            r2_ceiling=None,
            interval_level=0.8,
            interval_coverage=0.81,
            artefact_sha256=hashlib.sha256(b"models").hexdigest(),
            versions={"scikit-learn": "1.9"},
        ),
        words=accounts.words,
        allocation=AllocationSummary(
            allocator="score", capacity=40, cap_per_account=4, allocated=40, accounts_with_actions=20
        ),
        artefact=b"models",
        topics=accounts.topics,
        offers=accounts.pack.offers,
    )


def without_texts(found: SnapshotContents) -> SnapshotContents:
    """Return the contents as of a pack that says what a rep can do about each feature and nothing more."""
    topics = tuple(Topic(feature=topic.feature, influence=topic.influence) for topic in found.topics)
    return replace(found, topics=topics, offers=())


@pytest.fixture(scope="module", params=[*SHIPPED, "healthcare without topics", "retail without topics"])
def business(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    name, _, bare = request.param.partition(" ")
    store = SnapshotStore(tmp_path_factory.mktemp("business"))
    made = contents(name)
    store.publish(without_texts(made) if bare else made, now=datetime(2026, 11, 22, 7, tzinfo=UTC))
    with store.lease() as snapshot:
        yield snapshot
    store.close()


def briefs(snapshot: Snapshot) -> Iterator[Brief]:
    for row in snapshot.digest(limit=COUNT):
        account = snapshot.find_account(row.account_id)
        assert account is not None
        yield make_brief(snapshot, account, library=None)


def write(brief: Brief) -> Plan:
    return OfflineWriter(note="no key is set").write_plan(brief)


def lines(plan: Plan) -> list[str]:
    return [statement.text for section in plan.sections for statement in section.statements]


def test_every_plan_of_a_shipped_business_passes_the_check_whole(business: Snapshot) -> None:
    for brief in briefs(business):
        plan = write(brief)

        assert plan.authorship.dropped == 0, brief.account.account_id
        assert {len(section.statements) for section in plan.sections} <= {2, 3, 4}
        assert plan.promotion is not None
        for text in [*lines(plan), plan.promotion.text]:
            assert not text[0].islower()
            assert text.rstrip("”")[-1] in ".?!"
            assert not re.search(r"\s{2}|\.\.|\{|\}|None|,\.| \.|\b(?:a|an) (?:a|an|the)\b", text), text


def test_every_text_of_every_topic_passes_the_check_beside_its_feature(business: Snapshot) -> None:
    refused, seen = set(), set()
    for brief in briefs(business):
        for driver in brief.drivers:
            carrier = brief.find_evidence(driver.evidence_id)
            for place in range(6):
                topic = find_topic(driver.feature, brief.topics, place=place)
                if carrier is None or (driver.feature.name, place) in seen:
                    continue
                seen.add((driver.feature.name, place))
                texts = [f"{capitalise(each)}." for each in (topic.opening, topic.need, topic.pain, topic.risk)]
                texts += [f"{capitalise(each.replace('{owner}', 'the rep'))}." for each in (topic.action, topic.remedy)]
                texts += [f"Goal: {topic.metric}.", f"Ask: “{topic.ask}”"]
                texts += [f"Ask: “{topic.compare}”"] if topic.compare else []
                statements = [Statement(text=text, evidence=(driver.evidence_id,)) for text in texts]
                checked = check_statements(statements, brief.evidence, subject=subject_of(brief))
                refused |= {(driver.feature.name, each.statement.text, each.reason) for each in checked.dropped}

    assert refused == set()
    assert {name for name, _ in seen} == {feature.name for feature in business.features}


def test_no_plan_says_the_same_line_twice(business: Snapshot) -> None:
    for brief in briefs(business):
        sections = [section for section in write(brief).sections if section.name != "executive_summary"]
        texts = [statement.text for section in sections for statement in section.statements]
        # What stands before a colon or in brackets is the fact, which belongs beside each line about it.
        clauses = Counter(
            clause.strip().casefold().rstrip(".")
            for text in texts
            for clause in re.split(r"[:;.“”()]", text)
            if len(clause.split()) > 8 and not re.search(r"\d", clause)
        )

        assert [clause for clause, count in clauses.items() if count > 1] == []


def test_a_business_that_sells_no_software_is_not_spoken_to_as_one_that_does(business: Snapshot) -> None:
    if business.info.words.pack == "software":
        pytest.skip("it does")
    for brief in briefs(business):
        assert [text for text in lines(write(brief)) if OF_SALES.search(text)] == []


def test_without_actions_nothing_is_to_rise_or_fall_that_no_rep_can_move(business: Snapshot) -> None:
    topics = {feature.label.casefold(): find_topic(feature, business.topics) for feature in business.features}
    aims = [
        (topics[found["label"].casefold()], found["moves"])
        for account_id in business.accounts().column("account_id").to_pylist()
        if (account := business.find_account(account_id)) is not None and not account.allocation.actions
        for text in lines(write(make_brief(business, account, library=None)))
        if (found := re.search(r"By the next refresh, (?P<label>.+) should (?P<moves>rise|fall|stay)", text))
    ]

    assert aims != []
    for topic, moves in aims:
        assert (topic.influence, topic.better) in {("rep can raise", "high"), ("rep can lower", "low")}
        assert moves in {"stay", "rise" if topic.better == "high" else "fall"}


def test_a_feature_without_a_topic_is_spoken_of_by_what_a_rep_can_do_about_it() -> None:
    wait = Feature(name="wait", label="Wait", group="Access", unit="days", kind=FeatureKind.NUMBER)
    given, lower = Topic(feature="wait"), Topic(feature="wait", influence="rep can lower")

    assert find_topic(wait, [given]).pain != find_topic(wait, [lower]).pain
    assert "fewer days" in " ".join(find_topic(wait, [lower], place=place).metric for place in range(6))
    for part in ("opening", "need", "action", "remedy", "metric", "pain", "ask", "risk"):
        for known in (given, lower):
            assert len({getattr(find_topic(wait, [known], place=place), part) for place in range(6)}) >= 3
