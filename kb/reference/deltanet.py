r"""DeltaNet: linear attention whose memory is edited by the delta rule, and which still trains in parallel.

Paper       Schlag, Irie, Schmidhuber (2021), arXiv:2102.11174 -- section 4.2 (rule, sum normalisation); the parallel
            forms: Yang, Wang, Zhang, Shen, Kim (2024), arXiv:2406.06484 -- section 3
Idea        The corrections that the delta rule writes solve one triangular system, so all of them come out at once.
Equation    $$ u_t = \beta_t \left(v_t - S_{t-1}^\top \phi(k_t)\right), \qquad S_t = S_{t-1} + \phi(k_t)\, u_t^\top,
            \qquad o_t = S_t^\top \phi(q_t) $$
            $$ \left(I + \mathrm{tril}(\mathrm{diag}(\beta)\, \Phi_K \Phi_K^\top, -1)\right) U
            = \mathrm{diag}(\beta) \left(V - \Phi_K S_0\right), \qquad
            O = \Phi_Q S_0 + \mathrm{tril}(\Phi_Q \Phi_K^\top)\, U $$
Shapes      q, k (B, T, H, K); v, o, u (B, T, H, V); phi(q), phi(k) (B, T, H, P) with P = K, or 2 K
            for dpfp; state S (B, H, P, V)
Form        mixer
Gates       beta (B, T, H) 0..1
Parameters  form = parallel of recurrent | parallel | chunkwise;
            chunk = 4 in 1..512;
            features = elu of identity | elu | dpfp (features=identity with normalise=none gives delta-rule);
            normalise = sum of none | sum | l2
Assumes     causal. Sum normalisation (2021) wants features that are nowhere negative; l2 is the choice of 2024.
            Without any the memory explodes: keys longer than the square root of 2 / beta overshoot
Cost        recurrent: time O(T P V), state O(P V); parallel: time O(T^2 (P + V)) and a triangular solve; chunkwise:
            time O(T C (P + V) + T P V) for chunks of C tokens, T / C steps one after the other, so that C = 1 is the
            recurrent form again and C = T the parallel one
Parents     delta-rule -- leave out features and normalisation;
            linear-attention -- leave out the read S_{t-1}^T phi(k_t) and divide by the running sum of keys;
            dpfp -- the features alone
Leaves out  the projections, the factor 1 / sqrt(d) on the output (2021) or the queries (2024), short convolutions and
            silu (2024); dpfp is taken with nu = 1; the chunks' systems, which could all be solved at once before the
            pass over the states
Checked     the sum over all writes, each carried through the product of (I - beta k k^T) behind it, in float64 with
            gradients, for all forms, features and normalisations and chunks that do not divide T; keys that dpfp maps
            to zero, keys in the thousands; one token; a run in three parts equals the whole run. Mutants killed:
            scores without their diagonal or without mask, strength on the wrong side, on the values only or missing
            in the system, state not read, not carried, elu without + 1, normalised before the features, sum over
            time, norm not a root, query not normalised, roll the other way, last chunk dropped
"""

import torch
from torch import Tensor, einsum


def _phi(x: Tensor, features: str) -> Tensor:
    if features == "elu":
        # elu(x) + 1, written so that it does not round to zero in float32
        return torch.where(x > 0, x + 1, x.clamp(max=0).exp())
    if features == "dpfp":
        # r = [relu(x), relu(-x)], phi(x) = r * roll(r, 1)
        r = torch.cat([x, -x], dim=-1).relu()
        return r * r.roll(1, dims=-1)
    return x


def _normalise(x: Tensor, normalise: str) -> Tensor:
    # the clamps are for zeros only, which dpfp makes of some keys: they stay zero
    if normalise == "sum":
        return x / x.sum(dim=-1, keepdim=True).clamp(min=1e-18)
    if normalise == "l2":
        return x / x.square().sum(dim=-1, keepdim=True).clamp(min=1e-24).sqrt()
    return x


def _recurrent(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    outputs = []
    for t in range(k.shape[1]):
        # u_t = beta_t (v_t - S_{t-1}^T k_t)
        u = beta[:, t, :, None] * (v[:, t] - einsum("bhkv,bhk->bhv", S, k[:, t]))
        # S_t = S_{t-1} + k_t u_t^T
        S = S + einsum("bhk,bhv->bhkv", k[:, t], u)
        # o_t = S_t^T q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S


def _parallel(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    # S_{t-1} = S_0 + sum over s < t of k_s u_s^T, so
    # u_t = beta_t (v_t - S_0^T k_t - sum over s < t of (k_t . k_s) u_s)
    strength = beta.transpose(1, 2)[..., None]  # (B, H, T, 1)
    system = strength * einsum("bthk,bshk->bhts", k, k)
    wanted = strength * (v.transpose(1, 2) - einsum("bthk,bhkv->bhtv", k, S))
    # (I + tril(system, -1)) U = wanted : of a unit lower triangular system only what is below the diagonal is read
    u = torch.linalg.solve_triangular(system, wanted, upper=False, unitriangular=True)
    # O = Q S_0 + tril(Q K^T) U
    scores = einsum("bthk,bshk->bhts", q, k).tril()
    o = einsum("bthk,bhkv->bthv", q, S) + einsum("bhts,bhsv->bthv", scores, u)
    # S_T = S_0 + K^T U
    return o, S + einsum("bthk,bhtv->bhkv", k, u)


def _chunkwise(q: Tensor, k: Tensor, v: Tensor, beta: Tensor, S: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    outputs = []
    # parallel inside a chunk; from chunk to chunk only the state passes
    for start in range(0, k.shape[1], chunk):
        now = slice(start, start + chunk)
        o, S = _parallel(q[:, now], k[:, now], v[:, now], beta[:, now], S)
        outputs.append(o)
    return torch.cat(outputs, dim=1), S


def deltanet(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    state: Tensor | None = None,
    *,
    form: str = "parallel",
    chunk: int = 4,
    features: str = "elu",
    normalise: str = "sum",
) -> tuple[Tensor, Tensor]:
    """Return outputs o (B, T, H, V) and the last memory S (B, H, P, V)."""
    B, T, H, _ = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == beta.shape == (B, T, H)
    q, k = (_normalise(_phi(x, features), normalise) for x in (q, k))
    S = v.new_zeros(B, H, k.shape[-1], v.shape[-1]) if state is None else state

    if form == "recurrent":
        return _recurrent(q, k, v, beta, S)
    return _chunkwise(q, k, v, beta, S, T if form == "parallel" else chunk)
