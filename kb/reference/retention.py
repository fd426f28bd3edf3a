r"""Retention: linear attention that forgets at a constant pace, with one form to train, one to decode, one between.

Paper       Sun et al. (2023), arXiv:2307.08621 -- section 2.1
Idea        Put a decay into the state; unrolled, it is attention whose softmax is replaced by the age of the token.
Equation    $$ S_t = \gamma S_{t-1} + k_t v_t^\top, \quad o_t = S_t^\top q_t \iff
            O = (Q K^\top \odot D) V, \quad D_{ts} = \gamma^{t-s} \text{ for } s \le t, \text{ else } 0 $$
Shapes      q, k (B, T, H, K); v, o (B, T, H, V); state S (B, H, K, V) and the number of tokens before
Form        mixer
Gates       decay (H) 0.9..1 (decay=1 with rotation=none gives fast-weight-programmer)
Parameters  form = parallel of parallel | recurrent | chunkwise;
            chunk = 4 in 1..512 (chunk=1 gives the recurrent form);
            rotation = rope of rope | code | none
Assumes     causal; decay is gamma, fixed and not learned: the paper takes 1 - 2^{-5-h} for head h = 0, 1, ...
            Rotated are pairs of neighbouring channels of q and k, K even; rope has frequencies 10000^{-2i/K}, the
            authors' code as many from 1 to 1/10000, both ends included
Cost        parallel: time O(T^2 (K + V)); recurrent: time O(T K V), state O(K V); chunkwise: O(T (C (K + V) + K V))
            for chunks of C tokens
Parents     linear-attention -- decay one, no rotation, but features and a denominator; rotary-positions -- a softmax
            over the rotated products; structured-state-space -- queries and keys that ignore the token
Leaves out  the projections, key scale K^{-1/2}, group norm and swish gate around it; the authors' rescaling of D, of
            scores and of chunks, which the group norm takes out again
Checked     sums over pairs in float64 with the rotation as a complex product, with gradients; all forms, chunks of
            1, 3, 4 and more than T tokens; the formulas of the authors' code; scores that depend on t - s only; one
            token; a run in three parts equals the whole run. Mutants killed: decay one early or late, growth for
            decay, q and k turned apart, places restart in each part, state not faded through the chunk, decay of a
            wrong head
"""

import torch
from torch import Tensor, einsum

State = tuple[Tensor, int]


def _rotate(x: Tensor, first: int, rotation: str) -> Tensor:
    K = x.shape[-1]
    share = torch.arange(0, K, 2, dtype=x.dtype, device=x.device) / K
    if rotation == "code":
        share = torch.linspace(0, 1, K // 2, dtype=x.dtype, device=x.device)
    place = torch.arange(first, first + x.shape[1], dtype=x.dtype, device=x.device)
    # t theta_i, theta_i = 10000^{-share} : (T, 1, K / 2)
    angle = (place[:, None] * 10000.0**-share)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = even * angle.cos() - odd * angle.sin(), even * angle.sin() + odd * angle.cos()
    return torch.stack(turned, dim=-1).flatten(-2)


def _parallel(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    T = k.shape[1]
    t = torch.arange(T, device=k.device)
    # D_ts = decay^{t-s} for s <= t : (H, T, T)
    D = (decay[:, None, None] ** (t[:, None] - t).clamp(min=0)).tril()
    scores = einsum("bthk,bshk->bhts", q, k) * D
    # S stands before the first token, so t + 1 steps have passed when token t reads it
    past = decay ** (t[:, None] + 1)
    o = einsum("bhts,bshv->bthv", scores, v) + einsum("bthk,th,bhkv->bthv", q, past, S)
    # at the end token s has aged by T - 1 - s steps, and S by T
    left = decay ** (T - 1 - t[:, None])
    return o, (decay**T)[:, None, None] * S + einsum("bshk,sh,bshv->bhkv", k, left, v)


def _recurrent(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    outputs = []
    for t in range(k.shape[1]):
        # S_t = decay S_{t-1} + k_t v_t^T
        S = decay[:, None, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        # o_t = S_t^T q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S


def _chunkwise(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    outputs = []
    for start in range(0, k.shape[1], chunk):
        here = slice(start, start + chunk)
        # parallel within a chunk, recurrent from chunk to chunk
        o, S = _parallel(q[:, here], k[:, here], v[:, here], decay, S)
        outputs.append(o)
    return torch.cat(outputs, dim=1), S


def retention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    decay: Tensor,
    state: State | None = None,
    *,
    form: str = "parallel",
    chunk: int = 4,
    rotation: str = "rope",
) -> tuple[Tensor, State]:
    """Return outputs o (B, T, H, V) and the state: S (B, H, K, V) and how many tokens it has seen."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == (B, T, H)
    assert decay.shape == (H,)
    assert form in ("parallel", "recurrent", "chunkwise")
    assert rotation in ("rope", "code", "none")
    assert rotation == "none" or K % 2 == 0, "channels are rotated in pairs: K must be even"
    S, first = (v.new_zeros(B, H, K, v.shape[-1]), 0) if state is None else state

    if rotation != "none":
        # q_t and k_s turned by t theta and s theta : their product knows t - s only
        q, k = (_rotate(x, first, rotation) for x in (q, k))
    if form == "recurrent":
        o, S = _recurrent(q, k, v, decay, S)
    else:
        # one chunk for all is the parallel form
        o, S = _chunkwise(q, k, v, decay, S, chunk if form == "chunkwise" else T)
    return o, (S, first + T)
