from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.lookup import Unclear, look_up

if TYPE_CHECKING:
    from storage.records import AccountName
    from storage.snapshots import Snapshot


@pytest.mark.parametrize(
    "asked",
    [
        "ACME-042",
        "acme-042",
        "*ACME-042*",
        "`acme-042`",
        "Ridgeline Freight 42",
        "“ridgeline freight 42”",
        "brief me on ACME-042, please",
        "what about ACME-042?",
    ],
)
def test_an_account_is_found_by_id_by_name_and_within_a_sentence(snapshot: Snapshot, asked: str) -> None:
    found = look_up(snapshot, asked, may_see=lambda _: True)

    assert not isinstance(found, Unclear)
    assert found.account_id == "ACME-042"


def test_two_ids_in_a_sentence_are_a_choice_between_them(snapshot: Snapshot) -> None:
    found = look_up(snapshot, "ACME-007 or acme-008?", may_see=lambda _: True)

    assert isinstance(found, Unclear)
    assert found.exact
    assert [choice.account_id for choice in found.choices] == ["ACME-007", "ACME-008"]


@pytest.mark.parametrize("asked", ["ACME-O42", "ACNE-042"])
def test_a_misspelt_id_offers_the_closest(snapshot: Snapshot, asked: str) -> None:
    found = look_up(snapshot, asked, may_see=lambda _: True)

    assert isinstance(found, Unclear)
    assert not found.exact
    assert "ACME-042" in [choice.account_id for choice in found.choices]


@pytest.mark.parametrize("asked", ["?!", "'; DROP TABLE accounts; --", "%", "_" * 50, "zzzzzzzzzz"])
def test_nonsense_finds_nothing_and_breaks_nothing(snapshot: Snapshot, asked: str) -> None:
    assert isinstance(look_up(snapshot, asked, may_see=lambda _: True), Unclear)


def hers(account: AccountName) -> bool:
    return account.owner == "Dana Reyes"


@pytest.mark.parametrize(
    "asked",
    ["ACME-007", "acme-007", "Ridgeline Freight 7", "what about ACME-007?", "ACME-0007", "Ridgeline Freight 07"],
)
def test_what_may_not_be_seen_is_as_if_it_were_not_there(snapshot: Snapshot, asked: str) -> None:
    found = look_up(snapshot, asked, may_see=hers)

    assert isinstance(found, Unclear)
    assert not found.exact
    assert all(hers(choice) for choice in found.choices)


def test_a_sentence_with_an_id_that_may_be_seen_and_one_that_may_not_means_the_first(snapshot: Snapshot) -> None:
    found = look_up(snapshot, "ACME-007 or ACME-006?", may_see=hers)

    assert not isinstance(found, Unclear)
    assert found.account_id == "ACME-006"


def test_who_may_see_nothing_gets_no_suggestion(snapshot: Snapshot) -> None:
    assert look_up(snapshot, "ACNE-042", may_see=lambda _: False) == Unclear(asked="ACNE-042", choices=(), exact=False)
