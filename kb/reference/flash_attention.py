r"""FlashAttention: exact softmax attention tile by tile, so that the matrix of scores is never written down.

Paper       Dao, Fu, Ermon, Rudra, Re (2022), arXiv:2205.14135 -- section 3.1, algorithm 1; backward pass: appendix B;
            queries in the outer loop: Dao (2023), arXiv:2307.08691
Idea        Read a tile of keys, add what it says, correct the sum if the maximum rose, forget the tile.
Equation    $$ m' = \max(m, \mathrm{rowmax}\, S), \quad l' = e^{m - m'} l + \mathrm{rowsum}\, e^{S - m'}, \quad
            O' = e^{m - m'} O + e^{S - m'} V, \qquad S = Q K^\top / \sqrt{d_k} $$
            $$ o = O / l, \qquad L = m + \ln l, \qquad P = e^{S - L}, \qquad
            dS = P \odot (dO\, V^\top - \mathrm{rowsum}(dO \odot o)) $$
Shapes      q (B, T, H, K); k (B, S, H, K); v (B, S, H, V); o (B, T, H, V); for a tile of queries m, l (B, H, tile)
            and O (B, H, tile, V); state: the keys and values so far
Form        mixer
Parameters  causal = true; tile = 4 in 1..512 (tile=512 or any other gives scaled-dot-product-attention)
Assumes     S >= T, and the queries are the last T of the S tokens. A tile of 64 or 128 is usual: as large as fits
            into a processor's fast memory together with its keys and values
Cost        time O(T S (K + V)), as much as without tiles (half for causal=true, where tiles ahead are skipped), and
            as much again twice for the gradient; memory O(T + S) beside inputs and output, where the scores would
            take O(T S); what is saved is traffic to slow memory
Parents     scaled-dot-product-attention -- one tile, which holds everything; online-softmax -- the sums without the
            values; memory-efficient-attention -- the same sums, not fitted to fast memory
Leaves out  the memory itself: a kernel keeps tiles on chip, here tensors only show the order; dropout, padding mask
Checked     F.scaled_dot_product_attention, with gradients (whose own pass stands here), tiles of 1 to more than T,
            ragged last ones, causal or not; one token; logits in the thousands; a run in two parts equals the whole
            run; tiles are counted, and no tensor of any pass is as large as the scores. Mutants killed: O not
            rescaled, l not rescaled, rescaled the wrong way round, maximum of the tile alone, division in every tile,
            ragged tile dropped, mask within the tile only, skipped one tile early, no scale, rowsum left out of the
            gradient, P divided twice
"""

import torch
from torch import Tensor, einsum


def _slices(size: int, tile: int) -> list[slice]:
    return [slice(first, min(first + tile, size)) for first in range(0, size, tile)]


def _tiles(T: int, S: int, tile: int, causal: bool) -> list[tuple[slice, list[slice]]]:
    # query i is token S - T + i; a tile of keys that begins behind the last query of its tile is skipped
    seen = _slices(S, tile)
    return [
        (rows, [columns for columns in seen if not causal or columns.start < S - T + rows.stop])
        for rows in _slices(T, tile)
    ]


def _scores(q: Tensor, k: Tensor, rows: slice, columns: slice, causal: bool) -> Tensor:
    # S = Q K^T / sqrt(d_k), for one tile only
    scores: Tensor = einsum("bihk,bjhk->bhij", q[:, rows], k[:, columns]) / q.shape[3] ** 0.5
    if not causal:
        return scores
    i = torch.arange(rows.start, rows.stop, device=q.device)[:, None] + k.shape[1] - q.shape[1]
    j = torch.arange(columns.start, columns.stop, device=q.device)
    return scores.masked_fill(j > i, float("-inf"))


class _Kept(torch.autograd.function.FunctionCtx):
    saved_tensors: tuple[Tensor, ...]  # q, k, v, o and L : nothing of the size of the scores
    causal: bool
    tile: int


class _Tiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Kept, q: Tensor, k: Tensor, v: Tensor, causal: bool, tile: int) -> Tensor:
        B, T, H, _ = q.shape
        outputs, logsums = [], []
        for rows, seen in _tiles(T, k.shape[1], tile, causal):
            size = rows.stop - rows.start  # m, l and O of these queries
            m, total = q.new_full((B, H, size), float("-inf")), q.new_zeros(B, H, size)
            mixed = v.new_zeros(B, H, size, v.shape[3])
            for columns in seen:
                S = _scores(q, k, rows, columns, causal)
                # m' = max(m, rowmax S) : finite from the first tile on, for every query sees token 0
                higher = torch.maximum(m, S.amax(dim=-1))
                kept, P = (m - higher).exp(), (S - higher[..., None]).exp()
                # l' = e^{m - m'} l + rowsum e^{S - m'}
                total = kept * total + P.sum(dim=-1)
                # O' = e^{m - m'} O + e^{S - m'} V
                mixed = kept[..., None] * mixed + einsum("bhij,bjhv->bhiv", P, v[:, columns])
                m = higher
            # o = O / l and L = m + ln l : one number a query, all that the gradient needs beside o
            outputs.append(mixed / total[..., None])
            logsums.append(m + total.log())
        o = torch.cat(outputs, dim=2).transpose(1, 2)
        ctx.save_for_backward(q, k, v, o, torch.cat(logsums, dim=2))
        ctx.causal, ctx.tile = causal, tile
        return o

    @staticmethod
    def backward(ctx: _Kept, do: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, o, L = ctx.saved_tensors
        dq, dk, dv = (torch.zeros_like(x) for x in (q, k, v))
        # rowsum(dO o) : what softmax takes from every entry of its row
        row = (do * o).sum(dim=-1).transpose(1, 2)
        for rows, seen in _tiles(q.shape[1], k.shape[1], ctx.tile, ctx.causal):
            for columns in seen:
                # P = e^{S - L} : the tile is computed again, not remembered
                P = (_scores(q, k, rows, columns, ctx.causal) - L[:, :, rows, None]).exp()
                dP = einsum("bihv,bjhv->bhij", do[:, rows], v[:, columns])
                # dS = P (dO V^T - rowsum(dO o)), and back through the scale
                dS = P * (dP - row[:, :, rows, None]) / q.shape[3] ** 0.5
                dq[:, rows] += einsum("bhij,bjhk->bihk", dS, k[:, columns])
                dk[:, columns] += einsum("bhij,bihk->bjhk", dS, q[:, rows])
                dv[:, columns] += einsum("bhij,bihv->bjhv", P, do[:, rows])
        return dq, dk, dv, None, None


def flash_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    state: tuple[Tensor, Tensor] | None = None,
    *,
    causal: bool = True,
    tile: int = 4,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return outputs o (B, T, H, V) and all keys and values, which the next token will have to read again."""
    if state is not None:
        k, v = torch.cat([state[0], k], dim=1), torch.cat([state[1], v], dim=1)
    T = q.shape[1]
    assert 128 * tile >= T, "a loop in Python over more than 128 tiles of queries is not worth the wait"
    assert k.shape == (q.shape[0], k.shape[1], *q.shape[2:])
    assert v.shape[:3] == k.shape[:3]
    assert k.shape[1] >= T

    o: Tensor = _Tiled.apply(q, k, v, causal, tile)  # type: ignore[no-untyped-call]
    return o, (k, v)
