r"""Scaled dot-product attention: every token reads a mean of all values, weighted by how well the keys fit.

Paper       Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin (2017), arXiv:1706.03762 --
            section 3.2.1, equation 1
Idea        Ask every key at once, turn the answers into shares that sum to one, mix the values by them.
Equation    $$ \mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V $$
Shapes      q (B, T, H, K); k (B, S, H, K); v (B, S, H, V); o (B, T, H, V); state: the keys and values so far
Form        mixer
Parameters  causal = true
Assumes     S >= T, and the queries are the last T of the S tokens (F.scaled_dot_product_attention with is_causal
            takes them for the first T: the two agree only where S = T)
Cost        time O(T S (K + V)); state O(S (K + V)), which grows with every token
Parents     multiplicative-attention -- leave out the division by the square root of d_k
Leaves out  projections, padding mask, dropout
Checked     F.scaled_dot_product_attention and a loop over single queries, with gradients; one token; logits in the
            thousands; a run in two parts equals the whole run. Mutants killed: no scale, scale d_k, mask one early,
            mask one late, softmax over the queries, earlier keys dropped
"""

import torch
from torch import Tensor, einsum


def scaled_dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, state: tuple[Tensor, Tensor] | None = None, *, causal: bool = True
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return outputs o (B, T, H, V) and all keys and values, which the next token will have to read again."""
    if state is not None:
        k, v = torch.cat([state[0], k], dim=1), torch.cat([state[1], v], dim=1)
    T, S, K = q.shape[1], k.shape[1], q.shape[3]
    assert k.shape == (q.shape[0], S, q.shape[2], K)
    assert v.shape[:3] == k.shape[:3]
    assert S >= T

    # Q K^T / sqrt(d_k) : without the root the logits' variance is d_k, and softmax saturates
    scores = einsum("bthk,bshk->bhts", q, k) / K**0.5
    if causal:
        # query t is token S - T + t; what comes after it gets the share exp(-inf) = 0
        future = torch.ones(T, S, dtype=torch.bool).triu(S - T + 1)
        scores = scores.masked_fill(future, float("-inf"))
    # softmax(...) : the shares of one query sum to one over the keys
    shares = scores.softmax(dim=-1)
    # ... V
    return einsum("bhts,bshv->bthv", shares, v), (k, v)
