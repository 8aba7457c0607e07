"""What goes into a snapshot: written to a database file once, then checked by reading all of it back."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, astuple, dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final, TypeAlias

import duckdb
import pyarrow as pa

from storage.accounts import ACCOUNTS_SCHEMA
from storage.changes import check_changes, read_changes, write_changes
from storage.errors import DamagedSnapshotError, FaultyAccountsError, InconsistentContentsError
from storage.snapshot import Snapshot, read_only_connection

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from _typeshed import DataclassInstance
    from duckdb import DuckDBPyConnection

    from storage.accounts import AccountRows
    from storage.records import (
        AllocationSummary,
        BaseRate,
        Comparison,
        Feature,
        Interaction,
        ModelCard,
        Offer,
        SnapshotInfo,
        Source,
        Topic,
        Words,
    )

# Lookups read one row group; the default of 122 880 rows makes them 10 times as dear at a million accounts.
_ROW_GROUP_SIZE = 8192

# So many accounts are in memory at once: whole row groups.
_PIECE_ROWS = 2 * _ROW_GROUP_SIZE

# What a build may take to write and to check, beside its accounts.
_MEMORY = "160MB"

# What tells where an account stands among all.
_STANDING: Final = ["account_id", "owner", "predicted", "low", "high"]

Fingerprint: TypeAlias = tuple[int, ...]
"""The number of rows and, for each column, the sum over the rows of the hash of (id, cell)."""

# What must hold of no account; a condition that comes out as NULL counts as met.
_FAULTS: Final = {
    "stands there more than once": "account_id IN (SELECT account_id FROM accounts GROUP BY ALL HAVING count(*) > 1)",
    "has no id": "account_id = ''",
    "has an amount that is not a finite number": (
        "NOT (isfinite(predicted) AND isfinite(low) AND isfinite(high) AND isfinite(baseline)"
        " AND isfinite(score) AND isfinite(scaled_score))"
    ),
    "does not have one entry for each feature in `numbers`, `texts` and `shap`": (
        "len(numbers) <> features OR len(texts) <> features OR len(shap) <> features"
    ),
    "lacks a SHAP value": "list_count(shap) <> features",
    "has a prediction that is not its baseline plus its SHAP values": (
        "NOT (abs(baseline + list_sum(shap) - predicted) <= 1e-6 * greatest(abs(predicted), typical, 1))"
    ),
    "has more than 5 pairs of features in `interactions`, or does not have the strongest first": (
        "len(interactions) > 5 OR list_transform(interactions, lambda pair: abs(pair.value))"
        " <> list_reverse_sort(list_transform(interactions, lambda pair: abs(pair.value)))"
    ),
    "has an interaction of no two features, or one that is not a finite number": (
        "len(list_filter(interactions, lambda pair: coalesce(NOT (pair.first BETWEEN 0 AND pair.second - 1"
        " AND pair.second < features AND isfinite(pair.value)), true))) > 0"
    ),
    "has a fold that is below 0": "fold < 0",
    "has an interval that ends below its start": "low > high",
    "does not have one sensitivity for each promotion": (
        "len(sensitivities) <> promotions OR list_count(sensitivities) <> promotions"
    ),
    "has a sensitivity that is not between 0 and 1": (
        "promotions > 0 AND NOT coalesce(list_min(sensitivities) >= 0 AND list_max(sensitivities) <= 1, false)"
    ),
    "has a promotion that is not in the list, or none of those in it": (
        "(promotion IS NOT NULL) <> (promotions > 0) OR NOT coalesce(promotion BETWEEN 0 AND promotions - 1, true)"
    ),
    "has a promotion that it is not the most sensitive to": (
        "promotions > 0 AND NOT coalesce(sensitivities[promotion + 1] = list_max(sensitivities), false)"
    ),
    "has fewer than 0 actions or more than one account may get": "actions NOT BETWEEN 0 AND cap_per_account",
    "has a count of one type of action that is below 1": (
        "coalesce(list_min(list_transform(by_type, lambda each: each.count)), 1) < 1"
    ),
    "does not have as many actions as those of its types": (
        "len(by_type) > 0 AND coalesce(list_sum(list_transform(by_type, lambda each: each.count)), 0) <> actions"
    ),
    "has a value that does not fit the kind of its feature, or is not a finite number": (
        "account_id IN (SELECT account_id FROM shap_long WHERE (kind = 'number' AND text IS NOT NULL)"
        " OR (kind = 'category' AND number IS NOT NULL) OR NOT isfinite(number) OR NOT isfinite(shap))"
    ),
}


SCHEMA: Final = 3
"""The number of the form of a snapshot, schema.sql and the columns of its accounts, as this version reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotContents:
    """What the pipeline hands over to be published.

    ``accounts`` are of ACCOUNTS_SCHEMA in any order; ``promotions`` are (name, label) in the order of
    ``sensitivities``; ``artefact`` is the fitted model, whose SHA-256 the card names; ``rules`` are those of the
    allocation, as JSON; ``top_interactions`` are the strongest pairs of all accounts; ``changes`` since the previous
    snapshot are of CHANGES_SCHEMA, and there are none without a ``comparison``. ``topics`` and ``offers`` say how the
    business speaks of some of the features and promotions.
    """

    accounts: AccountRows
    features: tuple[Feature, ...]
    promotions: tuple[tuple[str, str], ...]
    base_rates: tuple[BaseRate, ...]
    source: Source
    card: ModelCard
    words: Words
    allocation: AllocationSummary
    artefact: bytes
    rules: str = "{}"
    top_interactions: tuple[Interaction, ...] = ()
    comparison: Comparison | None = None
    changes: pa.Table | None = None
    topics: tuple[Topic, ...] = ()
    offers: tuple[Offer, ...] = ()


