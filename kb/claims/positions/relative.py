"""Relative positions: a vector for every distance, how the shift lines them up, and Transformer-XL's vectors."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.claims.positions._scores import CHANNELS, TOKENS, attend, distances, draw_pair, score
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_SCHEME = "relative-positions"


def _shaw(q: "Tensor", k: "Tensor", vectors: "Tensor", **options: bool) -> "Tensor":
    """Return the shipped scores for a table (2 r + 1, K) of vectors for the distances -r to r."""
    reach = len(vectors) // 2
    w = {"a_behind": vectors[:reach], "a_here": vectors[reach : reach + 1], "a_ahead": vectors[reach + 1 :]}
    return score(_SCHEME, q, k, w, reach=reach, **options)


def _check_pairs(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the shipped scores, gradients too, at three reaches."""
    (q, k), apart = draw_pair(draw), []
    for reach in (2, 0, TOKENS):
        vectors = draw.normal(2 * reach + 1, CHANNELS)
        if reach == 2:
            apart.append(relative_with_gradients(_shaw, subject, q, k, vectors))
        else:
            apart.append(relative(_shaw(q, k, vectors), subject(q, k, vectors)))
    return Measurement(find_worst(apart))


def _pair_by_pair(
    q: "Tensor", k: "Tensor", vectors: "Tensor", *, way: int = 1, on: str = "key", round: bool = False
) -> "Tensor":
    """Return q_i (k_j + a_n) over the root of the width, n = j - i clipped, from the whole tensor of pairs.

    Parameters
    ----------
    way   : the sign of the distance
    on    : what the vector is added to
    round : distances are counted round instead of being clipped
    """
    reach = len(vectors) // 2
    n = (-way * distances(q.shape[1], q)).long()
    row = (n + reach) % len(vectors) if round else n.clamp(-reach, reach) + reach
    # (T, T, K), a vector for each pair
    a = vectors[row][None, :, :, None]
    one, other = q[:, :, None], k[:, None]
    products: Tensor = one * (other + a) if on == "key" else (one + a) * other
    root: float = q.shape[-1] ** 0.5
    return products.sum(dim=-1).permute(0, 3, 1, 2) / root


