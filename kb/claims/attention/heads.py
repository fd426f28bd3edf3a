"""Multi-head attention: one head, several heads, and the library's layer between two sequences that are one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_WIDTH = 8
_NAMES = ("w_q", "w_k", "w_v", "w_o")


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    return draw.normal(2, 6, _WIDTH), {name: draw.normal(_WIDTH, _WIDTH, scale=_WIDTH**-0.5) for name in _NAMES}


def _heads(x: "Tensor", w: "Weights", heads: int, *, causal: bool = True) -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(x, w, heads=heads, causal=causal)


def _attend(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v)[0]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure multi-head attention, with one head, with four and with identity projections, against the subject."""
    import torch

    x, w = _draw(draw)
    alone = dict.fromkeys(_NAMES, torch.eye(_WIDTH, dtype=x.dtype))
    cases = ((w, 1), (w, 4), (alone, 1))
    apart = [relative(subject(x, weights, heads), _heads(x, weights, heads)) for weights, heads in cases]
    # with identity projections nothing but the single attention itself must be left
    apart.append(relative(_heads(x, alone, 1), _attend(*[x[:, :, None]] * 3)[:, :, 0]))
    return Measurement(find_worst(apart))


def _four_projections(x: "Tensor", w: "Weights", heads: int) -> "Tensor":
    q, k, v = ((x @ w[name]).view(*x.shape[:2], heads, -1) for name in _NAMES[:3])
    return _attend(q, k, v).flatten(-2) @ w["w_o"]


def _always_one(x: "Tensor", w: "Weights", heads: int) -> "Tensor":
    return _four_projections(x, w, 1)


def _dealt_in_turn(x: "Tensor", w: "Weights", heads: int) -> "Tensor":
    q, k, v = ((x @ w[name]).view(*x.shape[:2], -1, heads).transpose(-1, -2) for name in _NAMES[:3])
    return _attend(q, k, v).flatten(-2) @ w["w_o"]


def _nothing_out(x: "Tensor", w: "Weights", heads: int) -> "Tensor":
    q, k, v = ((x @ w[name]).view(*x.shape[:2], heads, -1) for name in _NAMES[:3])
    return _attend(q, k, v).flatten(-2)


def _whole_width(x: "Tensor", w: "Weights", heads: int) -> "Tensor":
    return _four_projections(x, {**w, "w_q": w["w_q"] / heads**0.5}, heads)


def _check_cross(subject: Subject, draw: Draw) -> Measurement:
    """Measure the library's layer, given one sequence for both, against multi-head attention over all tokens."""
    x, w = _draw(draw)
    return Measurement(relative(subject(x, x, w), _heads(x, w, 4, causal=False)))


def _library(x: "Tensor", z: "Tensor", w: "Weights", *, heads: int = 4) -> "Tensor":
    """Return torch.nn.MultiheadAttention's output of queries from x and keys and values from z."""
    import torch
    from torch.nn.functional import multi_head_attention_forward

    asked, read = x.transpose(0, 1), z.transpose(0, 1)
    found, _ = multi_head_attention_forward(
        asked,
        read,
        read,
        embed_dim_to_check=_WIDTH,
        num_heads=heads,
        in_proj_weight=torch.cat([w[name].T for name in _NAMES[:3]]),
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=w["w_o"].T,
        out_proj_bias=None,
        need_weights=False,
    )
    return found.transpose(0, 1)


def _one_behind(x: "Tensor", z: "Tensor", w: "Weights") -> "Tensor":
    return _library(x, z.roll(1, dims=-1), w)


def _without_the_last(x: "Tensor", z: "Tensor", w: "Weights") -> "Tensor":
    return _library(x, z[:, :-1], w)


def _zero_token(x: "Tensor", z: "Tensor", w: "Weights") -> "Tensor":
    import torch

    return _library(x, torch.cat([z, torch.zeros_like(z[:, :1])], dim=1), w)


def _matrices_not_transposed(x: "Tensor", z: "Tensor", w: "Weights") -> "Tensor":
    return _library(x, z, {name: matrix.T for name, matrix in w.items()})


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, 6, _WIDTH))))


def _one_and_two(x: "Tensor") -> "Sides":
    """Return one head's and two heads' attention between identity projections."""
    import torch

    w = dict.fromkeys(_NAMES, torch.eye(x.shape[-1], dtype=x.dtype))
    return _heads(x, w, 1), _heads(x, w, 2)


def _single_token(x: "Tensor") -> "Sides":
    return _one_and_two(x[:, :1])


