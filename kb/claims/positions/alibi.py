"""ALiBi: its slopes for any number of heads, and one row of biases where only the past is seen."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.positions._scores import attend, distances, has_parameters, score
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_TOKENS, _CHANNELS = 6, 4


def _draw(draw: Draw, heads: int) -> "tuple[Tensor, Tensor]":
    q, k = draw.normal(2, 2, _TOKENS, heads, _CHANNELS)
    return q, k


def _check_line(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the shipped scores for 1, 8 and 12 heads, looking back and
    both ways; infinite if ALiBi declared weights."""
    apart = [float("inf") if has_parameters("alibi") else 0.0]
    for heads, rule, symmetric in ((1, "paper", False), (8, "code", True), (12, "paper", True), (12, "code", False)):
        q, k = _draw(draw, heads)
        found = score("alibi", q, k, slopes=rule, symmetric=symmetric)
        apart.append(relative(subject(q, k, rule, symmetric), found))
    return Measurement(find_worst(apart))


def _line(q: "Tensor", k: "Tensor", rule: str, symmetric: bool, slip: str = "") -> "Tensor":
    """Return the scaled product less slope times distance; slopes 2^(-8h/n), or as the code has them.

    Parameters
    ----------
    slip : what is done wrongly: the bias is divided by the root "too", slopes begin at h = "zero", or the distance
           is "squared"
    """
    import torch

    first = 0 if slip == "zero" else 1
    H, root = q.shape[2], q.shape[3] ** 0.5
    slopes = [2 ** (-8 * h / H) for h in range(first, H + first)]
    if rule == "code" and H == 12:
        # the eight of eight heads, and four of sixteen: every other one
        slopes = [2.0 ** -(h + first - 1) for h in range(1, 9)] + [2 ** -(h / 2 + first - 1) for h in (1, 3, 5, 7)]
    n = distances(q.shape[1], q)
    bias: Tensor = q.new_tensor(slopes)[:, None, None] * (n.abs() if symmetric else n) ** (
        2 if slip == "squared" else 1
    )
    scores: Tensor = torch.einsum("bihk,bjhk->bhij", q, k)
    found: Tensor = (scores - bias) / root if slip == "too" else scores / root - bias
    return found


def _check_slopes(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart, for 3 to 16 heads at the worst."""
    return Measurement(find_worst(relative(*subject(*_draw(draw, heads))) for heads in (3, 6, 8, 12, 16)))


def _two_rules(q: "Tensor", k: "Tensor") -> "Sides":
    """Return the scores with the printed slopes and with those of the authors' code."""
    return score("alibi", q, k), score("alibi", q, k, slopes="code")


def _power_of_two(q: "Tensor", k: "Tensor") -> "Sides":
    # the greatest power of two that is not above the number of heads
    heads = 1 << (q.shape[2].bit_length() - 1)
    return _two_rules(q[:, :, :heads], k[:, :, :heads])


def _search_slopes(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        printed, code = subject(inputs["q"], inputs["q"])
        # minus the score of the second token and the first is the slope
        return {"slopes as printed": -printed[..., 1, 0], "slopes of the code": -code[..., 1, 0]}

    return find_smallest(run, [{"q": (2, H, 1)} for H in range(1, 7)], (0,))


def _check_rows(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*_draw(draw, 4))))


def _one_row(q: "Tensor", k: "Tensor", causal: bool = True, rises: int = 1) -> "Sides":
    """Return the shares of attention under ALiBi, and with one row of biases: slope times the key's own place.

    Parameters
    ----------
    rises : whether the row rises or falls
    """
    import torch

    H, T = q.shape[2], q.shape[1]
    slopes = q.new_tensor([2 ** (-8 * h / H) for h in range(1, H + 1)])
    row = rises * slopes[:, None, None] * torch.arange(T, dtype=q.dtype)
    # a strength of zero leaves the scaled product
    found = score("alibi", q, k, symmetric=not causal)
    return attend(found, causal), attend(score("alibi", q, k, strength=0.0) + row, causal)


def _signed_both_ways(q: "Tensor", k: "Tensor") -> "Sides":
    # biases that go on rising ahead of the token: a straight line through all keys
    found = attend(score("alibi", q, k), causal=False)
    return found, _one_row(q, k, causal=False)[1]


def _last_token(q: "Tensor", k: "Tensor") -> "Sides":
    found, expected = _one_row(q, k, causal=False)
    return found[..., -1, :], expected[..., -1, :]


