r"""Sinusoidal positions: every place has a fixed vector of sines and cosines, added before anything is compared.

Paper       Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin (2017), arXiv:1706.03762 --
            section 3.5
Idea        Write the place as the hands of many clocks of different speed: k steps on, every hand has turned by an
            angle that does not depend on where it stood.
Equation    $$ s_{ij} = (q_i + PE_i)^\top (k_j + PE_j), \qquad
            PE_{p,2c} = \sin\left(p / 10000^{2c/d}\right), \quad PE_{p,2c+1} = \cos\left(p / 10000^{2c/d}\right) $$
Shapes      q, k (B, T, H, K); PE (T, K), the same for all heads, so d = K; scores (B, H, T, T), query by key
Form        position
Parameters  layout = interleaved of interleaved | halves;
            frequencies = paper of paper | code;
            amplitude = 1.0 in 0..8 (amplitude=0 with scaled=true gives scaled-dot-product-attention up to its
            softmax);
            scaled = false
Assumes     places are counted from 0. The paper adds PE to the embeddings, before the projections: here the
            projections are the identity. K even; of an odd one the last cosine is cut off. The authors' code
            (frequencies=code, layout=halves) has all sines first and speeds 10000^{-c/(d/2 - 1)}, so that the slowest
            is 1/10000 exactly. scaled divides by sqrt(d_k), as the paper's attention does afterwards
Cost        time O(T K) beyond the scores; no parameters, any length
Parents     scaled-dot-product-attention -- leave out PE, and attention is blind to order;
            learned-positions -- a trained vector for every place
Leaves out  projections, dropout on the sum, the factor sqrt(d) on the embeddings
Checked     entry by entry in plain Python, with gradients; the tables that transformers builds for DistilBERT, Marian
            and M2M100; PE_{p+k} is PE_p rotated, whatever p; one token. Mutants killed: sine for cosine, layouts
            swapped, places from 1, frequencies of the other rule, exponent c/d, positions on the keys only, keys by
            queries, scaled by K
"""

import torch
from torch import Tensor, einsum


def _waves(like: Tensor, layout: str, frequencies: str) -> Tensor:
    _, T, _, K = like.shape
    pairs = (K + 1) // 2
    c = torch.arange(pairs, dtype=like.dtype, device=like.device)
    # 10000^{-2c/d}, the speed of clock c : from 1 down to almost (paper) or exactly (code) 1/10000
    share = 2 * c / K if frequencies == "paper" else c / max(1, pairs - 1)
    place = torch.arange(T, dtype=like.dtype, device=like.device)
    angle = place[:, None] * 10000.0**-share
    waves = angle.sin(), angle.cos()
    # one sine, one cosine, and so on; or all sines, then all cosines
    joined = torch.stack(waves, dim=-1).flatten(-2) if layout == "interleaved" else torch.cat(waves, dim=-1)
    return joined[:, :K]


def sinusoidal_positions(
    q: Tensor,
    k: Tensor,
    *,
    layout: str = "interleaved",
    frequencies: str = "paper",
    amplitude: float = 1.0,
    scaled: bool = False,
) -> Tensor:
    """Return scores (B, H, T, T), before mask and softmax."""
    assert q.shape == k.shape

    # PE_p, (T, 1, K) : no head of its own
    waves = amplitude * _waves(q, layout, frequencies)[:, None]
    # (q_i + PE_i)^T (k_j + PE_j) : word with word, word with place, place with word, place with place
    scores = einsum("bihk,bjhk->bhij", q + waves, k + waves)
    return scores / q.shape[-1] ** 0.5 if scaled else scores
