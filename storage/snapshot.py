"""One published snapshot, open for reading."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb

from storage.accounts import ACCOUNTS_SCHEMA
from storage.changes import CHANGES_SCHEMA, make_change
from storage.errors import (
    DamagedSnapshotError,
    SnapshotGoneError,
    UnknownFeatureError,
    UnreadableSnapshotError,
)
from storage.records import (
    BIG_MOVE,
    WIDEST_SPAN,
    Account,
    AccountName,
    ActionCount,
    Allocation,
    AllocationReason,
    AllocationSummary,
    BaseRate,
    Book,
    Calibration,
    CandidateScore,
    Change,
    Comparison,
    Contribution,
    Coverage,
    Dependence,
    DigestRow,
    Drift,
    Feature,
    FeatureDrift,
    FeatureKind,
    Fitness,
    Interaction,
    ModelCard,
    Movers,
    Offer,
    ReasonKind,
    Score,
    Sensitivity,
    SnapshotInfo,
    Source,
    Standing,
    Topic,
    Verdict,
    Words,
)
from storage.similar import SimilarAccounts
from storage.wellformed import well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from storage.records import FeatureValue

Visible: TypeAlias = "Callable[[AccountName], bool]"
"""Whether an account is there for who asks."""

_CHANGES: Final = f"""SELECT {", ".join(f'"{name}"' for name in CHANGES_SCHEMA.names)} FROM changes"""

# How many features of an account a digest names.
_STRONGEST: Final = 2


def read_only_connection(path: Path, *, memory_limit: str = "512MB") -> DuckDBPyConnection:
    """Open a database file for reading, within bounds: one thread, little memory, nothing outside of the file."""
    return duckdb.connect(
        str(path),
        read_only=True,
        config={
            "threads": 1,
            "memory_limit": memory_limit,
            "enable_external_access": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "lock_configuration": True,
        },
    )


class Snapshot:
    """One open snapshot; any number of threads may ask it at once.

    Where a method takes ``visible``, it finds among the accounts for which that holds as if there were no others. Every
    method may raise UnreadableSnapshotError.
    """

    def __init__(self, database: DuckDBPyConnection, path: Path) -> None:
        self._database = database
        self._path = path
        self._similar: SimilarAccounts | None = None
        self._similar_lock = threading.Lock()
        self.info = self._read_info()
        self.features = self._read_features()
        self.promotions = self._read_promotions()
        self.base_rates = self._read_base_rates()
        self.rules = self._read_rules()
        self.top_interactions = self._read_top_interactions()
        self.topics = self._read_topics()
        self.offers = self._read_offers()

    def find_account(self, account_id: str, *, visible: Visible = lambda _: True) -> Account | None:
        """Return the account with exactly this id, in any letter case.

        Where ids differ in nothing but letter case, only the exact spelling finds one.
        """
        rows = self._fetch(
            """
            SELECT
                account_id, name, owner, region, industry, predicted, low, high, baseline,
                percentile, book_percentile, book, span,
                numbers, texts, shap, interactions, sensitivities, promotion,
                actions, rank, score, scaled_score, reason, by_type, reasons
            FROM accounts
            WHERE account_key = upper($account_id)
            """,
            {"account_id": account_id},
        )
        rows = [
            row for row in rows if visible(AccountName(account_id=row[0], name=row[1], owner=row[2], region=row[3]))
        ]
        # Chosen here because an ORDER BY would triple the cost of the query.
        chosen = rows if len(rows) == 1 else [row for row in rows if row[0] == account_id]
        return self._to_account(chosen[0]) if chosen else None

    def find_by_name(self, name: str, *, visible: Visible = lambda _: True) -> tuple[AccountName, ...]:
        """Return the accounts of the company with this whole name, in any letter case; several may share it."""
        rows = self._fetch(
            """
            SELECT account_id, name, owner, region
            FROM accounts
            WHERE upper(name) = upper($name)
            ORDER BY account_id
            """,
            {"name": name},
        )
        return tuple(filter(visible, _to_names(rows)))

    def closest(self, text: str, *, limit: int = 5, visible: Visible = lambda _: True) -> tuple[AccountName, ...]:
        """Return the accounts whose id or name resembles the text, best first; nothing that is not similar."""
        return self.similar.closest(text, limit=limit, visible=visible)

    def containing(self, text: str, *, limit: int, visible: Visible = lambda _: True) -> tuple[AccountName, ...]:
        """Return the accounts whose id or name holds the text, in any letter case: those that begin with it first."""
        rows = self._fetch(
            """
            SELECT account_id, name, owner, region
            FROM accounts
            WHERE contains(upper(account_id), upper($text)) OR contains(upper(name), upper($text))
            ORDER BY
                NOT (starts_with(upper(account_id), upper($text)) OR starts_with(upper(name), upper($text))),
                account_key,
                account_id
            """,
            {"text": text},
        )
        return tuple(islice(filter(visible, _to_names(rows)), limit))

    @property
    def similar(self) -> SimilarAccounts:
        """The ids and names of all accounts, read once; it outlives the snapshot."""
        with self._similar_lock:
            if self._similar is None:
                rows = self._fetch(
                    "SELECT account_id, name, owner, region FROM accounts ORDER BY account_key, account_id"
                )
                self._similar = SimilarAccounts(_to_names(rows))
            return self._similar

    def dependence(self, feature: Feature, *, partner: Feature | None = None, limit: int = 2000) -> Dependence:
        """Return what a feature contributes across accounts in the order of their ids, with a partner's values.

        Beyond ``limit`` accounts with a value it is an even sample of exactly that many, the same at every call.
        """
        other = partner or feature
        for each in (feature, other):
            if each not in self.features:
                raise UnknownFeatureError(each.name, snapshot_id=self.info.snapshot_id)
        values, partners = _list_of(feature), _list_of(other)
        rows = self._fetch(
            f"""
            WITH known AS (
                SELECT
                    {values}[$entry] AS value,
                    shap[$entry] AS shap,
                    {partners}[$partner_entry] AS partner,
                    actions,
                    row_number() OVER (ORDER BY account_key, account_id) AS place,
                    count(*) OVER () AS size
                FROM accounts
                WHERE {values}[$entry] IS NOT NULL
            )
            SELECT value, shap, actions, partner
            FROM known
            WHERE size <= $limit OR place * $limit // size > (place - 1) * $limit // size
            ORDER BY place
            """,
            {
                "entry": self.features.index(feature) + 1,
                "partner_entry": self.features.index(other) + 1,
                "limit": limit,
            },
        )
        return Dependence(
            feature=feature,
            values=tuple(row[0] for row in rows),
            shap=tuple(row[1] for row in rows),
            actions=tuple(row[2] for row in rows),
            partners=() if partner is None else tuple(row[3] for row in rows),
        )

    def values(self, feature: Feature) -> tuple[FeatureValue, ...]:
        """Return the value of a feature for every account, in the order of their ids; None where it is missing."""
        if feature not in self.features:
            raise UnknownFeatureError(feature.name, snapshot_id=self.info.snapshot_id)
        values = _list_of(feature)
        rows = self._fetch(
            f"SELECT {values}[$entry] FROM accounts ORDER BY account_key, account_id",
            {"entry": self.features.index(feature) + 1},
        )
        return tuple(value for (value,) in rows)

    def categories(self, feature: Feature) -> frozenset[str]:
        """Return the values of a feature that any account has, as texts."""
        if feature not in self.features:
            raise UnknownFeatureError(feature.name, snapshot_id=self.info.snapshot_id)
        rows = self._fetch(
            f"SELECT DISTINCT {_list_of(feature)}[$entry] FROM accounts", {"entry": self.features.index(feature) + 1}
        )
        return frozenset(str(value) for (value,) in rows if value is not None)

    def count_too_wide_to_rank(self) -> int:
        """Return how many accounts have an interval that is too wide to rank them by."""
        [(count,)] = self._fetch("SELECT count(*) FROM accounts WHERE span > $widest", {"widest": WIDEST_SPAN})
        return int(count)

    def digest(
        self,
        *,
        limit: int,
        owner: str | None = None,
        region: str | None = None,
        least_actions: int = 1,
        visible: Visible = lambda _: True,
    ) -> tuple[DigestRow, ...]:
        """Return the accounts that get actions, or at least so many, the highest predicted value first."""
        candidates = self._fetch(
            """
            SELECT account_id, name, owner, region
            FROM accounts
            WHERE actions >= $least_actions
              AND ($owner::VARCHAR IS NULL OR owner = $owner)
              AND ($region::VARCHAR IS NULL OR region = $region)
            ORDER BY predicted DESC, account_id
            """,
            {"owner": owner, "region": region, "least_actions": least_actions},
        )
        rows = self._fetch(
            """
            SELECT account_id, name, owner, region, predicted, low, high, actions, reason, numbers, texts, shap
            FROM accounts
            WHERE list_contains($ids, account_id)
            ORDER BY predicted DESC, account_id
            """,
            {"ids": _first_ids(candidates, visible, limit)},
        )
        return tuple(
            DigestRow(
                account_id=row[0],
                name=row[1],
                owner=row[2],
                region=row[3],
                predicted=row[4],
                low=row[5],
                high=row[6],
                actions=row[7],
                reason=row[8],
                strongest=self._strongest(*row[9:]),
            )
            for row in rows
        )

    def books(self) -> tuple[Book, ...]:
        """Return how many accounts and actions there are of each owner in each territory."""
        rows = self._fetch(
            """
            SELECT owner, region, count(*), sum(actions)::BIGINT
            FROM accounts
            GROUP BY owner, region
            ORDER BY owner, region
            """
        )
        return tuple(
            Book(owner=owner, region=region, accounts=accounts, actions=actions)
            for owner, region, accounts, actions in rows
        )

    def accounts(
        self, columns: Sequence[str] = tuple(ACCOUNTS_SCHEMA.names), *, start: int = 0, stop: int | None = None
    ) -> pa.Table:
        """Return accounts as they were handed over to be published: these columns of all, or of those at some places.

        Places count from 0 in the order of the ids, in which accounts are returned.
        """
        return self._fetch_accounts(", ".join(f'"{name}"' for name in columns), start, stop)

    def column(self, place: int, *, start: int = 0, stop: int | None = None) -> pa.Array:
        """Return the values of the feature at a position, null where missing, of the same accounts as ``accounts``."""
        selected = f"{_list_of(self.features[place])}[{place + 1:d}] AS value"
        return self._fetch_accounts(selected, start, stop).column("value").combine_chunks()

    def shap(self, place: int) -> pa.Array:
        """Return what the feature at a position contributes to each account, in the order of the ids."""
        return self._fetch_accounts(f"shap[{place + 1:d}] AS shap").column("shap").combine_chunks()

    def find_change(self, account_id: str) -> Change | None:
        """Return what changed about the account with exactly this id; None where nothing did or nothing is known."""
        rows = self._fetch(f"{_CHANGES} WHERE account_id = $account_id", {"account_id": account_id})
        return self._to_change(rows[0]) if rows else None

    def changes(self) -> tuple[Change, ...]:
        """Return every account that is new, gone or not as it was in the previous snapshot, in the order of ids."""
        return tuple(map(self._to_change, self._fetch(f"{_CHANGES} ORDER BY account_id")))

    def movers(
        self,
        *,
        limit: int,
        owner: str | None = None,
        region: str | None = None,
        visible: Visible = lambda _: True,
    ) -> Movers:
        """Return up to ``limit`` accounts in each direction whose predictions moved most."""
        up, down = (self._movers(sign, owner=owner, region=region, visible=visible, limit=limit) for sign in (1, -1))
        return Movers(up=up, down=down)

    def _movers(
        self, sign: int, *, owner: str | None, region: str | None, visible: Visible, limit: int
    ) -> tuple[Change, ...]:
        candidates = self._fetch(
            """
            SELECT account_id, name, owner, region
            FROM changes
            WHERE kind = 'changed'
              AND $sign::INTEGER * (predicted_after - predicted_before) > 0
              AND abs(predicted_after - predicted_before) >= $share * abs(predicted_before)
              AND ($owner::VARCHAR IS NULL OR owner = $owner)
              AND ($region::VARCHAR IS NULL OR region = $region)
            ORDER BY abs(predicted_after - predicted_before) DESC, account_id
            """,
            {"sign": sign, "share": BIG_MOVE, "owner": owner, "region": region},
        )
        rows = self._fetch(
            f"""
            {_CHANGES}
            WHERE list_contains($ids, account_id)
            ORDER BY abs(predicted_after - predicted_before) DESC, account_id
            """,
            {"ids": _first_ids(candidates, visible, limit)},
        )
        return tuple(map(self._to_change, rows))

    def artefact(self) -> bytes:
        """Return the fitted model in the skops format; its SHA-256 is checked against the model card."""
        path = self._path.with_suffix(".skops")
        try:
            artefact = path.read_bytes()
        except FileNotFoundError as error:
            raise SnapshotGoneError(self.info.snapshot_id) from error
        except OSError as error:
            raise UnreadableSnapshotError(path, error) from error
        if hashlib.sha256(artefact).hexdigest() != self.info.card.artefact_sha256:
            raise DamagedSnapshotError(path, "it is not the model that the model card names")
        return artefact

    def close(self) -> None:
        """Close the file; nothing can be asked afterwards."""
        self._database.close()

    def _fetch(self, query: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        well_formed_parameters = {
            name: well_formed(value) if isinstance(value, str) else value for name, value in (parameters or {}).items()
        }
        # An error of a SELECT comes when rows are fetched, so both calls stand inside the try.
        try:
            with self._database.cursor() as cursor:
                return cursor.execute(query, well_formed_parameters).fetchall()
        except duckdb.Error as error:
            raise UnreadableSnapshotError(self._path, error) from error

    def _fetch_accounts(self, selected: str, start: int = 0, stop: int | None = None) -> pa.Table:
        """Return accounts in the order in which they stand, which is that of the ids: sorting them takes much room."""
        last = (self.info.accounts if stop is None else stop) - 1
        query = f"SELECT {selected} FROM accounts WHERE rowid BETWEEN {start:d} AND {last:d}"
        try:
            with self._database.cursor() as cursor:
                return cursor.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise UnreadableSnapshotError(self._path, error) from error

    def _to_account(self, row: tuple[Any, ...]) -> Account:
        numbers, texts, shap, interactions, sensitivities, promotion = row[13:19]
        actions, rank, score, scaled_score, reason, by_type, reasons = row[19:]
        responses = tuple(
            Sensitivity(name=name, label=label, value=value)
            for (name, label), value in zip(self.promotions, sensitivities, strict=True)
        )
        return Account(
            account_id=row[0],
            name=row[1],
            owner=row[2],
            region=row[3],
            industry=row[4],
            predicted=row[5],
            low=row[6],
            high=row[7],
            baseline=row[8],
            standing=Standing(percentile=row[9], book_percentile=row[10], book=row[11], span=row[12]),
            values=self._values(numbers, texts),
            shap=tuple(shap),
            interactions=tuple(self._to_interaction(**pair) for pair in interactions),
            sensitivities=responses,
            promotion=None if promotion is None else responses[promotion],
            allocation=Allocation(
                actions=actions,
                rank=rank,
                score=score,
                scaled_score=scaled_score,
                reason=reason,
                by_type=tuple(ActionCount(**each) for each in by_type),
                reasons=tuple(
                    AllocationReason(kind=ReasonKind(each["kind"]), text=each["text"], accounts=tuple(each["accounts"]))
                    for each in reasons
                ),
            ),
        )

    def _to_interaction(self, first: int, second: int, value: float) -> Interaction:
        return Interaction(first=self.features[first].name, second=self.features[second].name, value=value)

    def _values(self, numbers: Sequence[float | None], texts: Sequence[str | None]) -> tuple[FeatureValue, ...]:
        return tuple(
            number if feature.kind is FeatureKind.NUMBER else text
            for feature, number, text in zip(self.features, numbers, texts, strict=True)
        )

    def _strongest(
        self, numbers: Sequence[float | None], texts: Sequence[str | None], shap: Sequence[float]
    ) -> tuple[Contribution, ...]:
        contributions = (
            Contribution(feature=feature, value=value, shap=effect)
            for feature, value, effect in zip(self.features, self._values(numbers, texts), shap, strict=True)
        )
        return tuple(sorted(contributions, key=lambda each: -abs(each.shap))[:_STRONGEST])

    def _to_change(self, row: tuple[Any, ...]) -> Change:
        return make_change(dict(zip(CHANGES_SCHEMA.names, row, strict=True)), self.features)

    def _read_comparison(self) -> Comparison | None:
        rows = self._fetch(
            """
            SELECT
                previous_id, previous_as_of, not_told_apart,
                allocator, capacity, cap_per_account, allocated, accounts_with_actions,
                allocation_value, allocation_gap, one_more
            FROM comparison
            """
        )
        return next(
            (
                Comparison(
                    previous_id=row[0],
                    previous_as_of=row[1],
                    not_told_apart=row[2],
                    allocation=_to_summary(row[3:]),
                )
                for row in rows
            ),
            None,
        )

    def _read_info(self) -> SnapshotInfo:
        [row] = self._fetch(
            """
            SELECT
                snapshot_id, generation, created_at, accounts,
                source_description, source_sha256, source_as_of, fitness, findings,
                allocator, capacity, cap_per_account, allocated, accounts_with_actions,
                allocation_value, allocation_gap, one_more
            FROM snapshot
            """
        )
        return SnapshotInfo(
            snapshot_id=row[0],
            generation=row[1],
            created_at=row[2],
            accounts=row[3],
            source=Source(
                description=row[4],
                sha256=row[5],
                as_of=row[6],
                fitness=None if row[7] is None else Fitness(row[7]),
                findings=tuple(row[8]),
            ),
            card=self._read_card(),
            words=self._read_words(),
            allocation=_to_summary(row[9:]),
            comparison=self._read_comparison(),
        )

    def _read_words(self) -> Words:
        names = [field.name for field in fields(Words)]
        [row] = self._fetch(f"SELECT {', '.join(names)} FROM words")
        return Words(**dict(zip(names, row, strict=True)))

    def _read_card(self) -> ModelCard:
        [row] = self._fetch(
            """
            SELECT
                verdict, family, training_rows, measured_rows, seed, target_mean, r2_holdout, r2_ceiling,
                interval_level, interval_coverage, artefact_sha256, versions,
                r2, r2_error, mae, mae_error, spearman, spearman_error,
                earlier_target_mean, outcome_values, outcome_rows
            FROM snapshot
            """
        )
        return ModelCard(
            verdict=Verdict(row[0]),
            family=row[1],
            training_rows=row[2],
            measured_rows=row[3],
            seed=row[4],
            target_mean=row[5],
            r2_holdout=row[6],
            r2_ceiling=row[7],
            interval_level=row[8],
            interval_coverage=row[9],
            artefact_sha256=row[10],
            versions=row[11],
            score=_to_score(row[12:18]),
            candidates=self._read_candidates(),
            coverage=self._read_coverage(),
            calibration=self._read_calibration(),
            drift=None if row[18] is None else self._read_drift(row[18]),
            outcome_values=row[19],
            outcome_rows=row[20],
        )

    def _read_candidates(self) -> tuple[CandidateScore, ...]:
        rows = self._fetch(
            """
            SELECT family, r2, r2_error, mae, mae_error, spearman, spearman_error
            FROM candidates
            ORDER BY position
            """
        )
        return tuple(CandidateScore(family=row[0], score=_to_score(row[1:])) for row in rows)

    def _read_coverage(self) -> tuple[Coverage, ...]:
        rows = self._fetch("SELECT segment, name, accounts, coverage FROM coverage ORDER BY position")
        return tuple(
            Coverage(segment=segment, name=name, accounts=accounts, coverage=coverage)
            for segment, name, accounts, coverage in rows
        )

    def _read_calibration(self) -> tuple[Calibration, ...]:
        rows = self._fetch("SELECT accounts, predicted, outcome, outcome_error FROM calibration ORDER BY position")
        return tuple(
            Calibration(accounts=accounts, predicted=predicted, outcome=outcome, outcome_error=outcome_error)
            for accounts, predicted, outcome, outcome_error in rows
        )

    def _read_drift(self, target_mean: float) -> Drift:
        rows = self._fetch('SELECT feature, psi, "limit" FROM drift ORDER BY position')
        return Drift(
            target_mean=target_mean,
            features=tuple(FeatureDrift(feature=feature, psi=psi, limit=limit) for feature, psi, limit in rows),
        )

    def _read_base_rates(self) -> tuple[BaseRate, ...]:
        rows = self._fetch(
            """
            SELECT feature, threshold, category, count_with, median_with, count_without, median_without
            FROM base_rates
            ORDER BY position
            """
        )
        return tuple(
            BaseRate(
                feature=feature,
                threshold=threshold,
                category=category,
                count_with=count_with,
                median_with=median_with,
                count_without=count_without,
                median_without=median_without,
            )
            for feature, threshold, category, count_with, median_with, count_without, median_without in rows
        )

    def _read_rules(self) -> str:
        [(rules,)] = self._fetch("SELECT allocation_rules FROM snapshot")
        return str(rules)

    def _read_top_interactions(self) -> tuple[Interaction, ...]:
        rows = self._fetch("SELECT first, second, value FROM top_interactions ORDER BY position")
        return tuple(Interaction(first=first, second=second, value=value) for first, second, value in rows)

    def _read_features(self) -> tuple[Feature, ...]:
        rows = self._fetch('SELECT name, label, "group", unit, kind FROM features ORDER BY position')
        return tuple(
            Feature(name=name, label=label, group=group, unit=unit, kind=FeatureKind(kind))
            for name, label, group, unit, kind in rows
        )

    def _read_topics(self) -> tuple[Topic, ...]:
        return tuple(Topic(**{**row, "terms": tuple(row["terms"])}) for row in self._read_texts("topics", Topic))

    def _read_offers(self) -> tuple[Offer, ...]:
        return tuple(
            Offer(**{**row, "terms": tuple(row["terms"]), "fits": tuple(row["fits"])})
            for row in self._read_texts("offers", Offer)
        )

    def _read_texts(self, table: str, record: type[Topic | Offer]) -> list[dict[str, Any]]:
        """Return the rows of a table by their columns; a snapshot that was built before there was one has none."""
        if not self._fetch("SELECT 1 FROM duckdb_tables() WHERE table_name = $table", {"table": table}):
            return []
        names = [field.name for field in fields(record)]
        rows = self._fetch(f"SELECT {', '.join(names)} FROM {table} ORDER BY position")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _read_promotions(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._fetch("SELECT name, label FROM promotions ORDER BY position"))


def _to_names(rows: Sequence[tuple[Any, ...]]) -> tuple[AccountName, ...]:
    return tuple(
        AccountName(account_id=account_id, name=name, owner=owner, region=region)
        for account_id, name, owner, region in rows
    )


def _first_ids(rows: Sequence[tuple[Any, ...]], visible: Visible, limit: int) -> list[str]:
    return [account.account_id for account in islice(filter(visible, _to_names(rows)), limit)]


def _to_summary(row: tuple[Any, ...]) -> AllocationSummary:
    allocator, capacity, cap_per_account, allocated, accounts_with_actions, value, gap, one_more = row
    return AllocationSummary(
        allocator=allocator,
        capacity=capacity,
        cap_per_account=cap_per_account,
        allocated=allocated,
        accounts_with_actions=accounts_with_actions,
        value=value,
        gap=gap,
        one_more=one_more,
    )


def _to_score(row: tuple[Any, ...]) -> Score:
    r2, r2_error, mae, mae_error, spearman, spearman_error = row
    return Score(
        r2=r2,
        r2_error=r2_error,
        mae=mae,
        mae_error=mae_error,
        spearman=spearman,
        spearman_error=spearman_error,
    )


def _list_of(feature: Feature) -> str:
    """Return the column whose lists hold the feature's values."""
    return "numbers" if feature.kind is FeatureKind.NUMBER else "texts"
