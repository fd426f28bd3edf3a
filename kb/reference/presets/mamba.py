"""Mamba: a stack of one kind of layer, around the shipped selective state space.

A layer projects to four times the width, convolves one half of that over four tokens and runs the state space on it,
lets the other half gate it, and projects back. RMSNorm stands before every layer and behind the last; the embedding
is the head too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import Part, list_declared

_TABLE = (("130M", 24, 768), ("370M", 48, 1024), ("790M", 48, 1536), ("1.4B", 48, 2048), ("2.8B", 64, 2560))


@dataclass(frozen=True, slots=True)
class Mamba:
    layers: int
    width: int
    expansion: int = 2
    state: int = 16
    convolution: int = 4
    vocabulary: int = 50_280

    def list_parts(self) -> Iterator[Part]:
        D, inner = self.width, self.expansion * self.width
        yield Part("embedding", {"embedding": (self.vocabulary, D)})
        yield Part("norms", list_declared("rms-norm", D=D), self.layers + 1)
        yield Part("projections", {"w_in": (D, 2 * inner), "w_out": (inner, D)}, self.layers)
        yield Part("convolution", {"kernel": (inner, self.convolution), "bias": (inner,)}, self.layers)
        # the step's rank is a sixteenth of the width, rounded up
        mixing = list_declared("selective-state-space", D=inner, K=self.state, R=-(-D // 16))
        yield Part("state space", mixing, self.layers)


ARCHITECTURE = Architecture(
    paper="arxiv:2312.00752",
    concepts=("selective-state-space",),
    rows=tuple(
        Row(f"Mamba-{name}", Mamba(layers, width), name, "the authors' repository") for name, layers, width in _TABLE
    ),
    note="Sizes and figures are those of the authors' repository; the vocabulary is the tokeniser's 50,277, padded "
    "to a multiple of eight.",
)
