r"""Gated delta rule: fade the whole memory, then correct one entry of it.

Paper       Yang, Kautz, Hatamizadeh (2024), arXiv:2412.06464 -- section 3
Idea        Decay clears all at once, the delta rule edits one association: let each token choose how much of both.
Equation    $$ S_t = \alpha_t \left(I - \beta_t k_t k_t^\top\right) S_{t-1} + \beta_t k_t v_t^\top,
            \qquad o_t = S_t^\top q_t, \qquad b_t = \prod_{j \le t} \alpha_j $$
            $$ u_t = \beta_t \Big( v_t - b_t S_0^\top k_t - \sum_{i < t} \tfrac{b_t}{b_i} (k_t^\top k_i)\, u_i \Big),
            \qquad o_t = b_t S_0^\top q_t + \sum_{i \le t} \tfrac{b_t}{b_i} (q_t^\top k_i)\, u_i $$
Shapes      q, k (B, T, H, K); v, o, u (B, T, H, V); alpha, b (B, T, H); state S (B, H, K, V); alpha is named decay
Form        mixer
Gates       beta (B, T, H) 0..1; decay (B, T, H) 0.5..1 (decay=1 gives delta-rule with normalise=none)
Parameters  form = chunkwise of recurrent | chunkwise;
            chunk = 4 in 1..512;
            normalise = l2 of none | l2
Assumes     causal; 0 < decay <= 1; the memory fades first and is read for the correction afterwards. Without
            normalisation long keys make the memory explode, as in the delta rule
Cost        recurrent: time O(T K V), state O(K V); chunkwise: time O(T C (K + V) + T K V) for chunks of C tokens,
            T / C steps one after the other, so that C = 1 is the recurrent form again and C = T the parallel one
Parents     deltanet -- all decays one;
            delta-rule -- moreover no normalisation;
            state-space-duality -- leave out the read, and a scalar decay of the state with additive writes is left
Leaves out  the layer around it: projections, short convolutions, silu, decay as exp of -A softplus, the scale
            1 / sqrt(d_k) of the queries, gated norm of the output
Checked     the sum over all writes, each carried through the product of alpha (I - beta k k^T) behind it, in float64
            with gradients, for both forms and chunks that do not divide T; both reference functions of transformers
            for Qwen3-Next (float32); decays of 1e-8 in float32, gradients too; one token; a run in three parts equals
            the whole run. Mutants killed: read before fading, write faded too, decay of the token before, beta and
            decay exchanged, b_i / b_t, system or scores without decay (the printed chunkwise formula can be read so),
            mask after the exponential, strength on the values only, state or corrections not decayed to the end of
            the chunk, query not normalised
"""

import torch
from torch import Tensor, einsum


def _l2(x: Tensor) -> Tensor:
    return x / x.square().sum(dim=-1, keepdim=True).clamp(min=1e-24).sqrt()


def _recurrent(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    outputs = []
    for t in range(k.shape[1]):
        # alpha_t S_{t-1} : everything fades
        S = decay[:, t, :, None, None] * S
        # u_t = beta_t (v_t - alpha_t S_{t-1}^T k_t) : what is still missing under this key
        u = beta[:, t, :, None] * (v[:, t] - einsum("bhkv,bhk->bhv", S, k[:, t]))
        # S_t = alpha_t S_{t-1} + k_t u_t^T
        S = S + einsum("bhk,bhv->bhkv", k[:, t], u)
        # o_t = S_t^T q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S


def _parallel(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    T = k.shape[1]
    # log b_t, and b_t / b_i for i <= t, zero for the future, whose quotient would overflow
    log_b = decay.log().cumsum(dim=1).transpose(1, 2)
    future = torch.ones(T, T, dtype=torch.bool, device=k.device).triu(1)
    between = (log_b[..., None] - log_b[:, :, None]).masked_fill(future, -torch.inf).exp()  # (B, H, T, T)
    b = log_b.exp()[..., None]
    # (I + tril(system, -1)) U = diag(beta) (V - b_t K S_0) : only what is below the diagonal is read
    strength = beta.transpose(1, 2)[..., None]
    system = strength * between * einsum("bthk,bshk->bhts", k, k)
    wanted = strength * (v.transpose(1, 2) - b * einsum("bthk,bhkv->bhtv", k, S))
    u = torch.linalg.solve_triangular(system, wanted, upper=False, unitriangular=True)
    # o_t = b_t S_0^T q_t + sum over i <= t of b_t / b_i (q_t . k_i) u_i
    scores = between * einsum("bthk,bshk->bhts", q, k)
    o = b * einsum("bthk,bhkv->bhtv", q, S) + scores @ u
    # S_T = b_T S_0 + sum over i of b_T / b_i k_i u_i^T
    S = b[:, :, -1, :, None] * S + einsum("bthk,bht,bhtv->bhkv", k, between[:, :, -1], u)
    return o.transpose(1, 2), S


def _chunkwise(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, decay: Tensor, S: Tensor, chunk: int
) -> tuple[Tensor, Tensor]:
    outputs = []
    # parallel inside a chunk; from chunk to chunk only the state passes
    for start in range(0, k.shape[1], chunk):
        now = slice(start, start + chunk)
        o, S = _parallel(q[:, now], k[:, now], v[:, now], beta[:, now], decay[:, now], S)
        outputs.append(o)
    return torch.cat(outputs, dim=1), S


def gated_delta_rule(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    decay: Tensor,
    state: Tensor | None = None,
    *,
    form: str = "chunkwise",
    chunk: int = 4,
    normalise: str = "l2",
) -> tuple[Tensor, Tensor]:
    """Return outputs o (B, T, H, V) and the last memory S (B, H, K, V)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == beta.shape == decay.shape == (B, T, H)
    if normalise == "l2":
        q, k = _l2(q), _l2(k)
    S = v.new_zeros(B, H, K, v.shape[-1]) if state is None else state

    if form == "recurrent":
        return _recurrent(q, k, v, beta, decay, S)
    return _chunkwise(q, k, v, beta, decay, S, chunk)
