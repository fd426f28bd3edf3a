"""The two Transformer blocks against torch's encoder layer, which has both orders of sub-layer and norm."""

from functools import cache
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import draw_block, without
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_HEADS = 4
_NAMES = {
    "self_attn.out_proj.weight": "w_o",
    "linear1.weight": "w_1",
    "linear2.weight": "w_2",
    "linear1.bias": "b_1",
    "linear2.bias": "b_2",
    "norm1.weight": "g_1",
    "norm1.bias": "c_1",
    "norm2.weight": "g_2",
    "norm2.bias": "c_2",
}


def _check_post(subject: Subject, draw: Draw) -> Measurement:
    """Measure output and gradient of the subject against torch's layer with norm_first=False."""
    return _compare(subject, draw, norm_first=False)


def _check_pre(subject: Subject, draw: Draw) -> Measurement:
    """Measure output and gradient of the subject against torch's layer with norm_first=True."""
    return _compare(subject, draw, norm_first=True)


def _compare(subject: Subject, draw: Draw, *, norm_first: bool) -> Measurement:
    import torch

    x, seen, w = draw.normal(2, 8, 16), draw.normal(2, 8, 16), draw_block(draw, 16, 32)
    sides = []
    for block in (subject, lambda x, w: _run_library(x, w, norm_first=norm_first)):
        at = x.clone().requires_grad_()
        y = block(at, w)
        sides.append((y.detach(), torch.autograd.grad((y * seen).sum(), at)[0]))
    (y, slope), (library_y, library_slope) = sides
    apart, steeper = relative(y, library_y), relative(slope, library_slope)
    return Measurement(find_worst([apart, steeper]), f"output {apart:.2g}, gradient {steeper:.2g}")


def _run_library(x: "Tensor", w: "Weights", *, norm_first: bool) -> "Tensor":
    """Return what torch's encoder layer makes of x, in training mode: in use it takes a faster, coarser path."""
    import torch
    from torch.func import functional_call

    weights = {theirs: w[ours].T if w[ours].ndim == 2 else w[ours] for theirs, ours in _NAMES.items()}
    weights["self_attn.in_proj_weight"] = torch.cat([w["w_q"], w["w_k"], w["w_v"]], dim=1).T
    weights |= {"self_attn.in_proj_bias": x.new_zeros(48), "self_attn.out_proj.bias": x.new_zeros(16)}
    mask = torch.ones(8, 8, dtype=torch.bool).triu(1)
    y: Tensor = functional_call(_build_library(norm_first), weights, (x,), {"src_mask": mask})
    return y


@cache
def _build_library(norm_first: bool) -> Any:
    import torch

    # on the meta device nothing is drawn: its own weights are never used
    return torch.nn.TransformerEncoderLayer(
        16, _HEADS, 32, dropout=0.0, batch_first=True, norm_first=norm_first, device="meta"
    )


def _post(x: "Tensor", w: "Weights", *, activation: str = "relu", causal: bool = True) -> "Tensor":
    from kb.reference.post_ln import post_ln

    return post_ln(x, w, heads=_HEADS, causal=causal, activation=activation)


def _pre(x: "Tensor", w: "Weights", *, activation: str = "relu", causal: bool = True) -> "Tensor":
    from kb.reference.pre_ln import pre_ln

    return pre_ln(x, w, heads=_HEADS, causal=causal, activation=activation)


def _norm(x: "Tensor", w: "Weights", place: int) -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, {"g": w[f"g_{place}"], "b": w[f"c_{place}"]})


