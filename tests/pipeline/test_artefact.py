from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from skops import io as skops_io

from pipeline import artefact
from pipeline.errors import DamagedArtefactError, UntrustedArtefactError
from pipeline.pack import read_pack
from pipeline.selection import select
from pipeline.synthetic import make_accounts

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.models import CrossFit
    from pipeline.selection import Selection
    from pipeline.synthetic import SyntheticAccounts


FEATURES = read_pack("software").features
BACKGROUNDS = [np.full((2, len(FEATURES)), float(fold)) for fold in range(5)]


@pytest.fixture(scope="module")
def data(selection: Selection, accounts: SyntheticAccounts) -> bytes:
    return artefact.dump(selection, outcome=accounts.outcome, backgrounds=BACKGROUNDS, seed=42)


def test_models_that_were_read_back_predict_the_same(
    data: bytes, fitted: CrossFit, accounts: SyntheticAccounts
) -> None:
    read = artefact.load(data)

    for fold, fold_model in enumerate(read.models):
        rows = fold_model.encoder.transform(accounts.table[fitted.folds == fold])
        np.testing.assert_array_equal(fold_model.model.predict(rows), fitted.predicted[fitted.folds == fold])
        np.testing.assert_array_equal(fold_model.training, fitted.models[fold].training)


def test_what_explains_and_what_makes_intervals_is_read_back(
    data: bytes, fitted: CrossFit, accounts: SyntheticAccounts
) -> None:
    read = artefact.load(data)

    np.testing.assert_array_equal(read.backgrounds, BACKGROUNDS)
    np.testing.assert_array_equal(read.history.outcome, accounts.outcome)
    np.testing.assert_array_equal(read.history.predicted, fitted.predicted)
    np.testing.assert_array_equal(read.history.folds, fitted.folds)
    assert read.history.measured.all()
    assert [each.encoder for each in read.models] == [each.encoder for each in fitted.models]


def test_metadata_say_what_the_models_were_made_of(data: bytes, selection: Selection) -> None:
    metadata = artefact.load(data).metadata

    assert [feature["name"] for feature in metadata["features"]] == [feature.name for feature in FEATURES]
    assert (metadata["training_rows"], metadata["seed"], metadata["family"]) == (500, 42, selection.family)
    assert metadata["score"]["r2"] == selection.score.r2
    assert metadata["versions"] == artefact.library_versions()


def test_models_fitted_again_give_the_same_bytes() -> None:
    accounts = make_accounts(100, seed=1)

    def dump() -> bytes:
        selection = select(FEATURES, accounts.table, accounts.outcome, seed=1)
        return artefact.dump(selection, outcome=accounts.outcome, backgrounds=BACKGROUNDS, seed=1)

    assert artefact.sha256(dump()) == artefact.sha256(dump())


def test_a_file_with_a_type_of_somebody_elses_is_refused_and_nothing_of_it_runs(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    hostile = skops_io.dumps({"metadata": {}, "folds": [partial(open, str(trap), "w")]})

    with pytest.raises(UntrustedArtefactError, match="open"):
        artefact.load(hostile)
    assert not trap.exists()


def test_a_file_that_names_another_class_for_a_tree_is_refused(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = members["schema.json"].decode()
    members["schema.json"] = schema.replace(
        '"sklearn.ensemble._hist_gradient_boosting.predictor"', '"subprocess"', 1
    ).encode()
    assert json.loads(members["schema.json"]) != json.loads(schema)
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    with pytest.raises((UntrustedArtefactError, DamagedArtefactError)):
        artefact.load(forged.getvalue())


@pytest.mark.parametrize("content", [b"", b"not a zip archive", skops_io.dumps({"other": 1})])
def test_what_is_no_model_file_is_named_as_damaged(content: bytes) -> None:
    with pytest.raises(DamagedArtefactError):
        artefact.load(content)


def test_half_a_file_is_named_as_damaged(data: bytes) -> None:
    with pytest.raises(DamagedArtefactError):
        artefact.load(data[: len(data) // 2])
