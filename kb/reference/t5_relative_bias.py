r"""T5 relative bias: a learnt number for each head and each bucket of distances, added to the score.

Paper       Raffel, Shazeer, Roberts, Lee, Narang, Matena, Zhou, Li, Liu (2019), arXiv:1910.10683 -- section 2.1
Idea        Near tokens are told apart one by one, far ones in ever wider buckets, and one number a bucket is enough.
Equation    $$ s_{ij} = q_i^\top k_j + b_{\beta(i - j),\,h}, \qquad
            \beta(n) = \begin{cases} \max(n, 0) & n < E \\
            \min\left(N - 1,\; E + \left\lfloor (N - E)\, \frac{\ln(n / E)}{\ln(M / E)} \right\rfloor\right)
            & n \ge E \end{cases} \qquad E = \lfloor N / 2 \rfloor $$
Shapes      q, k (B, T, H, K); b (N, H), N = buckets; scores (B, H, T, T), query by key
Form        position
Weights     b_distance (buckets, H)
Parameters  buckets = 32 in 1..128 (buckets=1 with scaled=true gives scaled-dot-product-attention after its softmax);
            farthest = 128 in 128..4096; bidirectional = false; scaled = false
Assumes     farthest is M: from there on all share the last bucket. The future (j > i, to be masked) counts as
            distance 0; bidirectional=true, for encoders, gives half of the buckets to each side, 0 among those
            behind. With a single bucket a side E is 1. T5 does not divide by sqrt(d_k); its initial weights make up
            for it
Cost        time O(H T^2) beyond the product; N H parameters, which all layers share, any length
Parents     relative-bias -- a number for every distance, no buckets; relative-positions -- a vector for every
            distance, so that the query has a say; scaled-dot-product-attention -- no bias, and the scale back
Leaves out  sharing the table between layers
Checked     T5Attention's buckets in transformers for all distances up to 600, one-sided and two-sided, and its
            biases, with gradients; plain Python for buckets 1 to 9; one token. Mutants killed: distance with the
            other sign, sides swapped, buckets of equal width, rounded up, a third of the buckets exact, last bucket
            never reached, begun again beyond the farthest, bias scaled too, future by its distance
"""

import math

import torch
from torch import Tensor, einsum


def _buckets(distance: Tensor, count: int, farthest: int) -> Tensor:
    # E : distances below it have a bucket each
    exact = max(1, count // 2)
    # (N - E) ln(n / E) / ln(M / E), cut to a whole number : equal ratios of distance are equally many buckets apart
    spread = (count - exact) / math.log(farthest / exact)
    wide = exact + ((distance.clamp(min=exact) / exact).log() * spread).long()
    return torch.where(distance < exact, distance, wide).clamp(max=count - 1)


def t5_relative_bias(
    q: Tensor,
    k: Tensor,
    w: dict[str, Tensor],
    *,
    buckets: int = 32,
    farthest: int = 128,
    bidirectional: bool = False,
    scaled: bool = False,
) -> Tensor:
    """Return scores (B, H, T, T), before mask and softmax."""
    _, T, H, K = q.shape
    assert q.shape == k.shape
    assert w["b_distance"].shape == (buckets, H)

    place = torch.arange(T, device=q.device)
    behind = place[:, None] - place  # i - j
    if bidirectional:
        # the upper half of the table belongs to what lies ahead
        half = buckets // 2
        bucket = _buckets(behind.abs(), max(1, half), farthest) + half * (behind < 0)
    else:
        bucket = _buckets(behind.clamp(min=0), buckets, farthest)
    # q_i k_j
    scores = einsum("bihk,bjhk->bhij", q, k)
    if scaled:
        scores = scores / K**0.5
    # ... + b_{beta(i - j), h}
    return scores + w["b_distance"][bucket].permute(2, 0, 1)
