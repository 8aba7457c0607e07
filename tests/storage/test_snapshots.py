"""Publishing and leasing, on real files and with publishers that are really killed."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from typing import TYPE_CHECKING

import duckdb
import pytest

from storage.contents import SCHEMA
from storage.errors import (
    FaultyAccountsError,
    InconsistentContentsError,
    NoSnapshotError,
    OlderSnapshotError,
    PublishError,
    SnapshotGoneError,
)
from storage.snapshots import ACCOUNTS_SCHEMA, CHANGES_SCHEMA, SnapshotStore

from .conftest import ARTEFACT, FEATURES, PROMOTIONS, WORDS, MakeContents, account

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)


def files(root: Path) -> dict[str, str]:
    """Return the SHA-256 of everything below the root, by its name."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def description(store: SnapshotStore) -> str:
    with store.lease() as snapshot:
        return snapshot.info.source.description


def damage(path: Path, *, at: int | None = None, length: int | None = None) -> None:
    """Flip one bit at a place of a published file, or cut the file to a length."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    if at is not None:
        content[at % len(content)] ^= 0b100
    path.write_bytes(bytes(content[:length]))


def test_what_was_published_is_what_a_lease_reads(store: SnapshotStore, make_contents: MakeContents) -> None:
    contents = make_contents()

    info = store.publish(contents, now=NOW)

    with store.lease() as snapshot:
        assert snapshot.info == info
        assert snapshot.features == FEATURES
        assert snapshot.artefact() == ARTEFACT
        found = snapshot.find_account("ACME-003")
    assert found is not None
    assert (info.generation, info.accounts, info.source, info.card) == (1, 5, contents.source, contents.card)
    assert info.allocation == contents.allocation
    assert found.predicted == found.baseline + sum(found.shap)
    assert found.values == (30.0, "gold", 3.0)
    assert found.promotion == found.sensitivities[1]
    assert [(each.name, each.label) for each in found.sensitivities] == list(PROMOTIONS)


def test_files_are_named_by_generation_and_cannot_be_written(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    first = store.publish(make_contents(), now=NOW)
    second = store.publish(make_contents(), now=NOW - timedelta(days=400))

    assert (first.generation, second.generation) == (1, 2)
    assert first.snapshot_id.startswith("000001-")
    assert (root / "CURRENT").read_text() == f"{second.snapshot_id}\n"
    assert sorted(files(root)) == sorted(
        [".lock", "CURRENT"]
        + [f"{info.snapshot_id}{suffix}" for info in (first, second) for suffix in (".duckdb", ".json", ".skops")]
    )
    assert all(path.stat().st_mode & 0o222 == 0 for path in root.glob("*-*.*"))


def test_moments_become_utc_without_a_zone(store: SnapshotStore, make_contents: MakeContents) -> None:
    tokyo = timezone(timedelta(hours=9))

    info = store.publish(
        make_contents(as_of=datetime(2026, 3, 1, 5, tzinfo=tokyo)), now=datetime(2026, 3, 2, 5, tzinfo=tokyo)
    )

    assert info.source.as_of == datetime(2026, 2, 28, 20)  # noqa: DTZ001 - the claim is that there is no zone
    assert info.created_at == datetime(2026, 3, 1, 20)  # noqa: DTZ001 - as above
    with store.lease() as snapshot:
        assert snapshot.info == info


def test_an_empty_folder_has_no_snapshot_and_says_how_to_make_one(store: SnapshotStore, root: Path) -> None:
    with pytest.raises(NoSnapshotError, match="precall build") as caught, store.lease():
        pass

    assert str(root) in str(caught.value)


@pytest.mark.parametrize("snapshot_id", ["000009-00000000", "../state", "", "000001-zzzzzzzz", "\0"])
def test_a_snapshot_that_never_was_is_gone(store: SnapshotStore, make_contents: MakeContents, snapshot_id: str) -> None:
    store.publish(make_contents(), now=NOW)

    with pytest.raises(SnapshotGoneError), store.lease(snapshot_id):
        pass


def test_accounts_older_than_the_published_ones_are_refused(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    store.publish(make_contents(description="new"), now=NOW)
    before = files(root)

    with pytest.raises(OlderSnapshotError, match=r"2026-02-01 .*2026-03-01"):
        store.publish(make_contents(as_of=datetime(2026, 2, 1, tzinfo=UTC)), now=NOW)

    assert files(root) == before
    assert description(store) == "new"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"predicted": 20_260.0}, "baseline plus its SHAP values"),
        ({"predicted": float("nan")}, "finite"),
        ({"shap": [300.0, -50.0, float("nan")]}, "baseline plus its SHAP values"),
        ({"shap": [300.0, -42.5, None]}, "lacks a SHAP value"),
        ({"shap": [300.0, -42.5]}, "one entry for each feature"),
        ({"numbers": [1.0, None]}, "one entry for each feature"),
        ({"numbers": [1.0, 2.0, 3.0]}, "fit the kind of its feature"),
        ({"texts": ["many", "gold", None]}, "fit the kind of its feature"),
        ({"numbers": [float("nan"), None, 3.0]}, "finite"),
        ({"low": 99_999.0}, "interval that ends"),
        ({"interactions": [{"first": 0, "second": 1, "value": 1.0}] * 6}, "more than 5 pairs"),
        ({"interactions": [{"first": 0, "second": 1, "value": v} for v in (1.0, -2.0)]}, "strongest first"),
        ({"interactions": [{"first": 1, "second": 1, "value": 1.0}]}, "interaction of no two features"),
        ({"interactions": [{"first": 0, "second": 3, "value": 1.0}]}, "interaction of no two features"),
        ({"interactions": [{"first": 0, "second": 1, "value": float("inf")}]}, "interaction of no two features"),
        ({"interactions": [{"first": 0, "second": None, "value": 1.0}]}, "interaction of no two features"),
        ({"promotion": 2}, "promotion that is not in the list"),
        ({"promotion": -1}, "promotion that is not in the list"),
        ({"promotion": 0}, "not the most sensitive to"),
        ({"sensitivities": [0.1, 1.2]}, "between 0 and 1"),
        ({"sensitivities": [0.9]}, "one sensitivity for each promotion"),
        ({"actions": 6}, "more than one account may get"),
        ({"actions": -1}, "fewer than 0 actions"),
    ],
)
def test_an_account_that_contradicts_itself_is_refused_by_name_and_nothing_changes(
    root: Path, store: SnapshotStore, make_contents: MakeContents, fields: dict[str, object], fault: str
) -> None:
    store.publish(make_contents(description="good"), now=NOW)
    before = files(root)

    with pytest.raises(FaultyAccountsError, match=fault) as caught:
        store.publish(make_contents([account(1), account(2), account(3, **fields)]), now=NOW)

    assert "'ACME-003'" in str(caught.value)
    assert files(root) == before
    assert description(store) == "good"


def test_the_words_of_the_business_are_read_back(store: SnapshotStore, make_contents: MakeContents) -> None:
    words = replace(WORDS, pack="O'Brien's \"pack\"", account="Praxis", unit="Überweisungen")
    store.publish(replace(make_contents(), words=words), now=NOW)

    with store.lease() as snapshot:
        assert snapshot.info.words == words


def test_a_business_without_promotions_has_none(store: SnapshotStore, make_contents: MakeContents) -> None:
    bare = [account(place, sensitivities=[], promotion=None) for place in range(3)]
    store.publish(replace(make_contents(bare), promotions=()), now=NOW)

    with store.lease() as snapshot:
        found = snapshot.find_account("ACME-001")
    assert found is not None
    assert (found.promotion, found.sensitivities) == (None, ())


def test_a_promotion_stands_there_exactly_where_there_are_any(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    none = make_contents([account(1, sensitivities=[], promotion=0)])
    with pytest.raises(FaultyAccountsError, match="promotion that is not in the list"):
        store.publish(replace(none, promotions=()), now=NOW)
    with pytest.raises(InconsistentContentsError, match="1 accounts have nothing in `promotion`"):
        store.publish(make_contents([account(1, promotion=None)]), now=NOW)


def test_a_digest_names_the_features_that_move_a_prediction_most(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    store.publish(make_contents([account(4), account(1)]), now=NOW)

    with store.lease() as snapshot:
        rows = {row.account_id: row.strongest for row in snapshot.digest(limit=5)}
    first, second = rows["ACME-004"]
    assert (first.feature.name, first.value, first.shap) == ("employees", 40.0, 400.0)
    assert (second.feature.name, second.value, second.shap) == ("tier", "silver", -50.0)


def test_an_account_that_stands_there_twice_is_refused(store: SnapshotStore, make_contents: MakeContents) -> None:
    with pytest.raises(FaultyAccountsError, match=r"'ACME-001' \(and 1 more\) stands there more than once"):
        store.publish(make_contents([account(1), account(2), account(1)]), now=NOW)


def test_a_summary_that_counts_other_actions_is_refused(store: SnapshotStore, make_contents: MakeContents) -> None:
    contents = make_contents()
    wrong = replace(contents, allocation=replace(contents.allocation, allocated=99))

    with pytest.raises(InconsistentContentsError, match=r"4 actions.*99"):
        store.publish(wrong, now=NOW)


def test_contents_that_lack_something_are_refused_in_a_sentence(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    contents = make_contents()

    with pytest.raises(InconsistentContentsError, match="lack the columns reason"):
        store.publish(replace(contents, accounts=contents.accounts.drop_columns(["reason"])), now=NOW)
    with pytest.raises(InconsistentContentsError, match="1 accounts have nothing in `owner`"):
        store.publish(make_contents([account(1), account(2, owner=None)]), now=NOW)
    with pytest.raises(InconsistentContentsError, match="no accounts"):
        store.publish(make_contents([]), now=NOW)
    with pytest.raises(InconsistentContentsError, match="no features"):
        store.publish(replace(contents, features=()), now=NOW)
    with pytest.raises(InconsistentContentsError, match="another artefact"):
        store.publish(replace(contents, artefact=b"something else"), now=NOW)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, make_contents: MakeContents) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(PublishError, match="file/snapshots"):
        SnapshotStore(tmp_path / "file" / "snapshots").publish(make_contents(), now=NOW)


def test_a_running_lease_ends_on_the_snapshot_it_began_with(store: SnapshotStore, make_contents: MakeContents) -> None:
    store.publish(make_contents(description="old"), now=NOW)

    with store.lease() as old:
        store.publish(make_contents(description="new"), now=NOW)
        assert description(store) == "new"
        assert old.info.source.description == "old"
        assert old.find_account("ACME-001") is not None


def test_a_snapshot_is_found_by_its_id_as_long_as_it_is_kept(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    published = [store.publish(make_contents(description=f"number {n}"), now=NOW).snapshot_id for n in range(10)]

    for snapshot_id in published[:3]:
        with pytest.raises(SnapshotGoneError, match=snapshot_id), store.lease(snapshot_id):
            pass
    for place, snapshot_id in enumerate(published[3:], start=3):
        with store.lease(snapshot_id) as snapshot:
            assert snapshot.info.source.description == f"number {place}"
    assert len(list(root.glob("*.duckdb"))) == len(list(root.glob("*.skops"))) == len(list(root.glob("*.json"))) == 7


def test_a_leased_snapshot_is_not_deleted_until_it_is_given_back(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    first = store.publish(make_contents(description="first"), now=NOW).snapshot_id

    with store.lease(first) as snapshot:
        for _ in range(9):
            store.publish(make_contents(), now=NOW)
        assert snapshot.artefact() == ARTEFACT
        assert snapshot.find_account("ACME-001") is not None
    store.publish(make_contents(), now=NOW)

    assert not list(root.glob(f"{first}.*"))
    with pytest.raises(SnapshotGoneError), store.lease(first):
        pass


def test_a_snapshot_that_another_process_deleted_stays_readable_under_a_lease(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    store.publish(make_contents(description="first"), now=NOW)

    with store.lease() as snapshot:
        for path in root.glob("*-*.*"):
            path.unlink()
        assert snapshot.find_account("ACME-004") is not None
        with pytest.raises(SnapshotGoneError):
            snapshot.artefact()


@pytest.mark.parametrize("suffix", [".duckdb", ".skops", ".json"])
@pytest.mark.parametrize("harm", [{"at": -50}, {"at": 0}, {"length": -1}, {"length": 5}, {"length": 0}])
def test_a_damaged_snapshot_is_passed_over_by_a_running_reader_and_at_a_cold_start(  # noqa: PLR0917 - four fixtures
    root: Path,
    store: SnapshotStore,
    make_contents: MakeContents,
    caplog: pytest.LogCaptureFixture,
    suffix: str,
    harm: dict[str, int],
) -> None:
    store.publish(make_contents(description="good"), now=NOW)
    assert description(store) == "good"
    bad = SnapshotStore(root).publish(make_contents(description="bad"), now=NOW).snapshot_id
    damage(root / f"{bad}{suffix}", **harm)
    cold = SnapshotStore(root)

    if suffix == ".json" and harm == {"length": -1}:  # the last newline: nothing is lost
        assert description(store) == description(cold) == "bad"
    else:
        assert description(store) == description(cold) == "good"
        assert bad in caplog.text
    cold.close()


def test_a_damaged_snapshot_does_not_stand_in_the_way_of_the_next(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    far = datetime(2030, 1, 1, tzinfo=UTC)
    bad = store.publish(make_contents(description="bad", as_of=far), now=NOW).snapshot_id
    damage(root / f"{bad}.duckdb", at=5000)

    store.publish(make_contents(description="next"), now=NOW)

    assert description(store) == "next"


def rebuild_by_version(root: Path, snapshot_id: str, schema: int | None) -> None:
    """Make a snapshot what another version publishes: other columns, a manifest with another number or with none."""
    database, manifest = root / f"{snapshot_id}.duckdb", root / f"{snapshot_id}.json"
    for path in (database, manifest):
        path.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute("ALTER TABLE snapshot DROP COLUMN findings")
    fields = json.loads(manifest.read_text("utf-8"))
    fields["database_sha256"] = hashlib.sha256(database.read_bytes()).hexdigest()
    del fields["schema"]
    numbered = {"schema": schema, "a_field_of_later": 1} if schema else {}
    manifest.write_text(json.dumps(fields | numbered), "utf-8")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (None, "was built by an older version of precall. Run `precall build` to build again."),
        (SCHEMA + 1, "was built by a newer version of precall. Update precall to read it."),
    ],
)
def test_a_snapshot_of_another_version_is_passed_over_and_called_by_its_name(
    root: Path, store: SnapshotStore, make_contents: MakeContents, schema: int | None, said: str
) -> None:
    first = store.publish(make_contents(description="first"), now=NOW).snapshot_id
    second = store.publish(make_contents(description="second"), now=NOW).snapshot_id
    rebuild_by_version(root, second, schema)
    with closing(SnapshotStore(root)) as cold:
        assert description(cold) == "first"
        with pytest.raises(SnapshotGoneError, match=said), cold.lease(second):
            pass

    rebuild_by_version(root, first, schema)
    with closing(SnapshotStore(root)) as cold:
        with pytest.raises(NoSnapshotError) as caught, cold.lease():
            pass
        assert str(caught.value) == f"Snapshot {second} {said}"
        cold.publish(make_contents(description="built again"), now=NOW)
        assert description(cold) == "built again"


class Handed:
    """Accounts that remember how many of them were asked for at once."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.num_rows, self.most = table, table.num_rows, 0

    def select(self, columns: list[str]) -> pa.Table:
        return self.table.select(columns)

    def take(self, places: pa.Array) -> pa.Table:
        self.most = max(self.most, len(places))
        return self.table.take(places)


