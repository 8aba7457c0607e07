from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.check import MAX_STATEMENT_CHARACTERS, Subject, check_statements
from bot.evidence import Evidence, EvidenceKind
from bot.plan import Statement
from storage.units import format_amount

EVIDENCE = (
    Evidence(
        evidence_id="D1",
        kind=EvidenceKind.DRIVER,
        text="Demo requests is 4 and adds $8.2K to the baseline of $71.2K.",
        citation="SHAP: Demo requests +$8.2K",
    ),
    Evidence(
        evidence_id="K1",
        kind=EvidenceKind.PASSAGE,
        text="In Q3 between 40 and 60 % of 8,214 users asked for SOC2; costs $5-10K, is up 99.95 percent, 3x faster.",
        citation="Product Capabilities, p. 2",
    ),
)


def is_kept(text: str, *evidence: str, names: tuple[str, ...] = ()) -> bool:
    statement = Statement(text=text, evidence=evidence or ("D1", "K1"))
    checked = check_statements([statement], EVIDENCE, subject=Subject(names=names))
    assert len(checked.kept) + len(checked.dropped) == 1
    return bool(checked.kept)


@pytest.mark.parametrize(
    "text",
    [
        "4 demo requests add $8.2K.",
        "4 demo requests add about $8K.",
        "Customers have 8,214 users, or 8214.",
        "Uptime is 99.95 % and 99.95 percent.",
        "Between 40 % and 60 % asked.",
        "It costs $5K to $10K.",
        "It is 3x, or 3 \u00d7 as fast.",
        "In Q3 they asked for SOC2.",
        "Nothing here is counted.",
    ],
)
def test_what_the_evidence_holds_may_be_said_as_people_write_it(text: str) -> None:
    assert is_kept(text)


@pytest.mark.parametrize(
    "text",
    [
        "5 demo requests add $8.2K.",
        "4 demo requests add $8.3K.",
        "4 demo requests add $8.2M.",
        "4 demo requests add $8.",
        "4 demo requests add 8.2 %.",
        "4 demo requests add $8,214.",
        "They use 8,215 seats.",
        "60 users asked, at 4 %.",
        "In Q4 they asked.",
        "They asked for SOC1.",
        "It is 4x as fast.",
        "It costs $5.",
        "Sign by 2026-11-30.",
    ],
)
def test_a_number_that_the_evidence_does_not_hold_may_not(text: str) -> None:
    assert not is_kept(text)


def test_a_number_has_to_be_in_the_evidence_that_the_statement_cites_and_not_elsewhere() -> None:
    assert not is_kept("4 demo requests add $8.2K.", "K1")


def test_digits_in_a_name_are_no_number() -> None:
    assert not is_kept("Studio 54 is worth $8.2K.", "D1")
    assert is_kept("Studio 54 is worth $8.2K.", "D1", names=("Studio 54",))


def test_a_statement_without_evidence_is_dropped() -> None:
    checked = check_statements([Statement(text="All is well.", evidence=())], EVIDENCE)

    assert [each.reason for each in checked.dropped] == ["It cites no evidence."]


def test_an_unknown_id_is_named_in_the_reason() -> None:
    checked = check_statements([Statement(text="All is well.", evidence=("D1", "K77"))], EVIDENCE)

    assert "K77" in checked.dropped[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "See https://evil.example/x.",
        "See HTTPS://evil.example.",
        "Go to www.evil.example.",
        "Go to evil.com now.",
        "Go to evil-site.io/pay.",
        "Write to jo@evil.example.",
        "Call tel:004989123.",
        "Read [this](here).",
        "Hello <!channel>.",
        "Hello <@U123>.",
        "Hello @channel.",
        "@here, look.",
        "Turn \u202egnol\u202c around.",
        "Hidden\u200btext.",
        "Two\nlines.",
        "",
        "   ",
        "x" * (MAX_STATEMENT_CHARACTERS + 1),
    ],
)
def test_links_mentions_markup_and_what_nobody_sees_are_dropped(text: str) -> None:
    assert not is_kept(text)


@pytest.mark.parametrize(
    "text", ["Prices, e.g. for SLAs, vs. theirs.", "It runs at 3.x. Then it stops.", "We win. They lose."]
)
def test_ordinary_punctuation_is_no_link(text: str) -> None:
    assert "link" not in str(check_statements([Statement(text=text, evidence=("D1",))], EVIDENCE).dropped)


@given(st.floats(min_value=1, max_value=5e8))
def test_every_amount_is_found_where_it_is_written_the_same(dollars: float) -> None:
    written = format_amount(dollars, "$")
    evidence = Evidence(evidence_id="P1", kind=EvidenceKind.PROFILE, text=f"It is {written}.", citation="CRM")

    assert check_statements([Statement(text=f"Worth {written}.", evidence=("P1",))], [evidence]).kept


@given(st.integers(min_value=0, max_value=10**7), st.integers(min_value=0, max_value=10**7))
def test_a_count_is_found_exactly_when_it_is_the_same(stated: int, true: int) -> None:
    evidence = Evidence(evidence_id="P1", kind=EvidenceKind.PROFILE, text=f"There are {true:,}.", citation="CRM")
    kept = check_statements([Statement(text=f"There are {stated}.", evidence=("P1",))], [evidence]).kept

    assert bool(kept) is (stated == true)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_breaks_the_check(said: str, carried: str) -> None:
    evidence = Evidence(evidence_id="K1", kind=EvidenceKind.PASSAGE, text=carried, citation="Any, p. 1")
    checked = check_statements([Statement(text=said, evidence=("K1",))], [evidence])

    assert len(checked.kept) + len(checked.dropped) == 1
