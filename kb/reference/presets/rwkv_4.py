"""RWKV-4: six sizes, of which parameters and FLOPs are printed to four digits.

The block is the shipped one, F = 4 D. Around it stand the embedding with a norm behind it, a norm at the end, and a
head of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.reference.presets.architecture import Architecture, Row
from kb.reference.presets.forward import count_block
from kb.reference.presets.parts import Part, list_declared, split

_KINDS = {"norms": "g_* c_*", "channel mixing": "nu_* w_gate w_1 w_2"}
_TABLE = (
    ("169M", 12, 768, "1.693e8", "2.613e8"),
    ("430M", 24, 1024, "4.304e8", "7.573e8"),
    ("1.5B", 24, 2048, "1.515e9", "2.823e9"),
    ("3B", 32, 2560, "2.985e9", "5.710e9"),
    ("7B", 32, 4096, "7.393e9", "1.437e10"),
    ("14B", 40, 5120, "1.415e10", "2.778e10"),
)


@dataclass(frozen=True, slots=True)
class Rwkv4:
    layers: int
    width: int
    vocabulary: int = 50_277

    def list_parts(self) -> Iterator[Part]:
        D = self.width
        yield Part("embedding", {"embedding": (self.vocabulary, D)})
        yield Part("norms", list_declared("layer-normalisation", D=D), 2)
        yield from split(list_declared("rwkv-4", D=D, F=4 * D), _KINDS, rest="time mixing", copies=self.layers)
        yield Part("head", {"head": (D, self.vocabulary)})

    def print_text_formula(self) -> str:
        """Return what the formula of the paper's text gives, to the four digits of its table."""
        digits, power = f"{2 * (2 * self.vocabulary * self.width + 13 * self.width**2 * self.layers):.3e}".split("e")
        return f"{digits}e{int(power)}"


def _count_flops(config: Rwkv4) -> int:
    """Run the shipped block on a token, without memory; a token looked up costs nothing, the head V D products."""
    block = count_block("rwkv-4", D=config.width, F=4 * config.width)
    return config.layers * block + 2 * config.vocabulary * config.width


def _row(name: str, config: Rwkv4, printed: str, flops: str) -> Row:
    in_text = (config.print_text_formula(), "the text's formula")
    return Row(f"RWKV-4 {name}", config, printed, "table 2", flops=((flops, "table 2"), in_text))


ARCHITECTURE = Architecture(
    paper="arxiv:2305.13048",
    concepts=("rwkv-4",),
    rows=tuple(_row(name, Rwkv4(layers, width), size, flops) for name, layers, width, size, flops in _TABLE),
    note="Parameters are those of the paper's formula, 2 V D + 13 D² L + D (11 L + 4), to the last one. FLOPs are "
    "counted by running the block: they are 2 (V D + 13 D² L), as in the table; the text has 2 (2 V D + 13 D² L).",
    divergence="rwkv-flop-formula-and-table",
    runs="rwkv-4",
    count_flops=_count_flops,
)
