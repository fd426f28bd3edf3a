"""Truth of the AWD-LSTM: the library's layers on weights thinned with the masks that gradients reveal."""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

FILE = "awd_lstm"
SIZES = {"B": 3, "T": 5, "D": 6}
ENDS = ("", "_2", "_3")
GATE = "i.sigmoid() * g.tanh()"
WRONG = {
    "mask on the maps of the input": (
        '(w[f"w_ifgo{end}"], u * _draw(u, u.shape, weight_drop, generator)',
        '(w[f"w_ifgo{end}"] * _draw(u, u.shape, weight_drop, generator), u',
    ),
    "mask on all maps": (
        'layers.append((w[f"w_ifgo{end}"],',
        'layers.append((w[f"w_ifgo{end}"] * _draw(u, u.shape, weight_drop, generator),',
    ),
    "mask on the bias": (
        'w[f"b_ifgo{end}"]))',
        'w[f"b_ifgo{end}"] * _draw(u, u.shape[:2], weight_drop, generator)))',
    ),
    "units dropped in the place of weights": (
        "_draw(u, u.shape, weight_drop, generator)",
        "_draw(u, (1, u.shape[1], 1), weight_drop, generator)",
    ),
    "one mask for all gates": (
        "_draw(u, u.shape, weight_drop, generator)",
        "_draw(u, u.shape[1:], weight_drop, generator)",
    ),
    "no scaling": ("kept.to(like.dtype) / (1 - p)", "kept.to(like.dtype)"),
    "scaled by 1 - p": ("kept.to(like.dtype) / (1 - p)", "kept.to(like.dtype) * (1 - p)"),
    "p is what is kept": ("device=like.device) >= p", "device=like.device) < p"),
    "another mask for every step": ("(B, 1, x.shape[-1])", "x.shape"),
    "one mask for the whole batch": ("(B, 1, x.shape[-1])", "(1, 1, x.shape[-1])"),
    "steps dropped in the place of channels": ("(B, 1, x.shape[-1])", "(B, x.shape[1], 1)"),
    "nothing dropped from what leaves the last layer": (
        "return x * _draw(x, (B, 1, x.shape[-1]), dropout, generator)",
        "return x",
    ),
    "nothing dropped from what enters": ("        x = x * _draw(x, (B, 1, x.shape[-1]), dropout, generator)\n", ""),
    "rates confused": ("weight_drop, generator", "dropout, generator"),
    "the seed has no say": ("manual_seed(seed)", "manual_seed(0)"),
    "dropped output handed on": ("last.append((x[:, -1], c))", "last.append((x[:, -1] * 2, c))"),
    "two layers": ('for end in ("", "_2", "_3")', 'for end in ("", "_2")'),
    "first layer thrice": ('w[f"w_ifgo{end}"]', 'w["w_ifgo"]'),
    "forget and input gate swapped": ("i, f, g, o =", "f, i, g, o ="),
    "state ignored": ("if state is None:", "if True:"),
}


def layer(x: Tensor, w: Tensor, u: Tensor, b: Tensor) -> Tensor:
    """torch.nn.LSTM from a state of zero; x (B, T, D) becomes (B, T, width of u)."""
    D, width = x.shape[-1], u.shape[-1]
    weights = {
        "weight_ih_l0": w.mT.reshape(4 * width, D),
        "weight_hh_l0": u.mT.reshape(4 * width, width),
        "bias_ih_l0": b.flatten(),
        "bias_hh_l0": x.new_zeros(4 * width),
    }
    return functional_call(nn.LSTM(D, width, batch_first=True, dtype=x.dtype), weights, (x,))[0]


def library(x: Tensor, masks: dict[str, Tensor], rates: dict[str, float], **w: Tensor) -> Tensor:
    """Three layers; a mask is 0 and 1, what it leaves is scaled up here."""
    weight, channel = 1 / (1 - rates["weight_drop"]), 1 / (1 - rates["dropout"])
    for end in ENDS:
        x = x * masks[f"w_ifgo{end}"] * channel
        x = layer(x, w[f"w_ifgo{end}"], w[f"u_ifgo{end}"] * masks[f"u_ifgo{end}"] * weight, w[f"b_ifgo{end}"])
    return x * masks["out"] * channel


