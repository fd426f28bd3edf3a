r"""State space duality: a state space whose transition is one number is attention with a mask of products.

Paper       Dao, Gu (2024), arXiv:2405.21060 -- sections 5 (the two forms) and 6 (chunks)
Idea        One map, two ways to multiply it out: token by token through a state, or all pairs through a mask.
Equation    $$ S_t = a_t S_{t-1} + k_t v_t^\top, \quad o_t = S_t^\top q_t \iff
            O = (L \odot Q K^\top) V, \quad L_{ts} = a_{s+1} \cdots a_t \text{ for } s \le t, \text{ else } 0 $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V); decay a (B, T, H); state S (B, H, K, V)
Form        mixer
Gates       decay (B, T, H) 0.5..1 (decay=1 gives fast-weight-programmer)
Parameters  form = parallel of parallel | recurrent | chunkwise;
            chunk = 4 in 1..512 (chunk=1 gives the recurrent form)
Assumes     causal; 0 < decay <= 1, one number a token and head. In the names of state spaces q is C, k is B, v is
            the step times the input, and decay is e^{step A} with A < 0, one number a head
Cost        parallel: time O(T^2 (K + V)); recurrent: time O(T K V), state O(K V); chunkwise: O(T (C (K + V) + K V))
            for chunks of C tokens, nearly all of it in matrix products
Parents     selective-state-space -- a transition for every channel and state in the place of one number;
            linear-attention -- decay one, but features and a denominator; retention -- one decay a head, the same
            for all tokens, and rotation
Leaves out  the block of Mamba-2 around it: projections, short convolution, step size, B and C shared by the heads,
            skip past the state, gated norm
Checked     every product of decays written out in float64, with gradients; the chunked scan of transformers'
            Mamba-2; all forms, chunks of 1, 3, 4 and more than T tokens; decays of 1e-12 in float32, gradients too;
            one token; a run in three parts equals the whole run; the shipped fast weight programmer and retention.
            Mutants killed: a_s counted, a_t not counted, the mask transposed, growth for decay, state not faded
            through the chunk, quotients of products for differences of logarithms
"""

import torch
from torch import Tensor, einsum


def _parallel(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    # log of a_1 ... a_t : sums do not underflow where products would
    total = decay.log().cumsum(dim=1).transpose(1, 2)  # (B, H, T)
    future = torch.ones(k.shape[1], k.shape[1], dtype=torch.bool, device=k.device).triu(1)
    # L_ts = a_{s+1} ... a_t : the sum up to t less the sum up to s
    L = (total[..., :, None] - total[..., None, :]).masked_fill(future, float("-inf")).exp()
    scores = einsum("bthk,bshk->bhts", q, k) * L
    # S stands before the first token and has faded by a_1 ... a_t when token t reads it
    o = einsum("bhts,bshv->bthv", scores, v) + einsum("bthk,bht,bhkv->bthv", q, total.exp(), S)
    # at the end token s has faded by a_{s+1} ... a_T, and S by a_1 ... a_T
    end = total[..., -1:]
    written = einsum("bshk,bhs,bshv->bhkv", k, (end - total).exp(), v)
    return o, end.exp()[..., None] * S + written


def _recurrent(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    outputs = []
    for t in range(k.shape[1]):
        # S_t = a_t S_{t-1} + k_t v_t^T
        S = decay[:, t, :, None, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        # o_t = S_t^T q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S


def _chunkwise(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    outputs = []
    for start in range(0, k.shape[1], chunk):
        here = slice(start, start + chunk)
        # all pairs within a chunk, a state from chunk to chunk
        o, S = _parallel(q[:, here], k[:, here], v[:, here], decay[:, here], S)
        outputs.append(o)
    return torch.cat(outputs, dim=1), S


def state_space_duality(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    decay: Tensor,
    state: Tensor | None = None,
    *,
    form: str = "parallel",
    chunk: int = 4,
) -> tuple[Tensor, Tensor]:
    """Return outputs o (B, T, H, V) and the last state S (B, H, K, V)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == decay.shape == (B, T, H)
    assert form in ("parallel", "recurrent", "chunkwise")
    S = v.new_zeros(B, H, K, v.shape[-1]) if state is None else state

    if form == "recurrent":
        return _recurrent(q, k, v, decay, S)
    # one chunk for all is the parallel form
    return _chunkwise(q, k, v, decay, S, chunk if form == "chunkwise" else T)
