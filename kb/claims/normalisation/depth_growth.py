"""How long the vectors in the stream get with depth: Pre-LN's grow by what every branch adds, Post-LN's do not."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.normalisation._stacks import draw_even_block
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WIDTH = 128
_BLOCKS = 12
_STARTS = 8
_DEPTHS = (4, 16, 64)


def _check_lemma(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the stream's mean square leaves [1 + l / 2, 1 + 3 l / 2] behind any block l; negative where
    it stays inside."""
    from torch.nn.functional import layer_norm

    x = layer_norm(draw.normal(32, 4, _WIDTH), (_WIDTH,))
    stack = [draw_even_block(draw, _WIDTH) for _ in range(_BLOCKS)]
    squares = [float(one.square().mean()) for one in subject(x, stack)]
    beyond = find_worst(max(1 + block / 2 - one, one - 1 - 1.5 * block) for block, one in enumerate(squares, start=1))
    return Measurement(beyond, f"behind {_BLOCKS} blocks {squares[-1]:.3g}")


def _run(x: "Tensor", stack: "list[Weights]", *, first: bool = True) -> "list[Tensor]":
    """Return the stream behind every block."""
    from kb.reference.post_ln import post_ln
    from kb.reference.pre_ln import pre_ln

    found = []
    for w in stack:
        x = (pre_ln if first else post_ln)(x, w, heads=1, causal=False)
        found.append(x)
    return found


def _times(stack: "list[Weights]", factor: float, *names: str) -> "list[Weights]":
    return [{**w, **{name: w[name] * factor for name in names}} for w in stack]


