r"""Multi-query attention: every head asks a question of its own, and all read the same keys and values.

Paper       Shazeer (2019), arXiv:1911.02150 -- section 3
Idea        Decoding waits for keys and values to be read, so keep one set of them for all heads.
Equation    $$ o_{h} = \mathrm{softmax}\left(\frac{Q_h \bar K^\top}{\sqrt{d_k}}\right) \bar V, \qquad
            \bar K = \frac{1}{H} \sum_{h} K_h, \quad \bar V = \frac{1}{H} \sum_{h} V_h $$
Shapes      q (B, T, H, K); k (B, S, H, K); v (B, S, H, V); o (B, T, H, V); state: one shared head of keys (B, S, K)
            and of values (B, S, V)
Form        mixer
Parameters  causal = true
Assumes     a mixer is given keys for every head: the shared head is their mean, which is how grouped-query-attention
            turns a trained model into this one (the mean of projections projects to the mean). Where all heads are
            given the same keys and values, as a model built with one head of them has it, the mean changes nothing.
            The queries are the last T of the S tokens
Cost        time O(T S H (K + V)), as before; state O(S (K + V)), a fraction 1 / H of multi-head attention's, and this
            is what a decoder reads for each token
Parents     multi-head-attention -- keys and values of each head's own; scaled-dot-product-attention -- the same at
            one head
Leaves out  projections, padding mask, dropout
Checked     F.scaled_dot_product_attention with enable_gqa and one head of keys, GPT-BigCode's attention in
            transformers, and a loop over single queries, with gradients; one token; logits in the thousands; a run in
            two parts equals the whole run; size of the state. Mutants killed: keys of each head, values of each head,
            sum for mean, first head alone, no scale, scale by H K, mask one late, queries averaged too
"""

import torch
from torch import Tensor, einsum


def multi_query_attention(
    q: Tensor, k: Tensor, v: Tensor, state: tuple[Tensor, Tensor] | None = None, *, causal: bool = True
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return outputs o (B, T, H, V) and the shared keys (B, S, K) and values (B, S, V) so far."""
    # K_bar and V_bar : from here on there is one head of each
    shared_k, shared_v = k.mean(dim=2), v.mean(dim=2)
    if state is not None:
        shared_k, shared_v = torch.cat([state[0], shared_k], dim=1), torch.cat([state[1], shared_v], dim=1)
    T, S, K = q.shape[1], shared_k.shape[1], q.shape[3]
    assert shared_k.shape == (q.shape[0], S, K)
    assert shared_v.shape[:2] == shared_k.shape[:2]

    # Q_h K_bar^T / sqrt(d_k) : the keys have no index h
    scores = einsum("bthk,bsk->bhts", q, shared_k) / K**0.5
    if causal:
        future = torch.ones(T, S, dtype=torch.bool, device=q.device).triu(S - T + 1)
        scores = scores.masked_fill(future, float("-inf"))
    # softmax(...) V_bar : the shares differ from head to head, what they share out does not
    return einsum("bhts,bsv->bthv", scores.softmax(dim=-1), shared_v), (shared_k, shared_v)
