r"""Fast weight programmer: one net writes the weights of another, an outer product at a time.

Paper       Schmidhuber (1991/92), Neural Computation 4(1), 131-139, doi:10.1162/neco.1992.4.1.131; in the notation
            of Schlag, Irie, Schmidhuber (2021), arXiv:2102.11174 -- section 2, equations 1-3
Idea        Short-term memory need not be a vector of activations: let it be a weight matrix that is written to.
Equation    $$ S_t = \sigma\left(S_{t-1} + k_t v_t^\top\right), \qquad o_t = S_t^\top q_t $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V); state S (B, H, K, V), which is the fast net's weight matrix
Form        mixer
Parameters  squash = identity of identity | tanh (squash=identity gives correlation-matrix-memory);
            features = identity of identity | elu (features=elu gives linear-attention with normalise=false)
Assumes     causal; the memory is read after it is written, as in equation 3 of 2021 (the paper of 1992 lets the fast
            net answer first and changes its weights afterwards)
Cost        time O(T K V); state O(K V), constant in T
Parents     correlation-matrix-memory -- no squashing, and keys and values given instead of learned
Leaves out  the slow net that turns inputs into q, k and v (a linear map each); learned write strength; erasing
Checked     the quadratic form o_t = sum over i <= t of (q_t . k_i) v_i, and a dense loop with squashing, with
            gradients; one token; a run in two parts equals the whole run. Mutants killed: read before write,
            squashing the increment only, the last write only, the memory read with keys, state ignored
"""

from collections.abc import Callable

import torch
from torch import Tensor, einsum

_SIGMA: dict[str, Callable[[Tensor], Tensor]] = {"identity": torch.clone, "tanh": torch.tanh}


def fast_weight_programmer(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    state: Tensor | None = None,
    *,
    squash: str = "identity",
    features: str = "identity",
) -> tuple[Tensor, Tensor]:
    """Return outputs o (B, T, H, V) and the last fast weights (B, H, K, V)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == (B, T, H)
    sigma = _SIGMA[squash]
    if features == "elu":
        # elu(x) + 1 : patterns without a negative part, as linear attention has them
        q, k = (torch.where(x > 0, x + 1, x.clamp(max=0).exp()) for x in (q, k))

    S = v.new_zeros(B, H, K, v.shape[-1]) if state is None else state
    outputs = []
    for t in range(T):
        # S_t = sigma(S_{t-1} + k_t v_t^T) : from where (key) to what (value)
        S = sigma(S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t]))
        # o_t = S_t^T q_t : the fast net is one linear layer, and the query its input
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S
