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

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from pipeline import artefact
from pipeline.allocation.allocate import allocate
from pipeline.allocation.book import Book
from pipeline.allocation.errors import ConstraintError, InfeasibleError
from pipeline.allocation.rules import Rules
from pipeline.errors import DamagedArtefactError, UntrustedArtefactError
from pipeline.folds import NOBODY
from pipeline.models import CrossFit
from storage.errors import SnapshotError
from storage.records import ChangeKind, Comparison, FeatureKind
from storage.snapshots import CHANGES_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pipeline.models import FoldModel
    from storage.records import AllocationSummary, Feature, Words
    from storage.snapshots import Snapshot

    Column = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Places = npt.NDArray[np.intp]

# Stored and repeated predictions of the same model may differ by rounding, and by no more.
_SAME = 1e-9
_SHOWN = ["account_id", "name", "owner", "region", "predicted", "actions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One side of a comparison: a snapshot, or a build that is to become one.

    ``accounts`` is of ACCOUNTS_SCHEMA. ``models`` is None where they cannot be read, and ``unreadable`` then says so.
    ``rules`` are those by which its actions were given; None where they are not known.
    """

    accounts: pa.Table
    features: tuple[Feature, ...]
    models: tuple[FoldModel, ...] | None
    words: Words
    allocation: AllocationSummary
    unreadable: str | None = None
    rules: Rules | None = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Build:
        """Return a published build; models that cannot be read are no error."""
        models, unreadable = None, None
        try:
            models = artefact.load(snapshot.artefact()).models
        except (DamagedArtefactError, UntrustedArtefactError, SnapshotError) as error:
            unreadable = f"the models of snapshot {snapshot.info.snapshot_id} cannot be read ({type(error).__name__})"
        return cls(
            accounts=snapshot.accounts(),
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

    @property
    def table(self) -> pd.DataFrame:
        """Ids, owners and regions, and the values of the features as a model's encoder reads them."""
        return pd.DataFrame(
            {
                **{name: self.accounts[name].to_pylist() for name in ("account_id", "owner", "region")},
                **{
                    feature.name: pd.Series(_values(self.accounts, place, feature), dtype=_dtype(feature))
                    for place, feature in enumerate(self.features)
                },
            }
        )

    def book(self) -> Book:
        """Return the accounts as an allocator reads them; where no models can be read, missing values are medians."""
        table = self.table
        if self.models is None:
            numbers = [pd.to_numeric(table[feature.name], errors="coerce") for feature in self.features]
            rows = np.column_stack([each.fillna(each.median()).fillna(0.0) for each in numbers])
        else:
            encoded = [each.encoder.transform(table) for each in self.models]
            rows = np.stack(encoded)[self.column("fold"), np.arange(len(table))]
        predicted, low, high = (self.column(name) for name in ("predicted", "low", "high"))
        return Book(table=table, features=self.features, rows=rows, predicted=predicted, low=low, high=high)

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return one column of the accounts."""
        return np.asarray(self.accounts[name].to_numpy())


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changed accounts in CHANGES_SCHEMA; ``not_told_apart`` as in Comparison."""

    table: pa.Table
    not_told_apart: str | None


def compare(previous: Snapshot, build: Build) -> tuple[Comparison, pa.Table]:
    """Compare a build with a published snapshot."""
    changes = find_changes(Build.of(previous), build)
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
    fits = _refit(before, after)
    old, new = _match(before.column("account_id"), after.column("account_id"))
    was, now = before.column("predicted")[old], after.column("predicted")[new]
    by_data = None if isinstance(fits, str) else _effect_of_data(fits, old, new)
    actions = _split_actions(before, after, None if isinstance(fits, str) else fits, old, new)
    values = _find_value_changes(before, after, old, new)
    given = before.column("actions")[old], after.column("actions")[new]
    rows_before, rows_after = before.accounts.select(_SHOWN).to_pylist(), after.accounts.select(_SHOWN).to_pylist()
    rows: list[dict[str, Any]] = []
    for place, (there, here) in enumerate(zip(old.tolist(), new.tolist(), strict=True)):
        if was[place] == now[place] and given[0][place] == given[1][place] and place not in values:
            continue
        data = None if by_data is None else float(by_data[place])
        rows.append(
            _who(rows_after[here], ChangeKind.CHANGED)
            | _standing(rows_before[there], "before")
            | _standing(rows_after[here], "after")
            | {"by_data": data, "by_model": float(now[place] - was[place] - (data or 0.0))}
            | {name: int(part[place]) for name, part in actions.items()}
            | {"values": values.get(place, [])}
        )
    rows += [
        _who(row, ChangeKind.NEW) | _standing(row, "after") | {"values": []}
        for row in (rows_after[here] for here in _others(new, len(rows_after)))
    ]
    rows += [
        _who(row, ChangeKind.GONE) | _standing(row, "before") | {"values": []}
        for row in (rows_before[there] for there in _others(old, len(rows_before)))
    ]
    return Changes(
        table=pa.Table.from_pylist(rows, schema=CHANGES_SCHEMA), not_told_apart=fits if isinstance(fits, str) else None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fits:
    """Each table as read by each build's models: ``old_on_new`` is the new table, the old models."""

    old_on_old: CrossFit
    old_on_new: CrossFit
    new_on_old: CrossFit
    new_on_new: CrossFit


def _refit(before: Build, after: Build) -> _Fits | str:
    """Apply both builds' models to both tables, or say why that says nothing."""
    if before.models is None or after.models is None:
        return before.unreadable or after.unreadable or "the models cannot be read"
    read = [(each.encoder.features, build.features) for build in (before, after) for each in build.models or ()]
    if _columns(before.features) != _columns(after.features):
        return _describe_features(before.features, after.features)
    if any(by_model != by_snapshot for by_model, by_snapshot in read):
        return "the models read other features than their snapshot names"
    old_table, new_table = before.table, after.table
    old_folds, new_folds = before.column("fold"), after.column("fold")
    old, new = _match(before.column("account_id"), after.column("account_id"))
    old_for_new, new_for_old = _none(len(new_table)), _none(len(old_table))
    old_for_new[new], new_for_old[old] = old_folds[old], new_folds[new]
    fits = _Fits(
        old_on_old=_apply(before.models, old_table, old_folds),
        old_on_new=_apply(before.models, new_table, old_for_new),
        new_on_old=_apply(after.models, old_table, new_for_old),
        new_on_new=_apply(after.models, new_table, new_folds),
    )
    for fit, build in ((fits.old_on_old, before), (fits.new_on_new, after)):
        if not np.allclose(fit.predicted, build.column("predicted"), rtol=_SAME, atol=_SAME):
            return "the models do not repeat their own predictions with the libraries installed now"
    return fits


def _apply(models: Sequence[FoldModel], table: pd.DataFrame, folds: Places) -> CrossFit:
    """Predict each account by the model of its fold; one without a fold, which no model saw, by the mean of all."""
    encoded = [each.encoder.transform(table) for each in models]
    rows, predicted = np.mean(encoded, axis=0), np.empty(len(table))
    for fold, (each, read) in enumerate(zip(models, encoded, strict=True)):
        own = folds == fold
        if own.any():
            rows[own] = read[own]
            predicted[own] = each.model.predict(read[own])
    strangers = folds == NOBODY
    if strangers.any():
        guesses = [each.model.predict(read[strangers]) for each, read in zip(models, encoded, strict=True)]
        predicted[strangers] = np.mean(guesses, axis=0)
    measured = np.ones(len(table), dtype=bool)
    return CrossFit(models=tuple(models), folds=folds, rows=rows, predicted=predicted, measured=measured)


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
    was, now = before.column("actions")[old].astype(np.int64), after.column("actions")[new].astype(np.int64)
    if not (before.can_repeat and after.models is not None):
        return {"actions_by_rules": now - was}
    table = after.table
    if fits is None:
        fitted = replace(_apply(after.models, table, after.column("fold")), predicted=after.column("predicted"))
        try:
            with_model = _allocate(before, after, table, fitted)[new]
        except (ConstraintError, InfeasibleError):
            return {"actions_by_rules": now - was}
        return {"actions_by_model": with_model - was, "actions_by_rules": now - with_model}
    try:
        repeated = _allocate(before, before, before.table, fits.old_on_old)[old]
        with_data = _allocate(before, after, table, fits.old_on_new)[new]
        with_model = _allocate(before, after, table, fits.new_on_new)[new]
    except (ConstraintError, InfeasibleError):
        return {"actions_by_rules": now - was}
    return {
        "actions_by_data": with_data - repeated,
        "actions_by_model": with_model - with_data,
        "actions_by_rules": (now - with_model) + (repeated - was),
    }


def _allocate(before: Build, at: Build, table: pd.DataFrame, fitted: CrossFit) -> Counts:
    """Give by the rules of before to the accounts of one of the builds; their intervals keep their width."""
    moved = fitted.predicted - at.column("predicted")
    book = Book(
        table=table,
        features=at.features,
        rows=fitted.rows,
        predicted=fitted.predicted,
        low=at.column("low") + moved,
        high=at.column("high") + moved,
    )
    if before.rules is None:
        return np.zeros(len(table), dtype=np.int64)
    return allocate(before.rules, book, words=at.words).actions


def read_rules(snapshot: Snapshot) -> Rules | None:
    """Return the rules by which a snapshot's actions were given; None where they cannot be read."""
    try:
        return Rules.model_validate_json(snapshot.rules)
    except ValidationError:
        return None


def _find_value_changes(before: Build, after: Build, old: Places, new: Places) -> dict[int, list[dict[str, Any]]]:
    """Return the changed values of each pair of rows that has some, those first whose SHAP value moved most."""
    places = {(feature.name, feature.kind): place for place, feature in enumerate(before.features)}
    found: dict[int, list[tuple[float, dict[str, Any]]]] = {}
    old_shap, new_shap = _lists(before.accounts, "shap")[old], _lists(after.accounts, "shap")[new]
    for place, feature in enumerate(after.features):
        earlier = places.get((feature.name, feature.kind))
        if earlier is None:
            continue
        was = pd.Series(_values(before.accounts, earlier, feature), dtype=_dtype(feature)).iloc[old]
        now = pd.Series(_values(after.accounts, place, feature), dtype=_dtype(feature)).iloc[new]
        same = (was.to_numpy() == now.to_numpy()) | (was.isna().to_numpy() & now.isna().to_numpy())
        for pair in np.flatnonzero(~same).tolist():
            kind = "number" if feature.kind is FeatureKind.NUMBER else "text"
            change = {
                "feature": place,
                f"{kind}_before": _known(was.iloc[pair]),
                f"{kind}_after": _known(now.iloc[pair]),
            }
            moved = float(abs(new_shap[pair, place] - old_shap[pair, earlier]))
            found.setdefault(pair, []).append((moved, change))
    return {
        pair: [change for _, change in sorted(changes, key=lambda each: -each[0])] for pair, changes in found.items()
    }


def _values(accounts: pa.Table, place: int, feature: Feature) -> list[Any]:
    column = "numbers" if feature.kind is FeatureKind.NUMBER else "texts"
    # The offsets of a list column whose lists are all of one length.
    values = accounts[column].combine_chunks().flatten()
    entries: list[Any] = values.to_numpy(zero_copy_only=False)[place :: len(values) // accounts.num_rows].tolist()
    return entries


def _lists(accounts: pa.Table, column: str) -> Column:
    flat = accounts[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float64).reshape(accounts.num_rows, -1)


def _dtype(feature: Feature) -> str:
    return "float64" if feature.kind is FeatureKind.NUMBER else "object"


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value


def _match(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> tuple[Places, Places]:
    """Return the rows of the accounts that are in both, in the order of their ids: places before, places after."""
    places = {account_id: place for place, account_id in enumerate(before)}
    pairs = sorted(
        (account_id, places[account_id], here) for here, account_id in enumerate(after) if account_id in places
    )
    return np.array([old for _, old, _ in pairs], dtype=np.intp), np.array([new for _, _, new in pairs], dtype=np.intp)


def _others(places: Places, rows: int) -> list[int]:
    others: list[int] = np.setdiff1d(np.arange(rows), places, assume_unique=True).tolist()
    return others


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


def _who(row: Mapping[str, Any], kind: ChangeKind) -> dict[str, Any]:
    return {name: row[name] for name in ("account_id", "name", "owner", "region")} | {"kind": kind.value}


def _standing(row: Mapping[str, Any], when: str) -> dict[str, Any]:
    return {f"{name}_{when}": row[name] for name in ("predicted", "actions")}
