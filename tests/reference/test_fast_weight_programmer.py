"""Truth of the fast weight programmer."""

import types

import pytest
import torch
from torch import Tensor

FILE = "fast_weight_programmer"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
READ = 'einsum("bhkv,bhk->bhv", S, q[:, t])'
WRONG = {
    "read before write": (READ, READ.replace("S,", 'S - einsum("bhk,bhv->bhkv", k[:, t], v[:, t]),')),
    "squashing the increment only": ("sigma(S + einsum", "S + sigma(einsum"),
    "the last write only": ("sigma(S + einsum", "sigma(0 * S + einsum"),
    "the memory read with keys": ("S, q[:, t]", "S, k[:, t]"),
    "state ignored": ("if state is None else state", "if True else state"),
    "elu without + 1": ("torch.where(x > 0, x + 1, x.clamp(max=0).exp())", "torch.nn.functional.elu(x)"),
}


def pairwise(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """o_t = sum over i <= t of (q_t . k_i) v_i, one pair of tokens at a time: no memory at all."""
    rows = [
        torch.stack([(q[:, t] * k[:, i]).sum(dim=-1, keepdim=True) * v[:, i] for i in range(t + 1)]).sum(dim=0)
        for t in range(q.shape[1])
    ]
    return torch.stack(rows, dim=1)


def squashed(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The squashed memory, head by head, with the matrix written out as columns of values (V, K)."""
    o = []
    for b in range(q.shape[0]):
        for h in range(q.shape[2]):
            W = torch.zeros(v.shape[3], k.shape[3], dtype=v.dtype)
            for t in range(q.shape[1]):
                W = torch.tanh(W + torch.outer(v[b, t, h], k[b, t, h]))
                o.append(W @ q[b, t, h])
    return torch.stack(o).view(q.shape[0], q.shape[2], q.shape[1], v.shape[3]).transpose(1, 2)


def check(module: types.ModuleType, draw, agree) -> None:
    program = module.fast_weight_programmer
    inputs = draw(FILE, SIZES)
    agree(lambda **qkv: program(**qkv)[0], pairwise, inputs)
    agree(lambda **qkv: program(**qkv, squash="tanh")[0], squashed, inputs)
    agree(
        lambda **qkv: program(**qkv, features="elu")[0],
        lambda q, k, v: pairwise(torch.nn.functional.elu(q) + 1, torch.nn.functional.elu(k) + 1, v),
        inputs,
    )
    q, k, v = inputs.values()
    alone = program(q[:, :1], k[:, :1], v[:, :1])[0]
    torch.testing.assert_close(alone, (q * k).sum(dim=-1, keepdim=True)[:, :1] * v[:, :1])
    for squash in ("identity", "tanh"):
        whole, last = program(q, k, v, squash=squash)
        first, state = program(q[:, :3], k[:, :3], v[:, :3], squash=squash)
        second, state = program(q[:, 3:], k[:, 3:], v[:, 3:], state, squash=squash)
        torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
        torch.testing.assert_close(state, last)


def test_agrees_with_the_sum_over_pairs_and_with_a_dense_loop(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_with_identity_the_last_state_is_the_correlation_matrix(shipped, draw):
    q, k, v = draw(FILE, SIZES).values()

    _, state = shipped(FILE).fast_weight_programmer(q, k, v)

    torch.testing.assert_close(state, torch.einsum("bthk,bthv->bhkv", k, v))


def test_without_settings_nothing_is_squashed_and_the_keys_are_what_they_are(shipped, draw):
    inputs, program = draw(FILE, SIZES), shipped(FILE).fast_weight_programmer

    plain, _ = program(**inputs, squash="identity", features="identity")

    assert torch.equal(program(**inputs)[0], plain)


def test_large_keys_have_finite_features_and_gradients(shipped, draw):
    """Behind torch.where the branch that is not taken counts in the gradient, too, where it is infinite."""
    inputs = {name: (1000 * x).requires_grad_() for name, x in draw(FILE, SIZES).items()}

    o, _ = shipped(FILE).fast_weight_programmer(**inputs, features="elu")

    assert o.isfinite().all()
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(inputs.values())))
