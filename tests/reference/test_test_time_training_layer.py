"""Truth of the test-time training layer (TTT-Linear), in both forms."""

import types
from unittest import mock

import pytest
import torch
from torch import Tensor
from torch.nn.functional import layer_norm

FILE = "test_time_training_layer"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 5}
STATE = "start, W, place = (zero, zero, 0) if state is None else "
WRONG = {
    "the half forgotten": ("return v - z", "return 2 * (v - z)"),
    "error with the wrong sign": ("return v - z", "return z - v"),
    "recurrent: gradient at the newest weights": ('"bhkv,bhk->bhv", start, k', '"bhkv,bhk->bhv", W, k'),
    "recurrent: gradient for the query": ("start, k[:, t])", "start, q[:, t])"),
    "recurrent: own gradient left out": (
        '"bhkv,bhk->bhv", W, q[:, t])',
        '"bhkv,bhk->bhv", W - einsum("bhk,bhv->bhkv", k[:, t], u), q[:, t])',
    ),
    "recurrent: answer of the weights before": ('"bhkv,bhk->bhv", W, q', '"bhkv,bhk->bhv", start, q'),
    "recurrent: no strength": ("beta[:, t, :, None] * _error", "_error"),
    "chunkwise: gradient at the newest weights": ('"bhkv,bthk->bthv", start, k', '"bhkv,bthk->bthv", W, k'),
    "chunkwise: own gradient left out": (".tril()", ".tril(-1)"),
    "chunkwise: later gradients read": ('einsum("bthk,bshk->bhts", q, k).tril()', 'einsum("bthk,bshk->bhts", q, k)'),
    "chunkwise: weights not read": ('z = einsum("bhkv,bthk->bthv", W, q) + ', "z = "),
    "chunkwise: read at the start": (
        'z = einsum("bhkv,bthk->bthv", W, q)',
        'z = einsum("bhkv,bthk->bthv", start, q)',
    ),
    "chunkwise: weights not carried": ("norm), W + einsum", "norm), einsum"),
    "chunkwise: mean of the gradients": ("W + einsum(", "W + 1 / k.shape[1] * einsum("),
    "LN not differentiated": (
        "return (missing - normed * (missing * normed).mean(dim=-1, keepdim=True)) / deviation",
        "return v - (k + normed)",
    ),
    "LN's gradient without its mean": (
        "missing = missing - missing.mean(dim=-1, keepdim=True)\n",
        "missing = missing\n",
    ),
    "LN's gradient without its projection": (
        "(missing - normed * (missing * normed).mean(dim=-1, keepdim=True))",
        "missing",
    ),
    "LN's gradient not divided": (" / deviation\n\n\ndef _answer", "\n\n\ndef _answer"),
    "no residual in the loss": ("v - (k + normed)", "v - normed"),
    "residual of the wrong sign": ("v - (k + normed)", "v - (normed - k)"),
    "no residual in the answer": ("q + _norm(z)[0]", "_norm(z)[0]"),
    "answer without norm": ("q + _norm(z)[0]", "q + z"),
    "norm of the sum": ("q + _norm(z)[0]", "_norm(q + z)[0]"),
    "unbiased variance": ("centred.square().mean(dim=-1, keepdim=True)", "z.var(dim=-1, keepdim=True)"),
    "eps outside the root": ("+ 1e-6).sqrt()", ").sqrt() + 1e-6"),
    "norm without centring": ("z - z.mean(dim=-1, keepdim=True)", "z"),
    "always with norm": ("if not norm", "if False"),
    "gradients always at the first weights": ("start, place = W, 0", "place = 0"),
    "place does not start again": ("start, place = W, 0", "start, place = W, min(1, batch - 1)"),
    "weights of the last batch forgotten": ("start, place = W, 0", "start, W, place = W, 0 * W, 0"),
    "place in the batch not carried": (f"{STATE}state", f"{STATE}(*state[:2], 0)"),
    "start of the batch not carried": (f"{STATE}state", f"{STATE}(state[1], *state[1:])"),
    "state ignored": ("if state is None else state", "if True else state"),
    "one form always": ('"recurrent": _recurrent', '"recurrent": _chunkwise'),
}


def trained(
    start: Tensor, W: Tensor, *, q: Tensor, k: Tensor, v: Tensor, beta: Tensor, batch: int, norm: bool, place: int = 0
) -> tuple[Tensor, Tensor]:
    """Gradient descent with rate beta / 2 on the printed loss, differentiated by autograd one token at a time."""

    def model(x: Tensor, weights: Tensor) -> Tensor:
        z = (x[..., None, :] @ weights)[..., 0, :]
        return x + layer_norm(z, z.shape[-1:], eps=1e-6) if norm else z

    outputs = []
    for t in range(k.shape[1]):
        if t and (t + place) % batch == 0:
            start = W
        # a copy of the weights stands for them, so that the slope is taken there and nowhere else
        at = start if start.requires_grad else start.detach().requires_grad_()
        loss = (model(k[:, t], at) - v[:, t]).square().sum()
        (slope,) = torch.autograd.grad(loss, at, create_graph=True)
        W = W - beta[:, t, :, None, None] / 2 * slope
        outputs.append(model(q[:, t], W))
    return torch.stack(outputs, dim=1), W


