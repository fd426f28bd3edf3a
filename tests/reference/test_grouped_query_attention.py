"""Truth of grouped-query attention: torch's, LLaMA's attention core, and query by query."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers.models.llama.modeling_llama import repeat_kv

FILE = "grouped_query_attention"
SIZES = {"B": 2, "T": 7, "H": 6, "K": 5, "V": 4}
POOL = "x.reshape(B, T, groups, H // groups, -1).mean(dim=3)"
WRONG = {
    "heads dealt to the groups in turn": (POOL, "x.reshape(B, T, H // groups, groups, -1).mean(dim=2)"),
    "queries dealt in turn": (
        "q.reshape(B, T, groups, H // groups, K)",
        "q.reshape(B, T, H // groups, groups, K).transpose(2, 3)",
    ),
    "given back in turn": ("->btgnv", "->btngv"),
    "sum for mean": (POOL, POOL.replace("mean", "sum")),
    "first head of a group alone": (POOL, "x.reshape(B, T, groups, H // groups, -1)[:, :, :, 0]"),
    "groups reversed": (POOL, POOL + ".flip(2)"),
    "one group for all": (POOL, POOL + ".mean(dim=2, keepdim=True).expand(-1, -1, groups, -1)"),
    "keys of the first group": (
        "q.reshape(B, T, groups, H // groups, K)",
        "q.reshape(B, T, groups, H // groups, K)\n    k = k[:, :, :1].expand_as(k)",
    ),
    "no scale": (" / K**0.5", ""),
    "scale by the group": ("K**0.5", "(K * H // groups) ** 0.5"),
    "mask one late": ("triu(S - T + 1)", "triu(S - T + 2)"),
    "mask one early": ("triu(S - T + 1)", "triu(S - T)"),
    "mask from the top left": ("triu(S - T + 1)", "triu(1)"),
    "mask ignores the switch": ("    if causal:", "    if True:"),
    "softmax over the queries": ("softmax(dim=-1)", "softmax(dim=-2)"),
    "earlier keys dropped": ("[state[0], k]", "[0 * state[0], k]"),
    "earlier values dropped": ("[state[1], v]", "[0 * state[1], v]"),
}


def library(q: Tensor, k: Tensor, v: Tensor, groups: int, causal: bool) -> Tensor:
    """torch's attention, which takes fewer heads of keys: the mean over those of a group, one by one."""
    size = q.shape[2] // groups
    pooled = [
        torch.stack([sum(x[:, :, g * size + n] for n in range(size)) / size for g in range(groups)], dim=2)
        for x in (k, v)
    ]
    heads_first = (tensor.transpose(1, 2) for tensor in (q, *pooled))
    return functional.scaled_dot_product_attention(*heads_first, is_causal=causal, enable_gqa=True).transpose(1, 2)


def query_by_query(q: Tensor, k: Tensor, v: Tensor, groups: int) -> Tensor:
    """The definition for one query at a time, with the printed rule for its group, counted from one."""
    H = q.shape[2]
    o = torch.empty(*q.shape[:3], v.shape[3], dtype=q.dtype)
    for b, t, h in torch.cartesian_prod(*(torch.arange(size) for size in q.shape[:3])).tolist():
        mates = [other for other in range(H) if -(-(other + 1) * groups // H) == -(-(h + 1) * groups // H)]
        keys, values = (x[b, : t + 1, mates].mean(dim=1) for x in (k, v))
        logits = keys @ q[b, t, h] / q.shape[3] ** 0.5
        shares = (logits - logits.max()).exp()
        o[b, t, h] = (shares / shares.sum()) @ values
    return o


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.grouped_query_attention
    inputs = draw(FILE, SIZES)
    for groups, causal in ((2, True), (3, True), (3, False), (1, True), (6, True)):
        agree(
            lambda g=groups, c=causal, **qkv: attention(**qkv, groups=g, causal=c)[0],
            lambda g=groups, c=causal, **qkv: library(**qkv, groups=g, causal=c),
            inputs,
        )
    q, k, v = inputs.values()
    for groups in (2, 3):
        torch.testing.assert_close(attention(q, k, v, groups=groups)[0], query_by_query(q, k, v, groups))
    torch.testing.assert_close(attention(q, k, v)[0], library(q, k, v, 1, True))
    large = attention(1000 * q, 10 * k, v, groups=3)[0]
    torch.testing.assert_close(large, library(1000 * q, 10 * k, v, 3, True))
    one = attention(q[:, :1], k[:, :1], v[:, :1], groups=3)[0]
    torch.testing.assert_close(one, library(q[:, :1], k[:, :1], v[:, :1], 3, True))

    first, state = attention(q[:, :3], k[:, :3], v[:, :3], groups=3)
    second, state = attention(q[:, 3:4], k[:, 3:4], v[:, 3:4], state, groups=3)
    third, state = attention(q[:, 4:], k[:, 4:], v[:, 4:], state, groups=3)
    whole, last = attention(q, k, v, groups=3)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole)
    torch.testing.assert_close(state, last)
    assert [tuple(part.shape) for part in last] == [(2, 7, 3, 5), (2, 7, 3, 4)]


def test_agrees_with_the_library_and_the_definition(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_a_group_is_given_to_its_heads_as_in_llama(shipped, draw):
    """Keys of three groups, repeated as transformers does for LLaMA: their mean over a group is the group's again."""
    q, k, v = draw(FILE, SIZES).values()
    repeated = [repeat_kv(x[:, :, :3].transpose(1, 2), 2).transpose(1, 2) for x in (k, v)]

    o, state = shipped(FILE).grouped_query_attention(q, *repeated, groups=3)

    plain = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    torch.testing.assert_close(o, plain(q, *repeated)[0])
    torch.testing.assert_close(state, (k[:, :, :3], v[:, :, :3]))


def test_one_group_is_multi_query_attention_and_as_many_as_heads_multi_head_attention(shipped, draw):
    q, k, v = draw(FILE, SIZES).values()
    grouped = shipped(FILE).grouped_query_attention

    one, (keys, values) = grouped(q, k, v, groups=1)
    many = grouped(q, k, v, groups=6)

    shared, state = shipped("multi_query_attention").multi_query_attention(q, k, v)
    torch.testing.assert_close((one, keys[:, :, 0], values[:, :, 0]), (shared, *state), rtol=1e-12, atol=1e-12)
    plain = shipped("scaled_dot_product_attention").scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(many, plain, rtol=1e-12, atol=1e-12)