def _pre(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _run(x, stack)


def _post(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _run(x, stack, first=False)


def _he(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _run(x, _times(stack, 2**0.5, "w_1", "w_2"))


def _small_branches(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    # weights of GPT-2's start: the last matrix of each branch over the root of their number
    return _run(x, _times(stack, (2 * len(stack)) ** -0.5, "w_o", "w_2"))


def _no_shortcut(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    found = []
    for w in stack:
        x = _run(x, [w])[0] - x
        found.append(x)
    return found


def _check_sums(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the mean square of what the second norm reads is from 3 / 2, over all blocks of all starts."""
    from torch.nn.functional import layer_norm

    squares = []
    for _ in range(_STARTS):
        x = layer_norm(draw.normal(32, 4, _WIDTH), (_WIDTH,))
        sums = subject(x, [draw_even_block(draw, _WIDTH) for _ in range(_BLOCKS)])
        squares += [float(one.square().mean()) for one in sums]
    mean = sum(squares) / len(squares)
    return Measurement(abs(mean / 1.5 - 1), f"{mean:.3f}; single blocks {min(squares):.2f} to {max(squares):.2f}")


def _norm(x: "Tensor") -> "Tensor":
    from kb.reference.layer_normalisation import layer_normalisation

    return layer_normalisation(x, {"g": x.new_ones(_WIDTH), "b": x.new_zeros(_WIDTH)})


def _sums(x: "Tensor", stack: "list[Weights]", *, place: int = 2) -> "list[Tensor]":
    """Return what the first or second norm of every Post-LN block reads."""
    from kb.reference.multi_head_attention import multi_head_attention
    from kb.reference.position_wise_feed_forward import position_wise_feed_forward

    found = []
    for w in stack:
        first = x + multi_head_attention(x, w, heads=1, causal=False)
        z = _norm(first)
        found.append(first if place == 1 else z + position_wise_feed_forward(z, w))
        x = _run(x, [w], first=False)[0]
    return found


def _second_sums(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _sums(x, stack)


def _first_sums(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _sums(x, stack, place=1)


def _second_sums_he(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return _sums(x, _times(stack, 2**0.5, "w_1", "w_2"))


def _normed_sums(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    return [_norm(one) for one in _sums(x, stack)]


def _check_growth(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the stream's mean square is from 1 + L, the worst of 4, 16 and 64 random linear branches."""
    from torch.nn.functional import layer_norm

    x = layer_norm(draw.normal(64, 1, _WIDTH), (_WIDTH,))
    # with one token attention is the linear map W_V; a network that writes nothing is no branch
    stack = _times([draw_even_block(draw, _WIDTH) for _ in range(max(_DEPTHS))], 0.0, "w_2")
    streams = subject(x, stack)
    squares = [float(streams[depth - 1].square().mean()) for depth in _DEPTHS]
    apart = find_worst(abs(one / (1 + depth) - 1) for one, depth in zip(squares, _DEPTHS, strict=True))
    return Measurement(
        apart, ", ".join(f"{one:.3g} behind {depth}" for one, depth in zip(squares, _DEPTHS, strict=True))
    )


def _without_norms(x: "Tensor", stack: "list[Weights]") -> "list[Tensor]":
    from kb.reference.multi_head_attention import multi_head_attention

    found = []
    for w in stack:
        x = x + multi_head_attention(x, w, heads=1)
        found.append(x)
    return found


_INPUTS = "normal tokens, normalised; random blocks, weights of variance 1 / D, uniform attention, no biases; "

CLAIMS = (
    Claim(
        id="pre-ln-stream-grows-between-one-half-and-three-halves-a-block",
        statement=(
            "At the start the mean square of a Pre-LN stream behind block l lies between 1 + l / 2 and 1 + 3 l / 2: "
            "the network adds one half, attention between nothing and one, as its tokens differ or agree."
        ),
        kind="inequality",
        between=("pre-ln",),
        evidence=Evidence("arxiv:2002.04745", "Lemma 2"),
        inputs=_INPUTS + "12 blocks, 32 sequences of 4 tokens, D 128; float64",
        equation=r"\left(1 + \tfrac{l}{2}\right) d \;\le\; \mathbb E \lVert x_l \rVert^2 \;\le\; "
        r"\left(1 + \tfrac{3 l}{2}\right) d",
        bound=0.0,
        why_bound=(
            "The lemma is about expectations; with four tokens a sequence the stream lies well inside, so that the "
            "mean over 128 tokens of 128 channels may fluctuate by some per cent."
        ),
        pitfall=(
            "With a single token attention always adds one, and the stream runs along the upper end. Weights of "
            "variance 2 / D leave it by far."
        ),
        family="normalisation",
        check=_check_lemma,
        subject=_pre,
        wrong_variants={
            "Post-LN": _post,
            "weights of variance 2 / D in the network": _he,
            "branches over the root of their number": _small_branches,
            "without shortcuts": _no_shortcut,
        },
        executes=("pre-ln",),
        cost="trend",
        draws=5,
    ),
    Claim(
        id="post-ln-sums-have-mean-square-three-halves",
        statement=(
            "At the start what the second norm of a Post-LN block reads has a mean square of 3 / 2 within 5 %, on "
            "the average of blocks and starts: one from the normalised shortcut, one half from the network."
        ),
        kind="scaling",
        between=("post-ln",),
        evidence=Evidence("arxiv:2002.04745", "Lemma 2"),
        inputs=_INPUTS + "8 starts of 12 blocks, 32 sequences of 4 tokens, D 128; float64",
        equation=r"\mathbb E \lVert x^{post, 5}_l \rVert^2 = \tfrac{3}{2}\, d",
        bound=0.05,
        why_bound=(
            "ReLU halves the mean square and W_2 keeps it. In a single block it fluctuates by a tenth, since tokens "
            "have grown alike and count as few; over 96 blocks by one per cent."
        ),
        family="normalisation",
        check=_check_sums,
        subject=_second_sums,
        wrong_variants={
            "what the first norm reads": _first_sums,
            "what the second norm writes": _normed_sums,
            "weights of variance 2 / D in the network": _second_sums_he,
            "Pre-LN": _pre,
        },
        executes=("post-ln", "layer-normalisation", "multi-head-attention", "position-wise-feed-forward"),
        cost="trend",
        draws=5,
    ),
    Claim(
        id="pre-ln-stream-grows-by-one-with-every-branch",
        statement=(
            "With random linear branches of gain one the mean square of a Pre-LN stream is 1 + L behind L of them, "
            "within 10 %, from 4 to 64; that of a Post-LN stream stays one."
        ),
        kind="scaling",
        between=("residual-connection", "pre-ln"),
        evidence=Evidence("arxiv:2002.04745", "Lemma 2"),
        inputs="normal tokens, normalised; 4, 16 and 64 random linear branches, 64 tokens, D 128; float64",
        equation=r"\mathbb E \lVert x_L \rVert^2 = (1 + L)\, d",
        bound=0.1,
        why_bound=(
            "Every branch reads a vector of mean square one and adds as much, independent of what is there. Over 64 "
            "tokens of 128 channels the mean fluctuates by one to three per cent."
        ),
        pitfall="Later branches therefore change less and less of what they are added to.",
        family="normalisation",
        check=_check_growth,
        subject=_pre,
        wrong_variants={
            "Post-LN": _post,
            "without norms": _without_norms,
            "branches over the root of their number": _small_branches,
            "without shortcuts": _no_shortcut,
        },
        executes=("pre-ln",),
        cost="trend",
        draws=5,
    ),
)
