from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from bot.brief import make_brief
from bot.check import check_statements, subject_of
from bot.evidence import EvidenceKind
from bot.plan import Plan, SectionName
from bot.writer.offline import OfflineWriter
from storage.records import Interaction
from storage.units import format_amount, format_range

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief
    from storage.snapshots import Snapshot

EVERYBODY = [f"ACME-{number:03}" for number in range(60)]
AWKWARD = ["LOSS-001", "HUGE-001", "GAPS-001"]


def write(brief: Brief) -> Plan:
    return OfflineWriter(note="written without an AI model").write_plan(brief)


def texts(plan: Plan) -> list[str]:
    assert plan.promotion is not None
    return [statement.text for section in plan.sections for statement in section.statements] + [plan.promotion.text]


@pytest.mark.parametrize("account_id", [*EVERYBODY[::7], *AWKWARD])
def test_every_section_has_two_to_four_statements_and_all_pass_the_check(
    brief_with_documents: Callable[[str], Brief], account_id: str
) -> None:
    brief = brief_with_documents(account_id)
    plan = write(brief)

    assert plan.authorship.dropped == 0
    assert [section.name for section in plan.sections] == list(SectionName)
    assert {len(section.statements) for section in plan.sections} <= {2, 3, 4}
    assert plan.promotion is not None
    statements = [*(each for section in plan.sections for each in section.statements), plan.promotion]
    assert check_statements(statements, brief.evidence, subject=subject_of(brief)).dropped == ()


@pytest.mark.parametrize("account_id", EVERYBODY[::7])
def test_a_plan_comes_without_any_document(brief_of: Callable[[str], Brief], account_id: str) -> None:
    plan = write(brief_of(account_id))

    assert plan.authorship.dropped == 0
    assert all(section.statements for section in plan.sections)
    assert plan.promotion is not None
    assert plan.promotion.text


def test_two_accounts_share_few_statements(brief_with_documents: Callable[[str], Brief]) -> None:
    plans = [set(texts(write(brief_with_documents(account_id)))) for account_id in EVERYBODY[:12]]

    assert all(len(one & other) <= len(one) / 2 for one, other in combinations(plans, 2))
    assert sum(len(one & other) for one, other in combinations(plans, 2)) / 66 < 3


def test_the_same_brief_gives_the_same_plan(brief: Brief) -> None:
    assert write(brief) == write(brief)


def test_no_statement_stands_twice_in_a_plan(brief_with_documents: Callable[[str], Brief]) -> None:
    for account_id in EVERYBODY:
        written = texts(write(brief_with_documents(account_id)))
        assert len(written) == len(set(written))


def test_sentences_are_whole(brief_with_documents: Callable[[str], Brief]) -> None:
    for account_id in [*EVERYBODY, *AWKWARD]:
        for text in texts(write(brief_with_documents(account_id))):
            assert not text[0].islower()
            assert text.rstrip("”")[-1] in ".?!"
            assert not re.search(r"\s{2}|\.\.|\{|\}|None|,\.| \.", text)


def test_a_quotation_is_a_whole_sentence_of_the_passage_that_is_cited(
    brief_with_documents: Callable[[str], Brief],
) -> None:
    quoted = 0
    for account_id in EVERYBODY[:20]:
        brief = brief_with_documents(account_id)
        for section in write(brief).sections:
            for statement in section.statements:
                carried = " ".join(item.text for item in brief.evidence if item.evidence_id in statement.evidence)
                for quotation in re.findall(r": “([^”]+\.)”$", statement.text):
                    assert quotation in carried
                    quoted += 1
    assert quoted > 20


def test_a_driver_that_lowers_the_forecast_is_no_talking_point_and_one_that_lifts_it_no_risk(
    brief_with_documents: Callable[[str], Brief],
) -> None:
    for account_id in EVERYBODY:
        brief = brief_with_documents(account_id)
        sections = {section.name: section.statements for section in write(brief).sections}
        signs = {driver.evidence_id: driver.shap for driver in brief.drivers}
        for statement in sections[SectionName.TALKING_POINTS]:
            if "add" in statement.text:
                assert signs.get(statement.evidence[0], 1) > 0
        for statement in sections[SectionName.RISK_MITIGATION]:
            if "off the forecast" in statement.text:
                assert signs[statement.evidence[0]] < 0


def test_an_account_without_actions_is_told_so_and_not_promised_any(
    brief_with_documents: Callable[[str], Brief],
) -> None:
    brief = next(each for each in map(brief_with_documents, EVERYBODY) if each.account.allocation.actions == 0)
    actions = write(brief).sections[4].statements

    assert actions[0].text.startswith("No action is allocated")


def test_a_feature_that_no_phrase_knows_is_written_about_by_its_label(brief: Brief) -> None:
    first = brief.drivers[0]
    unknown = replace(first.feature, name="zz_hectares", label="Hectares under glass", group="Greenhouse", unit="")
    strange = replace(brief, drivers=(replace(first, feature=unknown), *brief.drivers[1:]))
    plan = write(strange)

    assert plan.authorship.dropped == 0
    assert any("ectares under glass at" in text for text in texts(plan))


def section(brief: Brief, name: SectionName) -> list[str]:
    return [each.text for part in write(brief).sections if part.name is name for each in part.statements]