def _attend(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(x, w, heads=_HEADS)


def _feed(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    return position_wise_feed_forward(x, w)


def _norm_on_the_branch(x: "Tensor", w: "Weights") -> "Tensor":
    # "add and norm" read as: norm, then add
    x = x + _norm(_attend(x, w), w, 1)
    return x + _norm(_feed(x, w), w, 2)


def _one_norm(x: "Tensor", w: "Weights") -> "Tensor":
    z = x + _attend(x, w)
    return _norm(z + _feed(z, w), w, 2)


def _shortcut_of_normed(x: "Tensor", w: "Weights") -> "Tensor":
    x = _norm(x, w, 1)
    x = _norm(x + _attend(x, w), w, 2)
    return x + _feed(x, w)


def _one_norm_for_both(x: "Tensor", w: "Weights") -> "Tensor":
    normed = _norm(x, w, 1)
    return x + _attend(normed, w) + _feed(normed, w)


def _norm_behind(x: "Tensor", w: "Weights") -> "Tensor":
    return _norm(_pre(x, w), w, 2)


def _post_without_bias(x: "Tensor", w: "Weights") -> "Tensor":
    return _post(x, without(w, "b_1"))


def _post_gelu(x: "Tensor", w: "Weights") -> "Tensor":
    return _post(x, w, activation="gelu")


def _pre_gelu(x: "Tensor", w: "Weights") -> "Tensor":
    return _pre(x, w, activation="gelu")


def _post_both_ways(x: "Tensor", w: "Weights") -> "Tensor":
    return _post(x, w, causal=False)


def _pre_both_ways(x: "Tensor", w: "Weights") -> "Tensor":
    return _pre(x, w, causal=False)


_INPUTS = (
    "normal x and weights, gains around 1, biases around 0; B 2, T 8, D 16, 4 heads, F 32, causal; float64, float32"
)
_WHY = "The same sums of 16 and 32 terms by other kernels: rounding is near 1e-15, in float32 near 1e-6."
_PITFALL = "In use, torch's layer takes a fused path that is good to 1e-6 only; it has to be in training mode."

CLAIMS = (
    Claim(
        id="post-ln-is-the-encoder-layer-that-normalises-last",
        statement=(
            "The Post-LN block is torch's encoder layer with norm_first=False and the same weights, in its output "
            "and in the gradient by its input."
        ),
        kind="equality",
        between=("layer-normalisation", "post-ln"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.1 and figure 1"),
        inputs=_INPUTS,
        equation=(
            r"x \leftarrow \mathrm{LN}(x + \mathrm{MHA}(x)), \qquad x \leftarrow \mathrm{LN}(x + \mathrm{FFN}(x))"
        ),
        bound=1e-12,
        bound_single=1e-5,
        why_bound=_WHY,
        pitfall=_PITFALL,
        family="normalisation",
        check=_check_post,
        subject=_post,
        wrong_variants={
            "the norm in front of each sub-layer": _pre,
            "the norm on the branch alone": _norm_on_the_branch,
            "one norm for both sub-layers": _one_norm,
            "GELU for ReLU": _post_gelu,
            "attention to later tokens": _post_both_ways,
            "no bias inside the network": _post_without_bias,
        },
        executes=("post-ln",),
    ),
    Claim(
        id="pre-ln-is-the-encoder-layer-that-normalises-first",
        statement=(
            "The Pre-LN block is torch's encoder layer with norm_first=True and the same weights, in its output and "
            "in the gradient by its input."
        ),
        kind="equality",
        between=("layer-normalisation", "pre-ln"),
        evidence=Evidence("arxiv:2002.04745", "Table 1"),
        inputs=_INPUTS,
        equation=(
            r"x \leftarrow x + \mathrm{MHA}(\mathrm{LN}(x)), \qquad x \leftarrow x + \mathrm{FFN}(\mathrm{LN}(x))"
        ),
        bound=1e-12,
        bound_single=1e-5,
        why_bound=_WHY,
        pitfall=_PITFALL,
        family="normalisation",
        check=_check_pre,
        subject=_pre,
        wrong_variants={
            "the norm on each sum": _post,
            "the shortcut behind the norm": _shortcut_of_normed,
            "one norm for both sub-layers": _one_norm_for_both,
            "a norm behind the block": _norm_behind,
            "GELU for ReLU": _pre_gelu,
            "attention to later tokens": _pre_both_ways,
        },
        executes=("pre-ln",),
    ),
)
