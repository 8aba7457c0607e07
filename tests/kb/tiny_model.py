"""A real sentence-embedding model of a dozen words, in the files that exports have: words that mean alike are alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MEANINGS = (("cost", "price", "charge"), ("train", "course", "academy"), ("walrus",), ("heron",))


def write_tiny_model(
    folder: Path, *, meanings: Sequence[Sequence[str]] = MEANINGS, file: str = "onnx/model.onnx", pooling: str = "mean"
) -> Path:
    """Write a model whose tokens are words, each a unit vector of its meaning; others share a weak one."""
    words = [(word, place) for place, group in enumerate(meanings) for word in group]
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, **{word: 1 + at for at, (word, _) in enumerate(words)}}, "[UNK]"))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    table = np.zeros((1 + len(words), 1 + len(meanings)), dtype=np.float32)
    table[0, -1] = 0.1
    for at, (_, place) in enumerate(words):
        table[1 + at, place] = 1
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", table.shape[1]])
    nodes = [helper.make_node("Gather", ["words", "input_ids"], ["last_hidden_state"])]
    graph = helper.make_graph(nodes, "words", inputs, [output], [numpy_helper.from_array(table, "words")])
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    tokenizer.save(str(folder / "tokenizer.json"))
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    flags = {"pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": pooling == "cls"}
    flags |= {"pooling_mode_max_tokens": pooling == "max", "include_prompt": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags))
    return folder
