"""Accounts as a build wants them: typed, each once, with what the pack says about their columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.columns import ColumnType, read_columns
from pipeline.demos import make_demo
from pipeline.draft import draft_pack, guess_findings
from pipeline.errors import FaultyPackError, NothingToModelError
from pipeline.pack import parse_pack, read_pack
from pipeline.readiness import assess, name_verbatim
from pipeline.synthetic import make_accounts
from storage.records import FeatureKind, Fitness, Words
from storage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pipeline.columns import Column
    from pipeline.pack import Pack
    from pipeline.readiness import Readiness
    from pipeline.synthetic import SyntheticAccounts
    from storage.raw_table import RawTable
    from storage.records import Feature, Topic

    Positions = npt.NDArray[np.int64]

IDENTITY = {"name": "name", "owner": "owner", "region": "territory", "industry": "industry"}
"""The columns of an account that say who it is, and their roles in a pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """A table of accounts with their outcome, ready to learn from.

    ``table`` has one row per account: account_id, name, owner, region and industry (empty where the source has none),
    the ``features``, and the sensitivities named in ``promotions`` with their labels. ``outcome`` is in the unit of
    the pack's target, NaN where it is not known. ``groups`` and ``times`` have one entry a row or are None.
    ``ceiling`` is the best reachable R², known for made-up accounts only; those have no ``readiness``.
    """

    pack: Pack
    table: pd.DataFrame
    outcome: npt.NDArray[np.float64]
    features: tuple[Feature, ...]
    promotions: tuple[tuple[str, str], ...]
    description: str
    sha256: str
    groups: Sequence[object] | None = None
    times: Sequence[object] | None = None
    ceiling: float | None = None
    readiness: Readiness | None = None

    @property
    def words(self) -> Words:
        """What the business calls things."""
        return Words(pack=self.pack.name, unit=self.pack.target.unit, **self.pack.words.model_dump())

    @property
    def topics(self) -> tuple[Topic, ...]:
        """How the business speaks of those features that are used."""
        used = {feature.name for feature in self.features}
        return tuple(topic for topic in self.pack.topics if topic.feature in used)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAccounts:
    """What came of reading a source: its readiness, and the accounts unless that is *not ready*.

    ``notes`` are further sentences about what was done; ``drafted`` says that no pack was given and a draft was used.
    """

    readiness: Readiness
    accounts: Accounts | None
    notes: tuple[str, ...]
    drafted: bool


def demo_accounts(name: str, *, count: int, seed: int) -> Accounts:
    """Return made-up accounts of the business of a shipped pack, the same ones for the same seed."""
    pack = read_pack(name)
    made = make_accounts(count, seed=seed) if name == "software" else make_demo(pack, count, seed=seed)
    return of_synthetic(made, pack, seed=seed)


def of_synthetic(made: SyntheticAccounts, pack: Pack, *, seed: int) -> Accounts:
    """Return made-up accounts with what their pack says."""
    return Accounts(
        pack=pack,
        table=made.table,
        outcome=made.outcome,
        features=pack.features,
        promotions=_promotions(pack),
        description=f"synthetic demo {pack.words.accounts}, seed {seed}",
        sha256=made.sha256,
        ceiling=made.ceiling,
    )


def _promotions(pack: Pack) -> tuple[tuple[str, str], ...]:
    return tuple((promotion.column, promotion.label) for promotion in pack.promotions)


def read_accounts(
    source: str, pack: Pack | None = None, *, sheet: str | None = None, encoding: str | None = None
) -> ReadAccounts:
    """Read a source by a pack, or by the pack that is drafted from it; what cannot be used is in the readiness.

    Raises a TableError, or NothingToModelError where no pack can be drafted from the source.
    """
    table = read_table(source, sheet=sheet, encoding=encoding)
    drafted = pack is None
    if pack is None:
        try:
            pack = parse_pack(draft_pack(table, read_columns(table)), source=f"drafted from {source}")
        except FaultyPackError as error:
            raise NothingToModelError(source) from error
    columns = read_columns(table, verbatim=name_verbatim(pack, table.names))
    findings = guess_findings(columns, pack.target.column) if drafted else ()
    readiness = assess(table, columns, pack, findings=findings)
    if readiness.verdict is Fitness.NOT_READY:
        return ReadAccounts(readiness=readiness, accounts=None, notes=(), drafted=drafted)
    reader = _Reader(table, columns, pack, readiness)
    return ReadAccounts(readiness=readiness, accounts=reader.read(), notes=tuple(reader.notes), drafted=drafted)


