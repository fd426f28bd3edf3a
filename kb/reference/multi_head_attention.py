r"""Multi-head attention: several small attentions side by side, each in a subspace of its own.

Paper       Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin (2017), arXiv:1706.03762 --
            section 3.2.2
Idea        One mean over all tokens blurs; h means, each by its own question, can look at h places at once.
Equation    $$ \mathrm{MultiHead}(Q, K, V) = \mathrm{Concat}(\mathrm{head}_1, \dots, \mathrm{head}_h) W^O $$
            $$ \mathrm{head}_i = \mathrm{Attention}(Q W_i^Q, K W_i^K, V W_i^V) $$
Shapes      x, y (B, T, D); heads divide D, each is D / heads wide
Form        block
Weights     w_q, w_k, w_v, w_o (D, D)
Parameters  heads = 2 in 1..16 (heads=1 gives scaled-dot-product-attention between four projections); causal = true
Assumes     self-attention: queries, keys and values come from the same x
Cost        time O(T^2 D + T D^2); the number of heads changes neither that nor the parameters
Parents     scaled-dot-product-attention -- one head, and every projection the identity
Leaves out  biases (the paper has none here), cross-attention, padding mask, dropout
Checked     torch.nn.MultiheadAttention, with gradients of x and all weights; one head; one token. Mutants killed:
            no W^O, scale by D instead of D / heads, channels dealt to the heads in turn, mask one late
"""

import torch
from torch import Tensor, einsum


def multi_head_attention(x: Tensor, w: dict[str, Tensor], *, heads: int = 2, causal: bool = True) -> Tensor:
    """Return y (B, T, D)."""
    B, T, D = x.shape
    assert D % heads == 0
    assert all(w[name].shape == (D, D) for name in ("w_q", "w_k", "w_v", "w_o"))

    # Q W_i^Q, K W_i^K, V W_i^V : W_i is the i-th group of D / heads neighbouring columns of one matrix
    q = (x @ w["w_q"]).view(B, T, heads, -1)  # (B, T, heads, D / heads)
    k = (x @ w["w_k"]).view(B, T, heads, -1)
    v = (x @ w["w_v"]).view(B, T, heads, -1)
    # head_i = softmax(q_i k_i^T / sqrt(D / heads)) v_i
    scores = einsum("bthk,bshk->bhts", q, k) / (D // heads) ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones(T, T, dtype=torch.bool).triu(1), float("-inf"))
    head = einsum("bhts,bshv->bthv", scores.softmax(dim=-1), v)
    # Concat(head_1, ..., head_h) W^O : the only place where the heads meet
    return head.flatten(-2) @ w["w_o"]
