r"""Delta rule: a key-value memory that corrects what it holds instead of piling on top.

Paper       Widrow, Hoff (1960), Adaptive switching circuits, IRE WESCON Convention Record 4, 96-104; as the write
            rule of a fast weight memory in Schlag, Irie, Schmidhuber (2021), arXiv:2102.11174 -- section 4.2
Idea        Ask the memory what it answers for this key, and write only the difference.
Equation    $$ S_t = S_{t-1} + \beta_t\, k_t \left(v_t - S_{t-1}^\top k_t\right)^\top, \qquad o_t = S_t^\top q_t $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V); state S (B, H, K, V)
Form        mixer
Gates       beta (B, T, H) 0..1 (beta=1 gives fast-weight-programmer where the keys are orthonormal)
Parameters  read = true (read=false gives fast-weight-programmer with the values beta v)
Assumes     causal; written first, then read. Stable where beta_t |k_t|^2 < 2: longer keys overshoot, and the memory
            grows exponentially (raw normal keys of 8 channels do). With |k_t| = 1 and beta_t = 1 the new value
            replaces the old one exactly
Cost        time O(T K V); state O(K V), constant in T; one token after the other
Parents     fast-weight-programmer -- leave out the read, and the memory only ever adds;
            correlation-matrix-memory -- moreover a strength of one
Leaves out  features and normalisation of the keys, and the form that is parallel in time: deltanet
Checked     the sum over all writes, each carried through the product of (I - beta k k^T) behind it; gradient descent
            with rate beta on half the squared error, by autograd; with gradients; a second write replaces the first;
            one token; a run in three parts equals the whole run. Mutants killed: no read, read with the query, error
            with the wrong sign, beta on the value only, squared or left out, memory faded by beta, step divided by
            |k|^2, query answered before the write, the last write only, state ignored
"""

import torch
from torch import Tensor, einsum


def delta_rule(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, state: Tensor | None = None, *, read: bool = True
) -> tuple[Tensor, Tensor]:
    """Return outputs o (B, T, H, V) and the last memory S (B, H, K, V)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == beta.shape == (B, T, H)

    S = v.new_zeros(B, H, K, v.shape[-1]) if state is None else state
    outputs = []
    for t in range(T):
        # S_{t-1}^T k_t : what the memory answers today
        old = einsum("bhkv,bhk->bhv", S, k[:, t])
        error = v[:, t] - old if read else v[:, t]
        # S_t = S_{t-1} + beta_t k_t (v_t - old)^T : -k (v - old)^T is the gradient of |S^T k - v|^2 / 2
        S = S + beta[:, t, :, None, None] * einsum("bhk,bhv->bhkv", k[:, t], error)
        # o_t = S_t^T q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S
