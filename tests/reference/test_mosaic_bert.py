"""Truth of MosaicBERT's block: BERT's layer of transformers with the bias for a mask and a gated layer put in."""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

FILE = "mosaic_bert"
SIZES = {"B": 3, "T": 7, "D": 12, "F": 20}
POST = '_layer_norm(x + _attention(x, w, heads, strength, causal), w["g_1"], w["c_1"])'
GATED = 'gelu(z @ w["w_1"]) * (z @ w["w_3"])'
WRONG = {
    "distance with its sign": ("(place[:, None] - place).abs()", "(place[:, None] - place)"),
    "bias scaled as well": (
        "k) / q.shape[-1] ** 0.5 - m * distance",
        "k) / q.shape[-1] ** 0.5 - m * distance / q.shape[-1] ** 0.5",
    ),
    "scores not scaled": (" / q.shape[-1] ** 0.5", ""),
    "what is far counts for more": ("- m * distance", "+ m * distance"),
    "slopes from h = 0": ("range(1, below + 1)", "range(below)"),
    "steepest head last": ("x.new_tensor(_slopes(heads))", "x.new_tensor(_slopes(heads)).flip(0)"),
    "one slope for all": ("x.new_tensor(_slopes(heads))", "x.new_tensor(_slopes(1) * heads)"),
    "one series for any number of heads": (
        "below = 1 << (n.bit_length() - 1)",
        "below = n",
    ),
    "the next power in its order": ("range(1, 2 * (n - below), 2)", "range(1, n - below + 1)"),
    "gate and value swapped": (GATED, 'gelu(z @ w["w_3"]) * (z @ w["w_1"])'),
    "no gate": (GATED, 'gelu(z @ w["w_1"]) + 0 * w["w_3"].sum()'),
    "both bent": (GATED, 'gelu(z @ w["w_1"]) * gelu(z @ w["w_3"])'),
    "sigmoid for GELU": ("gelu(z @", "torch.sigmoid(z @"),
    "tanh GELU": ('gelu(z @ w["w_1"])', 'gelu(z @ w["w_1"], approximate="tanh")'),
    "Pre-LN": (POST, 'x + _attention(_layer_norm(x, w["g_1"], w["c_1"]), w, heads, strength, causal)'),
    "shortcut around the norm": (
        POST,
        'x + _layer_norm(_attention(x, w, heads, strength, causal), w["g_1"], w["c_1"])',
    ),
    "second branch reads x": (GATED, 'gelu(x @ w["w_1"]) * (x @ w["w_3"])'),
    "eps of other norms": ("1e-12", "1e-5"),
    "always causal": ("if causal:", "if True:"),
    "mask one late": ("triu(1)", "triu(2)"),
}


