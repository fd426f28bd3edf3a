"""Truth of RWKV-4: both forms of wkv, both mixings, the carried state."""

import types
from unittest import mock

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional
from transformers import RwkvConfig
from transformers.models.rwkv.modeling_rwkv import RwkvBlock

FILE = "rwkv_4"
SIZES = {"B": 2, "T": 6, "D": 8, "F": 12}
STORED = "(k[:, t] - p).exp()"
WRONG = {
    "bonus on the past": (STORED, "(now - p).exp()"),
    "decay one step early": (STORED, "(k[:, t] - decay.exp() - p).exp()"),
    "decay not exponentiated": ("faded = p - decay.exp()", "faded = p - decay"),
    "growth for decay": ("faded = p - decay.exp()", "faded = p + decay.exp()"),
    "no running maximum": ("q = torch.maximum(p, now)", "q = torch.zeros_like(now)"),
    "parallel: decay one step early": ("-age * decay.exp()", "-(age + 1) * decay.exp()"),
    "parallel: the present counts as past": ("torch.where(age < 0, first,", "torch.where(age < -1, first,"),
    "parallel: the future seen": ("masked_fill(age < -1,", "masked_fill(age < -2,"),
    "relu not squared": (".relu().square()", ".relu()"),
    "no shift": ("torch.cat([last[:, None], x[:, :-1]], dim=1)", "x"),
    "shift mixed the other way round": (
        'w["mu_k"] * x + (1 - w["mu_k"]) * before',
        '(1 - w["mu_k"]) * x + w["mu_k"] * before',
    ),
    "receptance without sigmoid": ("(r.sigmoid() * wkv)", "(r * wkv)"),
    "last input not carried": ("(x[:, -1], *memory)", "(0 * x[:, -1], *memory)"),
    "last input of the channel mixing not carried": ("normed[:, -1]", "0 * normed[:, -1]"),
}


def wkv_pair_by_pair(k: Tensor, v: Tensor, decay: Tensor, first: Tensor) -> Tensor:
    """The printed fraction, one exponent at a time, with the greatest exponent divided out of it."""
    rows = []
    for t in range(k.shape[1]):
        exponents = [k[:, i] - (t - 1 - i) * decay.exp() for i in range(t)] + [first + k[:, t]]
        rows.append((torch.stack(exponents).softmax(dim=0) * v[:, : t + 1].transpose(0, 1)).sum(dim=0))
    return torch.stack(rows, dim=1)


