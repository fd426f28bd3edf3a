r"""Grouped-query attention: heads in groups, and one head of keys and values for each group.

Paper       Ainslie, Lee-Thorp, de Jong, Zemlyanskiy, Lebron, Sanghai (2023), arXiv:2305.13245 -- section 2
Idea        Between keys for every head and keys for all lies a number that can be chosen.
Equation    $$ o_h = \mathrm{softmax}\left(\frac{Q_h \bar K_{j}^\top}{\sqrt{d_k}}\right) \bar V_{j}, \qquad
            j = \left\lceil \frac{h\,G}{H} \right\rceil, \qquad
            \bar K_j = \frac{G}{H} \sum_{h \in \text{group } j} K_h, \quad \bar V_j \text{ likewise} $$
Shapes      q (B, T, H, K); k (B, S, H, K); v (B, S, H, V); o (B, T, H, V); state: keys (B, S, G, K) and values
            (B, S, G, V), G = groups
Form        mixer
Parameters  groups = 1 in 1..16 (groups=1 gives multi-query-attention, as many as there are heads
            scaled-dot-product-attention);
            causal = true
Assumes     groups divide H; neighbouring heads make a group. A mixer is given keys for every head: a group's are
            their mean, which is how the paper turns a trained multi-head model into a grouped one (section 2.1), and
            which changes nothing where all heads of a group are given the same. The queries are the last T of the S
            tokens
Cost        time O(T S H (K + V)), as before; state O(S G (K + V)), a fraction G / H of multi-head attention's
Parents     multi-head-attention -- as many groups as heads; multi-query-attention -- one group
Leaves out  projections; the further training that follows the conversion; padding mask, dropout
Checked     F.scaled_dot_product_attention with enable_gqa, the repetition of heads of LLaMA in transformers, and a
            loop over single queries, with gradients; one token; logits in the thousands; a run in two parts equals
            the whole run; size of the state. Mutants killed: heads dealt to the groups in turn, queries dealt in
            turn, groups given back in turn, sum for mean, first head of a group alone, keys of the first group for
            all, no scale, mask one late
"""

import torch
from torch import Tensor, einsum


def grouped_query_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    state: tuple[Tensor, Tensor] | None = None,
    *,
    groups: int = 1,
    causal: bool = True,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return outputs o (B, T, H, V), and keys (B, S, G, K) and values (B, S, G, V) of the groups so far."""
    B, T, H, K = q.shape
    assert H % groups == 0, "the groups must divide the heads"
    # K_bar_j and V_bar_j : H / G neighbours become one
    k, v = (x.reshape(B, T, groups, H // groups, -1).mean(dim=3) for x in (k, v))
    if state is not None:
        k, v = torch.cat([state[0], k], dim=1), torch.cat([state[1], v], dim=1)
    S = k.shape[1]
    assert k.shape == (B, S, groups, K)
    assert v.shape[:3] == k.shape[:3]

    # Q_h K_bar_j^T / sqrt(d_k) : the n heads of group g meet the same keys
    grouped = q.reshape(B, T, groups, H // groups, K)
    scores = einsum("btgnk,bsgk->bgnts", grouped, k) / K**0.5
    if causal:
        future = torch.ones(T, S, dtype=torch.bool, device=q.device).triu(S - T + 1)
        scores = scores.masked_fill(future, float("-inf"))
    # softmax(...) V_bar_j, and the heads in a row again
    return einsum("bgnts,bsgv->btgnv", scores.softmax(dim=-1), v).flatten(2, 3), (k, v)
