"""Truth of the mesa layer, in both forms."""

import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "mesa_layer"
SIZES = {"B": 2, "T": 9, "H": 3, "K": 5, "V": 4}
KNOWN = '1 + einsum("bhk,bhk->bh", k[:, t], direction)'
WRONG = {
    "penalty lambda for 1 / lambda": ("(lam * identity)", "(identity / lam)"),
    "penalty without its half": ("(lam * identity)", "(2 * lam * identity)"),
    "no penalty": ("(lam * identity)", "(1e9 * identity)"),
    "recurrent: no 1 in the denominator": (KNOWN, KNOWN.removeprefix("1 + ")),
    "recurrent: difference in the denominator": (KNOWN, KNOWN.replace("1 +", "1 -")),
    "recurrent: penalty in the denominator": (KNOWN, KNOWN.replace("1 +", "0.5 +")),
    "recurrent: length of the key in the denominator": (KNOWN, '1 + einsum("bhk,bhk->bh", k[:, t], k[:, t])'),
    "recurrent: sign of the update": ("R = R - einsum", "R = R + einsum"),
    "recurrent: update not divided": (" / known[..., None, None]", ""),
    "recurrent: update along the key": ("direction, direction)", "k[:, t], k[:, t])"),
    "recurrent: key updated on one side only": ("direction, direction)", "direction, k[:, t])"),
    "recurrent: R along the query": ("R, k[:, t])", "R, q[:, t])"),
    "recurrent: values one step late": ("k[:, t], v[:, t])", "k[:, t], v[:, t - 1])"),
    "recurrent: the last pair only": ("S = S + einsum", "S = einsum"),
    "recurrent: read without R": ('einsum("bhkj,bhj->bhk", R, q[:, t])', "q[:, t]"),
    "recurrent: read with the key": ("R, q[:, t]", "R, k[:, t]"),
    "parallel: penalty at every token": ("scatter = ", "scatter = (k[0, :, :1, :1] ** 0).cumsum(0)[..., None] * "),
    "parallel: R for its inverse": ("torch.linalg.inv(state[1])[:, None]", "state[1][:, None]"),
    "parallel: state's inverse not taken": ("torch.linalg.inv(scatter[:, -1])", "scatter[:, -1]"),
    "parallel: state of values ignored": ("state[0][:, None] + ", ""),
    "parallel: later keys counted": ("k, k).cumsum(dim=1)", "k, k).flip(1).cumsum(dim=1).flip(1)"),
    "parallel: sums over the batch": ("k, v).cumsum(dim=1)", "k, v).cumsum(dim=0)"),
    "parallel: multiplied, not solved": ("torch.linalg.solve(scatter, S)", "(scatter @ S)"),
    "state ignored": ("if state is None", "if True"),
    "one form always": ('"parallel": _parallel', '"parallel": _recurrent'),
}


