from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.brief import make_brief
from bot.tools.calls import (
    TOOLS,
    AccountFacts,
    Changes,
    Compare,
    Direction,
    Drivers,
    Fact,
    FeatureChange,
    How,
    SearchDocuments,
    WhatIf,
    WhyAllocated,
    input_schema,
)
from bot.tools.context import ToolContext
from bot.tools.run import run
from pipeline.what_if import OpenModels
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def hiding(context: ToolContext, account_id: str) -> ToolContext:
    """Return the context of somebody who may not see the accounts of this one's owner."""
    account = context.snapshot.find_account(account_id)
    assert account is not None
    return replace(context, may_see=lambda each: each.owner != account.owner)


def test_drivers_are_the_briefs_own_evidence_strongest_first(context: ToolContext) -> None:
    found = run(context, Drivers(direction=Direction.ALL, limit=3)).evidence

    assert [item.evidence_id for item in found] == ["D1", "D2", "D3"]
    assert found == context.brief.evidence[:3]


def test_only_drivers_of_the_direction_asked_for_are_returned(context: ToolContext) -> None:
    by_id = {each.evidence_id: each.shap for each in context.brief.drivers}
    for direction, sign in ((Direction.RAISING, 1), (Direction.LOWERING, -1)):
        found = run(context, Drivers(direction=direction, limit=10)).evidence
        assert found
        assert all(by_id[item.evidence_id] * sign > 0 for item in found)


def test_the_allocation_is_explained_by_the_briefs_own_evidence(context: ToolContext) -> None:
    found = run(context, WhyAllocated(actions=5)).evidence

    assert found[0].evidence_id == "A1"


def test_facts_are_those_asked_for_and_what_the_data_lacks_is_named(context: ToolContext) -> None:
    result = run(context, AccountFacts(facts=(Fact.OWNER,), features=("churn_risk", "shoe_size")))

    assert any("Its owner is" in item.text for item in result.evidence)
    assert any(item.text.startswith("Churn risk is") for item in result.evidence)
    assert "shoe_size" in result.missing


@pytest.mark.parametrize("fact", list(Fact))
def test_every_fact_of_an_account_that_has_all_is_found(context: ToolContext, fact: Fact) -> None:
    result = run(context, AccountFacts(facts=(fact,), features=()))

    assert result.evidence
    assert result.missing == ""


def test_what_is_new_is_numbered_after_what_is_known_and_once(context: ToolContext) -> None:
    call = AccountFacts(facts=(Fact.DATA, Fact.MODEL), features=())
    first = run(context, call).evidence
    later = context.knowing(first)

    ids = [item.evidence_id for item in later.known]
    assert len(set(ids)) == len(ids)
    assert run(later, call).evidence == first


def test_a_comparison_names_the_other_account_in_all_of_its_evidence(context: ToolContext) -> None:
    found = run(context, Compare(accounts=("acme-009",))).evidence

    assert run(context, Compare(accounts=("acme-009",))).account_ids == ("ACME-009",)
    assert {item.about for item in found} == {"Ridgeline Freight 9 (ACME-009)"}
    assert all("Ridgeline Freight 9 (ACME-009)" in item.text for item in found)
    assert not {item.evidence_id for item in found} & {each.evidence_id for each in context.brief.drivers}


def test_an_account_that_may_not_be_seen_and_one_that_does_not_exist_are_the_same(context: ToolContext) -> None:
    hidden = hiding(context, "ACME-008")
    forbidden = run(hidden, Compare(accounts=("ACME-008",)))
    unknown = run(hidden, Compare(accounts=("ACME-908",)))

    assert forbidden.evidence == unknown.evidence == ()
    lead = "I know no account “{}” that you may see."
    assert forbidden.objection.startswith(lead.format("ACME-008"))
    assert unknown.objection.startswith(lead.format("ACME-908"))
    assert "Ridgeline Freight 8 " not in forbidden.objection


def test_accounts_that_may_not_be_seen_are_not_suggested(context: ToolContext) -> None:
    everywhere = run(context, Compare(accounts=("ACME-0088",))).objection
    assert "Ridgeline Freight 8 (ACME-008)" in everywhere

    assert "ACME-008)" not in run(hiding(context, "ACME-008"), Compare(accounts=("ACME-0088",))).objection


