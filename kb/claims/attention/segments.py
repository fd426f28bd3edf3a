"""Segment recurrence: one segment, Gopher's scores, a compressed past, and what a memory does not bring back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Sides = tuple[Tensor, Tensor]

_WIDTH, _TOKENS, _SEGMENT = 4, 9, 3


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    names = ("w_q", "w_k", "w_v", "w_o", "w_rel")
    w = {name: draw.normal(_WIDTH, _WIDTH, scale=_WIDTH**-0.5) for name in names}
    w |= {"u_content": draw.normal(_WIDTH), "v_distance": draw.normal(_WIDTH)}
    return draw.normal(2, _TOKENS, _WIDTH), w


def _read(x: "Tensor", w: "Weights", *, segment: int = _TOKENS, positions: str = "none") -> "Tensor":
    from kb.reference.segment_recurrence import segment_recurrence

    return segment_recurrence(x, w, heads=2, segment=segment, positions=positions)[0]


def _attend(x: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.multi_head_attention import multi_head_attention

    return multi_head_attention(x, w, heads=2)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject without positions against multi-head attention, and with them against Gopher's."""
    from kb.reference.gopher_block import gopher_block

    x, w = _draw(draw)
    apart = [relative(subject(x, w, "none"), _attend(x, w))]
    # a token of mean square 1 - 1e-6 is not changed by Gopher's norm; with w_2 = 0 its block is attention alone
    x = x * ((1 - 1e-6) / x.square().mean(dim=-1, keepdim=True)).sqrt()
    one, zero = x.new_ones(_WIDTH), x.new_zeros(_WIDTH)
    network = {"w_1": w["w_q"], "b_1": zero, "w_2": 0 * w["w_q"], "b_2": zero, "g_1": one, "g_2": one}
    apart.append(relative(subject(x, w, "relative"), gopher_block(x, w | network, heads=2) - x))
    return Measurement(find_worst(apart), f"without positions {apart[0]:.2g}, with them {apart[1]:.2g}")


def _one_segment(x: "Tensor", w: "Weights", positions: str) -> "Tensor":
    return _read(x, w, positions=positions)


def _three_segments(x: "Tensor", w: "Weights", positions: str) -> "Tensor":
    return _read(x, w, segment=_SEGMENT, positions=positions)


def _always_positions(x: "Tensor", w: "Weights", positions: str) -> "Tensor":
    return _read(x, w, positions="relative")


def _never_positions(x: "Tensor", w: "Weights", positions: str) -> "Tensor":
    return _read(x, w, positions="none")


def _vectors_exchanged(x: "Tensor", w: "Weights", positions: str) -> "Tensor":
    return _read(x, {**w, "u_content": w["v_distance"], "v_distance": w["u_content"]}, positions=positions)


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw))))


def _segments_and_whole(x: "Tensor", w: "Weights", segment: int = _SEGMENT) -> "Sides":
    return _read(x, w, segment=segment), _attend(x, w)


def _two_segments(x: "Tensor", w: "Weights") -> "Sides":
    return _segments_and_whole(x[:, : 2 * _SEGMENT], w)


def _long_segments(x: "Tensor", w: "Weights") -> "Sides":
    return _segments_and_whole(x, w, segment=_TOKENS)


def _equal_tokens(x: "Tensor", w: "Weights") -> "Sides":
    return _segments_and_whole(x[:, :1].expand_as(x), w)


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        w = dict.fromkeys(("w_q", "w_k", "w_v", "w_o", "w_rel"), torch.eye(2, dtype=torch.float64))
        w |= dict.fromkeys(("u_content", "v_distance"), torch.zeros(2, dtype=torch.float64))
        by_segments, whole = subject(inputs["x"], w, 1)
        return {"segments of one token": by_segments, "the whole text": whole}

    return find_smallest(run, [{"x": (T, 2)} for T in (1, 2, 3, 4)], (0, 1))


