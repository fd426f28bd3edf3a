"""Truth of the selective state space: sums over the past, the loop and the scan, and the library's Mamba."""

import contextlib
import types
from unittest import mock

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional
from transformers import MambaConfig
from transformers.models.mamba.modeling_mamba import MambaMixer

FILE = "selective_state_space"
SIZES = {"B": 2, "T": 8, "D": 3, "K": 4, "R": 2}
WRONG = {
    "B not scaled by the step": ("a, b = (step * A).exp(), held * write", "a, b = (step * A).exp(), write"),
    "zero-order hold for Euler": ('held = step if discretisation == "euler" else', "held ="),
    "Euler for zero-order hold": ('held = step if discretisation == "euler" else', "held = step if True else"),
    "growth for decay": ('A = -w["a_log"].exp()', 'A = w["a_log"].exp()'),
    "A not exponentiated": ('A = -w["a_log"].exp()', 'A = -w["a_log"]'),
    "no softplus": ("step = softplus(", "step = ("),
    "sigmoid for softplus": ("step = softplus(", "step = torch.sigmoid("),
    "bias behind the softplus": (
        'softplus(x @ w["w_step_down"] @ w["w_step_up"] + w["b_step"])',
        '(softplus(x @ w["w_step_down"] @ w["w_step_up"]) + w["b_step"])',
    ),
    "a step that ignores the token": ('x @ w["w_step_down"] @ w["w_step_up"] + w["b_step"]', '0 * x + w["b_step"]'),
    "B and C swapped": ('x @ w["w_b"], x @ w["w_c"]', 'x @ w["w_c"], x @ w["w_b"]'),
    "decay not discretised": ("(step * A).exp()", "A.exp().expand_as(step * A)"),
    "the input not written": (" * x[..., None]\n", "\n"),
    "no skip": (' + w["skip"] * x', ""),
    "skip of what is written": ('w["skip"] * x', 'w["skip"] * step[..., 0] * x'),
    "read one step late": (
        'einsum("btdk,btk->btd", states, read)',
        'einsum("btdk,btk->btd", states, read.roll(1, 1))',
    ),
    "recurrent: read before the write": ("        states.append(h)\n", "        states.append(h - b[:, t])\n"),
    "recurrent: decay after the write": ("h = a[:, t] * h + b[:, t]", "h = a[:, t] * (h + b[:, t])"),
    "scan: one round only": ("math.ceil(math.log2(a.shape[1]))", "1"),
    "scan: rounds rounded down": ("math.ceil(", "math.floor("),
    "scan: reach grows too fast": ("reach = 2**rounds", "reach = 3**rounds"),
    "scan: composed the other way round": (
        "a[:, reach:] * b[:, :-reach] + b[:, reach:]",
        "b[:, :-reach] + a[:, :-reach] * b[:, reach:]",
    ),
    "scan: factors not multiplied": ("a[:, reach:] * a[:, :-reach]", "a[:, reach:]"),
    "scan: state not faded": ("a * h[:, None] + b", "h[:, None] + b"),
    "state ignored": ("if state is None else state", "if True else state"),
    "first state returned": ("states[:, -1]", "states[:, 0]"),
}


def sum_over_the_past(x: Tensor, h: Tensor, euler: bool = True, **w: Tensor) -> Tensor:
    """y_t = C_t . sum over s <= t of exp(A (Delta_{s+1} + ... + Delta_t)) Delta_s B_s x_s, then D x_t."""
    step = torch.log1p(torch.exp(torch.einsum("btd,dr,re->bte", x, w["w_step_down"], w["w_step_up"]) + w["b_step"]))
    A = -torch.exp(w["a_log"])
    outputs = []
    for t in range(x.shape[1]):
        state = torch.exp(step[:, : t + 1].sum(dim=1)[..., None] * A) * h
        for s in range(t + 1):
            faded = torch.exp(step[:, s + 1 : t + 1].sum(dim=1)[..., None] * A)
            gain = step[:, s, :, None] if euler else (torch.exp(step[:, s, :, None] * A) - 1) / A
            state = state + faded * gain * (x[:, s] @ w["w_b"])[:, None] * x[:, s, :, None]
        outputs.append((state * (x[:, t] @ w["w_c"])[:, None]).sum(dim=-1) + w["skip"] * x[:, t])
    return torch.cat([torch.stack(outputs, dim=1).flatten(), state.flatten()])


