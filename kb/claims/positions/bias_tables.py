"""Biases by distance: T5's table with its ties, and the fixed biases that a table can hold."""

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.positions._scores import attend, distances, score
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_HEADS, _CHANNELS = 2, 4
_BUCKETS, _FARTHEST = 8, 128
_LONG, _SHORT = 40, 6


def _check_ties(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and shipped T5 scores, looking back and both ways."""
    import torch

    q, k = draw.normal(2, 1, _LONG, _HEADS, _CHANNELS)
    table, apart = draw.normal(_BUCKETS, _HEADS), []
    for both in (False, True):
        found = score("t5-relative-bias", q, k, {"b_distance": table}, buckets=_BUCKETS, bidirectional=both)
        bias = [[int(subject(i - j, both)) for j in range(_LONG)] for i in range(_LONG)]
        expected = torch.einsum("bihk,bjhk->bhij", q, k) + table[torch.tensor(bias)].permute(2, 0, 1)
        apart.append(relative(found, expected))
    return Measurement(find_worst(apart))


def _bucket(n: int, both: bool, *, even: bool = False, exact: int = 2, flipped: bool = False) -> int:
    """Return the bucket of distance n = i - j: near ones alone, far ones by equal ratios, all beyond 128 together.

    Parameters
    ----------
    even    : far buckets of equal width instead
    exact   : one ``exact``-th of the buckets hold one distance each
    flipped : what lies ahead and what lies behind change sides
    """
    n = -n if flipped else n
    count = _BUCKETS // 2 if both else _BUCKETS
    ahead = count if both and n < 0 else 0
    n = abs(n) if both else max(n, 0)
    near = count // exact
    if n < near:
        return ahead + n
    share = (n - near) / (_FARTHEST - near) if even else math.log(n / near) / math.log(_FARTHEST / near)
    return ahead + min(count - 1, near + math.floor((count - near) * share))


def _check_tables(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between each pair of biases that the subject returns, under normal words."""
    q, k = draw.normal(2, 2, _SHORT, _HEADS, _CHANNELS)
    apart = []
    for table, fixed in subject(draw, q):
        # as many buckets of their own as there are distances
        shipped = score("t5-relative-bias", q, k, {"b_distance": table}, buckets=len(table), scaled=True)
        apart.append(relative(attend(shipped), attend(score("alibi", q, k, strength=0.0) + fixed)))
    return Measurement(find_worst(apart))


def _fixed_biases(
    draw: Draw, q: "Tensor", buckets: int = 2 * _SHORT, back: float = 1, only: str = ""
) -> "list[tuple[Tensor, Tensor]]":
    """Return for each kind of bias a table (buckets, H) by distance, and the bias as it is computed (H, T, T).

    ALiBi's and the sandwich bias are taken from the shipped schemes; KERPLE's are -r d^p and -r ln(1 + s d).

    Parameters
    ----------
    back : what distances are multiplied with before they are looked up in the formula
    only : one of the kinds
    """
    import torch

    place = back * torch.arange(buckets, dtype=q.dtype)[:, None]
    n = distances(_SHORT, q).clamp(min=0)
    (r, s), power = draw.uniform(0.1, 1, 2, _HEADS), draw.uniform(0.3, 1.7, _HEADS)
    slopes = q.new_tensor([2.0**-4, 2.0**-8])
    zero, clock = 0 * q[:1], 10000.0 ** (-torch.arange(0, _CHANNELS, 2, dtype=q.dtype) / _CHANNELS)
    found = {
        # ALiBi is the power one
        "alibi": (-slopes * place**1, score("alibi", zero, zero)[0]),
        "power": (-r * place**power, (-r * n[..., None] ** power).permute(2, 0, 1)),
        "logarithm": (-r * (1 + s * place).log(), (-r * (1 + s * n[..., None]).log()).permute(2, 0, 1)),
        "sandwich": (
            (place * clock).cos().sum(dim=1, keepdim=True).expand(-1, _HEADS),
            score("sinusoidal-positions", zero, zero)[0],
        ),
    }
    return [pair for kind, pair in found.items() if only in ("", kind)]


def _too_few_buckets(draw: Draw, q: "Tensor") -> "list[tuple[Tensor, Tensor]]":
    return _fixed_biases(draw, q, buckets=_SHORT)


def _check_best(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    q, k = draw.normal(2, 1, 12, _HEADS, _CHANNELS)
    return Measurement(relative(*subject(q, k)))


def _best_table(q: "Tensor", k: "Tensor", buckets: int = 8) -> "Sides":
    """Return ALiBi's scores of the past, and T5's with the table that is nearest to them: each bucket's mean."""
    import torch

    T, H = q.shape[1], q.shape[2]
    slopes = q.new_tensor([2 ** (-8 * h / H) for h in range(1, H + 1)])
    # the bucket of every pair, read off a table that holds its own numbers
    zero, own = 0 * q[:1], torch.arange(buckets, dtype=q.dtype)[:, None].expand(-1, H)
    past = torch.ones(T, T, dtype=torch.bool).tril()
    which = score("t5-relative-bias", zero, zero, {"b_distance": own}, buckets=buckets)[0, 0][past].long()
    n = distances(T, q)[past]
    table = torch.stack([-slopes * n[which == one].mean() for one in range(buckets)]).nan_to_num()
    found = score("t5-relative-bias", q, k, {"b_distance": table}, buckets=buckets, scaled=True)
    return score("alibi", q, k)[..., past], found[..., past]


def _near_tokens(q: "Tensor", k: "Tensor") -> "Sides":
    # as many tokens as there are buckets of a single distance
    return _best_table(q[:, :4], k[:, :4])


def _search(subject: Subject) -> Example | None:
    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        line, table = subject(inputs["q"], inputs["q"], 2)
        return {"ALiBi's biases of the past": line, "T5's, two buckets": table}

    return find_smallest(run, [{"q": (T, 1, 1)} for T in (1, 2, 3, 4)], (0,))


def _check_kerple(subject: Subject, draw: Draw) -> Measurement:
    """Measure how much less than tenfold the subject's distance from ALiBi falls when its rate falls tenfold."""
    q, k = draw.normal(2, 2, _SHORT, _HEADS, _CHANNELS)
    expected = score("alibi", q, k, symmetric=True)
    plain = score("alibi", q, k, strength=0.0)
    apart = [relative(plain + subject(distances(_SHORT, q).abs(), rate), expected) for rate in (1e-2, 1e-3)]
    return Measurement(abs(apart[0] / apart[1] / 10 - 1) if apart[1] else 1.0, f"{apart[0]:.2g} and {apart[1]:.2g}")


def _logarithm(distance: "Tensor", rate: float, fixed: bool = False, power: int = 1) -> "Tensor":
    """Return -m / rate ln(1 + rate d^power) for ALiBi's two slopes m; with ``fixed``, m in the place of m / rate."""
    slopes = distance.new_tensor([2.0**-4, 2.0**-8])[:, None, None]
    return -slopes / (1 if fixed else rate) * (1 + rate * distance**power).log()


_T5, _ALIBI, _KERPLE = "arxiv:1910.10683", "arxiv:2108.12409", "arxiv:2205.09921"

CLAIMS = (
    Claim(
        id="a-t5-bias-is-a-table-by-distance-with-ties",
        statement=(
            "T5's bias is one for every distance and head, whose values are tied within buckets: near distances have "
            "a bucket each, far ones share buckets of equal ratio, and from the farthest on there is one; in "
            "encoders each side has half of them."
        ),
        kind="equality",
        between=("relative-bias", "t5-relative-bias"),
        evidence=Evidence(_T5, "Section 2.1"),
        inputs="standard normal q, k and table; B 1, T 40, H 2, K 4, 8 buckets up to distance 128; float64",
        equation=r"\beta(n) = \min\left(N - 1, E + \lfloor (N - E) \ln(n/E) / \ln(M/E) \rfloor\right), \quad n \ge E",
        bound=1e-12,
        why_bound="Sums of four products and a number from a table.",
        papers=("arxiv:1606.01933",),
        family="positions",
        check=_check_ties,
        subject=_bucket,
        wrong_variants={
            "far buckets of equal width": partial(_bucket, even=True),
            "a quarter of the buckets for one distance each": partial(_bucket, exact=4),
            "behind and ahead exchanged": partial(_bucket, flipped=True),
        },
        executes=("t5-relative-bias",),
    ),
    Claim(
        id="a-table-by-distance-holds-every-fixed-bias",
        statement=(
            "A table with a number for every distance, which is T5's with twice as many buckets as tokens, holds the "
            "fixed biases as special cases: KERPLE's powers, of which the first is ALiBi's line, KERPLE's "
            "logarithms, and the cosines of the sandwich bias."
        ),
        kind="reduction",
        between=("relative-bias", "t5-relative-bias", "alibi", "kerple", "sandwich-bias"),
        evidence=Evidence(_KERPLE, "Section 4"),
        inputs="normal q and k, random rates and powers; B 2, T 6, H 2, K 4; causal; float64",
        equation=r"b_n = -m n, \quad -r n^p, \quad -r \ln(1 + s n), \quad \sum_c \cos(n \theta_c)",
        bound=1e-12,
        why_bound="The same numbers, looked up and computed.",
        pitfall="Such a table ends with its last distance; the formulas go on.",
        papers=(_ALIBI, "arxiv:2212.10356", _T5),
        family="positions",
        check=_check_tables,
        subject=_fixed_biases,
        wrong_variants={
            "as many buckets as tokens": _too_few_buckets,
            "the line with half its slope": partial(_fixed_biases, back=0.5, only="alibi"),
            "powers of twice the distance": partial(_fixed_biases, back=2, only="power"),
            "cosines of half the distance": partial(_fixed_biases, back=0.5, only="sandwich"),
        },
        executes=("t5-relative-bias", "alibi", "sinusoidal-positions"),
    ),
    Claim(
        id="a-t5-bias-can-be-any-alibi-bias",
        statement="T5's learned table contains ALiBi: some table makes its biases a line, however long the text.",
        kind="separation",
        between=("t5-relative-bias", "alibi"),
        evidence=Evidence(_ALIBI, "Sections 2 and 3"),
        inputs="standard normal q and k; B 1, T 12, H 2, K 4; 8 buckets, the best table for ALiBi's; float64",
        equation=r"\beta(n) = \beta(n + 1) \Rightarrow b_{\beta(n)} = b_{\beta(n+1)} \;\neq\; -m n,\ -m (n + 1)",
        bound=1e-12,
        why_bound="Were it contained, the mean of ALiBi's biases in each bucket would be each of them.",
        pitfall="Within the buckets of a single distance it can follow the line: a short text cannot tell.",
        papers=(_T5,),
        family="positions",
        check=_check_best,
        subject=_best_table,
        wrong_variants={
            "no more tokens than buckets of one distance": _near_tokens,
            "twice as many buckets as tokens": partial(_best_table, buckets=24),
        },
        executes=("t5-relative-bias", "alibi"),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="kerples-logarithm-contains-alibi-as-a-limit",
        statement=(
            "KERPLE's logarithmic form contains ALiBi as a limit only: with the slope over the rate for a factor, "
            "the difference falls in proportion to the rate."
        ),
        kind="limit",
        between=("alibi", "kerple"),
        evidence=Evidence(_KERPLE, "Section 4"),
        inputs="standard normal q and k; B 2, T 6, H 2, K 4; rates of 0.01 and 0.001; float64",
        equation=r"\frac{m}{s} \ln(1 + s\, d) = m\, d - \frac{m s\, d^2}{2} + \dots",
        bound=0.05,
        why_bound="The next term of the series is two thirds of s d to the first: 0.03 at distance five.",
        family="positions",
        check=_check_kerple,
        subject=_logarithm,
        wrong_variants={
            "the factor kept": partial(_logarithm, fixed=True),
            "the logarithm of the squared distance": partial(_logarithm, power=2),
        },
        executes=("alibi",),
    ),
)
