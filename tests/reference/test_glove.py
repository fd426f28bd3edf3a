"""Truth of GloVe."""

import math
import types
from collections import defaultdict

import pytest
import torch
from torch import Tensor

FILE = "glove"
SIZES = {"B": 3, "T": 12, "D": 5, "C": 25}
WRONG = {
    "near words count no more than far ones": ("dtype=like.dtype) / d)", "dtype=like.dtype))"),
    "one side only": ("torch.cat([left * C + right, right * C + left])", "left * C + right"),
    "the other side only": ("torch.cat([left * C + right, right * C + left])", "right * C + left"),
    "window one short": ("range(1, window + 1)", "range(1, window)"),
    "the word its own context": (
        "        # d places apart",
        "        X = X.index_add(0, tokens.flatten() * (C + 1), X.new_ones(tokens.numel()) / d)  #",
    ),
    "rows joined": (
        "left, right = tokens[:, :-d].flatten(), tokens[:, d:].flatten()",
        "left, right = tokens.flatten()[:-d], tokens.flatten()[d:]",
    ),
    "every row for itself": ("return X.view(C, C)", "return X.view(C, C) / len(tokens)"),
    "weight beyond the cap": (".clamp(max=1) ** alpha", " ** alpha"),
    "capped before, not after": ("(X / x_max).clamp(max=1)", "(X.clamp(max=1) / x_max)"),
    "power outside the quotient": ("(X / x_max).clamp(max=1) ** alpha", "(X**alpha / x_max).clamp(max=1)"),
    "the weight is squared too": ("weight * error.square()", "(weight * error).square()"),
    "unseen pairs as ln 1": (".where(seen, 0.0)", ""),
    "ln(1 + X)": ("X.where(seen, 1.0).log()", "X.log1p()"),
    "binary logarithm": (".log()", ".log2()"),
    "counts without logarithm": ("X.where(seen, 1.0).log()", "X"),
    "one bias only": (' + w["b_context"]', ""),
    "biases swapped": (
        'w["b_centre"][:, None] + w["b_context"]',
        'w["b_context"][:, None] + w["b_centre"]',
    ),
    "one table for both": ('@ w["context"].T', '@ w["centre"].T'),
    "the columns' sum": ("error.square()).sum(dim=-1)", "error.square()).sum(dim=0)"),
    "the mean over pairs": ("error.square()).sum(dim=-1)", "error.square()).mean(dim=-1)"),
    "half the square": ("weight * error.square()", "weight * error.square() / 2"),
    "a word's row at each of its places": (" / tokens.flatten().bincount(minlength=C).clamp(min=1)", ""),
}


def pairs(tokens: Tensor, window: int) -> dict[tuple[int, int], float]:
    X: dict[tuple[int, int], float] = defaultdict(float)
    for row in tokens.tolist():
        for t, i in enumerate(row):
            for s, j in enumerate(row):
                if 0 < abs(s - t) <= window:
                    X[i, j] += 1 / abs(s - t)
    return X


def regress(tokens: Tensor, w: dict[str, Tensor], *, window: int, x_max: float, alpha: float) -> Tensor:
    """The sum over the pairs of a dictionary, shared among the places."""
    rows = defaultdict(lambda: torch.zeros((), dtype=torch.float64))
    for (i, j), x in pairs(tokens, window).items():
        error = torch.dot(w["centre"][i], w["context"][j]) + w["b_centre"][i] + w["b_context"][j] - math.log(x)
        rows[i] = rows[i] + (1.0 if x >= x_max else (x / x_max) ** alpha) * error**2
    places = tokens.flatten().tolist()
    return torch.stack([rows[word] / places.count(word) for word in places]).view(tokens.shape)


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    for window, x_max, alpha in ((10, 100.0, 0.75), (2, 1.5, 0.5), (1, 3.0, 1.0), (20, 0.4, 0.0)):
        settings = {"window": window, "x_max": x_max, "alpha": alpha}
        agree(
            lambda tokens, settings=settings, **w: module.glove(tokens, w, **settings),
            lambda tokens, settings=settings, **w: regress(tokens, w, **settings),
            inputs,
        )
    tokens = inputs.pop("tokens")
    wanted = regress(tokens, inputs, window=10, x_max=100.0, alpha=0.75)
    torch.testing.assert_close(module.glove(tokens, inputs), wanted)
    assert not module.glove(tokens[:, :1], inputs).any()


def test_agrees_with_a_dictionary_of_pairs(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def fitted(tokens: Tensor, C: int) -> dict[str, Tensor]:
    """Tables of full rank that hold ln X, and no biases."""
    table = torch.zeros(C, C, dtype=torch.float64)
    for (i, j), x in pairs(tokens, 10).items():
        table[i, j] = math.log(x)
    bias = torch.zeros(C, dtype=torch.float64)
    return {"centre": table, "context": torch.eye(C, dtype=torch.float64), "b_centre": bias, "b_context": bias}


def test_nothing_is_lost_where_the_vectors_are_the_logarithms(shipped, draw):
    tokens = draw(FILE, SIZES)["tokens"]

    assert shipped(FILE).glove(tokens, fitted(tokens, SIZES["C"])).abs().max() < 1e-20


def test_a_constant_may_stand_in_a_bias_or_in_a_table(shipped, draw):
    tokens = draw(FILE, SIZES)["tokens"]
    w = fitted(tokens, SIZES["C"])

    moved = {**w, "centre": w["centre"] - 3, "b_centre": w["b_centre"] + 1, "b_context": w["b_context"] + 2}

    assert shipped(FILE).glove(tokens, moved).abs().max() < 1e-20


def test_the_losses_add_up_to_the_weighted_sum(shipped, draw):
    inputs = draw(FILE, SIZES)
    tokens = inputs.pop("tokens")
    fit = inputs["centre"] @ inputs["context"].T + inputs["b_centre"][:, None] + inputs["b_context"][None]

    J = sum(min(1, (x / 2) ** 0.75) * (fit[i, j] - math.log(x)) ** 2 for (i, j), x in pairs(tokens, 10).items())

    torch.testing.assert_close(shipped(FILE).glove(tokens, inputs, x_max=2.0).sum(), J)
