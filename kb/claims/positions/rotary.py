"""Rotary positions: scores by distance, two orders of channels, and what stretches or damps the turning."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.claims.positions._scores import CHANNELS, TOKENS, distances, draw_pair, score
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_SCHEME = "rotary-positions"
_STRETCH = 3
_PART = 0.67
"""Of six channels the first four."""


def _check_distance(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the shipped scores, gradients too, with all and with a
    part of the channels turned, and behind three tokens that are not looked at."""
    import torch

    q, k = draw_pair(draw)
    whole = relative_with_gradients(partial(score, _SCHEME), subject, q, k)
    part = relative(score(_SCHEME, q, k, fraction=_PART), subject(q, k, 4))
    later = [torch.cat([one[:, :3], one], dim=1) for one in (q, k)]
    return Measurement(find_worst([whole, part, relative(score(_SCHEME, *later)[..., 3:, 3:], subject(q, k))]))


def _by_distance(
    q: "Tensor", k: "Tensor", turned: int = CHANNELS, *, way: int = 1, speed: int = 2, both: bool = True
) -> "Tensor":
    """Return the sum over pairs of channels of Re(q_i conj(k_j) e^{i (i - j) theta}), and the other channels.

    Parameters
    ----------
    turned : the first so many channels
    way    : the direction
    speed  : the exponent of a pair's speed is -``speed`` c / d
    both   : whether keys are turned as well
    """
    import torch

    c = torch.arange(turned // 2, dtype=q.dtype)
    n = distances(q.shape[1], q) if both else torch.arange(q.shape[1], dtype=q.dtype)[:, None].expand(-1, q.shape[1])
    angle = way * n[..., None] * 10000.0 ** (-speed * c / turned)
    one, other = (torch.complex(x[..., :turned:2], x[..., 1:turned:2]) for x in (q, k))
    turn = torch.polar(torch.ones_like(angle), angle)
    products = torch.einsum("bihc,bjhc,ijc->bhij", one, other.conj(), turn).real
    return products + torch.einsum("bihk,bjhk->bhij", q[..., turned:], k[..., turned:])


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*draw_pair(draw))))


def _both_layouts(q: "Tensor", k: "Tensor") -> "Sides":
    return score(_SCHEME, q, k, layout="halves"), score(_SCHEME, q, k)


def _channels_put_in_order(q: "Tensor", k: "Tensor") -> "Sides":
    import torch

    order = torch.cat([torch.arange(0, q.shape[-1], 2), torch.arange(1, q.shape[-1], 2)])
    return score(_SCHEME, q[..., order], k[..., order], layout="halves"), score(_SCHEME, q, k)


def _one_pair(q: "Tensor", k: "Tensor") -> "Sides":
    return _both_layouts(q[..., :2], k[..., :2])


def _first_token(q: "Tensor", k: "Tensor") -> "Sides":
    return _both_layouts(q[:, :1], k[:, :1])


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        halves, neighbours = subject(inputs["q"], inputs["k"])
        return {"halves": halves, "neighbours": neighbours}

    sizes = [{"q": (T, 1, K), "k": (T, 1, K)} for T in (1, 2) for K in (2, 4)]
    return find_smallest(run, sizes, (0, 1))