def _equal_tokens(x: "Tensor") -> "Sides":
    return _one_and_two(x[:, :1].expand_as(x))


def _equal_halves(x: "Tensor") -> "Sides":
    """Give both heads the same channels, and the smaller heads the logits that the large one has."""
    import torch

    half = x[..., : _WIDTH // 2]
    w = dict.fromkeys(_NAMES, torch.eye(_WIDTH, dtype=x.dtype))
    x = torch.cat([half, half], dim=-1)
    # twice the products over the root of twice the size: the queries of two heads are longer by the root of two
    return _heads(x, w, 1), _heads(x, {**w, "w_q": 2**0.5 * w["w_q"]}, 2)


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        one, two = subject(inputs["x"])
        return {"one head": one, "two heads": two}

    return find_smallest(run, [{"x": (T, 2)} for T in (1, 2, 3)], (0, 1, -1))


CLAIMS = (
    Claim(
        id="multi-head-attention-is-attention-between-four-projections",
        statement=(
            "Multi-head attention is scaled dot-product attention between four projections, its heads taken from "
            "neighbouring columns. With one head and identity projections it is the single attention itself."
        ),
        kind="reduction",
        between=("scaled-dot-product-attention", "multi-head-attention"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.2.2"),
        inputs="normal x and weights, and identity projections; 1 and 4 heads; B 2, T 6, D 8; float64",
        equation=(
            r"\mathrm{MultiHead}(X) = \mathrm{Concat}_i\big(\mathrm{Attention}(X W_i^Q, X W_i^K, X W_i^V)\big) W^O"
        ),
        bound=1e-12,
        why_bound="The same sums of at most eight products: rounding is near 1e-15.",
        pitfall="The root is that of a head's keys, not of the model's width.",
        family="attention",
        check=_check,
        subject=_four_projections,
        wrong_variants={
            "one head, whatever is asked for": _always_one,
            "columns dealt to the heads in turn": _dealt_in_turn,
            "no projection behind the heads": _nothing_out,
            "the root of the whole width": _whole_width,
        },
        executes=("multi-head-attention", "scaled-dot-product-attention"),
    ),
    Claim(
        id="cross-attention-of-a-sequence-with-itself-is-self-attention",
        statement=(
            "Attention from one sequence to another, as the library's layer computes it, is self-attention over all "
            "tokens where the second sequence is the first."
        ),
        kind="reduction",
        between=("self-attention", "cross-attention", "multi-head-attention"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.2.3"),
        inputs="normal x and weights; B 2, T 6, D 8, 4 heads; float64",
        equation=r"\mathrm{softmax}\big(X W^Q (Y W^K)^\top / \sqrt{d_k}\big)\, Y W^V, \qquad Y = X",
        bound=1e-12,
        why_bound="The same sums in another library's order: rounding is near 1e-15.",
        pitfall=(
            "Self-attention that may see the future: a decoder's has a causal mask, between sequences there is none."
        ),
        family="attention",
        check=_check_cross,
        subject=_library,
        wrong_variants={
            "the second sequence with its channels moved on by one": _one_behind,
            "the second sequence without its last token": _without_the_last,
            "a token of zeros added to the second sequence": _zero_token,
            "matrices the other way round": _matrices_not_transposed,
        },
        executes=("multi-head-attention",),
    ),
    Claim(
        id="splitting-attention-into-heads-changes-nothing-but-its-layout",
        statement=(
            "Since heads change neither the parameters nor the cost, splitting attention into two only lays the same "
            "numbers out differently."
        ),
        kind="separation",
        between=("scaled-dot-product-attention", "multi-head-attention"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.2.2"),
        inputs="standard normal x; identity projections, 1 head and 2; B 2, T 6, D 8; float64",
        equation=(
            r"\mathrm{softmax}\Big(\frac{x_t^\top x_s}{\sqrt d}\Big) \;\neq\; "
            r"\mathrm{softmax}\Big(\frac{x_{t,i}^\top x_{s,i}}{\sqrt{d / 2}}\Big), \quad i = 1, 2"
        ),
        bound=1e-12,
        why_bound="Were it so, both would be the same sums, but for rounding.",
        pitfall=(
            "Every head has a softmax of its own; on one token, or on equal ones, no softmax can be told from "
            "another."
        ),
        family="attention",
        check=_check_sides,
        subject=_one_and_two,
        wrong_variants={
            "a single token": _single_token,
            "all tokens equal": _equal_tokens,
            "both heads with the same channels, and their root made up for": _equal_halves,
        },
        executes=("multi-head-attention",),
        expected="refuted",
        smallest=_search,
    ),
)
