r"""A BERT sentence encoder written down as an ONNX graph, straight from its weights.

Exporting through torch costs ten seconds of imports before the first answer; the network is six equal layers, and
writing its nodes takes less than one. Nothing here is trusted because it looks right: ``onnx_export`` compares the
result with vectors of the torch model before it is used.

The graph takes one text at a time, token numbers (B, T) of equal length and no padding. So there is no mask, and the
int8 form (whose scale is taken from the activations as they come) gives a text the same vector in any company.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]

INPUT, OUTPUT = "ids", "vector"
_LAYER_NORM_EPSILON = 1e-12
_OPSET = 20
_IR_VERSION = 9


@dataclass(frozen=True, slots=True)
class Outliers:
    """Places where a few values are so large that an int8 scale made for them takes two bits from all others."""

    inner: Sequence[Sequence[int]]
    """For each layer the inner feed-forward channels that are multiplied in float instead."""
    hidden: Mapping[int, float]
    """Channels of the hidden state that enter a feed-forward layer divided by this, their weights multiplied."""


NONE = Outliers((), {})


def build_graph(weights: Weights, heads: int, tokens: int, *, int8: bool, outliers: Outliers = NONE) -> bytes:
    """Return a serialised model: ``ids`` int64 (B, T) -> ``vector`` float32 (B, D), mean-pooled, of unit norm.

    Parameters
    ----------
    weights  : the tensors of a BertModel by their names in the checkpoint
    tokens   : the longest text, in tokens
    int8     : whether matrices of the layers are stored in int8 with one scale a column (the rest stays in float)
    outliers : what int8 must be spared
    """
    graph = _Graph(int8)
    x = _embed(graph, weights, tokens)
    layers = sum(name.endswith("attention.self.query.weight") for name in weights)
    for number in range(layers):
        layer = {
            name.removeprefix(f"encoder.layer.{number}."): value
            for name, value in weights.items()
            if name.startswith(f"encoder.layer.{number}.")
        }
        x = _attend(graph, layer, heads, x)
        x = _feed_forward(graph, layer, x, outliers.inner[number] if outliers.inner else (), outliers.hidden)
    pooled = graph.add("ReduceSum", [x, graph.hold(np.array([1]))], keepdims=0)
    # The mean and the sum point the same way: the norm is one afterwards.
    graph.nodes.append(helper.make_node("LpNormalization", [pooled], [OUTPUT], axis=-1, p=2))
    return graph.serialise(weights["embeddings.word_embeddings.weight"].shape[1])


class _Graph:
    """Nodes and constants in the making."""

    def __init__(self, int8: bool) -> None:
        self.int8 = int8
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def hold(self, value: NDArray[Any]) -> str:
        """Keep a constant and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add_many(self, operation: str, inputs: list[str], outputs: int, **attributes: Any) -> list[str]:
        """Add a node and return the names of its outputs."""
        names = [f"n{len(self.nodes)}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, **attributes))
        return names

    def add(self, operation: str, inputs: list[str], **attributes: Any) -> str:
        return self.add_many(operation, inputs, 1, **attributes)[0]

    def multiply(self, x: str, matrix: NDArray[np.float32]) -> str:
        """Return x (..., K) times matrix (K, N), in int8 if the graph is."""
        if not self.int8:
            return self.add("MatMul", [x, self.hold(matrix)])
        scale = np.maximum(np.abs(matrix).max(axis=0), 1e-12) / np.float32(127)  # (N,)
        whole = self.hold(np.clip(np.round(matrix / scale), -127, 127).astype(np.int8))
        quantised, step, zero = self.add_many("DynamicQuantizeLinear", [x], 3)
        product = self.add("MatMulInteger", [quantised, whole, zero])
        both = self.add("Mul", [step, self.hold(scale.astype(np.float32))])
        return self.add("Mul", [self.add("Cast", [product], to=TensorProto.FLOAT), both])

    def project(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """Return x (..., K) weight^T + bias, for a weight (N, K) as checkpoints store it."""
        return self.add("Add", [self.multiply(x, weight.T), self.hold(bias)])

    def normalise(self, x: str, weights: Weights, name: str) -> str:
        inputs = [x, self.hold(weights[f"{name}.weight"]), self.hold(weights[f"{name}.bias"])]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=_LAYER_NORM_EPSILON)

    def serialise(self, width: int) -> bytes:
        graph = helper.make_graph(
            self.nodes,
            "sentence-encoder",
            [helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["B", "T"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["B", width])],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION, producer_name="stemma"
        )
        return bytes(model.SerializeToString())


def _embed(graph: _Graph, weights: Weights, tokens: int) -> str:
    # The word table is most of the file; in float16 it is half as large and loads faster.
    words = graph.hold(weights["embeddings.word_embeddings.weight"].astype(np.float16))
    x = graph.add("Cast", [graph.add("Gather", [words, INPUT])], to=TensorProto.FLOAT)  # (B, T, D)
    # One text is one segment, so that the segment's row can be added to the positions once and for all.
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.add("Shape", [INPUT], start=1, end=2)
    here = graph.add("Slice", [graph.hold(places[:tokens]), graph.hold(np.array([0])), length])  # (T, D)
    return graph.normalise(graph.add("Add", [x, here]), weights, "embeddings.LayerNorm")


def _attend(graph: _Graph, layer: Weights, heads: int, x: str) -> str:
    parts = [(layer[f"attention.self.{name}.weight"], layer[f"attention.self.{name}.bias"]) for name in _QKV]
    width = parts[0][0].shape[0]
    # The scale 1/sqrt(K) goes into the query's weights.
    shrink = np.concatenate([np.full(width, (width / heads) ** -0.5), np.ones(2 * width)]).astype(np.float32)
    weight = np.concatenate([weight for weight, _ in parts]) * shrink[:, None]
    qkv = graph.project(x, weight, np.concatenate([bias for _, bias in parts]) * shrink)
    split = graph.add("Reshape", [qkv, graph.hold(np.array([0, 0, 3, heads, width // heads]))])  # (B, T, 3, H, K)
    stacked = graph.add("Transpose", [split], perm=[2, 0, 3, 1, 4])  # (3, B, H, T, K)
    axis = graph.hold(np.array([0]))
    each = graph.add_many("Split", [stacked], 3, axis=0, num_outputs=3)
    q, k, v = (graph.add("Squeeze", [one, axis]) for one in each)
    scores = graph.add("MatMul", [q, graph.add("Transpose", [k], perm=[0, 1, 3, 2])])  # (B, H, T, T)
    mixed = graph.add("MatMul", [graph.add("Softmax", [scores], axis=-1), v])  # (B, H, T, K)
    flat = graph.add("Transpose", [mixed], perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", [flat, graph.hold(np.array([0, 0, width]))])  # (B, T, D)
    out = graph.project(joined, layer["attention.output.dense.weight"], layer["attention.output.dense.bias"])
    return graph.normalise(graph.add("Add", [out, x]), layer, "attention.output.LayerNorm")


_QKV = ("query", "key", "value")


def _feed_forward(graph: _Graph, layer: Weights, x: str, outliers: Sequence[int], shrunk: Mapping[int, float]) -> str:
    inner, bias = layer["intermediate.dense.weight"], layer["intermediate.dense.bias"]
    entering = x
    if graph.int8 and shrunk:
        factors = np.ones(inner.shape[1], np.float32)
        factors[list(shrunk)] = list(shrunk.values())
        entering, inner = graph.add("Mul", [x, graph.hold(1 / factors)]), inner * factors
    outer = layer["output.dense.weight"]
    apart = list(outliers) if graph.int8 else []
    order = [i for i in range(len(bias)) if i not in set(apart)] + apart
    hidden = graph.add("Gelu", [graph.project(entering, inner[order], bias[order])])
    if not apart:
        out = graph.multiply(hidden, outer.T)
    else:
        sizes = graph.hold(np.array([len(order) - len(apart), len(apart)]))
        many, few = graph.add_many("Split", [hidden, sizes], 2, axis=-1)
        exact = graph.add("MatMul", [few, graph.hold(outer[:, apart].T)])
        out = graph.add("Add", [graph.multiply(many, outer[:, order[: -len(apart)]].T), exact])
    out = graph.add("Add", [out, graph.hold(layer["output.dense.bias"])])
    return graph.normalise(graph.add("Add", [out, x]), layer, "output.LayerNorm")
