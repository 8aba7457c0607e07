from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

from pipeline import artefact, run
from pipeline.selection import STEPS
from storage.errors import OlderSnapshotError
from storage.snapshots import SnapshotStore

from .conftest import NOW, StageNames

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig

    from .conftest import Built


def test_a_build_publishes_every_account_with_an_explanation_that_adds_up(built: Built) -> None:
    with built.store.lease() as snapshot:
        rows = [snapshot.find_account(f"ACME-{number:03}") for number in range(500)]

    for account in rows:
        assert account is not None
        assert account.baseline + sum(account.shap) == pytest.approx(account.predicted, rel=1e-6)
        assert account.low <= account.predicted <= account.high
        assert account.promotion.value == max(each.value for each in account.sensitivities)


def test_the_card_of_the_default_seed_keeps_its_promise(built: Built) -> None:
    card = built.info.card

    assert card.r2_holdout >= 0.85
    assert card.score.r2 >= 0.85
    assert card.r2_ceiling is not None
    assert 0.90 <= card.r2_ceiling <= 0.95
    assert 0.77 <= card.interval_coverage <= 0.83
    fifths = [each.coverage for each in card.coverage if each.segment == "predicted fifth"]
    assert len(fifths) == 5
    assert all(0.74 <= coverage <= 0.86 for coverage in fifths)


def test_a_build_gives_exactly_its_capacity(built: Built) -> None:
    assert built.info.allocation.allocated == 250
    assert built.info.allocation.accounts_with_actions >= 50


def test_the_artefact_in_the_snapshot_is_the_one_that_the_card_names(built: Built) -> None:
    with built.store.lease() as snapshot:
        data = snapshot.artefact()

    assert hashlib.sha256(data).hexdigest() == built.info.card.artefact_sha256
    assert len(artefact.load(data).models) == 5


def test_a_build_says_where_its_accounts_came_from(built: Built) -> None:
    source = built.info.source

    assert source.description == "synthetic demo accounts, seed 233"
    assert source.as_of == datetime(2026, 11, 23)  # noqa: DTZ001 - a snapshot's moments are UTC without a zone
    assert len(source.sha256) == 64


def test_every_fold_is_a_step_of_progress(built: Built) -> None:
    assert built.progress.steps["Fit models"] == STEPS == 15
    assert built.progress.steps["Explain predictions"] == 5


def test_the_same_seed_gives_the_same_accounts_models_and_allocations(small_config: PipelineConfig) -> None:
    store = SnapshotStore(small_config.snapshots)
    first, second = (run.build(small_config, store=store, progress=StageNames(), now=NOW) for _ in range(2))

    assert first.snapshot_id != second.snapshot_id
    assert (first.source, first.card, first.allocation) == (
        second.source,
        replace(second.card, drift=None),
        second.allocation,
    )
    with store.lease(first.snapshot_id) as before, store.lease(second.snapshot_id) as after:
        assert before.find_account("ACME-042") == after.find_account("ACME-042")
    store.close()


class StoppedAt(StageNames):
    """A progress at which somebody presses Ctrl-C during one stage."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def stage(self, name: str, *, steps: int = 1):  # noqa: ANN201 - as in StageNames
        if name == self._stage:
            raise KeyboardInterrupt
        return super().stage(name, steps=steps)


def test_a_build_that_is_stopped_leaves_the_last_snapshot_in_place(small_config: PipelineConfig) -> None:
    store = SnapshotStore(small_config.snapshots)
    info = run.build(small_config, store=store, progress=StageNames(), now=NOW)

    with pytest.raises(KeyboardInterrupt):
        run.build(replace(small_config, seed=7), store=store, progress=StoppedAt("Publish snapshot"), now=NOW)

    with SnapshotStore(small_config.snapshots).lease() as snapshot:
        assert snapshot.info == info
    store.close()


def test_a_build_of_older_accounts_fails_and_leaves_the_last_snapshot_in_place(small_config: PipelineConfig) -> None:
    store = SnapshotStore(small_config.snapshots)
    info = run.build(small_config, store=store, progress=StageNames(), now=NOW)

    with pytest.raises(OlderSnapshotError):
        run.build(replace(small_config, as_of=date(2026, 1, 1)), store=store, progress=StageNames(), now=NOW)

    with store.lease() as snapshot:
        assert snapshot.info == info
    store.close()
