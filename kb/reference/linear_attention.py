r"""Linear attention: replace exp(q . k) by a product of features, and the sum over the past becomes a state.

Paper       Katharopoulos, Vyas, Pappas, Fleuret (2020), arXiv:2006.16236 -- sections 3.2 to 3.4
Idea        Brackets: (phi(q) phi(k)^T) v reads all pairs, phi(q) (phi(k)^T v) reads one running sum.
Equation    $$ o_t = \frac{\phi(q_t)^\top \sum_{i \le t} \phi(k_i) v_i^\top}{\phi(q_t)^\top \sum_{i \le t} \phi(k_i)},
            \qquad \phi(x) = \mathrm{elu}(x) + 1 $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V); state S (B, H, K, V) and z (B, H, K)
Form        mixer
Parameters  form = parallel of parallel | recurrent;
            normalise = true (normalise=false gives fast-weight-programmer with features=elu)
Assumes     causal
Cost        recurrent: time O(T K V), state O(K V), constant in T; parallel: time O(T^2 (K + V))
Parents     scaled-dot-product-attention -- put exp(q . k / sqrt(d_k)) back in the place of phi(q) . phi(k);
            fast-weight-programmer -- leave out phi and the denominator
Leaves out  the eps of 1e-6 that libraries add to the denominator; the form without a causal mask; chunks
Checked     the quotient of the two sums, token by token, in float64, with gradients; both forms against each other;
            logits of -40 in float32; one token; a run in two parts equals the whole run. Mutants killed: phi without
            + 1, phi = relu, scaled by the root of d_k, mask one late, denominator left out, denominator of the whole
            sequence, z not carried, S not carried
"""

import torch
from torch import Tensor, einsum

State = tuple[Tensor, Tensor]


def _phi(x: Tensor) -> Tensor:
    # elu(x) + 1 is e^x for x <= 0; written so, because (e^x - 1) + 1 rounds to 0 from -17 on in float32
    return torch.where(x > 0, x + 1, x.clamp(max=0).exp())


def _parallel(q: Tensor, k: Tensor, v: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
    S, z = state
    # phi(q_t) . phi(k_i) for i <= t : no softmax, so the future is simply zero
    scores = einsum("bthk,bshk->bhts", q, k).tril()
    numerator = einsum("bhts,bshv->bthv", scores, v) + einsum("bthk,bhkv->bthv", q, S)
    denominator = scores.sum(dim=-1).transpose(1, 2) + einsum("bthk,bhk->bth", q, z)
    return numerator, denominator, (S + einsum("bthk,bthv->bhkv", k, v), z + k.sum(dim=1))


def _recurrent(q: Tensor, k: Tensor, v: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
    S, z = state
    numerators, denominators = [], []
    for t in range(k.shape[1]):
        # S_t = S_{t-1} + phi(k_t) v_t^T
        S = S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        # z_t = z_{t-1} + phi(k_t)
        z = z + k[:, t]
        # phi(q_t)^T S_t  and  phi(q_t)^T z_t
        numerators.append(einsum("bhk,bhkv->bhv", q[:, t], S))
        denominators.append(einsum("bhk,bhk->bh", q[:, t], z))
    return torch.stack(numerators, dim=1), torch.stack(denominators, dim=1), (S, z)


def linear_attention(
    q: Tensor, k: Tensor, v: Tensor, state: State | None = None, *, form: str = "parallel", normalise: bool = True
) -> tuple[Tensor, State]:
    """Return outputs o (B, T, H, V) and the last state: S (B, H, K, V) and z (B, H, K)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == (B, T, H)
    if state is None:
        state = v.new_zeros(B, H, K, v.shape[-1]), v.new_zeros(B, H, K)

    mix = {"parallel": _parallel, "recurrent": _recurrent}[form]
    numerator, denominator, state = mix(_phi(q), _phi(k), v, state)
    # the weights of a query sum to one, as softmax's do; features are positive, so nothing divides by zero
    return numerator / denominator[..., None] if normalise else numerator, state
