"""ResiDual: which block is left when one of its two streams is taken away, and which is not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.normalisation._blocks import at_rest, draw_block, without
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_BLOCKS = 3


def _check_post(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against Post-LN, one block and three in a row."""
    from kb.reference.post_ln import post_ln

    x, stack = draw.normal(2, 8, 16), [draw_block(draw, 16, 32, norms=3) for _ in range(_BLOCKS)]
    apart = []
    for blocks in (stack[:1], stack):
        expected = x
        for w in blocks:
            expected = post_ln(expected, w)
        apart.append(relative(subject(x, blocks), expected))
    return Measurement(find_worst(apart), f"one block {apart[0]:.2g}, {_BLOCKS} blocks {apart[1]:.2g}")


def _check_whole(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against both streams put together of the shipped sub-layers, one block and three."""
    x, stack = draw.normal(2, 8, 16), [draw_block(draw, 16, 32, norms=3) for _ in range(_BLOCKS)]
    apart = [relative(subject(x, blocks), _put_together(x, blocks)) for blocks in (stack[:1], stack)]
    return Measurement(find_worst(apart), f"one block {apart[0]:.2g}, {_BLOCKS} blocks {apart[1]:.2g}")


def _put_together(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from torch.nn.functional import layer_norm

    from kb.reference.multi_head_attention import multi_head_attention
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    sub_layers: tuple[Subject, Subject] = (multi_head_attention, position_wise_feed_forward)
    post, written = x, x
    for w in stack:
        for place, sub_layer in enumerate(sub_layers, start=1):
            found = sub_layer(post, w)
            post = layer_norm(post + found, (16,), w[f"g_{place}"], w[f"c_{place}"], eps=1e-5)
            written = written + found
    return post + layer_norm(written, (16,), stack[-1]["g_3"], stack[-1]["c_3"], eps=1e-5)


def _streams(x: "Tensor", stack: "list[Weights]") -> "tuple[Tensor, Tensor]":
    """Return both streams behind all blocks but the last."""
    from kb.reference.residual_dual import two_streams

    post, dual = x, x
    for w in stack[:-1]:
        post, dual = two_streams(post, dual, w, heads=2, causal=True, activation="relu")
    return post, dual


def _post_only(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from kb.reference.residual_dual import residual_dual

    return residual_dual(_streams(x, stack)[0], stack[-1], output="post")


def _both(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from kb.reference.residual_dual import residual_dual

    if len(stack) == 1:
        return residual_dual(x, stack[0])
    return _post_only(x, stack) + _dual_only(x, stack)


def _dual_only(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from torch.nn.functional import layer_norm

    from kb.reference.residual_dual import two_streams

    post, dual = _streams(x, stack)
    dual = two_streams(post, dual, stack[-1], heads=2, causal=True, activation="relu")[1]
    return layer_norm(dual, x.shape[-1:], stack[-1]["g_3"], stack[-1]["c_3"], eps=1e-5)


def _without_input(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from torch.nn.functional import layer_norm

    from kb.reference.residual_dual import two_streams

    post, written = x, 0 * x
    for w in stack:
        post, written = two_streams(post, written, w, heads=2, causal=True, activation="relu")
    return post + layer_norm(written, x.shape[-1:], stack[-1]["g_3"], stack[-1]["c_3"], eps=1e-5)


def _joined_in_every_block(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from kb.reference.residual_dual import residual_dual

    for w in stack[:-1]:
        x = residual_dual(x, w)
    return residual_dual(x, stack[-1], output="post")


def _normed_again(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from torch.nn.functional import layer_norm

    return layer_norm(_post_only(x, stack), x.shape[-1:], stack[-1]["g_3"], stack[-1]["c_3"], eps=1e-5)


def _pre_ln(x: "Tensor", stack: "list[Weights]") -> "Tensor":
    from kb.reference.pre_ln import pre_ln

    for w in stack:
        x = pre_ln(x, w)
    return x


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw.normal(2, 8, 16), _neutral(draw_block(draw, 16, 32, norms=3)))))


def _neutral(w: "Weights") -> "Weights":
    # all norms alike, so that it cannot be a gain in another place that parts the two
    return {name: one * 0 + float(name[0] == "g") if name[0] in "gc" else one for name, one in w.items()}


def _sides(x: "Tensor", w: "Weights") -> "Sides":
    """Return ResiDual's output without its Post-LN stream, and a Pre-LN block with a norm behind it."""
    from kb.reference.residual_dual import residual_dual

    return residual_dual(x, w, output="dual"), _pre_ln_and_norm(x, w)


def _pre_ln_and_norm(x: "Tensor", w: "Weights") -> "Tensor":
    from torch.nn.functional import layer_norm

    from kb.reference.pre_ln import pre_ln

    return layer_norm(pre_ln(x, w), x.shape[-1:], eps=1e-5)


def _reading_the_second_stream(x: "Tensor", w: "Weights") -> "Sides":
    """Return the second stream of sub-layers that read it normalised, and Pre-LN under the same norm."""
    from torch.nn.functional import layer_norm

    from kb.reference.residual_dual import two_streams

    # one sub-layer at a time: with the network silent a block writes attention's output alone, and the other way
    # round
    attention, network = without(w, "w_2", "b_2"), without(w, "w_o")
    normed = layer_norm(x, x.shape[-1:], eps=1e-5)
    _, dual = two_streams(normed, x, attention, heads=2, causal=True, activation="relu")
    # the block itself normalises what its network reads
    _, dual = two_streams(dual, dual, network, heads=2, causal=True, activation="relu")
    return layer_norm(dual, x.shape[-1:], eps=1e-5), _pre_ln_and_norm(x, w)


def _attention_silent(x: "Tensor", w: "Weights") -> "Sides":
    return _sides(x, without(w, "w_o"))


def _attention_alone_at_rest(x: "Tensor", w: "Weights") -> "Sides":
    return _sides(at_rest(x), without(w, "w_2", "b_2"))


def _search(subject: Subject) -> Example | None:
    """Search one token whose attention is W_O alone, the network silent and W_V the identity."""
    import torch
    from torch.func import vmap

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        x = inputs["x"]
        zeros, ones = x.new_zeros(2), x.new_ones(2)
        fixed = {"w_q": zeros.expand(2, 2), "w_k": zeros.expand(2, 2), "w_v": torch.eye(2, dtype=x.dtype)}
        fixed |= {"w_1": zeros[:, None], "b_1": zeros[:1], "w_2": zeros[None], "b_2": zeros}
        fixed |= {f"g_{place}": ones for place in (1, 2, 3)} | {f"c_{place}": zeros for place in (1, 2, 3)}

        def one(token: "Tensor", w_o: "Tensor") -> "Sides":
            sides: Sides = subject(token[None, None], {**fixed, "w_o": w_o})
            return sides

        # rounded, for a difference that is only epsilon's would show nothing
        dual, pre = (side.round(decimals=2) for side in vmap(one)(x, inputs["w_o"]))
        return {"second stream of ResiDual": dual, "Pre-LN and a norm": pre}

    return find_smallest(run, [{"x": (2,), "w_o": (2, 2)}], {"x": (0, 1, 2), "w_o": (0, 1, -1)})


CLAIMS = (
    Claim(
        id="residual-dual-is-post-ln-and-the-sum-of-all-that-was-written",
        statement=(
            "A stack of ResiDual blocks gives what Post-LN gives, plus one norm of the input and of everything that "
            "the sub-layers of that Post-LN stack have written."
        ),
        kind="equality",
        between=("post-ln", "residual-dual"),
        evidence=Evidence("arxiv:2304.14802", "Section 3"),
        inputs=(
            "normal x and weights, gains around 1, biases around 0; B 2, T 8, D 16, 2 heads, F 32, 1 and 3 blocks; "
            "float64"
        ),
        equation=r"y = x^{post}_L + \mathrm{LN}\Big(x_0 + \sum_l F_l(x^{post}_l)\Big)",
        bound=1e-12,
        why_bound="The same sums of at most 32 products, 6 sub-layers deep: rounding is near 1e-15.",
        family="normalisation",
        check=_check_whole,
        subject=_both,
        wrong_variants={
            "the first stream alone": _post_only,
            "the second stream alone": _dual_only,
            "a norm over both": _normed_again,
            "what was written without the input": _without_input,
        },
        executes=("residual-dual", "multi-head-attention", "position-wise-feed-forward"),
    ),
    Claim(
        id="residual-dual-without-its-second-stream-is-post-ln",
        statement=(
            "A stack of ResiDual blocks whose second stream is left out of the output is a stack of Post-LN blocks "
            "with the same weights."
        ),
        kind="reduction",
        between=("post-ln", "residual-dual"),
        evidence=Evidence("arxiv:2304.14802", "Section 3"),
        inputs="normal x and weights, gains around 1, biases around 0; B 2, T 8, D 16, 2 heads, F 32, 1 and 3 blocks",
        equation=r"y = x^{post}_L, \qquad x^{post}_{l+1} = \mathrm{LN}(x^{post}_l + F_l(x^{post}_l))",
        bound=1e-12,
        why_bound=(
            "Both do the same operations in the same order, so the difference is exactly zero where the library's "
            "kernels are deterministic; the bound leaves room for rounding where they are not."
        ),
        family="normalisation",
        check=_check_post,
        subject=_post_only,
        wrong_variants={
            "the second stream left in": _both,
            "the second stream alone": _dual_only,
            "both streams joined in every block": _joined_in_every_block,
            "the last norm on the first stream": _normed_again,
            "Pre-LN": _pre_ln,
        },
        executes=("residual-dual", "post-ln"),
    ),
    Claim(
        id="residual-dual-without-its-post-stream-is-pre-ln",
        statement=(
            "ResiDual joins Post-LN and Pre-LN, so what is left of it without its Post-LN stream is Pre-LN under the "
            "last norm."
        ),
        kind="separation",
        between=("pre-ln", "residual-dual"),
        evidence=Evidence("arxiv:2304.14802", "Abstract and section 3"),
        inputs="normal x and weights, gains one, shifts zero; B 2, T 8, D 16, 2 heads, F 32; float64",
        equation=r"x^{dual}_{l+1} = x^{dual}_l + F_l(x^{post}_l) \;\neq\; x_l + F_l(\mathrm{LN}(x_l))",
        bound=1e-12,
        why_bound=("Were they the same, they would differ by rounding; they are a tenth and more apart."),
        pitfall=(
            "The sub-layers go on reading the Post-LN stream, whether or not it is part of the output. Only if they "
            "read the normalised second stream is Pre-LN left, and exactly so."
        ),
        family="normalisation",
        check=_check_sides,
        subject=_sides,
        wrong_variants={
            "sub-layers that read the normalised second stream": _reading_the_second_stream,
            "attention silent, so that both networks read the normalised input": _attention_silent,
            "attention alone, on normalised tokens": _attention_alone_at_rest,
        },
        executes=("residual-dual", "pre-ln"),
        expected="refuted",
        smallest=_search,
    ),
)
