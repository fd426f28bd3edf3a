"""Truth of skip-gram with negative sampling."""

import math
import types

import pytest
import torch
from torch import Tensor

FILE = "skip_gram_negative_sampling"
SIZES = {"B": 3, "T": 9, "D": 6, "C": 40}
WRONG = {
    "centre and context swapped": (
        'w["centre"][tokens] @ w["context"].T',
        'w["context"][tokens] @ w["centre"].T',
    ),
    "one table for both": ('@ w["context"].T', '@ w["centre"].T + 0 * w["context"].sum()'),
    "the word its own context": ("*range(1, window + 1)", "*range(window + 1)"),
    "window one short": ("*range(1, window + 1)", "*range(1, window)"),
    "what comes before only": ("(*range(-window, 0), *range(1, window + 1))", "range(-window, 0)"),
    "what comes after only": ("(*range(-window, 0), *range(1, window + 1))", "range(1, window + 1)"),
    "window beyond the row": ("there * (seen", "(seen"),
    "rows joined to rings": (
        "there = (place + j >= 0) & (place + j < T)\n        context = tokens[:, (place + j).clamp(0, T - 1), None]",
        "there = 1\n        context = tokens[:, (place + j) % T, None]",
    ),
    "noise with the sign of what was seen": ("logsigmoid(-logits", "logsigmoid(logits"),
    "negatives averaged": (".sum(dim=-1)", ".mean(dim=-1)"),
    "expected noise once": ("negatives * (logsigmoid", "(logsigmoid"),
    "the same negatives for every pair": (
        "drawn = p_noise.multinomial(tokens.numel() * negatives, replacement=True, generator=generator)",
        "drawn = p_noise.multinomial(negatives, replacement=True, generator=generator).repeat(tokens.numel())",
    ),
    "the same negatives for every context": (
        "            drawn = p_noise",
        "            generator.manual_seed(seed)\n            drawn = p_noise",
    ),
    "every word drawn alike": ("count**power", "count**0"),
    "drawn as they occur": ("count**power", "count"),
    "words that do not occur are drawn": ("count > 0", "count >= 0"),
    "without softening of the counts' sum": ("p_noise / p_noise.sum()", "p_noise / count.sum()"),
    "the mean over contexts": ("return losses", "return losses / (2 * window)"),
}


def reveal(function, tokens: Tensor, C: int, **settings) -> Tensor:
    """How often each place drew each word as noise, (B, T, C): with all logits zero that is the slope's double."""
    v, u = torch.ones(C, 1, dtype=torch.float64), torch.zeros(C, 1, dtype=torch.float64, requires_grad=True)
    losses = function(tokens, {"centre": v, "context": u}, **settings)
    often = torch.zeros(*tokens.shape, C, dtype=torch.float64)
    for b, row in enumerate(tokens.tolist()):
        for t in range(len(row)):
            (slope,) = torch.autograd.grad(losses[b, t], u, retain_graph=True)
            often[b, t] = 2 * slope[:, 0]
            for s in contexts(row, t, settings["window"]):
                often[b, t, row[s]] += 1
    return often


def contexts(row: list[int], t: int, window: int) -> list[int]:
    return [s for s in range(len(row)) if s != t and abs(s - t) <= window]


def pairs(tokens: Tensor, centre: Tensor, context: Tensor, *, window: int, noise: Tensor) -> Tensor:
    """Pair by pair; ``noise`` (B, T, C) is how often a place's word is held against each word."""
    losses = []
    for b, row in enumerate(tokens.tolist()):
        for t, word in enumerate(row):
            seen = [(context[row[s]] * centre[word]).sum() for s in contexts(row, t, window)]
            unseen = torch.stack([(one * centre[word]).sum() for one in context])
            loss = (noise[b, t] * (1 + unseen.exp()).log()).sum()
            losses.append(loss + sum((1 + (-score).exp()).log() for score in seen))
    return torch.stack(losses).view(tokens.shape)


def soften(tokens: Tensor, C: int, power: float) -> Tensor:
    counts = [(tokens == word).sum().item() for word in range(C)]
    shares = torch.tensor([count**power if count else 0 for count in counts], dtype=torch.float64)
    return shares / shares.sum()


