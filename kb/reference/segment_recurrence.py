r"""Segment-level recurrence: attention that reads a text segment by segment and keeps the last one in sight.

Paper       Dai, Yang, Yang, Carbonell, Le, Salakhutdinov (2019), arXiv:1901.02860 (Transformer-XL) -- sections 3.2
            and 3.3
Idea        Keep what the layer read one segment ago and read it again, without asking it to change any more.
Equation    $$ \tilde h = [\mathrm{SG}(m);\, h], \qquad q = h W_q, \quad k, v = \tilde h W_k,\, \tilde h W_v, \qquad
            m \leftarrow h $$
            $$ A_{ij} = \frac{(q_i + u)^\top k_j + (q_i + v)^\top W_R\, r_{i-j}}{\sqrt{d_k}}, \qquad
            y = \mathrm{softmax}(A)\, v\, W_o $$
Shapes      x, y (B, T, D); h a segment of x, m the memory; distances r with sine half and cosine half, D channels;
            state: the memory, at most segment tokens (B, M, D)
Form        block
Weights     w_q, w_k, w_v, w_o, w_rel (D, D); u_content, v_distance (D)
Parameters  heads = 2 in 1..16; segment = 4 in 1..512 (segment=512 with positions=none gives multi-head-attention,
            where T is not above it); positions = relative of relative | none
Assumes     causal; SG stops the gradient; positions have to be relative, for absolute ones would give a token of the
            memory and one of the segment the same place; the memory is as long as a segment, and where the last
            segment of a run is short it keeps tokens of the one before. One layer sees two segments at most; the n-th
            layer of a stack sees n + 1, for its memory was computed with a memory below
Cost        time O(T M D) beside the projections, M = segment; state M D, constant in T; 5 D^2 + 2 D parameters
Parents     multi-head-attention -- one segment for all, and the product q_i k_j alone; relative-positions -- a learnt
            vector for each distance in the place of W_R r and u, v; gopher-block has these scores without the memory
Leaves out  shortcut, norm and feed-forward network of the layer, dropout, u and v shared between layers, and the
            shift by which the authors' code lines up all distances: here every pair looks its own up
Checked     one masked attention over the whole text pair by pair, with the gradient cut by hand, XLNet's attention
            core with memory in transformers, with gradients of x and all weights; one token; runs in parts of whole
            segments. Mutants killed: gradient into the memory, no memory, memory of everything, memory of outputs,
            memory behind the segment, distances that begin at the seam, distance reversed, u for v, content alone
            scaled, sines and cosines in turn, mask one late
"""

import torch
from torch import Tensor, einsum


def _distances(T: int, like: Tensor) -> Tensor:
    # r_n : row n describes "n tokens back" by waves of length 2 pi to 2 pi 10000
    D = like.shape[-1]
    n = torch.arange(T, dtype=like.dtype, device=like.device)
    angle = n[:, None] / 10000 ** (torch.arange(0, D, 2, dtype=like.dtype, device=like.device) / D)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)[:, :D]


def _attention(h: Tensor, memory: Tensor, w: dict[str, Tensor], heads: int, positions: str) -> Tensor:
    # h~ = [SG(m); h] : read, but never written back to
    both = torch.cat([memory.detach(), h], dim=1)
    (B, T, _), S = h.shape, both.shape[1]
    q = (h @ w["w_q"]).view(B, T, heads, -1)
    k, v = ((both @ w[name]).view(B, S, heads, -1) for name in ("w_k", "w_v"))
    # query i is token S - T + i of the two : n = i - j counts on through the seam
    n = torch.arange(S - T, S, device=h.device)[:, None] - torch.arange(S, device=h.device)
    if positions == "none":
        scores = einsum("bthk,bshk->bhts", q, k)
    else:
        r = (_distances(S, h) @ w["w_rel"]).view(S, heads, -1)
        # (q_i + u) k_j and (q_i + v) W_R r_n, the future (n < 0) being masked below
        content = einsum("bthk,bshk->bhts", q + w["u_content"].view(heads, -1), k)
        by_distance = einsum("bthk,nhk->bhtn", q + w["v_distance"].view(heads, -1), r)
        scores = content + by_distance.gather(-1, n.clamp(min=0).expand_as(content))
    # softmax(A) v, one root for the whole sum
    shares = (scores / q.shape[-1] ** 0.5).masked_fill(n < 0, float("-inf")).softmax(dim=-1)
    return einsum("bhts,bshv->bthv", shares, v).flatten(-2) @ w["w_o"]


def segment_recurrence(
    x: Tensor,
    w: dict[str, Tensor],
    state: Tensor | None = None,
    *,
    heads: int = 2,
    segment: int = 4,
    positions: str = "relative",
) -> tuple[Tensor, Tensor]:
    """Return y (B, T, D) and the memory: the last tokens of x, as many as a segment has."""
    _, T, D = x.shape
    assert D % heads == 0
    assert w["u_content"].shape == w["v_distance"].shape == (D,)

    memory = x[:, :0] if state is None else state
    outputs = []
    for first in range(0, T, segment):
        h = x[:, first : first + segment]
        outputs.append(_attention(h, memory, w, heads, positions))
        # m <- h : what this layer read, not what it said
        memory = torch.cat([memory, h], dim=1)[:, -segment:].detach()
    return torch.cat(outputs, dim=1), memory
