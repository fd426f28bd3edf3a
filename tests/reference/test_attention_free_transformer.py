"""Truth of the attention-free transformer: its quotient channel by channel, and RWKV-4 as one choice of its bias."""

import contextlib
import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "attention_free_transformer"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 4, "V": 4}
WRONG = {
    "view cut at the window": (
        "torch.where(age < window, bias, 0)",
        'torch.where(age < window, bias, float("-inf"))',
    ),
    "window one too long": ("age < window", "age <= window"),
    "window from the beginning": ("age < window", "t < window"),
    "bias transposed": ("torch.where(age < window, bias, 0)", "torch.where(age < window, bias.T, 0)"),
    "bias times key": ("k[:, None] + bias[", "k[:, None] * bias["),
    "query in the exponent": ("average(k, v,", "average(k * q, v,"),
    "no sigmoid": ("q.sigmoid() * average", "q * average"),
    "query left out": ("q.sigmoid() * average", "average"),
    "the whole sequence seen": ("masked_fill(age < 0,", "masked_fill(age < -9,"),
    "the present not seen": ("masked_fill(age < 0,", "masked_fill(age < 1,"),
    "denominator over channels": ("logits.softmax(dim=2)", "logits.softmax(dim=-1)"),
    "no denominator": ("logits.softmax(dim=2)", "logits.exp()"),
    "recurrent: sums not rescaled": ("a, b = fade * a", "a, b = a"),
    "recurrent: no running maximum": (
        "last, top = top, torch.maximum(top, k[:, t])",
        "last, top = top, torch.zeros_like(top)",
    ),
    "recurrent: e^w in the place of e^w - 1": ("bias[t, near].expm1()", "bias[t, near].exp()"),
    "recurrent: bias of the keys only": ("(more * v[:, near]).sum(dim=1)", "0"),
    "recurrent: window one too short": ("t + 1 - window", "t + 2 - window"),
}


def channel_by_channel(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, window: int) -> Tensor:
    """The quotient of the definition; the largest exponent is divided out of both sums."""
    outputs = []
    for t in range(q.shape[1]):
        exponents = torch.stack([k[:, i] + (bias[t, i] if t - i < window else 0) for i in range(t + 1)])
        shares = torch.exp(exponents - exponents.max(dim=0).values.detach())
        total = sum(share * v[:, i] for i, share in enumerate(shares))
        outputs.append(total / sum(shares) / (1 + torch.exp(-q[:, t])))
    return torch.stack(outputs, dim=1)


def count_calls(module: types.ModuleType, *names: str, run) -> dict[str, int]:
    """How often each function of the module is called: forms that agree are told apart by how they get there."""
    with contextlib.ExitStack() as stack:
        watched = {
            name: stack.enter_context(mock.patch.object(module, name, wraps=getattr(module, name))) for name in names
        }
        run()
    return {name: one.call_count for name, one in watched.items()}


def check(module: types.ModuleType, draw, agree) -> None:
    mix = module.attention_free_transformer
    inputs = draw(FILE, SIZES)
    for form in ("parallel", "recurrent"):
        for window in (0, 1, 3, 6, 7, 512):
            agree(
                lambda form=form, window=window, **given: mix(**given, form=form, window=window),
                lambda window=window, **given: channel_by_channel(**given, window=window),
                inputs,
            )
        taken = count_calls(module, "_parallel", "_recurrent", run=lambda form=form: mix(**inputs, form=form))
        assert taken == {"_parallel": form == "parallel", "_recurrent": form == "recurrent"}
        for scale, shift in ((800.0, 0.0), (1.0, 800.0), (1.0, -800.0)):
            far = {**inputs, "k": scale * inputs["k"] + shift}
            wanted = channel_by_channel(**far, window=3)
            torch.testing.assert_close(mix(**far, form=form, window=3), wanted)
            low = {name: tensor.float() for name, tensor in far.items()}
            torch.testing.assert_close(mix(**low, form=form, window=3).double(), wanted, rtol=1e-3, atol=1e-3)
        late = {**inputs, "k": inputs["k"] + 3000 * (torch.arange(7) == 6)[:, None, None]}
        torch.testing.assert_close(mix(**late, form=form), channel_by_channel(**late, window=512))
        one = {name: tensor[:, :1] for name, tensor in inputs.items() if name != "bias"}
        alone = mix(**one, bias=inputs["bias"][:1, :1], form=form)
        torch.testing.assert_close(alone, one["q"].sigmoid() * one["v"])
        torch.testing.assert_close(mix(**{**inputs, "bias": 0 * inputs["bias"]}), mix(**inputs, form=form, window=0))


def test_agrees_channel_by_channel(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_what_stands_beyond_the_window_is_still_read(shipped, draw):
    inputs = draw(FILE, SIZES)
    changed = {**inputs, "v": torch.cat([inputs["v"][:, :1] + 1, inputs["v"][:, 1:]], dim=1)}

    one, other = (shipped(FILE).attention_free_transformer(**given, window=2) for given in (inputs, changed))

    assert ((one - other)[:, -1].abs() > 1e-6).all()


def test_with_a_fading_bias_and_a_bonus_for_the_present_it_is_the_wkv_of_rwkv_4(shipped, draw):
    inputs = draw(FILE, {**SIZES, "H": 1})
    q, k, v = (inputs[name] for name in "qkv")
    decay, first = torch.full((4,), -0.5, dtype=q.dtype), torch.full((4,), 0.7, dtype=q.dtype)
    t = torch.arange(7)
    age = (t[:, None] - 1 - t).to(q.dtype)
    bias = torch.where(age < 0, first[0], -age * decay[0].exp())

    wkv = shipped("rwkv_4").wkv_parallel(k[:, :, 0], v[:, :, 0], decay, first)

    o = shipped(FILE).attention_free_transformer(q, k, v, bias)
    torch.testing.assert_close(o[:, :, 0], q[:, :, 0].sigmoid() * wkv)
