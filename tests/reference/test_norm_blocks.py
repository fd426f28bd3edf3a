"""Truth of the Post-LN and Pre-LN blocks: one oracle, torch.nn.TransformerEncoderLayer, in training mode because
evaluation takes a fused path that rounds differently."""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

EPS_OUTSIDE = ("(variance + 1e-5).sqrt()", "(variance.sqrt() + 1e-5)")
UNBIASED = ("centred.square().mean(dim=-1, keepdim=True)", "x.var(dim=-1, keepdim=True)")
POST_ATTENTION = '_layer_norm(x + _attention(x, w, heads, causal), w["g_1"], w["c_1"])'
PRE_ATTENTION = 'x + _attention(_layer_norm(x, w["g_1"], w["c_1"]), w, heads, causal)'
WRONG = {
    "post: norm before the sub-layer": ("post_ln", POST_ATTENTION, PRE_ATTENTION),
    "post: shortcut around the norm": (
        "post_ln",
        POST_ATTENTION,
        'x + _layer_norm(_attention(x, w, heads, causal), w["g_1"], w["c_1"])',
    ),
    "post: one norm only": ("post_ln", '_layer_norm(x + ffn, w["g_2"], w["c_2"])', "x + ffn"),
    "post: no feed-forward bias": ("post_ln", ' @ w["w_2"] + w["b_2"]', ' @ w["w_2"]'),
    "post: eps outside the root": ("post_ln", *EPS_OUTSIDE),
    "post: unbiased variance": ("post_ln", *UNBIASED),
    "post: mask one late": ("post_ln", "triu(1)", "triu(2)"),
    "pre: norm on the sum": ("pre_ln", PRE_ATTENTION, POST_ATTENTION),
    "pre: shortcut taken after the norm": (
        "pre_ln",
        f"x = {PRE_ATTENTION}",
        'x = _layer_norm(x, w["g_1"], w["c_1"])\n    x = x + _attention(x, w, heads, causal)',
    ),
    "pre: second norm left out": ("pre_ln", '_layer_norm(x, w["g_2"], w["c_2"])', "x"),
    "pre: first norm left out": ("pre_ln", '_layer_norm(x, w["g_1"], w["c_1"])', "x"),
    "pre: a norm at the end": (
        "pre_ln",
        'return x + sigma(normed @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]',
        'return _layer_norm(x + sigma(normed @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"], w["g_2"], w["c_2"])',
    ),
    "pre: eps outside the root": ("pre_ln", *EPS_OUTSIDE),
    "pre: unbiased variance": ("pre_ln", *UNBIASED),
}


def library(x: Tensor, w: dict[str, Tensor], *, causal: bool, activation: str, norm_first: bool) -> Tensor:
    D, F = w["w_1"].shape
    layer = nn.TransformerEncoderLayer(
        D, 2, F, dropout=0, activation=activation, batch_first=True, norm_first=norm_first, dtype=x.dtype
    ).train()
    weights = {
        "self_attn.in_proj_weight": torch.cat([w["w_q"].T, w["w_k"].T, w["w_v"].T]),
        "self_attn.in_proj_bias": x.new_zeros(3 * D),
        "self_attn.out_proj.weight": w["w_o"].T,
        "self_attn.out_proj.bias": x.new_zeros(D),
        "linear1.weight": w["w_1"].T,
        "linear1.bias": w["b_1"],
        "linear2.weight": w["w_2"].T,
        "linear2.bias": w["b_2"],
        **{f"norm{place}.weight": w[f"g_{place}"] for place in (1, 2)},
        **{f"norm{place}.bias": w[f"c_{place}"] for place in (1, 2)},
    }
    blocked = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if causal else None
    return functional_call(layer, weights, (x, blocked))


def check(name: str, module: types.ModuleType, draw, agree) -> None:
    block, norm_first = getattr(module, name), name == "pre_ln"
    for T, causal, activation in ((7, True, "relu"), (5, False, "gelu"), (1, True, "relu")):
        agree(
            lambda x, causal=causal, activation=activation, **w: block(x, w, causal=causal, activation=activation),
            lambda x, causal=causal, activation=activation, **w: library(
                x, w, causal=causal, activation=activation, norm_first=norm_first
            ),
            draw(name, {"B": 3, "T": T, "D": 12, "F": 20}),
        )
    inputs = draw(name, {"B": 3, "T": 6, "D": 12, "F": 20})
    x, w = inputs.pop("x"), inputs
    wanted = library(x, w, causal=True, activation="relu", norm_first=norm_first)
    torch.testing.assert_close(block(x, w), wanted)
    # logits in the hundreds
    w = {**w, "w_q": 100 * w["w_q"], "w_k": 10 * w["w_k"]}
    wanted = library(x, w, causal=True, activation="relu", norm_first=norm_first)
    torch.testing.assert_close(block(x, w), wanted)


@pytest.mark.parametrize("name", ["post_ln", "pre_ln"])
def test_agrees_with_the_library(name, shipped, draw, agree):
    check(name, shipped(name), draw, agree)


@pytest.mark.parametrize(("name", "old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(name, old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(name, mutated(name, old, new), draw, agree)


def test_pre_ln_with_silent_branches_is_the_identity(shipped, draw):
    inputs = draw("pre_ln", {"T": 6})
    x, w = inputs.pop("x"), inputs
    silent = {**w, "w_o": 0 * w["w_o"], "w_2": 0 * w["w_2"], "b_2": 0 * w["b_2"]}

    assert torch.equal(shipped("pre_ln").pre_ln(x, silent), x)


def test_post_ln_leaves_every_token_with_mean_zero_and_variance_one(shipped, draw):
    inputs = draw("post_ln", {"T": 6})
    x, w = 50 * inputs.pop("x"), inputs
    plain = {**w, "g_2": torch.ones_like(w["g_2"]), "c_2": torch.zeros_like(w["c_2"])}

    y = shipped("post_ln").post_ln(x, plain)

    torch.testing.assert_close(y.mean(dim=-1), torch.zeros(2, 6, dtype=y.dtype), atol=1e-12, rtol=0)
    torch.testing.assert_close(y.var(dim=-1, correction=0), torch.ones(2, 6, dtype=y.dtype), atol=1e-4, rtol=0)
