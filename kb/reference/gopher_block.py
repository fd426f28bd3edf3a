r"""Gopher block: the GPT-2 block with RMSNorm for LayerNorm and Transformer-XL's relative positions.

Paper       Rae et al. (2021), arXiv:2112.11446 -- table 1 and the section on models; the relative scores are those of
            Dai, Yang, Yang, Carbonell, Le, Salakhutdinov (2019), arXiv:1901.02860 -- section 3.3; the norm is that of
            Zhang, Sennrich (2019), arXiv:1910.07467
Idea        Ask how far back a token is, not where it stands: then a learned distance holds at every position.
Equation    $$ A_{ij} = \frac{q_i^\top k_j + q_i^\top W_R r_{i-j} + u^\top k_j + v^\top W_R r_{i-j}}{\sqrt{d_k}} $$
            $$ \mathrm{RMSNorm}(x) = \frac{x}{\sqrt{\mathrm{mean}(x^2) + \epsilon}} g $$
Shapes      x, y (B, T, D); distances r (T, D) with sine half and cosine half; the feed-forward network is F wide
Form        block
Weights     w_q, w_k, w_v, w_o, w_rel (D, D); u_content, v_distance (D); w_1 (D, F); b_1 (F) zero; w_2 (F, D);
            b_2 (D) zero; g_1, g_2 (D) one
Parameters  heads = 2 in 1..16; activation = gelu of relu | gelu
Assumes     causal; erf form of GELU, where GPT-2 has the tanh form; eps 1e-6
Cost        time O(T^2 D + T D F); 5 D^2 + 2 D F + F + 5 D parameters, 13 D^2 + 9 D where F = 4 D
Parents     pre-ln -- LayerNorm back, and of the four scores the first only; relative-positions -- the idea that
            distances have vectors of their own
Leaves out  the memory of the previous segment, sharing u and v between layers, the norm after the last block
Checked     the four scores of every pair in a loop, torch.nn.RMSNorm with the same eps, XLNet's attention core in
            transformers, with gradients; one token; 13 D^2 + 9 D parameters. Mutants killed: distance one too large,
            distance reversed, u in the place of v, content alone scaled, distances not projected, sine and cosine in
            turn, mean subtracted, eps outside the root, norm on the sum
"""

from collections.abc import Callable

import torch
from torch import Tensor, einsum
from torch.nn.functional import gelu

_SIGMA: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "gelu": gelu}


def _rms_norm(x: Tensor, gain: Tensor) -> Tensor:
    # the mean is not taken away: only the length of x is normalised
    return x / (x.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt() * gain


def _distances(T: int, D: int, like: Tensor) -> Tensor:
    # r_n : row n describes "n tokens back" by waves of length 2 pi to 2 pi 10000
    n = torch.arange(T, dtype=like.dtype)
    angle = n[:, None] / 10000 ** (torch.arange(0, D, 2, dtype=like.dtype) / D)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)[:, :D]


def _relative_attention(x: Tensor, w: dict[str, Tensor], heads: int) -> Tensor:
    B, T, D = x.shape
    q, k, v = ((x @ w[name]).view(B, T, heads, -1) for name in ("w_q", "w_k", "w_v"))
    r = (_distances(T, D, x) @ w["w_rel"]).view(T, heads, -1)
    # q_i k_j + u k_j : what the tokens say; u asks every key the same question
    content = einsum("bthk,bshk->bhts", q + w["u_content"].view(heads, -1), k)
    # q_i W_R r_n + v W_R r_n : what every distance n says
    by_distance = einsum("bthk,nhk->bhtn", q + w["v_distance"].view(heads, -1), r)
    # entry (i, j) reads distance n = i - j; the future (n < 0) is masked below, any column will do
    n = torch.arange(T)[:, None] - torch.arange(T)
    position = by_distance.gather(-1, n.clamp(min=0).expand_as(content))
    # A_{ij} : the sum of the four, one root for all
    scores = (content + position) / (D // heads) ** 0.5
    shares = scores.masked_fill(n < 0, float("-inf")).softmax(dim=-1)
    return einsum("bhts,bshv->bthv", shares, v).flatten(-2) @ w["w_o"]


def gopher_block(x: Tensor, w: dict[str, Tensor], *, heads: int = 2, activation: str = "gelu") -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert D % heads == 0
    assert w["w_rel"].shape == (D, D)
    assert w["u_content"].shape == w["v_distance"].shape == (D,)
    sigma = _SIGMA[activation]

    # x <- x + A(RMSNorm(x)) V W_O, x <- x + FFN(RMSNorm(x)) : the order of Pre-LN
    x = x + _relative_attention(_rms_norm(x, w["g_1"]), w, heads)
    normed = _rms_norm(x, w["g_2"])
    return x + sigma(normed @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]
