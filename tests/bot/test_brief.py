from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.brief import Brief, EvidenceKind, make_brief
from bot.evidence import passage_evidence
from kb.index import Hit, Library, write_index
from kb.passages import Passage
from storage.records import Interaction
from storage.units import format_amount_change

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from storage.snapshots import Snapshot

ACCOUNTS = ("ACME-042", "LOSS-001", "GAPS-001", "HUGE-001", "EVIL-<!here>&001")


def texts(brief: Brief, kind: EvidenceKind) -> list[str]:
    return [item.text for item in brief.evidence if item.kind is kind]


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_drivers_are_all_features_strongest_first_and_add_up_to_the_prediction(
    account_id: str, brief_of: Callable[[str], Brief], snapshot: Snapshot
) -> None:
    brief = brief_of(account_id)
    sizes = [abs(driver.shap) for driver in brief.drivers]

    assert sizes == sorted(sizes, reverse=True)
    assert {driver.feature.name for driver in brief.drivers} == {feature.name for feature in snapshot.features}
    total = brief.account.baseline + sum(driver.shap for driver in brief.drivers)
    assert total == pytest.approx(brief.account.predicted, rel=1e-6)


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_evidence_ids_are_unique_and_numbered_from_one_within_their_kind(
    account_id: str, brief_of: Callable[[str], Brief]
) -> None:
    brief = brief_of(account_id)

    for kind in EvidenceKind:
        ids = [item.evidence_id for item in brief.evidence if item.kind is kind]
        assert ids == [f"{kind}{number}" for number in range(1, len(ids) + 1)]


def test_a_driver_is_one_sentence_with_value_effect_and_baseline(brief_of: Callable[[str], Brief]) -> None:
    [first, *_] = texts(brief_of("ACME-042"), EvidenceKind.DRIVER)

    assert first.startswith("Demo requests is 1 and takes $13K from the baseline of $71.2K.")


def test_a_driver_without_a_value_says_so(brief_of: Callable[[str], Brief]) -> None:
    sentences = texts(brief_of("GAPS-001"), EvidenceKind.DRIVER)

    assert "Demo requests is not known and that takes $7.9K from the baseline of $71.2K." in sentences
    assert "Main competitor is not known and that adds $6.3K to the baseline of $71.2K." in sentences


