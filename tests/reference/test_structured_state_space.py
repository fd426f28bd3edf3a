"""Truth of S4: scipy's discretisation and simulation, dense sums over the past, and the polynomials behind HiPPO."""

import contextlib
import types
from unittest import mock

import numpy as np
import pytest
import torch
from scipy import linalg, signal
from scipy.special import eval_legendre
from torch import Tensor

FILE = "structured_state_space"
SIZES = {"B": 2, "T": 7, "D": 3, "K": 4}
RULES = [("legs", "bilinear"), ("legs", "zoh"), ("diagonal", "bilinear"), ("diagonal", "zoh")]
WRONG = {
    "LegS transposed": ("torch.outer(B, B).tril(-1)", "torch.outer(B, B).triu(1)"),
    "LegS without its diagonal": ("tril(-1) - torch.diag(n + 1)", "tril(-1) - torch.eye(len(n), dtype=n.dtype)"),
    "LegS with its whole outer product": (".tril(-1) - torch.diag(n + 1)", ".tril()"),
    "LegS without roots": ("B = (2 * n + 1).sqrt()", "B = 2 * n + 1"),
    "LegS growing": (
        "-torch.outer(B, B).tril(-1) - torch.diag(n + 1)",
        "torch.outer(B, B).tril(-1) + torch.diag(n + 1)",
    ),
    "diagonal from zero": ("torch.diag(-(n + 1))", "torch.diag(-n - 1e-9)"),
    "bilinear: Euler forwards": (
        "left, right = one - size / 2 * A, one + size / 2 * A",
        "left, right = one, one + size * A",
    ),
    "bilinear: Euler backwards": (
        "left, right = one - size / 2 * A, one + size / 2 * A",
        "left, right = one - size * A, one.expand(len(step), -1, -1)",
    ),
    "bilinear: step forgotten in B": ("(left, size * B[:, None])", "(left, B[:, None].expand(len(step), -1, 1))"),
    "bilinear: B not solved for": ("torch.linalg.solve(left, size * B[:, None])", "(size * B[:, None])"),
    "zoh: Euler for B": ("torch.linalg.solve(A, (held - one) @ B[:, None])", "(size * B[:, None])"),
    "zoh: sign of A": ("(size * A).matrix_exp()", "(-size * A).matrix_exp()"),
    "rules swapped": ('if rule == "zoh":', 'if rule != "zoh":'),
    "step not exponentiated": ('w["log_step"].exp()', 'w["log_step"].sigmoid()'),
    "kernel one late": ("response, kernel = B_bar, []", "response, kernel = (A_bar @ B_bar[..., None])[..., 0], []"),
    "kernel with the transposed matrix": ("(A_bar @ response[..., None])", "(A_bar.mT @ response[..., None])"),
    "circular convolution": ("2 * T", "T"),
    "correlation in the place of convolution": (
        "torch.fft.rfft(kernel, 2 * T)",
        "torch.fft.rfft(kernel, 2 * T).conj()",
    ),
    "no skip": (', T), x) + w["skip"] * x, None', ", T), x), None"),
    "recurrent: no skip": (' + w["skip"] * x[:, t]', ""),
    "recurrent: read before the write": (
        'outputs.append((w["c"] * h)',
        'outputs.append((w["c"] * (h - B_bar * x[:, t, :, None]))',
    ),
    "structured: kernel not truncated": (" - torch.einsum(", " - 0 * torch.einsum("),
    "structured: no rank-one term": (" - cRP * s / (1 + s * PRP) * PRB", ""),
    "structured: rank one without its own inverse": ("s / (1 + s * PRP)", "s"),
    "structured: eigenvectors not turned round": ("V.mH @ B.to", "V @ B.to"),
    "structured: roots the other way round": ("torch.exp(-2j", "torch.exp(2j"),
    "structured: a power less": ("matrix_power(T)", "matrix_power(T - 1)"),
    "state ignored": ("if state is None else state", "if True else state"),
}


def hippo(K: int, matrix: str) -> tuple[Tensor, Tensor]:
    """A and B entry by entry."""
    if matrix == "diagonal":
        return torch.diag(-torch.arange(1.0, K + 1, dtype=torch.float64)), torch.ones(K, dtype=torch.float64)
    A = torch.zeros(K, K, dtype=torch.float64)
    for n in range(K):
        A[n, n] = -(n + 1)
        for m in range(n):
            A[n, m] = -(((2 * n + 1) * (2 * m + 1)) ** 0.5)
    return A, torch.tensor([(2 * n + 1) ** 0.5 for n in range(K)], dtype=torch.float64)


def dense(x: Tensor, c: Tensor, log_step: Tensor, skip: Tensor, matrix: str, rule: str) -> Tensor:
    """y_t = sum over s <= t of C A-bar^{t-s} B-bar x_s, a channel at a time, by inverses and powers."""
    A, B = hippo(c.shape[1], matrix)
    one, channels = torch.eye(len(B), dtype=x.dtype), []
    for d in range(x.shape[-1]):
        step = torch.exp(log_step[d])
        if rule == "zoh":
            held = torch.matrix_exp(step * A)
            start = torch.linalg.inv(A) @ (held - one) @ B
        else:
            inverse = torch.linalg.inv(one - step * A / 2)
            held, start = inverse @ (one + step * A / 2), inverse @ B * step
        rows = [
            sum(c[d] @ torch.linalg.matrix_power(held, t - s) @ start * x[:, s, d] for s in range(t + 1))
            + skip[d] * x[:, t, d]
            for t in range(x.shape[1])
        ]
        channels.append(torch.stack(rows, dim=1))
    return torch.stack(channels, dim=-1)


