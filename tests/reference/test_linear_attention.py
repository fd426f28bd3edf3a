"""Truth of linear attention."""

import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "linear_attention"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
PHI = "torch.where(x > 0, x + 1, x.clamp(max=0).exp())"
WRONG = {
    "phi without + 1": (PHI, "torch.nn.functional.elu(x)"),
    "phi = relu": (PHI, "x.relu()"),
    "phi that rounds to zero": ("x.clamp(max=0).exp()", "(x.clamp(max=0).exp() - 1) + 1"),
    "scaled by the root of d_k": ("k).tril()", "k).tril() / q.shape[-1] ** 0.5"),
    "mask one late": (".tril()", ".tril(1)"),
    "mask one early": (".tril()", ".tril(-1)"),
    "denominator left out": ("numerator / denominator[..., None] if normalise else numerator", "numerator"),
    "denominator always": ("if normalise else numerator", "if True else numerator"),
    "denominator of the whole sequence": (
        "scores.sum(dim=-1).transpose(1, 2)",
        'einsum("bthk,bshk->bth", q, k)',
    ),
    "parallel: z not carried": ("z + k.sum(dim=1)", "k.sum(dim=1)"),
    "parallel: S not carried": ("(S + einsum(", "(einsum("),
    "recurrent: z holds the last key only": ("z = z + k[:, t]", "z = k[:, t]"),
    "recurrent: the last write only": ("S = S + einsum", "S = einsum"),
}


def quotient(q: Tensor, k: Tensor, v: Tensor, normalise: bool = True) -> Tensor:
    """The two sums of the definition, token by token and pair by pair."""
    o = []
    for t in range(q.shape[1]):
        similar = torch.stack([(phi(q[:, t]) * phi(k[:, i])).sum(dim=-1) for i in range(t + 1)])
        total = (similar[..., None] * v[:, : t + 1].transpose(0, 1)).sum(dim=0)
        o.append(total / similar.sum(dim=0)[..., None] if normalise else total)
    return torch.stack(o, dim=1)


def phi(x: Tensor) -> Tensor:
    return torch.nn.functional.elu(x) + 1


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.linear_attention
    inputs = draw(FILE, SIZES)
    q, k, v = inputs.values()
    for form in ("parallel", "recurrent"):
        for normalise in (True, False):
            agree(
                lambda form=form, normalise=normalise, **qkv: attention(**qkv, form=form, normalise=normalise)[0],
                lambda normalise=normalise, **qkv: quotient(**qkv, normalise=normalise),
                inputs,
            )
        torch.testing.assert_close(attention(q[:, :1], k[:, :1], v[:, :1], form=form)[0], v[:, :1])

        low = (tensor.float() for tensor in (q - 40, k - 40, v))
        dim = attention(*low, form=form)[0]
        torch.testing.assert_close(dim.double(), attention(q - 40, k - 40, v, form=form)[0], rtol=1e-4, atol=1e-4)

        large = {name: (1000 * tensor).requires_grad_() for name, tensor in inputs.items()}
        slopes = torch.autograd.grad(attention(**large, form=form, normalise=False)[0].sum(), list(large.values()))
        assert all(slope.isfinite().all() for slope in slopes)

        # what agrees in value is told apart by how it gets there
        with mock.patch.object(module, f"_{form}", wraps=getattr(module, f"_{form}")) as taken:
            attention(q, k, v, form=form)
        assert taken.call_count == 1

        first, state = attention(q[:, :3], k[:, :3], v[:, :3], form=form)
        second, state = attention(q[:, 3:6], k[:, 3:6], v[:, 3:6], state, form=form)
        third, state = attention(q[:, 6:], k[:, 6:], v[:, 6:], state, form=form)
        whole, last = attention(q, k, v, form=form)
        torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole)
        torch.testing.assert_close(state, last)


def test_agrees_with_the_quotient_of_sums(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_without_denominator_it_is_the_fast_weight_programmer_with_the_same_features(shipped, draw):
    q, k, v = draw(FILE, SIZES).values()

    o, (S, _) = shipped(FILE).linear_attention(q, k, v, normalise=False)
    programmed, state = shipped("fast_weight_programmer").fast_weight_programmer(q, k, v, features="elu")

    torch.testing.assert_close(o, programmed)
    torch.testing.assert_close(S, state)