def check(module: types.ModuleType, draw, agree) -> None:
    for form in ("recurrent", "scan"):
        for euler in (True, False):
            rule = "euler" if euler else "zoh"
            for T in (1, 2, 5, 8):

                def ours(x, h, form=form, rule=rule, **w):
                    y, h = module.selective_state_space(x, w, h, form=form, discretisation=rule)
                    return torch.cat([y.flatten(), h.flatten()])

                inputs = draw(FILE, {**SIZES, "T": T})
                inputs["h"] = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
                agree(ours, lambda euler=euler, **given: sum_over_the_past(euler=euler, **given), inputs)
        x, w = inputs["x"], {name: weight for name, weight in inputs.items() if name not in ("x", "h")}
        whole, last = module.selective_state_space(x, w, form=form)
        zero = torch.zeros(2, 3, 4, dtype=x.dtype)
        torch.testing.assert_close(torch.cat([whole.flatten(), last.flatten()]), sum_over_the_past(x, zero, **w))
        first, state = module.selective_state_space(x[:, :3], w, form=form)
        second, state = module.selective_state_space(x[:, 3:], w, state, form=form)
        torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
        torch.testing.assert_close(state, last)
        # steps in the hundreds wipe the state and overflow nothing, in single precision
        low = {name: weight.float() for name, weight in w.items()}
        far = module.selective_state_space(300 * x.float(), low, form=form, discretisation="zoh")[0]
        assert far.isfinite().all()
        with contextlib.ExitStack() as stack:
            watched = [
                stack.enter_context(mock.patch.object(module, name, wraps=getattr(module, name)))
                for name in ("_recur", "_scan")
            ]
            module.selective_state_space(x, w, form=form)
        assert [one.call_count for one in watched] == [form == "recurrent", form == "scan"]


