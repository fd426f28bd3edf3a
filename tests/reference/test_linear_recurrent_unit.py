"""Truth of the linear recurrent unit: real sums over the past, a dense real system, scipy's filter, three forms."""

import contextlib
import types
from unittest import mock

import pytest
import torch
from scipy import signal
from torch import Tensor

FILE = "linear_recurrent_unit"
SIZES = {"B": 2, "T": 8, "D": 3}
WRONG = {
    "growth for decay": ('(-w["nu_log"].exp()).exp()', 'w["nu_log"].exp().exp()'),
    "decay not exponentiated twice": ('(-w["nu_log"].exp()).exp()', '(-w["nu_log"].exp()) + 1'),
    "sigmoid for the decay": ('(-w["nu_log"].exp()).exp()', 'w["nu_log"].sigmoid()'),
    "turn not exponentiated": ('w["theta_log"].exp())', 'w["theta_log"])'),
    "turned the other way round": ('w["theta_log"].exp())', '-w["theta_log"].exp())'),
    "gamma not exponentiated": ('w["gamma_log"].exp() if', 'w["gamma_log"] if'),
    "gamma left out": ("written = gamma * torch", "written = torch"),
    "gamma without a root": ("(1 - fade.square()).sqrt()", "(1 - fade.square())"),
    "gamma as in an average": ("(1 - fade.square()).sqrt()", "(1 - fade)"),
    "gamma always exact": ('if normaliser == "learned" else', "if False else"),
    "real part before C": (' - states.imag @ w["c_im"]', ""),
    "conjugate of C": ("- states.imag", "+ states.imag"),
    "twice the real part": ("states.real @", "2 * states.real @"),
    "input real only": ('torch.complex(x @ w["b_re"], x @ w["b_im"])', 'torch.complex(x @ w["b_re"], 0 * x)'),
    "no skip": (' + w["skip"] * x', ""),
    "recurrent: fades the write": ("h = a * h + b[:, t]", "h = a * (h + b[:, t])"),
    "scan: one round only": ("math.ceil(math.log2(b.shape[1]))", "1"),
    "scan: rounds rounded down": ("math.ceil(", "math.floor("),
    "scan: composed the other way round": (
        "a[:, reach:] * b[:, :-reach] + b[:, reach:]",
        "b[:, :-reach] + a[:, :-reach] * b[:, reach:]",
    ),
    "scan: state not faded": ("return a * h[:, None] + b", "return h[:, None] + b"),
    "convolution: circular": ("2 * T, dim", "T, dim"),
    "convolution: kernel one late": ("powers[:-1]", "powers[1:]"),
    "convolution: state faded once too little": ("powers[1:] * h", "powers[:-1] * h"),
    "state ignored": ("if state is None else state", "if True else state"),
}


def sum_over_the_past(x: Tensor, h: Tensor, exact: bool = False, **w: Tensor) -> Tensor:
    """Outputs, then the last state as real and imaginary part: nothing but real sines, cosines and powers."""
    decay, angle = torch.exp(-torch.exp(w["nu_log"])), torch.exp(w["theta_log"])
    gamma = (1 - decay * decay) ** 0.5 if exact else torch.exp(w["gamma_log"])
    rows = []
    for t in range(x.shape[1]):
        size, turn = decay ** (t + 1), (t + 1) * angle
        real = size * (turn.cos() * h[..., 0] - turn.sin() * h[..., 1])
        imaginary = size * (turn.sin() * h[..., 0] + turn.cos() * h[..., 1])
        for s in range(t + 1):
            size, turn = gamma * decay ** (t - s), (t - s) * angle
            one, other = (torch.einsum("bd,de->be", x[:, s], w[name]) for name in ("b_re", "b_im"))
            real = real + size * (turn.cos() * one - turn.sin() * other)
            imaginary = imaginary + size * (turn.sin() * one + turn.cos() * other)
        rows.append(real @ w["c_re"] - imaginary @ w["c_im"] + w["skip"] * x[:, t])
    return torch.cat([torch.stack(rows, dim=1).flatten(), torch.stack([real, imaginary], dim=-1).flatten()])


