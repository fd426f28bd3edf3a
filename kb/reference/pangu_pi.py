r"""PanGu-pi: give a Transformer block more nonlinearity by a second, bent shortcut and a sum of activations.

Paper       Wang, Chen, Tang, Guo, Han et al. (2023), arXiv:2312.17276 -- equations 4, 5 and 7
Idea        Beside the straight shortcut run a cheap bent one; instead of one activation add up several.
Equation    $$ \mathrm{AugMSA}(Z) = \mathrm{MSA}(Z) + Z + \sum_{i=1}^{m} \sigma(Z \Theta_i) $$
            $$ \sigma_s(x) = \sum_{i=1}^{n} \sigma(a_i x + b_i) $$
Shapes      x, y (B, T, D); the feed-forward network is F wide, an augmented shortcut R wide
Form        block
Weights     w_q, w_k, w_v, w_o (D, D); w_1 (D, F); b_1 (F) zero; w_2 (F, D); b_2 (D) zero;
            g_1, g_2 (D) one; c_1, c_2 (D) zero; series_a (n) 1..0.5; series_b (n) 0..1;
            aug_down (shortcuts, D, R); aug_up (shortcuts, R, D)
Parameters  heads = 2 in 1..16; causal = true;
            n = 2 in 1..8 (n=1 with shortcuts=0 gives pre-ln with activation=gelu);
            shortcuts = 1 in 0..4 (shortcuts=0 with n=1 gives pre-ln with activation=gelu)
Assumes     sigma is GELU; Theta_i is the bottleneck that the paper uses in practice, D to R, GELU, R to D; the
            attention reads LN(x) and both shortcuts read x (equation 4 is printed without a norm); a_i and b_i are
            one number each
Cost        time O(T^2 D + T D F); beyond pre-ln, 4 D R multiplications a token and 2 D R weights for each shortcut,
            (n - 1) F activations and 2 n numbers
Parents     pre-ln -- no augmented shortcut, one activation with a = 1, b = 0; augmented-shortcut -- n = 1
Leaves out  what its models take from LLaMA: RMSNorm, SwiGLU, rotary positions, no biases (LayerNorm, a plain network
            and biases stand here, so that the block gives back pre-ln exactly). Equation 9 prints a weight matrix for
            every activation: here they share one, as equation 7 has it
Checked     pre-ln and torch.nn.TransformerEncoderLayer at shortcuts=0, n=1; a loop over tokens with two shortcuts and
            three activations, with gradients; one token. Mutants killed: augmented shortcut in the place of the
            straight one, reading LN(x), without sigma, mean of activations for their sum, a_i left out, b_i outside
            sigma, activations one after another
"""

import torch
from torch import Tensor, einsum
from torch.nn.functional import gelu


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


def pangu_pi(
    x: Tensor, w: dict[str, Tensor], *, heads: int = 2, causal: bool = True, n: int = 2, shortcuts: int = 1
) -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert D % heads == 0
    assert w["aug_down"].shape[1] == D
    assert len(w["series_a"]) >= n

    # AugMSA(Z) = MSA(Z) + Z + ...
    z = x + _attention(_layer_norm(x, w["g_1"], w["c_1"]), w, heads, causal)
    for i in range(shortcuts):
        # ... + sigma(Z Theta_i) : each token for itself, bent, so that tokens cannot all become alike
        z = z + gelu(x @ w["aug_down"][i]) @ w["aug_up"][i]
    hidden = _layer_norm(z, w["g_2"], w["c_2"]) @ w["w_1"] + w["b_1"]
    # sigma_s(x) = sum_i sigma(a_i x + b_i) : the same matrix, bent in n places
    series = torch.stack([gelu(a * hidden + b) for a, b in zip(w["series_a"][:n], w["series_b"][:n], strict=True)])
    return z + series.sum(dim=0) @ w["w_2"] + w["b_2"]
