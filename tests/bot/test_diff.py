from __future__ import annotations

import csv
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from bot.__main__ import main
from storage.records import Comparison
from storage.snapshots import CHANGES_SCHEMA, SnapshotStore, contents_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def two(home: Path) -> Path:
    """A home with a second snapshot, in which ACME-007 is worth $9K more, NEW is new and =OLD() is gone."""
    store = SnapshotStore(home / "snapshots")
    with store.lease() as first:
        account = first.find_account("ACME-007")
        assert account is not None
        who = {"account_id": "ACME-007", "name": account.name, "owner": account.owner, "region": account.region}
        given = account.allocation.actions
        changed: dict[str, Any] = {
            **who, "kind": "changed", "predicted_before": account.predicted - 9_000,
            "predicted_after": account.predicted, "by_data": 8_000.0, "by_model": 1_000.0, "actions_before": given,
            "actions_after": given, "actions_by_data": 0, "actions_by_model": 0, "actions_by_rules": 0,
            "values": [{"feature": 0, "number_before": 1.0, "number_after": 2.0}],
        }  # fmt: skip
        gone = {
            "account_id": "OLD", "name": "=OLD()", "owner": "Ana", "region": "[red]", "kind": "gone",
            "predicted_before": 50_000.0, "actions_before": 2, "values": [],
        }  # fmt: skip
        store.publish(
            replace(
                contents_of(first, accounts=first.accounts()),
                changes=pa.Table.from_pylist([changed, gone], schema=CHANGES_SCHEMA),
                comparison=Comparison(
                    previous_id=first.info.snapshot_id,
                    previous_as_of=first.info.source.as_of,
                    not_told_apart=None,
                    allocation=first.info.allocation,
                ),
            ),
            now=datetime(2026, 11, 23, tzinfo=UTC),
        )
    store.close()
    return home


@pytest.fixture
def diff(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `precall diff` in a home; give its exit code and what it wrote."""

    def diff(home: Path, *arguments: str) -> tuple[int, str, str]:
        for name in os.environ:
            if name.startswith(("SLACK_", "PRECALL_")):
                monkeypatch.delenv(name)
        monkeypatch.setenv("PRECALL_HOME", str(home))
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.setattr("sys.argv", ["precall", "diff", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capsys.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    return diff


def test_what_changed_is_shown_with_totals_movers_and_gone_accounts(
    diff: Callable[..., tuple[int, str, str]], two: Path
) -> None:
    code, out, err = diff(two)

    assert (code, err) == (0, "")
    assert "1, 0, 1" in out
    assert "-$41K" in out
    assert "+$8K" in out
    assert "Demo requests 1 → 2" in out
    assert "+0, +0, +0" in out
    assert "Gone: 1" in out
    assert "OLD =OLD()" in out


def test_every_change_goes_into_a_file_and_none_of_it_is_a_formula(
    diff: Callable[..., tuple[int, str, str]], two: Path, tmp_path: Path
) -> None:
    file = tmp_path / "changes.csv"

    assert diff(two, "1", "2", "--csv", str(file))[0] == 0

    with file.open(encoding="utf-8", newline="") as opened:
        changed, gone = list(csv.DictReader(opened))
    assert (changed["account_id"], changed["by_data"], changed["values"]) == (
        "ACME-007",
        "8000.0",
        "Demo requests 1 → 2",
    )
    assert (gone["kind"], gone["name"], gone["predicted_after"]) == ("gone", "'=OLD()", "")


def test_a_pair_that_no_build_compared_is_compared_now(diff: Callable[..., tuple[int, str, str]], two: Path) -> None:
    code, out, err = diff(two, "2", "1")

    assert (code, err) == (0, "")
    assert "0, 0, 0" in out
    assert "cannot be read" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("9",), "The snapshot '9' is not kept"), (("1", "--csv", "/nowhere/x.csv"), "/nowhere/x.csv cannot be written")],
)
def test_what_cannot_be_done_is_one_sentence(
    diff: Callable[..., tuple[int, str, str]], two: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, err = diff(two, *arguments)

    assert (code, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_first_snapshot_has_nothing_to_be_compared_with(
    diff: Callable[..., tuple[int, str, str]], home: Path
) -> None:
    code, _, err = diff(home)

    assert code == 1
    assert "had none before it" in err