def test_a_name_that_is_more_than_one_accounts_is_asked_about(context: ToolContext) -> None:
    result = run(context, Compare(accounts=("Ridgeline Freight",)))

    assert result.evidence == ()
    assert "more than one account" in result.objection


def test_without_an_earlier_snapshot_what_changed_is_missing(context: ToolContext) -> None:
    result = run(context, Changes())

    assert result.evidence == ()
    assert "earlier snapshot" in result.missing


def test_documents_are_searched_and_without_a_hit_a_document_is_missing(context: ToolContext) -> None:
    found = run(context, SearchDocuments(query="proof of value")).evidence
    nothing = run(context, SearchDocuments(query="zebra crossings"))

    assert found[0].citation == "Demo Guide, p. 1"
    assert found[0].evidence_id == "K1"
    assert nothing.evidence == ()
    assert "would have to be added" in nothing.missing


def test_a_what_if_of_a_snapshot_without_rules_says_what_is_missing(context: ToolContext) -> None:
    call = WhatIf(changes=(FeatureChange(feature="demo_requests", how=How.ADD, amount=2.0),))

    assert "precall build" in run(context, call).missing


@pytest.fixture(scope="module")
def built_context(built_home: Path) -> Iterator[ToolContext]:
    store = SnapshotStore(built_home / "snapshots")
    with store.lease() as snapshot:
        account = snapshot.find_account("ACME-042")
        assert account is not None
        brief = make_brief(snapshot, account, library=None)
        yield ToolContext(
            snapshot=snapshot,
            brief=brief,
            library=None,
            may_see=lambda _: True,
            models=OpenModels(),
            known=brief.evidence,
        )
    store.close()


def test_a_what_if_tells_the_new_prediction_beside_todays(built_context: ToolContext) -> None:
    now = next(each.value for each in built_context.brief.drivers if each.feature.name == "demo_requests")
    assert isinstance(now, float)
    found = run(
        built_context, WhatIf(changes=(FeatureChange(feature="demo_requests", how=How.ADD, amount=2.0),))
    ).evidence

    assert found[0].text.startswith(f"If Demo requests were {now + 2:.0f} instead of {now:.0f}, the prediction would")
    assert "not a causal effect" in found[0].text
    assert not {item.evidence_id for item in found} & {item.evidence_id for item in built_context.brief.evidence}


def test_a_value_that_a_feature_cannot_have_is_refused_with_its_range(built_context: ToolContext) -> None:
    result = run(built_context, WhatIf(changes=(FeatureChange(feature="churn_risk", how=How.SET, amount=1.5),)))

    assert result.evidence == ()
    assert result.objection == "Churn risk cannot be 150 %: it is between 0 % and 100 %."


def test_another_number_of_actions_is_answered_with_what_exactly_that_would_take(built_context: ToolContext) -> None:
    given = built_context.brief.account.allocation.actions
    result = run(built_context, WhyAllocated(actions=given + 2))
    read = " ".join(item.text for item in result.evidence)

    assert f"{given + 2} sales actions here would bring an expected $" in read
    assert "2 sales actions would be taken from other accounts, where they bring more" in read
    assert result.account_ids
    assert all(each in read for each in result.account_ids)
    assert "This is the model's view, not a causal effect." in read


def test_those_who_would_lose_an_action_are_named_only_to_who_may_see_them(built_context: ToolContext) -> None:
    given = built_context.brief.account.allocation.actions
    for asked in (given + 2, given, None):
        named = run(built_context, WhyAllocated(actions=asked)).account_ids
        result = run(replace(built_context, may_see=lambda _: False), WhyAllocated(actions=asked))

        assert named
        assert result.account_ids == ()
        assert not any(each in item.text for each in named for item in result.evidence)


def test_a_number_that_the_limits_rule_out_is_said_to_be_ruled_out(built_context: ToolContext) -> None:
    read = " ".join(item.text for item in run(built_context, WhyAllocated(actions=9)).evidence)

    assert "Within the limits this account cannot get 9 sales actions." in read


@pytest.mark.parametrize("name", list(TOOLS))
def test_every_tool_has_a_strict_schema(name: str) -> None:
    schema = input_schema(TOOLS[name])

    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])
    assert "$ref" not in str(schema)
    assert TOOLS[name].__doc__