def test_a_driver_is_cited_with_the_sign_of_its_effect(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("LOSS-001")

    for driver in brief.drivers[:8]:
        item = brief.find_evidence(driver.evidence_id)
        assert item is not None
        assert item.citation == f"SHAP: {driver.feature.label} {format_amount_change(driver.shap, '$')}"


def test_only_the_eight_strongest_drivers_are_evidence_and_the_others_are_facts(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = brief_of("ACME-042")
    facts = texts(brief, EvidenceKind.PROFILE)

    assert len(texts(brief, EvidenceKind.DRIVER)) == 8
    assert [fact.split(" is ")[0] for fact in facts[7:-1]] == [driver.feature.label for driver in brief.drivers[8:]]


def test_the_profile_names_what_the_account_is_worth_and_what_it_responds_to(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = brief_of("LOSS-001")
    facts = texts(brief, EvidenceKind.PROFILE)

    assert facts[:6] == [
        "The account is Everything Is Difficult GmbH, LOSS-001.",
        "Its industry is Logistics.",
        "Its region is North America.",
        "Its owner is Ivo Maric.",
        "The prediction for expansion revenue is $22.3K, with an 80 % interval from $17.9K to $27.9K.",
        "The baseline is $71.2K; the prediction is $48.9K below it.",
    ]
    highest = max(brief.account.sensitivities, key=lambda item: item.value)
    assert facts[6].startswith(f"Of the promotions it responds most to {highest.label}; from 0 to 1: Discount 0.")
    assert facts[6].count(" 0.") == 4


def test_the_allocation_is_its_count_each_reason_and_how_many_there_were(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("HUGE-001")

    assert texts(brief, EvidenceKind.ALLOCATION) == [
        "The account gets 5 actions (one account gets 5 at most) and ranks 1 of 64 accounts.",
        "Its 5 actions bring an expected $5K.",
        "One more would exceed the total capacity of 30.",
        "The team can give 30 actions; 30 went to 10 of 64 accounts.",
    ]


def test_the_headline_names_two_pluses_and_the_strongest_minus(brief_of: Callable[[str], Brief]) -> None:
    assert brief_of("GAPS-001").headline == (
        "$7.9K above the baseline of $71.2K: Main competitor (not known) adds $6.3K and Budget quarter (not known) "
        "adds $5.2K, while Demo requests (not known) takes $7.9K."
    )


def test_a_headline_without_any_effect_is_still_a_sentence(snapshot: Snapshot) -> None:
    account = snapshot.find_account("ACME-001")
    assert account is not None
    flat = replace(account, predicted=account.baseline, shap=tuple(0.0 for _ in account.shap))

    headline = make_brief(snapshot, flat, library=None).headline

    assert headline == "$0 above the baseline of $71.2K: no feature moves it."


def test_text_from_outside_is_normalised_but_the_id_stays_as_it_was(brief_of: Callable[[str], Brief]) -> None:
    account = brief_of("EVIL-<!here>&001").account

    assert account.account_id == "EVIL-<!here>&001"
    assert "\u202e" not in account.name
    assert "\n" not in account.name
    assert account.region == ""
    assert not any("region" in text for text in texts(brief_of("EVIL-<!here>&001"), EvidenceKind.PROFILE))


def test_a_name_of_ten_thousand_characters_is_bounded(snapshot: Snapshot) -> None:
    account = snapshot.find_account("ACME-001")
    assert account is not None

    brief = make_brief(snapshot, replace(account, name="Nm " * 10_000), library=None)

    assert len(brief.account.name) <= 120
    assert brief.account.name.endswith("…")


def test_without_a_library_there_are_no_passages(brief_of: Callable[[str], Brief]) -> None:
    assert texts(brief_of("ACME-042"), EvidenceKind.PASSAGE) == []


def test_passages_are_cited_by_document_and_page_and_every_kind_of_document_has_one(
    snapshot: Snapshot, library: Library
) -> None:
    account = snapshot.find_account("ACME-042")
    assert account is not None

    brief = make_brief(snapshot, account, library=library)
    passages = [item for item in brief.evidence if item.kind is EvidenceKind.PASSAGE]

    assert {"Demo Guide, p. 2", "Rivals, p. 1"} <= {item.citation for item in passages}
    assert len(passages) <= 10
    assert all("\u200b" not in item.text for item in passages)
    assert {item.document_kind for item in passages} >= {"product", "competitive"}


def test_the_lines_of_a_passage_stay_apart_so_that_no_table_row_reads_as_a_sentence() -> None:
    assert (
        passage_evidence(
            [Hit(passage=replace(passage(), text="Plan | Price\r\n\n Basic |\u200b $9\nIt is quick."), score=1.0)]
        )[0].text
        == "Plan | Price\nBasic | $9\nIt is quick."
    )


def test_the_cover_of_a_document_with_sections_is_no_evidence(snapshot: Snapshot, tmp_path: Path) -> None:
    cover = replace(passage(), passage_id="cover", section="", text="Competitor comparison, demo requests, churn risk")
    body = replace(passage(), passage_id="body", section="Rivals", text="Demo requests are answered in a day.")
    write_index(tmp_path, passages=[cover, body], documents=[], problems=[])
    account = snapshot.find_account("ACME-042")
    assert account is not None

    brief = make_brief(snapshot, account, library=Library.open(tmp_path))

    assert texts(brief, EvidenceKind.PASSAGE) == ["Demo requests are answered in a day."]


def test_several_passages_about_competitors_are_among_the_evidence(snapshot: Snapshot, tmp_path: Path) -> None:
    rivals = [
        replace(passage(), passage_id=f"rival-{number}", kind="competitive", text=f"Competitor {number} sells tools.")
        for number in range(5)
    ]
    others = [
        replace(passage(), passage_id=f"other-{number}", text=f"Demo requests, churn risk, cloud maturity: {number}.")
        for number in range(30)
    ]
    write_index(tmp_path, passages=[*others, *rivals], documents=[], problems=[])
    account = snapshot.find_account("ACME-042")
    assert account is not None

    found = make_brief(snapshot, account, library=Library.open(tmp_path)).evidence

    assert sum(item.document_kind == "competitive" for item in found) >= 3


def passage() -> Passage:
    return Passage(
        passage_id="one", document="Guide", file="guide.pdf", kind="product", page=1, section="Any", text="Anything."
    )


def test_an_empty_library_gives_a_brief_without_passages(snapshot: Snapshot, empty_library: Library) -> None:
    account = snapshot.find_account("ACME-042")
    assert account is not None

    assert texts(make_brief(snapshot, account, library=empty_library), EvidenceKind.PASSAGE) == []


def test_a_driver_with_a_base_rate_quotes_both_medians_and_their_counts(brief_of: Callable[[str], Brief]) -> None:
    said = texts(brief_of("ACME-007"), EvidenceKind.DRIVER)

    assert sum("base rate" in text or "median outcome" in text for text in said) == 1
    assert any(
        text.endswith(
            "The 24 accounts with Demo requests of 3 or more have a median outcome of $96K, those with less (36) one "
            "of $71K."
        )
        for text in said
    )
    assert not any("median outcome" in text for text in texts(brief_of("GAPS-001"), EvidenceKind.DRIVER))


def test_the_evidence_says_where_the_prediction_stands(snapshot: Snapshot, brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-007")
    names = [f"ACME-{number:03}" for number in range(60)] + ["LOSS-001", "HUGE-001", "GAPS-001", "EVIL-<!here>&001"]
    others = [snapshot.find_account(name) for name in names if name != "ACME-007"]
    below = [other for other in others if other and other.predicted < brief.account.predicted]
    book = [other for other in others if other and other.owner == brief.account.owner]
    ahead = [other for other in below if other in book]

    share, book_share = len(below) / 63, len(ahead) / len(book)
    assert (
        f"above that of {share * 100:.0f} % of the other accounts, and of {book_share * 100:.0f} % "
        f"of the others among the {len(book) + 1} of {brief.account.owner}."
    ) in " ".join(texts(brief, EvidenceKind.PROFILE))


def test_pairs_of_features_are_evidence_strongest_first_with_their_values(snapshot: Snapshot) -> None:
    account = snapshot.find_account("ACME-042")
    assert account is not None
    pairs = (
        Interaction(first="demo_requests", second="cloud_maturity", value=6_200.0),
        Interaction(first="cloud_maturity", second="churn_risk", value=-1_300.0),
        Interaction(first="demo_requests", second="churn_risk", value=0.2),
    )

    brief = make_brief(snapshot, replace(account, interactions=pairs), library=None)

    found = [item for item in brief.evidence if item.kind is EvidenceKind.INTERACTION]
    assert [(item.evidence_id, item.text, item.citation) for item in found] == [
        (
            "I1",
            "Demo requests (1) and Cloud maturity (3.3 of 10) together add $6.2K beyond what each adds alone.",
            "Interaction: Demo requests with Cloud maturity +$6.2K",
        ),
        (
            "I2",
            "Cloud maturity (3.3 of 10) and Churn risk (16.2 %) together come to $1.3K less than what each adds alone.",
            "Interaction: Cloud maturity with Churn risk -$1.3K",
        ),
    ]