def contents_of(snapshot: Snapshot, *, accounts: AccountRows) -> SnapshotContents:
    """Return what a snapshot consists of, with these accounts in the place of its own; it is compared with no other."""
    info = snapshot.info
    return SnapshotContents(
        accounts=accounts,
        features=snapshot.features,
        promotions=snapshot.promotions,
        base_rates=snapshot.base_rates,
        source=info.source,
        card=info.card,
        words=info.words,
        allocation=info.allocation,
        artefact=snapshot.artefact(),
        rules=snapshot.rules,
        top_interactions=snapshot.top_interactions,
        topics=snapshot.topics,
        offers=snapshot.offers,
    )


def check_contents(contents: SnapshotContents) -> None:
    """Raise InconsistentContentsError for what contradicts itself, whatever the accounts are."""
    if contents.accounts.num_rows == 0:
        raise InconsistentContentsError("it has no accounts")
    if not contents.features:
        raise InconsistentContentsError("it has no features")
    _check_names("topics", [topic.feature for topic in contents.topics], [each.name for each in contents.features])
    _check_names("offers", [offer.promotion for offer in contents.offers], [name for name, _ in contents.promotions])
    if hashlib.sha256(contents.artefact).hexdigest() != contents.card.artefact_sha256:
        raise InconsistentContentsError("the model card names another artefact than the one handed over")


def _read_accounts(accounts: pa.Table, names: Sequence[str], *, nullable: Collection[str] = ()) -> pa.Table:
    """Return these columns exactly as in ACCOUNTS_SCHEMA, or raise InconsistentContentsError."""
    missing = [name for name in names if name not in accounts.column_names]
    if missing:
        raise InconsistentContentsError(f"the accounts lack the columns {', '.join(missing)}")
    try:
        read = accounts.select(names).cast(pa.schema([ACCOUNTS_SCHEMA.field(name) for name in names]))
    except pa.ArrowException as error:
        raise InconsistentContentsError(f"the accounts have columns of other types: {error}") from error
    for name in names:
        if name not in nullable and read.column(name).null_count:
            raise InconsistentContentsError(f"{read.column(name).null_count} accounts have nothing in `{name}`")
    return read


def _check_names(what: str, named: Sequence[str], known: Sequence[str]) -> None:
    """Raise InconsistentContentsError unless each is named once and known."""
    wrong = [name for name in dict.fromkeys(named) if name not in known or named.count(name) > 1]
    if wrong:
        raise InconsistentContentsError(f"its {what} speak twice, or of nothing it has, with {', '.join(wrong)}")


