"""PanGu-pi's two parts by themselves: the series of activations, and the shortcut whose weights are zero."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import draw_block, without
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    """Return x (2, 8, 16) and a block with two augmented shortcuts and three activations."""
    w = draw_block(draw, 16, 32)
    w |= {"aug_down": draw.normal(2, 16, 4, scale=0.25), "aug_up": draw.normal(2, 4, 16, scale=0.5)}
    w |= {"series_a": draw.uniform(0.5, 2, 3), "series_b": draw.normal(3)}
    return draw.normal(2, 8, 16), w


def _check_series(subject: Subject, draw: Draw) -> Measurement:
    """Measure what the subject's network adds to x against GELU's network: one activation, then three equal ones."""
    from torch.nn.functional import layer_norm

    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    x, w = _draw(draw)
    normed = layer_norm(x, (16,), w["g_2"], w["c_2"], eps=1e-5)
    plain = position_wise_feed_forward(normed, {**w, "b_2": 0 * w["b_2"]}, activation="gelu")
    apart = [relative(subject(x, w, n) - x - w["b_2"], n * plain) for n in (1, 3)]
    return Measurement(find_worst(apart), f"one {apart[0]:.2g}, three {apart[1]:.2g}")


def _series(x: "Tensor", w: "Weights", n: int) -> "Tensor":
    """Return the block with its attention silent, without shortcuts of the augmented kind."""
    from kb.reference.pangu_pi import pangu_pi

    return pangu_pi(x, without(w, "w_o"), n=n, shortcuts=0)


def _ones_and_zeros(x: "Tensor", w: "Weights", n: int) -> "Tensor":
    return _series(x, {**w, "series_a": 0 * w["series_a"] + 1, "series_b": 0 * w["series_b"]}, n)


def _scales_left(x: "Tensor", w: "Weights", n: int) -> "Tensor":
    return _series(x, {**w, "series_b": 0 * w["series_b"]}, n)


def _shifts_left(x: "Tensor", w: "Weights", n: int) -> "Tensor":
    return _series(x, {**w, "series_a": 0 * w["series_a"] + 1}, n)


def _in_sequence(x: "Tensor", w: "Weights", n: int) -> "Tensor":
    from torch.nn.functional import gelu, layer_norm

    hidden = layer_norm(x, (16,), w["g_2"], w["c_2"], eps=1e-5) @ w["w_1"] + w["b_1"]
    for _ in range(n):
        hidden = gelu(hidden)
    return x + hidden @ w["w_2"] + w["b_2"]


def _mean(x: "Tensor", w: "Weights", n: int) -> "Tensor":
    added = _ones_and_zeros(x, w, n) - x - w["b_2"]
    return x + added / n + w["b_2"]


def _check_whole(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against both equations written out, with two shortcuts and three terms."""
    from torch.nn.functional import gelu, layer_norm

    from kb.reference.multi_head_attention import multi_head_attention

    x, w = _draw(draw)
    normed = layer_norm(x, (16,), w["g_1"], w["c_1"], eps=1e-5)
    z = multi_head_attention(normed, w) + x
    for down, up in zip(w["aug_down"], w["aug_up"], strict=True):
        z = z + gelu(x @ down) @ up
    hidden = layer_norm(z, (16,), w["g_2"], w["c_2"], eps=1e-5) @ w["w_1"] + w["b_1"]
    terms = [gelu(a * hidden + b) for a, b in zip(w["series_a"], w["series_b"], strict=True)]
    return Measurement(relative(subject(x, w), z + (terms[0] + terms[1] + terms[2]) @ w["w_2"] + w["b_2"]))


def _whole(x: "Tensor", w: "Weights", *, n: int = 3, shortcuts: int = 2) -> "Tensor":
    from kb.reference.pangu_pi import pangu_pi

    return pangu_pi(x, w, n=n, shortcuts=shortcuts)


def _one_shortcut(x: "Tensor", w: "Weights") -> "Tensor":
    return _whole(x, w, shortcuts=1)


def _two_terms(x: "Tensor", w: "Weights") -> "Tensor":
    return _whole(x, w, n=2)


def _straight_left_out(x: "Tensor", w: "Weights") -> "Tensor":
    written = _whole(x, without(w, "w_2", "b_2")) - x
    return _series_of(written, w)


def _after_attention(x: "Tensor", w: "Weights") -> "Tensor":
    from torch.nn.functional import gelu

    z = _whole(x, without(w, "w_2", "b_2"), shortcuts=0)
    for down, up in zip(w["aug_down"], w["aug_up"], strict=True):
        z = z + gelu(z @ down) @ up
    return _series_of(z, w)


def _series_of(z: "Tensor", w: "Weights") -> "Tensor":
    """Return what the second half of the block makes of what the first half has written."""
    return _whole(z, without(w, "w_o"), shortcuts=0)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw))))


def _sides(x: "Tensor", w: "Weights", activation: "Callable[[Tensor], Tensor] | None" = None) -> "Sides":
    """Return the block without augmented shortcuts, and with one whose matrix is zero."""
    import torch

    from kb.reference.pangu_pi import pangu_pi

    plain, silent = pangu_pi(x, w, n=1, shortcuts=0), without(w, "w_2", "b_2")
    # the network reads what attention, x and the shortcut have written, so the shortcut goes in before it
    written = pangu_pi(x, silent, n=1, shortcuts=0) + (activation or torch.sigmoid)(x @ (0 * w["w_q"]))
    return plain, pangu_pi(written, without(w, "w_o"), n=1, shortcuts=0)


