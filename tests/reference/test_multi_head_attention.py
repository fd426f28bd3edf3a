"""Truth of multi-head attention."""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

FILE = "multi_head_attention"
WRONG = {
    "no W^O": ('head.flatten(-2) @ w["w_o"]', "head.flatten(-2)"),
    "scale by D": ("(D // heads) ** 0.5", "D**0.5"),
    "no scale": (" / (D // heads) ** 0.5", ""),
    "channels dealt to the heads in turn": (".view(B, T, heads, -1)", ".view(B, T, -1, heads).transpose(2, 3)"),
    "mask one late": ("triu(1)", "triu(2)"),
    "heads are summed": ("head.flatten(-2)", "head.sum(dim=2).repeat(1, 1, heads)"),
    "values from the keys' matrix": ('@ w["w_v"]', '@ w["w_k"]'),
}


def library(x: Tensor, w: dict[str, Tensor], heads: int, causal: bool) -> Tensor:
    D = x.shape[-1]
    attention = nn.MultiheadAttention(D, heads, bias=False, batch_first=True, dtype=x.dtype)
    weights = {
        "in_proj_weight": torch.cat([w["w_q"].T, w["w_k"].T, w["w_v"].T]),
        "out_proj.weight": w["w_o"].T,
    }
    blocked = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
    return functional_call(attention, weights, (x, x, x), {"attn_mask": blocked, "need_weights": False})[0]


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.multi_head_attention
    inputs = draw(FILE, {"B": 2, "T": 7, "D": 12})
    for heads, causal in ((3, True), (4, False), (1, True), (12, True)):
        agree(
            lambda x, heads=heads, causal=causal, **w: attention(x, w, heads=heads, causal=causal),
            lambda x, heads=heads, causal=causal, **w: library(x, w, heads, causal),
            inputs,
        )
    x, w = inputs.pop("x"), inputs
    torch.testing.assert_close(attention(x[:, :1], w, heads=3), x[:, :1] @ w["w_v"] @ w["w_o"])
    torch.testing.assert_close(attention(x, w), library(x, w, 2, True))
    torch.testing.assert_close(attention(1000 * x, w, heads=3), library(1000 * x, w, 3, True))


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_one_head_is_scaled_dot_product_attention_between_projections(shipped, draw):
    inputs = draw(FILE, {"T": 9})
    x, w = inputs.pop("x"), inputs
    single = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    q, k, v = (torch.unsqueeze(x @ w[name], 2) for name in ("w_q", "w_k", "w_v"))

    y = shipped(FILE).multi_head_attention(x, w, heads=1)

    torch.testing.assert_close(y, single(q, k, v)[0].squeeze(2) @ w["w_o"])