def test_many_accounts_are_written_in_pieces_and_found_in_the_order_of_their_ids(
    store: SnapshotStore, make_contents: MakeContents
) -> None:
    count = 40_000
    rows = [account(place, account_id=f"acme-{place * 7919 % count:05}") for place in range(count)]
    contents = make_contents(rows)
    handed = Handed(contents.accounts)

    store.publish(replace(contents, accounts=handed), now=NOW)

    assert handed.most < count
    with store.lease() as snapshot:
        read = snapshot.accounts(["account_id", "predicted", "shap"])
        ids = read.column("account_id").to_pylist()
        assert ids == [f"acme-{place:05}" for place in range(count)]
        assert snapshot.accounts(["account_id"], start=39_990, stop=39_995).column(0).to_pylist() == ids[39_990:39_995]
        employees = {row["account_id"]: row["numbers"][0] for row in rows}
        assert snapshot.column(0).to_pylist() == [employees[each] for each in ids]
        assert snapshot.column(0, start=39_990, stop=39_995).to_pylist() == [
            employees[each] for each in ids[39_990:39_995]
        ]
        by_value = sorted(rows, key=lambda row: row["predicted"])
        for place in (0, 12_345, 39_999):
            found = snapshot.find_account(by_value[place]["account_id"])
            assert found is not None
            assert found.predicted == by_value[place]["predicted"]
            assert found.standing.percentile == pytest.approx(place / (count - 1))


