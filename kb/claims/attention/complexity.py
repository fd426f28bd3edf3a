"""The table of complexities of 1706.03762, measured: operations, the longest chain of them, and the longest way."""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_TOKENS, _WIDTH = 64, 16


def _inputs(tokens: int, width: int) -> "tuple[Tensor, dict[str, Tensor]]":
    import torch

    names = {"w_q": (), "w_k": (), "w_v": (), "w_o": (), "w_zrn": (3,), "u_zrn": (3,)}
    w = {name: torch.ones(*more, width, width) / width for name, more in names.items()}
    return torch.ones(1, tokens, width), w | {"b_zrn": torch.zeros(3, width), "b_u": torch.zeros(width)}


def _count(call: Callable[..., object], tokens: int, width: int) -> int:
    """Return the multiplications and additions of a call's products."""
    from kb.reference.guest_counting import Counter

    inputs = _inputs(tokens, width)
    with Counter(inputs) as counter:
        call(*inputs)
    return int(counter.counts["products"])


def _attention(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    x = x[:, :, None]
    return scaled_dot_product_attention(x, x, x)[0]


def _linear(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.linear_attention import linear_attention

    x = x[:, :, None]
    return linear_attention(x, x, x, form="recurrent")[0]


def _recurrent(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.gru import gru

    return gru(x, w)[0]


def _layer(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(x, w, heads=2)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the powers of text and width in the operations are from the subject's, for each kind."""
    apart, found = [], []
    for call, powers in zip((_attention, _recurrent, _linear), subject(), strict=True):
        base = _count(call, _TOKENS, _WIDTH)
        grown = _count(call, 2 * _TOKENS, _WIDTH), _count(call, _TOKENS, 2 * _WIDTH)
        measured = [math.log2(one / base) for one in grown]
        apart += [abs(one - power) for one, power in zip(measured, powers, strict=True)]
        found.append("n^{:.3g} d^{:.3g}".format(*measured))
    return Measurement(find_worst(apart), ", ".join(found))


def _as_printed() -> "tuple[tuple[float, float], ...]":
    """Return the powers of text and width for attention, a recurrent layer and linear attention."""
    return (2, 1), (1, 2), (1, 2)


def _attention_linear_in_the_text() -> "tuple[tuple[float, float], ...]":
    return (1, 1), (1, 2), (1, 2)


def _linear_attention_linear_in_both() -> "tuple[tuple[float, float], ...]":
    return (2, 1), (1, 2), (1, 1)


def _recurrence_linear_in_the_width() -> "tuple[tuple[float, float], ...]":
    return (2, 1), (1, 1), (1, 2)


def _check_exact(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far operations are from the subject's formulas, of attention, of its layer and of a gated unit."""
    sizes, calls = ((8, 4), (16, 4), (8, 8), (64, 16)), (_attention, _layer, _recurrent)
    apart = [abs(_count(call, *size) - subject(*size)[place]) for size in sizes for place, call in enumerate(calls)]
    return Measurement(find_worst(apart))


def _formulas(n: int, d: int) -> tuple[int, int, int]:
    return 4 * n * n * d, 4 * n * n * d + 8 * n * d * d, 12 * n * d * d


def _multiplications_alone(n: int, d: int) -> tuple[int, int, int]:
    attention, layer, recurrent = _formulas(n, d)
    return attention // 2, layer // 2, recurrent // 2


def _half_for_the_mask(n: int, d: int) -> tuple[int, int, int]:
    return 2 * n * (n + 1) * d, 2 * n * (n + 1) * d + 8 * n * d * d, 12 * n * d * d


def _six_projections_as_three(n: int, d: int) -> tuple[int, int, int]:
    return 4 * n * n * d, 4 * n * n * d + 8 * n * d * d, 6 * n * d * d


def _check_layer(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the operations are from half as many, where the text halves and the width doubles."""
    factor = subject()
    return Measurement(abs(factor - 0.5), f"{factor:.4g} times as many")


def _whole_layer() -> float:
    return _count(_layer, 32, 64) / _count(_layer, 64, 32)


def _without_projections() -> float:
    return _count(_attention, 32, 64) / _count(_attention, 64, 32)


def _projections_taken_off() -> float:
    few, many = (_count(_layer, n, d) - 8 * n * d * d for n, d in ((32, 64), (64, 32)))
    return few / many


def _check_ways(subject: Subject, draw: Draw) -> Measurement:
    """Measure two layers: by how many operations the longest chain and the longest way of the first grow with the
    text, and how far those of the second are from growing by the same number with every token."""
    ways = subject(draw)
    apart = [float(abs(longer - base)) for base, _, longer in ways[0]]
    for base, longer, longest in ways[1]:
        apart.append(abs((longest - longer) - 2 * (longer - base)) + (longer <= base))
    return Measurement(find_worst(apart), "steps and ways at 6, 12 and 24 tokens: {} and {}".format(*ways))


def _measure_ways(call: Callable[..., "Tensor"], draw: Draw) -> list[tuple[int, ...]]:
    """Return the steps and the longest way of a layer at 6, 12 and 24 tokens."""
    from kb.reference.guest_paths import measure_path

    found = []
    for tokens in (6, 12, 24):
        ones, shapes = _inputs(tokens, 4)
        x, w = draw.normal(*ones.shape).requires_grad_(), {n: draw.normal(*one.shape) for n, one in shapes.items()}
        found.append(measure_path(partial(call, x, w), {"x": (x, 1)}, 1))
    return [tuple(way[name] for way in found) for name in ("steps", "path")]


def _layers(draw: Draw) -> list[list[tuple[int, ...]]]:
    return [_measure_ways(call, draw) for call in (_layer, _recurrent)]


def _token_by_token(draw: Draw) -> list[list[tuple[int, ...]]]:
    return [_measure_ways(call, draw) for call in (_linear, _recurrent)]


def _attention_twice(draw: Draw) -> list[list[tuple[int, ...]]]:
    return [_measure_ways(call, draw) for call in (_layer, _attention)]


def _exchanged(draw: Draw) -> list[list[tuple[int, ...]]]:
    return _layers(draw)[::-1]


CLAIMS = (
    Claim(
        id="attention-is-quadratic-in-the-text-and-recurrence-in-the-width",
        statement=(
            "Counted operations of attention grow with the square of the text and with the width, those of a "
            "recurrent layer and of linear attention with the text and with the square of the width."
        ),
        kind="scaling",
        between=("scaled-dot-product-attention", "linear-attention", "gru"),
        evidence=Evidence("arxiv:1706.03762", "Table 1"),
        inputs="sizes alone; products at 64 and 128 tokens, widths 16 and 32; one head",
        equation=r"O(n^2 d), \qquad O(n\, d^2), \qquad O(n\, d^2)",
        bound=0.1,
        why_bound=(
            "Powers are those of a doubling. Of linear attention the denominator, which grows with d alone, makes "
            "two into 1.96."
        ),
        papers=("arxiv:2006.16236",),
        family="attention",
        check=_check,
        subject=_as_printed,
        wrong_variants={
            "attention linear in the text": _attention_linear_in_the_text,
            "linear attention linear in both": _linear_attention_linear_in_both,
            "recurrence linear in the width": _recurrence_linear_in_the_width,
        },
        executes=("scaled-dot-product-attention", "linear-attention", "gru"),
        draws=1,
    ),
    Claim(
        id="attention-takes-four-operations-for-a-pair-and-a-channel",
        statement=(
            "Attention takes 4 n^2 d multiplications and additions, its four projections 8 n d^2 more, and a gated "
            "recurrent unit 12 n d^2. A causal mask saves none of them, since scores are computed and then masked."
        ),
        kind="count",
        between=("scaled-dot-product-attention", "multi-head-attention", "gru"),
        evidence=Evidence("arxiv:1706.03762", "Table 1 and section 4"),
        inputs="sizes alone; 8 to 64 tokens, widths 4 to 16",
        equation=r"4 n^2 d, \qquad 4 n^2 d + 8 n d^2, \qquad 12 n d^2",
        bound=0.0,
        why_bound="Operations are counted: a product of (n, k) and (k, m) takes 2 n k m of them.",
        pitfall="Many tables count a multiplication with its addition as one and are half of this.",
        family="attention",
        check=_check_exact,
        subject=_formulas,
        wrong_variants={
            "multiplications alone": _multiplications_alone,
            "half of it for the causal mask": _half_for_the_mask,
            "three products of a gated unit": _six_projections_as_three,
        },
        executes=("scaled-dot-product-attention", "multi-head-attention", "gru"),
        draws=1,
    ),
    Claim(
        id="a-self-attention-layer-costs-the-square-of-the-text-times-its-width",
        statement="A self-attention layer costs n^2 d: with half the text and twice the width it costs half as much.",
        kind="separation",
        between=("scaled-dot-product-attention", "multi-head-attention"),
        evidence=Evidence("arxiv:1706.03762", "Table 1, the first row"),
        inputs="sizes alone; 64 tokens of width 32 and 32 tokens of width 64; two heads",
        equation=r"\frac{4 (n/2)^2 (2 d) + 8 (n/2) (2 d)^2}{4 n^2 d + 8 n d^2} \neq \frac12",
        bound=1e-12,
        why_bound="Were it so, the quotient of two counts would be one half exactly.",
        pitfall=(
            "The table leaves the four projections out, which cost 8 n d^2: a layer of 512 channels spends more on "
            "them than on its pairs until a text has more than 1,024 tokens."
        ),
        family="attention",
        check=_check_layer,
        subject=_whole_layer,
        wrong_variants={
            "attention without its projections": _without_projections,
            "a layer less 8 n d^2": _projections_taken_off,
        },
        executes=("multi-head-attention", "scaled-dot-product-attention"),
        expected="refuted",
        draws=1,
    ),
    Claim(
        id="attention-is-one-step-away-from-every-token",
        statement=(
            "However long the text, the longest chain of operations of an attention layer and the longest way from a "
            "token to the last output stay the same; those of a recurrent layer grow by the same number with every "
            "token."
        ),
        kind="scaling",
        between=("gru", "multi-head-attention"),
        evidence=Evidence("arxiv:1706.03762", "Table 1, sequential operations and maximum path length"),
        inputs="one text of 6, 12 and 24 tokens, width 4, two heads, weights drawn from a seed",
        equation=r"O(1),\ O(1) \qquad O(n),\ O(n)",
        bound=0.0,
        why_bound="Operations are counted along the graph of derivatives.",
        pitfall="A sum over all tokens counts as one step, as in the table; on a machine it takes their logarithm.",
        family="attention",
        check=_check_ways,
        subject=_layers,
        wrong_variants={
            "linear attention, token by token": _token_by_token,
            "attention for the recurrent layer": _attention_twice,
            "the two exchanged": _exchanged,
        },
        executes=("multi-head-attention", "gru", "linear-attention", "scaled-dot-product-attention"),
        draws=1,
    ),
)
