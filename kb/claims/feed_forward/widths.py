"""How wide a gated layer may be for the cost of a plain one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WIDTH, _HIDDEN, _TOKENS = 768, 3072, 8


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much weights and operations of both gated layers differ from those of the plain one, as wide as
    the subject says and with or without biases."""
    hidden, biases = subject(_HIDDEN)
    hidden = int(hidden)
    plain = _count("position-wise-feed-forward", _HIDDEN, biases=biases)
    gated = [_count(slug, hidden, biases=biases) for slug in ("swiglu", "gated-linear-unit")]
    apart = [abs(one / other - 1) for pair in gated for one, other in zip(pair, plain, strict=True)]
    return Measurement(find_worst(apart), f"{gated[0][0]:,} weights for {plain[0]:,}")


def _count(slug: str, hidden: int, *, biases: bool) -> tuple[int, int]:
    """Return the weights that an idea's header declares, and the operations of one run without any numbers."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from kb.reference.inputs import load_function
    from kb.reference.parameters import list_weights
    from kb.reference.registry import get_idea

    idea, sizes = get_idea(slug), {"D": _WIDTH, "F": hidden}
    w: Mapping[str, Tensor] = {
        one.name: torch.empty([sizes[letter] for letter in one.shape], device="meta") for one in list_weights(idea)
    }
    with FlopCounterMode(display=False) as counter:
        load_function(idea)(torch.empty(1, _TOKENS, _WIDTH, device="meta"), w)
    weights = sum(one.numel() for name, one in w.items() if biases or not name.startswith("b"))
    return weights, counter.get_total_flops()


def _two_thirds(hidden: int) -> tuple[int, bool]:
    return hidden * 2 // 3, False


def _as_wide(hidden: int) -> tuple[int, bool]:
    return hidden, False


def _half(hidden: int) -> tuple[int, bool]:
    return hidden // 2, False


def _three_quarters(hidden: int) -> tuple[int, bool]:
    return hidden * 3 // 4, False


def _with_biases(hidden: int) -> tuple[int, bool]:
    return hidden * 2 // 3, True


CLAIMS = (
    Claim(
        id="two-thirds-of-the-width-make-a-gated-layer-as-large",
        statement=(
            "A gated layer with two thirds of the hidden width has as many weights in its matrices, and does as many "
            "operations, as the plain feed-forward network: 4,718,592 weights at 2,048 channels as at 3,072."
        ),
        kind="count",
        between=("position-wise-feed-forward", "gated-linear-unit", "swiglu", "mosaic-bert"),
        evidence=Evidence("arxiv:2002.05202", "Section 2"),
        inputs="shapes alone: D 768, plain F 3,072",
        equation=r"3\, D \cdot \tfrac{2}{3} F = 2\, D F",
        bound=0.0,
        why_bound="Whole numbers, equal or not.",
        pitfall=(
            "Biases are left out: with them the two differ by less than a thousandth. MosaicBERT says that two "
            "thirds keep the size, but was released with the whole width, so that its layer is half as large again."
        ),
        papers=("arxiv:2312.17482",),
        family="feed-forward",
        check=_check,
        subject=_two_thirds,
        wrong_variants={
            "the same width": _as_wide,
            "half of the width": _half,
            "three quarters of the width": _three_quarters,
            "biases counted": _with_biases,
        },
        executes=("position-wise-feed-forward", "gated-linear-unit", "swiglu"),
        draws=1,
    ),
)
