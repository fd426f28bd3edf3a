r"""DPFP: a feature map that makes keys longer and sparser with neither parameters nor chance.

Paper       Schlag, Irie, Schmidhuber (2021), arXiv:2102.11174 -- section 5.3
Idea        Split a vector into its positive and its negative part, and multiply it with shifted copies of itself.
Equation    $$ r = [\mathrm{relu}(x);\, \mathrm{relu}(-x)] \in \mathbb{R}^{2K}, \qquad
            \phi(x) = [r \odot \mathrm{roll}(r, 1);\, \dots;\, r \odot \mathrm{roll}(r, \nu)], \qquad
            \mathrm{roll}(r, j)_i = r_{(i - j) \bmod 2K} $$
Shapes      x (B, T, H, K); phi (B, T, H, P), P = 2 K nu
Form        features
Parameters  nu = 1 in 1..16
Assumes     nu < 2 K; useful up to K - 1, because the block of shift K is always zero and that of 2 K - j is that of j
            in another order. The paper's formula shifts the other way, r_i r_{i+j}: again the same features in
            another order, so the kernel phi(q) . phi(k) is the same
Cost        time O(K nu) a token, nothing to learn; a memory of 2 K nu rows instead of K
Parents     linear-attention -- its features elu(x) + 1 are as many as channels, hence at most K keys are orthogonal;
            random-feature-attention -- its features are many as well, but drawn at random
Leaves out  the normalisation by the sum of the features, which deltanet does (and which must survive phi = 0, the
            features of a vector with a single channel that is not zero)
Checked     the formula part by part and shift by shift, with gradients; no feature is negative, one in four fires;
            phi of a basis vector is zero, phi(c x) = c^2 phi(x) for c > 0; the block of shift K is zero, that of 2 K
            - j repeats that of j; the kernel of the paper's index. Mutants killed: rolled the other way, along the
            heads or as one flat row, rolled before the split, sign dropped, not rectified, positive part twice, signs
            or shifts interleaved, shifts from 0, one shift too few or one only, product of all, sum for product,
            normalised
"""

import torch
from torch import Tensor


def dpfp(x: Tensor, *, nu: int = 1) -> Tensor:
    """Return the features phi (B, T, H, 2 K nu), none of them negative."""
    K = x.shape[-1]
    # the shift 2 K would bring r back to where it was
    assert 1 <= nu < 2 * K
    # r = [relu(x); relu(-x)] : of the two parts of a channel at most one is not zero
    r = torch.cat([x, -x], dim=-1).relu()
    # r * roll(r, j) : part i fires only together with part i - j, so about one in four does
    products = [r * r.roll(j, dims=-1) for j in range(1, nu + 1)]
    # [...; ...] : a block of 2 K features for every shift
    return torch.cat(products, dim=-1)
