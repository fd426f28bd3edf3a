"""Truth of the minGRU: every state as a weighted sum of all candidates, the loop and the scan."""

import contextlib
import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "min_gru"
SIZES = {"B": 2, "T": 8, "D": 3}
WRONG = {
    "z keeps in the place of writing": ("(1 - z, z * new, h)", "(z, (1 - z) * new, h)"),
    "candidate not gated": ("(1 - z, z * new, h)", "(1 - z, new, h)"),
    "tanh on the candidate": ('new = x @ w["w_candidate"]', 'new = (x @ w["w_candidate"]).tanh()'),
    "positive: no half": ("new + 0.5, new.sigmoid()", "new, new.sigmoid()"),
    "positive always": ('if candidate == "positive":', "if True:"),
    "scan: one round only": ("math.ceil(math.log2(a.shape[1]))", "1"),
    "scan: reach grows too fast": ("reach = 2**rounds", "reach = 3**rounds"),
    "scan: rounds rounded down": ("math.ceil(", "math.floor("),
    "scan: composed the other way round": (
        "a[:, reach:] * b[:, :-reach] + b[:, reach:]",
        "b[:, :-reach] + a[:, :-reach] * b[:, reach:]",
    ),
    "scan: factors not multiplied": ("a[:, reach:] * a[:, :-reach]", "a[:, reach:]"),
    "scan: state not faded": ("a * h[:, None] + b", "h[:, None] + b"),
    "scan: state left out": ("a * h[:, None] + b", "b"),
    "state ignored": ("if state is None else state", "if True else state"),
    "first state returned": ("y, y[:, -1]", "y, y[:, 0]"),
}


def sum_over_the_past(
    x: Tensor, h: Tensor, w_update: Tensor, w_candidate: Tensor, candidate: str = "linear"
) -> Tensor:
    """h_t = sum over i <= t of z_i n_i (1 - z_{i+1}) ... (1 - z_t), the first state being a candidate with z = 1."""
    z = torch.cat([torch.ones_like(h)[:, None], 1 / (1 + torch.exp(-(x @ w_update)))], dim=1)
    n = torch.einsum("btd,de->bte", x, w_candidate)
    if candidate == "positive":
        n = torch.maximum(n + 0.5, torch.sigmoid(n.clamp(max=0)))
    n = torch.cat([h[:, None], n], dim=1)
    states = [
        sum(z[:, i] * n[:, i] * (1 - z[:, i + 1 : t + 1]).prod(dim=1) for i in range(t + 1))
        for t in range(n.shape[1])
    ]
    return torch.stack(states[1:], dim=1)


def count_calls(module: types.ModuleType, *names: str, run) -> dict[str, int]:
    """How often each function of the module is called: forms that agree are told apart by how they get there."""
    with contextlib.ExitStack() as stack:
        watched = {
            name: stack.enter_context(mock.patch.object(module, name, wraps=getattr(module, name))) for name in names
        }
        run()
    return {name: one.call_count for name, one in watched.items()}


def check(module: types.ModuleType, draw, agree) -> None:
    for form in ("recurrent", "scan"):
        for candidate in ("linear", "positive"):
            for T in (1, 2, 5, 8):
                inputs = draw(FILE, {**SIZES, "T": T})
                inputs["h"] = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
                agree(
                    lambda x, h, form=form, candidate=candidate, **w: module.min_gru(
                        x, w, h, form=form, candidate=candidate
                    )[0],
                    lambda candidate=candidate, **given: sum_over_the_past(candidate=candidate, **given),
                    inputs,
                )
        x, w = inputs["x"], {name: inputs[name] for name in ("w_update", "w_candidate")}
        whole, last = module.min_gru(x, w, form=form)
        torch.testing.assert_close(whole, sum_over_the_past(x, torch.zeros(2, 3, dtype=torch.float64), **w))
        taken = count_calls(module, "scan", "_recur", run=lambda x=x, w=w, form=form: module.min_gru(x, w, form=form))
        assert taken == {"scan": form == "scan", "_recur": form == "recurrent"}
        first, state = module.min_gru(x[:, :3], w, form=form)
        second, state = module.min_gru(x[:, 3:], w, state, form=form)
        torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
        torch.testing.assert_close(state, last)
        # gates at 0 and 1 : nothing is written, or nothing is kept
        for sign, wanted in ((-1, state[:, None].expand_as(x)), (1, x)):
            driven = {
                "w_update": torch.zeros(3, 3, dtype=torch.float64),
                "w_candidate": torch.eye(3, dtype=torch.float64),
            }
            driven["w_update"][0] = sign * 1000
            steady = torch.cat([torch.ones_like(x[..., :1]), x[..., 1:]], dim=-1)
            wanted = steady if sign == 1 else wanted
            torch.testing.assert_close(module.min_gru(steady, driven, state, form=form)[0], wanted)


def test_agrees_with_the_sum_over_the_past(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_the_state_stays_within_its_candidates(shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 64})
    x, w = inputs.pop("x"), inputs
    candidates = x @ w["w_candidate"]

    y = shipped(FILE).min_gru(x, w)[0]

    assert y.max() <= candidates.max().clamp(min=0)
    assert y.min() >= candidates.min().clamp(max=0)


def test_has_two_squares_of_parameters(draw):
    weights = draw(FILE, {"D": 24})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 2 * 24**2


@pytest.mark.parametrize(("T", "rounds"), [(1, 0), (2, 1), (5, 3), (8, 3), (9, 4)])
def test_the_scan_takes_as_many_rounds_as_t_has_doublings(T, rounds, shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": T})
    x, w = inputs.pop("x"), inputs

    with mock.patch.object(torch, "cat", wraps=torch.cat) as joined:
        shipped(FILE).min_gru(x, w, form="scan")

    assert joined.call_count == 2 * rounds