def reveal(function, x: Tensor, w: dict[str, Tensor]) -> dict[str, Tensor]:
    """The masks, as 0 and 1: a weight is dropped where its gradient is zero, a channel where all its weights are.

    A sequence of which nothing comes out tells nothing: the seeds below leave something of each.
    """
    leaves = {name: weight.detach().clone().requires_grad_() for name, weight in w.items()}
    y = function(x, leaves)
    masks = {}
    slopes = torch.autograd.grad(y.square().sum(), list(leaves.values()), retain_graph=True, materialize_grads=True)
    for name, slope in zip(leaves, slopes, strict=True):
        if name.startswith("u"):
            masks[name] = (slope != 0).to(x.dtype)
    for end in ENDS:
        alone = [
            torch.autograd.grad(
                one.square().sum(), leaves[f"w_ifgo{end}"], retain_graph=True, materialize_grads=True
            )[0]
            for one in y
        ]
        masks[f"w_ifgo{end}"] = torch.stack([(slope != 0).any(dim=2).any(dim=0) for slope in alone])[:, None].to(
            x.dtype
        )
    masks["out"] = (y != 0).any(dim=1, keepdim=True).to(x.dtype)
    return masks


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    x, w = inputs["x"], {name: weight for name, weight in inputs.items() if name != "x"}
    seen = []
    for seed, weight_drop, dropout in ((0, 0.0, 0.0), (0, 0.5, 0.0), (1, 0.5, 0.0), (4, 0.3, 0.4), (3, 0.0, 0.2)):
        given = {"weight_drop": weight_drop, "dropout": dropout}
        function = lambda x, w, given=given, seed=seed: module.awd_lstm(x, w, seed=seed, **given)[0]  # noqa: E731
        masks = reveal(function, x, w)
        agree(
            lambda x, function=function, **w: function(x, w),
            lambda x, masks=masks, given=given, **w: library(x, masks, given, **w),
            inputs,
        )
        seen.append(masks)
        # T does not change what is dropped, and a part goes on where the one before stopped
        whole, last = module.awd_lstm(x, w, seed=seed, **given)
        first, state = module.awd_lstm(x[:, :1], w, seed=seed, **given)
        second, state = module.awd_lstm(x[:, 1:], w, state, seed=seed, **given)
        torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
        torch.testing.assert_close(state, last)
        assert all(mask.any() for mask in masks.values())
    none, half, other, both, channels = seen
    assert all(mask.all() for mask in none.values())
    for end in ENDS:
        assert 0.35 < half[f"u_ifgo{end}"].mean() < 0.65
        assert 0.55 < both[f"u_ifgo{end}"].mean() < 0.85
        assert half[f"w_ifgo{end}"].all()
        assert channels[f"u_ifgo{end}"].all()
        assert not torch.equal(half[f"u_ifgo{end}"], other[f"u_ifgo{end}"])
    for one, two in (("u_ifgo", "u_ifgo_2"), ("u_ifgo_2", "u_ifgo_3"), ("w_ifgo", "w_ifgo_2"), ("w_ifgo_3", "out")):
        assert not torch.equal(both[one], both[two])
    # not the same weights in every gate, not whole units, not the same channels in every sequence
    assert (half["u_ifgo"] != half["u_ifgo"][:1]).any()
    assert (half["u_ifgo"] != half["u_ifgo"][:, :, :1]).any()
    assert (half["u_ifgo"] != half["u_ifgo"][:, :1]).any()
    assert (both["out"] != both["out"][:1]).any()
    assert (both["w_ifgo"] != both["w_ifgo"][:1]).any()
    shares = torch.stack([both[name] for name in ("w_ifgo", "w_ifgo_2", "w_ifgo_3", "out")]).mean()
    assert 0.45 < shares < 0.75


def test_agrees_with_the_library_on_thinned_weights(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_with_nothing_dropped_it_is_the_shipped_lstm_three_times_over(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    y = x
    for end in ENDS:
        own = {f"{name}_ifgo": w[f"{name}_ifgo{end}"] for name in "wub"}
        y, _ = shipped("lstm").lstm(y, own)

    torch.testing.assert_close(shipped(FILE).awd_lstm(x, w, weight_drop=0.0)[0], y)


def test_the_seed_decides_what_is_dropped_not_the_precision(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    low = {name: weight.float() for name, weight in w.items()}
    one, other = shipped(FILE).awd_lstm(x, w, dropout=0.3)[0], shipped(FILE).awd_lstm(x.float(), low, dropout=0.3)[0]

    torch.testing.assert_close(one.float(), other, rtol=1e-5, atol=1e-5)


def test_the_first_step_has_no_past_to_drop(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    one, other = (shipped(FILE).awd_lstm(x, w, weight_drop=0.9, seed=seed)[0] for seed in (0, 1))

    assert torch.equal(one[:, 0], other[:, 0])
    assert (one[:, 1] != other[:, 1]).any()


def test_the_widths_of_the_paper_fit_and_give_its_number_of_parameters(shipped):
    widths = {"": (400, 1150), "_2": (1150, 1150), "_3": (1150, 400)}
    w = {}
    for end, (into, out) in widths.items():
        w |= {f"w_ifgo{end}": torch.zeros(4, into, out), f"u_ifgo{end}": torch.zeros(4, out, out)}
        w |= {f"b_ifgo{end}": torch.zeros(4, out)}

    assert shipped(FILE).awd_lstm(torch.ones(1, 1, 400), w)[0].shape == (1, 1, 400)
    second_bias = 4 * (1150 + 1150 + 400)
    assert sum(weight.numel() for weight in w.values()) + second_bias == 20_211_600
