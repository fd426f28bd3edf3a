"""Attention to some of the tokens: a window, a block and a stride, as masks and as short lists of keys."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_TOKENS, _REACH = 9, 3


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, a mask on all scores, against attention to the few keys that each query reads, for three
    patterns; and for a window over everything against causal attention as it ships."""
    q, k, v = draw.normal(3, 2, _TOKENS, 2, 4)
    apart = [
        relative(subject(q, k, v, seen), _read_few(q, k, v, seen)) for seen in (_window(), _blocks(), _strides())
    ]
    apart.append(relative(subject(q, k, v, _window(_TOKENS)), _attend(q, k, v, causal=True)))
    names = ("a window", "blocks", "strides", "a window over everything")
    return Measurement(
        find_worst(apart), ", ".join(f"{name} {one:.2g}" for name, one in zip(names, apart, strict=True))
    )


def _window(width: int = _REACH) -> "Tensor":
    """Return which keys each query sees (T, T): the last ``width``, its own among them."""
    import torch

    age = torch.arange(_TOKENS)[:, None] - torch.arange(_TOKENS)
    return (age >= 0) & (age < width)


def _blocks() -> "Tensor":
    """Return what the queries of a block see: their own block and the one before, up to themselves."""
    import torch

    block = torch.arange(_TOKENS) // _REACH
    return (block[:, None] - block <= 1) & _window(_TOKENS)


def _strides() -> "Tensor":
    """Return the window, and of the tokens before it every third."""
    import torch

    age = torch.arange(_TOKENS)[:, None] - torch.arange(_TOKENS)
    return _window() | ((age >= 0) & (age % _REACH == 0))


def _attend(q: "Tensor", k: "Tensor", v: "Tensor", *, causal: bool) -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=causal)[0]


def _read_few(q: "Tensor", k: "Tensor", v: "Tensor", seen: "Tensor") -> "Tensor":
    """Return what the shipped attention answers to each query alone, given no other keys than those it sees."""
    import torch

    answers = [_attend(q[:, [t]], k[:, keys], v[:, keys], causal=False) for t, keys in enumerate(seen)]
    return torch.cat(answers, dim=1)


def _scores(q: "Tensor", k: "Tensor") -> "Tensor":
    import torch

    return torch.einsum("bthk,bshk->bhts", q / q.shape[-1] ** 0.5, k)


def _mix(shares: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    return torch.einsum("bhts,bshv->bthv", shares, v)


def _masked(q: "Tensor", k: "Tensor", v: "Tensor", seen: "Tensor") -> "Tensor":
    return _mix(_scores(q, k).masked_fill(~seen, float("-inf")).softmax(dim=-1), v)


def _zero_scores(q: "Tensor", k: "Tensor", v: "Tensor", seen: "Tensor") -> "Tensor":
    return _mix((_scores(q, k) * seen).softmax(dim=-1), v)


def _shares_struck_out(q: "Tensor", k: "Tensor", v: "Tensor", seen: "Tensor") -> "Tensor":
    shares = _scores(q, k).masked_fill(~_window(_TOKENS), float("-inf")).softmax(dim=-1)
    return _mix(shares * seen, v)


def _transposed(q: "Tensor", k: "Tensor", v: "Tensor", seen: "Tensor") -> "Tensor":
    return _masked(q, k, v, seen.T)


def _keys_zero(q: "Tensor", k: "Tensor", v: "Tensor", seen: "Tensor") -> "Tensor":
    """Let all queries see what the last one sees, by setting the other keys and values to zero."""
    kept = seen[-1][:, None, None]
    return _masked(q, k * kept, v * kept, _window(_TOKENS))


CLAIMS = (
    Claim(
        id="sparse-attention-is-attention-with-most-scores-masked",
        statement=(
            "Attention to a window, to blocks or to strides is full attention with all other scores at minus "
            "infinity: each query gets what it would get of the few keys alone. A causal window as long as the text "
            "is causal attention. Scores of zero, or shares struck out after the softmax, are something else."
        ),
        kind="equality",
        between=(
            "scaled-dot-product-attention",
            "sparse-attention",
            "sliding-window-attention",
            "block-local-attention",
        ),
        evidence=Evidence("arxiv:1904.10509", "Section 4"),
        inputs="standard normal q, k, v; B 2, T 9, H 2, K 4; window, block and stride of 3, window of 9; float64",
        equation=(
            r"o_t = \mathrm{softmax}\big(q_t K_{S_t}^\top / \sqrt{d_k}\big) V_{S_t}"
            r"= \mathrm{softmax}\big(q_t K^\top / \sqrt{d_k} + m_t\big) V, \qquad "
            r"m_{ts} = \begin{cases} 0 & s \in S_t \\ -\infty & \text{else} \end{cases}"
        ),
        bound=1e-12,
        why_bound="The same terms, zeros among them on one side: rounding is near 1e-15.",
        pitfall="Equal as a function only: a mask saves nothing, kernels that skip what is masked do.",
        papers=("arxiv:2004.05150", "arxiv:1802.05751"),
        family="attention",
        check=_check,
        subject=_masked,
        wrong_variants={
            "scores of zero for what is not seen": _zero_scores,
            "shares struck out after the softmax": _shares_struck_out,
            "the mask transposed": _transposed,
            "keys and values set to zero": _keys_zero,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
