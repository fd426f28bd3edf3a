"""Attention tile by tile: whatever the tile, the order of the blocks or the place of the pages."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weigh = Callable[[Tensor], Tensor]

_TOKENS, _PAGE, _TABLE = 7, 3, (2, 0, 3, 1)


def _draw(draw: Draw, tokens: int = _TOKENS) -> "tuple[Tensor, Tensor, Tensor]":
    # logits up to a hundred: shares that were scaled by a wrong maximum are off by many orders
    return 4 * draw.normal(2, tokens, 2, 4), 4 * draw.normal(2, tokens, 2, 4), draw.normal(2, tokens, 2, 3)


def _attend(q: "Tensor", k: "Tensor", v: "Tensor", *, causal: bool = True) -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=causal)[0]


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject at two sizes of tiles against attention over all scores, gradients too."""
    tensors = _draw(draw)
    return Measurement(
        find_worst(relative_with_gradients(_at(subject, tile), _attend, *tensors) for tile in (2, _TOKENS))
    )


def _at(subject: Subject, tile: int) -> Callable[..., "Tensor"]:
    return lambda q, k, v: subject(q, k, v, tile)


def _tiled(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    from kb.reference.flash_attention import flash_attention

    return flash_attention(q, k, v, tile=tile)[0]


def _in_blocks(q: "Tensor", k: "Tensor", v: "Tensor", tile: int, *, rescale: bool, shares: bool) -> "Tensor":
    """Return attention added up block by block, whose parts are not rescaled, or are shares of their own block."""
    import torch

    scores = torch.einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5
    scores = scores.masked_fill(torch.ones(_TOKENS, _TOKENS, dtype=torch.bool).triu(1), -torch.inf)
    total, mixed = 0 * scores[..., :1], 0 * v.transpose(1, 2)
    for part, values in zip(torch.split(scores, tile, -1), torch.split(v.transpose(1, 2), tile, 2), strict=True):
        top = part.amax(dim=-1, keepdim=True).clamp(min=-1e9)
        weight = (part - (0 if rescale else top)).exp()
        if shares:
            weight = weight / weight.sum(dim=-1, keepdim=True).clamp(min=1e-30)
        total, mixed = total + weight.sum(dim=-1, keepdim=True), mixed + weight @ values
    return torch.transpose(mixed / total, 1, 2)


def _own_maximum(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    return _in_blocks(q, k, v, tile, rescale=False, shares=False)


def _mean_of_tiles(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    return _in_blocks(q, k, v, tile, rescale=True, shares=True)


def _within_tiles(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    import torch

    cut = [slice(first, first + tile) for first in range(0, _TOKENS, tile)]
    return torch.cat([_attend(q[:, own], k[:, own], v[:, own]) for own in cut], dim=1)


def _future_tiles_too(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    from kb.reference.flash_attention import flash_attention

    return flash_attention(q, k, v, tile=tile, causal=False)[0]


def _check_ring(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, which adds up blocks of keys in any order, against attention to all of them at once."""
    q, k, v = _draw(draw, 8)
    expected = _attend(q, k, v, causal=False)
    return Measurement(find_worst(relative(subject(q, k, v, order), expected) for order in _ORDERS))


_ORDERS = ((0, 1, 2, 3), (2, 3, 0, 1), (3, 1, 0, 2))


def _accumulate(
    q: "Tensor", k: "Tensor", v: "Tensor", order: Sequence[int], *, merged: bool = True, kept: bool = True
) -> "Tensor":
    """Return outputs from blocks of keys in the given order: maximum, sum and weighted values of each, merged."""
    import torch

    from kb.reference.online_softmax import merge

    blocks = list(zip(k.chunk(4, dim=1), v.chunk(4, dim=1), strict=True))
    total, mixed = None, None
    for place in order:
        few_k, few_v = blocks[place]
        scores = torch.einsum("bthk,bshk->bths", q, few_k)[..., None] / q.shape[-1] ** 0.5
        top = scores.amax(dim=3)
        weight = (scores - top[..., None, :]).exp()
        own = (top, weight.sum(dim=3)), (top, torch.einsum("bthsx,bshv->bthv", weight, few_v))
        if total is None or mixed is None:
            total, mixed = own
        elif merged:
            # the shipped rule for sums serves weighted sums as well: one maximum, any number of columns
            total, mixed = merge(total, own[0]), merge(mixed, own[1]) if kept else own[1]
        else:
            total, mixed = (top, total[1] + own[0][1]), (top, mixed[1] + own[1][1])
    assert total is not None
    assert mixed is not None
    o: Tensor = mixed[1] / total[1]
    return o


def _merged(q: "Tensor", k: "Tensor", v: "Tensor", order: Sequence[int]) -> "Tensor":
    return _accumulate(q, k, v, order)


def _added_up(q: "Tensor", k: "Tensor", v: "Tensor", order: Sequence[int]) -> "Tensor":
    return _accumulate(q, k, v, order, merged=False)


def _last_block_alone(q: "Tensor", k: "Tensor", v: "Tensor", order: Sequence[int]) -> "Tensor":
    return _accumulate(q, k, v, order, kept=False)


def _one_block_missed(q: "Tensor", k: "Tensor", v: "Tensor", order: Sequence[int]) -> "Tensor":
    return _accumulate(q, k, v, order[:-1])


def _mean_of_devices(q: "Tensor", k: "Tensor", v: "Tensor", order: Sequence[int]) -> "Tensor":
    import torch

    return torch.stack([_accumulate(q, k, v, [place]) for place in order]).mean(dim=0)


def _check_pages(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, one token after the other over a store of pages in disorder, against one run."""
    import torch

    q, k, v = _draw(draw)
    expected = _attend(q, k, v)
    store = [draw.normal(2, 4, _PAGE, 2, width) for width in (4, 3)]
    table = torch.tensor(_TABLE)
    outputs = []
    for t in range(_TOKENS):
        for pages, new in zip(store, (k, v), strict=True):
            pages[:, table[t // _PAGE], t % _PAGE] = new[:, t]
        outputs.append(subject(q[:, t : t + 1], *store, table, t + 1))
    return Measurement(relative(torch.cat(outputs, dim=1), expected))


def _look_up(q: "Tensor", keys: "Tensor", values: "Tensor", table: "Tensor", tokens: int) -> "Tensor":
    k, v = (pages[:, table].flatten(1, 2)[:, :tokens] for pages in (keys, values))
    return _attend(q, k, v)


def _as_they_lie(q: "Tensor", keys: "Tensor", values: "Tensor", table: "Tensor", tokens: int) -> "Tensor":
    return _attend(q, *(pages.flatten(1, 2)[:, :tokens] for pages in (keys, values)))


def _whole_pages(q: "Tensor", keys: "Tensor", values: "Tensor", table: "Tensor", tokens: int) -> "Tensor":
    return _look_up(q, keys, values, table, -(-tokens // _PAGE) * _PAGE)


def _full_pages_alone(q: "Tensor", keys: "Tensor", values: "Tensor", table: "Tensor", tokens: int) -> "Tensor":
    return _look_up(q, keys, values, table, max(1, tokens // _PAGE * _PAGE))


def _table_for_keys_alone(q: "Tensor", keys: "Tensor", values: "Tensor", table: "Tensor", tokens: int) -> "Tensor":
    return _look_up(q, keys, values[:, table.argsort().roll(1)], table, tokens)


CLAIMS = (
    Claim(
        id="flash-attention-of-any-tile-is-softmax-attention",
        statement=(
            "Attention tile by tile is attention, whatever the size of the tiles, and so are its gradients, which "
            "are computed from one number a query instead of from stored shares."
        ),
        kind="equality",
        between=("scaled-dot-product-attention", "flash-attention"),
        evidence=Evidence("arxiv:2205.14135", "Section 3.1, algorithm 1, and appendix B"),
        inputs="normal q, k, v with logits up to a hundred; tiles of 2 and 7; B 2, T 7, H 2, K 4, V 3; float64",
        equation=r"m' = \max(m, \mathrm{rowmax}\,S), \quad O' = e^{m - m'} O + e^{S - m'} V, \quad o = O / l",
        bound=1e-11,
        bound_single=1e-3,
        why_bound=(
            "The same sums, rescaled on the way: 1e-15 of the output, and for gradients, where large terms cancel at "
            "such logits, some hundred times as much."
        ),
        pitfall="Equal as a function: what is saved is traffic to slow memory, not operations.",
        papers=("arxiv:2307.08691",),
        family="hardware",
        check=_check,
        subject=_tiled,
        wrong_variants={
            "each tile under its own maximum": _own_maximum,
            "the mean of the tiles' outputs": _mean_of_tiles,
            "each tile by itself": _within_tiles,
            "tiles ahead seen too": _future_tiles_too,
        },
        executes=("flash-attention", "scaled-dot-product-attention"),
    ),
    Claim(
        id="blocks-of-keys-may-be-added-up-in-any-order",
        statement=(
            "Maximum, sum and weighted values of blocks of keys, merged by the rule of online softmax, give "
            "attention in whatever order the blocks come, from memory or from other devices."
        ),
        kind="equality",
        between=("online-softmax", "scaled-dot-product-attention", "memory-efficient-attention", "ring-attention"),
        evidence=Evidence("arxiv:2112.05682", "Section 2"),
        inputs="normal q, k, v with logits up to a hundred; 4 blocks, 3 orders; B 2, T 8, H 2, K 4, V 3; float64",
        equation=(
            r"(m, d, O) \oplus (m', d', O') = \big(M,\; e^{m - M} d + e^{m' - M} d',\; e^{m - M} O + e^{m' - M} "
            r"O'\big)"
        ),
        bound=1e-12,
        why_bound="The same sums in another order: rounding is near 1e-15.",
        pitfall="Averages of the blocks' outputs would weigh all blocks alike, however badly their keys fit.",
        papers=("arxiv:2310.01889", "arxiv:1805.02867"),
        family="hardware",
        check=_check_ring,
        subject=_merged,
        wrong_variants={
            "sums added without rescaling": _added_up,
            "weighted values of the last block": _last_block_alone,
            "a block missed": _one_block_missed,
            "the mean of the devices' outputs": _mean_of_devices,
        },
        executes=("online-softmax", "scaled-dot-product-attention"),
    ),
    Claim(
        id="pages-of-keys-and-values-may-lie-anywhere",
        statement=(
            "Decoding over keys and values that lie in pages in any order, looked up through a table, is decoding "
            "over a cache in one piece."
        ),
        kind="equality",
        between=("scaled-dot-product-attention", "paged-key-value-cache"),
        evidence=Evidence("arxiv:2309.06180", "Section 4.1"),
        inputs="normal q, k, v; pages of 3 in the order 2, 0, 3, 1; token by token; B 2, T 7, H 2, K 4, V 3; float64",
        equation=r"o_t = \mathrm{softmax}\big(q_t K_{T(1..t)}^\top / \sqrt{d}\big)\, V_{T(1..t)}",
        bound=1e-12,
        why_bound="The same sums of at most seven terms: rounding is near 1e-15.",
        pitfall=(
            "A query that reads all keys does not see their order, so that pages read in a wrong order go unnoticed; "
            "slots of the last page that are not filled yet do not."
        ),
        family="hardware",
        check=_check_pages,
        subject=_look_up,
        wrong_variants={
            "pages as they lie": _as_they_lie,
            "the whole last page": _whole_pages,
            "full pages alone": _full_pages_alone,
            "other pages for values than for keys": _table_for_keys_alone,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
