r"""Online softmax: the maximum and the sum of exponentials in a single pass, by rescaling whenever the maximum grows.

Paper       Milakov, Gimelshein (2018), arXiv:1805.02867 -- section 3, algorithms 1 to 3; blocks: section 3.1
Idea        A sum that was scaled by the wrong maximum is not lost: multiply it by e^{old - new} and go on.
Equation    $$ m_j = \max(m_{j-1}, x_j), \qquad d_j = d_{j-1}\, e^{m_{j-1} - m_j} + e^{x_j - m_j}, \qquad
            y_i = \frac{e^{x_i - m_K}}{d_K} $$
            $$ (m, d) \oplus (m', d') = \left(M,\; d\, e^{m - M} + d'\, e^{m' - M}\right), \qquad M = \max(m, m') $$
Shapes      x, phi (B, T, H, K): the softmax over the K channels; m, d (B, T, H)
Form        features
Parameters  form = online of online | blocks | safe | naive
Assumes     x is finite; minus infinity gets the share zero where a finite entry of its block stands before it, and
            anywhere in safe. All forms agree, except that naive overflows (from 89 on in float32)
Cost        online: each x_j is read twice, once for m and d and once for y, where safe reads it three times; blocks:
            as online, but a tree of depth log K, whose leaves are blocks of any size
Parents     none among the ideas here: the softmax with its maximum taken in a pass of its own (form=safe). As
            features of keys and queries a softmax makes efficient-attention
Leaves out  the fusion with a search for the k largest (the paper's section 4); the values that the shares are for,
            which flash-attention accumulates in the same pass
Checked     torch.softmax, with gradients, on falling, rising and constant rows, for all forms; logits in the
            thousands; one channel; blocks merged in any order; the maxima that each form takes are counted. Mutants
            killed: no rescaling, rescaled the wrong way round, new term under the old maximum, last entry for the
            maximum, maximum not kept, blocks added without rescaling, one of two blocks rescaled (d_0 may be any
            number: m_0 takes it out)
"""

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]


def _naive(x: Tensor) -> Pair:
    # no maximum at all: e^{x_j} as it is
    return torch.zeros_like(x[..., 0]), x.exp().sum(dim=-1)


def _safe(x: Tensor) -> Pair:
    m = x.amax(dim=-1)
    return m, (x - m[..., None]).exp().sum(dim=-1)


def _online(x: Tensor) -> Pair:
    m, d = torch.full_like(x[..., 0], float("-inf")), torch.zeros_like(x[..., 0])
    for x_j in x.unbind(dim=-1):
        # m_j = max(m_{j-1}, x_j)
        higher = torch.maximum(m, x_j)
        # d_j = d_{j-1} e^{m_{j-1} - m_j} + e^{x_j - m_j} : the sum so far moves to the new scale
        d = d * (m - higher).exp() + (x_j - higher).exp()
        m = higher
    return m, d


def merge(one: Pair, other: Pair) -> Pair:
    """Return m and d of two blocks side by side, from those of each: associative, and in any order."""
    m = torch.maximum(one[0], other[0])
    return m, one[1] * (one[0] - m).exp() + other[1] * (other[0] - m).exp()


def _blocks(x: Tensor) -> Pair:
    K = x.shape[-1]
    if K == 1:
        return x[..., 0], torch.ones_like(x[..., 0])
    # halves of halves, each with its own maximum, joined on the way back
    return merge(_blocks(x[..., : K // 2]), _blocks(x[..., K // 2 :]))


def online_softmax(x: Tensor, *, form: str = "online") -> Tensor:
    """Return phi (B, T, H, K), positive with sum one over the channels."""
    assert x.dim() == 4

    m, d = {"online": _online, "blocks": _blocks, "safe": _safe, "naive": _naive}[form](x)
    # y_i = e^{x_i - m_K} / d_K : the second reading
    return (x - m[..., None]).exp() / d[..., None]
