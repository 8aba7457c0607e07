"""Asking one open snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from storage.errors import UnknownFeatureError, UnreadableSnapshotError
from storage.records import Standing
from storage.snapshots import Snapshot, SnapshotStore

from .conftest import FEATURES, MakeContents, account

if TYPE_CHECKING:
    from storage.records import AccountName

NOW = datetime(2026, 3, 2, tzinfo=UTC)
EMPLOYEES, TIER, DEMO_REQUESTS = FEATURES
OpenSnapshot = Callable[[list[dict[str, Any]]], Snapshot]


@pytest.fixture
def open_snapshot(store: SnapshotStore, make_contents: MakeContents) -> Iterator[OpenSnapshot]:
    """Publish rows and lease them until the end of the test."""
    with ExitStack() as leases:

        def publish(rows: list[dict[str, Any]]) -> Snapshot:
            store.publish(make_contents(rows), now=NOW)
            lease: AbstractContextManager[Snapshot] = store.lease()
            return leases.enter_context(lease)

        yield publish


@pytest.fixture
def five_hundred(open_snapshot: OpenSnapshot) -> Snapshot:
    names = {42: "Hooli Systems", 77: "Hooli Systems", 120: "Globex Logistics", 300: "Şahin Çelik A.Ş."}
    return open_snapshot([account(place, name=names.get(place, "Initech")) for place in range(500)])


def ids(found: tuple[AccountName, ...]) -> list[str]:
    return [each.account_id for each in found]


STRANGE_IDS = [
    "00042", "42", "NA", "NULL", "nan", "1e5", "100000", "TRUE", " ", "O'Brien \"x\" ü", "a\nb", "a\0b", "%", "_",
    "日本-7", "İ", "ﬀ", "é", "e\N{COMBINING ACUTE ACCENT}", "<!channel>", "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("account_id", STRANGE_IDS)
def test_an_id_survives_byte_for_byte(open_snapshot: OpenSnapshot, account_id: str) -> None:
    snapshot = open_snapshot([account(place, account_id=each) for place, each in enumerate(STRANGE_IDS)])

    found = snapshot.find_account(account_id)

    assert found is not None
    assert found.account_id == account_id
    assert found.shap[0] == 100.0 * STRANGE_IDS.index(account_id)


def test_an_id_is_found_in_any_letter_case(five_hundred: Snapshot) -> None:
    assert five_hundred.find_account("acme-042") == five_hundred.find_account("ACME-042") is not None


def test_ids_that_differ_in_letter_case_only_are_told_apart(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot([account(1, account_id="Ab-1"), account(2, account_id="aB-1")])

    found = [snapshot.find_account(spelling) for spelling in ("Ab-1", "aB-1", "AB-1")]

    assert [each and each.account_id for each in found] == ["Ab-1", "aB-1", None]


@pytest.mark.parametrize(
    "text",
    [
        "' OR '1'='1", "ACME-001' --", "ACME-001'; DROP TABLE accounts; --", "$account_id", "%", "ACME-___", "",
        "ACME-001 ", "\ud800", "\0",
    ],
)  # fmt: skip
def test_what_is_no_id_finds_nothing_and_harms_nothing(five_hundred: Snapshot, text: str) -> None:
    assert five_hundred.find_account(text) is None
    assert five_hundred.find_by_name(text) == ()
    assert five_hundred.digest(limit=5, owner=text) == ()
    assert five_hundred.find_account("ACME-001") is not None


def test_a_company_is_found_by_its_whole_name_in_any_letter_case(five_hundred: Snapshot) -> None:
    assert ids(five_hundred.find_by_name("hooli SYSTEMS")) == ["ACME-042", "ACME-077"]
    assert ids(five_hundred.find_by_name("şahin çelik a.ş.")) == ["ACME-300"]
    assert five_hundred.find_by_name("Hooli") == ()


@pytest.mark.parametrize("text", ["ACEM-042", "acme42", "ACME042", "acme 042", "ACME-O42", "ACM-042"])
def test_a_mistyped_id_is_recognised(five_hundred: Snapshot, text: str) -> None:
    assert ids(five_hundred.closest(text))[0] == "ACME-042"


@pytest.mark.parametrize("text", ["Hooli Sytems", "hooli", "HOOLY SYSTEMS", "Systems Hooli", "hooli systems inc"])
def test_a_mistyped_or_half_name_is_recognised(five_hundred: Snapshot, text: str) -> None:
    assert ids(five_hundred.closest(text))[:2] == ["ACME-042", "ACME-077"]


@pytest.mark.parametrize("text", ["", " ", "zzz", "-", "what is the weather", "\ud800", "💥"])
def test_what_resembles_nothing_has_no_closest_account(five_hundred: Snapshot, text: str) -> None:
    assert five_hundred.closest(text) == ()


def test_no_more_choices_are_given_than_asked_for(five_hundred: Snapshot) -> None:
    assert len(five_hundred.closest("ACME-04")) == 5
    assert len(five_hundred.closest("ACME-04", limit=2)) == 2


def test_dependence_is_of_the_accounts_that_have_a_value(five_hundred: Snapshot) -> None:
    demo_requests = five_hundred.dependence(DEMO_REQUESTS)
    tier = five_hundred.dependence(TIER)

    assert len(demo_requests.values) == len(demo_requests.shap) == len(demo_requests.actions) == 450
    assert demo_requests.values[:3] == (0.0, 1.0, 2.0)
    assert set(demo_requests.shap) == {7.5}
    assert tier.values[:2] == ("silver", "gold")
    assert tier.actions[:4] == (0, 1, 2, 0)


def test_dependence_of_many_accounts_is_an_even_sample_that_is_always_the_same(five_hundred: Snapshot) -> None:
    sample = five_hundred.dependence(EMPLOYEES, limit=7)

    places = [round(float(value) / 10) for value in sample.values]
    assert len(places) == 7
    assert {late - early for early, late in pairwise(places)} <= {71, 72}
    assert sample == five_hundred.dependence(EMPLOYEES, limit=7)
    assert len(five_hundred.dependence(EMPLOYEES, limit=500).values) == 500
    assert len(five_hundred.dependence(EMPLOYEES, limit=499).values) == 499


def test_a_feature_that_the_snapshot_does_not_have_is_named(open_snapshot: OpenSnapshot) -> None:
    snapshot = open_snapshot([account(1)])

    with pytest.raises(UnknownFeatureError, match="'budget'"):
        snapshot.dependence(replace(EMPLOYEES, name="budget"))


def test_a_digest_has_the_accounts_with_actions_the_most_valuable_first(five_hundred: Snapshot) -> None:
    rows = five_hundred.digest(limit=4)
    of_ada = five_hundred.digest(limit=500, owner="Ada", region="EMEA")

    assert [row.account_id for row in rows] == ["ACME-499", "ACME-497", "ACME-496", "ACME-494"]
    assert [row.predicted for row in rows] == sorted((row.predicted for row in rows), reverse=True)
    assert all(row.actions > 0 for row in five_hundred.digest(limit=500))
    assert {(row.owner, row.region) for row in of_ada} == {("Ada", "EMEA")}
    assert len(of_ada) == len([p for p in range(500) if p % 3 and p % 2])


def test_a_closed_snapshot_says_so_in_a_sentence(store: SnapshotStore, make_contents: MakeContents) -> None:
    store.publish(make_contents(), now=NOW)
    with store.lease() as snapshot:
        store.close()
        with pytest.raises(UnreadableSnapshotError, match="could not be read"):
            snapshot.find_account("ACME-001")
        with pytest.raises(UnreadableSnapshotError):
            snapshot.closest("ACME-001")


def test_an_account_stands_where_its_prediction_and_its_interval_put_it(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    rows = [account(place, shap=[100.0 * place, 0.0, 0.0], predicted=20_000.0 + 100 * place) for place in range(5)]
    rows[0] |= {"low": 19_950.0, "high": 20_200.0}
    rows[3] |= {"owner": "Ada", "low": 20_290.0, "high": 20_310.0}
    store.publish(make_contents(rows), now=NOW)

    with store.lease() as snapshot:
        lowest, third = snapshot.find_account("ACME-000"), snapshot.find_account("ACME-003")

        assert lowest is not None
        assert third is not None
        assert lowest.standing == Standing(percentile=0.0, book_percentile=0.0, book=3, span=0.6)
        assert third.standing == Standing(percentile=0.75, book_percentile=1.0, book=2, span=0.2)
        assert lowest.standing.too_wide_to_rank
        assert not third.standing.too_wide_to_rank
        assert snapshot.count_too_wide_to_rank() == 4


def test_the_values_of_a_feature_come_for_every_account_missing_or_not(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    store.publish(make_contents([account(place) for place in range(8, 11)]), now=NOW)

    with store.lease() as snapshot:
        assert snapshot.values(snapshot.features[2]) == (3.0, None, 0.0)
        assert snapshot.values(snapshot.features[1]) == ("silver", "gold", "silver")
        assert snapshot.categories(snapshot.features[1]) == {"silver", "gold"}
