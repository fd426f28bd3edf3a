"""PanGu-pi: a LLaMA with the paper's two additions, which are the shipped idea's.

Projections, augmented shortcuts and series activation are the idea's weights. The rest is what its models take from
LLaMA: RMSNorm and SwiGLU from those files, no biases, an embedding and a head of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import Part, list_declared, split

_OWN = {
    "attention": "w_q w_k w_v w_o",
    "augmented shortcuts": "aug_*",
    "series activation": "series_*",
}


@dataclass(frozen=True, slots=True)
class PanguPi:
    layers: int
    width: int
    heads: int
    ff: int
    vocabulary: int = 100_883
    bottleneck: int = 32
    activations: int = 2
    matrix_for_each: bool = False

    def list_parts(self) -> Iterator[Part]:
        D = self.width
        yield Part("embedding", {"embedding": (self.vocabulary, D)})
        block = list_declared("pangu-pi", D=D, F=self.ff, R=D // self.bottleneck, n=self.activations)
        parts = split(block, _OWN, rest="LayerNorm and a plain network", copies=self.layers)
        yield from (part for part in parts if part.name in _OWN)
        gated = list_declared("swiglu", D=D, F=self.ff)
        if self.matrix_for_each:
            inner = {f"{name} again": gated[name] for name in ("w_1", "w_3")}
            gated = {**gated, **inner}
        yield Part("feed-forward", gated, self.layers)
        yield Part("norms", list_declared("rms-norm", D=D), 2 * self.layers + 1)
        yield Part("head", {"head": (D, self.vocabulary)})


_SMALL = PanguPi(layers=12, width=2048, heads=16, ff=5461)
_LARGE = PanguPi(layers=29, width=4096, heads=32, ff=10_922)
_SEVERAL = "With a matrix for each of the two activations, as equation 9 reads."

ARCHITECTURE = Architecture(
    paper="arxiv:2312.17276",
    concepts=("pangu-pi",),
    rows=(
        Row("PanGu-π-1B", _SMALL, "1B", "section 5"),
        Row("PanGu-π-7B", _LARGE, "7B", "section 5"),
        Row("PanGu-π-1B by equation 9", replace(_SMALL, matrix_for_each=True), "1B", "section 5", _SEVERAL),
        Row("PanGu-π-7B by equation 9", replace(_LARGE, matrix_for_each=True), "7B", "section 5", _SEVERAL),
    ),
    note="What is printed are the models' names. The paper prints no width of the feed-forward network: 8/3 of the "
    "model's is assumed, and an embedding and a head that do not share their weights.",
    divergence="pangu-pi-one-weight-or-several",
)