def check(module: types.ModuleType, draw, agree) -> None:
    function = module.skip_gram_negative_sampling
    inputs = draw(FILE, SIZES)
    tokens = inputs["tokens"]
    for window, negatives, power in ((2, 3, 0.75), (5, 1, 0.3), (12, 2, 0.0)):
        settings = {"window": window, "negatives": negatives, "power": power}
        amount = torch.tensor(
            [[negatives * len(contexts(row, t, window)) for t in range(9)] for row in tokens.tolist()]
        )

        often = reveal(function, tokens, SIZES["C"], **settings, seed=5)
        torch.testing.assert_close(often.sum(dim=-1), amount.double())
        torch.testing.assert_close(often, often.round().abs())
        chance = amount[..., None] * soften(tokens, SIZES["C"], power)
        for noise, name in ((often, "drawn"), (chance, "expected")):
            agree(
                lambda tokens, name=name, settings=settings, **w: function(tokens, w, **settings, noise=name, seed=5),
                lambda noise=noise, window=window, **w: pairs(**w, window=window, noise=noise),
                inputs,
            )
    alone = {name: tensor[:, :1] if name == "tokens" else tensor for name, tensor in inputs.items()}
    assert not function(alone.pop("tokens"), alone).any()
    check_draws(function, tokens)
    loud = {name: 40 * inputs[name] for name in ("centre", "context")}
    assert function(tokens, loud).isfinite().all()
    torch.testing.assert_close(
        function(tokens, loud), function(tokens, loud, window=5, negatives=5, power=0.75, noise="drawn", seed=0)
    )


def check_draws(function, tokens: Tensor) -> None:
    """Shares of 25,200 draws; places, contexts and seeds draw words of their own."""
    C, settings = SIZES["C"], {"window": 1, "negatives": 300, "power": 0.75}
    often = reveal(function, tokens[:, :3], C, **settings)
    shares = often.sum(dim=(0, 1)) / often.sum()
    torch.testing.assert_close(shares, soften(tokens[:, :3], C, 0.75), atol=0.03, rtol=0)
    wide = reveal(function, tokens[:2], C, window=8, negatives=175, power=0.75)
    torch.testing.assert_close(wide.sum(dim=(0, 1)) / wide.sum(), soften(tokens[:2], C, 0.75), atol=0.012, rtol=0)
    assert not torch.equal(often[0, 0], often[1, 0])
    assert not torch.equal(often[0, 0], often[0, 2])
    # two contexts with one draw each: now and then they draw different words
    middle = reveal(function, tokens, C, window=1, negatives=1, power=0.75)[:, 1:-1]
    assert (middle.amax(dim=-1) == 1).any()
    assert not torch.equal(often, reveal(function, tokens[:, :3], C, **settings, seed=1))


def test_agrees_pair_by_pair(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_what_is_drawn_is_on_average_what_is_expected(shipped, draw):
    function, inputs = shipped(FILE).skip_gram_negative_sampling, draw(FILE, SIZES)
    tokens = inputs.pop("tokens")

    drawn = torch.stack([function(tokens, inputs, seed=seed) for seed in range(400)])

    apart = drawn.mean(dim=0) - function(tokens, inputs, noise="expected")
    assert (apart.abs() < 4.5 * drawn.std(dim=0) / 20).all()


def test_it_is_least_where_every_logit_is_the_shifted_pmi(shipped, draw):
    """Tables with v = identity and u = the matrix of logits itself: each pair has a logit of its own."""
    C, k, window, tokens = 9, 3, 2, draw(FILE, {"B": 4, "T": 60})["tokens"] % 9
    joint = torch.zeros(C, C, dtype=torch.float64)
    for row in tokens.tolist():
        for t in range(len(row)):
            for s in contexts(row, t, window):
                joint[row[s], row[t]] += 1
    noise = tokens.flatten().bincount(minlength=C).double() / tokens.numel()
    # ln (#(o, c) / (#(c) P_n(o))) - ln k; a pair that was never seen goes to minus infinity
    shifted = (joint / (joint.sum(dim=0) * noise[:, None])).log() - math.log(k)
    u = shifted.clamp(min=-60).requires_grad_()

    losses = shipped(FILE).skip_gram_negative_sampling(
        tokens,
        {"centre": torch.eye(C, dtype=torch.float64), "context": u},
        window=window,
        negatives=k,
        power=1.0,
        noise="expected",
    )

    (slope,) = torch.autograd.grad(losses.sum(), u)
    assert slope.abs().max() < 1e-9
