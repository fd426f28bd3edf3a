r"""Gated linear attention: before each write, every row of the memory fades by a factor that the token chooses.

Paper       Yang, Wang, Shen, Panda, Kim (2023), arXiv:2312.06635 -- section 4
Idea        Forget by content, channel by channel; between two tokens decays multiply, so all is still parallel.
Equation    $$ S_t = \mathrm{diag}(\alpha_t)\, S_{t-1} + k_t v_t^\top, \qquad o_t = S_t^\top q_t $$
            $$ o_t = S_0^\top (b_t \odot q_t) + \sum_{i \le t} v_i \sum_c q_{tc}\, k_{ic}\, \frac{b_{tc}}{b_{ic}},
            \qquad b_t = \prod_{j \le t} \alpha_j $$
Shapes      q, k, alpha, b (B, T, H, K); v, o (B, T, H, V); state S (B, H, K, V); alpha is named decay
Form        mixer
Gates       decay (B, T, H, K) 0.5..1 (decay=1 gives fast-weight-programmer)
Parameters  form = parallel of recurrent | parallel | chunkwise;
            chunk = 4 in 1..512
Assumes     causal; 0 < decay <= 1. The fading hits what was there before the token, not what the token writes
Cost        recurrent: time O(T K V), state O(K V); parallel: time O(T^2 (K + V)), memory O(T^2 K) as written here;
            chunkwise: time O(T C (K + V) + T K V), memory O(C^2 K) for chunks of C tokens
Parents     linear-attention -- all decays one, and its features and denominator back;
            retention -- one decay a head, the same at all times, and its rotation back;
            forget-gate -- the gate on a matrix instead of a vector
Leaves out  the layer around it: decays from a low-rank map with the root 1 / 16 of a sigmoid, the scale 1 / sqrt(d_k)
            of the queries, norm by head, output gate; the second level of chunks, which turns the sums of pairs into
            products of matrices
Checked     every pair with the product of the decays between, channel by channel, in float64 with gradients, for all
            forms and chunks that do not divide T; decays of 1e-8 in float32, gradients too; one token; a run in three
            parts equals the whole run. Mutants killed: decay after the write, by value channel, of the token before,
            one a head, b_i / b_t, the token's own decay left out, an input gate beside it, quotient of the products
            as printed, mask after the exponential, mask one late or early, state not decayed, keys not decayed to the
            end of the chunk
"""

import torch
from torch import Tensor, einsum


def _recurrent(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    outputs = []
    for t in range(k.shape[1]):
        # S_t = diag(alpha_t) S_{t-1} + k_t v_t^T : row c of the memory belongs to channel c of the keys
        S = decay[:, t, :, :, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])
        # o_t = S_t^T q_t
        outputs.append(einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1), S


def _parallel(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:
    T = k.shape[1]
    # log b_t : b itself soon underflows, and the quotient b_t / b_i with it
    log_b = decay.log().cumsum(dim=1)
    # b_t / b_i for i <= t, zero for the future, whose quotient would overflow
    future = torch.ones(T, T, dtype=torch.bool, device=k.device).triu(1)[:, :, None, None]
    between = (log_b[:, :, None] - log_b[:, None]).masked_fill(future, -torch.inf).exp()  # (B, T, T, H, K)
    # sum over c of q_tc k_ic b_tc / b_ic
    scores = einsum("bthk,bshk,btshk->bhts", q, k, between)
    # ... v_i + (b_t * q_t)^T S_0
    o = einsum("bhts,bshv->bthv", scores, v) + einsum("bthk,bhkv->bthv", log_b.exp() * q, S)
    # S_T = diag(b_T) S_0 + sum over i of diag(b_T / b_i) k_i v_i^T
    S = log_b[:, -1, :, :, None].exp() * S + einsum("bthk,bthv->bhkv", between[:, -1] * k, v)
    return o, S


def _chunkwise(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    outputs = []
    # parallel inside a chunk; from chunk to chunk only the state passes
    for start in range(0, k.shape[1], chunk):
        now = slice(start, start + chunk)
        o, S = _parallel(q[:, now], k[:, now], v[:, now], decay[:, now], S)
        outputs.append(o)
    return torch.cat(outputs, dim=1), S


def gated_linear_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    decay: Tensor,
    state: Tensor | None = None,
    *,
    form: str = "parallel",
    chunk: int = 4,
) -> tuple[Tensor, Tensor]:
    """Return outputs o (B, T, H, V) and the last memory S (B, H, K, V)."""
    B, T, H, K = k.shape
    assert q.shape == k.shape == decay.shape
    assert v.shape[:3] == (B, T, H)
    S = v.new_zeros(B, H, K, v.shape[-1]) if state is None else state

    if form == "recurrent":
        return _recurrent(q, k, v, decay, S)
    return _chunkwise(q, k, v, decay, S, T if form == "parallel" else chunk)
