"""Truth of the position-wise feed-forward network: torch's layers, its convolutions, and unit by unit."""

import math
import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

FILE = "position_wise_feed_forward"
SIZES = {"B": 3, "T": 7, "D": 6, "F": 10}
WRONG = {
    "no inner bias": (' @ w["w_1"] + w["b_1"])', ' @ w["w_1"])'),
    "no outer bias": (' @ w["w_2"] + w["b_2"]', ' @ w["w_2"]'),
    "bias behind the activation": (
        '_SIGMA[activation](x @ w["w_1"] + w["b_1"])',
        '_SIGMA[activation](x @ w["w_1"]) + w["b_1"]',
    ),
    "activation behind the second map": (
        'return hidden @ w["w_2"] + w["b_2"]',
        'return _SIGMA[activation](hidden @ w["w_2"] + w["b_2"])',
    ),
    "no activation": ('_SIGMA[activation](x @ w["w_1"] + w["b_1"])', 'x @ w["w_1"] + w["b_1"]'),
    "always relu": ("_SIGMA[activation]", "torch.relu"),
    "gelu for relu": ('"relu": torch.relu', '"relu": gelu'),
    "gelu by tanh": ('"gelu": gelu', '"gelu": lambda z: gelu(z, approximate="tanh")'),
    "swish without its z": ('"swish": silu', '"swish": torch.sigmoid'),
    "a shortcut": ('return hidden @ w["w_2"]', 'return x + hidden @ w["w_2"]'),
    "tokens mixed": ("hidden @", "hidden.cumsum(1) @"),
    "leaky": ('"relu": torch.relu', '"relu": lambda z: z.maximum(0.01 * z)'),
}


def library(x: Tensor, w: dict[str, Tensor], activation: str) -> Tensor:
    """The network of torch's Transformer layer, with swish as torch's SiLU."""
    D, F = w["w_1"].shape
    sigma = {"swish": functional.silu}.get(activation, activation)
    layer = nn.TransformerEncoderLayer(D, 1, F, dropout=0, activation=sigma, dtype=x.dtype)
    feed = nn.Module()
    feed.forward = lambda x: layer._ff_block(x)  # type: ignore[method-assign]
    feed.layer = layer
    weights = {
        "layer.linear1.weight": w["w_1"].T,
        "layer.linear1.bias": w["b_1"],
        "layer.linear2.weight": w["w_2"].T,
        "layer.linear2.bias": w["b_2"],
    }
    return functional_call(feed, weights, (x,))


def convolutions(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    """The same as two convolutions of width one, as the paper puts it."""
    hidden = functional.conv1d(x.transpose(1, 2), w["w_1"].T[:, :, None], w["b_1"])
    return functional.conv1d(functional.relu(hidden), w["w_2"].T[:, :, None], w["b_2"]).transpose(1, 2)


def unit_by_unit(x: list[float], w: dict[str, Tensor], activation: str) -> list[float]:
    """One token in plain Python."""
    y = w["b_2"].tolist()
    for unit in range(w["w_1"].shape[1]):
        z = w["b_1"][unit].item() + sum(c * w["w_1"][i, unit].item() for i, c in enumerate(x))
        answer = {
            "relu": max(0.0, z),
            "gelu": z * (1 + math.erf(z / math.sqrt(2))) / 2,
            "swish": z / (1 + math.exp(-z)),
        }[activation]
        y = [value + answer * w["w_2"][unit, c].item() for c, value in enumerate(y)]
    return y


def check(module: types.ModuleType, draw, agree) -> None:
    feed = module.position_wise_feed_forward
    inputs = draw(FILE, SIZES)
    for activation in ("relu", "gelu", "swish"):
        agree(
            lambda x, a=activation, **w: feed(x, w, activation=a),
            lambda x, a=activation, **w: library(x, w, a),
            inputs,
        )
        x, *_ = inputs.values()
        w = {name: weight for name, weight in inputs.items() if name != "x"}
        one = torch.tensor(unit_by_unit(x[1, 4].tolist(), w, activation), dtype=x.dtype)
        torch.testing.assert_close(feed(x, w, activation=activation)[1, 4], one)
    agree(lambda x, **w: feed(x, w), lambda x, **w: convolutions(x, w), inputs)
    torch.testing.assert_close(feed(1000 * x, w), convolutions(1000 * x, w))
    torch.testing.assert_close(feed(x[:, 4:5], w), feed(x, w)[:, 4:5])


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_it_is_the_branch_of_post_ln_and_pre_ln(shipped, draw):
    inputs = draw("pre_ln", {"T": 6})
    x, w = inputs.pop("x"), inputs
    silent = {**w, "w_o": 0 * w["w_o"], "g_2": torch.ones_like(w["g_2"]), "c_2": torch.zeros_like(w["c_2"])}
    normed = functional.layer_norm(x, x.shape[-1:], eps=1e-5)

    y = x + shipped(FILE).position_wise_feed_forward(normed, w)

    torch.testing.assert_close(y, shipped("pre_ln").pre_ln(x, silent))


def test_two_thirds_of_a_block_are_its_parameters(draw):
    block = draw("post_ln", {"D": 24, "F": 96})
    matrices = {name: weight.numel() for name, weight in block.items() if weight.dim() == 2}

    assert matrices["w_1"] + matrices["w_2"] == 2 * sum(matrices.values()) / 3
