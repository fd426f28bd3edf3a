"""Truth of batch normalisation: torch's own in training mode, and plain sums.

The square of mu_B - x is that of x - mu_B: the one change of a sign that leaves the numbers alone.
"""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "batch_normalisation"
SIZES = {"B": 3, "T": 7, "D": 10}
WRONG = {
    "unbiased variance": ("(x - mean).square().mean(dim=axes, keepdim=True)", "x.var(dim=axes, keepdim=True)"),
    "eps outside the root": ("(variance + eps).sqrt()", "(variance.sqrt() + eps)"),
    "eps left out": ("(variance + eps)", "variance"),
    "variance not centred": ("(x - mean).square()", "x.square()"),
    "not centred": ('w["g"] * (x - mean)', 'w["g"] * x'),
    "mean of the whole tensor": ('"batch": (0, 1)', '"batch": (0, 1, 2)'),
    "over the batch alone": ('"batch": (0, 1)', '"batch": (0,)'),
    "over time alone": ('"batch": (0, 1)', '"batch": (1,)'),
    "over the channels": ('"batch": (0, 1)', '"batch": (2,)'),
    "shift before the gain": (
        '(x - mean) / (variance + eps).sqrt() + w["b"]',
        '((x - mean) / (variance + eps).sqrt() + w["b"])',
    ),
    "divided by the variance": ("(variance + eps).sqrt()", "(variance + eps)"),
    "no gradient through the statistics": ("mean = x.mean", "mean = x.detach().mean"),
    "no gradient through the variance": ("variance = (x - mean)", "variance = (x - mean).detach()"),
}


def library(x: Tensor, g: Tensor, b: Tensor, over: str, eps: float) -> Tensor:
    channels_first = x.transpose(1, 2)
    if over == "channels":
        return functional.layer_norm(x, x.shape[-1:], g, b, eps=eps)
    if over == "sequence":
        return functional.instance_norm(channels_first, weight=g, bias=b, eps=eps).transpose(1, 2)
    return functional.batch_norm(channels_first, None, None, g, b, training=True, eps=eps).transpose(1, 2)


def by_sums(x: Tensor, g: Tensor, b: Tensor) -> Tensor:
    """Algorithm 1 with every token of the batch as one of its m values."""
    values = [x[i, t] for i in range(x.shape[0]) for t in range(x.shape[1])]
    m = len(values)
    mean = sum(value / m for value in values)
    variance = sum((value - mean) ** 2 / m for value in values)
    return torch.stack([g * (value - mean) / (variance + 1e-5) ** 0.5 + b for value in values]).view(x.shape)


def check(module: types.ModuleType, draw, agree) -> None:
    norm = module.batch_normalisation
    inputs = draw(FILE, SIZES)
    inputs["x"] = 0.3 * inputs["x"] + 0.7
    agree(lambda x, **w: norm(x, w), lambda x, **w: by_sums(x, **w), inputs)
    for over in ("batch", "sequence", "channels"):
        for eps in (1e-5, 0.3):
            agree(
                lambda x, over=over, eps=eps, **w: norm(x, w, over=over, eps=eps),
                lambda x, over=over, eps=eps, **w: library(x, **w, over=over, eps=eps),
                inputs,
            )
    x, w = inputs.pop("x"), inputs
    torch.testing.assert_close(norm(x[:1, :1], w), w["b"].view(1, 1, -1))


def test_agrees_with_the_library_and_the_definition(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_over_channels_it_is_layer_normalisation_and_over_a_sequence_that_of_single_channels(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    norm = shipped(FILE).batch_normalisation

    one = norm(x, w, over="channels"), norm(x, w, over="sequence")

    layer = shipped("layer_normalisation").layer_normalisation(x, w)
    single = shipped("group_normalisation").group_normalisation(x, w, groups=10)
    torch.testing.assert_close(one, (layer, single), rtol=1e-12, atol=1e-12)
