r"""Random-feature attention (FAVOR+): softmax attention in linear time, by an unbiased random estimate of its kernel.

Paper       Choromanski, Likhosherstov, Dohan, Song, Gane, Sarlos, Hawkins, Davis, Mohiuddin, Kaiser, Belanger,
            Colwell, Weller (2020), arXiv:2009.14794 -- sections 2.2 to 2.4, lemma 1
Idea        The exponential of a product is the mean of a product of exponentials: draw that mean, and attention is
            linear.
Equation    $$ \phi(x) = \frac{1}{\sqrt m}\, e^{-\lVert x \rVert^2 / 2} \left(e^{\omega_1^\top x}, \dots,
            e^{\omega_m^\top x}\right), \quad \omega_i \sim \mathcal N(0, I), \qquad
            \mathbb E\left[\phi(q\, d^{-1/4})^\top \phi(k\, d^{-1/4})\right] = e^{q^\top k / \sqrt d} $$
            $$ o_t = \frac{\sum_{i \le t} \phi(q_t)^\top \phi(k_i)\, v_i}{\sum_{i \le t} \phi(q_t)^\top \phi(k_i)},
            \qquad \text{where } \phi(x) \text{ stands for } \phi(x\, d^{-1/4}) $$
Shapes      q, k (B, T, H, K), K = d; v, o (B, T, H, V); omega (m, K), the same for all heads; phi (B, T, H, P)
            with P = m, hyperbolic 2 m; state S (B, H, P, V), z (B, H, P) and p (B, H): S and z are divided by e^p
Form        mixer
Parameters  form = parallel of parallel | recurrent;
            features = positive of positive | hyperbolic | elu (features=elu gives linear-attention);
            m = 64 in 1..4096 (m=4096 nearly gives scaled-dot-product-attention where the logits are small);
            orthogonal = true;
            seed = 0 in 0..1000000
Assumes     causal. The kernel is unbiased, the quotient is not: its error falls with the root of m. The estimate of
            one pair has a relative variance of (e^{|q + k|^2 / sqrt(d)} - 1) / m for independent directions, hence
            long vectors make it useless; orthogonal ones vary less while m is not far above d. In float32 logits may
            be in the hundreds; far beyond, query and key may share no feature, and 0 / 0 is left
Cost        recurrent: time O(T m (K + V)), state O(m V), constant in T; parallel: time O(T m K + T^2 (m + V))
Parents     linear-attention -- features elu(x) + 1;
            scaled-dot-product-attention -- m to infinity
Leaves out  drawing anew every thousand steps; trigonometric features, whose weights can be negative; the constant
            that libraries add to the features
Checked     features and quotient term by term with the same omega, in logarithms, with gradients; the mean of the
            kernel over draws against e^{q . k / sqrt(d)} within its own error; softmax attention, to which the error
            falls fourfold for m sixteenfold; omega: orthogonal in blocks, |omega|^2 with mean d and variance 2 d, no
            preferred sign; logits in the hundreds in float32; one token; a run in three parts equals the whole run.
            Mutants killed: no -|x|^2 / 2, scaled by sqrt(d), not scaled, no 1 / sqrt(m), directions of length sqrt(d)
            or one, signs left as QR gives them, one block repeated, mask one late, denominator of the whole sequence,
            maximum of each key or of the whole sequence, sums not divided anew
"""

import math

import torch
from torch import Tensor, einsum

State = tuple[Tensor, Tensor, Tensor]