def write_database(path: Path, contents: SnapshotContents, info: SnapshotInfo) -> Fingerprint:
    """Write a new database file that holds all of the contents but the artefact, checkpointed and closed.

    Returns the fingerprint of the accounts that were handed over.
    """
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(path.parent)}) as database:
        literal = str(path).replace("'", "''")
        database.execute(f"ATTACH '{literal}' AS snapshot (ROW_GROUP_SIZE {_ROW_GROUP_SIZE})")
        database.execute("USE snapshot")
        database.execute(resources.files("storage").joinpath("schema.sql").read_text("utf-8"))
        _insert_info(database, info, contents.rules)
        database.executemany(
            'INSERT INTO features (position, name, label, "group", unit, kind) VALUES (?, ?, ?, ?, ?, ?)',
            [
                (position, feature.name, feature.label, feature.group, feature.unit, feature.kind.value)
                for position, feature in enumerate(contents.features)
            ],
        )
        for position, (name, label) in enumerate(contents.promotions):
            database.execute("INSERT INTO promotions (position, name, label) VALUES (?, ?, ?)", [position, name, label])
        words = asdict(info.words)
        database.execute(
            f"INSERT INTO words ({', '.join(words)}) VALUES ({', '.join(f'${name}' for name in words)})", words
        )
        _insert_card(database, info.card)
        _insert_rows(database, "base_rates", contents.base_rates)
        _insert_rows(database, "top_interactions", contents.top_interactions)
        _insert_rows(database, "topics", contents.topics)
        _insert_rows(database, "offers", contents.offers)
        fingerprint = _write_accounts(database, contents)
        write_changes(database, read_changes(contents.comparison, contents.changes), contents.comparison)
        database.execute("CHECKPOINT snapshot")
        database.execute("USE memory")
        database.execute("DETACH snapshot")

        return fingerprint


def _write_accounts(database: DuckDBPyConnection, contents: SnapshotContents) -> Fingerprint:
    """Write the accounts a piece at a time, in the order of their keys and each with where it stands among all."""
    accounts = contents.accounts
    ordered = _find_standing(database, accounts)
    columns = [*ACCOUNTS_SCHEMA.names, *(name for name in ordered.column_names if name != "place")]
    fingerprint: Fingerprint = (0,) * (1 + len(ACCOUNTS_SCHEMA))
    for start in range(0, len(ordered), _PIECE_ROWS):
        part = ordered.slice(start, _PIECE_ROWS)
        piece = _read_accounts(
            accounts.take(part.column("place").combine_chunks()),
            ACCOUNTS_SCHEMA.names,
            nullable=() if contents.promotions else ("promotion",),
        )
        database.register("piece", piece)
        found = _fingerprint(database, "piece")
        fingerprint = tuple(so_far + here for so_far, here in zip(fingerprint, found, strict=True))
        for name in columns[len(ACCOUNTS_SCHEMA) :]:
            piece = piece.append_column(name, part.column(name))
        database.register("piece", piece)
        database.execute(f"INSERT INTO accounts ({', '.join(columns)}) SELECT {', '.join(columns)} FROM piece")
    database.unregister("piece")
    return fingerprint


def _find_standing(database: DuckDBPyConnection, accounts: AccountRows) -> pa.Table:
    """Return the places of the accounts in the order of their keys, and where each stands among all."""
    try:
        standing = _read_accounts(accounts.select(_STANDING), _STANDING)
    except KeyError as error:
        raise InconsistentContentsError(f"the accounts lack a column: {error}") from error
    database.register("standing", standing.append_column("place", pa.array(range(len(standing)), pa.int64())))
    ordered = database.sql(
        """
        SELECT
            place,
            upper(account_id) AS account_key,
            percent_rank() OVER (ORDER BY predicted) AS percentile,
            percent_rank() OVER (PARTITION BY owner ORDER BY predicted) AS book_percentile,
            count(*) OVER (PARTITION BY owner) AS book,
            count(*) OVER (
                ORDER BY predicted
                RANGE BETWEEN greatest(predicted - low, 0) PRECEDING AND greatest(high - predicted, 0) FOLLOWING
            ) / count(*) OVER () AS span
        FROM standing
        ORDER BY upper(account_id), account_id
        """
    ).to_arrow_table()
    database.unregister("standing")  # it would take 65 MB of a million accounts
    return ordered


def check_database(path: Path, expected_accounts: Fingerprint, contents: SnapshotContents, info: SnapshotInfo) -> None:
    """Read every column of a closed database file back and compare it with the contents.

    Raises InconsistentContentsError when the contents contradict themselves, DamagedSnapshotError when the file does
    not hold what was handed over.
    """
    log = path.with_name(f"{path.name}.wal")
    if log.exists():
        raise DamagedSnapshotError(path, f"its last rows are still in {log.name}")
    with read_only_connection(path, memory_limit=_MEMORY) as database:
        if _fingerprint(database, "accounts") != expected_accounts:
            raise DamagedSnapshotError(path, "the accounts in it are not those that were written")
        snapshot = Snapshot(database, path)
        found = (
            snapshot.info,
            snapshot.features,
            snapshot.promotions,
            snapshot.base_rates,
            snapshot.rules,
            snapshot.top_interactions,
            snapshot.topics,
            snapshot.offers,
        )
        expected = (
            info,
            contents.features,
            contents.promotions,
            contents.base_rates,
            contents.rules,
            contents.top_interactions,
            contents.topics,
            contents.offers,
        )
        if found != expected:
            raise DamagedSnapshotError(path, "its description is not the one that was written")
        _check_accounts(database)
        _check_allocation(database, info.allocation)
        check_changes(database, path, read_changes(contents.comparison, contents.changes))