def _check_damped(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the shipped scores of each pair of channels by itself,
    each times its base to the power of the distance; and with bases of one against the shipped scores."""
    import torch

    (q, k), bases = draw_pair(draw), draw.uniform(0.6, 0.95, CHANNELS // 2)
    n, expected = distances(TOKENS, q), torch.zeros_like(score(_SCHEME, q, k))
    for pair, base in enumerate(bases):
        alone = torch.zeros_like(q)
        alone[..., 2 * pair : 2 * pair + 2] = q[..., 2 * pair : 2 * pair + 2]
        expected = expected + base**n * score(_SCHEME, alone, k)
    apart = relative(subject(q, k, bases), expected)
    return Measurement(find_worst([apart, relative(subject(q, k, bases * 0 + 1), score(_SCHEME, q, k))]))


def _xpos(q: "Tensor", k: "Tensor", bases: "Tensor", keys: int = -1, one_for_all: bool = False) -> "Tensor":
    """Return rotary scores of queries times base^place and keys times base^-place, a base for each pair."""
    import torch

    bases = bases.mean().expand_as(bases) if one_for_all else bases
    place = torch.arange(TOKENS, dtype=q.dtype)[:, None, None]
    scale = bases.repeat_interleave(2) ** place
    return score(_SCHEME, q * scale, k * scale**keys)


def _scaled_only(q: "Tensor", k: "Tensor", bases: "Tensor") -> "Tensor":
    import torch

    place = torch.arange(TOKENS, dtype=q.dtype)[:, None, None]
    scale = bases.repeat_interleave(2) ** place
    return torch.einsum("bihk,bjhk->bhij", q * scale, k / scale)


def _check_stretched(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject at every third place of a text three times as long against the shipped scores."""
    q, k = draw_pair(draw, _STRETCH * TOKENS)
    rare = slice(None, None, _STRETCH)
    return Measurement(relative(subject(q, k)[..., rare, rare], score(_SCHEME, q[:, rare], k[:, rare])))


def _stretched(
    q: "Tensor", k: "Tensor", factors: tuple[float, ...] = (_STRETCH,) * 3, kept: int = 0, base: float = 10000.0
) -> "Tensor":
    """Return rotary scores whose pairs' speeds are divided by factors, but for the first ``kept`` places."""
    import torch

    place = torch.arange(q.shape[1], dtype=q.dtype)[:, None]
    speed = base ** (-torch.arange(CHANNELS // 2, dtype=q.dtype) * 2 / CHANNELS)
    slow = place / q.new_tensor(factors)
    angle = torch.where(place < kept, place, slow) * speed
    turn = torch.polar(torch.ones_like(angle), angle)[:, None]
    one, other = (torch.complex(x[..., ::2], x[..., 1::2]) * turn for x in (q, k))
    return torch.einsum("bihc,bjhc->bhij", one, other.conj()).real


_PAPER = "arxiv:2104.09864"
_INPUTS = "standard normal q and k; B 2, T 6, H 2, K 6; "

CLAIMS = (
    Claim(
        id="rotary-scores-depend-on-the-distance",
        statement=(
            "Turning queries and keys by their places leaves the distance: a score is the sum over pairs of channels "
            "of the real part of query times conjugate key, turned by the distance. It stays when the text moves on, "
            "and channels that are not turned count as they are."
        ),
        kind="equality",
        between=("complex-positions", "rotary-positions"),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs=_INPUTS + "all channels or the first four; behind three more tokens; float64 and float32",
        equation=r"s_{ij} = \mathrm{Re} \sum_c q_{i,c}\, \overline{k_{j,c}}\, e^{\mathrm{i} (i - j) \theta_c}",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of six products of numbers that are turned, by angles up to nine.",
        family="positions",
        check=_check_distance,
        subject=_by_distance,
        wrong_variants={
            "turned the other way": partial(_by_distance, way=-1),
            "the exponent c / d": partial(_by_distance, speed=1),
            "queries turned, keys not": partial(_by_distance, both=False),
        },
        executes=("rotary-positions",),
    ),
    Claim(
        id="rotary-weights-run-in-either-order-of-channels",
        statement=(
            "Whether a pair is two neighbouring channels or two that are half a head apart is a matter of taste: the "
            "same queries and keys give the same scores."
        ),
        kind="separation",
        between=("rotary-positions",),
        evidence=Evidence(_PAPER, "Section 3.4"),
        inputs=_INPUTS + "float64",
        equation=r"(x_{2c}, x_{2c+1}) \;\neq\; (x_c, x_{c + d/2})",
        bound=1e-12,
        why_bound="Were the order free, both would be sums of the same products.",
        pitfall="A permutation of the channels carries weights over; with a single pair none is needed.",
        family="positions",
        check=_check_sides,
        subject=_both_layouts,
        wrong_variants={
            "channels put in order": _channels_put_in_order,
            "a single pair": _one_pair,
            "a single token": _first_token,
        },
        executes=("rotary-positions",),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="xpos-weighs-each-rotary-pair-by-its-distance",
        statement=(
            "With queries scaled up by a base to the power of their place and keys down by it, each pair of rotary "
            "channels counts with its base to the power of the distance; with every base at one, rotary positions "
            "are left."
        ),
        kind="reduction",
        between=("rotary-positions", "xpos"),
        evidence=Evidence("arxiv:2212.10554", "Section 2"),
        inputs=_INPUTS + "bases 0.6 to 0.95; float64",
        equation=r"s_{ij} = \sum_c \zeta_c^{\,i-j}\, s_{ij,c}; \qquad \zeta_c = 1: \ s_{ij} = \sum_c s_{ij,c}",
        bound=1e-12,
        why_bound="Powers up to the fifth of bases of a half and more, and sums of six products.",
        pitfall="Over long texts the two scales overflow, unless places are counted from the middle.",
        papers=(_PAPER,),
        family="positions",
        check=_check_damped,
        subject=_xpos,
        wrong_variants={
            "keys scaled as the queries": partial(_xpos, keys=1),
            "keys not scaled": partial(_xpos, keys=0),
            "one base for all pairs": partial(_xpos, one_for_all=True),
            "scaled, not turned": _scaled_only,
        },
        executes=("rotary-positions",),
    ),
    Claim(
        id="interpolated-positions-are-rotary-at-every-third-place",
        statement=(
            "In a text three times as long, position interpolation divides every speed by three, so that at every "
            "third place it is rotary positions as they were. LongRoPE with one factor for all pairs, and no first "
            "places kept, is the same."
        ),
        kind="equality",
        between=("rotary-positions", "position-interpolation", "longrope"),
        evidence=Evidence("arxiv:2306.15595", "Section 2"),
        inputs="standard normal q and k; B 2, T 18, H 2, K 6; float64",
        equation=r"\theta_c' = \theta_c L / L': \quad R'_{(L'/L)\,p} = R_p",
        bound=1e-12,
        why_bound="Angles up to 5, and sums of six products.",
        pitfall="Between these places are angles that the model has not seen: it has to be fine-tuned.",
        papers=("arxiv:2402.13753", _PAPER),
        family="positions",
        check=_check_stretched,
        subject=_stretched,
        wrong_variants={
            "speeds multiplied instead": partial(_stretched, factors=(1 / 3,) * 3),
            "a greater base instead": partial(_stretched, factors=(1.0,) * 3, base=30000.0),
            "a factor for each pair": partial(_stretched, factors=(1.0, 2.0, 3.0)),
            "the first four places kept": partial(_stretched, kept=4),
        },
        executes=("rotary-positions",),
    ),
)