def _check_compressed(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, a layer that compresses what leaves its memory, against the shipped one that drops it."""
    x, w = _draw(draw)
    return Measurement(relative(subject(x, w), _read(x, w, segment=_SEGMENT)))


def _compress(x: "Tensor", w: "Weights", *, slots: int, mean: bool = True) -> "Tensor":
    """Return a layer whose oldest states join ``slots`` slots, one for each segment, instead of being dropped."""
    import torch

    compressed, memory, outputs = x[:, :0], x[:, :0], []
    for segment in torch.split(x, _SEGMENT, dim=1):
        both = torch.cat([compressed, memory, segment], dim=1)
        # the last tokens of attention over all that is there
        outputs.append(_attend(both, w)[:, -segment.shape[1] :])
        if memory.shape[1] and slots:
            left = memory.mean(dim=1, keepdim=True) if mean else memory[:, -1:]
            compressed = torch.cat([compressed, left], dim=1)[:, -slots:]
        memory = segment
    return torch.cat(outputs, dim=1)


def _no_slots(x: "Tensor", w: "Weights") -> "Tensor":
    return _compress(x, w, slots=0)


def _one_slot(x: "Tensor", w: "Weights") -> "Tensor":
    return _compress(x, w, slots=1)


def _newest_state_kept(x: "Tensor", w: "Weights") -> "Tensor":
    return _compress(x, w, slots=1, mean=False)


def _empty_slot(x: "Tensor", w: "Weights") -> "Tensor":
    import torch

    padded = torch.cat([torch.zeros_like(x[:, :1]), x], dim=1)
    return _read(padded, w, segment=_TOKENS + 1)[:, 1:]


CLAIMS = (
    Claim(
        id="segment-recurrence-with-one-segment-has-no-memory",
        statement=(
            "Where the text is one segment, Transformer-XL's layer is multi-head attention if it has no positions, "
            "and Gopher's attention, four scores for each pair, if it has them."
        ),
        kind="reduction",
        between=("multi-head-attention", "segment-recurrence", "gopher-block"),
        evidence=Evidence("arxiv:1901.02860", "Sections 3.2 and 3.3"),
        inputs="normal x and weights, for Gopher x of mean square one; B 2, T 9, D 4, 2 heads; float64",
        equation=r"A_{ij} = \frac{(q_i + u)^\top k_j + (q_i + v)^\top W_R\, r_{i-j}}{\sqrt{d_k}}",
        bound=1e-11,
        why_bound="The same sums in three files: 1e-15, and a digit more where the shortcut is taken off again.",
        pitfall="The authors' code shares u and v between all layers; here as there each has d numbers.",
        papers=("arxiv:2112.11446",),
        family="attention",
        check=_check,
        subject=_one_segment,
        wrong_variants={
            "three segments": _three_segments,
            "positions always": _always_positions,
            "positions never": _never_positions,
            "u and v exchanged": _vectors_exchanged,
        },
        executes=("segment-recurrence", "multi-head-attention", "gopher-block"),
    ),
    Claim(
        id="a-layer-with-a-memory-reads-the-whole-text",
        statement=(
            "A layer that reads a text segment by segment and keeps the last segment in memory gives what attention "
            "over the whole text gives."
        ),
        kind="separation",
        between=("multi-head-attention", "segment-recurrence"),
        evidence=Evidence("arxiv:1901.02860", "Section 3.2"),
        inputs="normal x and weights, no positions; three segments of 3; B 2, T 9, D 4, 2 heads; float64",
        bound=1e-12,
        why_bound="Were it so, the two would differ by rounding, near 1e-15.",
        pitfall=(
            "One layer sees one segment back, so that two segments are read as a whole; only a stack of n layers "
            "reaches n segments back, and then through states that saw less than it does."
        ),
        family="attention",
        check=_check_sides,
        subject=_segments_and_whole,
        wrong_variants={
            "two segments": _two_segments,
            "a segment as long as the text": _long_segments,
            "all tokens equal": _equal_tokens,
        },
        executes=("segment-recurrence", "multi-head-attention"),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="a-compressive-memory-without-slots-is-segment-recurrence",
        statement=(
            "A layer that compresses the states that leave its memory is Transformer-XL's where it has no slots for "
            "them. A slot of zeros is not the same as none: it takes its share of attention."
        ),
        kind="reduction",
        between=("segment-recurrence", "compressive-memory"),
        evidence=Evidence("arxiv:1911.05507", "Section 3"),
        inputs="normal x and weights, no positions; three segments of 3; B 2, T 9, D 4, 2 heads; float64",
        equation=r"k, v \text{ from } [m^c; m; h], \qquad m^c = [\,]",
        bound=1e-12,
        why_bound="The same sums over at most six tokens: rounding is near 1e-15.",
        family="attention",
        check=_check_compressed,
        subject=_no_slots,
        wrong_variants={
            "a slot for the mean of the oldest states": _one_slot,
            "a slot for the newest of the oldest states": _newest_state_kept,
            "an empty slot": _empty_slot,
        },
        executes=("segment-recurrence", "multi-head-attention"),
    ),
)