def _gelu(x: "Tensor", w: "Weights") -> "Sides":
    from torch.nn.functional import gelu

    return _sides(x, w, gelu)


def _tanh(x: "Tensor", w: "Weights") -> "Sides":
    return _sides(x, w, lambda z: z.tanh())


def _shipped_bottleneck(x: "Tensor", w: "Weights") -> "Sides":
    from kb.reference.pangu_pi import pangu_pi

    narrow = without(w, "aug_down")
    return pangu_pi(x, narrow, n=1, shortcuts=0), pangu_pi(x, narrow, n=1, shortcuts=2)


def _shifted_sigmoid(x: "Tensor", w: "Weights") -> "Sides":
    return _sides(x, w, lambda z: z.sigmoid() - 0.5)


def _search(subject: Subject) -> Example | None:
    """Search one token of two channels, attention and network silent: what is left is x and the shortcut."""
    from torch.func import vmap

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        zeros = inputs["x"].new_zeros(2, 2)
        fixed = dict.fromkeys(("w_q", "w_k", "w_v", "w_o", "w_1", "w_2"), zeros)
        fixed |= dict.fromkeys(("b_1", "b_2", "c_1", "c_2", "series_b"), zeros[0])
        fixed |= dict.fromkeys(("g_1", "g_2", "series_a"), zeros[0] + 1)
        fixed |= dict.fromkeys(("aug_down", "aug_up"), zeros[None])

        def block(token: "Tensor") -> "Sides":
            sides: Sides = subject(token[None, None], fixed)
            return sides

        plain, shortcut = vmap(block)(inputs["x"])
        return {"no augmented shortcut": plain, "the sigmoid of one that is zero": shortcut}

    return find_smallest(run, [{"x": (2,)}])


CLAIMS = (
    Claim(
        id="pangu-pi-adds-bent-shortcuts-and-terms",
        statement=(
            "PanGu-pi's block adds to attention its input and the bent maps of that input, and in its network adds "
            "up activations of one hidden layer, each with its own scale and shift."
        ),
        kind="equality",
        between=("augmented-shortcut", "series-activation", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Equations 4, 5 and 7"),
        inputs=(
            "normal x and weights, scales 0.5 to 2; 2 shortcuts, 3 terms; B 2, T 8, D 16, 2 heads, F 32, R 4; float64"
        ),
        equation=r"Z' = \mathrm{MSA}(\mathrm{LN}(Z)) + Z + \sum_i \sigma(Z \Theta_i), \qquad "
        r"\sigma_s(x) = \sum_i \sigma(a_i x + b_i)",
        bound=1e-12,
        why_bound="The same sums of at most 32 products: rounding is near 1e-15.",
        pitfall="The equations are printed without a norm; here attention and network read normalised tokens.",
        family="pre-training",
        check=_check_whole,
        subject=_whole,
        wrong_variants={
            "one shortcut of two": _one_shortcut,
            "two terms of three": _two_terms,
            "the straight shortcut replaced": _straight_left_out,
            "shortcuts around what attention has written": _after_attention,
        },
        executes=("pangu-pi", "multi-head-attention"),
    ),
    Claim(
        id="series-activation-of-equal-terms-is-that-many-gelus",
        statement=(
            "PanGu-pi's series activation of one term, with scale one and shift zero, is GELU; of n such terms it "
            "is n times GELU, since the terms are added and not averaged."
        ),
        kind="reduction",
        between=("gelu", "series-activation", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Equation 7"),
        inputs="normal x, weights, gains and biases; 1 and 3 terms; B 2, T 8, D 16, F 32, attention silent; float64",
        equation=r"\sigma_s(x) = \sum_{i=1}^{n} \sigma(a_i x + b_i), \qquad a_i = 1,\ b_i = 0: \quad n\, \sigma(x)",
        bound=1e-12,
        why_bound="The same operations; taking x away again to see the branch alone rounds near 1e-15.",
        pitfall="VanillaNet gives the name to another thing: a convolution over neighbours behind ReLU.",
        family="pre-training",
        check=_check_series,
        subject=_ones_and_zeros,
        wrong_variants={
            "other scales": _scales_left,
            "other shifts": _shifts_left,
            "one activation after another": _in_sequence,
            "the mean for the sum": _mean,
        },
        executes=("pangu-pi", "position-wise-feed-forward"),
    ),
    Claim(
        id="a-shortcut-of-zero-weights-adds-nothing",
        statement=(
            "With the matrix of its augmented shortcut zero, a PanGu-pi block is the plain one, whatever activation "
            "the shortcut has."
        ),
        kind="separation",
        between=("residual-connection", "augmented-shortcut", "pangu-pi"),
        evidence=Evidence("arxiv:2312.17276", "Equations 4 and 5"),
        inputs="normal x, weights, gains and biases; a shortcut sigma(x 0); B 2, T 8, D 16, 2 heads, F 32; float64",
        equation=r"\Theta = 0: \qquad \sigma(Z \Theta) = \sigma(0)",
        bound=1e-12,
        why_bound="Were it so, both blocks would do the same, and differ by rounding at most.",
        pitfall=(
            "It holds for GELU, and for any activation that is zero at zero. A sigmoid adds one half to every "
            "channel; a bottleneck that ends in a matrix is safe with any."
        ),
        family="pre-training",
        check=_check_sides,
        subject=_sides,
        wrong_variants={
            "GELU": _gelu,
            "tanh": _tanh,
            "a sigmoid less one half": _shifted_sigmoid,
            "the bottleneck, its first matrix zero": _shipped_bottleneck,
        },
        executes=("pangu-pi",),
        expected="refuted",
        smallest=_search,
    ),
)
