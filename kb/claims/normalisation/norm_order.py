"""Where a block normalises: in front of its sub-layers or behind the sum. It is no matter of taste."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import at_rest, draw_block, without
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_NORMS = ("g_1", "c_1", "g_2", "c_2")


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    x, w = draw.normal(1, 8, 16), draw_block(draw, 16, 32)
    return Measurement(relative(*subject(x, {**w, **_neutral(x)})))


def _neutral(x: "Tensor") -> "Weights":
    """Return norms of gain one and shift zero, so that nothing but their place is compared."""
    return {name: x.new_full(x.shape[-1:], float(name[0] == "g")) for name in _NORMS}


def _post(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.post_ln import post_ln

    return post_ln(x, w, heads=1)


def _pre(x: "Tensor", w: "Weights") -> "Tensor":
    """Return the Pre-LN block with the norm behind it that its stacks end in."""
    from torch.nn.functional import layer_norm

    from kb.reference.pre_ln import pre_ln

    return layer_norm(pre_ln(x, w, heads=1), x.shape[-1:], eps=1e-5)


def _outputs(x: "Tensor", w: "Weights") -> "Sides":
    return _post(x, w), _pre(x, w)


def _one_sub_layer_at_rest(x: "Tensor", w: "Weights") -> "Sides":
    return _outputs(at_rest(x), without(w, "w_o"))


def _nothing_written(x: "Tensor", w: "Weights") -> "Sides":
    return _outputs(at_rest(x), without(w, "w_o", "w_2", "b_2"))


def _gradients(x: "Tensor", w: "Weights") -> "Sides":
    """Return the gradients of the first token's first channel by W_2 in both blocks."""
    import torch

    def slope(block: "Callable[[Tensor, Weights], Tensor]") -> "Tensor":
        at = w["w_2"].detach().requires_grad_()
        return torch.autograd.grad(block(x, {**w, "w_2": at})[0, 0, 0], at)[0]

    return slope(_post), slope(_pre)


def _gradients_at_rest(x: "Tensor", w: "Weights") -> "Sides":
    return _gradients(at_rest(x), without(w, "w_o"))


def _gradients_of_same_sums(x: "Tensor", w: "Weights") -> "Sides":
    # the norm behind Pre-LN's last sum is that of a token as long as Post-LN's, where nothing was written before
    return _gradients(at_rest(x), without(w, "w_o", "b_2"))


def _search_outputs(subject: Subject) -> Example | None:
    allowed = {"x": (0, 1), "w_1": (0, 1), "w_2": (0, 1, 2)}
    return _search(subject, 2, ("Post-LN", "Pre-LN and a norm"), allowed)


def _search_gradients(subject: Subject) -> Example | None:
    # two channels behind a norm are always 1 and -1, and have no gradient: it takes three
    allowed = {"x": (0, 1), "w_1": (0, 1), "w_2": (0,)}
    return _search(subject, 3, ("by W_2 in Post-LN", "by W_2 in Pre-LN"), allowed)


def _search(
    subject: Subject, width: int, names: tuple[str, str], allowed: "Mapping[str, Sequence[float]]"
) -> Example | None:
    """Search one token and one hidden unit, attention silent, all biases zero."""
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        x = inputs["x"]
        silent = {name: x.new_zeros(width, width) for name in ("w_q", "w_k", "w_v", "w_o")}
        fixed = {**silent, **_neutral(x), "b_1": x.new_zeros(1), "b_2": x.new_zeros(width)}
        pairs = [
            subject(token[None, None], {**fixed, "w_1": w_1, "w_2": w_2})
            for token, w_1, w_2 in zip(x, inputs["w_1"], inputs["w_2"], strict=True)
        ]
        # rounded, for a difference that is only epsilon's would show nothing
        sides = (torch.stack(side).round(decimals=2) for side in zip(*pairs, strict=True))
        return dict(zip(names, sides, strict=True))

    return find_smallest(run, [{"x": (width,), "w_1": (width, 1), "w_2": (1, width)}], allowed)


_INPUTS = "normal x and weights, gains one, shifts zero; T 8, D 16, one head, F 32; float64"

CLAIMS = (
    Claim(
        id="pre-ln-and-a-last-norm-are-post-ln",
        statement=(
            "The norm may stand in front of a sub-layer or behind the sum: with the norm that a Pre-LN stack ends "
            "in, both blocks compute the same from the same weights."
        ),
        kind="separation",
        between=("post-ln", "pre-ln"),
        evidence=Evidence("arxiv:2002.04745", "Table 1"),
        inputs=_INPUTS,
        equation=r"\mathrm{LN}(x + F(x)) \neq \mathrm{LN}\big(x + F(\mathrm{LN}(x))\big)",
        bound=1e-12,
        why_bound="Were the order free, both would be the same sums, but for rounding.",
        pitfall=(
            "For one sub-layer and tokens that the norm leaves as they are, the two agree exactly; they part at the "
            "second sub-layer, where Post-LN has normalised the sum and Pre-LN has not."
        ),
        family="normalisation",
        check=_check,
        subject=_outputs,
        wrong_variants={
            "one sub-layer, on normalised tokens": _one_sub_layer_at_rest,
            "sub-layers that write nothing, on normalised tokens": _nothing_written,
        },
        executes=("post-ln", "pre-ln"),
        expected="refuted",
        smallest=_search_outputs,
    ),
    Claim(
        id="the-order-of-the-norm-leaves-gradients-alone",
        statement=(
            "Moving the norm from the sum to the branch leaves the gradient alone that reaches the last matrix of "
            "the feed-forward network."
        ),
        kind="separation",
        between=("post-ln", "pre-ln"),
        evidence=Evidence("arxiv:2002.04745", "Theorem 1"),
        inputs=_INPUTS,
        bound=1e-12,
        why_bound="Were they the same gradients, they would differ by rounding.",
        pitfall=(
            "One block shows only that they differ. That Pre-LN's shrink with the root of the depth is a trend over "
            "stacks of random blocks."
        ),
        family="normalisation",
        check=_check,
        subject=_gradients,
        wrong_variants={
            "one sub-layer, on normalised tokens": _gradients_at_rest,
            "the same without its outer bias": _gradients_of_same_sums,
        },
        executes=("post-ln", "pre-ln"),
        expected="refuted",
        smallest=_search_gradients,
    ),
)
