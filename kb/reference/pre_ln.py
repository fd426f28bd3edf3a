r"""Pre-LN: normalise what a sub-layer reads, and leave the road from input to output untouched.

Paper       Xiong, Yang, He, K. Zheng, S. Zheng, Xing, Zhang, Lan, Wang, Liu (2020), arXiv:2002.04745 -- section 3,
            table 1
Idea        The shortcut is a plain sum from the first layer to the last, so gradients reach every layer at once.
Equation    $$ x \leftarrow x + \mathrm{MHA}(\mathrm{LN}(x)), \qquad x \leftarrow x + \mathrm{FFN}(\mathrm{LN}(x)) $$
Shapes      x, y (B, T, D); the feed-forward network is F wide inside
Form        block
Weights     w_q, w_k, w_v, w_o (D, D); w_1 (D, F); b_1 (F) zero; w_2 (F, D); b_2 (D) zero;
            g_1, g_2 (D) one; c_1, c_2 (D) zero
Parameters  heads = 2 in 1..16; causal = true; activation = relu of relu | gelu
Assumes     biased variance, eps 1e-5 inside the root
Cost        time O(T^2 D + T D F); 4 D^2 + 2 D F + F + 5 D parameters, the same as post-ln
Parents     post-ln -- move both norms from the sum to the branch
Leaves out  the one norm after the last block of a stack, without which its output grows with depth; attention
            biases, positions, dropout
Checked     torch.nn.TransformerEncoderLayer(norm_first=True), with gradients of x and all weights; one token; a
            branch of weight zero leaves x as it was. Mutants killed: norm on the sum, shortcut taken after the norm,
            one of the norms left out, a norm at the end, eps outside the root, unbiased variance
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


def pre_ln(
    x: Tensor, w: dict[str, Tensor], *, heads: int = 2, causal: bool = True, activation: str = "relu"
) -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert D % heads == 0
    assert w["w_1"].shape[0] == w["w_2"].shape[1] == D
    sigma = _SIGMA[activation]

    # x <- x + MHA(LN(x)) : the branch reads normalised tokens, the shortcut carries x itself
    x = x + _attention(_layer_norm(x, w["g_1"], w["c_1"]), w, heads, causal)
    # x <- x + FFN(LN(x)) : the second norm reads the new x
    normed = _layer_norm(x, w["g_2"], w["c_2"])
    return x + sigma(normed @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]
