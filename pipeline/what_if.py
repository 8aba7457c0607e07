"""What a published snapshot would say of an account if some of its values were others.

The account is predicted and explained again by the model that left it out, its interval is made from the same errors,
and actions are given again by the same rules, with everybody else as they are. That is the model's view, not a causal
effect: the model knows what accounts with such values are worth, and not what becomes of one that is moved there.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import artefact
from pipeline.allocation.allocate import OPTIMUM, allocate
from pipeline.allocation.describe import describe_exactly
from pipeline.allocation.errors import InfeasibleError
from pipeline.allocation.exactly import give_exactly
from pipeline.changes import Build, read_rules
from pipeline.errors import DamagedArtefactError, NoRulesError, NoSuchAccountError, UntrustedArtefactError
from pipeline.explanations import explain_model
from pipeline.feasible import Feasible
from pipeline.intervals import make_intervals
from pipeline.models import CrossFit
from storage.records import FeatureKind, ValueChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from pipeline.allocation.allocate import Given
    from pipeline.allocation.book import Book
    from pipeline.allocation.exactly import Exactly
    from pipeline.allocation.rules import Rules
    from pipeline.artefact import Artefact
    from pipeline.models import FoldModel
    from storage.records import Account, AllocationReason, Feature, FeatureValue
    from storage.snapshots import Snapshot

LABEL: Final = "the model's view, not a causal effect"
"""What everybody who is shown a what-if is told of it."""
_KEPT_OPEN: Final = 2  # the newest snapshot, and the one before it that older threads speak of
_MOST_AGAIN: Final = 20_000  # accounts beyond which giving actions again takes too long to wait for a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What a snapshot says of an account, or would say: amounts in the target's unit, ``shap`` as in Account."""

    predicted: float
    low: float
    high: float
    baseline: float
    shap: tuple[float, ...]
    actions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """An account before and after some of its values are changed.

    ``extrapolated`` names the features whose new value lies outside of what the account's model learnt from: below or
    above every account that it saw, or a category that it never saw.
    """

    account_id: str
    changes: tuple[ValueChange, ...]
    before: Projection
    after: Projection
    extrapolated: tuple[str, ...]
    label: str = LABEL


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfModel:
    """What answers need of one snapshot, read once; any number of threads may ask it."""

    snapshot: Snapshot
    models: Artefact
    rules: Rules
    table: pd.DataFrame
    folds: npt.NDArray[np.intp]
    book: Book
    feasible: Mapping[str, Feasible]

    @classmethod
    def open(cls, snapshot: Snapshot) -> Self:
        """Read models and accounts; the snapshot must stay open for as long as questions are asked.

        Raises:
            DamagedArtefactError, UntrustedArtefactError: the models cannot be read.
            NoRulesError: the snapshot does not keep the rules by which actions were given.
            SnapshotError: the snapshot cannot be read.
        """
        rules = read_rules(snapshot)
        if rules is None:
            raise NoRulesError(snapshot.info.snapshot_id)
        models = artefact.load(snapshot.artefact())
        build = Build.with_models(snapshot, models.models)
        book = build.book()
        feasible = {feature.name: Feasible.of(feature, book.table[feature.name]) for feature in snapshot.features}
        return cls(
            snapshot=snapshot,
            models=models,
            rules=rules,
            table=book.table,
            folds=build.folds,
            book=book,
            feasible=feasible,
        )

    def ask(self, account_id: str, changes: Mapping[str, FeatureValue]) -> WhatIf:
        """Return what would be with these values, by the names of their features; None is a value not known.

        Raises:
            NoSuchAccountError: the snapshot has no account with exactly this id.
            UnknownFeatureError: a feature is none of the snapshot's.
            ImpossibleValueError: a value that its feature cannot have, with the range that it can.
            InfeasibleError: with these values no allocation keeps the rules.
        """
        account = self.snapshot.find_account(account_id)
        if account is None:
            raise NoSuchAccountError(account_id)
        features = {feature.name: feature for feature in self.snapshot.features}
        for name, value in changes.items():
            Feasible.find(name, self.feasible).check(value)
        place = self._find(account.account_id)
        table = self._change(place, changes)
        fold_model = self.models.models[int(self.folds[place])]
        values = dict(zip(features, account.values, strict=True))
        return WhatIf(
            account_id=account.account_id,
            changes=tuple(
                ValueChange(feature=features[name], before=values[name], after=value) for name, value in changes.items()
            ),
            before=_project(account),
            after=self._predict(table, place),
            extrapolated=tuple(
                name for name, value in changes.items() if _is_beyond(features[name], value, fold_model)
            ),
        )

    def predict(self, account_id: str, name: str, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return what the account would be predicted with each of these values of one feature, a number."""
        place = self._find(account_id)
        table = self.table.iloc[np.full(len(values), place)].copy()
        table[name] = values
        fold_model = self.models.models[int(self.folds[place])]
        return _predict(fold_model, fold_model.encoder.transform(table))

    def allocate(self, account_id: str, name: str, value: float, *, predicted: float) -> int:
        """Return the actions of an account with another value of a feature, for which ``predict`` said ``predicted``.

        Unlike ``ask`` it checks no value and explains nothing.
        """
        place = self._find(account_id)
        _, given = self._give(self._change(place, {name: value}), place, predicted=predicted)
        return int(given.actions[place])

    @property
    def gives_by_value(self) -> bool:
        """Whether actions go where they bring most."""
        return self.snapshot.info.allocation.allocator == OPTIMUM

    def give_exactly(self, account_id: str, actions: int) -> Exactly | None:
        """Return what it would take for an account to get exactly so many actions.

        None if no allocation has that, or if actions are not given by what they bring.
        """
        given = self._allocate(self.book)
        if given.problem is None or given.optimum is None:
            return None
        row = given.problem.account_ids.index(account_id).as_py()
        return give_exactly(given.problem, given.optimum, row, actions)

    def explain(self, account: Account) -> Sequence[AllocationReason]:
        """Return why an account gets its actions, exactly where the snapshot has only bounds and that is affordable."""
        reasons = account.allocation.reasons
        if not self.gives_by_value or not reasons or len(self.table) > _MOST_AGAIN:
            return reasons
        given = self._allocate(self.book)
        row = int(np.flatnonzero(given.order == self._find(account.account_id))[0])
        return describe_exactly(given, row, reasons)

    def _find(self, account_id: str) -> int:
        return int(np.flatnonzero((self.table["account_id"] == account_id).to_numpy())[0])

    def _change(self, place: int, changes: Mapping[str, FeatureValue]) -> pd.DataFrame:
        table = self.table.copy(deep=False)
        for name, value in changes.items():
            column = table[name].copy()
            column.iloc[place] = np.nan if value is None and column.dtype.kind == "f" else value
            table[name] = column
        return table

    def _predict(self, table: pd.DataFrame, place: int) -> Projection:
        fold = int(self.folds[place])
        book, given = self._give(table, place)
        fold_model = self.models.models[fold]
        row = fold_model.encoder.transform(table.iloc[[place]])
        explained = explain_model(fold_model.model, row, self.models.backgrounds[fold])
        return Projection(
            predicted=float(book.predicted[place]),
            low=float(book.low[place]),
            high=float(book.high[place]),
            baseline=explained.baseline,
            shap=tuple(explained.shap[0].tolist()),
            actions=int(given.actions[place]),
        )

    def _give(self, table: pd.DataFrame, place: int, *, predicted: float | None = None) -> tuple[Book, Given]:
        """Predict one account from a changed table, where that was not done yet, and give everybody's actions again."""
        fold = int(self.folds[place])
        if predicted is None:
            row = self.models.models[fold].encoder.transform(table.iloc[[place]])
            predicted = float(_predict(self.models.models[fold], row)[0])
        low, high = self._find_interval(predicted, fold)
        book = replace(
            self.book,
            table=table,
            predicted=_with(self.book.predicted, place, predicted),
            low=_with(self.book.low, place, low),
            high=_with(self.book.high, place, high),
        )
        return book, self._allocate(book)

    def _allocate(self, book: Book) -> Given:
        info = self.snapshot.info
        return allocate(self.rules, book, words=info.words, ranks=info.card.ranks)

    def _find_interval(self, predicted: float, fold: int) -> tuple[float, float]:
        """Return the interval of an account of this fold: as in a build, from the errors in the other folds."""
        history = self.models.history
        fitted = CrossFit(
            models=(),
            folds=np.append(history.folds, fold),
            predicted=np.append(history.predicted, predicted),
            measured=np.append(history.measured, False),
        )
        intervals = make_intervals(np.append(history.outcome, np.nan), fitted)
        return float(intervals.low[-1]), float(intervals.high[-1])


def _predict(fold_model: FoldModel, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Predict a few rows on one thread: several would spend their time waiting for one another at every tree."""
    with threadpool_limits(1, user_api="openmp"):
        return np.asarray(fold_model.model.predict(rows), dtype=np.float64)


class OpenModels:
    """The models of the snapshots asked about last, kept open; while one thread opens one, the others wait for it."""

    def __init__(self) -> None:
        self._kept: tuple[WhatIfModel, ...] = ()
        self._lock = threading.Lock()

    def of(self, snapshot: Snapshot) -> WhatIfModel:
        """Return the model of a snapshot, which the caller keeps open; raises as `WhatIfModel.open`."""
        with self._lock:
            # A snapshot that was closed and opened anew is another one, whose connection works.
            kept = next((each for each in self._kept if each.snapshot is snapshot), None)
            kept = kept or WhatIfModel.open(snapshot)
            self._kept = (kept, *(each for each in self._kept if each is not kept))[:_KEPT_OPEN]
            return kept

    def warm(self, snapshot: Snapshot, account_id: str) -> None:
        """Do once what the first question would wait for; a snapshot that no what-if can be asked of is left alone."""
        if any(each.snapshot is snapshot for each in self._kept):
            return
        try:
            self.of(snapshot).ask(account_id, {})
        except (NoRulesError, InfeasibleError, DamagedArtefactError, UntrustedArtefactError):
            return  # told to who asks


def _project(account: Account) -> Projection:
    return Projection(
        predicted=account.predicted,
        low=account.low,
        high=account.high,
        baseline=account.baseline,
        shap=account.shap,
        actions=account.allocation.actions,
    )


def _is_beyond(feature: Feature, value: FeatureValue, fold_model: FoldModel) -> bool:
    """Say whether a value is unlike any that the model learnt from."""
    encoder = fold_model.encoder
    if value is None:
        return False
    if feature.kind is FeatureKind.CATEGORY:
        return value not in encoder.categories[feature.name]
    low, high = encoder.ranges[feature.name]
    return not low <= float(value) <= high


def _with(column: npt.NDArray[np.float64], place: int, value: float) -> npt.NDArray[np.float64]:
    changed = column.copy()
    changed[place] = value
    return changed
