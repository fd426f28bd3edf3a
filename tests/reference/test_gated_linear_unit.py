"""Truth of the gated linear unit: torch's own, unit by unit, and the halves that MosaicBERT's code multiplies."""

import math
import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "gated_linear_unit"
SIZES = {"B": 3, "T": 7, "D": 6, "F": 10}
GATE = '_SIGMA[activation](x @ w["w_1"] + w["b_1"])'
VALUE = 'x @ w["w_3"] + w["b_3"]'
WRONG = {
    "gate and value swapped": (
        GATE,
        '_SIGMA[activation](x @ w["w_3"] + w["b_3"])\n    w = {**w, "w_3": w["w_1"], "b_3": w["b_1"]}',
    ),
    "both bent": (f"value = {VALUE}", f"value = _SIGMA[activation]({VALUE})"),
    "tanh for sigmoid": ('"sigmoid": torch.sigmoid', '"sigmoid": torch.tanh'),
    "gate added": ("(gate * value)", "(gate + value)"),
    "gate not used": ("(gate * value)", "value"),
    "value not used": ("(gate * value)", "gate"),
    "no bias in the gate": (' @ w["w_1"] + w["b_1"])', ' @ w["w_1"])'),
    "bias outside the gate": (GATE, '_SIGMA[activation](x @ w["w_1"]) + w["b_1"]'),
    "no bias in the value": (VALUE, 'x @ w["w_3"]'),
    "the same map twice": (VALUE, 'x @ w["w_1"] + w["b_1"]'),
    "product behind W_2": ('(gate * value) @ w["w_2"]', '(gate @ w["w_2"]) * (value @ w["w_2"])'),
    "one minus the gate": ("(gate * value)", "((1 - gate) * value)"),
    "always a sigmoid": ("_SIGMA[activation]", "torch.sigmoid"),
    "gelu by tanh": ('"gelu": gelu', '"gelu": lambda z: gelu(z, approximate="tanh")'),
}
BENT = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "identity": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "swish": lambda z: z / (1 + math.exp(-z)),
}


def halves(x: Tensor, w: dict[str, Tensor], activation: str) -> Tensor:
    """One map to 2 F channels, cut in halves: torch's GLU has the gate in the second one, MosaicBERT in the first."""
    joined = functional.linear(x, torch.cat([w["w_3"], w["w_1"]], dim=1).T, torch.cat([w["b_3"], w["b_1"]]))
    if activation == "sigmoid":
        return functional.glu(joined, dim=-1) @ w["w_2"]
    value, gate = joined.split(joined.shape[-1] // 2, dim=-1)
    bend = {"identity": lambda z: z, "relu": functional.relu, "gelu": functional.gelu, "swish": functional.silu}
    return (bend[activation](gate) * value) @ w["w_2"]


def unit_by_unit(x: list[float], w: dict[str, Tensor], activation: str) -> list[float]:
    """One token in plain Python."""
    y = [0.0] * len(x)
    for unit in range(w["w_1"].shape[1]):
        z, value = (
            w[bias][unit].item() + sum(c * w[name][i, unit].item() for i, c in enumerate(x))
            for name, bias in (("w_1", "b_1"), ("w_3", "b_3"))
        )
        y = [total + BENT[activation](z) * value * w["w_2"][unit, c].item() for c, total in enumerate(y)]
    return y


def check(module: types.ModuleType, draw, agree) -> None:
    unit = module.gated_linear_unit
    inputs = draw(FILE, SIZES)
    w = {name: weight for name, weight in inputs.items() if name != "x"}
    x = inputs["x"]
    for activation in BENT:
        agree(
            lambda x, a=activation, **w: unit(x, w, activation=a),
            lambda x, a=activation, **w: halves(x, w, a),
            inputs,
        )
        one = torch.tensor(unit_by_unit(x[1, 4].tolist(), w, activation), dtype=x.dtype)
        torch.testing.assert_close(unit(x, w, activation=activation)[1, 4], one)
    torch.testing.assert_close(unit(x, w), halves(x, w, "sigmoid"))
    torch.testing.assert_close(unit(1000 * x, w), halves(1000 * x, w, "sigmoid"))
    torch.testing.assert_close(unit(x[:, 4:5], w), unit(x, w)[:, 4:5])


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_with_swish_and_without_biases_it_is_swiglu(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    plain = {**w, "b_1": 0 * w["b_1"], "b_3": 0 * w["b_3"]}

    y = shipped(FILE).gated_linear_unit(x, plain, activation="swish")

    torch.testing.assert_close(y, shipped("swiglu").swiglu(x, w), rtol=1e-12, atol=1e-12)


def test_two_thirds_of_the_width_have_as_many_weights_as_a_plain_layer(draw):
    gated = sum(weight.numel() for weight in draw(FILE, {"D": 24, "F": 64}).values() if weight.dim() == 2)
    plain = draw("position_wise_feed_forward", {"D": 24, "F": 96})

    assert gated == sum(weight.numel() for weight in plain.values() if weight.dim() == 2)