def check(module: types.ModuleType, draw, agree) -> None:
    layer = module.test_time_training_layer
    inputs = draw(FILE, SIZES)
    generator = torch.Generator().manual_seed(1)
    weights = {name: torch.randn(2, 3, 5, 5, generator=generator, dtype=torch.float64) / 2 for name in ("start", "W")}
    for form in ("recurrent", "chunkwise"):
        for batch, place, norm in (
            (1, 0, False),
            (3, 2, False),
            (20, 4, False),
            (1, 0, True),
            (3, 2, True),
            (4, 0, True),
        ):
            settings = {"batch": batch, "norm": norm}
            agree(
                lambda start, W, form=form, place=place, settings=settings, **given: layer(
                    **given, state=(start, W, place), form=form, **settings
                )[0],
                lambda start, W, place=place, settings=settings, **given: trained(
                    start, W, **given, place=place, **settings
                )[0],
                {**inputs, **({"start": weights["W"], "W": weights["W"]} if batch == 1 else weights)},
            )

        narrow = draw(FILE, {**SIZES, "V": 4})
        zero = torch.zeros(2, 3, 5, 4, dtype=torch.float64)
        torch.testing.assert_close(
            layer(**narrow, form=form)[0], trained(zero, zero, **narrow, batch=4, norm=False)[0]
        )
        # LN hides a constant in the weights from the outputs, not from the state
        learned = layer(**inputs, state=(weights["W"], weights["W"], 0), form=form, batch=3, norm=True)[1][1]
        torch.testing.assert_close(learned, trained(weights["W"], weights["W"], **inputs, batch=3, norm=True)[1])

        one = {name: tensor[:, :1] for name, tensor in inputs.items()}
        likeness = (one["q"] * one["k"]).sum(dim=-1, keepdim=True)
        torch.testing.assert_close(layer(**one, form=form)[0], one["beta"][..., None] * likeness * one["v"])

        for batch in (1, 3, 4, 20):
            parts, state = [], None
            for now in (slice(0, 2), slice(2, 3), slice(3, 7)):
                part = {name: tensor[:, now] for name, tensor in inputs.items()}
                o, state = layer(**part, state=state, form=form, batch=batch)
                parts.append(o)
            whole, last = layer(**inputs, form="recurrent", batch=batch)
            torch.testing.assert_close(torch.cat(parts, dim=1), whole)
            torch.testing.assert_close(state, last)
            assert last[2] == 7 % batch

    for form, passes in (("recurrent", 0), ("chunkwise", 3)):
        with mock.patch.object(module, "_chunkwise", wraps=module._chunkwise) as chunkwise:
            layer(**inputs, form=form, batch=3)
        assert chunkwise.call_count == passes


def test_agrees_with_gradient_descent_by_autograd(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("form", ["recurrent", "chunkwise"])
def test_mini_batches_of_one_token_are_the_delta_rule(form, shipped, draw):
    inputs = draw(FILE, SIZES)

    o, (start, W, place) = shipped(FILE).test_time_training_layer(**inputs, form=form, batch=1)
    rule, S = shipped("delta_rule").delta_rule(**inputs)

    torch.testing.assert_close(o, rule)
    torch.testing.assert_close(W, S)
    assert torch.equal(start, W)
    assert place == 0


@pytest.mark.parametrize("form", ["recurrent", "chunkwise"])
def test_one_mini_batch_for_all_is_the_fast_weight_programmer(form, shipped, draw):
    q, k, v, beta = draw(FILE, SIZES).values()

    o, (_, W, _) = shipped(FILE).test_time_training_layer(q, k, v, torch.ones_like(beta), form=form, batch=7)
    programmed, S = shipped("fast_weight_programmer").fast_weight_programmer(q, k, v)

    torch.testing.assert_close(o, programmed)
    torch.testing.assert_close(W, S)


def test_training_on_a_linear_map_learns_it(shipped, draw):
    q, k, _, beta = draw(FILE, {"T": 400}).values()
    teacher = torch.randn(8, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    k = k / k.norm(dim=-1, keepdim=True)

    o, _ = shipped(FILE).test_time_training_layer(q, k, k @ teacher, torch.full_like(beta, 0.5))

    torch.testing.assert_close(o[:, -1], (q @ teacher)[:, -1], rtol=1e-3, atol=1e-3)
