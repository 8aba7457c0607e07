"""The whole build: accounts, models, explanations, allocation, snapshot."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import datetime, time
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from pipeline import artefact
from pipeline.accounts import demo_accounts
from pipeline.allocation.allocate import allocate
from pipeline.allocation.book import Book, find_medians
from pipeline.allocation.describe import describe
from pipeline.base_rates import measure_base_rates
from pipeline.changes import Build, compare
from pipeline.contents import BuiltAccounts
from pipeline.drift import measure_drift
from pipeline.explanations import explain
from pipeline.folds import FOLDS, NOBODY, draw_teachers
from pipeline.intervals import make_intervals
from pipeline.measures import make_card
from pipeline.room import give_back
from pipeline.selection import MOST_TEACHERS, STEPS, select
from pipeline.tree_shap import is_compiled, warm_up
from storage.errors import NoSnapshotError
from storage.records import Source, Verdict
from storage.snapshots import SnapshotContents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import numpy.typing as npt
    import pandas as pd

    from pipeline.accounts import Accounts
    from pipeline.config import PipelineConfig
    from storage.records import SnapshotInfo
    from storage.snapshots import Snapshot, SnapshotStore


STORE_MEMORY = "64MB"
"""What the snapshot before may take: a build reads each of its columns once."""


class Progress(Protocol):
    """Whoever shows how far a build has come."""

    def stage(self, name: str, *, steps: int = 1) -> AbstractContextManager[Callable[[], None]]:
        """Show a stage for as long as the ``with`` block runs; call what it yields after each step."""
        ...


def build(config: PipelineConfig, *, store: SnapshotStore, progress: Progress, now: datetime) -> SnapshotInfo:
    """Build and publish one snapshot; until its last stage is done the one published before stays the newest.

    Raises a PipelineError or a SnapshotError.
    """
    with progress.stage("Make accounts"):
        accounts = demo_accounts(config.demo, count=config.accounts, seed=config.seed)
    return build_from(accounts, config, store=store, progress=progress, now=now)


def build_from(
    accounts: Accounts, config: PipelineConfig, *, store: SnapshotStore, progress: Progress, now: datetime
) -> SnapshotInfo:
    """Build and publish one snapshot of these accounts, compared with the one before."""
    give_back()  # what the source took that the accounts were read from
    # One thread: sums are then added up in one order, and on few rows threads wait longer than they work.
    with threadpool_limits(1), _newest(store) as previous:
        table, outcome, features = accounts.table, accounts.outcome, accounts.features
        rules = accounts.pack.rules.replace(
            capacity=config.capacity, cap_per_account=config.cap_per_account, method=config.allocator
        )
        with progress.stage("Fit models", steps=STEPS) as fitted_once:
            selection = select(
                features,
                table,
                outcome,
                seed=config.seed,
                groups=accounts.groups,
                times=accounts.times,
                teachers=draw_teachers(table["account_id"].tolist(), outcome, most=MOST_TEACHERS, seed=config.seed),
                earlier_folds=None if previous is None else _earlier_folds(previous, table["account_id"], config.seed),
                fitted_once=fitted_once,
            )
            fitted = selection.fitted
            intervals = make_intervals(outcome, fitted)
        give_back()
        with progress.stage("Load explainer" if is_compiled() else "Compile explainer"):
            warm_up()
        with progress.stage("Explain predictions", steps=FOLDS) as fold_done:
            explanations = explain(fitted, table, seed=config.seed, fold_done=fold_done)
        give_back()
        with progress.stage("Allocate actions"):
            book = Book(
                table=table,
                features=features,
                folds=fitted.folds,
                medians=find_medians(fitted.models, features),
                predicted=fitted.predicted,
                low=intervals.low,
                high=intervals.high,
            )
            given = allocate(rules, book, words=accounts.words, ranks=selection.verdict is Verdict.SIGNAL)
            allocations, allocation = describe(given, book)
        with progress.stage("Write models"):
            models = artefact.dump(
                selection,
                outcome=outcome,
                backgrounds=explanations.backgrounds,
                seed=config.seed,
                id_column=accounts.pack.columns.id,
            )
        give_back()
        with progress.stage("Compare with before"):
            drift, comparison, changes = None, None, None
            if previous is not None:
                drift = measure_drift(features, table, previous)
                now_built = Build(
                    who=table,
                    predicted=fitted.predicted,
                    low=intervals.low,
                    high=intervals.high,
                    folds=fitted.folds,
                    actions=given.actions,
                    values=lambda place, rows: table[features[place].name].to_numpy()[rows],
                    shap=lambda place: explanations.shap[:, place],
                    features=features,
                    models=fitted.models,
                    words=accounts.words,
                    allocation=allocation,
                    rules=rules,
                )
                comparison, changes = compare(previous, now_built)
        give_back()
        with progress.stage("Publish snapshot"):
            card = make_card(
                selection,
                intervals,
                table,
                outcome,
                words=accounts.words,
                seed=config.seed,
                ceiling=accounts.ceiling,
                drift=drift,
                artefact_sha256=artefact.sha256(models),
            )
            contents = SnapshotContents(
                accounts=BuiltAccounts(
                    accounts=accounts,
                    fitted=fitted,
                    intervals=intervals,
                    explanations=explanations,
                    allocations=allocations,
                ),
                features=features,
                promotions=accounts.promotions,
                # Where features tell nothing apart, medians on either side of one would pretend that they do.
                base_rates=measure_base_rates(features, table, outcome) if card.ranks else (),
                top_interactions=explanations.top_interactions(features),
                source=_source(accounts, as_of=datetime.combine(config.as_of, time())),
                card=card,
                words=accounts.words,
                allocation=allocation,
                artefact=models,
                rules=rules.model_dump_json(by_alias=True),
                comparison=comparison,
                changes=changes,
                topics=tuple(
                    topic for topic in accounts.pack.topics if topic.feature in {each.name for each in features}
                ),
                offers=accounts.pack.offers,
            )
            return store.publish(contents, now=now)


def _source(accounts: Accounts, *, as_of: datetime) -> Source:
    readiness = accounts.readiness
    return Source(
        description=accounts.description,
        sha256=accounts.sha256,
        as_of=as_of,
        fitness=readiness.verdict if readiness else None,
        findings=readiness.findings if readiness else (),
    )


def _earlier_folds(previous: Snapshot, account_ids: pd.Series, seed: int) -> npt.NDArray[np.intp] | None:
    """Return the fold that each account had before; another seed asks for other folds."""
    if previous.info.card.seed != seed:
        return None
    earlier = previous.accounts(["account_id", "fold"])
    places = pc.index_in(pa.array(account_ids, pa.string()), value_set=earlier.column("account_id"))
    return np.asarray(earlier.column("fold").take(places).fill_null(NOBODY), dtype=np.intp)


@contextmanager
def _newest(store: SnapshotStore) -> Iterator[Snapshot | None]:
    """Lend the newest snapshot that can be read, if there is one."""
    with ExitStack() as stack:
        try:
            snapshot = stack.enter_context(store.lease())
        except NoSnapshotError:
            snapshot = None
        yield snapshot
