"""Truth of squared ReLU: the activation of transformers between torch's linear maps, and unit by unit."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers.activations import ACT2FN

FILE = "squared_relu"
SIZES = {"B": 3, "T": 7, "D": 6, "F": 10}
PAST = '(x @ w["w_1"] + w["b_1"]).relu()'
WRONG = {
    "square without relu": (PAST, 'x @ w["w_1"] + w["b_1"]'),
    "absolute value": (PAST, '(x @ w["w_1"] + w["b_1"]).abs()'),
    "square behind W_2": ('hidden @ w["w_2"]', '(past @ w["w_2"]) ** 2'),
    "relu alone": ("past**power", "past"),
    "power ignored": ("past**power", "past**2.0"),
    "power of the layer": (
        'return hidden @ w["w_2"] + w["b_2"]',
        'return (past @ w["w_2"] + w["b_2"]).abs() ** power',
    ),
    "no inner bias": (' @ w["w_1"] + w["b_1"])', ' @ w["w_1"])'),
    "bias behind the square": ("past**power", 'past**power + w["b_1"]'),
    "no outer bias": (' @ w["w_2"] + w["b_2"]', ' @ w["w_2"]'),
    "half the square": ("past**power", "past**power / 2"),
    "leaky": (".relu()", ".maximum(0.01 * (x @ w['w_1']))"),
    "exponential": ("past**power", "power**past - 1"),
}


def library(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    hidden = ACT2FN["relu2"](functional.linear(x, w["w_1"].T, w["b_1"]))
    return functional.linear(hidden, w["w_2"].T, w["b_2"])


def unit_by_unit(x: list[float], w: dict[str, Tensor], power: float) -> list[float]:
    """One token in plain Python."""
    y = w["b_2"].tolist()
    for unit in range(w["w_1"].shape[1]):
        z = w["b_1"][unit].item() + sum(c * w["w_1"][i, unit].item() for i, c in enumerate(x))
        y = [value + max(0.0, z) ** power * w["w_2"][unit, c].item() for c, value in enumerate(y)]
    return y


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    agree(lambda x, **w: module.squared_relu(x, w), lambda x, **w: library(x, w), inputs)
    x, w = inputs.pop("x"), inputs
    for power in (2.0, 1.0, 3.0, 1.5):
        wanted = [unit_by_unit(token, w, power) for token in x[1].tolist()]
        ours = module.squared_relu(x, w, power=power)[1]
        torch.testing.assert_close(ours, torch.tensor(wanted, dtype=x.dtype))
    torch.testing.assert_close(module.squared_relu(1000 * x, w), library(1000 * x, w))
    torch.testing.assert_close(module.squared_relu(x[:, 4:5], w), library(x[:, 4:5], w))
    # a unit that stands on its plane exactly neither answers nor learns
    still = {**w, "w_1": 0 * w["w_1"], "b_1": 0 * w["b_1"]}
    agree(lambda x, **w: module.squared_relu(x, w), lambda x, **w: library(x, w), {"x": x, **still})


def test_agrees_with_the_library_and_unit_by_unit(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_of_power_one_it_is_the_position_wise_feed_forward_network(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs

    y = shipped(FILE).squared_relu(x, w, power=1.0)

    plain = shipped("position_wise_feed_forward").position_wise_feed_forward(x, w)
    torch.testing.assert_close(y, plain, rtol=1e-12, atol=1e-12)


def test_it_is_reglu_with_both_maps_the_same(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    twice = {**w, "w_3": w["w_1"], "b_3": w["b_1"]}

    y = shipped("gated_linear_unit").gated_linear_unit(x, twice, activation="relu")

    torch.testing.assert_close(y + w["b_2"], shipped(FILE).squared_relu(x, w))


def test_twice_the_input_is_four_times_the_answer(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    plain = {**w, "b_1": 0 * w["b_1"], "b_2": 0 * w["b_2"]}

    once, twice = (shipped(FILE).squared_relu(factor * x, plain) for factor in (1, 2))

    torch.testing.assert_close(twice, 4 * once)
