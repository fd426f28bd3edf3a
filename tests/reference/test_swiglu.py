"""Truth of SwiGLU: LLaMA's feed-forward layer in transformers, and unit by unit."""

import math
import types

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP

FILE = "swiglu"
SIZES = {"B": 3, "T": 7, "D": 6, "F": 10}
WRONG = {
    "sigmoid for swish": ("return z * (sharpness * z).sigmoid()", "return (sharpness * z).sigmoid()"),
    "gate and value swapped": ('gate = _swish(x @ w["w_1"]', 'gate = _swish(x @ w["w_3"]'),
    "the same map twice": ('value = x @ w["w_3"]', 'value = x @ w["w_1"]'),
    "both bent": ('value = x @ w["w_3"]', 'value = _swish(x @ w["w_3"], sharpness)'),
    "the value bent, the gate not": (
        "return (gate * value)",
        'return ((x @ w["w_1"]) * _swish(value, sharpness))',
    ),
    "sharpness outside": ("z * (sharpness * z).sigmoid()", "sharpness * z * z.sigmoid()"),
    "sharpness upside down": ("(sharpness * z)", "(z / max(sharpness, 1e-9))"),
    "sharpness ignored": ("(sharpness * z)", "z"),
    "product behind W_2": ('(gate * value) @ w["w_2"]', '(gate @ w["w_2"]) * (value @ w["w_2"])'),
    "sum for product": ("gate * value", "gate + value"),
    "gelu for swish": ("z * (sharpness * z).sigmoid()", "z * (1 + (z / 2**0.5).erf()) / 2"),
    "relu for swish": ("z * (sharpness * z).sigmoid()", "z.relu()"),
}


def library(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    D, F = w["w_1"].shape
    layer = LlamaMLP(LlamaConfig(hidden_size=D, intermediate_size=F, num_attention_heads=1, hidden_act="silu"))
    names = {"gate_proj.weight": "w_1", "up_proj.weight": "w_3", "down_proj.weight": "w_2"}
    return functional_call(layer, {name: w[ours].T for name, ours in names.items()}, (x,))


def unit_by_unit(x: list[float], w: dict[str, Tensor], sharpness: float) -> list[float]:
    """One token in plain Python."""
    y = [0.0] * len(x)
    for unit in range(w["w_1"].shape[1]):
        z, value = (sum(c * w[name][i, unit].item() for i, c in enumerate(x)) for name in ("w_1", "w_3"))
        swish = z / (1 + math.exp(-sharpness * z))
        y = [total + swish * value * w["w_2"][unit, c].item() for c, total in enumerate(y)]
    return y


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    agree(lambda x, **w: module.swiglu(x, w), lambda x, **w: library(x, w), inputs)
    x, w = inputs.pop("x"), inputs
    for sharpness in (1.0, 0.5, 3.0, 0.0):
        wanted = [unit_by_unit(token, w, sharpness) for token in x[1].tolist()]
        ours = module.swiglu(x, w, sharpness=sharpness)[1]
        torch.testing.assert_close(ours, torch.tensor(wanted, dtype=x.dtype))
    torch.testing.assert_close(module.swiglu(1000 * x, w), library(1000 * x, w))
    torch.testing.assert_close(module.swiglu(x[:, 4:5], w), library(x[:, 4:5], w))


def test_agrees_with_llama_and_unit_by_unit(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_of_sharpness_zero_it_is_half_the_bilinear_layer_and_of_great_sharpness_reglu(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    gated = {**w, "b_1": x.new_zeros(10), "b_3": x.new_zeros(10)}
    unit = shipped("gated_linear_unit").gated_linear_unit

    flat = shipped(FILE).swiglu(x, w, sharpness=0.0)
    sharp = shipped(FILE).swiglu(x, w, sharpness=1e4)

    torch.testing.assert_close(2 * flat, unit(x, gated, activation="identity"), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(sharp, unit(x, gated, activation="relu"), rtol=1e-3, atol=1e-3)


def test_the_dip_of_swish_is_where_the_header_says(shipped):
    z = torch.linspace(-3, 0, 30001, dtype=torch.float64)

    low, place = shipped(FILE)._swish(z, 1.0).min(dim=0)

    assert (round(low.item(), 3), round(z[place].item(), 3)) == (-0.278, -1.278)


def test_two_thirds_of_the_width_have_as_many_weights(draw):
    """The paper compares a width of 2048 with a plain one of 3072 for 768 channels: 4,718,592 weights each."""
    gated = draw(FILE, {"D": 24, "F": 64})
    plain = draw("position_wise_feed_forward", {"D": 24, "F": 96})

    assert sum(gated[name].numel() for name in ("w_1", "w_2", "w_3")) == plain["w_1"].numel() + plain["w_2"].numel()
    assert 3 * 768 * 2048 == 2 * 768 * 3072 == 4_718_592
