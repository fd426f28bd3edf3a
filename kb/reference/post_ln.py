r"""Post-LN: the Transformer block as printed, which normalises the sum of a sub-layer and its shortcut.

Paper       Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin (2017), arXiv:1706.03762 --
            section 3.1 and figure 1; feed-forward network: section 3.3, equation 2
Idea        Add, then normalise: what leaves the block always has mean 0 and variance 1.
Equation    $$ x \leftarrow \mathrm{LN}(x + \mathrm{MHA}(x)), \qquad x \leftarrow \mathrm{LN}(x + \mathrm{FFN}(x)) $$
            $$ \mathrm{FFN}(x) = \max(0, x W_1 + b_1) W_2 + b_2 $$
Shapes      x, y (B, T, D); the feed-forward network is F wide inside
Form        block
Weights     w_q, w_k, w_v, w_o (D, D); w_1 (D, F); b_1 (F) zero; w_2 (F, D); b_2 (D) zero;
            g_1, g_2 (D) one; c_1, c_2 (D) zero
Parameters  heads = 2 in 1..16; causal = true; activation = relu of relu | gelu
Assumes     biased variance, eps 1e-5 inside the root
Cost        time O(T^2 D + T D F); 4 D^2 + 2 D F + F + 5 D parameters
Parents     multi-head-attention -- leave out shortcuts, norms and the feed-forward network
Leaves out  attention biases (the paper has none), positions, dropout, cross-attention. The authors' own library
            normalised first in its later settings (transformer_base_v2); here it is as figure 1 shows
Checked     torch.nn.TransformerEncoderLayer(norm_first=False), with gradients of x and all weights; one token.
            Mutants killed: norm before the sub-layer, shortcut around the norm, one norm only, eps outside the root,
            unbiased variance, no feed-forward bias
"""

from collections.abc import Callable

import torch
from torch import Tensor, einsum
from torch.nn.functional import gelu

_SIGMA: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "gelu": gelu}


def _layer_norm(x: Tensor, gain: Tensor, centre: Tensor) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / (variance + 1e-5).sqrt() * gain + centre


def _attention(x: Tensor, w: dict[str, Tensor], heads: int, causal: bool) -> Tensor:
    B, T, _ = x.shape
    q, k, v = ((x @ w[name]).view(B, T, heads, -1) for name in ("w_q", "w_k", "w_v"))
    scores = einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones(T, T, dtype=torch.bool).triu(1), float("-inf"))
    return einsum("bhts,bshv->bthv", scores.softmax(dim=-1), v).flatten(-2) @ w["w_o"]


def post_ln(
    x: Tensor, w: dict[str, Tensor], *, heads: int = 2, causal: bool = True, activation: str = "relu"
) -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert D % heads == 0
    assert w["w_1"].shape[0] == w["w_2"].shape[1] == D
    sigma = _SIGMA[activation]

    # x <- LN(x + MHA(x)) : the norm sits on the main road, the shortcut passes through it
    x = _layer_norm(x + _attention(x, w, heads, causal), w["g_1"], w["c_1"])
    # FFN(x) = max(0, x W_1 + b_1) W_2 + b_2
    ffn = sigma(x @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]
    # x <- LN(x + FFN(x))
    return _layer_norm(x + ffn, w["g_2"], w["c_2"])
