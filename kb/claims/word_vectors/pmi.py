"""Skip-gram with negative sampling at its least loss, and the same loss on words made of parts."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WORDS, _NEGATIVES, _WINDOW = 4, 3, 2


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the gradient of the loss at the subject's products of vectors, against its size at zero."""
    import torch

    tokens = draw.integers(0, _WORDS, 2, 80)
    products = subject(_count_pairs(tokens), tokens.flatten().bincount(minlength=_WORDS).double() / tokens.numel())
    return Measurement(_slope(tokens, products) / _slope(tokens, torch.zeros_like(products)))


def _count_pairs(tokens: "Tensor") -> "Tensor":
    """Return how often each word (row) had each other (column) within its window."""
    import torch

    counts = torch.zeros(_WORDS, _WORDS, dtype=torch.float64)
    for row in tokens.tolist():
        for t, word in enumerate(row):
            for other in row[max(0, t - _WINDOW) : t] + row[t + 1 : t + _WINDOW + 1]:
                counts[word, other] += 1
    return counts


def _slope(tokens: "Tensor", products: "Tensor") -> float:
    """Return the greatest entry of the loss's gradient where the tables are free: one is the identity."""
    import torch

    from kb.reference.skip_gram_negative_sampling import skip_gram_negative_sampling

    w = {"centre": products.clone().requires_grad_(), "context": torch.eye(_WORDS, dtype=products.dtype)}
    losses = skip_gram_negative_sampling(tokens, w, window=_WINDOW, negatives=_NEGATIVES, power=1.0, noise="expected")
    (slope,) = torch.autograd.grad(losses.sum(), w["centre"])
    return float(slope.abs().max())


def _pmi(pairs: "Tensor", share: "Tensor") -> "Tensor":
    """Return ln p(o | c) / p(o), the latter as the noise has it."""
    return (pairs / pairs.sum(dim=1, keepdim=True) / share).log()


def _shifted(pairs: "Tensor", share: "Tensor") -> "Tensor":
    import math

    return _pmi(pairs, share) - math.log(_NEGATIVES)


def _not_shifted(pairs: "Tensor", share: "Tensor") -> "Tensor":
    return _pmi(pairs, share)


def _three_quarters(pairs: "Tensor", share: "Tensor") -> "Tensor":
    return _shifted(pairs, share**0.75 / (share**0.75).sum())


def _positive_part(pairs: "Tensor", share: "Tensor") -> "Tensor":
    return _shifted(pairs, share).clamp(min=0)


def _log_counts(pairs: "Tensor", share: "Tensor") -> "Tensor":
    return pairs.log() - pairs.log().mean()


def _shifted_by_all_noise(pairs: "Tensor", share: "Tensor") -> "Tensor":
    import math

    # one question about the pair beside k about noise, taken together
    return _pmi(pairs, share) - math.log(_NEGATIVES + 1)


def _check_parts(subject: Subject, draw: Draw) -> Measurement:
    """Measure the losses of words made of parts against those of whole words, where each word is its only part."""
    import torch

    from kb.reference.skip_gram_negative_sampling import skip_gram_negative_sampling

    tokens, parts, context = draw.integers(0, _WORDS, 2, 12), draw.normal(_WORDS + 2, 5), draw.normal(_WORDS, 5)
    alone = torch.eye(_WORDS, _WORDS + 2, dtype=parts.dtype)
    expected = skip_gram_negative_sampling(
        tokens, {"centre": parts[:_WORDS], "context": context}, window=_WINDOW, noise="expected"
    )
    return Measurement(relative(subject(tokens, alone, parts, context), expected))


def _sum_over_parts(tokens: "Tensor", has: "Tensor", parts: "Tensor", context: "Tensor") -> "Tensor":
    """Return losses pair by pair, whose score is a sum over the parts of the word in the middle."""
    import torch
    from torch.nn.functional import logsigmoid

    count = tokens.flatten().bincount(minlength=_WORDS).double()
    noise = count.where(count == 0, count**0.75) / (count**0.75).sum()
    losses = torch.zeros(tokens.shape, dtype=parts.dtype)
    for b, row in enumerate(tokens.tolist()):
        for t, word in enumerate(row):
            scores = sum((has[word, g] * (parts[g] * context).sum(dim=-1) for g in range(len(parts))), torch.zeros(1))
            unseen = 5 * (noise * logsigmoid(-scores)).sum()
            for other in row[max(0, t - _WINDOW) : t] + row[t + 1 : t + _WINDOW + 1]:
                losses[b, t] -= logsigmoid(scores[other]) + unseen
    return losses


