"""Truth of layer normalisation: torch's own, and torch's batch normalisation for the other axes."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "layer_normalisation"
SIZES = {"B": 3, "T": 7, "D": 10}
WRONG = {
    "unbiased variance": (
        "centred.square().mean(dim=axes, keepdim=True)",
        "x.var(dim=axes, keepdim=True)",
    ),
    "eps outside the root": ("(variance + eps).sqrt()", "(variance.sqrt() + eps)"),
    "eps left out": ("(variance + eps)", "variance"),
    "never centred": ("if centre else x", "if False else x"),
    "always centred": ("if centre else x", "if True else x"),
    "variance not centred": ("centred.square()", "x.square()"),
    "divided by the variance": ("(variance + eps).sqrt()", "(variance + eps)"),
    "gain on the shift too": (
        'w["g"] * centred / (variance + eps).sqrt() + w["b"]',
        'w["g"] * (centred / (variance + eps).sqrt() + w["b"])',
    ),
    "mean over the whole sequence": ('"channels": (2,)', '"channels": (1, 2)'),
    "mean over the sequence instead": ('"channels": (2,)', '"channels": (1,)'),
    "batch statistics over the batch alone": ('"batch": (0, 1)', '"batch": (0,)'),
    "axes swapped": ('{"channels": (2,), "batch": (0, 1)}', '{"batch": (2,), "channels": (0, 1)}'),
}


def over_channels(x: Tensor, g: Tensor, b: Tensor, *, centre: bool, eps: float) -> Tensor:
    if centre:
        return functional.layer_norm(x, x.shape[-1:], g, b, eps=eps)
    return functional.rms_norm(x, x.shape[-1:], g, eps=eps) + b


def over_batch(x: Tensor, g: Tensor, b: Tensor, *, centre: bool, eps: float) -> Tensor:
    if centre:
        return functional.batch_norm(x.transpose(1, 2), None, None, g, b, training=True, eps=eps).transpose(1, 2)
    columns = x.flatten(0, 1).T
    return (functional.rms_norm(columns, columns.shape[-1:], eps=eps).T * g + b).view(x.shape)


def check(module: types.ModuleType, draw, agree) -> None:
    norm = module.layer_normalisation
    inputs = draw(FILE, SIZES)
    inputs["x"] = 0.3 * inputs["x"] + 0.7
    agree(lambda x, **w: norm(x, w), lambda x, **w: over_channels(x, **w, centre=True, eps=1e-5), inputs)
    for over, library in (("channels", over_channels), ("batch", over_batch)):
        for centre in (True, False):
            for eps in (1e-5, 0.3):
                agree(
                    lambda x, o=over, c=centre, e=eps, **w: norm(x, w, over=o, centre=c, eps=e),
                    lambda x, f=library, c=centre, e=eps, **w: f(x, **w, centre=c, eps=e),
                    inputs,
                )
    x, w = inputs.pop("x"), inputs
    torch.testing.assert_close(norm(x[:, 4:5], w), norm(x, w)[:, 4:5])


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_neither_a_constant_nor_a_factor_changes_anything(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    norm = shipped(FILE).layer_normalisation

    torch.testing.assert_close(norm(5 * x - 3, w, eps=0.0), norm(x, w, eps=0.0))


@pytest.mark.parametrize(
    ("settings", "relative"),
    [({"over": "batch"}, "batch_normalisation"), ({"centre": False}, "rms_norm")],
    ids=["batch-normalisation", "rms-norm"],
)
def test_the_neutral_values_give_its_relatives(settings, relative, shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    if relative == "rms_norm":
        w["b"] = torch.zeros_like(w["b"])

    y = shipped(FILE).layer_normalisation(x, w, **settings)

    torch.testing.assert_close(y, getattr(shipped(relative), relative)(x, w), rtol=1e-12, atol=1e-12)


def test_it_is_batch_normalisation_of_the_transposed_input(shipped, draw):
    inputs = draw(FILE, SIZES)
    x = inputs["x"][:1]
    tokens, channels = x.shape[1:]
    plain = [{"g": torch.ones(n, dtype=x.dtype), "b": torch.zeros(n, dtype=x.dtype)} for n in (channels, tokens)]

    y = shipped(FILE).layer_normalisation(x, plain[0])

    transposed = shipped("batch_normalisation").batch_normalisation(x.transpose(1, 2), plain[1])
    torch.testing.assert_close(y, transposed.transpose(1, 2), rtol=1e-12, atol=1e-12)
