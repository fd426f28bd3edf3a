"""Sinusoidal positions: to move on is to turn, what scores know of distance, and the frequencies of the code."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.positions._scores import CHANNELS, TOKENS, distances, draw_pair, score
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_SCHEME = "sinusoidal-positions"
_LONG = 40


def _table(tokens: int, channels: int, like: "Tensor", **options: str) -> "Tensor":
    """Return the position vectors (T, K), T >= K, read off the shipped scores: unit keys ask for single channels."""
    import torch

    zero = torch.zeros(1, tokens, 1, channels, dtype=like.dtype)
    units = torch.eye(tokens, channels, dtype=like.dtype)[None, :, None]
    asked = score(_SCHEME, zero, units, **options) - score(_SCHEME, zero, zero, **options)
    return asked[0, 0, :, :channels]


def _check_turn(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the vectors some places on and those that the subject turns."""
    step, apart, one = int(draw.integers(1, 20)), [], draw.normal(1)
    for layout, frequencies in (("interleaved", "paper"), ("halves", "paper"), ("halves", "code")):
        table = _table(_LONG, CHANNELS, one, layout=layout, frequencies=frequencies)
        apart.append(relative(subject(table[:-step], step, layout, frequencies), table[step:]))
    return Measurement(find_worst(apart))


def _turn(table: "Tensor", step: int, layout: str, frequencies: str, slip: str = "") -> "Tensor":
    """Return every vector turned, sine and cosine of one clock by the angle of ``step`` places.

    Parameters
    ----------
    slip : what is done wrongly: turned "back", sine and cosine looked for in the layout "interleaved" or "halves"
           whatever theirs is, or the exponent of the speeds without its "two"
    """
    import torch

    pairs = table.shape[1] // 2
    c = torch.arange(pairs, dtype=table.dtype)
    share = (1 if slip == "two" else 2) * c / table.shape[1] if frequencies == "paper" else c / (pairs - 1)
    angle = (-step if slip == "back" else step) * 10000.0**-share
    if (slip if slip in ("interleaved", "halves") else layout) == "interleaved":
        sine, cosine = table[:, ::2], table[:, 1::2]
    else:
        sine, cosine = table[:, :pairs], table[:, pairs:]
    turned = sine * angle.cos() + cosine * angle.sin(), cosine * angle.cos() - sine * angle.sin()
    return torch.stack(turned, dim=-1).flatten(-2) if layout == "interleaved" else torch.cat(turned, dim=-1)


def _check_moved(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*draw_pair(draw))))


def _moved(q: "Tensor", k: "Tensor", scheme: str = _SCHEME, on: int = 1) -> "Sides":
    """Return the scores of a text, and of the same text behind ``on`` tokens more, which are not looked at."""
    import torch

    later = [torch.cat([one[:, :on] * 0, one], dim=1) for one in (q, k)]
    return score(scheme, q, k), score(scheme, *later)[..., on:, on:]


def _without_content(q: "Tensor", k: "Tensor") -> "Sides":
    return _moved(0 * q, 0 * k)


def _turned_instead(q: "Tensor", k: "Tensor") -> "Sides":
    return _moved(q, k, "rotary-positions")


def _search_moved(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        scores, later = subject(inputs["q"], inputs["k"])
        return {"scores": scores, "scores one place on": later}

    return find_smallest(run, [{"q": (T, 1, 2), "k": (T, 1, 2)} for T in (1, 2)], (0, 1))


def _check_codes(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*draw_pair(draw))))


def _code_and_paper(q: "Tensor", k: "Tensor", frequencies: str = "code", permuted: bool = True) -> "Sides":
    """Return the scores of the authors' code, all sines first, channels put in its order, and the printed ones."""
    import torch

    order = torch.cat([torch.arange(0, q.shape[-1], 2), torch.arange(1, q.shape[-1], 2)])
    halves = [one[..., order] if permuted else one for one in (q, k)]
    return score(_SCHEME, *halves, layout="halves", frequencies=frequencies), score(_SCHEME, q, k)


def _one_clock(q: "Tensor", k: "Tensor") -> "Sides":
    return _code_and_paper(q[..., :2], k[..., :2])


