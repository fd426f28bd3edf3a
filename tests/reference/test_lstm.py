"""Truth of the LSTM: the library's cell, the cell of 1997, and the memory that is carried with weight one."""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

FILE = "lstm"
SIZES = {"B": 3, "T": 6, "D": 5}
OPEN = 1000.0
WRONG = {
    "forget and input gate swapped": ("i, f, g, o =", "f, i, g, o ="),
    "gates in another library's order": ("i, f, g, o =", "i, f, o, g ="),
    "memory forgotten by the input gate": ("f.sigmoid() * c", "(1 - i.sigmoid()) * c"),
    "forget gate always": ("f.sigmoid() * c if forget_gate else c", "f.sigmoid() * c"),
    "memory not carried": ("c = kept + i", "c = i"),
    "candidate not squashed": ("reach * (slope * g).tanh()", "reach * slope * g"),
    "candidate squashed by a sigmoid": ("reach * (slope * g).tanh()", "reach * g.sigmoid()"),
    "memory shown without squashing": ("o.sigmoid() * (slope * c).tanh()", "o.sigmoid() * c"),
    "memory overwritten by what is shown": ("h = o.sigmoid() * (slope * c).tanh()", "h = c = o.sigmoid() * c.tanh()"),
    "output gate on the memory": ("c = kept + i.sigmoid()", "c = o.sigmoid() * kept + i.sigmoid()"),
    "no bias": (' + w["b_ifgo"][:, None]', ""),
    "maps transposed": ('h @ w["u_ifgo"]', 'h @ w["u_ifgo"].mT'),
    "1997: squashing without the factor two": ("(0.5, 2.0)", "(0.5, 1.0)"),
    "1997: tanh of the whole": ("(0.5, 2.0)", "(1.0, 2.0)"),
    "state ignored": ("if state is None else state", "if True else state"),
    "state handed on as c, h": ("dim=1), (h, c)", "dim=1), (c, h)"),
}


def library(x: Tensor, h: Tensor, c: Tensor, **w: Tensor) -> Tensor:
    """torch.nn.LSTM on our weights: outputs, and behind them the last h and c."""
    D = x.shape[-1]
    weights = {
        "weight_ih_l0": w["w_ifgo"].mT.reshape(4 * D, D),
        "weight_hh_l0": w["u_ifgo"].mT.reshape(4 * D, D),
        "bias_ih_l0": w["b_ifgo"].flatten(),
        "bias_hh_l0": x.new_zeros(4 * D),
    }
    y, (h, c) = functional_call(nn.LSTM(D, D, batch_first=True, dtype=x.dtype), weights, (x, (h[None], c[None])))
    return torch.cat([y, h.transpose(0, 1), c.transpose(0, 1)], dim=1)


def library_with_open_gates(w_ifgo: Tensor, u_ifgo: Tensor, b_ifgo: Tensor, **inputs: Tensor) -> Tensor:
    """The same with forget gates that nothing can close: sigmoid(1000) is 1."""
    silent = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=w_ifgo.dtype)
    bias = silent[:, None] * b_ifgo + (1 - silent)[:, None] * OPEN
    return library(
        w_ifgo=silent[:, None, None] * w_ifgo, u_ifgo=silent[:, None, None] * u_ifgo, b_ifgo=bias, **inputs
    )


def cell_of_1997(x: Tensor, h: Tensor, c: Tensor, **w: Tensor) -> Tensor:
    """Section 4 and the appendix written out, one net input at a time."""

    def net(place: int, t: int) -> Tensor:
        # h is read when this is called
        return w["b_ifgo"][place] + sum(
            x[:, t, i, None] * w["w_ifgo"][place, i] + h[:, i, None] * w["u_ifgo"][place, i]
            for i in range(x.shape[-1])
        )

    outputs = []
    for t in range(x.shape[1]):
        c = c + torch.sigmoid(net(0, t)) * (4 / (1 + torch.exp(-net(2, t))) - 2)
        h = torch.sigmoid(net(3, t)) * (2 / (1 + torch.exp(-c)) - 1)
        outputs.append(h)
    return torch.stack([*outputs, h, c], dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    def ours(x, h, c, forget_gate=True, squash="tanh", **w):
        y, (h, c) = module.lstm(x, w, (h, c), forget_gate=forget_gate, squash=squash)
        return torch.cat([y, h[:, None], c[:, None]], dim=1)

    for seed, scale in ((0, 1), (1, 20)):
        inputs = draw(FILE, SIZES, seed)
        inputs["x"] = scale * inputs["x"]
        inputs["h"], inputs["c"] = torch.randn(
            2, 3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
        )
        agree(ours, library, inputs)
        agree(lambda **given: ours(forget_gate=False, **given), library_with_open_gates, inputs)
        agree(lambda **given: ours(forget_gate=False, squash="logistic", **given), cell_of_1997, inputs)

    w = {name: inputs[name] for name in ("w_ifgo", "u_ifgo", "b_ifgo")}
    whole, last = module.lstm(inputs["x"], w)
    zero = torch.zeros(3, 5, dtype=torch.float64)
    torch.testing.assert_close(whole, library(inputs["x"], zero, zero, **w)[:, :-2])
    first, state = module.lstm(inputs["x"][:, :1], w)
    torch.testing.assert_close(first, whole[:, :1])
    second, state = module.lstm(inputs["x"][:, 1:], w, state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(state, last)


def test_agrees_with_the_library_and_with_the_cell_of_1997(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize(("forget_gate", "carried"), [(False, 1.0), (True, 0.5**6)])
def test_the_error_of_a_late_memory_comes_back_whole_without_a_forget_gate_and_halved_by_a_gate_at_one_half(
    shipped, draw, forget_gate, carried
):
    inputs = draw(FILE, SIZES)
    c = torch.zeros(3, 5, dtype=torch.float64, requires_grad=True)
    w = {"w_ifgo": 0 * inputs["w_ifgo"], "u_ifgo": 0 * inputs["u_ifgo"], "b_ifgo": 0 * inputs["b_ifgo"]}

    last = shipped(FILE).lstm(inputs["x"], w, (torch.zeros_like(c), c), forget_gate=forget_gate)[1][1]

    torch.testing.assert_close(torch.autograd.grad(last.sum(), c)[0], torch.full_like(c, carried))


def test_has_eight_squares_and_four_widths_of_parameters(draw):
    weights = draw(FILE, {"D": 24})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 8 * 24**2 + 4 * 24