def simulate(x: Tensor, c: Tensor, log_step: Tensor, skip: Tensor, matrix: str, rule: str) -> Tensor:
    """The same by scipy: cont2discrete and dlsim, a sequence and a channel at a time."""
    A, B = (part.numpy() for part in hippo(c.shape[1], matrix))
    y = torch.empty_like(x)
    for d in range(x.shape[-1]):
        system = (A, B[:, None], c[d : d + 1].numpy(), skip[d : d + 1, None].numpy())
        *discrete, step = signal.cont2discrete(system, float(log_step[d].exp()), method=rule)
        if rule == "bilinear":
            # scipy reads C and D after its change of variables; ours reads the state itself
            discrete = [
                discrete[0],
                linalg.solve(np.eye(len(B)) - step / 2 * A, step * B)[:, None],
                system[2],
                system[3],
            ]
        for b in range(len(x)):
            # dlsim reads the state before the input enters: C A-bar h + (C B-bar + D) x reads it behind
            held, start, read, through = discrete
            after = (held, start, read @ held, read @ start + through, step)
            y[b, :, d] = torch.from_numpy(signal.dlsim(after, x[b, :, d].numpy())[1][:, 0].copy())
    return y


def check(module: types.ModuleType, draw, agree) -> None:
    run = module.structured_state_space
    for T in (1, 6, 7):
        inputs = draw(FILE, {**SIZES, "T": T})
        for matrix, rule in RULES:
            for form in ("convolution", "recurrent", "structured"):
                if form == "structured" and rule == "zoh":
                    continue
                given = {"form": form, "matrix": matrix, "discretisation": rule}
                agree(
                    lambda x, given=given, **w: run(x, w, **given)[0],
                    lambda matrix=matrix, rule=rule, **tensors: dense(**tensors, matrix=matrix, rule=rule),
                    inputs,
                    rtol=1e-8,
                )
                torch.testing.assert_close(
                    run(inputs["x"], without_x(inputs), **given)[0], simulate(**inputs, matrix=matrix, rule=rule)
                )
    for matrix, rule in RULES:
        check_state(module, draw(FILE, SIZES), matrix, rule)
    x, w = inputs["x"], without_x(inputs)
    for form, kernels in (("convolution", (1, 0)), ("structured", (0, 1)), ("recurrent", (0, 0))):
        with contextlib.ExitStack() as stack:
            watched = [
                stack.enter_context(mock.patch.object(module, name, wraps=getattr(module, name)))
                for name in ("_kernel", "_structured_kernel")
            ]
            assert (run(x, w, form=form)[1] is None) == (form != "recurrent")
        assert tuple(one.call_count for one in watched) == kernels


def check_state(module: types.ModuleType, inputs: dict[str, Tensor], matrix: str, rule: str) -> None:
    x, w = inputs["x"], without_x(inputs)
    given = {"form": "recurrent", "matrix": matrix, "discretisation": rule}
    whole, last = module.structured_state_space(x, w, **given)
    first, state = module.structured_state_space(x[:, :2], w, **given)
    second, state = module.structured_state_space(x[:, 2:], w, state, **given)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(state, last)
    torch.testing.assert_close((state * w["c"]).sum(dim=-1) + w["skip"] * x[:, -1], whole[:, -1])


def without_x(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight for name, weight in inputs.items() if name != "x"}


def test_agrees_with_dense_sums_and_with_scipy(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_a_held_input_is_weighed_by_exponentially_warped_legendre_polynomials(shipped):
    """e^{tA} B is e^{-t} sqrt(2n + 1) P_n(2 e^{-t} - 1): the kernel without the matrix, by quadrature over a step."""
    K, T, step = 6, 9, 0.2
    nodes, weights = np.polynomial.legendre.leggauss(30)
    kernel = np.zeros((K, T))
    for j in range(T):
        t = step * (j + (nodes + 1) / 2)
        basis = [np.exp(-t) * np.sqrt(2 * n + 1) * eval_legendre(n, 2 * np.exp(-t) - 1) for n in range(K)]
        kernel[:, j] = np.stack(basis) @ weights * step / 2
    impulse = torch.zeros(1, T, K, dtype=torch.float64)
    impulse[:, 0] = 1
    # every channel reads one number of the state
    w = {"c": torch.eye(K, dtype=torch.float64), "log_step": torch.full((K,), np.log(step), dtype=torch.float64)}
    w["skip"] = torch.zeros(K, dtype=torch.float64)

    y, _ = shipped(FILE).structured_state_space(impulse, w, discretisation="zoh")

    torch.testing.assert_close(y[0].T, torch.from_numpy(kernel))


def test_both_rules_agree_to_the_second_order_of_the_step(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs["x"], without_x(inputs)
    apart = []
    for step in (0.002, 0.001):
        small = {**w, "log_step": torch.full_like(w["log_step"], np.log(step))}
        one, other = (
            shipped(FILE).structured_state_space(x, small, matrix="diagonal", discretisation=rule)[0]
            for rule in ("bilinear", "zoh")
        )
        apart.append(float((one - other).abs().max() / step))

    assert 3.9 < apart[0] / apart[1] < 4.1


def test_a_long_kernel_is_the_same_by_the_structured_algorithm(shipped, draw):
    inputs = draw(FILE, {"T": 200, "D": 2, "K": 32})
    x, w = inputs["x"], without_x(inputs)

    one, other = (shipped(FILE).structured_state_space(x, w, form=form)[0] for form in ("convolution", "structured"))

    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


def test_has_a_width_of_states_and_two_widths_of_parameters(draw):
    weights = draw(FILE, {"D": 24, "K": 5})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 24 * 5 + 2 * 24
