"""What tiles save: numbers that are alive at once, numbers kept for the gradient, and keys read again."""

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Inputs = tuple[Tensor, Tensor, Tensor]

_SIZE, _TILE, _LENGTHS = 8, 8, (64, 128)


def _empty(tokens: int) -> "Inputs":
    """Return q, k, v (1, T, 1, K) of zeros: only their sizes matter, and the outputs must be zeros too."""
    import torch

    q, k, v = (torch.zeros(1, tokens, 1, _SIZE, dtype=torch.float64) for _ in range(3))
    return q, k, v


def _tiled(q: "Tensor", k: "Tensor", v: "Tensor", tile: int = _TILE) -> "Tensor":
    from kb.reference.flash_attention import flash_attention

    return flash_attention(q, k, v, causal=False, tile=tile)[0]


def _all_scores(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=False)[0]


def _one_tile(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _tiled(q, k, v, tile=q.shape[1])


def _wide_tiles(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _tiled(q, k, v, tile=q.shape[1] // 4)


def _rows_recorded(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    """Return attention by tiles of queries whose shares the library records for the gradient, as it always does."""
    import torch

    return torch.cat([_all_scores(rows, k, v) for rows in torch.split(q, _TILE, dim=1)], dim=1)


def _half_skipped(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    from kb.reference.flash_attention import flash_attention

    return flash_attention(q, k, v, causal=True, tile=tile)[0]


def _tile_doubled(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    return _tiled(q, k, v, 2 * tile)


def _without_tiles(q: "Tensor", k: "Tensor", v: "Tensor", tile: int) -> "Tensor":
    return _all_scores(q, k, v)


def _check_peak(subject: Subject, draw: Draw) -> Measurement:
    """Measure the power with which the numbers alive at once grow with the text."""
    from kb.reference.guest_counting import Counter

    peaks = []
    for tokens in _LENGTHS:
        inputs = _empty(tokens)
        with Counter(inputs) as counter:
            wrong = float(subject(*inputs).abs().sum())
        peaks.append(counter.peak + wrong)
    power = math.log(peaks[1] / peaks[0], _LENGTHS[1] / _LENGTHS[0])
    return Measurement(power, f"{peaks[0]:g} numbers at {_LENGTHS[0]} tokens, {peaks[1]:g} at {_LENGTHS[1]}")


def _check_kept(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the numbers kept for the gradient are from an output and one number for each query."""
    from kb.reference.guest_counting import count_saved

    apart = []
    for tokens in _LENGTHS:
        inputs = [x.requires_grad_() for x in _empty(tokens)]
        kept = count_saved(partial(subject, *inputs), inputs)
        apart.append(abs(kept - tokens * (_SIZE + 1)) + float(subject(*inputs).detach().abs().sum()))
    return Measurement(find_worst(apart), f"{kept} numbers at {_LENGTHS[1]} tokens")


def _check_read(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the numbers of keys and values that products read are from the whole text, once for each tile
    of queries."""
    inputs, apart = _empty(_LENGTHS[0]), []
    for tile in (8, 16, 32):
        read = _count_read(subject, inputs, tile)
        apart.append(abs(read - _LENGTHS[0] // tile * 2 * _LENGTHS[0] * _SIZE))
    return Measurement(find_worst(apart), f"{read:g} numbers read with tiles of {tile}")


def _count_read(subject: Subject, inputs: "Inputs", tile: int) -> float:
    """Return how many numbers the factors have that look at keys or at values."""
    from torch.utils._python_dispatch import TorchDispatchMode

    from kb.reference.guest_counting import find_memory

    given = {find_memory(x) for x in inputs[1:]}
    read = 0

    class Reading(TorchDispatchMode):  # type: ignore[no-untyped-call]
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            # otherwise the first operation imports torch._dynamo, which takes a second
            return False

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            nonlocal read
            if func.overloadpacket.__name__ in ("bmm", "mul"):
                read += sum(x.numel() for x in args[:2] if hasattr(x, "numel") and find_memory(x) in given)
            return func(*args, **(kwargs or {}))

    with Reading():  # type: ignore[no-untyped-call]
        wrong = float(subject(*inputs, tile).abs().sum())
    return read + wrong


CLAIMS = (
    Claim(
        id="flash-attention-holds-no-more-than-the-text-grows",
        statement=(
            "What attention holds by tiles of one size grows with the text, not with its square: the matrix of "
            "scores is never there as a whole. Tiles that grow with the text save nothing of the kind."
        ),
        kind="scaling",
        between=("scaled-dot-product-attention", "flash-attention"),
        evidence=Evidence("arxiv:2205.14135", "Section 3.1, theorem 1"),
        inputs="sizes alone; 64 and 128 tokens, tiles of 8; one head, K 8",
        equation=r"M(T) \propto T^{p}, \qquad p \le 1",
        bound=1.0,
        why_bound="Outputs grow with the text, tiles do not: counted numbers grow with a power below one.",
        pitfall="Operations still grow with the square.",
        family="hardware",
        check=_check_peak,
        subject=_tiled,
        wrong_variants={
            "all scores at once": _all_scores,
            "one tile": _one_tile,
            "four tiles, however long the text": _wide_tiles,
        },
        executes=("flash-attention", "scaled-dot-product-attention"),
        draws=1,
    ),
    Claim(
        id="flash-attention-keeps-one-number-a-query-for-its-gradient",
        statement=(
            "For its gradient attention by tiles keeps its output and one number for each query, the logarithm of "
            "the sum of exponentials, and computes the shares again."
        ),
        kind="count",
        between=("gradient-checkpointing", "scaled-dot-product-attention", "flash-attention"),
        evidence=Evidence("arxiv:2205.14135", "Section 3.1 and appendix B"),
        inputs="sizes alone; 64 and 128 tokens, tiles of 8; one head, K 8, V 8",
        equation=r"T V + T",
        bound=0.0,
        why_bound="Numbers are counted.",
        pitfall="The same tiles without a gradient of their own are recorded by the library, shares and all.",
        family="hardware",
        check=_check_kept,
        subject=_tiled,
        wrong_variants={
            "all scores at once": _all_scores,
            "tiles of queries, recorded by the library": _rows_recorded,
        },
        executes=("flash-attention", "scaled-dot-product-attention"),
        draws=1,
    ),
    Claim(
        id="flash-attention-reads-all-keys-once-for-each-tile-of-queries",
        statement=(
            "Attention by tiles reads keys and values once for each tile of queries, all of them where no mask lets "
            "it skip some: twice the tile is half the traffic."
        ),
        kind="count",
        between=("online-softmax", "flash-attention"),
        evidence=Evidence("arxiv:2205.14135", "Section 3.2, theorem 2"),
        inputs="sizes alone; 64 tokens, tiles of 8, 16 and 32; one head, K 8, V 8",
        equation=r"\frac{T}{\text{tile}} \; T (K + V)",
        bound=0.0,
        why_bound="Numbers are counted, where products have keys or values for a factor.",
        pitfall=(
            "The paper's first algorithm has the loops the other way round and reads queries again and again; the "
            "traffic is of the same order. A causal mask saves half of it."
        ),
        papers=("arxiv:2307.08691",),
        family="hardware",
        check=_check_read,
        subject=_tiled,
        wrong_variants={
            "tiles ahead skipped": _half_skipped,
            "tiles twice as large": _tile_doubled,
            "all scores at once": _without_tiles,
        },
        executes=("flash-attention", "scaled-dot-product-attention"),
        draws=1,
    ),
)