def check(module: types.ModuleType, draw, agree) -> None:
    run = module.linear_recurrent_unit
    for form in ("recurrent", "scan", "convolution"):
        for exact in (False, True):
            for T in (1, 2, 5, 8):

                def ours(x, h, form=form, exact=exact, **w):
                    given = {"form": form, "normaliser": "exact" if exact else "learned"}
                    y, h = run(x, w, torch.view_as_complex(h), **given)
                    return torch.cat([y.flatten(), torch.view_as_real(h).flatten()])

                inputs = draw(FILE, {**SIZES, "T": T})
                inputs["h"] = torch.randn(2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
                agree(ours, lambda exact=exact, **given: sum_over_the_past(exact=exact, **given), inputs)
        x, w = inputs["x"], {name: weight for name, weight in inputs.items() if name not in ("x", "h")}
        whole, last = run(x, w, form=form)
        wanted = sum_over_the_past(x, torch.zeros(2, 3, 2, dtype=x.dtype), **w)
        torch.testing.assert_close(torch.cat([whole.flatten(), torch.view_as_real(last).flatten()]), wanted)
        first, state = run(x[:, :3], w, form=form)
        second, state = run(x[:, 3:], w, state, form=form)
        torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
        torch.testing.assert_close(state, last)
        names = {"recurrent": "_recur", "scan": "_scan", "convolution": "_convolve"}
        with contextlib.ExitStack() as stack:
            watched = {
                name: stack.enter_context(mock.patch.object(module, name, wraps=getattr(module, name)))
                for name in names.values()
            }
            run(x, w, form=form)
        assert [name for name, one in watched.items() if one.call_count] == [names[form]]


def test_agrees_with_the_real_sum_over_the_past(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("form", ["recurrent", "scan", "convolution"])
def test_agrees_with_scipys_recursive_filter(form, shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 50})
    x, w = inputs.pop("x"), inputs
    value = torch.exp(torch.complex(-w["nu_log"].exp(), w["theta_log"].exp()))
    written = (x.to(value.dtype) @ torch.complex(w["b_re"], w["b_im"])) * w["gamma_log"].exp()
    read = torch.stack(
        [
            torch.from_numpy(signal.lfilter([1.0], [1.0, -value[d].item()], written[..., d].numpy(), axis=1))
            for d in range(3)
        ],
        dim=-1,
    )
    wanted = (read @ torch.complex(w["c_re"], w["c_im"])).real + w["skip"] * x

    torch.testing.assert_close(shipped(FILE).linear_recurrent_unit(x, w, form=form)[0], wanted)


def test_it_is_a_simple_recurrent_network_of_twice_the_width_without_tanh(shipped, draw):
    """A dense real matrix, block diagonal of rotations that shrink: what the ablation of the paper starts from."""
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    decay, angle = torch.exp(-w["nu_log"].exp()), w["theta_log"].exp()
    cosine, sine = torch.diag(decay * angle.cos()), torch.diag(decay * angle.sin())
    recurrent = torch.cat([torch.cat([cosine, sine], dim=1), torch.cat([-sine, cosine], dim=1)])
    into = torch.cat([w["b_re"], w["b_im"]], dim=1) * w["gamma_log"].exp().repeat(2)
    h, outputs = torch.zeros(2, 6, dtype=x.dtype), []
    for t in range(8):
        h = h @ recurrent + x[:, t] @ into
        outputs.append(h @ torch.cat([w["c_re"], -w["c_im"]]) + w["skip"] * x[:, t])

    torch.testing.assert_close(shipped(FILE).linear_recurrent_unit(x, w)[0], torch.stack(outputs, dim=1))


def test_the_exact_normaliser_leaves_noise_of_variance_one_as_it_is(shipped, draw):
    inputs = draw(FILE, {"B": 1, "T": 1, "D": 2})
    x = torch.randn(500, 400, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    one, nothing = torch.eye(2, dtype=x.dtype), torch.zeros(2, 2, dtype=x.dtype)
    w = {**inputs, "nu_log": torch.tensor([-4.0, -1.0], dtype=x.dtype), "b_re": one, "b_im": nothing}

    _, h = shipped(FILE).linear_recurrent_unit(x, w, normaliser="exact", form="scan")

    assert ((h.abs().square().mean(dim=0) - 1).abs() < 0.15).all()


def test_has_four_squares_and_four_widths_of_parameters(draw):
    weights = draw(FILE, {"D": 24})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 4 * 24**2 + 4 * 24


@pytest.mark.parametrize(("T", "rounds"), [(1, 0), (2, 1), (5, 3), (8, 3), (9, 4)])
def test_the_scan_takes_as_many_rounds_as_t_has_doublings(T, rounds, shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": T})
    x, w = inputs.pop("x"), inputs

    with mock.patch.object(torch, "cat", wraps=torch.cat) as joined:
        shipped(FILE).linear_recurrent_unit(x, w, form="scan")

    assert joined.call_count == 2 * rounds
