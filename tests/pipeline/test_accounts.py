"""Files of accounts through the command line: what is read, what is refused, what is published."""

from __future__ import annotations

import csv
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from bot.__main__ import app
from pipeline.accounts import demo_accounts, read_accounts
from pipeline.card import describe_model
from pipeline.errors import ExistingFileError, NothingToModelError
from pipeline.new_accounts import score_file
from storage.records import Fitness
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def precall(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"PRECALL_HOME": str(home), "COLUMNS": "200"})


def make_rows(count: int, seed: int = 1) -> list[dict[str, object]]:
    random = np.random.default_rng(seed)
    visits, calls = random.integers(0, 30, count), random.integers(0, 12, count)
    worth = 20_000 + 1_000 * visits + 2_500 * calls + 2_000 * random.normal(size=count)
    return [
        {
            "account_id": f"{place:05}",
            "region": ("Nord", "Süd", "West")[place % 3],
            "tier": ("gold", "silver")[place % 2],
            "visits": int(visits[place]),
            "calls": int(calls[place]),
            "revenue": round(float(worth[place]), 2),
        }
        for place in range(count)
    ]


def write(path: Path, rows: list[dict[str, object]], **how: str) -> Path:
    with path.open("w", encoding=how.get("encoding", "utf-8"), newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=how.get("delimiter", ","))
        writer.writeheader()
        writer.writerows(rows)
    return path