def written_out(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    """The block with the library's LayerNorm and padding and with wkv pair by pair."""

    def read(normed: Tensor, mix: str, matrix: str) -> Tensor:
        before = functional.pad(normed, (0, 0, 1, -1))
        return torch.lerp(before, normed, w[mix]) @ w[matrix]

    normed = functional.layer_norm(x, x.shape[-1:], w["g_1"], w["c_1"])
    r, k, v = (read(normed, f"mu_{part}", f"w_{part}") for part in "rkv")
    x = x + (torch.sigmoid(r) * wkv_pair_by_pair(k, v, w["time_decay"], w["time_first"])) @ w["w_o"]
    normed = functional.layer_norm(x, x.shape[-1:], w["g_2"], w["c_2"])
    hidden = functional.relu(read(normed, "nu_k", "w_1"))
    return x + torch.sigmoid(read(normed, "nu_r", "w_gate")) * ((hidden * hidden) @ w["w_2"])


def library(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    D, inner = w["w_1"].shape
    config = RwkvConfig(hidden_size=D, intermediate_size=inner, attention_hidden_size=D, num_hidden_layers=2)
    names = {"key": "k", "value": "v", "receptance": "r", "output": "o"}
    weights = {
        **{f"ln{place}.weight": w[f"g_{place}"] for place in (1, 2)},
        **{f"ln{place}.bias": w[f"c_{place}"] for place in (1, 2)},
        **{f"attention.{name}.weight": w[f"w_{short}"].T for name, short in names.items()},
        **{f"attention.time_mix_{name}": w[f"mu_{names[name]}"] for name in ("key", "value", "receptance")},
        "attention.time_decay": w["time_decay"],
        "attention.time_first": w["time_first"],
        "feed_forward.time_mix_key": w["nu_k"],
        "feed_forward.time_mix_receptance": w["nu_r"],
        "feed_forward.key.weight": w["w_1"].T,
        "feed_forward.value.weight": w["w_2"].T,
        "feed_forward.receptance.weight": w["w_gate"].T,
    }
    return functional_call(RwkvBlock(config, layer_id=1).to(x.dtype).train(), weights, (x,))[0]


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    for form in ("recurrent", "parallel"):
        agree(
            lambda x, form=form, **w: module.rwkv_4(x, w, form=form)[0],
            lambda x, **w: written_out(x, w),
            inputs,
        )
    x, w = inputs.pop("x"), inputs
    whole, last = module.rwkv_4(x, w)
    torch.testing.assert_close(module.rwkv_4(x[:, :1], w)[0], whole[:, :1])
    first, state = module.rwkv_4(x[:, :2], w)
    second, state = module.rwkv_4(x[:, 2:3], w, state)
    third, state = module.rwkv_4(x[:, 3:], w, state)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole)
    torch.testing.assert_close(state, last)

    zero = torch.zeros(2, 8)
    large, v = torch.full((2, 6, 8), 100.0), torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    decay, bonus = w["time_decay"].float(), w["time_first"].float()
    stable = module.wkv_recurrent(large, v, decay, bonus, (zero, zero, zero - 1e38))[0]
    torch.testing.assert_close(stable, wkv_pair_by_pair(large, v, decay, bonus), rtol=1e-4, atol=1e-4)


def test_agrees_with_the_fraction_pair_by_pair(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_agrees_with_the_library_to_the_float32_of_its_state(shipped, draw, agree):
    agree(
        lambda x, **w: shipped(FILE).rwkv_4(x, w)[0],
        lambda x, **w: library(x, w),
        draw(FILE, SIZES),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_keys_of_thousands_with_either_sign_leave_the_block_exact(seed, shipped, draw):
    """Each maximum matters: of the past, of the present with its bonus, and that nothing stood before the first."""
    inputs = draw(FILE, SIZES, seed)
    x, w = inputs.pop("x"), {**inputs, "w_k": 2000 * inputs["w_k"]}

    torch.testing.assert_close(shipped(FILE).rwkv_4(x, w)[0], written_out(x, w))


def test_a_loud_token_long_ago_does_not_drown_the_quiet_ones_of_today(shipped):
    """The scale e^p fades with the past: the maximum of all times would leave 0 / 0."""
    k = torch.full((1, 12, 2), -2000.0, dtype=torch.float64)
    k[:, 0] = 0
    v = torch.randn(1, 12, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    decay, bonus, zero = torch.full((2,), 300.0).double().log(), torch.ones(2).double(), torch.zeros(1, 2).double()

    wkv, _ = shipped(FILE).wkv_recurrent(k, v, decay, bonus, (zero, zero, zero - 1e38))

    torch.testing.assert_close(wkv, wkv_pair_by_pair(k, v, decay, bonus))


@pytest.mark.parametrize("form", ["parallel", "recurrent"])
def test_a_form_is_the_one_that_was_asked_for(form, shipped, draw):
    module, inputs = shipped(FILE), draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs

    with mock.patch.object(module, f"wkv_{form}", wraps=getattr(module, f"wkv_{form}")) as taken:
        module.rwkv_4(x, w, form=form)

    assert taken.call_count == 1


def test_the_printed_fraction_overflows_where_the_recurrence_does_not(shipped):
    large, v = torch.full((1, 6, 8), 100.0), torch.ones(1, 6, 8)

    assert not shipped(FILE).wkv_parallel(large, v, torch.zeros(8), torch.zeros(8)).isfinite().any()


def test_the_number_of_parameters_is_thirteen_squares_and_eleven_widths(draw):
    weights = draw(FILE, {"D": 24, "F": 96})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 13 * 24**2 + 11 * 24