def _search_codes(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        code, paper = subject(inputs["q"], inputs["q"])
        return {"the code's frequencies": code, "the printed frequencies": paper}

    # vectors of zero leave the products of positions alone
    return find_smallest(run, [{"q": (T, 1, K)} for T in (1, 2, 3) for K in (2, 4, 6)], (0,))


def _check_sandwich(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, at distances i - j, against the scores of positions alone."""
    zero = draw.normal(1, TOKENS, 1, CHANNELS) * 0
    return Measurement(relative(subject(distances(TOKENS, zero)), score(_SCHEME, zero, zero)[0, 0]))


def _cosines(distance: "Tensor", sines: bool = False, first: int = 0, count: int = CHANNELS // 2) -> "Tensor":
    """Return the sum of the clocks' cosines at each distance."""
    import torch

    c = torch.arange(first, first + count, dtype=distance.dtype)
    angle = distance[..., None] * 10000.0 ** (-2 * c / CHANNELS)
    return (angle.cos() + (angle.sin() if sines else 0)).sum(dim=-1)


def _straight(distance: "Tensor") -> "Tensor":
    return CHANNELS / 2 - distance.abs() / 2


_PAPER = "arxiv:1706.03762"

CLAIMS = (
    Claim(
        id="sinusoids-move-on-by-a-turn",
        statement=(
            "The vector of a place some steps on is the vector of the place, turned: sine and cosine of each clock "
            "by an angle that depends on the steps and not on the place. It holds for either order of channels and "
            "for the frequencies of the authors' code."
        ),
        kind="equality",
        between=("sinusoidal-positions", "rotary-positions"),
        evidence=Evidence(_PAPER, "Section 3.5"),
        inputs="random steps of 1 to 19 among 40 places, 6 channels; float64",
        equation=r"PE_{p+n} = R_n\, PE_p, \qquad R_n = \bigoplus_c R(n \theta_c)",
        bound=1e-12,
        why_bound="Angles up to 40 turn rounding near 1e-16 into some 1e-15.",
        family="positions",
        check=_check_turn,
        subject=_turn,
        wrong_variants={
            "turned the other way": partial(_turn, slip="back"),
            "neighbours for halves": partial(_turn, slip="interleaved"),
            "halves for neighbours": partial(_turn, slip="halves"),
            "the exponent c / d": partial(_turn, slip="two"),
        },
        executes=("sinusoidal-positions",),
    ),
    Claim(
        id="sinusoidal-positions-make-scores-relative",
        statement=(
            "Since the product of two sinusoidal vectors depends on the distance alone, so do the scores of "
            "attention to which they were added: they stay when the whole text moves on."
        ),
        kind="separation",
        between=("sinusoidal-positions", "relative-positions"),
        evidence=Evidence("arxiv:1803.02155", "Introduction"),
        inputs="standard normal q and k; B 2, T 6, H 2, K 6; moved on by one place; float64",
        equation=r"(q_i + PE_i)^\top (k_j + PE_j) = q_i^\top k_j + q_i^\top PE_j + PE_i^\top k_j + PE_i^\top PE_j",
        bound=1e-12,
        why_bound="Were they relative, only the rounding of sines would change.",
        pitfall="Only the last of the four products is relative; the two that mix word and place are not.",
        papers=(_PAPER, "arxiv:2104.09864"),
        family="positions",
        check=_check_moved,
        subject=_moved,
        wrong_variants={"positions alone, without words": _without_content, "turned, not added": _turned_instead},
        executes=("sinusoidal-positions", "rotary-positions"),
        expected="refuted",
        smallest=_search_moved,
    ),
    Claim(
        id="the-authors-sinusoids-are-the-printed-ones",
        statement=(
            "The authors' code, which has all sines first and then all cosines, computes the printed positions but "
            "for the order of channels."
        ),
        kind="separation",
        between=("sinusoidal-positions",),
        evidence=Evidence(_PAPER, "Section 3.5"),
        inputs="standard normal q and k, channels put in order; B 2, T 6, H 2, K 6; float64",
        equation=r"10000^{-c / (d/2 - 1)} \;\neq\; 10000^{-2c / d}",
        bound=1e-12,
        why_bound="Were it the order alone, the scores would be the same sums.",
        pitfall="The slowest speed differs most: it is 1/10000 exactly in the code. Two channels have one speed.",
        family="positions",
        check=_check_codes,
        subject=_code_and_paper,
        wrong_variants={
            "the printed frequencies, sines first": partial(_code_and_paper, frequencies="paper"),
            "one clock": _one_clock,
        },
        executes=("sinusoidal-positions",),
        expected="refuted",
        smallest=_search_codes,
    ),
    Claim(
        id="products-of-sinusoids-are-sums-of-cosines-of-the-distance",
        statement=(
            "The product of two sinusoidal vectors is the sum of the cosines of the distance at every speed: a bias "
            "by distance alone, without parameters, which is the sandwich bias; and the same ahead as behind."
        ),
        kind="equality",
        between=("sinusoidal-positions", "relative-bias", "sandwich-bias"),
        evidence=Evidence("arxiv:2212.10356", "Abstract"),
        inputs="words of zero; places 0 to 5, 6 channels; float64",
        equation=r"PE_i^\top PE_j = \sum_c \cos\big((i - j)\, \theta_c\big)",
        bound=1e-12,
        why_bound="Sums of three products, or of three cosines.",
        pitfall="It cannot tell what comes before from what comes after.",
        papers=(_PAPER,),
        family="positions",
        check=_check_sandwich,
        subject=_cosines,
        wrong_variants={
            "sines beside the cosines": partial(_cosines, sines=True),
            "without the fastest clock": partial(_cosines, first=1),
            "one clock more": partial(_cosines, count=4),
            "a straight line": _straight,
        },
        executes=("sinusoidal-positions",),
        draws=1,
    ),
)
