r"""Recurrent fast weight programmer (Delta RNN): a DeltaNet whose fast net also reads its own last answer.

Paper       Irie, Schlag, Csordas, Schmidhuber (2021), arXiv:2106.06295 -- section 3, the Delta RNN
Idea        Give the fast net recurrent weights too, and let the slow net program them by the same delta rule.
Equation    $$ o_t = S_t^\top \phi(q_t) + R_t^\top\, \mathrm{softmax}(o_{t-1}), \qquad o_0 = 0 $$
            $$ S_t = S_{t-1} + \beta_t\, \phi(k_t) \left(v_t - S_{t-1}^\top \phi(k_t)\right)^\top $$
            $$ R_t = R_{t-1} + \beta'_t\, \kappa_t \left(v'_t - R_{t-1}^\top \kappa_t\right)^\top,
            \qquad \kappa_t = \mathrm{softmax}(k'_t) $$
Shapes      q, k (B, T, H, K); v, o, k', v' (B, T, H, V); beta, beta' (B, T, H); state S (B, H, K, V), R (B, H, V, V)
            and the last output (B, H, V); k', v' and beta' are named k_back, v_back and beta_back
Form        mixer
Gates       beta (B, T, H) 0..1; k_back, v_back (B, T, H, V) -2..2; beta_back (B, T, H) 0..1 (beta_back=0 gives
            deltanet)
Parameters  features = elu of identity | elu; normalise = sum of none | sum | l2
            (normalise=none with features=identity and beta_back=0 gives delta-rule)
Assumes     causal; both matrices are written before they are read. The softmax stands in front of R, on what it
            reads, and on the key of R for the same reason: what is stored under a key must be found again
Cost        time O(T V (K + V)), state O(V (K + V)), constant in T; o_{t-1} stands inside a softmax, so the outputs
            cannot be computed in parallel over time
Parents     deltanet -- beta_back = 0, so that R stays zero;
            simple-recurrent-network -- recurrent weights that do not change with the input
Leaves out  the slow net, one linear map to all seven inputs, with sigmoids on both strengths; the variants with a
            gated cell (Delta LSTM), with a fast net of several layers, and with feedback into the slow net
Checked     a dense form that carries every write through the product of (I - beta k k^T) behind it, in float64, with
            gradients; inputs in the hundreds in float32; one token; a run in three parts equals the whole run.
            Mutants killed: no softmax on the output, tanh for softmax, softmax after R, no softmax on the key of R,
            output before last, feedback of the feed-forward part only, R read before it is written or transposed, R
            or S only adds, one strength or value for both, strengths exchanged, any part of the state not carried
"""

import torch
from torch import Tensor, einsum

State = tuple[Tensor, Tensor, Tensor]


def _phi(x: Tensor, features: str, normalise: str) -> Tensor:
    if features == "elu":
        # elu(x) + 1, written so that it does not round to zero in float32
        x = torch.where(x > 0, x + 1, x.clamp(max=0).exp())
    if normalise == "sum":
        return x / x.sum(dim=-1, keepdim=True).clamp(min=1e-18)
    if normalise == "l2":
        return x / x.square().sum(dim=-1, keepdim=True).clamp(min=1e-24).sqrt()
    return x


def _write(S: Tensor, k: Tensor, v: Tensor, beta: Tensor) -> Tensor:
    # S + beta k (v - S^T k)^T : the delta rule, for both matrices the same
    error = v - einsum("bhkv,bhk->bhv", S, k)
    return S + einsum("bhk,bhv->bhkv", k, beta[..., None] * error)


def recurrent_fast_weight_programmer(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    k_back: Tensor,
    v_back: Tensor,
    beta_back: Tensor,
    state: State | None = None,
    *,
    features: str = "elu",
    normalise: str = "sum",
) -> tuple[Tensor, State]:
    """Return outputs o (B, T, H, V) and the state: S (B, H, K, V), R (B, H, V, V) and the last output (B, H, V)."""
    B, T, H, K = k.shape
    V = v.shape[-1]
    assert q.shape == k.shape
    assert v.shape == k_back.shape == v_back.shape == (B, T, H, V)
    assert beta.shape == beta_back.shape == (B, T, H)
    q, k = _phi(q, features, normalise), _phi(k, features, normalise)
    # kappa_t = softmax(k'_t) : a key of the same kind as what R will be asked
    k_back = k_back.softmax(dim=-1)

    S, R, o = (v.new_zeros(B, H, K, V), v.new_zeros(B, H, V, V), v.new_zeros(B, H, V)) if state is None else state
    outputs = []
    for t in range(T):
        S = _write(S, k[:, t], v[:, t], beta[:, t])
        R = _write(R, k_back[:, t], v_back[:, t], beta_back[:, t])
        # o_t = S_t^T phi(q_t) + R_t^T softmax(o_{t-1})
        o = einsum("bhkv,bhk->bhv", S, q[:, t]) + einsum("bhuv,bhu->bhv", R, o.softmax(dim=-1))
        outputs.append(o)
    return torch.stack(outputs, dim=1), (S, R, o)
