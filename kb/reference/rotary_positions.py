r"""Rotary positions: queries and keys are turned by an angle that grows with their place; scores see the difference.

Paper       Su, Lu, Pan, Murtadha, Wen, Liu (2021), arXiv:2104.09864 -- section 3
Idea        Turn a query by its place and a key by its own: their product then knows the difference and nothing else.
Equation    $$ s_{ij} = (R_i q_i)^\top (R_j k_j) = q_i^\top R_{j-i}\, k_j, \qquad
            R_p = \bigoplus_{c=0}^{d/2-1} \begin{pmatrix} \cos p\theta_c & -\sin p\theta_c \\
            \sin p\theta_c & \cos p\theta_c \end{pmatrix}, \qquad \theta_c = \mathrm{base}^{-2c/d} $$
Shapes      q, k (B, T, H, K), channels in pairs; angles (T, d / 2); scores (B, H, T, T), query by key
Form        position
Parameters  layout = interleaved of interleaved | halves;
            base = 10000.0 in 1..1e9;
            fraction = 1.0 in 0..1 (fraction=0 with scaled=true gives scaled-dot-product-attention up to its
            softmax);
            scaled = false
Assumes     places are counted from 0, which does not matter: scores keep when all move on. A pair is two neighbouring
            channels (paper, GPT-J) or channels d/2 apart (LLaMA): a permutation, so that weights of one layout need
            it before they run in the other. fraction < 1 rotates the first d = fraction K channels only (GPT-NeoX),
            of which an odd one is left as it is. scaled divides by sqrt(d_k), as attention does afterwards
Cost        time O(T K) beyond the scores; no parameters, any length; lengths of queries and keys are kept
Parents     scaled-dot-product-attention -- leave out the rotation; sinusoidal-positions -- add the sines and cosines
            instead of multiplying with them; complex-positions -- speeds and phases learnt, for words
Leaves out  what slows or damps the turning in texts longer than those of training: position-interpolation, yarn, xpos
Checked     the real part of a product of complex numbers, with gradients, and the matrices R_p; the rotations of
            GPT-J, LLaMA and GPT-NeoX in transformers; scores depend on j - i only; one token. Mutants killed: turned
            the other way, one sign wrong, keys not turned, layouts swapped, taken apart in one layout and put
            together in the other, exponent c/d, frequencies upside down, speeds of the whole head for a part, rest of
            the channels dropped
"""

import torch
from torch import Tensor, einsum


def rotate(x: Tensor, layout: str, base: float, fraction: float) -> Tensor:
    """Return R_p x_p for every place p, (B, T, H, K): the pair stays where it was."""
    T, K = x.shape[1], x.shape[3]
    pairs = int(K * fraction) // 2
    c = torch.arange(pairs, dtype=x.dtype, device=x.device)
    place = torch.arange(T, dtype=x.dtype, device=x.device)
    # p theta_c, theta_c = base^{-2c/d}, d / 2 being the number of pairs : (T, 1, d / 2)
    angle = (place[:, None] * base ** (-c / pairs))[:, None]
    turned, rest = x[..., : 2 * pairs], x[..., 2 * pairs :]
    if layout == "interleaved":
        one, two = turned[..., ::2], turned[..., 1::2]
    else:
        one, two = turned[..., :pairs], turned[..., pairs:]
    # (one + i two) e^{i p theta} : the pair is a complex number, and R_p multiplies it
    one, two = one * angle.cos() - two * angle.sin(), one * angle.sin() + two * angle.cos()
    if layout == "interleaved":
        return torch.cat([torch.stack([one, two], dim=-1).flatten(-2), rest], dim=-1)
    return torch.cat([one, two, rest], dim=-1)


def rotary_positions(
    q: Tensor,
    k: Tensor,
    *,
    layout: str = "interleaved",
    base: float = 10000.0,
    fraction: float = 1.0,
    scaled: bool = False,
) -> Tensor:
    """Return scores (B, H, T, T), before mask and softmax."""
    assert q.shape == k.shape

    # R_i q_i and R_j k_j : each turned by its own place
    q, k = rotate(q, layout, base, fraction), rotate(k, layout, base, fraction)
    # (R_i q_i)^T (R_j k_j) = q_i^T R_{j-i} k_j
    scores = einsum("bihk,bjhk->bhij", q, k)
    return scores / q.shape[-1] ** 0.5 if scaled else scores
