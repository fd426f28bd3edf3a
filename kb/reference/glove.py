r"""GloVe: count once how often two words stand near one another, then fit vectors to the logarithms of the counts.

Paper       Pennington, Socher, Manning (2014), doi:10.3115/v1/d14-1162 -- section 3, equations 8 and 9
Idea        Ratios of counts carry meaning, so let differences of vectors be logarithms of ratios: a regression.
Equation    $$ J = \sum_{i,j} f(X_{ij}) \big(w_i^\top \tilde w_j + b_i + \tilde b_j - \ln X_{ij}\big)^2, \qquad
            f(x) = \min\big(1, (x / x_{\max})^{\alpha}\big) $$
            $$ X_{ij} = \sum_{t,\, 0 < |d| \le m} \frac{[w_t = i][w_{t+d} = j]}{|d|}, \qquad
            \ell_t = \frac{1}{c(w_t)} \sum_j J_{w_t j} $$
Shapes      tokens, losses (B, T); counts X and errors (C, C); w (C, D) as a centre, w~ (C, D) as a context
Form        objective
Weights     centre, context (C, D); b_centre, b_context (C) zero
Parameters  window = 10 in 1..20;
            x_max = 100.0 in 0.01..1000 (x_max=0.01 gives every pair that was seen the same weight);
            alpha = 0.75 in 0..1
Assumes     both sides count, so X is symmetric; a word d places away counts 1/d; the window ends with the row. Pairs
            that were never seen have no term: ln 0 is not asked for. A word's row of J is shared evenly among the
            places where it stands, so that the losses add up to J: squares of nats, not nats. x_max is for billions
            of words; in a small text no pair reaches it. What one keeps is w + w~
Cost        counting O(B T m), once; a step O(C^2 D), or as many pairs as were seen: the text's length is gone
Parents     latent-semantic-analysis -- all cells alike, no biases, raw counts; skip-gram-negative-sampling -- pairs
            as they come with a logistic loss, where the biases are ln c(i) and ln c(j): then w . w~ is the PMI
Leaves out  the training (AdaGrad), the sum w + w~, the cut to frequent words
Checked     counts in plain Python with a dictionary and a loop over pairs, with gradients; zero where a table of full
            rank and no biases is ln X; the sum is J whatever the rows. Mutants killed: 1/d left out, one side only,
            the word its own context, weight outside the cap, weight squared, unseen pairs as ln 1, one bias only,
            biases swapped, ln(1 + X), the mean over pairs, the row of the context
"""

import torch
from torch import Tensor


def _count_pairs(tokens: Tensor, like: Tensor, window: int) -> Tensor:
    """Return X (C, C): how often word j stood near word i, near ones counting more."""
    C, X = like.shape[0], like.new_zeros(like.shape[0] ** 2)
    for d in range(1, window + 1):
        # d places apart, each the other's neighbour
        left, right = tokens[:, :-d].flatten(), tokens[:, d:].flatten()
        pairs = torch.cat([left * C + right, right * C + left])
        # ... += 1 / d
        X = X.index_add(0, pairs, torch.full_like(pairs, 1, dtype=like.dtype) / d)
    return X.view(C, C)


def glove(
    tokens: Tensor, w: dict[str, Tensor], *, window: int = 10, x_max: float = 100.0, alpha: float = 0.75
) -> Tensor:
    """Return losses (B, T): each word's part of the weighted squared error."""
    C = w["centre"].shape[0]
    assert w["centre"].shape == w["context"].shape
    assert w["b_centre"].shape == w["b_context"].shape == (C,)

    X = _count_pairs(tokens, w["centre"], window)
    seen = X > 0
    # w_i . w~_j + b_i + b~_j - ln X_ij
    fit = w["centre"] @ w["context"].T + w["b_centre"][:, None] + w["b_context"]
    error = fit - X.where(seen, 1.0).log()
    # f(X) = min(1, (X / x_max)^alpha) : rare pairs are mostly noise, and "the" must not outweigh all else
    weight = ((X / x_max).clamp(max=1) ** alpha).where(seen, 0.0)
    # sum over j, then evenly to the places of word i
    rows = (weight * error.square()).sum(dim=-1)
    return (rows / tokens.flatten().bincount(minlength=C).clamp(min=1))[tokens]
