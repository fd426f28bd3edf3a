"""Numbers on a shortcut or on a branch, and into which of the block's own matrices they can be moved."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import draw_block
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_ON_THE_SHORTCUT = (1.0, 1.5, 4.0)
_ON_THE_BRANCH = (1.0, 0.3, 0.0, -2.0)
_LAST = ("w_o", "w_2", "b_2")


def _check_deep_norm(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and DeepNorm over several scales of the shortcut."""
    x, w = draw.normal(2, 8, 16), draw_block(draw, 16, 32)
    return Measurement(find_worst(relative(subject(x, w, one), _deep_norm(x, w, one)) for one in _ON_THE_SHORTCUT))


def _deep_norm(x: "Tensor", w: "Weights", scale: float, *, eps: float = 1e-5) -> "Tensor":
    """Return LN(scale x + F(x)) for both sub-layers, with an epsilon that grows with the square of the scale."""
    from torch.nn.functional import layer_norm

    for place, sub_layer in enumerate((_attend, _feed), start=1):
        written = scale * x + sub_layer(x, w)
        x = layer_norm(written, x.shape[-1:], w[f"g_{place}"], w[f"c_{place}"], eps=eps * scale**2)
    return x


def _attend(x: "Tensor", w: "Weights") -> "Tensor":
    """Return causal attention of two heads by torch's kernel."""
    from torch.nn.functional import scaled_dot_product_attention

    q, k, v = ((x @ w[name]).view(*x.shape[:2], 2, -1).transpose(1, 2) for name in ("w_q", "w_k", "w_v"))
    return scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(-2) @ w["w_o"]


def _feed(x: "Tensor", w: "Weights") -> "Tensor":
    from torch.nn.functional import gelu

    return gelu(x @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]


def _times(w: "Weights", factor: float, *names: str) -> "Weights":
    return {**w, **{name: w[name] * factor for name in names}}


def _post(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.post_ln import post_ln

    return post_ln(x, w, activation="gelu")


def _smaller_branches(x: "Tensor", w: "Weights", scale: float) -> "Tensor":
    return _post(x, _times(w, 1 / scale, *_LAST))


def _larger_branches(x: "Tensor", w: "Weights", scale: float) -> "Tensor":
    return _post(x, _times(w, scale, *_LAST))


def _bias_stays(x: "Tensor", w: "Weights", scale: float) -> "Tensor":
    return _post(x, _times(w, 1 / scale, "w_o", "w_2"))


def _attention_alone(x: "Tensor", w: "Weights", scale: float) -> "Tensor":
    return _post(x, _times(w, 1 / scale, "w_o"))


def _larger_input(x: "Tensor", w: "Weights", scale: float) -> "Tensor":
    return _post(scale * x, w)


def _same_epsilon(x: "Tensor", w: "Weights", scale: float) -> "Tensor":
    return _deep_norm(x, w, scale, eps=1e-5 / scale**2)


def _check_rezero(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and x + a F(x) over several scalars, for both sub-layers."""
    x, w = draw.normal(2, 8, 16), draw_block(draw, 16, 32)
    apart = []
    for scalar in _ON_THE_BRANCH:
        expected = x + scalar * _attend(x, w)
        expected = expected + scalar * _feed(expected, w)
        apart.append(relative(subject(x, w, scalar), expected))
    return Measurement(find_worst(apart))


def _residual(x: "Tensor", w: "Weights") -> "Tensor":
    """Return x + F(x) for attention and for the feed-forward network, without any norm."""
    from kb.reference.multi_head_attention import multi_head_attention
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    x = x + multi_head_attention(x, w)
    return x + position_wise_feed_forward(x, w, activation="gelu")


def _in_the_last_matrix(x: "Tensor", w: "Weights", scalar: float) -> "Tensor":
    return _residual(x, _times(w, scalar, *_LAST))


def _scalar_without_bias(x: "Tensor", w: "Weights", scalar: float) -> "Tensor":
    return _residual(x, _times(w, scalar, "w_o", "w_2"))


def _in_the_first_matrix(x: "Tensor", w: "Weights", scalar: float) -> "Tensor":
    return _residual(x, _times(w, scalar, "w_v", "w_1", "b_1"))


def _on_the_sum(x: "Tensor", w: "Weights", scalar: float) -> "Tensor":
    return scalar * _residual(x, w)


def _as_a_gate(x: "Tensor", w: "Weights", scalar: float) -> "Tensor":
    # tied as in a highway network: what the branch gets, the shortcut loses
    return (1 - scalar) * x + scalar * _residual(x, w)


CLAIMS = (
    Claim(
        id="deep-norm-is-post-ln-with-smaller-branches",
        statement=(
            "DeepNorm, and Admin where all entries of its vectors are that number, compute in the forward pass what "
            "Post-LN computes with the last matrix and bias of each branch divided by the scale of the shortcut, if "
            "their epsilon grows with the square of the scale. At a scale of one they are Post-LN as it stands."
        ),
        kind="reduction",
        between=("post-ln", "admin-initialisation", "deep-norm"),
        evidence=Evidence("arxiv:2203.00555", "Definition of DeepNorm"),
        inputs="normal x and weights, gains around 1; scales 1, 1.5 and 4; B 2, T 8, D 16, 2 heads, F 32; float64",
        equation=(
            r"\mathrm{LN}_{\alpha^2 \epsilon}\big(\alpha x + F(x)\big) = "
            r"\mathrm{LN}_{\epsilon}\big(x + \tfrac{1}{\alpha} F(x)\big)"
        ),
        bound=1e-12,
        why_bound="A norm does not see a common factor; what is left is rounding, near 1e-15.",
        pitfall=(
            "Only the forward pass: gradients by the weights are divided as well, and the initialisation that makes "
            "DeepNorm trainable is no part of it. Admin's vectors have entries of their own."
        ),
        papers=("arxiv:2004.08249",),
        family="normalisation",
        check=_check_deep_norm,
        subject=_smaller_branches,
        wrong_variants={
            "branches multiplied": _larger_branches,
            "the bias left as it was": _bias_stays,
            "attention's branch alone": _attention_alone,
            "the input of the block scaled": _larger_input,
            "the same epsilon for every scale": _same_epsilon,
        },
        executes=("post-ln",),
    ),
    Claim(
        id="rezero-is-a-residual-block-with-its-last-matrix-scaled",
        statement=(
            "ReZero's scalar on a branch can be moved into the branch's last matrix and bias: with the scalar one "
            "it is the plain residual block, with zero the identity."
        ),
        kind="reduction",
        between=("residual-connection", "rezero"),
        evidence=Evidence("arxiv:2003.04887", "Abstract"),
        inputs="normal x and weights; scalars 1, 0.3, 0 and -2; B 2, T 8, D 16, 2 heads, F 32; float64",
        equation=r"x + \alpha\, F(x; W_2, b_2) = x + F(x; \alpha W_2, \alpha b_2)",
        bound=1e-12,
        why_bound="Both branches end in a linear map: what is left is rounding, near 1e-15.",
        pitfall=(
            "Training is not the same: at zero the scalar has a gradient of its own, while a branch whose last "
            "matrix is zero passes none on to its other weights."
        ),
        family="normalisation",
        check=_check_rezero,
        subject=_in_the_last_matrix,
        wrong_variants={
            "the bias left as it was": _scalar_without_bias,
            "in the first matrix": _in_the_first_matrix,
            "on the sum": _on_the_sum,
            "taken from the shortcut, as a gate": _as_a_gate,
        },
        executes=("multi-head-attention", "position-wise-feed-forward"),
    ),
)
