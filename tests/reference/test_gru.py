"""Truth of the GRU: two libraries, which reset the past on different sides of its map, and both written out."""

import types

import pytest
import torch
from onnx import TensorProto, helper
from onnxruntime import InferenceSession
from torch import Tensor, nn
from torch.func import functional_call

FILE = "gru"
SIZES = {"B": 3, "T": 6, "D": 5}
WRONG = {
    "update and reset gate swapped": ("u_z, u_r, u_n =", "u_r, u_z, u_n ="),
    "gates of the input swapped": ("x_z, x_r, x_n =", "x_r, x_z, x_n ="),
    "z writes in the place of keeping": ("h = z * h + (1 - z) * n", "h = (1 - z) * h + z * n"),
    "state and candidate added": ("(1 - z) * n", "n"),
    "always reset after": ('if reset == "before" else', "if False else"),
    "always reset before": ('if reset == "before" else', "if True else"),
    "reset on the candidate's input": ("(x_n + past).tanh()", "(r * x_n + past).tanh()"),
    "never reset": ("(r * h) @ u_n", "h @ u_n"),
    "after: bias outside the reset": ('r * (h @ u_n + w["b_u"])', 'r * (h @ u_n) + w["b_u"]'),
    "before: no second bias": ('(r * h) @ u_n + w["b_u"] if', "(r * h) @ u_n if"),
    "no bias": (' + w["b_zrn"][:, None]', ""),
    "candidate not squashed": ("(x_n + past).tanh()", "x_n + past"),
    "maps transposed": ("h @ u_z", "h @ u_z.mT"),
    "state ignored": ("if state is None else state", "if True else state"),
}


def torch_library(x: Tensor, h: Tensor, w_zrn: Tensor, u_zrn: Tensor, b_zrn: Tensor, b_u: Tensor) -> Tensor:
    """torch.nn.GRU, whose gates stand in the order r, z, n."""
    D, order = x.shape[-1], [1, 0, 2]
    weights = {
        "weight_ih_l0": w_zrn[order].mT.reshape(3 * D, D),
        "weight_hh_l0": u_zrn[order].mT.reshape(3 * D, D),
        "bias_ih_l0": b_zrn[order].flatten(),
        "bias_hh_l0": torch.cat([x.new_zeros(2 * D), b_u]),
    }
    return functional_call(nn.GRU(D, D, batch_first=True, dtype=x.dtype), weights, (x, h[None]))[0]


def runtime_library(
    x: Tensor, h: Tensor, w_zrn: Tensor, u_zrn: Tensor, b_zrn: Tensor, b_u: Tensor, *, after: bool
) -> Tensor:
    """The GRU of onnxruntime, whose gates stand in the order z, r, h and whose layout is time first."""
    D = x.shape[-1]
    given = {
        "X": x.transpose(0, 1),
        "W": w_zrn.mT.reshape(1, 3 * D, D),
        "R": u_zrn.mT.reshape(1, 3 * D, D),
        "B": torch.cat([b_zrn.flatten(), b_u.new_zeros(2 * D), b_u])[None],
        "lengths": torch.full((len(x),), x.shape[1], dtype=torch.int32),
        "h": h[None],
    }
    node = helper.make_node("GRU", [*given], ["Y"], hidden_size=D, linear_before_reset=int(after))
    kinds = {name: TensorProto.INT32 if name == "lengths" else TensorProto.FLOAT for name in given}
    inputs = [helper.make_tensor_value_info(name, kinds[name], value.shape) for name, value in given.items()]
    output = helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)
    model = helper.make_model(
        helper.make_graph([node], "gru", inputs, [output]), opset_imports=[helper.make_opsetid("", 14)], ir_version=8
    )
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    numbers = {
        name: value.detach().to(torch.int32 if name == "lengths" else torch.float32) for name, value in given.items()
    }
    y = session.run(None, {name: value.contiguous().numpy() for name, value in numbers.items()})[0]
    return torch.from_numpy(y)[:, 0].transpose(0, 1)


def unit_of_2014(x: Tensor, h: Tensor, w_zrn: Tensor, u_zrn: Tensor, b_zrn: Tensor, b_u: Tensor) -> Tensor:
    """Equations 5 to 8, unit by unit: every sum over the units written out."""
    D, outputs = x.shape[-1], []
    for t in range(x.shape[1]):

        def net(place: int, past: Tensor, t: int = t) -> Tensor:
            return b_zrn[place] + sum(
                x[:, t, i, None] * w_zrn[place, i] + past[:, i, None] * u_zrn[place, i] for i in range(D)
            )

        reset = 1 / (1 + torch.exp(-net(1, h)))
        candidate = torch.tanh(net(2, reset * h) + b_u)
        h = torch.lerp(candidate, h, 1 / (1 + torch.exp(-net(0, h))))
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    def ours(x, h, reset="before", **w):
        return module.gru(x, w, h, reset=reset)[0]

    for seed, scale in ((0, 1), (1, 20)):
        inputs = draw(FILE, SIZES, seed)
        inputs["x"] = scale * inputs["x"]
        inputs["h"] = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        agree(ours, unit_of_2014, inputs)
        agree(lambda **given: ours(reset="after", **given), torch_library, inputs)

    w = {name: weight for name, weight in inputs.items() if name not in ("x", "h")}
    for reset in ("before", "after"):
        whole, last = module.gru(inputs["x"], w, reset=reset)
        zero = torch.zeros(3, 5, dtype=torch.float64)
        known = runtime_library(inputs["x"], zero, after=reset == "after", **w)
        torch.testing.assert_close(whole.float(), known, rtol=1e-4, atol=1e-5)
        first, state = module.gru(inputs["x"][:, :1], w, reset=reset)
        torch.testing.assert_close(first, whole[:, :1])
        second, state = module.gru(inputs["x"][:, 1:], w, state, reset=reset)
        torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
        torch.testing.assert_close(state, last)
        torch.testing.assert_close(state, whole[:, -1])


def test_agrees_with_both_libraries_and_the_unit_of_2014(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_with_nothing_kept_and_nothing_reset_it_is_the_simple_recurrent_network(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    w["b_zrn"] = torch.stack([w["b_zrn"][0] - 1000, w["b_zrn"][1] + 1000, w["b_zrn"][2]])
    simple = functional_call(
        nn.RNN(5, 5, batch_first=True, dtype=x.dtype),
        {
            "weight_ih_l0": w["w_zrn"][2].T,
            "weight_hh_l0": w["u_zrn"][2].T,
            "bias_ih_l0": w["b_zrn"][2],
            "bias_hh_l0": w["b_u"],
        },
        (x,),
    )[0]

    torch.testing.assert_close(shipped(FILE).gru(x, w)[0], simple)


def test_an_update_gate_at_one_keeps_the_state(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w, h = inputs.pop("x"), inputs, torch.ones(3, 5, dtype=torch.float64)
    w["b_zrn"] = w["b_zrn"] + torch.tensor([1000.0, 0, 0])[:, None]

    assert torch.equal(shipped(FILE).gru(x, w, h)[0], h[:, None].expand(3, 6, 5))


def test_has_six_squares_and_four_widths_of_parameters(draw):
    weights = draw(FILE, {"D": 24})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 6 * 24**2 + 4 * 24