def draw_directions(m: int, d: int, *, orthogonal: bool = True, seed: int = 0) -> Tensor:
    """Return omega (m, d) in float64: each row is normal, but rows of one block of d are orthogonal."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(m, d, generator=generator, dtype=torch.float64)
    if not orthogonal:
        return rows
    blocks = []
    for _ in range(0, m, d):
        basis, triangle = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))
        # QR favours one sign of each direction, and then the mean is off: give the signs of the diagonal back
        blocks.append((basis * triangle.diagonal().sign()).T)
    # each row gets the length of an independent normal vector: chi with d degrees of freedom, not the root of d
    lengths: Tensor = rows.norm(dim=-1, keepdim=True)
    return torch.cat(blocks)[:m] * lengths


def log_features(x: Tensor, omega: Tensor, features: str = "positive") -> Tensor:
    """Return log phi(x) (B, T, H, P): logarithms, because exponentials of large vectors leave the range of floats."""
    if features == "elu":
        # log(elu(x) + 1)
        return torch.where(x > 0, x.clamp(min=0).log1p(), x)
    # x d^{-1/4} : the query's and the key's halves of 1 / sqrt(d)
    x = x * x.shape[-1] ** -0.25
    # omega_i . x
    exponents = einsum("bthk,mk->bthm", x, omega)
    if features == "hyperbolic":
        # each direction in both senses
        exponents = torch.cat([exponents, -exponents], dim=-1)
    # log of e^{-|x|^2 / 2} / sqrt(m)
    return exponents - x.square().sum(dim=-1, keepdim=True) / 2 - math.log(exponents.shape[-1]) / 2


def _parallel(q: Tensor, k: Tensor, v: Tensor, top: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
    S, z, p = state
    # key i is divided by e^{p_i}, the sums of query t by e^{p_t}: what lacks is e^{p_i - p_t} <= 1 for i <= t
    k = (k - top[..., None]).exp()
    level = top.transpose(1, 2)
    fade = (level[:, :, None] - level[..., None]).clamp(max=0).exp()
    # phi(q_t) . phi(k_i) for i <= t
    scores = (einsum("bthm,bshm->bhts", q, k) * fade).tril()
    # the sums before the first token were divided by e^{p_0}
    old = (p[:, None] - top).exp()
    numerator = einsum("bhts,bshv->bthv", scores, v) + old[..., None] * einsum("bthm,bhmv->bthv", q, S)
    denominator = scores.sum(dim=-1).transpose(1, 2) + old * einsum("bthm,bhm->bth", q, z)
    # S_T and z_T, divided by e^{p_T}
    left, k = old[:, -1, :, None], k * (top - top[:, -1:]).exp()[..., None]
    S = left[..., None] * S + einsum("bthm,bthv->bhmv", k, v)
    return numerator, denominator, (S, left * z + k.sum(dim=1), top[:, -1])


def _recurrent(q: Tensor, k: Tensor, v: Tensor, top: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
    S, z, p = state
    numerators, denominators = [], []
    for t in range(k.shape[1]):
        # S_t = S_{t-1} + phi(k_t) v_t^T  and  z_t = z_{t-1} + phi(k_t), all divided by e^{p_t}
        old, new = (p - top[:, t]).exp()[..., None], (k[:, t] - top[:, t, :, None]).exp()
        S = old[..., None] * S + einsum("bhm,bhv->bhmv", new, v[:, t])
        z, p = old * z + new, top[:, t]
        # phi(q_t)^T S_t  and  phi(q_t)^T z_t
        numerators.append(einsum("bhm,bhmv->bhv", q[:, t], S))
        denominators.append(einsum("bhm,bhm->bh", q[:, t], z))
    return torch.stack(numerators, dim=1), torch.stack(denominators, dim=1), (S, z, p)


def random_feature_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    state: State | None = None,
    *,
    form: str = "parallel",
    features: str = "positive",
    m: int = 64,
    orthogonal: bool = True,
    seed: int = 0,
) -> tuple[Tensor, State]:
    """Return outputs o (B, T, H, V) and the last sums S, z with the logarithm p of what they are divided by."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == (B, T, H)
    omega = draw_directions(m, K, orthogonal=orthogonal, seed=seed).to(k)
    q, k = (log_features(x, omega, features) for x in (q, k))
    if state is None:
        P = k.shape[-1]
        state = v.new_zeros(B, H, P, v.shape[-1]), v.new_zeros(B, H, P), v.new_full((B, H), -math.inf)

    # p_t : the greatest exponent of all keys so far; a factor of query or keys cancels in the quotient
    with torch.no_grad():
        top = torch.cat([state[2][:, None], k.amax(dim=-1)], dim=1).cummax(dim=1).values[:, 1:]
        most = q.amax(dim=-1, keepdim=True)
    mix = {"parallel": _parallel, "recurrent": _recurrent}[form]
    numerator, denominator, state = mix((q - most).exp(), k, v, top, state)
    return numerator / denominator[..., None], state
