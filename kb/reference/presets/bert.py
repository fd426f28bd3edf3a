"""BERT: the encoder with its pooler, without the heads of pre-training.

Embeddings, their norm and the block are those of the shipped masked language model; BERT has more: a vector for each
segment, biases in attention, and the pooler, a layer on the first position.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import BLOCK, Part, list_declared, split

_ONCE = {"embedding", "position", "g_0", "c_0"}
_HEAD = {"b_word"}


@dataclass(frozen=True, slots=True)
class Bert:
    layers: int
    width: int
    heads: int
    vocabulary: int = 30_522
    positions: int = 512
    segments: int = 2

    def list_parts(self) -> Iterator[Part]:
        D = self.width
        declared = list_declared("masked-language-model", D=D, F=4 * D, C=self.vocabulary, T=self.positions)
        once = {name: shape for name, shape in declared.items() if name in _ONCE}
        yield from split(once, {"norms": "g_* c_*"}, rest="embedding")
        yield Part("embedding", {"segment": (self.segments, D)})
        block = {name: shape for name, shape in declared.items() if name not in _ONCE | _HEAD}
        yield from split(block, BLOCK, rest="attention", copies=self.layers)
        yield Part("attention", dict.fromkeys(("b_q", "b_k", "b_v", "b_o"), (D,)), self.layers)
        yield Part("pooler", {"w_pool": (D, D), "b_pool": (D,)})


ARCHITECTURE = Architecture(
    paper="arxiv:1810.04805",
    concepts=("masked-language-model",),
    rows=(
        Row("BERT-base", Bert(layers=12, width=768, heads=12), "110M", "section 3"),
        Row("BERT-large", Bert(layers=24, width=1024, heads=16), "340M", "section 3"),
    ),
    note="The vocabulary is that of the released models, 30,522; the paper says 30,000. The pooler is counted, the "
    "heads of pre-training are not. Rounded to ten millions, 109.5 and 335.1 are the printed figures.",
    divergence="bert-large-340-million",
)
