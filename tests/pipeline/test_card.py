from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from pypdf import PdfReader

from pipeline import run
from pipeline.accounts import of_synthetic
from pipeline.card import describe_model
from pipeline.card_files import draw_calibration, write_card
from pipeline.pack import read_pack
from pipeline.synthetic import SyntheticAccounts, make_accounts
from storage.records import Verdict
from storage.snapshots import SnapshotStore
from storage.units import format_amount

from .conftest import NOW, StageNames

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pipeline.config import PipelineConfig

    from .conftest import Built


def words(snapshot: object) -> str:
    return " ".join(
        " ".join([section.heading, *section.sentences, *(cell for row in section.table for cell in row)])
        for section in describe_model(snapshot)
    )


def test_every_figure_of_the_card_is_the_snapshots(built: Built) -> None:
    card = built.info.card
    with built.store.lease() as snapshot:
        said = words(snapshot)

    for score in (card.score, *(each.score for each in card.candidates)):
        assert f"{score.r2:.3f} ± {score.r2_error:.3f}".removeprefix("-") in said
        assert f"{format_amount(score.mae, '$')} ± {format_amount(score.mae_error, '$')}" in said
    for each in card.coverage:
        assert f"{each.segment}: {each.name} {each.accounts:,} {each.coverage * 100:.1f} %" in said
    for each in card.calibration:
        assert f"{format_amount(each.predicted, '$')} {format_amount(each.outcome, '$')}" in said
    assert f"{card.r2_ceiling:.3f}" in said
    assert f"{card.interval_coverage * 100:.1f} % lie inside" in said
    for fact in (card.artefact_sha256, built.info.source.sha256, built.info.snapshot_id, f"Seed {card.seed}"):
        assert fact in said


def test_a_build_that_not_all_accounts_taught_says_how_many_did(
    small_config: PipelineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MOST_TEACHERS", 80)
    store = SnapshotStore(small_config.snapshots)

    info = run.build(small_config, store=store, progress=StageNames(), now=NOW)

    assert (info.card.training_rows, info.card.outcome_rows) == (80, 100)
    with store.lease() as snapshot:
        said = words(snapshot)
        assert "100 rows with an outcome" in said
        assert "Of them 80, drawn by lot, taught the models" in said
        assert "The other 20 are predicted by models that did not see them" in said
        assert sum(each.accounts for each in info.card.calibration) == 100
    store.close()


def test_the_files_say_what_the_card_says(built: Built, tmp_path: Path) -> None:
    with built.store.lease() as snapshot:
        markdown, pdf, plot = write_card(snapshot, tmp_path / "out")
        said = words(snapshot)

    numbers = set(re.findall(r"\d+\.\d+", said))
    assert numbers == set(re.findall(r"\d+\.\d+", markdown.read_text("utf-8")))
    pages = PdfReader(BytesIO(pdf.read_bytes())).pages
    printed = "".join(page.extract_text() for page in pages)
    assert numbers <= set(re.findall(r"\d+\.\d+", printed))
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert f"({plot.name})" in markdown.read_text("utf-8")


def test_the_same_calibration_is_drawn_the_same(built: Built) -> None:
    calibration, words = built.info.card.calibration, built.info.words

    assert draw_calibration(calibration, words=words) == draw_calibration(calibration, words=words)


def test_the_card_of_a_second_build_says_what_moved(small_config: PipelineConfig) -> None:
    store = SnapshotStore(small_config.snapshots)
    first = run.build(small_config, store=store, progress=StageNames(), now=NOW)
    second = run.build(replace(small_config, seed=70), store=store, progress=StageNames(), now=NOW)

    with store.lease() as snapshot:
        said = words(snapshot)
    store.close()

    assert second.card.drift is not None
    assert f"Since snapshot {first.snapshot_id}" in said
    assert f"from {format_amount(first.card.target_mean, '$')}" in said
    for each in second.card.drift.features:
        assert f"{each.psi:.3f} {each.limit:.3f}" in said


def test_a_build_without_signal_ranks_nobody(small_config: PipelineConfig) -> None:
    def shuffled(count: int, *, seed: int) -> SyntheticAccounts:
        accounts = make_accounts(count, seed=seed)
        outcome = np.random.default_rng(1).permutation(accounts.outcome)
        return replace(accounts, outcome=outcome, signal=np.full(count, outcome.mean()))

    store = SnapshotStore(small_config.snapshots)
    made = of_synthetic(shuffled(100, seed=69), read_pack("software"), seed=69)
    info = run.build_from(made, small_config, store=store, progress=StageNames(), now=NOW)
    with store.lease() as snapshot:
        said, rates = words(snapshot), snapshot.base_rates
        accounts = [snapshot.find_account(f"ACME-{number:03}") for number in range(100)]
    store.close()

    assert info.card.verdict is Verdict.NO_SIGNAL
    assert not info.card.ranks
    assert "No model is better than a constant here" in said
    assert rates == ()
    assert info.allocation.allocator == "turns"
    assert info.allocation.allocated == 50
    for account in accounts:
        assert account is not None
        assert account.predicted == account.baseline == info.card.target_mean
        assert not any(account.shap)
        assert account.standing.too_wide_to_rank
        assert account.standing.percentile == 0
        assert account.allocation.actions <= 1