def _check_shift(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against what the shipped vectors add to the scores of the past."""
    q, k = draw_pair(draw)
    vectors = draw.normal(2 * TOKENS - 1, CHANNELS)
    added = _shaw(q, 0 * k, vectors, scaled=False)
    return Measurement(relative(attend(subject(q, vectors)), attend(added)))


def _shifted(q: "Tensor", vectors: "Tensor", rows: int = 1, newest_first: bool = False) -> "Tensor":
    """Return the product of queries and the vectors from the oldest to one's own, shifted: a column of zeros in
    front, read as rows of one number less, so that each row moves one place further than the one above.

    Parameters
    ----------
    rows         : how many rows are cut off
    newest_first : vectors the other way round
    """
    import torch

    past = vectors[: q.shape[1]].flip(0) if newest_first else vectors[: q.shape[1]]
    products = torch.einsum("bihk,nk->bhin", q, past)
    B, H, T, _ = products.shape
    padded = torch.nn.functional.pad(products, (1, 0)).reshape(B, H, T + 1, T)
    return padded[:, :, rows : T + rows] if rows else padded[:, :, :T]


def _unshifted(q: "Tensor", vectors: "Tensor") -> "Tensor":
    import torch

    return torch.einsum("bihk,nk->bhin", q, vectors[: q.shape[1]])


def _check_everywhere(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(draw_pair(draw)[0], draw.normal(2 * TOKENS - 1, CHANNELS))))


def _whole_matrix(q: "Tensor", vectors: "Tensor") -> "Sides":
    """Return what the shift makes of all pairs, and what the shipped vectors add to their scores."""
    import torch

    T = q.shape[1]
    products = torch.einsum("bihk,nk->bhin", q, vectors[:T])
    shifted = torch.nn.functional.pad(products, (1, 0)).reshape(*products.shape[:2], T + 1, T)[:, :, 1:]
    return shifted, _shaw(q, 0 * q, vectors, scaled=False)


def _past_alone(q: "Tensor", vectors: "Tensor") -> "Sides":
    shifted, added = _whole_matrix(q, vectors)
    return shifted.tril(), added.tril()


def _one_token(q: "Tensor", vectors: "Tensor") -> "Sides":
    middle = len(vectors) // 2
    return _whole_matrix(q[:, :1], vectors[middle : middle + 1])


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        q = inputs["q"]
        # the vectors are 1, 2, ..., one number each
        vectors = torch.arange(1.0, 2 * q.shape[1], dtype=q.dtype)[:, None]
        shifted, added = subject(q, vectors)
        return {"shifted": shifted, "looked up": added}

    return find_smallest(run, [{"q": (T, 1, 1)} for T in (1, 2, 3)], (0, 1))


def _check_waves(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against the shipped segment-level recurrence, one segment, no questions of its own."""
    from kb.reference.segment_recurrence import segment_recurrence

    D = CHANNELS
    x = draw.normal(2, TOKENS, D)
    w = dict(zip(("w_q", "w_k", "w_v", "w_o", "w_rel"), draw.normal(5, D, D, scale=0.5), strict=True))
    w |= {"u_content": 0 * x[0, 0], "v_distance": 0 * x[0, 0]}
    return Measurement(relative(segment_recurrence(x, w, heads=1, segment=512)[0], subject(x, w)))


def _vectors_from_waves(
    x: "Tensor", w: "Mapping[str, Tensor]", sines_in_turn: bool = False, ahead: bool = False, mapped: bool = True
) -> "Tensor":
    """Return attention under the shipped relative positions, whose vector for n tokens back is W_R r_n."""
    import torch

    n = torch.arange(TOKENS, dtype=x.dtype)[:, None]
    angle = n * 10000.0 ** (-torch.arange(0, CHANNELS, 2, dtype=x.dtype) / CHANNELS)
    waves = torch.stack([angle.sin(), angle.cos()], dim=-1 if sines_in_turn else 1).flatten(1)
    back = waves @ w["w_rel"] if mapped else waves
    vectors = torch.cat([back.flip(0), back[1:]])
    vectors = vectors.roll(1, dims=0) if ahead else vectors
    q, k, v = ((x @ w[name])[:, :, None] for name in ("w_q", "w_k", "w_v"))
    return torch.einsum("bhij,bjhv->bihv", attend(_shaw(q, k, vectors)), v).flatten(-2) @ w["w_o"]


_PAPER = "arxiv:1803.02155"
_XL = "arxiv:1901.02860"
_INPUTS = "standard normal q, k and vectors; B 2, T 6, H 2, K 6; "

CLAIMS = (
    Claim(
        id="relative-positions-add-a-vector-to-the-key",
        statement=(
            "The product of each query with each vector once, looked up by distance, is what the printed equation "
            "gives: a vector for the clipped distance added to each key, pair by pair."
        ),
        kind="equality",
        between=("scaled-dot-product-attention", "relative-positions"),
        evidence=Evidence(_PAPER, "Section 3, equations 4 and 5"),
        inputs=_INPUTS + "reaches of 0, 2 and 6; float64 and float32",
        equation=r"s_{ij} = \frac{q_i^\top (k_j + a_{\mathrm{clip}(j - i)})}{\sqrt{d_k}}",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of six products, before and behind an addition.",
        family="positions",
        check=_check_pairs,
        subject=_pair_by_pair,
        wrong_variants={
            "the distance i - j": partial(_pair_by_pair, way=-1),
            "the vector added to the query": partial(_pair_by_pair, on="query"),
            "distances counted round": partial(_pair_by_pair, round=True),
        },
        executes=("relative-positions",),
    ),
    Claim(
        id="the-relative-shift-looks-every-distance-of-the-past-up",
        statement=(
            "A column of zeros in front of the product of queries and vectors, read as rows of one number less, "
            "lines every distance of the past up with its key: causal attention is the same as with a look-up for "
            "each pair."
        ),
        kind="equality",
        between=("relative-positions", "relative-skewing", "segment-recurrence"),
        evidence=Evidence("arxiv:1809.04281", "Section 3.4"),
        inputs=_INPUTS + "a vector for every distance; float64 and float32",
        equation=r"(Q E^\top)_{i,\,T-1-i+j} = q_i^\top a_{j-i}, \quad j \le i",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="The same products, moved.",
        pitfall="Above the diagonal stands the next row's beginning: it has to be masked.",
        papers=(_XL, _PAPER),
        family="positions",
        check=_check_shift,
        subject=_shifted,
        wrong_variants={
            "no row cut off": partial(_shifted, rows=0),
            "vectors from one's own to the oldest": partial(_shifted, newest_first=True),
            "not shifted": _unshifted,
        },
        executes=("relative-positions",),
    ),
    Claim(
        id="the-relative-shift-lines-up-the-whole-matrix",
        statement="The shift of Transformer-XL and of the music Transformer gives the relative scores of all pairs.",
        kind="separation",
        between=("relative-positions", "relative-skewing"),
        evidence=Evidence("arxiv:1809.04281", "Section 3.4"),
        inputs=_INPUTS + "a vector for every distance; float64",
        bound=1e-12,
        why_bound="Were the whole matrix lined up, both sides would be the same products.",
        pitfall="A causal mask hides it; an encoder needs vectors for what lies ahead, and another shift.",
        papers=(_XL,),
        family="positions",
        check=_check_everywhere,
        subject=_whole_matrix,
        wrong_variants={"on and below the diagonal": _past_alone, "a single token": _one_token},
        executes=("relative-positions",),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="transformer-xl-computes-the-vectors-of-relative-positions",
        statement=(
            "With both questions of its own at zero, one head and one segment, Transformer-XL's layer is attention "
            "with relative positions whose vectors are not learned one by one but mapped from waves."
        ),
        kind="reduction",
        between=("relative-positions", "segment-recurrence"),
        evidence=Evidence(_XL, "Section 3.3"),
        inputs="normal x and weights; B 2, T 6, D 6; causal; float64",
        equation=r"u = v = 0: \quad A_{ij} = \frac{q_i^\top (k_j + W_R r_{i-j})}{\sqrt{d_k}}",
        bound=1e-12,
        why_bound="Sums of six products and means of six values.",
        papers=(_PAPER,),
        family="positions",
        check=_check_waves,
        subject=_vectors_from_waves,
        wrong_variants={
            "sines and cosines in turn": partial(_vectors_from_waves, sines_in_turn=True),
            "vectors one distance off": partial(_vectors_from_waves, ahead=True),
            "waves without their map": partial(_vectors_from_waves, mapped=False),
        },
        executes=("relative-positions", "segment-recurrence"),
    ),
)