class Gated(nn.Module):
    """What takes the place of the dense layer and its activation, with one matrix of 2 F columns, gate first."""

    def __init__(self, D: int, F: int) -> None:
        super().__init__()
        self.both = nn.Linear(D, 2 * F, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.both(x).chunk(2, dim=-1)
        return nn.functional.gelu(gate) * value


def slopes(heads: int) -> list[float]:
    """As the authors of ALiBi wrote it down: by the power below and every other one of the power above."""
    known = {1: [-8], 2: [-4, -8], 3: [-4, -8, -2], 4: [-2, -4, -6, -8], 6: [-2, -4, -6, -8, -1, -3]}
    return [2.0**power for power in known[heads]]


def library(x: Tensor, w: dict[str, Tensor], *, heads: int, strength: float, causal: bool) -> Tensor:
    D, F = w["w_1"].shape
    config = BertConfig(hidden_size=D, intermediate_size=F, num_attention_heads=heads, attn_implementation="eager")
    layer = BertLayer(config)
    layer.intermediate = Gated(D, F)
    zero = x.new_zeros(D)
    weights = {
        "attention.self.query.weight": w["w_q"].T,
        "attention.self.key.weight": w["w_k"].T,
        "attention.self.value.weight": w["w_v"].T,
        "attention.output.dense.weight": w["w_o"].T,
        "intermediate.both.weight": torch.cat([w["w_1"], w["w_3"]], dim=1).T,
        "output.dense.weight": w["w_2"].T,
        "output.dense.bias": w["b_2"],
        "attention.output.LayerNorm.weight": w["g_1"],
        "attention.output.LayerNorm.bias": w["c_1"],
        "output.LayerNorm.weight": w["g_2"],
        "output.LayerNorm.bias": w["c_2"],
        **{f"attention.{name}.bias": zero for name in ("self.query", "self.key", "self.value", "output.dense")},
    }
    T = x.shape[1]
    bias = [
        [[-strength * m * abs(i - j) if j <= i or not causal else -torch.inf for j in range(T)] for i in range(T)]
        for m in slopes(heads)
    ]
    result = functional_call(layer.double().eval(), weights, (x, torch.tensor(bias, dtype=x.dtype)[None]))
    return result[0] if isinstance(result, tuple) else result


def check(module: types.ModuleType, draw, agree) -> None:
    for T, heads, strength, causal in (
        (7, 2, 1.0, False),
        (6, 6, 1.0, False),
        (5, 3, 0.7, True),
        (7, 4, 2.0, True),
        (1, 1, 1.0, True),
        (7, 1, 1.0, False),
    ):
        settings = {"heads": heads, "strength": strength, "causal": causal}
        agree(
            lambda x, settings=settings, **w: module.mosaic_bert(x, w, **settings),
            lambda x, settings=settings, **w: library(x, w, **settings),
            draw(FILE, {**SIZES, "T": T}),
        )
    inputs = draw(FILE, SIZES)
    # one where eps matters, one with scores in the thousands
    for size in (1e-6, 300.0):
        x, w = size * inputs["x"], {**inputs, "w_v": 0.1 * inputs["w_v"]}
        torch.testing.assert_close(module.mosaic_bert(x, w), library(x, w, heads=2, strength=1.0, causal=True))


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_a_text_read_backwards_gives_the_same_backwards(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, block = inputs.pop("x"), shipped(FILE).mosaic_bert

    torch.testing.assert_close(block(x.flip(1), inputs, causal=False), block(x, inputs, causal=False).flip(1))
    assert (block(x.flip(1), inputs) - block(x, inputs).flip(1)).abs().max() > 0.1


@pytest.mark.parametrize("heads", [2, 3, 4])
def test_its_scores_are_those_of_alibi(heads, shipped, draw):
    """With queries and keys as they are, W_O = 1 and a silent gate, what attention adds comes out of one norm."""
    inputs = draw(FILE, {**SIZES, "T": 6})
    x, D = inputs.pop("x"), SIZES["D"]
    one = torch.eye(D, dtype=x.dtype)
    split = x.view(*x.shape[:2], heads, -1)
    scores = shipped("alibi").alibi(split, split, slopes="code", symmetric=True)
    attended = torch.einsum("bhts,bshv->bthv", scores.softmax(dim=-1), split).flatten(-2)
    silent = {**inputs, **dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), one), "w_2": 0 * inputs["w_2"]}
    plain = {name: torch.ones_like(inputs[name]) for name in ("g_1", "g_2")}
    plain |= {name: torch.zeros_like(inputs[name]) for name in ("c_1", "c_2", "b_2")}

    y = shipped(FILE).mosaic_bert(x, {**silent, **plain}, heads=heads, causal=False)

    torch.testing.assert_close(y, nn.functional.layer_norm(x + attended, (D,), eps=1e-12))


def test_its_feed_forward_is_the_gated_linear_unit(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), {**inputs, "w_o": 0 * inputs["w_o"]}
    unit = shipped("gated_linear_unit").gated_linear_unit
    z = nn.functional.layer_norm(x, (SIZES["D"],), w["g_1"], w["c_1"], eps=1e-12)
    no_bias = dict.fromkeys(("b_1", "b_3"), z.new_zeros(SIZES["F"]))

    gated = unit(z, {**w, **no_bias}, activation="gelu")

    wanted = nn.functional.layer_norm(z + gated + w["b_2"], (SIZES["D"],), w["g_2"], w["c_2"], eps=1e-12)
    torch.testing.assert_close(shipped(FILE).mosaic_bert(x, w), wanted)


def test_two_thirds_of_the_width_make_as_many_parameters():
    assert 2 * 768 * 3072 == 3 * 768 * 2048
