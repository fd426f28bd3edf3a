"""Truth of RMSNorm: torch's own, LLaMA's, and the partial form channel by channel.

A default p above one leaves the numbers alone (there are no more channels); test_ideas holds the default.
"""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers.models.llama.modeling_llama import LlamaRMSNorm

FILE = "rms_norm"
SIZES = {"B": 3, "T": 7, "D": 10}
RMS = "(x[..., :n].square().mean(dim=-1, keepdim=True) + eps).sqrt()"
WRONG = {
    "mean taken away": ("if centre:", "if True:"),
    "mean never taken away": ("if centre:", "if False:"),
    "eps outside the root": (RMS, "x[..., :n].square().mean(dim=-1, keepdim=True).sqrt() + eps"),
    "eps left out": (" + eps", ""),
    "root of the sum": (".square().mean(", ".square().sum("),
    "mean of magnitudes": (RMS, "x[..., :n].abs().mean(dim=-1, keepdim=True) + eps"),
    "standard deviation": ("x[..., :n].square().mean(dim=-1, keepdim=True)", "x[..., :n].var(dim=-1, keepdim=True)"),
    "n rounded down": ("math.ceil(p * D)", "math.floor(p * D)"),
    "last n channels": ("x[..., :n]", "x[..., -n:]"),
    "only the first n are scaled": (
        'return w["g"] * x / rms',
        'return w["g"] * x / (rms * (torch.arange(D) < n) + 1.0 * (torch.arange(D) >= n))',
    ),
    "sum of n over all D": (
        "x[..., :n].square().mean(dim=-1, keepdim=True)",
        "x[..., :n].square().sum(-1, True) / D",
    ),
    "mean over the tokens": ("mean(dim=-1, keepdim=True) + eps", "mean(dim=1, keepdim=True) + eps"),
}


def definition(x: Tensor, g: Tensor, *, n: int, eps: float) -> Tensor:
    total = sum(x[:, :, c] ** 2 for c in range(n))
    assert isinstance(total, Tensor)
    return torch.stack([g[c] * x[:, :, c] / (total / n + eps) ** 0.5 for c in range(x.shape[2])], dim=-1)


def check(module: types.ModuleType, draw, agree) -> None:
    module.torch = torch  # for a wrong variant
    norm = module.rms_norm
    inputs = draw(FILE, SIZES)
    inputs["x"] = 0.3 * inputs["x"] + 0.7
    for eps in (1e-5, 0.3):
        agree(
            lambda x, g, eps=eps: norm(x, {"g": g}, eps=eps),
            lambda x, g, eps=eps: functional.rms_norm(x, (10,), g, eps=eps),
            inputs,
        )
        # of ten channels 0.75 is seven and a half, 0.0625 less than one, 0.3 three exactly
        for p, n in ((0.75, 8), (0.0625, 1), (0.3, 3), (1.0, 10)):
            agree(
                lambda x, g, p=p, eps=eps: norm(x, {"g": g}, p=p, eps=eps),
                lambda x, g, n=n, eps=eps: definition(x, g, n=n, eps=eps),
                inputs,
            )
    agree(
        lambda x, g: norm(x, {"g": g}, centre=True),
        lambda x, g: functional.layer_norm(x, (10,), g, eps=1e-5),
        inputs,
    )
    agree(
        lambda x, g: norm(x, {"g": g}, p=0.5, centre=True),
        lambda x, g: definition(x - x.mean(dim=-1, keepdim=True), g, n=5, eps=1e-5),
        inputs,
    )
    x, g = inputs.values()
    torch.testing.assert_close(norm(x, {"g": g}), functional.rms_norm(x, (10,), g, eps=1e-5))
    torch.testing.assert_close(norm(x[:, 4:5], {"g": g}), norm(x, {"g": g})[:, 4:5])


def test_agrees_with_the_library_and_the_definition(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_agrees_with_llama_in_single_precision(shipped, draw):
    x, g = (tensor.float() for tensor in draw(FILE, SIZES).values())
    llama = LlamaRMSNorm(10, eps=1e-5)
    llama.weight.data.copy_(g)

    torch.testing.assert_close(shipped(FILE).rms_norm(x, {"g": g}), llama(x))


def test_a_factor_changes_nothing_and_a_constant_does(shipped, draw):
    x, g = draw(FILE, SIZES).values()
    norm = shipped(FILE).rms_norm
    y = norm(x, {"g": g}, eps=0.0)

    torch.testing.assert_close(norm(5 * x, {"g": g}, eps=0.0), y)
    assert (norm(x + 1, {"g": g}, eps=0.0) - y).abs().max() > 0.1


def test_centred_it_is_layer_normalisation_and_so_is_the_plain_one_of_a_centred_input(shipped, draw):
    x, g = draw(FILE, SIZES).values()
    wanted = shipped("layer_normalisation").layer_normalisation(x, {"g": g, "b": torch.zeros_like(g)})

    torch.testing.assert_close(shipped(FILE).rms_norm(x, {"g": g}, centre=True), wanted, rtol=1e-12, atol=1e-12)
    centred = x - x.mean(dim=-1, keepdim=True)
    torch.testing.assert_close(shipped(FILE).rms_norm(centred, {"g": g}), wanted, rtol=1e-12, atol=1e-12)
