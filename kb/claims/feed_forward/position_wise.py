"""The position-wise feed-forward network, read in three other ways: convolutions, a memory, an affine map."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    """Return x (2, 8, 16) and a network of 32 hidden units with biases."""
    w = {"w_1": draw.normal(16, 32, scale=0.25), "b_1": draw.normal(32, scale=0.5)}
    w |= {"w_2": draw.normal(32, 16, scale=0.25), "b_2": draw.normal(16, scale=0.5)}
    return draw.normal(2, 8, 16), w


def _feed(x: "Tensor", w: "Weights", activation: str = "relu") -> "Tensor":
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    return position_wise_feed_forward(x, w, activation=activation)


def _check_convolution(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against two of torch's convolutions of width one, ReLU between them."""
    from torch.nn.functional import conv1d

    x, w = _draw(draw)
    hidden = conv1d(x.transpose(1, 2), w["w_1"].T[..., None], w["b_1"]).relu()
    return Measurement(relative(subject(x, w), conv1d(hidden, w["w_2"].T[..., None], w["b_2"]).transpose(1, 2)))


def _as_shipped(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, w)


def _neighbours_too(x: "Tensor", w: "Weights") -> "Tensor":
    # a convolution of width two: a token's hidden units hear its neighbour as well
    return _feed(x + x.roll(1, dims=1), w)


def _relu_behind(x: "Tensor", w: "Weights") -> "Tensor":
    return ((x @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]).relu()


def _with_gelu(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, w, "gelu")


def _no_inner_bias(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, {**w, "b_1": 0 * w["b_1"]})


def _check_memory(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against a sum over hidden units, each a key that is matched and a value that is added."""
    x, w = _draw(draw)
    keys, values = w["w_1"].T, w["w_2"]
    read = sum((x * key).sum(dim=-1, keepdim=True).relu() * value for key, value in zip(keys, values, strict=True))
    assert not isinstance(read, int)
    return Measurement(relative(subject(x, w), read))


def _without_biases(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, {**w, "b_1": 0 * w["b_1"], "b_2": 0 * w["b_2"]})


def _shares_of_one(x: "Tensor", w: "Weights") -> "Tensor":
    return (x @ w["w_1"]).softmax(dim=-1) @ w["w_2"]


def _shares_of_matches(x: "Tensor", w: "Weights") -> "Tensor":
    match = (x @ w["w_1"]).relu()
    return match / match.sum(dim=-1, keepdim=True) @ w["w_2"]


def _keys_for_values(x: "Tensor", w: "Weights") -> "Tensor":
    return (x @ w["w_2"].T).relu() @ w["w_1"].T


def _best_match_alone(x: "Tensor", w: "Weights") -> "Tensor":
    match = (x @ w["w_1"]).relu()
    return match * (match == match.amax(dim=-1, keepdim=True)) @ w["w_2"]


def _check_affine(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against one affine map of the tokens, where every unit answers every token."""
    x, w = _draw(draw)
    w["b_1"] = w["b_1"] + 1 - (x @ w["w_1"]).amin() - w["b_1"].amin()
    return Measurement(relative(subject(x, w), x @ (w["w_1"] @ w["w_2"]) + w["b_1"] @ w["w_2"] + w["b_2"]))


def _some_units_silent(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, {**w, "b_1": w["b_1"] - w["b_1"].mean()})


def _all_units_silent(x: "Tensor", w: "Weights") -> "Tensor":
    return _feed(x, {**w, "b_1": -2 * w["b_1"]})


CLAIMS = (
    Claim(
        id="feed-forward-network-is-two-convolutions-of-width-one",
        statement=(
            "The position-wise feed-forward network is two convolutions over the sequence of width one with ReLU "
            "between them: no token hears another."
        ),
        kind="equality",
        between=("position-wise-feed-forward",),
        evidence=Evidence("arxiv:1706.03762", "Section 3.3"),
        inputs="normal x, weights and biases; B 2, T 8, D 16, F 32; float64 and float32",
        equation=r"\mathrm{FFN}(x) = \max(0,\, x W_1 + b_1)\, W_2 + b_2",
        bound=1e-12,
        bound_single=1e-5,
        why_bound=(
            "The same sums of 16 and 32 products by other kernels: rounding is near 1e-15, in float32 near 1e-7."
        ),
        family="feed-forward",
        check=_check_convolution,
        subject=_as_shipped,
        wrong_variants={
            "a neighbour heard as well": _neighbours_too,
            "ReLU behind the second map": _relu_behind,
            "GELU for ReLU": _with_gelu,
            "no bias inside": _no_inner_bias,
        },
        executes=("position-wise-feed-forward",),
    ),
    Claim(
        id="feed-forward-network-is-a-key-value-memory",
        statement=(
            "Without biases a feed-forward network is a memory: the columns of its first matrix are keys, the rows "
            "of the second values, and what is read is the sum of values weighted by how far the keys match, "
            "unnormalised."
        ),
        kind="equality",
        between=("position-wise-feed-forward", "ffn-key-value-memory"),
        evidence=Evidence("arxiv:2012.14913", "Section on feed-forward layers as key-value memories"),
        inputs="normal x and weights; B 2, T 8, D 16, 32 keys; float64",
        equation=r"\mathrm{FFN}(x) = \sum_{i=1}^{F} \max(0,\, x \cdot k_i)\, v_i",
        bound=1e-12,
        why_bound="The same 32 products in another order of summing: rounding is near 1e-15.",
        pitfall="The weights do not sum to one and may all be zero: unlike attention, nothing has to be read.",
        family="feed-forward",
        check=_check_memory,
        subject=_without_biases,
        wrong_variants={
            "with its biases": _as_shipped,
            "softmax of the matches": _shares_of_one,
            "matches divided by their sum": _shares_of_matches,
            "keys and values exchanged": _keys_for_values,
            "the best match alone": _best_match_alone,
        },
        executes=("position-wise-feed-forward",),
    ),
    Claim(
        id="feed-forward-network-without-kinks-is-one-affine-map",
        statement=(
            "Where every hidden unit answers every token, a feed-forward network is one affine map, of rank D at "
            "most: all that it can do beyond that comes from units that are silent."
        ),
        kind="reduction",
        between=("relu", "position-wise-feed-forward"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.3, equation 2"),
        inputs="normal x and weights, inner biases raised until all units answer; B 2, T 8, D 16, F 32; float64",
        equation=r"(x W_1 + b_1) W_2 + b_2 = x\,(W_1 W_2) + (b_1 W_2 + b_2)",
        bound=1e-12,
        why_bound="ReLU is the identity there; what is left is the order of sums of 16 and 32 products, near 1e-15.",
        family="feed-forward",
        check=_check_affine,
        subject=_as_shipped,
        wrong_variants={
            "biases of mean zero": _some_units_silent,
            "biases that silence all units": _all_units_silent,
            "GELU for ReLU": _with_gelu,
        },
        executes=("position-wise-feed-forward",),
    ),
)
