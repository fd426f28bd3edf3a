"""Truth of scaled dot-product attention."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "scaled_dot_product_attention"
SIZES = {"B": 3, "T": 7, "H": 2, "K": 5, "V": 4}
WRONG = {
    "no scale": (" / K**0.5", ""),
    "scale d_k": ("K**0.5", "K"),
    "mask one early": ("triu(S - T + 1)", "triu(S - T)"),
    "mask one late": ("triu(S - T + 1)", "triu(S - T + 2)"),
    "mask from the top left": ("triu(S - T + 1)", "triu(1)"),
    "softmax over the queries": ("softmax(dim=-1)", "softmax(dim=-2)"),
    "earlier keys dropped": ("torch.cat([state[0], k], dim=1)", "torch.cat([0 * state[0], k], dim=1)"),
    "earlier values dropped": ("torch.cat([state[1], v], dim=1)", "torch.cat([0 * state[1], v], dim=1)"),
    "mask ignores the switch": ("    if causal:", "    if True:"),
}


def library(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    heads_first = (tensor.transpose(1, 2) for tensor in (q, k, v))
    return functional.scaled_dot_product_attention(*heads_first, is_causal=causal).transpose(1, 2)


def query_by_query(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The definition for one query, one head and one sequence at a time, no mask: it is given its past only."""
    o = torch.empty(*q.shape[:3], v.shape[3], dtype=q.dtype)
    for b, t, h in torch.cartesian_prod(*(torch.arange(size) for size in q.shape[:3])).tolist():
        logits = torch.stack([(q[b, t, h] * k[b, i, h]).sum() / q.shape[3] ** 0.5 for i in range(t + 1)])
        shares = (logits - logits.max()).exp() / (logits - logits.max()).exp().sum()
        o[b, t, h] = (shares[:, None] * v[b, : t + 1, h]).sum(dim=0)
    return o


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.scaled_dot_product_attention
    inputs = draw(FILE, SIZES)
    for causal in (True, False):
        agree(
            lambda causal=causal, **qkv: attention(**qkv, causal=causal)[0],
            lambda causal=causal, **qkv: library(**qkv, causal=causal),
            inputs,
        )
    q, k, v = inputs.values()
    torch.testing.assert_close(attention(q, k, v)[0], query_by_query(q, k, v))
    torch.testing.assert_close(attention(1000 * q, 10 * k, v)[0], library(1000 * q, 10 * k, v, True))
    torch.testing.assert_close(attention(q[:, :1], k[:, :1], v[:, :1])[0], v[:, :1])

    first, state = attention(q[:, :3], k[:, :3], v[:, :3])
    second, state = attention(q[:, 3:4], k[:, 3:4], v[:, 3:4], state)
    third, _ = attention(q[:, 4:], k[:, 4:], v[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), attention(q, k, v)[0])


def test_agrees_with_the_library_and_the_definition(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)
