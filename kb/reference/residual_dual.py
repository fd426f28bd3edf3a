r"""ResiDual: a Post-LN stream that the sub-layers read, and a plain sum of all they wrote, joined at the end.

Paper       Xie, Zhang, Guo, Tan, Bian, Awadalla, Menezes, Qin, Yan (2023), arXiv:2304.14802 -- section 3
Idea        Keep what Post-LN computes and lay a second road beside it, on which gradients meet no norm but the last.
Equation    $$ o_l = F_l(x^{post}_l), \qquad x^{post}_{l+1} = \mathrm{LN}(x^{post}_l + o_l), \qquad
            x^{dual}_{l+1} = x^{dual}_l + o_l $$
            $$ y = x^{post}_L + \mathrm{LN}(x^{dual}_L), \qquad x^{post}_0 = x^{dual}_0 = x $$
Shapes      x, y, both streams (B, T, D); F_1 is attention, F_2 a feed-forward network F wide inside, so L = 2 here
Form        block
Weights     w_q, w_k, w_v, w_o (D, D); w_1 (D, F); b_1 (F) zero; w_2 (F, D); b_2 (D) zero;
            g_1, g_2, g_3 (D) one; c_1, c_2, c_3 (D) zero
Parameters  heads = 2 in 1..16; causal = true; activation = relu of relu | gelu;
            output = both of both | post | dual (output=post gives post-ln)
Assumes     biased variance, eps 1e-5 inside the root; the authors' code has 1e-7 in the last norm, and a factor on
            x and every o of the second stream, 1 by default
Cost        that of post-ln and one more norm; 4 D^2 + 2 D F + F + 7 D parameters
Parents     post-ln -- leave out the second stream; pre-ln -- let the sub-layers read LN(x_dual) instead of x_post.
            Leaving x_post out of y alone (output=dual) is NOT Pre-LN, for the sub-layers still read the Post-LN
            stream
Leaves out  further blocks: a stack hands both streams on and joins them once, behind the last; attention biases,
            positions, dropout
Checked     a stack built on torch.nn.TransformerEncoderLayer(norm_first=False) whose sub-layers' outputs are caught
            by hooks, one block and three, with gradients of x and all weights; one token; output=dual differs from
            a Pre-LN block under the last norm. Mutants killed: sub-layers that read the second stream, second stream
            normalised in every block, second stream without x, last norm left out, last norm on the sum, second
            stream takes the normalised output, a sub-layer that does not write to it
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


def two_streams(
    post: Tensor, dual: Tensor, w: dict[str, Tensor], *, heads: int, causal: bool, activation: str
) -> tuple[Tensor, Tensor]:
    """Return both streams (B, T, D) behind one block: what a stack hands on to its next block."""
    sigma = _SIGMA[activation]
    # o = MHA(x_post) : read from one stream, written to both
    o = _attention(post, w, heads, causal)
    post, dual = _layer_norm(post + o, w["g_1"], w["c_1"]), dual + o
    # o = FFN(x_post) : reads the normalised stream, as in post-ln
    o = sigma(post @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]
    return _layer_norm(post + o, w["g_2"], w["c_2"]), dual + o


def residual_dual(
    x: Tensor,
    w: dict[str, Tensor],
    *,
    heads: int = 2,
    causal: bool = True,
    activation: str = "relu",
    output: str = "both",
) -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert D % heads == 0
    assert w["w_1"].shape[0] == w["w_2"].shape[1] == D

    # x_post_0 = x_dual_0 = x
    post, dual = two_streams(x, x, w, heads=heads, causal=causal, activation=activation)
    # LN(x_dual_L) : the only norm that the second stream passes
    normed = _layer_norm(dual, w["g_3"], w["c_3"])
    # y = x_post_L + LN(x_dual_L)
    return {"both": post + normed, "post": post, "dual": normed}[output]
