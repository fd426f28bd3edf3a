"""Gopher: six sizes that are known by what they count to, from 44 million to 280 billion.

The block is the shipped one, F = 4 D, with the relative positions of Transformer-XL in each layer; the embedding
serves as the head too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import BLOCK, Part, list_declared, split

_KINDS = {**BLOCK, "relative positions": "w_rel u_content v_distance"}
_TABLE = (
    ("44M", 8, 512, 16, 32, True),
    ("117M", 12, 768, 12, 64, False),
    ("417M", 12, 1536, 12, 128, False),
    ("1.4B", 24, 2048, 16, 128, False),
    ("7.1B", 32, 4096, 32, 128, False),
    ("280B", 80, 16_384, 128, 128, True),
)


@dataclass(frozen=True, slots=True)
class Gopher:
    layers: int
    width: int
    heads: int
    key_size: int
    vocabulary: int = 32_000

    def list_parts(self) -> Iterator[Part]:
        assert self.heads * self.key_size == self.width, "all heads together are as wide as the model"
        yield Part("embedding", {"embedding": (self.vocabulary, self.width)})
        block = list_declared("gopher-block", D=self.width, F=4 * self.width)
        yield from split(block, _KINDS, rest="attention", copies=self.layers)


ARCHITECTURE = Architecture(
    paper="arxiv:2112.11446",
    concepts=("gopher-block",),
    rows=tuple(
        Row(
            f"Gopher {name}",
            Gopher(layers, width, heads, key_size),
            name,
            "table 1",
            sizes_read=is_read,
            run={"heads": heads, "D": width, "F": 4 * width},
        )
        for name, layers, width, heads, key_size, is_read in _TABLE
    ),
    note="What the table prints are the models' names. A norm behind the last block is not counted.",
    divergence="gopher-names-need-relative-positions",
    runs="gopher-block",
)