def german(value: object) -> str:
    return f"${value:,.2f}".translate(str.maketrans(",.", ".,"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose snapshot was built from 80 rows by a pack that init drafted."""
    home = tmp_path_factory.mktemp("own")
    source, pack = write(home / "export.csv", make_rows(80)), home / "pack.toml"
    assert precall(home, "init", str(source), "--out", str(pack)).exit_code == 0
    built = precall(home, "build", "--accounts", str(source), "--pack", str(pack))
    assert built.exit_code == 0, built.output
    assert "Only 80 rows teach the model" in built.output
    return home


def test_what_a_file_was_fit_for_is_kept_with_what_was_built_from_it(home: Path) -> None:
    with closing(SnapshotStore(home / "snapshots")) as store, store.lease() as snapshot:
        source = snapshot.info.source

    assert source.fitness is Fitness.CARE
    assert any("Only 80 rows teach the model" in finding for finding in source.findings)
    assert "80 of 80 rows used." in source.findings


def test_a_drafted_pack_builds_what_it_was_drafted_from_with_ids_as_they_are(home: Path) -> None:
    store = SnapshotStore(home / "snapshots")
    with store.lease() as snapshot:
        account = snapshot.find_account("00042")
        assert account is not None
        assert (account.account_id, account.name, account.owner, account.promotion) == ("00042", "00042", "", None)
        assert snapshot.info.card.score.r2 > 0.8
        assert snapshot.info.words.target == "revenue"
    store.close()


def test_a_draft_never_overwrites_a_file(home: Path) -> None:
    result = precall(home, "init", str(home / "export.csv"), "--out", str(home / "export.csv"))

    assert result.exit_code != 0
    assert "was left as it is" in str(result.exception)


def test_what_is_not_ready_ends_with_3_and_leaves_the_last_snapshot(home: Path, tmp_path: Path) -> None:
    before = (home / "snapshots" / "CURRENT").read_bytes()

    result = precall(home, "build", "--accounts", str(write(tmp_path / "few.csv", make_rows(12))))

    assert result.exit_code == 3
    assert "12 usable rows with an outcome" in result.output
    assert (home / "snapshots" / "CURRENT").read_bytes() == before


def test_a_file_without_anything_to_predict_is_one_sentence_that_says_what_it_takes(tmp_path: Path) -> None:
    source = tmp_path / "ids.csv"
    source.write_text("id;x\n1;2\n", encoding="utf-8")

    with pytest.raises(NothingToModelError, match=r"ids\.csv cannot be modelled as it is: .* `precall init"):
        read_accounts(str(source))


def test_new_accounts_are_scored_though_a_column_is_missing_and_a_tier_unseen(home: Path, tmp_path: Path) -> None:
    rows = [{name: row[name] for name in ("account_id", "tier", "visits")} for row in make_rows(12, seed=2)]
    rows[3]["tier"] = "bronze"

    result = precall(home, "score", str(write(tmp_path / "new.csv", rows)))

    assert result.exit_code == 0, result.output
    assert "calls is missing" in result.stderr
    assert "bronze" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "account_id,predicted revenue"
    assert lines[1].startswith("00000,")
    assert len(lines) == 13


def test_a_parquet_file_is_scored_in_pieces_as_its_csv_is_in_one(home: Path, tmp_path: Path) -> None:
    rows = make_rows(40, seed=2)
    rows[3]["tier"], rows[5]["visits"], rows[31]["tier"] = "bronze", None, None
    columns = {name: [row[name] for row in rows] for name in ("account_id", "tier", "visits", "calls")}
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    csv_file = write(tmp_path / "new.csv", [{name: row[name] for name in columns} for row in rows])
    with closing(SnapshotStore(home / "snapshots")) as store, store.lease() as snapshot:
        whole = score_file(str(csv_file), snapshot)
        [expected] = whole.pieces
        cut = score_file(str(tmp_path / "new.parquet"), snapshot, piece_rows=7)
        pieces = list(cut.pieces)

    assert len(pieces) > 1
    assert [account_id for piece in pieces for account_id in piece.account_ids.to_pylist()] == columns["account_id"]
    np.testing.assert_array_equal(np.concatenate([piece.predicted for piece in pieces]), expected.predicted)
    assert sorted(cut.notes) == sorted(whole.notes)


def test_scores_go_into_a_parquet_file_that_is_called_so_and_never_over_another(home: Path, tmp_path: Path) -> None:
    source, out = write(tmp_path / "new.csv", make_rows(12, seed=2)), tmp_path / "scores.parquet"

    result = precall(home, "score", str(source), "--out", str(out))
    again = precall(home, "score", str(source), "--out", str(out))

    assert result.exit_code == 0, result.output
    assert isinstance(again.exception, ExistingFileError)
    printed = precall(home, "score", str(source)).stdout.splitlines()[1:]
    written = pq.read_table(out).to_pylist()
    assert [f"{row['account_id']},{row['predicted revenue']:.6g}" for row in written] == printed


def test_a_column_in_another_unit_is_refused_by_name(home: Path, tmp_path: Path) -> None:
    rows = [row | {"visits": 1_000 * int(str(row["visits"]))} for row in make_rows(20)]

    result = precall(home, "score", str(write(tmp_path / "new.csv", rows)))

    assert result.exit_code != 0
    assert "visits was about" in str(result.exception)


def test_a_target_that_only_its_place_speaks_for_is_told_as_a_finding(tmp_path: Path) -> None:
    rows = [{"worth" if name == "revenue" else name: value for name, value in row.items()} for row in make_rows(200)]

    guessed, named = (
        read_accounts(str(write(tmp_path / f"{name}.csv", each))).readiness
        for name, each in (("guessed", rows), ("named", make_rows(200)))
    )

    assert guessed.verdict is Fitness.CARE
    assert "the last column of numbers, 'worth', is taken" in guessed.reasons[0]
    assert named.verdict is Fitness.READY


def test_an_outcome_of_two_values_is_told_in_the_card(tmp_path: Path) -> None:
    rows = [row | {"revenue": int(float(str(row["revenue"])) > 50_000)} for row in make_rows(100)]

    result = precall(tmp_path, "build", "--accounts", str(write(tmp_path / "won.csv", rows)))

    assert result.exit_code == 0, result.output
    store = SnapshotStore(tmp_path / "snapshots")
    with store.lease() as snapshot:
        assert "The outcome has two values only" in str(describe_model(snapshot))
    store.close()


def test_a_messy_export_is_understood(tmp_path: Path) -> None:
    rows = [row | {"revenue": german(row["revenue"])} for row in make_rows(60)]
    source = write(tmp_path / "messy.csv", [*rows, rows[7]], delimiter=";", encoding="cp1252")

    found = read_accounts(str(source))

    assert found.drafted
    assert found.readiness.merged == 1
    assert found.accounts is not None
    assert found.accounts.outcome[0] == make_rows(60)[0]["revenue"]
    assert set(found.accounts.table["region"]) == {"Nord", "Süd", "West"}


def test_a_workbook_reads_as_its_csv_does(tmp_path: Path) -> None:
    rows = make_rows(60)
    workbook = Workbook()
    for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
        workbook.active.append(row)
    workbook.save(tmp_path / "export.xlsx")

    read, same = (
        read_accounts(str(path)).accounts for path in (tmp_path / "export.xlsx", write(tmp_path / "x.csv", rows))
    )

    assert read is not None
    assert same is not None
    assert read.table.equals(same.table)
    assert read.outcome.tolist() == same.outcome.tolist()


def test_a_leak_is_left_out_by_name(tmp_path: Path) -> None:
    rows = [row | {"size_band": round(float(str(row["revenue"])) * 1.2, 1)} for row in make_rows(120)]

    found = read_accounts(str(write(tmp_path / "leak.csv", rows)))

    assert [leak.column for leak in found.readiness.leaks] == ["size_band"]
    assert found.readiness.verdict is Fitness.CARE
    assert found.accounts is not None
    assert "size_band" not in [feature.name for feature in found.accounts.features]


def test_accounts_without_an_outcome_are_published_with_a_prediction_and_a_reason(tmp_path: Path) -> None:
    rows = make_rows(100)
    hidden = {str(row["account_id"]): float(str(row["revenue"])) for row in rows[::5]}
    for row in rows[::5]:
        row["revenue"] = ""

    result = precall(tmp_path, "build", "--accounts", str(write(tmp_path / "export.csv", rows)))

    assert result.exit_code == 0, result.output
    assert "100 of 100 rows used, 20 of them without an outcome" in result.output
    store = SnapshotStore(tmp_path / "snapshots")
    with store.lease() as snapshot:
        assert (snapshot.info.accounts, snapshot.info.card.training_rows) == (100, 80)
        assert sum(each.accounts for each in snapshot.info.card.calibration) == 80
        assert "The outcome of 20 more is not known" in str(describe_model(snapshot))
        for account_id, worth in hidden.items():
            account = snapshot.find_account(account_id)
            assert account is not None
            assert account.predicted == pytest.approx(worth, abs=12_000)
            assert account.low <= account.predicted <= account.high
            assert account.baseline + sum(account.shap) == pytest.approx(account.predicted)
    store.close()


def test_a_rebuild_with_a_few_new_rows_keeps_who_is_predicted_by_which_model(tmp_path: Path) -> None:
    rows = make_rows(110)
    folds = []
    for count in (100, 110):
        source = str(write(tmp_path / f"{count}.csv", rows[:count]))
        assert precall(tmp_path, "build", "--accounts", source).exit_code == 0
        store = SnapshotStore(tmp_path / "snapshots")
        with store.lease() as snapshot:
            known = snapshot.accounts(["account_id", "fold"]).to_pydict()
            folds.append(dict(zip(known["account_id"], known["fold"], strict=True)))
        store.close()

    before, after = folds
    assert {account_id: after[account_id] for account_id in before} == before
    assert len(after) == 110


def test_random_rows_are_published_without_a_ranking(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    rows = [row | {"revenue": round(float(random.normal(5e4, 1e4)), 2)} for row in make_rows(100)]

    result = precall(tmp_path, "build", "--accounts", str(write(tmp_path / "noise.csv", rows)))

    assert result.exit_code == 0, result.output
    assert "no better than a constant" in result.output


@pytest.mark.parametrize("name", ["healthcare", "wealth", "retail", "real-estate"])
def test_every_other_pack_has_a_demo_of_its_own_with_a_known_ceiling(name: str) -> None:
    accounts = demo_accounts(name, count=300, seed=69)

    assert 0.9 <= accounts.ceiling <= 0.96
    assert accounts.sha256 == demo_accounts(name, count=300, seed=69).sha256
    assert accounts.table["account_id"].is_unique
    assert accounts.table["name"].is_unique
    assert len(accounts.promotions) == 4


def test_the_demo_of_another_business_builds_and_speaks_its_words(tmp_path: Path) -> None:
    result = precall(tmp_path, "build", "--demo", "healthcare", "--count", "100")

    assert result.exit_code == 0, result.output
    store = SnapshotStore(tmp_path / "snapshots")
    with store.lease() as snapshot:
        account = snapshot.find_account("PRAC-042")
        assert account is not None
        assert "visit" in account.allocation.reason
        assert snapshot.info.card.score.r2 >= 0.6
    store.close()
