"""Truth of the delta rule."""

import types

import pytest
import torch
from torch import Tensor

FILE = "delta_rule"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
READ = 'einsum("bhkv,bhk->bhv", S, k[:, t])'
WRITE = 'S + beta[:, t, :, None, None] * einsum("bhk,bhv->bhkv", k[:, t], error)'
WRONG = {
    "nothing is read": ("if read else", "if False else"),
    "always read": ("if read else", "if True else"),
    "read with the query": (READ, 'einsum("bhkv,bhk->bhv", S, q[:, t])'),
    "error with the wrong sign": ("v[:, t] - old", "v[:, t] + old"),
    "error and its opposite": ("v[:, t] - old", "old - v[:, t]"),
    "beta on the value only": ("v[:, t] - old", "v[:, t] - old / beta[:, t, :, None]"),
    "beta squared": ("beta[:, t, :, None, None]", "beta[:, t, :, None, None] ** 2"),
    "no beta": ("beta[:, t, :, None, None] * ", ""),
    "one beta for all tokens": ("beta[:, t, :", "beta[:, 0, :"),
    "memory faded by beta": (WRITE, WRITE.replace("S +", "(1 - beta[:, t, :, None, None]) * S +")),
    "normalised step": (WRITE, WRITE.replace("error)", "error) / k[:, t].square().sum(-1)[..., None, None]")),
    "query answered before the write": ("S, q[:, t]))", "S - 0 if t == 0 else before, q[:, t]))\n        before = S"),
    "the last write only": ("S = S + beta", "S = beta"),
    "state ignored": ("if state is None else state", "if True else state"),
}


def unrolled(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, start: Tensor | None = None, *, read: bool = True
) -> Tensor:
    """Every write on its own, carried by the product of what all later tokens leave of it."""
    identity = torch.eye(k.shape[-1], dtype=k.dtype)
    outputs = []
    for t in range(k.shape[1]):
        memory, carried = 0, identity
        for i in range(t, -1, -1):
            key, strength = k[:, i], beta[:, i, :, None, None]
            memory = memory + carried @ (strength * key[..., :, None] * v[:, i, :, None, :])
            if read:
                carried = carried @ (identity - strength * key[..., :, None] * key[..., None, :])
        if start is not None:
            memory = memory + carried @ start
        outputs.append((q[:, t, :, None, :] @ memory)[..., 0, :])
    return torch.stack(outputs, dim=1)


def descended(q: Tensor, k: Tensor, v: Tensor, beta: Tensor) -> Tensor:
    """Gradient descent with rate beta on half the squared error, the gradient taken by autograd."""
    S = torch.zeros(*k.shape[:1], *k.shape[2:], v.shape[-1], dtype=v.dtype, requires_grad=True)
    outputs = []
    for t in range(k.shape[1]):
        loss = 0.5 * (torch.einsum("bhkv,bhk->bhv", S, k[:, t]) - v[:, t]).square().sum()
        (slope,) = torch.autograd.grad(loss, S, create_graph=True)
        S = S - beta[:, t, :, None, None] * slope
        outputs.append(torch.einsum("bhkv,bhk->bhv", S, q[:, t]))
    return torch.stack(outputs, dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    rule = module.delta_rule
    inputs = draw(FILE, SIZES)
    start = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for read in (True, False):
        agree(
            lambda read=read, **given: rule(**given, read=read)[0],
            lambda read=read, **given: unrolled(**given, read=read),
            inputs,
        )
    agree(
        lambda start, **given: rule(**given, state=start)[0],
        lambda start, **given: unrolled(**given, start=start),
        {**inputs, "start": start},
    )
    agree(lambda **given: rule(**given)[0], descended, inputs)
    torch.testing.assert_close(rule(**inputs)[1], rule(**inputs, read=True)[1])

    one = {name: tensor[:, :1] for name, tensor in inputs.items()}
    likeness = (one["q"] * one["k"]).sum(dim=-1, keepdim=True)
    torch.testing.assert_close(rule(**one)[0], one["beta"][..., None] * likeness * one["v"])

    parts, state = [], None
    for now in (slice(0, 3), slice(3, 4), slice(4, 7)):
        o, state = rule(**{name: tensor[:, now] for name, tensor in inputs.items()}, state=state)
        parts.append(o)
    whole, last = rule(**inputs)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    torch.testing.assert_close(state, last)


def test_agrees_with_the_unrolled_product_and_with_gradient_descent(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_a_second_write_under_a_unit_key_replaces_the_first(shipped, draw):
    _, k, v, beta = draw(FILE, {"T": 2}).values()
    k = (k / k.norm(dim=-1, keepdim=True))[:, :1].expand_as(k)

    replaced, _ = shipped(FILE).delta_rule(k, k, v, torch.ones_like(beta))
    added, _ = shipped(FILE).delta_rule(k, k, v, torch.ones_like(beta), read=False)

    torch.testing.assert_close(replaced, v)
    torch.testing.assert_close(added[:, 1], v[:, 0] + v[:, 1])


def test_without_the_read_it_is_the_fast_weight_programmer_with_scaled_values(shipped, draw):
    q, k, v, beta = draw(FILE, SIZES).values()

    o, S = shipped(FILE).delta_rule(q, k, v, beta, read=False)
    programmed, fast = shipped("fast_weight_programmer").fast_weight_programmer(q, k, beta[..., None] * v)

    torch.testing.assert_close(o, programmed)
    torch.testing.assert_close(S, fast)


def test_orthonormal_keys_at_full_strength_are_the_fast_weight_programmer(shipped, draw):
    q, k, v, beta = draw(FILE, {"T": 6, "K": 6}).values()
    k = torch.linalg.qr(k.transpose(1, 2))[0].transpose(1, 2)

    o, _ = shipped(FILE).delta_rule(q, k, v, torch.ones_like(beta))
    programmed, _ = shipped("fast_weight_programmer").fast_weight_programmer(q, k, v)

    torch.testing.assert_close(o, programmed)


def test_raw_keys_make_the_memory_explode_and_unit_keys_do_not(shipped, draw):
    q, k, v, beta = draw(FILE, {"T": 256}).values()

    _, wild = shipped(FILE).delta_rule(q, k, v, beta)
    _, tame = shipped(FILE).delta_rule(q, k / k.norm(dim=-1, keepdim=True), v, beta)

    assert wild.norm() > 1e20
    assert tame.norm() < 100