@pytest.mark.parametrize("account_id", ["ACME-007", *EVERYBODY[::9]])
def test_competitive_positioning_names_a_competitor_that_stands_in_a_cited_passage(
    brief_with_documents: Callable[[str], Brief], account_id: str
) -> None:
    brief = brief_with_documents(account_id)
    part = write(brief).sections[3]
    passages = {item.evidence_id: item.text for item in brief.evidence if item.kind is EvidenceKind.PASSAGE}

    assert any(
        rival in statement.text and rival in passages.get(cited, "")
        for statement in part.statements
        for cited in statement.evidence
        for rival in ("CloudControl", "TechOps", "Quorvia")
    )


def test_a_competitor_that_sells_to_smaller_companies_is_only_expected_at_small_ones(
    brief_with_documents: Callable[[str], Brief],
) -> None:
    expected = 0
    for account_id in EVERYBODY:
        brief = brief_with_documents(account_id)
        revenue = next(each.value for each in brief.drivers if each.feature.name == "annual_revenue")
        assert isinstance(revenue, float)
        written = " ".join(texts(write(brief)))
        if revenue > 20e6:
            assert "Quorvia sells" not in written
        expected += "Quorvia sells" in written
    assert expected > 3


def test_a_quotation_is_not_about_accounts_on_the_other_side_of_a_bound(
    brief_with_documents: Callable[[str], Brief],
) -> None:
    quoted = 0
    for account_id in EVERYBODY:
        brief = brief_with_documents(account_id)
        maturity = next(each.value for each in brief.drivers if each.feature.name == "cloud_maturity")
        assert isinstance(maturity, float)
        if "a cloud maturity of 6 or higher" in " ".join(texts(write(brief))):
            assert maturity >= 6
            quoted += 1
    assert quoted > 3


def test_as_many_actions_are_proposed_as_are_allocated(brief_with_documents: Callable[[str], Brief]) -> None:
    seen = set()
    for account_id in [*EVERYBODY, *AWKWARD]:
        brief = brief_with_documents(account_id)
        proposed = re.findall(
            r"(?:First|Second|Third|Fourth|Fifth) action: ", " ".join(section(brief, SectionName.ACTIONS))
        )
        assert len(proposed) == brief.account.allocation.actions
        seen.add(len(proposed))
    assert seen >= {0, 1, 4, 5}


def test_actions_work_on_the_strongest_effect_first(brief_with_documents: Callable[[str], Brief]) -> None:
    brief = next(each for each in map(brief_with_documents, EVERYBODY) if each.account.allocation.actions == 4)
    sizes = {driver.evidence_id: abs(driver.shap) for driver in brief.drivers}
    worked_on = [
        next(sizes[cited] for cited in statement.evidence if cited in sizes)
        for statement in write(brief).sections[4].statements
    ]

    assert worked_on == sorted(worked_on, reverse=True)


@pytest.mark.parametrize(("half", "word"), [(0.14, "firm"), (0.16, "fair"), (0.29, "fair"), (0.35, "wide")])
def test_the_width_of_the_interval_is_called_what_it_is(brief: Brief, half: float, word: str) -> None:
    predicted = abs(brief.account.predicted)
    account = replace(brief.account, predicted=predicted, low=predicted * (1 - half), high=predicted * (1 + half))
    interval = format_range(account.low, account.high, "$")
    evidence = tuple(
        replace(item, text=f"It is {format_amount(predicted, '$')}, from {interval}.")
        if item.evidence_id == "P5"
        else item
        for item in brief.evidence
    )
    written = section(replace(brief, account=account, evidence=evidence), SectionName.RISK_MITIGATION)

    assert [text for text in written if f"The forecast is {word}, from" in text]


def test_no_statement_is_too_long_to_be_read_before_a_call(brief_with_documents: Callable[[str], Brief]) -> None:
    assert max(len(text.split()) for name in EVERYBODY for text in texts(write(brief_with_documents(name)))) <= 48


def test_no_question_is_asked_twice_outside_the_comparison(brief_with_documents: Callable[[str], Brief]) -> None:
    for account_id in EVERYBODY[:30]:
        asked = re.findall(r"“([^”]+\?)”", " ".join(section(brief_with_documents(account_id), SectionName.PAIN_POINTS)))
        asked += re.findall(
            r"“([^”]+\?)”", " ".join(section(brief_with_documents(account_id), SectionName.ACTIONS))[:600]
        )
        if brief_with_documents(account_id).account.allocation.actions == 0:
            assert len(asked) == len(set(asked))


@pytest.mark.parametrize("value", [6_200.0, -1_300.0])
@pytest.mark.parametrize("account_id", [*EVERYBODY[::7], *AWKWARD])
def test_the_plan_says_what_the_strongest_pair_of_features_adds_together_or_how_much_less(
    snapshot: Snapshot, account_id: str, value: float
) -> None:
    account = snapshot.find_account(account_id)
    assert account is not None
    pair = Interaction(first="demo_requests", second="cloud_maturity", value=value)
    brief = make_brief(snapshot, replace(account, interactions=(pair,)), library=None)

    plan = write(brief)

    together = brief.find_evidence("I1")
    assert together is not None
    assert plan.authorship.dropped == 0
    place = SectionName.EXECUTIVE_SUMMARY if value > 0 else SectionName.RISK_MITIGATION
    section = next(section for section in plan.sections if section.name is place)
    [statement] = [each for each in section.statements if "I1" in each.evidence]
    assert together.text in statement.text
