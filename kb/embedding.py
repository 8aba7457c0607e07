"""A folder with a sentence-embedding model, as sentence-transformers exports them -> vectors of texts."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kb.errors import EmbeddingModelError

Vector = npt.NDArray[np.float32]  # of length 1

_PACKAGES: Final = ("onnxruntime", "tokenizers")
_TOKENIZER: Final = "tokenizer.json"
_ONNX: Final = ("onnx/model.onnx", "model.onnx")
_MODULES: Final = "modules.json"
_LENGTHS: Final = "sentence_bert_config.json"
_TEXTS: Final = "config_sentence_transformers.json"
_POOLED: Final = "sentence_embedding"
_OF_TOKENS: Final = ("last_hidden_state", "token_embeddings")
_MOST_TOKENS: Final = 512  # where the model does not say
_BATCH: Final = 16
_QUERIES_KEPT: Final = 1_024  # the drivers are asked for again in every brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """Texts as one model places them."""

    model: str  # `Embedder.version`
    of: Mapping[str, Vector]  # by `content_hash` of the text


def content_hash(text: str) -> str:
    """Return what a text is known by, wherever it stands."""
    return hashlib.sha256(text.encode()).hexdigest()


def find_fault(folder: Path) -> str | None:
    """Return what is wrong with the folder, as the end of a sentence; what is in the files shows when they are loaded.

    That the packages are missing that load them counts, too.
    """
    if not folder.is_dir():
        return "is no folder"
    if not (folder / _TOKENIZER).is_file():
        return f"has no {_TOKENIZER}"
    if not _onnx_files(folder):
        return f"has neither {_ONNX[0]} nor {_ONNX[1]}"
    if any(find_spec(package) is None for package in _PACKAGES):
        return f"needs {' and '.join(_PACKAGES)}, the extra `dense` of precall"
    return None


class Embedder:
    """A model, loaded; its methods may be called by several threads at a time."""

    def __init__(self, folder: Path) -> None:
        """Load the model in ``folder``.

        Raises:
            EmbeddingModelError: Something is missing, damaged, or of a kind that cannot be used.
        """
        fault = find_fault(folder)
        if fault is not None:
            raise EmbeddingModelError(folder, fault)
        try:
            self._load(folder)
        except EmbeddingModelError:
            raise
        except Exception as error:  # neither library raises anything narrower
            raise EmbeddingModelError(folder, f"cannot be loaded ({type(error).__name__})") from error

    def _load(self, folder: Path) -> None:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        onnx = _onnx_files(folder)[0]
        options = SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait take no processor
        options.log_severity_level = 3  # errors
        self._session = InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
        self._inputs = [given.name for given in self._session.get_inputs()]
        outputs = [output.name for output in self._session.get_outputs()]
        self._output = next(name for name in (_POOLED, *_OF_TOKENS) if name in outputs)
        pooling, pooling_config = _read_pooling(folder)
        if self._output != _POOLED and pooling not in {"cls", "mean"}:
            raise EmbeddingModelError(folder, f"pools by {pooling}; by cls or mean is what can be done here")
        self._takes_first = pooling == "cls"
        prompts = _read(folder / _TEXTS).get("prompts") or {}
        self._query_prompt = prompts.get("query") or ""
        self._passage_prompt = prompts.get("document") or prompts.get("passage") or ""
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_read(folder / _LENGTHS).get("max_seq_length") or _MOST_TOKENS)
        described = [folder / name for name in (_TOKENIZER, _MODULES, _LENGTHS, _TEXTS)]
        self.version = _hash([*_onnx_files(folder), pooling_config, *described])
        self.embed_query: Callable[[str], Vector] = lru_cache(_QUERIES_KEPT)(self._embed_query)
        self.embed_query("")  # what does not fit together is told now

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        """Yield the vector of each text, in this order."""
        for start in range(0, len(texts), _BATCH):
            yield from self._embed([f"{self._passage_prompt}{text}" for text in texts[start : start + _BATCH]])

    def _embed_query(self, query: str) -> Vector:
        vector: Vector = self._embed([f"{self._query_prompt}{query}"])[0]
        return vector

    def _embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        ids = np.zeros((len(texts), max(1, *map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, numbers in enumerate(tokens):
            ids[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (found,) = self._session.run([self._output], {name: known[name] for name in self._inputs})
        if self._output == _POOLED:
            pooled = found
        elif self._takes_first:
            pooled = found[:, 0]
        else:
            pooled = (found * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None]
        vectors: npt.NDArray[np.float32] = pooled / np.maximum(np.linalg.norm(pooled, axis=1), 1e-12)[:, None]
        return vectors.astype(np.float32)


def _onnx_files(folder: Path) -> list[Path]:
    """Return the ONNX file, and where the weights would be that do not fit into it; nothing where there is no model."""
    paths = [folder / name for name in _ONNX if (folder / name).is_file()]
    return [paths[0], paths[0].with_name(f"{paths[0].name}_data")] if paths else []


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _read_pooling(folder: Path) -> tuple[str, Path]:
    """Return how the vectors of a text's tokens become one, and the file that says so; `mean` where nothing does."""
    modules = {module["type"].rpartition(".")[2]: module["path"] for module in _read(folder / _MODULES)}
    if others := [kind for kind in modules if kind not in {"Transformer", "Pooling", "Normalize"}]:
        raise EmbeddingModelError(folder, f"has a part that is not in its ONNX file: {', '.join(others)}")
    config = folder / modules.get("Pooling", "1_Pooling") / "config.json"
    named = _read(config)
    flags = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    chosen = [flags.get(flag, flag) for flag, on in named.items() if flag.startswith("pooling_mode_") and on]
    return str(named.get("pooling_mode") or " and ".join(chosen) or "mean"), config


def _hash(files: Sequence[Path]) -> str:
    """Return the hash of all of these files that are there."""
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
