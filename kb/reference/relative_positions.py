r"""Relative positions: a learnt vector for every distance, added to the key before the query meets it.

Paper       Shaw, Uszkoreit, Vaswani (2018), arXiv:1803.02155 -- section 3, equation 4 and the clipping of section 3.2
Idea        Ask how far apart two tokens are, not where they stand, and beyond some distance do not ask any more.
Equation    $$ s_{ij} = \frac{q_i^\top \left(k_j + a_{\mathrm{clip}(j - i)}\right)}{\sqrt{d_k}}, \qquad
            \mathrm{clip}(n) = \max(-r, \min(r, n)) $$
Shapes      q, k (B, T, H, K); a: 2 r + 1 vectors of K channels, r = reach; scores (B, H, T, T), query by key
Form        position
Weights     a_behind, a_ahead (reach, K); a_here (1, K)
Parameters  reach = 4 in 0..256 (reach=0 gives scaled-dot-product-attention after its softmax: one vector for all keys
            moves a whole row);
            scaled = true
Assumes     the table of the paper is a_behind (distances -r to -1), a_here (0), a_ahead (1 to r), one under the
            other; all heads share it. n = j - i is negative for what came before. The paper divides by sqrt(d_k)
            inside
Cost        time O(T K r) beyond the scores, for each query meets each of the 2 r + 1 vectors once (equation 5), not
            one a pair; (2 r + 1) K parameters, any length
Parents     scaled-dot-product-attention -- leave out a; sinusoidal-positions -- a fixed vector for each place, not
            for each distance
Leaves out  the same for values: o_i = sum over j of the shares times (v_j + a'_{clip(j - i)}). Transformer-XL
            computes the vectors from sinusoids and adds two biases: segment-recurrence has that form
Checked     pair by pair in float64, with gradients; torch's embedding lookup of the whole (T, T, K) table; distances
            beyond reach; one token; at reach 0 the softmax of the plain scores. Mutants killed: distance i - j,
            clipped one early, counted round instead of clipped, not scaled, vectors alone not scaled, vector on the
            query, ahead and behind swapped, nothing beyond reach, a number for a vector
"""

import torch
from torch import Tensor, einsum


def relative_positions(q: Tensor, k: Tensor, w: dict[str, Tensor], *, reach: int = 4, scaled: bool = True) -> Tensor:
    """Return scores (B, H, T, T), before mask and softmax."""
    assert q.shape == k.shape
    B, T, H, K = q.shape
    assert w["a_behind"].shape == w["a_ahead"].shape == (reach, K)
    assert w["a_here"].shape == (1, K)

    # a_{-r}, ..., a_0, ..., a_r : (2 r + 1, K)
    a = torch.cat([w["a_behind"], w["a_here"], w["a_ahead"]])
    # clip(j - i), counted from row 0 of the table
    place = torch.arange(T, device=q.device)
    row = (place - place[:, None]).clamp(-reach, reach) + reach
    # q_i a_n : every query asks every distance once, and each pair looks up its own
    by_distance = einsum("bihk,nk->bhin", q, a)
    position = by_distance.gather(-1, row.expand(B, H, T, T))
    # q_i k_j + q_i a_{clip(j - i)} = q_i (k_j + a)
    scores = einsum("bihk,bjhk->bhij", q, k) + position
    return scores / K**0.5 if scaled else scores