def _insert_info(database: DuckDBPyConnection, info: SnapshotInfo, rules: str) -> None:
    source, card, allocation = info.source, info.card, info.allocation
    drift = card.drift
    values = {
        "snapshot_id": info.snapshot_id,
        "generation": info.generation,
        "created_at": info.created_at,
        "accounts": info.accounts,
        "source_description": source.description,
        "source_sha256": source.sha256,
        "source_as_of": source.as_of,
        "fitness": source.fitness,
        "findings": list(source.findings),
        "verdict": card.verdict.value,
        "family": card.family,
        "outcome_rows": card.outcome_rows,
        "training_rows": card.training_rows,
        "measured_rows": card.measured_rows,
        "outcome_values": card.outcome_values,
        "seed": card.seed,
        "target_mean": card.target_mean,
        **asdict(card.score),
        "r2_holdout": card.r2_holdout,
        "r2_ceiling": card.r2_ceiling,
        "interval_level": card.interval_level,
        "interval_coverage": card.interval_coverage,
        "earlier_target_mean": drift.target_mean if drift else None,
        "artefact_sha256": card.artefact_sha256,
        "allocator": allocation.allocator,
        "capacity": allocation.capacity,
        "cap_per_account": allocation.cap_per_account,
        "allocated": allocation.allocated,
        "accounts_with_actions": allocation.accounts_with_actions,
        "allocation_value": allocation.value,
        "allocation_gap": allocation.gap,
        "one_more": allocation.one_more,
        "allocation_rules": rules,
    }
    libraries = {"libraries": list(card.versions), "library_versions": list(card.versions.values())}
    database.execute(
        f"""
        INSERT INTO snapshot ({", ".join(values)}, versions)
        VALUES ({", ".join(f"${name}" for name in values)}, map($libraries::VARCHAR[], $library_versions::VARCHAR[]))
        """,
        values | libraries,
    )


def _insert_card(database: DuckDBPyConnection, card: ModelCard) -> None:
    """Write what the card has several of, each into its own table."""
    database.executemany(
        "INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(position, candidate.family, *astuple(candidate.score)) for position, candidate in enumerate(card.candidates)],
    )
    _insert_rows(database, "coverage", card.coverage)
    _insert_rows(database, "calibration", card.calibration)
    _insert_rows(database, "drift", card.drift.features if card.drift else ())


def _insert_rows(database: DuckDBPyConnection, table: str, records: Sequence[DataclassInstance]) -> None:
    """Write records whose fields are the columns of the table after the first, which is their position."""
    rows = [
        (position, *(list(cell) if isinstance(cell, tuple) else cell for cell in astuple(record)))
        for position, record in enumerate(records)
    ]
    if rows:
        database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _fingerprint(database: DuckDBPyConnection, table: str) -> Fingerprint:
    sums = ", ".join(f"sum(hash(account_id, {name}))::HUGEINT" for name in ACCOUNTS_SCHEMA.names)
    [found] = database.execute(f"SELECT count(*), {sums} FROM {table}").fetchall()
    return tuple(found)


def _check_accounts(database: DuckDBPyConnection) -> None:
    for fault, condition in _FAULTS.items():
        [(count, first)] = database.execute(
            f"""
            SELECT count(*), min(account_id)
            FROM accounts
            CROSS JOIN (SELECT cap_per_account FROM snapshot)
            CROSS JOIN (SELECT median(abs(predicted)) AS typical FROM accounts)
            CROSS JOIN (SELECT count(*) AS features FROM features)
            CROSS JOIN (SELECT count(*) AS promotions FROM promotions)
            WHERE coalesce({condition}, true)
            """
        ).fetchall()
        if count:
            raise FaultyAccountsError(fault, first=first, count=count)


def _check_allocation(database: DuckDBPyConnection, allocation: AllocationSummary) -> None:
    [(allocated, accounts_with_actions)] = database.execute(
        "SELECT sum(actions)::BIGINT, count(*) FILTER (actions > 0) FROM accounts"
    ).fetchall()
    if (allocated, accounts_with_actions) != (allocation.allocated, allocation.accounts_with_actions):
        raise InconsistentContentsError(
            f"{accounts_with_actions} accounts have {allocated} actions, but the summary of the allocation says that "
            f"{allocation.accounts_with_actions} have {allocation.allocated}"
        )
