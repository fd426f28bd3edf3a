"""PanGu-pi: what is left when its additions are taken away."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_NOISE = 0.2
"""Added to every weight, so that gains of one and biases of zero hide nothing."""


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure max |a - b| / max |b| between Pre-LN and the subject without augmented shortcuts, and with two of them
    whose last matrix is zero."""
    from kb.reference.inputs import build_inputs
    from kb.reference.pre_ln import pre_ln
    from kb.reference.registry import get_idea

    settings = {"T": 32, "heads": 4, "n": 1, "shortcuts": 2}
    inputs = build_inputs(get_idea("pangu-pi"), settings, seed=draw.seed)
    x, w = inputs["x"], inputs["w"]
    for name, weight in w.items():
        if not name.startswith("series"):
            w[name] = weight + draw.normal(*weight.shape, scale=_NOISE)
    w["aug_up"] = w["aug_up"] * 0
    expected = pre_ln(x, w, heads=4, activation="gelu")
    apart = find_worst(relative(subject(x, w, shortcuts), expected) for shortcuts in (0, 2))
    return Measurement(apart, "without shortcuts and with two that end in zeros")


def _degenerate(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    from kb.reference.pangu_pi import pangu_pi

    return pangu_pi(x, w, heads=4, n=1, shortcuts=shortcuts)


def _two_activations(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    from kb.reference.pangu_pi import pangu_pi

    twice = {**w, "series_a": w["series_a"].repeat(2), "series_b": w["series_b"].repeat(2)}
    return pangu_pi(x, twice, heads=4, n=2, shortcuts=shortcuts)


def _shifted_activation(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    return _degenerate(x, {**w, "series_b": w["series_b"] + 0.5}, shortcuts)


def _scaled_activation(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    return _degenerate(x, {**w, "series_a": w["series_a"] * 0.5}, shortcuts)


def _no_straight_shortcut(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    # the augmented shortcut read as a replacement: attention's output goes on without x
    return _second_half(_attend(x, w), w)


def _sigmoid_shortcut(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    # Theta = 0 is harmless only where sigma(0) = 0: a sigmoid adds one half to every channel
    return _second_half(x + _attend(x, w) + 0.5 * shortcuts, w)


def _attend(x: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    from torch.nn.functional import layer_norm

    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(layer_norm(x, x.shape[-1:], w["g_1"], w["c_1"], eps=1e-5), w, heads=4)


def _second_half(z: "Tensor", w: "dict[str, Tensor]") -> "Tensor":
    # with W_O = 0 the first half of the block hands z on as it is
    return _degenerate(z, {**w, "w_o": w["w_o"] * 0}, 0)


def _post_norm(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    from kb.reference.post_ln import post_ln

    return post_ln(x, w, heads=4, activation="gelu")


def _relu(x: "Tensor", w: "dict[str, Tensor]", shortcuts: int) -> "Tensor":
    from kb.reference.pre_ln import pre_ln

    return pre_ln(x, w, heads=4, activation="relu")


CLAIMS = (
    Claim(
        id="pangu-pi-reduces-to-pre-ln",
        statement=(
            "A PanGu-pi block without augmented shortcuts (or with shortcuts whose last matrix is zero) and with one "
            "activation, a = 1 and b = 0, is a Pre-LN block: the same norm, GELU and weights give the same output. "
            "It is shown for LayerNorm and a plain feed-forward network; the paper's models take RMSNorm, SwiGLU and "
            "rotary positions from LLaMA instead."
        ),
        kind="reduction",
        between=("augmented-shortcut", "pre-ln", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Equations 4, 5 and 7"),
        inputs="normal x, weights, gains and biases; B 2, T 32, D 16, 4 heads, F 64, R 4; float64",
        bound=1e-12,
        why_bound=(
            "Both blocks then do the same operations in the same order, so the difference is exactly zero where the "
            "library's kernels are deterministic; the bound leaves room for rounding where they are not."
        ),
        family="pre-training",
        check=_check,
        subject=_degenerate,
        wrong_variants={
            "two equal activations": _two_activations,
            "b = 0.5": _shifted_activation,
            "a = 0.5": _scaled_activation,
            "augmented shortcut for the straight one": _no_straight_shortcut,
            "a shortcut with sigma(0) = 1/2": _sigmoid_shortcut,
            "Post-LN order": _post_norm,
            "ReLU for GELU": _relu,
        },
        executes=("pangu-pi", "pre-ln"),
    ),
)