def test_another_schema_has_another_number() -> None:
    """Where this fails, give SCHEMA the next number, and write down here what it now stands for."""
    columns = f"{ACCOUNTS_SCHEMA}\n{CHANGES_SCHEMA}"
    text = resources.files("storage").joinpath("schema.sql").read_text("utf-8")
    statements = "\n".join(line.partition("--")[0].rstrip() for line in text.splitlines())

    form = hashlib.sha256(f"{statements}{columns}".encode()).hexdigest()[:12]
    assert (SCHEMA, form) == (3, "314dc815ef15")


def test_a_snapshot_under_the_name_of_another_is_damaged(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    first = store.publish(make_contents(description="first"), now=NOW).snapshot_id
    second = store.publish(make_contents(description="second"), now=NOW).snapshot_id
    for suffix in (".duckdb", ".skops", ".json"):
        (root / f"{first}{suffix}").replace(root / f"{second}{suffix}")

    with pytest.raises(NoSnapshotError), SnapshotStore(root).lease():
        pass


@pytest.mark.parametrize("pointer", [b"", b"\xff\xfe", b"000099-00000000\n", b"../../etc/passwd"])
def test_a_pointer_that_leads_nowhere_is_passed_over(
    root: Path, store: SnapshotStore, make_contents: MakeContents, pointer: bytes
) -> None:
    store.publish(make_contents(description="good"), now=NOW)
    assert description(store) == "good"
    (root / "CURRENT").unlink()
    (root / "CURRENT").write_bytes(pointer)
    cold = SnapshotStore(root)

    assert description(store) == description(cold) == "good"
    cold.close()


def test_readers_of_every_thread_see_whole_snapshots_while_new_ones_are_published(
    root: Path, store: SnapshotStore, make_contents: MakeContents
) -> None:
    def contents_of(number: int) -> tuple[list[dict[str, object]], str]:
        return [account(place, name=f"of {number}") for place in range(5)], f"of {number}"

    rows, of = contents_of(0)
    store.publish(make_contents(rows, description=of), now=NOW)
    done = threading.Event()

    def read() -> tuple[int, set[str]]:
        reads, seen = 0, set()
        while not done.is_set() or not reads:
            with store.lease() as snapshot:
                of = snapshot.info.source.description
                assert [name for name in snapshot.find_by_name(of.upper()) if name.name == of] != []
                assert len(snapshot.find_by_name(of)) == 5
                seen.add(of)
            reads += 1
            time.sleep(0.001)  # lets the publisher have the interpreter
        return reads, seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(1, 6):
                rows, of = contents_of(number)
                SnapshotStore(root).publish(make_contents(rows, description=of), now=NOW)
        finally:
            done.set()
        results = [reader.result() for reader in readers]

    assert all(reads for reads, _ in results)
    assert len(set.union(*(seen for _, seen in results))) > 1
    assert description(store) == "of 5"


def test_publishers_that_race_get_generations_of_their_own(root: Path, make_contents: MakeContents) -> None:
    contents = make_contents()
    with ThreadPoolExecutor(3) as pool:
        published = list(pool.map(lambda _: SnapshotStore(root).publish(contents, now=NOW), range(6)))

    assert sorted(info.generation for info in published) == [1, 2, 3, 4, 5, 6]
