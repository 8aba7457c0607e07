"""A BERT encoder's safetensors -> the ONNX file that exports of it have, without torch.

The graph is that of Devlin et al. (2019), "BERT", in its post-norm form: embeddings, then layers of self-attention and
of a feed-forward part, each added to what it was given and normalised. Padding is masked by a large negative score.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET = 20  # the first with Gelu
MASKED = -1e9


def convert(source: Path, target: Path) -> None:
    """Write the ONNX file of the model in the folder ``source``, which holds config.json and model.safetensors."""
    config = json.loads((source / "config.json").read_text("utf-8"))
    graph = Graph(read_safetensors(source / "model.safetensors"), epsilon=config["layer_norm_eps"])
    hidden = graph.embed()
    heads = config["num_attention_heads"]
    scores = graph.mask()
    for layer in range(config["num_hidden_layers"]):
        hidden = graph.encode(hidden, scores, f"encoder.layer.{layer}.", heads, config["hidden_size"] // heads)
    graph.add("Identity", hidden, name="last_hidden_state")
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph.model(config["hidden_size"]), target)


def read_safetensors(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Return the tensors of a file of 32-bit floats: the length of the header, the header in JSON, the numbers."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name: np.frombuffer(data[start + about["data_offsets"][0] : start + about["data_offsets"][1]], "<f4").reshape(
            about["shape"]
        )
        for name, about in header.items()
        if name != "__metadata__" and about["dtype"] == "F32"
    }


class Graph:
    """The nodes and the constants of a graph that grows."""

    def __init__(self, weights: dict[str, npt.NDArray[np.float32]], *, epsilon: float) -> None:
        self._weights, self._epsilon = weights, epsilon
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its result."""
        name = name or f"{operator}{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, value: Any, name: str = "", dtype: Any = np.float32) -> str:
        """Add numbers, once under each name, and return the name."""
        name = name or f"constant{len(self._constants)}"
        self._constants.setdefault(name, numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def weight(self, name: str) -> str:
        """Add a tensor of the model."""
        return self.constant(self._weights[name], name)

    def linear(self, hidden: str, prefix: str) -> str:
        """Add a dense layer."""
        weight = self.constant(self._weights[f"{prefix}.weight"].T, f"{prefix}.weight")
        return self.add("Add", self.add("MatMul", hidden, weight), self.weight(f"{prefix}.bias"))

    def norm(self, hidden: str, prefix: str) -> str:
        """Add the normalisation of a layer."""
        weights = (self.weight(f"{prefix}.LayerNorm.weight"), self.weight(f"{prefix}.LayerNorm.bias"))
        return self.add("LayerNormalization", hidden, *weights, axis=-1, epsilon=self._epsilon)

    def embed(self) -> str:
        """Add the embeddings of words, types and positions."""
        words = self.add("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        types = self.add("Gather", self.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
        zero, one = self.constant(0, dtype=np.int64), self.constant(1, dtype=np.int64)
        length = self.add("Squeeze", self.add("Shape", "input_ids", start=1, end=2))
        places = self.add("Range", zero, length, one)
        positions = self.add("Gather", self.weight("embeddings.position_embeddings.weight"), places)
        return self.norm(self.add("Add", self.add("Add", words, types), positions), "embeddings")

    def mask(self) -> str:
        """Return what is added to the scores of attention: nothing where there is a token, much against padding."""
        padding = self.add("Sub", self.constant(1), self.add("Cast", "attention_mask", to=TensorProto.FLOAT))
        scores = self.add("Mul", padding, self.constant(MASKED))
        return self.add("Unsqueeze", scores, self.constant([1, 2], dtype=np.int64))

    def encode(self, hidden: str, scores: str, prefix: str, heads: int, width: int) -> str:
        """Add one layer: attention, then the feed-forward part."""
        query, key, value = (
            self._heads(self.linear(hidden, f"{prefix}attention.self.{part}"), heads, width)
            for part in ("query", "key", "value")
        )
        alike = self.add("MatMul", query, self.add("Transpose", key, perm=[0, 1, 3, 2]))
        alike = self.add("Add", self.add("Mul", alike, self.constant(1 / math.sqrt(width))), scores)
        mixed = self.add("Transpose", self.add("MatMul", self.add("Softmax", alike), value), perm=[0, 2, 1, 3])
        mixed = self.add("Reshape", mixed, self.constant([0, 0, heads * width], dtype=np.int64))
        attended = self.linear(mixed, f"{prefix}attention.output.dense")
        hidden = self.norm(self.add("Add", hidden, attended), f"{prefix}attention.output")
        inner = self.add("Gelu", self.linear(hidden, f"{prefix}intermediate.dense"))
        return self.norm(self.add("Add", hidden, self.linear(inner, f"{prefix}output.dense")), f"{prefix}output")

    def _heads(self, hidden: str, heads: int, width: int) -> str:
        parted = self.add("Reshape", hidden, self.constant([0, 0, heads, width], dtype=np.int64))
        return self.add("Transpose", parted, perm=[0, 2, 1, 3])

    def model(self, width: int) -> onnx.ModelProto:
        """Return the model, checked."""
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in INPUTS]
        output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", width])
        graph = helper.make_graph(self._nodes, "bert", inputs, [output], list(self._constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model)
        return model