def stacked(q: Tensor, k: Tensor, v: Tensor, *, lam: float = 1.0) -> Tensor:
    """Least squares for every prefix: the keys with the root of the penalty below them, solved by pseudo-inverse."""
    B, T, H, K = k.shape
    penalty = (torch.eye(K, dtype=k.dtype) / lam**0.5).expand(B, H, K, K)
    nothing = v.new_zeros(B, H, K, v.shape[-1])
    outputs = []
    for t in range(T):
        rows = torch.cat([k[:, : t + 1].transpose(1, 2), penalty], dim=2)
        wanted = torch.cat([v[:, : t + 1].transpose(1, 2), nothing], dim=2)
        outputs.append((q[:, t, :, None] @ torch.linalg.pinv(rows) @ wanted)[..., 0, :])
    return torch.stack(outputs, dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    layer = module.mesa_layer
    inputs = draw(FILE, SIZES)
    for form in ("recurrent", "parallel"):
        for lam in (0.3, 1.0, 20.0):
            agree(
                lambda form=form, lam=lam, **given: layer(**given, form=form, lam=lam)[0],
                lambda lam=lam, **given: stacked(**given, lam=lam),
                inputs,
                rtol=1e-8,
            )

        one = {name: tensor[:, :1] for name, tensor in inputs.items()}
        share = (one["q"] * one["k"]).sum(dim=-1, keepdim=True) / (1 + one["k"].square().sum(dim=-1, keepdim=True))
        torch.testing.assert_close(layer(**one, form=form)[0], share * one["v"])

        parts, state = [], None
        for now in (slice(0, 3), slice(3, 4), slice(4, 9)):
            o, state = layer(**{name: tensor[:, now] for name, tensor in inputs.items()}, state=state, form=form)
            parts.append(o)
        whole, last = layer(**inputs, form="recurrent")
        torch.testing.assert_close(torch.cat(parts, dim=1), whole)
        torch.testing.assert_close(state, last)

    scatter = torch.einsum("bthk,bthj->bhkj", inputs["k"], inputs["k"]) + torch.eye(5, dtype=torch.float64) / 20
    S, R = layer(**inputs, lam=20.0)[1]
    torch.testing.assert_close(S, torch.einsum("bthk,bthv->bhkv", inputs["k"], inputs["v"]))
    torch.testing.assert_close(R @ scatter, torch.eye(5, dtype=torch.float64).expand_as(R))

    for form, solves in (("recurrent", 0), ("parallel", 1)):
        with mock.patch.object(torch.linalg, "solve", wraps=torch.linalg.solve) as solve:
            layer(**inputs, form=form)
        assert solve.call_count == solves


def test_agrees_with_least_squares_on_every_prefix(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_it_is_a_delta_rule_that_writes_along_the_gain(shipped, draw):
    """W_t = W_{t-1} + R_t k_t (v_t - W_{t-1}^T k_t)^T: recursive least squares."""
    q, k, v = draw(FILE, SIZES).values()
    o, _ = shipped(FILE).mesa_layer(q, k, v)

    W = v.new_zeros(2, 3, 5, 4)
    for t in range(9):
        _, (_, R) = shipped(FILE).mesa_layer(q[:, : t + 1], k[:, : t + 1], v[:, : t + 1])
        error = v[:, t] - torch.einsum("bhkv,bhk->bhv", W, k[:, t])
        W = W + torch.einsum("bhkj,bhj,bhv->bhkv", R, k[:, t], error)
        torch.testing.assert_close(o[:, t], torch.einsum("bhkv,bhk->bhv", W, q[:, t]))


def test_small_lambda_tends_to_the_fast_weight_programmer_tenfold_by_tenfold(shipped, draw):
    q, k, v = draw(FILE, {"T": 20}).values()
    programmed, _ = shipped("fast_weight_programmer").fast_weight_programmer(q, k, v)

    def apart(lam: float) -> float:
        o, _ = shipped(FILE).mesa_layer(q, k, v, lam=lam)
        return float((o / lam - programmed).norm() / programmed.norm())

    assert apart(1e-6) < 1e-3
    assert 8 < apart(1e-3) / apart(1e-4) < 12
    assert 8 < apart(1e-4) / apart(1e-5) < 12


def test_enough_pairs_of_a_linear_map_recover_the_map(shipped, draw):
    q, k, _ = draw(FILE, {"T": 30, "K": 6, "V": 6}).values()
    teacher = torch.randn(6, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    o, _ = shipped(FILE).mesa_layer(q, k, k @ teacher, lam=1e6, form="parallel")

    torch.testing.assert_close(o[:, 12:], (q @ teacher)[:, 12:], rtol=1e-3, atol=1e-3)


def test_float32_loses_digits_as_lambda_grows(shipped, draw):
    inputs = draw(FILE, {"T": 200})
    single = {name: tensor.float() for name, tensor in inputs.items()}

    def apart(lam: float, form: str) -> float:
        exact, _ = shipped(FILE).mesa_layer(**inputs, lam=lam)
        return float((shipped(FILE).mesa_layer(**single, lam=lam, form=form)[0].double() - exact).abs().max())

    assert apart(1.0, "recurrent") < 3e-5
    assert apart(1.0, "parallel") < 3e-5
    assert 0.01 < apart(1e4, "recurrent") < 1


@pytest.mark.parametrize("lam", [0.0, -0.5])
def test_a_penalty_that_is_none_is_refused(lam, shipped, draw):
    with pytest.raises(AssertionError):
        shipped(FILE).mesa_layer(**draw(FILE, SIZES), lam=lam)
