"""GloVe: where its sum of squares is zero, and what that has to do with skip-gram."""

import math
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Fit = tuple[Tensor, Tensor, Tensor]

_WORDS, _WINDOW = 4, 3


def _count(tokens: "Tensor") -> "Tensor":
    """Return X (C, C): each pair of places counts one over its distance, in both directions."""
    import torch

    counts = torch.zeros(_WORDS, _WORDS, dtype=torch.float64)
    for row in tokens.tolist():
        for t, word in enumerate(row):
            for far, other in enumerate(row[t + 1 : t + 1 + _WINDOW], start=1):
                counts[word, other] += 1 / far
                counts[other, word] += 1 / far
    return counts


def _loss(tokens: "Tensor", fit: "Fit") -> float:
    """Return the sum of GloVe's losses at products w . w~ and biases."""
    import torch

    from kb.reference.glove import glove

    products, b_centre, b_context = fit
    w = {"centre": products, "context": torch.eye(_WORDS, dtype=products.dtype)}
    losses = glove(tokens, w | {"b_centre": b_centre, "b_context": b_context}, window=_WINDOW)
    return float(losses.sum())


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the loss at the subject's products and biases, against the loss at zero."""
    import torch

    tokens = draw.integers(0, _WORDS, 2, 60)
    counts = _count(tokens)
    zero = torch.zeros_like(counts), torch.zeros_like(counts[0]), torch.zeros_like(counts[0])
    return Measurement(_loss(tokens, subject(counts)) / _loss(tokens, zero))


def _pmi(counts: "Tensor") -> "Fit":
    total, word = counts.sum(), counts.sum(dim=1)
    bias = word.log() - total.log() / 2
    return (counts * total / word[:, None] / word).log(), bias, bias


def _pmi_without_biases(counts: "Tensor") -> "Fit":
    return _pmi(counts)[0], 0 * counts[0], 0 * counts[0]


def _shifted_pmi(counts: "Tensor") -> "Fit":
    products, *biases = _pmi(counts)
    return products - math.log(5), biases[0], biases[1]


def _total_forgotten(counts: "Tensor") -> "Fit":
    products, *_ = _pmi(counts)
    return products, counts.sum(dim=1).log(), counts.sum(dim=1).log()


def _conditional(counts: "Tensor") -> "Fit":
    products, centre, _ = _pmi(counts)
    return products, centre, 0 * centre


def _check_count(subject: Subject, draw: Draw) -> Measurement:
    """Measure the losses against the printed sum of squares, with the subject's counts, on a text of few pairs."""
    from kb.reference.glove import glove

    tokens = draw.integers(0, _WORDS, 2, 8)
    w = {name: draw.normal(_WORDS, 3) for name in ("centre", "context")}
    w |= {name: draw.normal(_WORDS) for name in ("b_centre", "b_context")}
    X = subject(tokens)
    expected = X.new_zeros(())
    for i in range(_WORDS):
        for j in range(_WORDS):
            if X[i, j] > 0:
                error = w["centre"][i] @ w["context"][j] + w["b_centre"][i] + w["b_context"][j] - X[i, j].log()
                expected += (X[i, j] / 2).clamp(max=1) ** 0.75 * error**2
    return Measurement(relative(glove(tokens, w, window=_WINDOW, x_max=2.0).sum(), expected))


def _one_sided(tokens: "Tensor") -> "Tensor":
    return _count(tokens) / 2


def _without_distance(tokens: "Tensor") -> "Tensor":
    import torch

    counts = torch.zeros(_WORDS, _WORDS, dtype=torch.float64)
    for row in tokens.tolist():
        for t, word in enumerate(row):
            for other in row[max(0, t - _WINDOW) : t] + row[t + 1 : t + 1 + _WINDOW]:
                counts[word, other] += 1
    return counts


def _unseen_pairs_once(tokens: "Tensor") -> "Tensor":
    return _count(tokens).clamp(min=0.01) + 1


def _rows_joined(tokens: "Tensor") -> "Tensor":
    return _count(tokens.flatten()[None])


CLAIMS = (
    Claim(
        id="glove-with-logarithms-of-counts-for-biases-fits-the-pmi",
        statement=(
            "GloVe's sum of squares is zero where the products are the pointwise mutual information and the biases "
            "the logarithms of the words' counts, each less half that of the total. Nothing is shifted by ln k."
        ),
        kind="equality",
        between=("skip-gram-negative-sampling", "shifted-pmi-factorisation", "glove"),
        evidence=Evidence("doi:10.3115/v1/d14-1162", "Section 3, equations 7 and 8"),
        inputs="two random texts of 60 tokens of 4 words; window 3; every pair occurs; float64",
        equation=(
            r"\ln X_{ij} = \ln \frac{X_{ij} X}{X_i X_j} + \big(\ln X_i - \tfrac12 \ln X\big)"
            r" + \big(\ln X_j - \tfrac12 \ln X\big)"
        ),
        bound=1e-24,
        why_bound="Squares of rounding: each error is near 1e-15, and its square 1e-30.",
        pitfall=(
            "Biases are learnt, and products and biases can be traded for one another: a loss of zero does not make "
            "the products the mutual information. What is sure is that this place is one of the best."
        ),
        family="word-vectors",
        check=_check,
        subject=_pmi,
        wrong_variants={
            "mutual information without biases": _pmi_without_biases,
            "shifted by ln 5": _shifted_pmi,
            "the total forgotten": _total_forgotten,
            "one bias alone": _conditional,
        },
        executes=("glove",),
    ),
    Claim(
        id="glove-counts-a-pair-by-one-over-its-distance",
        statement=(
            "GloVe's losses add up to the printed sum over the pairs that occur, each counted once for each side by "
            "one over its distance; a row of text ends its windows."
        ),
        kind="equality",
        between=("latent-semantic-analysis", "glove"),
        evidence=Evidence("doi:10.3115/v1/d14-1162", "Section 3, equation 8, and section 4.2"),
        inputs="two random texts of 8 tokens of 4 words, random tables; window 3, cap at 2; float64",
        equation=(
            r"J = \sum_{X_{ij} > 0} \min(1, X_{ij} / x_{\max})^{3/4} \big(w_i^\top \tilde w_j + b_i + \tilde b_j - "
            r"\ln X_{ij}\big)^2"
        ),
        bound=1e-12,
        why_bound="Sixteen squares in another order: rounding is near 1e-15.",
        family="word-vectors",
        check=_check_count,
        subject=_count,
        wrong_variants={
            "one side's pairs": _one_sided,
            "every distance alike": _without_distance,
            "pairs that do not occur counted too": _unseen_pairs_once,
            "rows joined": _rows_joined,
        },
        executes=("glove",),
    ),
)
