r"""ALiBi: no position vectors; a key counts for less the further back it stands, at a pace of the head's own.

Paper       Press, Smith, Lewis (2021), arXiv:2108.12409 -- section 3
Idea        Take the distance off the score, steeply in one head and gently in the next: nothing to learn, no end.
Equation    $$ s_{ij} = \frac{q_i^\top k_j}{\sqrt{d_k}} - m_h\,(i - j), \qquad m_h = 2^{-8h/n}, \quad
            h = 1, \dots, n $$
Shapes      q, k (B, T, H, K); slopes m (H); scores (B, H, T, T), query by key
Form        position
Parameters  slopes = paper of paper | code;
            symmetric = false;
            strength = 1.0 in 0..8 (strength=0 gives scaled-dot-product-attention up to its softmax);
            scaled = true
Assumes     the bias is added to the scaled product and not scaled itself; scaled=false leaves the division out. Where
            the number of heads is no power of two the authors' code (slopes=code) takes the slopes of the power
            below, then every other one of the power above; the paper prints one series for any n. j > i (the future,
            to be masked) gets a positive bias unless symmetric=true, which takes |i - j|, as encoders need
Cost        time O(H T^2) beyond the product; no parameters, any length
Parents     scaled-dot-product-attention -- leave out the bias; relative-bias -- any scalar for each distance;
            t5-relative-bias -- a learnt one for a bucket of distances
Leaves out  the short cut for causal attention: -m (i - j) and +m j differ by a constant of the row, which softmax
            takes out, so one row of biases is enough; in encoders it is not so
Checked     entry by entry in plain Python, with gradients, 1 to 8 heads; after mask and softmax the biases that
            transformers builds for BLOOM and MPT, up to 12 heads; one token. Mutants killed: bias scaled as well,
            slopes from h = 0, steepest head last, distance with the other sign, slopes of the other rule, the wrong
            half of the next power, squared distance
"""

import torch
from torch import Tensor, einsum


def _series(n: int) -> list[float]:
    # 2^{-8/n}, and the same as ratio, down to 2^{-8}
    return [2 ** (-8 * h / n) for h in range(1, n + 1)]


def _slopes(n: int, rule: str) -> list[float]:
    if rule == "paper":
        return _series(n)
    # the greatest power of two that is not above n; if it is n, nothing of the next is needed
    below = 1 << (n.bit_length() - 1)
    return _series(below) + _series(2 * below)[::2][: n - below]


def alibi(
    q: Tensor,
    k: Tensor,
    *,
    slopes: str = "paper",
    symmetric: bool = False,
    strength: float = 1.0,
    scaled: bool = True,
) -> Tensor:
    """Return scores (B, H, T, T), before mask and softmax."""
    assert q.shape == k.shape
    _, T, H, K = q.shape

    # m_h, (H, 1, 1) : head 1 sees its neighbours, head n almost everything
    m = strength * q.new_tensor(_slopes(H, slopes))[:, None, None]
    place = torch.arange(T, dtype=q.dtype, device=q.device)
    # i - j
    distance = place[:, None] - place
    if symmetric:
        distance = distance.abs()
    # q_i k_j / sqrt(d_k)
    scores = einsum("bihk,bjhk->bhij", q, k)
    if scaled:
        scores = scores / K**0.5
    # ... - m_h (i - j) : the bias is added last, and is not scaled
    return scores - m * distance