def _parts_shared(tokens: "Tensor", has: "Tensor", parts: "Tensor", context: "Tensor") -> "Tensor":
    has = has.clone()
    has[:, -2] = 1
    return _sum_over_parts(tokens, has, parts, context)


def _parts_with_the_neighbour(tokens: "Tensor", has: "Tensor", parts: "Tensor", context: "Tensor") -> "Tensor":
    return _sum_over_parts(tokens, (has + has.roll(1, dims=1)) / 2, parts, context)


def _contexts_of_parts(tokens: "Tensor", has: "Tensor", parts: "Tensor", context: "Tensor") -> "Tensor":
    padded = context.new_zeros(len(parts), context.shape[1])
    padded[:_WORDS] = context
    return _sum_over_parts(tokens, has, padded, has @ parts)


CLAIMS = (
    Claim(
        id="skip-gram-is-least-at-the-shifted-pmi",
        statement=(
            "Where the vectors leave every product free, each pair occurs and negatives come from the plain shares "
            "of the words, the loss of skip-gram with negative sampling is least where the products are the "
            "pointwise mutual information less ln k."
        ),
        kind="equality",
        between=("skip-gram-negative-sampling", "shifted-pmi-factorisation"),
        evidence=Evidence("s2:f4c018bcc8ea707b83247866bdc8ccb87cd9f5da", "Section 3.1"),
        inputs="two random texts of 80 tokens of 4 words; window 2, k 3, expected noise of power 1; float64",
        equation=r"u_o^\top v_c = \ln \frac{p(o \mid c)}{P_n(o)} - \ln k",
        bound=1e-12,
        why_bound=(
            "The loss is a sum of convex functions of single products, so that a slope of zero is the least: "
            "rounding of some hundred terms is near 1e-15 of the slope at zero."
        ),
        pitfall=(
            "With the usual power of three quarters the products go elsewhere, and with few dimensions not every "
            "product is free. At the ends of a text words have fewer contexts, so that the shares of the noise are "
            "those of the tokens, not of the pairs."
        ),
        papers=("arxiv:1310.4546",),
        family="word-vectors",
        check=_check,
        subject=_shifted,
        wrong_variants={
            "not shifted": _not_shifted,
            "shares to the power of three quarters": _three_quarters,
            "the positive part": _positive_part,
            "logarithms of counts": _log_counts,
            "shifted by ln (k + 1)": _shifted_by_all_noise,
        },
        executes=("skip-gram-negative-sampling",),
    ),
    Claim(
        id="subword-vectors-of-whole-words-are-skip-gram",
        statement=(
            "Skip-gram whose words are sums of the vectors of their parts is plain skip-gram where every word is its "
            "own and only part."
        ),
        kind="reduction",
        between=("skip-gram-negative-sampling", "subword-vectors"),
        evidence=Evidence("arxiv:1607.04606", "Section 3"),
        inputs=(
            "two random texts of 12 tokens of 4 words; window 2, k 5, expected noise; vectors of 5 numbers; float64"
        ),
        equation=r"s(w, c) = \sum_{g \in G_w} z_g^\top u_c, \qquad G_w = \{w\}",
        bound=1e-12,
        why_bound="The same sums, pair by pair: rounding is near 1e-15.",
        pitfall="Contexts are whole words in either.",
        family="word-vectors",
        check=_check_parts,
        subject=_sum_over_parts,
        wrong_variants={
            "a part that all words share": _parts_shared,
            "half of the neighbour's part": _parts_with_the_neighbour,
            "contexts made of parts": _contexts_of_parts,
        },
        executes=("skip-gram-negative-sampling",),
    ),
)