def test_agrees_with_the_sum_over_the_past(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("form", ["recurrent", "scan"])
def test_inside_mambas_block_it_gives_the_librarys_numbers_to_the_float32_of_its_scan(form, shipped, draw, agree):
    inputs = draw(FILE, {**SIZES, "D": 6})
    generator = torch.Generator().manual_seed(2)
    around = {
        "in_proj.weight": torch.randn(12, 5, generator=generator, dtype=torch.float64),
        "conv1d.weight": torch.randn(6, 1, 4, generator=generator, dtype=torch.float64),
        "conv1d.bias": torch.randn(6, generator=generator, dtype=torch.float64),
        "out_proj.weight": torch.randn(5, 6, generator=generator, dtype=torch.float64),
    }
    config = MambaConfig(hidden_size=5, intermediate_size=6, state_size=4, time_step_rank=2, num_hidden_layers=1)
    config.intermediate_size = 6
    mixer = MambaMixer(config, layer_idx=0).double()
    tokens = torch.randn(2, 8, 5, generator=generator, dtype=torch.float64)

    def library(tokens: Tensor, w: dict[str, Tensor]) -> Tensor:
        weights = {
            **around,
            "x_proj.weight": torch.cat([w["w_step_down"], w["w_b"], w["w_c"]], dim=1).T,
            "dt_proj.weight": w["w_step_up"].T,
            "dt_proj.bias": w["b_step"],
            "A_log": w["a_log"],
            "D": w["skip"],
        }
        return functional_call(mixer, weights, (tokens,))

    def ours(tokens: Tensor, w: dict[str, Tensor]) -> Tensor:
        x, gate = (tokens @ around["in_proj.weight"].T).chunk(2, dim=-1)
        padded = functional.pad(x.mT, (3, 0))
        x = functional.silu(functional.conv1d(padded, around["conv1d.weight"], around["conv1d.bias"], groups=6).mT)
        y, _ = shipped(FILE).selective_state_space(x, w, form=form)
        return (y * functional.silu(gate)) @ around["out_proj.weight"].T

    del inputs["x"]
    agree(
        lambda tokens, **w: ours(tokens, w),
        lambda tokens, **w: library(tokens, w),
        {"tokens": tokens, **inputs},
        rtol=1e-4,
        atol=1e-4,
    )


def test_no_convolution_gives_it(shipped, draw):
    """A convolution of twice the input is twice the convolution."""
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    run = shipped(FILE).selective_state_space

    assert (run(2 * x, w)[0] - 2 * run(x, w)[0]).abs().max() > 0.1


def test_with_a_step_and_maps_that_ignore_the_token_it_is_the_shipped_diagonal_state_space(shipped, draw):
    inputs = draw(FILE, SIZES)
    x = torch.cat([torch.ones_like(inputs["x"][..., :1]), inputs["x"][..., 1:]], dim=-1)
    # the first channel is one for ever: maps that read it alone are the same for all tokens
    only = torch.tensor([1.0, 0, 0], dtype=x.dtype)[:, None]
    c = torch.tensor([0.3, -0.8, 0.5, 1.1], dtype=x.dtype)
    w = {
        **inputs,
        "w_step_down": 0 * inputs["w_step_down"],
        "w_b": only.expand(3, 4),
        "w_c": only * c,
        "a_log": torch.arange(1.0, 5, dtype=x.dtype).log().expand(3, 4),
    }
    fixed = {"c": c.expand(3, 4), "log_step": functional.softplus(w["b_step"]).log(), "skip": w["skip"]}

    y, _ = shipped(FILE).selective_state_space(x, w, discretisation="zoh")
    wanted, _ = shipped("structured_state_space").structured_state_space(
        x, fixed, matrix="diagonal", discretisation="zoh"
    )

    torch.testing.assert_close(y, wanted)


def test_with_one_state_that_falls_by_itself_it_is_the_shipped_min_gru(shipped, draw):
    """Theorem 1: K = 1, A = -1, B = C = 1, exact discretisation; the gate is the sigmoid under the softplus."""
    inputs = draw(FILE, {**SIZES, "K": 1, "D": 3})
    x = torch.cat([torch.ones_like(inputs["x"][..., :1]), inputs["x"][..., 1:]], dim=-1)
    only = torch.tensor([[1.0], [0], [0]], dtype=x.dtype)
    w = {**inputs, "w_b": only, "w_c": only, "a_log": torch.zeros(3, 1, dtype=x.dtype), "skip": 0 * inputs["skip"]}
    # the bias of the step enters by the channel that is one
    gate = w["w_step_down"] @ w["w_step_up"] + only * w["b_step"]

    y, _ = shipped(FILE).selective_state_space(x, w, discretisation="zoh")
    wanted, _ = shipped("min_gru").min_gru(x, {"w_update": gate, "w_candidate": torch.eye(3, dtype=x.dtype)})

    torch.testing.assert_close(y, wanted)


def test_has_the_number_of_parameters_that_its_header_says(draw):
    weights = draw(FILE, {"D": 24, "K": 5, "R": 3})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 2 * 24 * 3 + 3 * 24 * 5 + 2 * 24


@pytest.mark.parametrize(("T", "rounds"), [(1, 0), (2, 1), (5, 3), (8, 3), (9, 4)])
def test_the_scan_takes_as_many_rounds_as_t_has_doublings(T, rounds, shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": T})
    x, w = inputs.pop("x"), inputs

    with mock.patch.object(torch, "cat", wraps=torch.cat) as joined:
        shipped(FILE).selective_state_space(x, w, form="scan")

    assert joined.call_count == 2 * rounds
