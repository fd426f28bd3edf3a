"""The Transformer of 2017: encoder and decoder, eleven rows of table 3 that print a size.

An encoder layer is the shipped Post-LN block. A decoder layer is another one, with multi-head attention over the
encoder and a third norm. One matrix serves both ends and the softmax (section 3.4); positions have no weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import BLOCK, Part, Shape, list_declared, split


@dataclass(frozen=True, slots=True)
class Transformer:
    layers: int = 6
    width: int = 512
    ff: int = 2048
    heads: int = 8
    key_size: int = 64
    vocabulary: int = 37_000

    def list_parts(self) -> Iterator[Part]:
        yield Part("embedding", {"embedding": (self.vocabulary, self.width)})
        block = self._narrow(list_declared("post-ln", D=self.width, F=self.ff))
        yield from split(block, BLOCK, rest="attention", copies=2 * self.layers)
        yield Part("attention", self._narrow(list_declared("multi-head-attention", D=self.width)), self.layers)
        yield Part("norms", list_declared("layer-normalisation", D=self.width), self.layers)

    def _narrow(self, weights: dict[str, Shape]) -> dict[str, Shape]:
        """Return weights whose queries and keys, all heads together, need not be as wide as the model."""
        inner = self.heads * self.key_size
        if inner == self.width:
            return weights
        return {name: (self.width, inner) if name in ("w_q", "w_k") else shape for name, shape in weights.items()}


_BASE = Transformer()
_TABLE = (
    ("base", _BASE, "65M"),
    ("(B) key size 16", replace(_BASE, key_size=16), "58M"),
    ("(B) key size 32", replace(_BASE, key_size=32), "60M"),
    ("(C) 2 layers", replace(_BASE, layers=2), "36M"),
    ("(C) 4 layers", replace(_BASE, layers=4), "50M"),
    ("(C) 8 layers", replace(_BASE, layers=8), "80M"),
    ("(C) width 256", replace(_BASE, width=256, key_size=32), "28M"),
    ("(C) width 1024", replace(_BASE, width=1024, key_size=128), "168M"),
    ("(C) feed-forward 1024", replace(_BASE, ff=1024), "53M"),
    ("(C) feed-forward 4096", replace(_BASE, ff=4096), "90M"),
    ("big", replace(_BASE, width=1024, ff=4096, heads=16), "213M"),
)

ARCHITECTURE = Architecture(
    paper="arxiv:1706.03762",
    concepts=("transformer", "post-ln"),
    rows=tuple(
        Row(
            f"Transformer, {name}",
            config,
            printed,
            "table 3, page 9",
            # the shipped block's heads are together as wide as the model
            run={"heads": config.heads, "D": config.width, "F": config.ff}
            if config.heads * config.key_size == config.width
            else {},
        )
        for name, config, printed in _TABLE
    ),
    note="The table prints millions. The vocabulary is the text's, about 37,000 tokens (section 5.1); attention has "
    "no biases, as the equations have none.",
    divergence="transformer-sizes-and-vocabulary",
    runs="post-ln",
)
