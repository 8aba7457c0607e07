from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.lookup import Unclear, look_up

if TYPE_CHECKING:
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
    found = look_up(snapshot, asked)

    assert not isinstance(found, Unclear)
    assert found.account_id == "ACME-042"


def test_two_ids_in_a_sentence_are_a_choice_between_them(snapshot: Snapshot) -> None:
    found = look_up(snapshot, "ACME-007 or acme-008?")

    assert isinstance(found, Unclear)
    assert found.exact
    assert [choice.account_id for choice in found.choices] == ["ACME-007", "ACME-008"]


@pytest.mark.parametrize("asked", ["ACME-O42", "ACNE-042"])
def test_a_misspelt_id_offers_the_closest(snapshot: Snapshot, asked: str) -> None:
    found = look_up(snapshot, asked)

    assert isinstance(found, Unclear)
    assert not found.exact
    assert "ACME-042" in [choice.account_id for choice in found.choices]


@pytest.mark.parametrize("asked", ["?!", "'; DROP TABLE accounts; --", "%", "_" * 50, "zzzzzzzzzz"])
def test_nonsense_finds_nothing_and_breaks_nothing(snapshot: Snapshot, asked: str) -> None:
    assert isinstance(look_up(snapshot, asked), Unclear)