class _Reader:
    """Turns the columns of a source into the table of a build; ``notes`` says what that took."""

    def __init__(self, table: RawTable, columns: Sequence[Column], pack: Pack, readiness: Readiness) -> None:
        self.notes: list[str] = []
        self._raw, self._pack, self._readiness = table, pack, readiness
        self._columns = {column.name: column for column in columns}

    def read(self) -> Accounts:
        pack, positions = self._pack, self._latest()
        features = tuple(
            _as_read(feature, self._columns[self._readiness.names[feature.name]])
            for feature in pack.features
            if feature.name in self._readiness.features
        )
        promotions = tuple(each for each in _promotions(pack) if self._answers(each[0], positions) is not None)
        who = {name: self._texts(getattr(pack.columns, role), positions) for name, role in IDENTITY.items()}
        ids = self._texts(pack.columns.id, positions)
        who["name"] = pc.if_else(pc.equal(who["name"], ""), ids, who["name"])
        read = {
            feature.name: feature_values(feature, self._columns[self._readiness.names[feature.name]], positions)
            for feature in features
        }
        sensitivities = {name: self._answers(name, positions) for name, _ in promotions}
        return Accounts(
            pack=pack,
            table=pd.DataFrame(
                {name: texts.to_pandas() for name, texts in ({"account_id": ids} | who).items()} | read | sensitivities,
                copy=False,
            ),
            outcome=_numbers(self._column(pack.target.column), positions),
            features=features,
            promotions=promotions,
            description=f"{self._raw.source} ({self._raw.reading})",
            sha256=self._raw.sha256,
            groups=self._groups(positions),
            times=self._times(positions),
            readiness=self._readiness,
        )

    def _column(self, name: str | None) -> Column:
        return self._columns[self._readiness.names[name or ""]]

    def _has(self, name: str | None) -> bool:
        return name is not None and name in self._readiness.names

    def _texts(self, name: str | None, positions: Positions) -> pa.Array:
        """Return a column as text, empty where there is none."""
        if not self._has(name):
            return pa.repeat("", len(positions))
        return _take(self._column(name), positions).cast(pa.string()).fill_null("")

    def _latest(self) -> Positions:
        """Return the used rows, of several moments of one account the last one."""
        positions, pack = self._readiness.positions, self._pack
        texts = self._texts(pack.columns.id, positions)
        if pc.count_distinct(texts).as_py() == len(texts) or not self._has(pack.columns.time):
            return positions
        ids = texts.to_pylist()
        moments = _take(self._column(pack.columns.time), positions).to_pylist()
        newest: dict[str, int] = {}
        for place, account_id in enumerate(ids):
            before = newest.setdefault(account_id, place)
            if str(moments[place] or "") > str(moments[before] or ""):
                newest[account_id] = place
        self.notes.append(f"{len(ids) - len(newest):,} earlier rows of accounts that have a later one are not used.")
        latest: Positions = positions[np.sort(list(newest.values()))]
        return latest

    def _groups(self, positions: Positions) -> list[str] | None:
        if not self._has(self._pack.columns.group):
            return None
        ids = self._texts(self._pack.columns.id, positions).to_pylist()
        groups = self._texts(self._pack.columns.group, positions).to_pylist()
        # A row without a company is a company of its own.
        return [f"company {group}" if group else f"row {own}" for group, own in zip(groups, ids, strict=True)]

    def _times(self, positions: Positions) -> list[object] | None:
        name = self._pack.columns.time
        if not self._has(name):
            return None
        column = self._column(name)
        values = _take(column, positions)
        if column.type is not ColumnType.DATE or values.null_count:
            self.notes.append(f"The time column {name!r} has no date in every row, so the order of time is not used.")
            return None
        return list(values.to_pylist())

    def _answers(self, name: str, positions: Positions) -> npt.NDArray[np.float64] | None:
        """Return how accounts respond to a promotion, a missing answer being the median; None where that is unknown."""
        if not self._has(name):
            return None
        column = self._column(name)
        values = _numbers(column, positions) if column.type is ColumnType.NUMBER else np.full(len(positions), np.nan)
        known = values[~np.isnan(values)]
        if not len(known) or known.min() < 0 or known.max() > 1:
            self.notes.append(f"The promotion {name!r} is left out: its values are not all from 0 to 1.")
            return None
        return np.where(np.isnan(values), np.median(known), values)


def feature_values(feature: Feature, column: Column, positions: Positions) -> pd.Series:
    """Return a column as a model's encoder reads it: numbers, or texts with None where nothing is known."""
    if feature.kind is FeatureKind.NUMBER:
        return pd.Series(_numbers(column, positions))
    encoded = _take(column, positions).dictionary_encode()
    distinct = encoded.dictionary
    if column.type is ColumnType.YES_NO:
        texts = ["yes" if value else "no" for value in distinct.to_pylist()]
    elif column.type is ColumnType.NUMBER:
        texts = [f"{value:.12g}" for value in distinct.to_pylist()]
    else:
        texts = distinct.cast(pa.string()).to_pylist()
    return pd.Series(np.array([*texts, None], dtype=object)[np.asarray(encoded.indices.fill_null(-1))], dtype="object")


def _as_read(feature: Feature, column: Column) -> Feature:
    """Return a feature as its column is: what the pack takes for numbers may be categories here."""
    if feature.kind is FeatureKind.NUMBER and column.type not in {ColumnType.NUMBER, ColumnType.YES_NO}:
        return replace(feature, kind=FeatureKind.CATEGORY, unit="")
    return feature


def _numbers(column: Column, positions: Positions) -> npt.NDArray[np.float64]:
    return np.asarray(_take(column, positions).cast(pa.float64()).fill_null(np.nan), dtype=np.float64)


def _take(column: Column, positions: Positions) -> pa.Array:
    values = column.values  # noqa: PD011 - an Arrow array, no DataFrame
    return values if np.array_equal(positions, np.arange(len(values))) else values.take(pa.array(positions))
