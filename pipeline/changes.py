"""What changed between two builds, account by account, and how much of it the data, the model and the rules did.

*Prediction.* An account is predicted by the model of the fold that left it out, before and after. Its change has two
causes: other values (data) and another model. Each cause is given the mean of its effects when it comes first and when
it comes second, which is its Shapley value in a game of two players (Shapley 1953, "A value for n-person games"): no
order is preferred, and whatever is not changed gets exactly nothing. The data's part is computed, the model's part is
what remains of the change, so that the two make the whole but for the last bit of a double.

*Actions.* Here the parts are those of one stated order, the one in which a build works: first the data of all accounts
change, then the model, then the rules (allocator, capacity, cap). Three Shapley values would be thirds of an action;
parts in an order are whole actions that add up exactly, and an admin can check each by running the allocator. Actions
are competed for, so the data's part holds what other accounts' data did, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from pipeline import artefact
from pipeline.allocation.allocate import allocate
from pipeline.allocation.book import Book, find_medians
from pipeline.allocation.errors import ConstraintError, InfeasibleError
from pipeline.allocation.rules import Rules
from pipeline.errors import DamagedArtefactError, UntrustedArtefactError
from pipeline.features import read_values
from pipeline.folds import NOBODY
from pipeline.models import predict_left_out
from pipeline.room import give_back
from storage.errors import SnapshotError
from storage.records import ChangeKind, Comparison, FeatureKind
from storage.snapshots import CHANGES_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy.typing as npt

    from pipeline.models import FoldModel
    from storage.records import AllocationSummary, Feature, Words
    from storage.snapshots import Snapshot

    Column = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Places = npt.NDArray[np.intp]

# Stored and repeated predictions of the same model may differ by rounding, and by no more.
_SAME = 1e-9
_PIECE_ROWS = 65_536
_WHO = ("account_id", "name", "owner", "region")
_VALUE_CHANGES = pa.schema(list(CHANGES_SCHEMA.field("values").type.value_type))


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One side of a comparison: a snapshot, or a build that is to become one.

    ``who`` has account_id, name, owner and region; the arrays have one entry a row. ``values`` returns what some rows
    have of the feature at a position, as a model's encoder reads it, and ``shap`` its SHAP values. ``models`` is None
    where they cannot be read, and ``unreadable`` then says so. ``rules`` are those by which its actions were given;
    None where they are not known.
    """

    who: pd.DataFrame
    predicted: Column
    low: Column
    high: Column
    folds: Places
    actions: Counts
    values: Callable[[int, slice], npt.NDArray[Any]]
    shap: Callable[[int], Column]
    features: tuple[Feature, ...]
    models: tuple[FoldModel, ...] | None
    words: Words
    allocation: AllocationSummary
    unreadable: str | None = None
    rules: Rules | None = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Build:
        """Return a published build; models that cannot be read are no error."""
        try:
            models = artefact.load(snapshot.artefact()).models
        except (DamagedArtefactError, UntrustedArtefactError, SnapshotError) as error:
            unreadable = f"the models of snapshot {snapshot.info.snapshot_id} cannot be read ({type(error).__name__})"
            return cls.with_models(snapshot, None, unreadable=unreadable)
        return cls.with_models(snapshot, models)

    @classmethod
    def with_models(
        cls, snapshot: Snapshot, models: tuple[FoldModel, ...] | None, *, unreadable: str | None = None
    ) -> Build:
        """Return a published build whose models were read already; None if they cannot be."""
        standing = snapshot.accounts(["predicted", "low", "high", "fold", "actions"])
        columns = [np.asarray(standing.column(name).to_numpy()) for name in standing.column_names]
        return cls(
            who=snapshot.accounts(_WHO).to_pandas(),
            predicted=columns[0],
            low=columns[1],
            high=columns[2],
            folds=columns[3].astype(np.intp),
            actions=columns[4].astype(np.int64),
            values=lambda place, rows: read_values(
                snapshot.features[place], snapshot.column(place, start=rows.start or 0, stop=rows.stop)
            ),
            shap=lambda place: np.asarray(snapshot.shap(place), dtype=np.float64),
            features=snapshot.features,
            models=models,
            words=snapshot.info.words,
            allocation=snapshot.info.allocation,
            unreadable=unreadable,
            rules=read_rules(snapshot),
        )

    @property
    def can_repeat(self) -> bool:
        """Whether the rules are known and can be followed again; turns cannot, which no prediction decides."""
        return self.rules is not None and self.allocation.allocator in {"optimum", "score"}

    def table(self, names: Collection[str], rows: slice = slice(None)) -> pd.DataFrame:
        """Return who the accounts are, and their values of those features whose names are among these."""
        read = {each.name: self.values(place, rows) for place, each in enumerate(self.features) if each.name in names}
        values = {name: pd.Series(each, dtype=each.dtype, copy=False) for name, each in read.items()}
        return pd.DataFrame({**self.who.loc[:, list(_WHO)].iloc[rows].reset_index(drop=True), **values}, copy=False)

    def book(self) -> Book:
        """Return the accounts as an allocator reads them; where no models can be read, missing values are medians."""
        table, folds = self.table([feature.name for feature in self.features]), self.folds
        if self.models is None:
            numbers = [feature.name for feature in self.features if feature.kind is FeatureKind.NUMBER]
            medians = {name: table[name].median() for name in numbers}
            folds = np.full(len(table), NOBODY)
        return Book(
            table=table,
            features=self.features,
            folds=folds,
            medians=find_medians(self.models, self.features)
            if self.models is not None
            else {name: np.nan_to_num([median]) for name, median in medians.items()},
            predicted=self.predicted,
            low=self.low,
            high=self.high,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changed accounts in CHANGES_SCHEMA; ``not_told_apart`` as in Comparison."""

    table: pa.Table
    not_told_apart: str | None


def compare(previous: Snapshot, build: Build) -> tuple[Comparison, pa.Table]:
    """Compare a build with a published snapshot."""
    before = Build.of(previous)
    give_back()  # what it took to read it
    changes = find_changes(before, build)
    comparison = Comparison(
        previous_id=previous.info.snapshot_id,
        previous_as_of=previous.info.source.as_of,
        not_told_apart=changes.not_told_apart,
        allocation=previous.info.allocation,
    )
    return comparison, changes.table


def find_changes(before: Build, after: Build) -> Changes:
    """Return every account that is new, gone or not as it was, with the parts of its change.

    Where the models cannot be applied to both tables, all of a prediction's change counts as the model's: "model and
    features".
    """
    old, new = _match(before, after)
    by_data, actions, not_told_apart = _find_parts(before, after, old, new)
    give_back()  # what it took to give all actions again
    was, now = before.predicted[old], after.predicted[new]
    values = _find_value_changes(before, after, old, new)
    moved = (was != now) | (before.actions[old] != after.actions[new]) | (np.diff(values.offsets) > 0)
    changed = np.flatnonzero(moved)
    known = None if by_data is None else by_data[changed]
    tables = [
        _tabulate(
            ChangeKind.CHANGED,
            before=(before, old[changed]),
            after=(after, new[changed]),
            parts={
                "by_data": known,
                "by_model": now[changed] - was[changed] - (0.0 if known is None else known),
                **{name: part[changed] for name, part in actions.items()},
                "values": values.take(pa.array(changed)),
            },
        ),
        _tabulate(ChangeKind.NEW, before=None, after=(after, _others(new, len(after.who)))),
        _tabulate(ChangeKind.GONE, before=(before, _others(old, len(before.who))), after=None),
    ]
    return Changes(table=pa.concat_tables(tables), not_told_apart=not_told_apart)


def _find_parts(
    before: Build, after: Build, old: Places, new: Places
) -> tuple[Column | None, dict[str, Counts], str | None]:
    """Return the data's part of the changes in predictions, the parts of those in actions, and why one is missing."""
    fits = _refit(before, after, old, new)
    give_back()  # what it took to predict all accounts
    if isinstance(fits, str):
        return None, _split_actions(before, after, None, old, new), fits
    return _effect_of_data(fits, old, new), _split_actions(before, after, fits, old, new), None


def _tabulate(
    kind: ChangeKind,
    *,
    before: tuple[Build, Places] | None,
    after: tuple[Build, Places] | None,
    parts: Mapping[str, Any] = MappingProxyType({}),
) -> pa.Table:
    """Return changes of one kind in CHANGES_SCHEMA: of the accounts at these places of either build, or of both."""
    build, places = next(side for side in (after, before) if side is not None)
    columns: dict[str, Any] = {name: pa.array(build.who[name].iloc[places], pa.string()) for name in _WHO}
    columns |= {"kind": pa.repeat(kind.value, len(places)), **parts}
    for when, side in (("before", before), ("after", after)):
        if side is not None:
            its, rows = side
            columns |= {f"predicted_{when}": its.predicted[rows], f"actions_{when}": its.actions[rows]}
    return pa.table(
        [_fill(columns.get(field.name), field.type, len(places)) for field in CHANGES_SCHEMA], schema=CHANGES_SCHEMA
    )


def _fill(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """Return a column of this type: nothing in it, or empty lists, where there are no values."""
    if values is None:
        if pa.types.is_list(kind):
            return pa.ListArray.from_arrays(np.zeros(rows + 1, dtype=np.int32), pa.nulls(0, kind.value_type))
        return pa.nulls(rows, kind)
    return (values if isinstance(values, pa.Array) else pa.array(values)).cast(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """A build's models applied to a table whose accounts have these folds, and what they predict."""

    models: tuple[FoldModel, ...]
    folds: Places
    predicted: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fits:
    """Each table as read by each build's models: ``old_on_new`` is the new table, the old models."""

    old_on_old: _Fit
    old_on_new: _Fit
    new_on_old: _Fit
    new_on_new: _Fit


def _refit(before: Build, after: Build, old: Places, new: Places) -> _Fits | str:
    """Apply both builds' models to both tables, or say why that says nothing."""
    if before.models is None or after.models is None:
        return before.unreadable or after.unreadable or "the models cannot be read"
    read = [(each.encoder.features, build.features) for build in (before, after) for each in build.models or ()]
    if _columns(before.features) != _columns(after.features):
        return _describe_features(before.features, after.features)
    if any(by_model != by_snapshot for by_model, by_snapshot in read):
        return "the models read other features than their snapshot names"
    old_for_new, new_for_old = _none(len(after.who)), _none(len(before.who))
    old_for_new[new], new_for_old[old] = before.folds[old], after.folds[new]
    fits = _Fits(
        old_on_old=_apply(before.models, before, before.folds),
        old_on_new=_apply(before.models, after, old_for_new),
        new_on_old=_apply(after.models, before, new_for_old),
        new_on_new=_apply(after.models, after, after.folds),
    )
    for fit, build in ((fits.old_on_old, before), (fits.new_on_new, after)):
        if not np.allclose(fit.predicted, build.predicted, rtol=_SAME, atol=_SAME):
            return "the models do not repeat their own predictions with the libraries installed now"
    return fits


def _apply(models: tuple[FoldModel, ...], build: Build, folds: Places) -> _Fit:
    """Predict each account by the model of its fold; one without a fold, which no model saw, by the mean of all."""
    names = [feature.name for feature in build.features]
    predicted = np.empty(len(folds))
    for start in range(0, len(folds), _PIECE_ROWS):
        rows = slice(start, min(start + _PIECE_ROWS, len(folds)))
        table, own = build.table(names, rows), predicted[rows]
        own[:] = predict_left_out(models, table, folds[rows])
        strangers = np.flatnonzero(folds[rows] == NOBODY)
        if len(strangers):
            read = [each.model.predict(each.encoder.transform(table.iloc[strangers])) for each in models]
            own[strangers] = np.mean(read, axis=0)
    return _Fit(models=models, folds=folds, predicted=predicted)


def _effect_of_data(fits: _Fits, old: Places, new: Places) -> Column:
    """Return the Shapley value of the data: the mean of its effect on the old model and its effect on the new one."""
    on_old_model = fits.old_on_new.predicted[new] - fits.old_on_old.predicted[old]
    on_new_model = fits.new_on_new.predicted[new] - fits.new_on_old.predicted[old]
    effect: Column = (on_old_model + on_new_model) / 2
    return effect


def _split_actions(before: Build, after: Build, fits: _Fits | None, old: Places, new: Places) -> dict[str, Counts]:
    """Return the parts of the change in actions, in the order data, model, rules; without what cannot be told apart.

    Where the allocator of today does not repeat what it gave before, the difference counts as a change of rules, and
    so does all of it where the rules of before cannot be kept with the accounts of now.
    """
    was, now = before.actions[old], after.actions[new]
    if not (before.can_repeat and after.models is not None):
        return {"actions_by_rules": now - was}
    if fits is None:
        fitted = _Fit(models=after.models, folds=after.folds, predicted=after.predicted)
        try:
            with_model = _allocate(before, after, fitted)[new]
        except (ConstraintError, InfeasibleError):
            return {"actions_by_rules": now - was}
        return {"actions_by_model": with_model - was, "actions_by_rules": now - with_model}
    try:
        repeated = _allocate(before, before, fits.old_on_old)[old]
        with_data = _allocate(before, after, fits.old_on_new)[new]
        with_model = _allocate(before, after, fits.new_on_new)[new]
    except (ConstraintError, InfeasibleError):
        return {"actions_by_rules": now - was}
    return {
        "actions_by_data": with_data - repeated,
        "actions_by_model": with_model - with_data,
        "actions_by_rules": (now - with_model) + (repeated - was),
    }


def _allocate(before: Build, at: Build, fitted: _Fit) -> Counts:
    """Give by the rules of before to the accounts of one of the builds; their intervals keep their width."""
    if before.rules is None:
        return np.zeros(len(at.who), dtype=np.int64)
    moved = fitted.predicted - at.predicted
    book = Book(
        table=at.table(before.rules.features),
        features=at.features,
        folds=fitted.folds,
        medians=find_medians(fitted.models, at.features),
        predicted=fitted.predicted,
        low=at.low + moved,
        high=at.high + moved,
    )
    return allocate(before.rules, book, words=at.words).actions


def read_rules(snapshot: Snapshot) -> Rules | None:
    """Return the rules by which a snapshot's actions were given; None where they cannot be read."""
    try:
        return Rules.model_validate_json(snapshot.rules)
    except ValidationError:
        return None


def _find_value_changes(before: Build, after: Build, old: Places, new: Places) -> pa.ListArray:
    """Return the changed values of each pair of rows, those first whose SHAP value moved most."""
    places = {(feature.name, feature.kind): place for place, feature in enumerate(before.features)}
    pairs, moves, entries = [np.empty(0, dtype=np.intp)], [np.empty(0)], [_VALUE_CHANGES.empty_table()]
    for place, feature in enumerate(after.features):
        earlier = places.get((feature.name, feature.kind))
        if earlier is None:
            continue
        was, now = before.values(earlier, slice(None))[old], after.values(place, slice(None))[new]
        differs = np.flatnonzero((was != now) & ~(pd.isna(was) & pd.isna(now)))
        if not len(differs):
            continue
        kind = "number" if feature.kind is FeatureKind.NUMBER else "text"
        columns = {
            "feature": np.full(len(differs), place),
            f"{kind}_before": pa.array(was[differs], from_pandas=True),
            f"{kind}_after": pa.array(now[differs], from_pandas=True),
        }
        entries.append(
            pa.table(
                [_fill(columns.get(field.name), field.type, len(differs)) for field in _VALUE_CHANGES],
                schema=_VALUE_CHANGES,
            )
        )
        moves.append(np.abs(after.shap(place)[new[differs]] - before.shap(earlier)[old[differs]]))
        pairs.append(differs)
    pair, moved = np.concatenate(pairs), np.concatenate(moves)
    found = pa.concat_tables(entries).take(pa.array(np.lexsort((-moved, pair)))).combine_chunks()
    offsets = np.concatenate([[0], np.cumsum(np.bincount(pair, minlength=len(old)))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, found.to_struct_array().combine_chunks())


def _match(before: Build, after: Build) -> tuple[Places, Places]:
    """Return the rows of the accounts that are in both, in the order of their ids: places before, places after."""
    earlier, ids = (pa.array(build.who["account_id"], pa.string()) for build in (before, after))
    there = np.asarray(pc.index_in(ids, value_set=earlier).fill_null(-1))
    by_id = np.asarray(pc.sort_indices(ids)).astype(np.intp)
    new = by_id[there[by_id] >= 0]
    return there[new].astype(np.intp), new


def _others(places: Places, rows: int) -> Places:
    others = np.ones(rows, dtype=bool)
    others[places] = False
    return np.flatnonzero(others)


def _none(rows: int) -> Places:
    return np.full(rows, NOBODY, dtype=np.intp)


def _columns(features: Sequence[Feature]) -> list[tuple[str, str, str]]:
    return [(feature.name, feature.kind.value, feature.unit) for feature in features]


def _describe_features(before: Sequence[Feature], after: Sequence[Feature]) -> str:
    old, new = {feature.name: feature for feature in before}, {feature.name: feature for feature in after}
    clauses = [
        f"{verb} {', '.join(labels)}"
        for verb, labels in (
            ("now reads", [new[name].label for name in new if name not in old]),
            ("no longer reads", [old[name].label for name in old if name not in new]),
        )
        if labels
    ]
    return f"the model {' and '.join(clauses)}" if clauses else "the model reads its features in another form"
