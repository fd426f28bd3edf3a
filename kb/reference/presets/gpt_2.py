"""GPT-2: four sizes of one decoder, tied embeddings, a norm before each branch and one at the end.

All weights are those of the shipped generative pre-training in its Pre-LN form, and biases in attention beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.parts import BLOCK, Part, list_declared, split

_ONCE = {"embedding", "position", "g_last", "c_last"}
_TABLE = (
    ("GPT-2 small", 12, 768, 12, "117M", "124M"),
    ("GPT-2 medium", 24, 1024, 16, "345M", "355M"),
    ("GPT-2 large", 36, 1280, 20, "762M", "774M"),
    ("GPT-2 XL", 48, 1600, 25, "1542M", "1558M"),
)


@dataclass(frozen=True, slots=True)
class Gpt2:
    layers: int
    width: int
    heads: int
    vocabulary: int = 50_257
    positions: int = 1024

    def list_parts(self) -> Iterator[Part]:
        D = self.width
        declared = list_declared("generative-pre-training", D=D, F=4 * D, C=self.vocabulary, T=self.positions)
        once = {name: shape for name, shape in declared.items() if name in _ONCE}
        yield from split(once, {"norms": "g_* c_*"}, rest="embedding")
        block = {name: shape for name, shape in declared.items() if name not in _ONCE}
        yield from split(block, BLOCK, rest="attention", copies=self.layers)
        yield Part("attention", dict.fromkeys(("b_q", "b_k", "b_v", "b_o"), (D,)), self.layers)


ARCHITECTURE = Architecture(
    paper="s2:9405cc0d6169988371b2755e573cc28650d14dfe",
    concepts=("generative-pre-training",),
    rows=tuple(
        Row(
            name,
            Gpt2(layers, width, heads),
            printed,
            "table 2",
            note=f"Its authors call the released model {released}.",
        )
        for name, layers, width, heads, printed, released in _TABLE
    ),
    note="The authors' own repository says that the printed sizes were wrong. The heads are those of the released "
    "models: the table does not print them, and they do not change the count.",
    divergence="gpt-2-sizes-and-vocabulary",
)
