"""The fitted models as one file that runs no code when it is read."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import zipfile
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from skops import io as skops_io

from pipeline.errors import DamagedArtefactError, UntrustedArtefactError
from pipeline.features import Encoder
from pipeline.models import FoldModel
from storage.records import Feature, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pipeline.selection import Selection

# Types beyond those that skops itself trusts; they hold the arrays of a tree and nothing else.
TRUSTED_TYPES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)

_LIBRARIES = ("numpy", "pandas", "scikit-learn", "skops")

# A zip archive stores a time with every member; this is the earliest that it can express.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The outcome of each account and how it had been predicted, in the order of the build; columns as in CrossFit."""

    outcome: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]
    folds: npt.NDArray[np.intp]
    measured: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """Everything needed to predict and explain an account again.

    ``models`` are those of the folds, each with its encoder and training accounts; ``backgrounds`` the encoded rows
    that each explains against; ``history`` what intervals are made of. ``metadata`` has family, features, id_column,
    seed, training_rows, score and library versions as plain values.
    """

    models: tuple[FoldModel, ...]
    backgrounds: tuple[npt.NDArray[np.float64], ...]
    history: History
    metadata: Mapping[str, Any]


def library_versions() -> dict[str, str]:
    """Return the versions that decide what a model predicts."""
    return {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}


def dump(
    selection: Selection,
    *,
    outcome: npt.NDArray[np.float64],
    backgrounds: Sequence[npt.NDArray[np.float64]],
    seed: int,
    id_column: str = "account_id",
) -> bytes:
    """Return the models with their metadata in the skops format, the same bytes for the same models."""
    fitted = selection.fitted
    features = fitted.models[0].encoder.features
    content = {
        "metadata": {
            "family": selection.family,
            "features": [{**asdict(feature), "kind": feature.kind.value} for feature in features],
            "id_column": id_column,
            "training_rows": len(np.unique(np.concatenate([fold.training for fold in fitted.models]))),
            "seed": seed,
            "score": asdict(selection.score),
            "versions": library_versions(),
        },
        "folds": [
            {
                "medians": dict(fold.encoder.medians),
                "categories": {name: list(seen) for name, seen in fold.encoder.categories.items()},
                "ranges": {name: list(seen) for name, seen in fold.encoder.ranges.items()},
                "training": fold.training,
                "background": background,
                "model": fold.model,
            }
            for fold, background in zip(fitted.models, backgrounds, strict=True)
        ],
        "history": {
            "outcome": outcome,
            "predicted": fitted.predicted,
            "folds": fitted.folds,
            "measured": fitted.measured,
        },
    }
    return _canonical(skops_io.dumps(content))


def load(data: bytes) -> Artefact:
    """Read models that ``dump`` wrote.

    Raises UntrustedArtefactError, before anything is constructed, when the file names a type that is not on the list,
    and DamagedArtefactError when it cannot be read.
    """
    try:
        untrusted = set(skops_io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES)
        if untrusted:
            raise UntrustedArtefactError(sorted(untrusted))
        content = skops_io.loads(data, trusted=list(TRUSTED_TYPES))
        metadata = content["metadata"]
        features = tuple(Feature(**{**each, "kind": FeatureKind(each["kind"])}) for each in metadata["features"])
        return Artefact(
            models=tuple(_fold_model(features, fold) for fold in content["folds"]),
            backgrounds=tuple(fold["background"] for fold in content["folds"]),
            history=History(**content["history"]),
            metadata=metadata,
        )
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, OSError) as error:
        raise DamagedArtefactError(error) from error


def sha256(data: bytes) -> str:
    """Return the digest by which a model card names its models."""
    return hashlib.sha256(data).hexdigest()


def _fold_model(features: tuple[Feature, ...], fold: Mapping[str, Any]) -> FoldModel:
    encoder = Encoder(
        features=features,
        medians=fold["medians"],
        categories={name: tuple(seen) for name, seen in fold["categories"].items()},
        ranges={name: (low, high) for name, (low, high) in fold["ranges"].items()},
    )
    return FoldModel(encoder=encoder, model=fold["model"], training=fold["training"])


def _canonical(data: bytes) -> bytes:
    """Return the same skops archive without what differs from run to run: memory addresses and the time of day.

    skops identifies objects by their address and names array files after it. Here objects are numbered as they come;
    plain values, which Python shares or does not as it likes, get a number of their own each time.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
        names = _renumber(schema)
        members = {new: archive.read(old) for old, new in names.items()}
    members["schema.json"] = json.dumps(schema, separators=(",", ":")).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _renumber(schema: dict[str, Any]) -> dict[str, str]:
    """Number the objects of a schema in place; return the new name of each file that it refers to."""
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}
    count = 0
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
            continue
        if not isinstance(node, dict):
            continue
        if "__id__" in node:
            address = node["__id__"]
            plain = node["__loader__"] in {"JsonNode", "TypeNode"}
            count += 1
            node["__id__"] = count if plain else numbers.setdefault(address, count)
        if "file" in node and "__loader__" in node:
            node["file"] = names.setdefault(node["file"], f"{len(names)}.npy")
        waiting.extend(reversed(list(node.values())))
    return names