def _not_at_all(q: "Tensor", k: "Tensor") -> "Sides":
    return _one_row(q, k)[0], attend(score("alibi", q, k, strength=0.0))


def _search_rows(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        both, row = subject(inputs["q"], inputs["q"])
        return {"shares under -m |i - j|": both, "shares with the row m j": row}

    return find_smallest(run, [{"q": (T, 1, 1)} for T in (1, 2, 3)], (0,))


_PAPER = "arxiv:2108.12409"
_CODE = r"n = 12: \quad 2^{-8h/12} \;\neq\; \{2^{-1}, \dots, 2^{-8}\} \cup \{2^{-1/2}, 2^{-3/2}, 2^{-5/2}, 2^{-7/2}\}"

CLAIMS = (
    Claim(
        id="alibi-takes-a-straight-line-off-the-scaled-product",
        statement=(
            "ALiBi has no weights. It takes a line off the scaled product, by distance, with slopes that fall from "
            "2^(-8/n) to 2^(-8); in encoders by the distance either way."
        ),
        kind="equality",
        between=("scaled-dot-product-attention", "relative-bias", "alibi"),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs="standard normal q and k; B 2, T 6, K 4, 1, 8 and 12 heads; float64 and float32",
        equation=r"s_{ij} = \frac{q_i^\top k_j}{\sqrt{d_k}} - m_h (i - j), \qquad m_h = 2^{-8h/n}",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Sums of four products, a division and a subtraction.",
        pitfall="The bias is not divided by the root of d_k.",
        family="positions",
        check=_check_line,
        subject=_line,
        wrong_variants={
            "the bias divided by the root as well": partial(_line, slip="too"),
            "slopes from h = 0": partial(_line, slip="zero"),
            "the square of the distance": partial(_line, slip="squared"),
        },
        executes=("alibi",),
    ),
    Claim(
        id="alibi-slopes-are-one-series-for-any-number-of-heads",
        statement="The printed series of slopes is that of the authors' code, for any number of heads.",
        kind="separation",
        between=("alibi",),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs="standard normal q and k; B 2, T 6, K 4, 3 to 16 heads; float64",
        equation=_CODE,
        bound=1e-12,
        why_bound="Were it one series, the scores would be the same.",
        pitfall="For powers of two they agree, so that tests with 8 or 16 heads pass.",
        family="positions",
        check=_check_slopes,
        subject=_two_rules,
        wrong_variants={"as many heads as the power of two below": _power_of_two},
        executes=("alibi",),
        expected="refuted",
        smallest=_search_slopes,
    ),
    Claim(
        id="causal-alibi-is-one-row-of-biases",
        statement=(
            "Where only the past is seen, ALiBi's biases can be one row, slope times the key's own place, the same "
            "for all queries: it differs by a constant a row, which the softmax takes out."
        ),
        kind="equality",
        between=("relative-bias", "alibi"),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs="standard normal q and k; B 2, T 6, H 4, K 4; float64 and float32",
        equation=r"-m (i - j) = m j - m i",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="The same scores but for a constant a row, and rounding.",
        papers=("arxiv:2312.17482",),
        family="positions",
        check=_check_rows,
        subject=_one_row,
        wrong_variants={
            "the row falls": partial(_one_row, rises=-1),
            "no biases": _not_at_all,
            "both ways": partial(_one_row, causal=False),
        },
        executes=("alibi",),
    ),
    Claim(
        id="alibi-both-ways-is-one-row-of-biases",
        statement="In an encoder too, ALiBi's biases can be one row that is the same for all queries.",
        kind="separation",
        between=("alibi", "mosaic-bert"),
        evidence=Evidence("arxiv:2312.17482", "Section on ALiBi"),
        inputs="standard normal q and k; B 2, T 6, H 4, K 4; float64",
        equation=r"-m\,|i - j| \;\neq\; m j - m i \quad \text{for } j > i",
        bound=1e-12,
        why_bound="Were a row enough, the shares of attention would be the same.",
        pitfall="The last token has nothing ahead of it, and cannot tell.",
        papers=(_PAPER,),
        family="positions",
        check=_check_rows,
        subject=partial(_one_row, causal=False),
        wrong_variants={
            "the past alone": _one_row,
            "a line that goes on ahead": _signed_both_ways,
            "the last token": _last_token,
        },
        executes=("alibi",),
        expected="refuted",
        smallest=_search_rows,
    ),
)
