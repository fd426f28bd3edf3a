"""AWD-LSTM: three layers of unequal width, the last as wide as the embedding so that both ends can share it.

Each layer has the shipped weights. The library that the authors used keeps two biases for every layer, which only
ever act as their sum; both are counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import Part, Weights, list_declared


@dataclass(frozen=True, slots=True)
class AwdLstm:
    vocabulary: int
    layers: int = 3
    embedding: int = 400
    hidden: int = 1150
    tied: bool = True

    def list_parts(self) -> Iterator[Part]:
        yield Part("embedding", {"embedding": (self.vocabulary, self.embedding)})
        widths = (self.embedding, *[self.hidden] * (self.layers - 1), self.embedding)
        for layer, (before, after) in enumerate(pairwise(widths), start=1):
            yield Part("LSTM", _list_layer("" if layer == 1 else f"_{layer}", before, after))
        yield Part("head", {"bias": (self.vocabulary,)})
        if not self.tied:
            yield Part("head", {"head": (self.embedding, self.vocabulary)})


def _list_layer(end: str, before: int, after: int) -> Weights:
    declared = list_declared("awd-lstm", D=after)
    own = {name: shape for name, shape in declared.items() if name.endswith(f"ifgo{end}")}
    # the idea's layers are all as wide as its input; here what comes in may have another width
    own[f"w_ifgo{end}"] = (*own[f"w_ifgo{end}"][:-2], before, after)
    return {**own, f"b_ifgo{end} again": own[f"b_ifgo{end}"]}


ARCHITECTURE = Architecture(
    paper="arxiv:1708.02182",
    concepts=("awd-lstm",),
    rows=(
        Row("AWD-LSTM, Penn Treebank", AwdLstm(vocabulary=10_000), "24M", "table 1"),
        Row(
            "AWD-LSTM, WikiText-2",
            AwdLstm(vocabulary=33_278),
            "33M",
            "table 2",
            note="The printed figure is cut off, not rounded.",
        ),
    ),
    note="The vocabularies are those of the two corpora.",
    divergence="awd-lstm-hidden-units",
)
