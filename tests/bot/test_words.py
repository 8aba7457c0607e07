"""Another business: practices that refer patients to a hospital, with nothing of software sales in sight."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from bot.answering import vocabulary_of
from bot.blocks import (
    answer_message,
    digest_message,
    headline_message,
    help_message,
    model_message,
    plan_messages,
    several_accounts_message,
    unknown_account_message,
)
from bot.brief import make_brief
from bot.charts import interactions_chart, waterfall_chart
from bot.questions.recognise import recognise
from bot.report import plan_markdown
from bot.tools.calls import (
    AccountFacts,
    Compare,
    Direction,
    Drivers,
    Fact,
    FeatureChange,
    How,
    WhatIf,
    WhyAllocated,
)
from bot.tools.context import ToolContext
from bot.workspace.block_kit import message_blocks
from bot.writer.offline import OfflineWriter
from bot.writer.prompt import plan_messages as plan_prompt
from pipeline.card import describe_model
from pipeline.what_if import OpenModels
from storage.records import (
    AllocationSummary,
    BaseRate,
    Calibration,
    CandidateScore,
    Comparison,
    Coverage,
    Feature,
    FeatureKind,
    ModelCard,
    Score,
    Source,
    Verdict,
    Words,
)
from storage.snapshots import ACCOUNTS_SCHEMA, CHANGES_SCHEMA, SnapshotContents, SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.blocks import Message
    from bot.brief import Brief
    from bot.tools.calls import ToolCall
    from storage.snapshots import Snapshot

DAY = date(2026, 11, 23)
NIGHT = datetime(2026, 11, 21)  # noqa: DTZ001 - moments in snapshots are UTC without a zone
FOREIGN = re.compile(
    r"\$|\b(?:accounts?|actions?|revenue|demos?|software|dollars?|sales|customers?"
    r"|CRM|regions?|industr(?:y|ies)|its owner)\b",
    re.IGNORECASE,
)
QUESTIONS = (
    "Why so many visits?",
    "Who is the liaison?",
    "What changed?",
    "What is the forecast?",
    "Which promotion?",
    "What could go wrong?",
    "Why is it so high?",
    "What about satisfaction?",
    "Compare with another practice",
    "When does the moon rise?",
    "What would happen if they complained less?",
)
PRACTICE_QUESTIONS: dict[str, ToolCall | None] = {
    "why only 3 visits?": WhyAllocated(actions=None),
    "why not 4 visits?": WhyAllocated(actions=4),
    "how come we get so many visits for this practice": WhyAllocated(actions=None),
    "who is the liaison?": AccountFacts(facts=(Fact.OWNER,), features=()),
    "which district n specialty": AccountFacts(facts=(Fact.REGION, Fact.INDUSTRY), features=()),
    "how many referred patients do you predict?": AccountFacts(facts=(Fact.PREDICTION,), features=()),
    "satisfaction?": AccountFacts(facts=(), features=("satisfaction",)),
    "what if satisfaction went up to 9": WhatIf(
        changes=(FeatureChange(feature="satisfaction", how=How.SET, amount=9.0),)
    ),
    "wait for appointment 3 days shorter, what then?": None,
    "what drags the referred patients down?": Drivers(direction=Direction.LOWERING, limit=None),
    "compare with PRAC-007": Compare(accounts=("prac-007",)),
    "how many patients did they refer on Monday": None,
    "should I bring the portal training up": None,
}
WORDS = Words(
    pack="healthcare",
    account="practice",
    accounts="practices",
    rep="physician liaison",
    reps="physician liaisons",
    action="visit",
    actions="visits",
    target="referred patients",
    unit="patients",
    owner="liaison",
    territory="district",
    industry="specialty",
    source="practice file",
)
FEATURES = tuple(
    Feature(name=name, label=label, group=group, unit=unit, kind=kind)
    for name, label, group, unit, kind in (
        ("panel_size", "Panel size", "Practice", "patients", FeatureKind.NUMBER),
        ("referral_leakage", "Referrals elsewhere", "Referrals", "%", FeatureKind.NUMBER),
        ("satisfaction", "Satisfaction", "Relationship", "0-10", FeatureKind.NUMBER),
        ("visits_90d", "Liaison visits, 90 d", "Engagement", "", FeatureKind.NUMBER),
        ("days_to_appointment", "Wait for appointment", "Referrals", "days", FeatureKind.NUMBER),
        ("ehr_connected", "Records connected", "Relationship", "", FeatureKind.CATEGORY),
        ("competitor_hospitals", "Hospitals nearby", "Market", "", FeatureKind.NUMBER),
        ("staff", "Staff", "Practice", "", FeatureKind.NUMBER),
        ("complaints_90d", "Complaints, 90 d", "Relationship", "", FeatureKind.NUMBER),
    )
)
SCORE = Score(r2=0.6, r2_error=0.03, mae=6.4, mae_error=0.3, spearman=0.75, spearman_error=0.02)
PROMOTIONS = (("fast_track", "Fast-track appointments"), ("portal", "Help with the portal"))
ALLOCATION = AllocationSummary(
    allocator="score", capacity=60, cap_per_account=4, allocated=60, accounts_with_actions=20
)


def practice(number: int, random: np.random.Generator, *, bare: bool) -> dict[str, Any]:
    numbers = [
        float(random.integers(200, 4_000)), round(float(random.uniform(0, 0.6)), 2),
        round(float(random.uniform(2, 10)), 1), float(random.poisson(2)), float(random.integers(1, 30)), None,
        float(random.integers(0, 6)), float(random.integers(2, 40)), float(random.poisson(1)),
    ]  # fmt: skip
    shap = [round(float(each), 1) for each in random.normal(0, [14, 9, 6, 5, 4, 2, 1, 0.5, 0.02])]
    predicted = 82.0 + sum(shap)
    return {
        "account_id": f"PRAC-{number:03}", "name": f"Riverside Family Medicine {number}",
        "owner": "" if bare else ("Ada Osei", "Ben Ruiz")[number % 2],
        "region": "" if bare else "North Shore", "industry": "" if bare else "Cardiology",
        "predicted": predicted, "low": predicted - 17.4, "high": predicted + 20.2, "baseline": 82.0,
        "numbers": numbers, "texts": [None] * 5 + ["Yes" if number % 3 else "No"] + [None] * 3, "shap": shap,
        "interactions": [{"first": 0, "second": 3, "value": 4.2}],
        "fold": number % 5, "sensitivities": [] if bare else [0.3, 0.7], "promotion": None if bare else 1,
        "actions": 3 if number < 20 else 0, "rank": number + 1, "score": predicted, "scaled_score": 50.0,
        "reason": f"Rank {number + 1} of 60 by score.", "by_type": [], "reasons": [],
    }  # fmt: skip


def contents(*, bare: bool) -> SnapshotContents:
    """Return sixty practices; the bare ones have neither liaison nor district nor specialty nor promotions."""
    random = np.random.default_rng(5)
    rows = [practice(number, random, bare=bare) for number in range(60)]
    moved = rows[7]
    change = {
        **{name: moved[name] for name in ("account_id", "name", "owner", "region")}, "kind": "changed",
        "predicted_before": moved["predicted"] - 14.0, "predicted_after": moved["predicted"], "by_data": 10.5,
        "by_model": 3.5, "actions_before": 1, "actions_after": 3, "actions_by_data": 2, "actions_by_model": 0,
        "actions_by_rules": 0, "values": [{"feature": 3, "number_before": 1.0, "number_after": 4.0}],
    }  # fmt: skip
    return SnapshotContents(
        accounts=pa.Table.from_pylist(rows, schema=ACCOUNTS_SCHEMA),
        features=FEATURES,
        promotions=() if bare else PROMOTIONS,
        base_rates=(
            BaseRate(
                feature="satisfaction", threshold=7.0, category=None,
                count_with=24, median_with=96.0, count_without=36, median_without=71.0,
            ),
        ),
        source=Source(description="practices.csv", sha256="0" * 64, as_of=datetime(2026, 11, 22, 6, 30)),  # noqa: DTZ001 - as above
        card=ModelCard(
            verdict=Verdict.SIGNAL,
            family="random forest",
            outcome_rows=60,
            training_rows=60,
            measured_rows=60,
            outcome_values=50,
            seed=7,
            target_mean=82.0,
            score=SCORE,
            r2_holdout=0.61,
            candidates=(CandidateScore(family="random forest", score=SCORE),),
            coverage=(Coverage(segment="specialty", name="Cardiology", accounts=40, coverage=0.8),),
            calibration=(Calibration(accounts=20, predicted=60.0, outcome=61.0, outcome_error=2.0),),
            drift=None,
            r2_ceiling=None,
            interval_level=0.8,
            interval_coverage=0.81,
            artefact_sha256=hashlib.sha256(b"models").hexdigest(),
            versions={"scikit-learn": "1.9"},
        ),
        words=WORDS,
        allocation=ALLOCATION,
        artefact=b"models",
        comparison=Comparison(
            previous_id="000001-0123abcd", previous_as_of=NIGHT, not_told_apart=None, allocation=ALLOCATION
        ),
        changes=pa.Table.from_pylist([change], schema=CHANGES_SCHEMA),
    )  # fmt: skip


@pytest.fixture(scope="module", params=[False, True], ids=["with everything", "with the least"])
def practices(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    store = SnapshotStore(tmp_path_factory.mktemp("practices"))
    store.publish(contents(bare=request.param), now=datetime(2026, 11, 22, 7, tzinfo=UTC))
    with store.lease() as snapshot:
        yield snapshot
    store.close()


def brief_of(snapshot: Snapshot, account_id: str) -> Brief:
    account = snapshot.find_account(account_id)
    assert account is not None
    return make_brief(snapshot, account, library=None)


def messages_about(snapshot: Snapshot, account_id: str) -> list[Message]:
    brief, writer = brief_of(snapshot, account_id), OfflineWriter(note="no key is set")
    return [
        headline_message(brief),
        *plan_messages(brief, writer.write_plan(brief)),
        *(answer_message(brief, writer.answer(brief, each, transcript=[], passages=[])) for each in QUESTIONS),
    ]


def messages_about_all(snapshot: Snapshot) -> list[Message]:
    choices = snapshot.closest("PRAC-00")
    return [
        digest_message(snapshot.info, snapshot.digest(limit=10), day=DAY, movers=snapshot.movers(limit=3)),
        digest_message(snapshot.info, (), day=DAY),
        help_message(WORDS),
        model_message(describe_model(snapshot)),
        unknown_account_message("PRAC-99999", choices, words=WORDS),
        unknown_account_message("?", (), words=WORDS),
        several_accounts_message("Riverside", choices, words=WORDS),
    ]


@pytest.mark.parametrize("account_id", ["PRAC-000", "PRAC-007", "PRAC-019", "PRAC-020", "PRAC-041", "PRAC-059"])
def test_no_word_of_another_business_is_in_a_brief_its_pictures_its_plan_or_an_answer(
    practices: Snapshot, account_id: str
) -> None:
    brief, writer = brief_of(practices, account_id), OfflineWriter(note="no key is set")
    plan = writer.write_plan(brief)
    said = [plan_markdown(brief, plan)]
    for chart in (waterfall_chart(brief), interactions_chart(brief)):
        said += [chart.title, chart.alt_text]
    for message in messages_about(practices, account_id):
        message_blocks(list(message.blocks))
        said += [message.text, *strings(message.blocks)]

    assert plan.authorship.dropped == 0
    assert all(section.statements for section in plan.sections)
    assert [(FOREIGN.findall(text), text) for text in said if FOREIGN.search(text)] == []
    assert any("patients" in text for text in said)


def test_no_word_of_another_business_is_in_the_digest_the_help_or_the_model_card(practices: Snapshot) -> None:
    for message in messages_about_all(practices):
        message_blocks(list(message.blocks))
        for text in (message.text, *strings(message.blocks)):
            assert FOREIGN.findall(text) == [], text


def test_the_headline_counts_patients_and_visits(practices: Snapshot) -> None:
    brief = brief_of(practices, "PRAC-007")
    words = headline_message(brief).text

    assert f"{brief.account.predicted:.0f}" in words
    assert re.search(r"patients, predicted referred patients, 80 % interval [\d.]+ to [\d.]+ patients; 3 visits", words)
    assert "Up 14 patients since 21 Nov 2026" in words


def test_what_a_business_does_not_have_is_not_spoken_of(practices: Snapshot) -> None:
    brief, writer = brief_of(practices, "PRAC-003"), OfflineWriter(note="")
    plan = writer.write_plan(brief)
    headline = strings(headline_message(brief).blocks)
    document = plan_markdown(brief, plan)

    if practices.promotions:
        assert "Cardiology · North Shore · liaison Ben Ruiz" in headline
        assert "## Recommended promotion" in document
        assert "recommended promotion" in str(plan_prompt(brief))
    else:
        assert not any("liaison " in text or "not known" in text for text in headline)
        assert plan.promotion is None
        assert "romotion" not in document
        assert "recommended promotion" not in str(plan_prompt(brief))
        [answer] = writer.answer(brief, "Which promotion?", transcript=[], passages=[]).statements
        assert answer.text == "Not in my sources: there are no promotions in the data of these practices."


def test_the_reason_in_a_digest_is_one_short_line(practices: Snapshot) -> None:
    digest = digest_message(practices.info, practices.digest(limit=10), day=DAY)

    for block in digest.blocks[2:12]:
        reason = block["text"]["text"].split("\n")[2]
        assert 20 < len(reason) <= 90
        assert " · " in reason


def test_a_model_is_told_what_to_call_things(practices: Snapshot) -> None:
    told = str(plan_prompt(brief_of(practices, "PRAC-003")))

    assert '"actions": "visits"' in told
    assert '"unit": "patients"' in told


def test_without_signal_practices_are_not_ranked_in_their_own_words(practices: Snapshot) -> None:
    card = replace(practices.info.card, verdict=Verdict.NO_SIGNAL, family="constant")
    digest = digest_message(replace(practices.info, card=card), practices.digest(limit=2), day=DAY)

    assert "its turn; no practice is ranked above another" in digest.blocks[2]["text"]["text"]
    assert FOREIGN.findall(digest.text) == []


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for key, each in value.items() if key not in {"type", "action_id"} for found in strings(each)]
    if isinstance(value, list | tuple):
        return [found for each in value for found in strings(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("question", PRACTICE_QUESTIONS)
def test_questions_are_understood_in_the_words_of_the_business(practices: Snapshot, question: str) -> None:
    brief = brief_of(practices, "PRAC-003")
    context = ToolContext(
        snapshot=practices,
        brief=brief,
        library=None,
        may_see=lambda _: True,
        models=OpenModels(),
        known=brief.evidence,
    )

    assert recognise(question, vocabulary_of(context)) == PRACTICE_QUESTIONS[question]
