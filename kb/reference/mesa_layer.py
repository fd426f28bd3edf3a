r"""Mesa layer: read with the least-squares map from all keys so far to all values so far.

Paper       von Oswald, Schlegel, Meulemans, Kobayashi, Niklasson, Zucchet, Scherrer, Miller, Sandler, Aguera y Arcas,
            Vladymyrov, Pascanu, Sacramento (2023), arXiv:2309.05858 -- the definition of the mesa-layer
Idea        Do not descend towards the map that explains the context, jump there: the optimum has a formula.
Equation    $$ W_t = \arg\min_W \tfrac12 \sum_{i \le t} \lVert W^\top k_i - v_i \rVert^2
            + \tfrac{1}{2 \lambda} \lVert W \rVert^2, \qquad
            o_t = W_t^\top q_t = \sum_{i \le t} v_i k_i^\top R_t\, q_t $$
            $$ R_t = \Big( \sum_{i \le t} k_i k_i^\top + \tfrac1\lambda I \Big)^{-1}
            = R_{t-1} - \frac{R_{t-1} k_t k_t^\top R_{t-1}}{1 + k_t^\top R_{t-1} k_t}, \qquad R_0 = \lambda I $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V); state S (B, H, K, V), the sum of k v^T, and R (B, H, K, K)
Form        mixer
Parameters  form = recurrent of recurrent | parallel;
            lam = 1.0 in 1e-6..1e6 (lam=1e-6 nearly gives fast-weight-programmer times lam)
Assumes     causal; lambda, here lam, divides the penalty: many a library writes the penalty itself, 1 / lambda, as
            lambda. Until K keys have come, a large lam makes the system ill-conditioned: in float32 the recurrent
            form has errors of 1e-6 at lam = 1 and of 1e-1 at 1e4
Cost        recurrent: time O(T (K^2 + K V)), state O(K^2 + K V), one token after the other; parallel: one system of K
            equations a token, time O(T K^3)
Parents     delta-rule -- W_t = W_{t-1} + R_t k_t (v_t - W_{t-1}^T k_t)^T holds exactly: write along beta_t k_t
            instead;
            linear-attention -- R_t fixed to the identity, with the identity as features and no denominator;
            in-context-gradient-descent -- one step from zero instead of the optimum
Leaves out  projections and the normalisation of keys and queries; forgetting; the backward recursion that saves
            storing every R_t
Checked     least squares by the pseudo-inverse of the keys stacked on the root of the penalty, for every prefix, with
            gradients; both forms; the rewriting as a delta rule with the gain R_t k_t; lam to zero: the distance to
            lam times the fast weight programmer falls tenfold with lam; a linear map is recovered; one token; a run
            in three parts equals the whole run. Mutants killed: penalty lambda for 1 / lambda, halved, left out or
            counted at every token, no 1 in the denominator, |k|^2 there, sign of the update, update along the key, R
            along the query, read without R, values one step late, later keys counted
"""

import torch
from torch import Tensor, einsum

State = tuple[Tensor, Tensor]


def _recurrent(q: Tensor, k: Tensor, v: Tensor, state: State) -> tuple[Tensor, State]:
    S, R = state
    outputs = []
    for t in range(k.shape[1]):
        # R_{t-1} k_t : the direction of this key, shorter the better it is known
        direction = einsum("bhkj,bhj->bhk", R, k[:, t])
        # R_t = R_{t-1} - R k k^T R / (1 + k^T R k) : the inverse after one more pair, without inverting
        known = 1 + einsum("bhk,bhk->bh", k[:, t], direction)
        R = R - einsum("bhk,bhj->bhkj", direction, direction) / known[..., None, None]
        # sum of k_i v_i^T
        S = S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        # o_t = (sum of v_i k_i^T) R_t q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, einsum("bhkj,bhj->bhk", R, q[:, t])))
    return torch.stack(outputs, dim=1), (S, R)


def _parallel(q: Tensor, k: Tensor, v: Tensor, state: State) -> tuple[Tensor, State]:
    # sum over i <= t of k_i k_i^T + I / lambda, for every t at once
    scatter = torch.linalg.inv(state[1])[:, None] + einsum("bthk,bthj->bthkj", k, k).cumsum(dim=1)
    S = state[0][:, None] + einsum("bthk,bthv->bthkv", k, v).cumsum(dim=1)
    # W_t = (...)^{-1} sum of k_i v_i^T  and  o_t = W_t^T q_t
    o = einsum("bthkv,bthk->bthv", torch.linalg.solve(scatter, S), q)
    return o, (S[:, -1], torch.linalg.inv(scatter[:, -1]))


def mesa_layer(
    q: Tensor, k: Tensor, v: Tensor, state: State | None = None, *, form: str = "recurrent", lam: float = 1.0
) -> tuple[Tensor, State]:
    """Return outputs o (B, T, H, V) and the state: S (B, H, K, V) and R (B, H, K, K)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == (B, T, H)
    assert lam > 0
    if state is None:
        # R_0 = lambda I : before the first pair only the penalty speaks
        identity = torch.eye(K, dtype=k.dtype, device=k.device)
        state = v.new_zeros(B, H, K, v.shape[-1]), (lam * identity).repeat(B, H, 1, 1)
    return {"recurrent": _recurrent, "parallel": _parallel}[form](q, k, v, state)
