"""Truth of ResiDual: Post-LN layers of torch, whose sub-layers' outputs are overheard and summed.

``flatten(2)`` for ``flatten(-2)`` leaves the numbers alone: of four dimensions both join the last two.
"""

import types

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from kb.reference.registry import get_idea

FILE = "residual_dual"
WRONG = {
    "attention reads the second stream": ("o = _attention(post,", "o = _attention(dual,"),
    "the network reads the second stream": ('post @ w["w_1"]', 'dual @ w["w_1"]'),
    "second stream normalised in the block": ('w["c_2"]), dual + o', 'w["c_2"]), _layer_norm(dual + o, 1.0, 0.0)'),
    "second stream starts at zero": ("two_streams(x, x,", "two_streams(x, 0 * x,"),
    "no last norm": ('normed = _layer_norm(dual, w["g_3"], w["c_3"])', "normed = dual"),
    "last norm on the sum": ('"both": post + normed', '"both": _layer_norm(post + dual, w["g_3"], w["c_3"])'),
    "attention does not write to the second stream": ('w["c_1"]), dual + o', 'w["c_1"]), dual'),
    "the network does not write to the second stream": ('w["c_2"]), dual + o', 'w["c_2"]), dual'),
    "the second stream takes what is normalised": ('w["c_2"]), dual + o', 'w["c_2"]), dual + post'),
    "Pre-LN in the first stream": ("o = _attention(post,", 'o = _attention(_layer_norm(post, w["g_1"], w["c_1"]),'),
    "the post stream is left out": ('"both": post + normed', '"both": normed'),
    "eps outside the root": ("(variance + 1e-5).sqrt()", "(variance.sqrt() + 1e-5)"),
    "mask one late": ("triu(1)", "triu(2)"),
}


def library(
    post: Tensor, dual: Tensor, w: dict[str, Tensor], causal: bool, activation: str, heads: int
) -> tuple[Tensor, Tensor]:
    """One of torch's Post-LN layers; what its two sub-layers put out is overheard and added to the second stream."""
    D, F = w["w_1"].shape
    layer = nn.TransformerEncoderLayer(
        D, heads, F, dropout=0, activation=activation, batch_first=True, dtype=post.dtype
    )
    weights = {
        "self_attn.in_proj_weight": torch.cat([w["w_q"].T, w["w_k"].T, w["w_v"].T]),
        "self_attn.in_proj_bias": post.new_zeros(3 * D),
        "self_attn.out_proj.weight": w["w_o"].T,
        "self_attn.out_proj.bias": post.new_zeros(D),
        "linear1.weight": w["w_1"].T,
        "linear1.bias": w["b_1"],
        "linear2.weight": w["w_2"].T,
        "linear2.bias": w["b_2"],
        **{f"norm{place}.weight": w[f"g_{place}"] for place in (1, 2)},
        **{f"norm{place}.bias": w[f"c_{place}"] for place in (1, 2)},
    }
    heard = []
    layer.self_attn.register_forward_hook(lambda _, __, out: heard.append(out[0]))
    layer.linear2.register_forward_hook(lambda _, __, out: heard.append(out))
    blocked = torch.ones(post.shape[1], post.shape[1], dtype=torch.bool).triu(1) if causal else None
    post = functional_call(layer.train(), weights, (post, blocked))
    return post, dual + heard[0] + heard[1]


def joined(x: Tensor, w: dict[str, Tensor], causal: bool, activation: str, heads: int, output: str) -> Tensor:
    post, dual = library(x, x, w, causal, activation, heads)
    normed = functional.layer_norm(dual, x.shape[-1:], w["g_3"], w["c_3"])
    return post * (output != "dual") + normed * (output != "post")


def depth(block, x: Tensor, w: dict[str, Tensor]) -> Tensor:
    """Three blocks with weights of their own; both streams side by side."""
    post = dual = x
    for layer in range(3):
        post, dual = block(post, dual, {name: (1 + 0.2 * layer) * weight for name, weight in w.items()})
    return torch.cat([post, dual], dim=-1)


def check(module: types.ModuleType, draw, agree) -> None:
    settings = (
        (7, True, "relu", 2, "both"),
        (5, False, "gelu", 3, "both"),
        (1, True, "relu", 2, "both"),
        (6, True, "gelu", 1, "dual"),
        (6, True, "gelu", 2, "post"),
    )
    for T, causal, activation, heads, output in settings:
        given = {"causal": causal, "activation": activation, "heads": heads, "output": output}
        agree(
            lambda x, given=given, **w: module.residual_dual(x, w, **given),
            lambda x, given=given, **w: joined(x, w, **given),
            draw(FILE, {"B": 3, "T": T, "D": 12, "F": 20}),
        )
    inputs = draw(FILE, {"B": 2, "T": 5, "D": 12, "F": 20})
    agree(
        lambda x, **w: depth(
            lambda post, dual, w: module.two_streams(post, dual, w, heads=2, causal=True, activation="relu"), x, w
        ),
        lambda x, **w: depth(lambda post, dual, w: library(post, dual, w, True, "relu", 2), x, w),
        inputs,
    )
    x, w = inputs.pop("x"), inputs
    torch.testing.assert_close(module.residual_dual(x, w), joined(x, w, True, "relu", 2, "both"))
    # logits in the thousands
    w = {**w, "w_q": 300 * w["w_q"], "w_k": 10 * w["w_k"]}
    torch.testing.assert_close(module.residual_dual(x, w), joined(x, w, True, "relu", 2, "both"))


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize(
    "settings", [{}, {"heads": 4, "causal": False, "activation": "gelu"}], ids=["default", "other"]
)
def test_without_its_second_stream_it_is_post_ln_exactly(settings, shipped, draw):
    inputs = draw(FILE, {"T": 9})
    x, w = inputs.pop("x"), inputs

    y = shipped(FILE).residual_dual(x, w, output="post", **settings)

    assert torch.equal(y, shipped("post_ln").post_ln(x, w, **settings))


def test_without_its_first_stream_it_is_not_pre_ln(shipped, draw):
    """For the sub-layers read the first stream all the same; a Pre-LN block under the same last norm is far away."""
    inputs = draw(FILE, {"T": 9})
    x, w = inputs.pop("x"), inputs

    y = shipped(FILE).residual_dual(x, w, output="dual")

    pre = functional.layer_norm(shipped("pre_ln").pre_ln(x, w), x.shape[-1:], w["g_3"], w["c_3"])
    assert (y - pre).abs().max() > 0.1


def test_pre_ln_comes_back_where_the_sub_layers_read_the_normalised_second_stream(shipped, draw):
    inputs = draw(FILE, {"T": 9})
    x, w = inputs.pop("x"), inputs
    code = get_idea(FILE).code
    for read, instead in (
        ("_attention(post, w", '_attention(_layer_norm(dual, w["g_1"], w["c_1"]), w'),
        ('sigma(post @ w["w_1"]', 'sigma(_layer_norm(dual, w["g_2"], w["c_2"]) @ w["w_1"]'),
    ):
        assert code.count(read) == 1
        code = code.replace(read, instead)
    rewired = types.ModuleType(FILE)
    exec(code, rewired.__dict__)

    y = rewired.residual_dual(x, w, output="dual")

    pre = functional.layer_norm(shipped("pre_ln").pre_ln(x, w), x.shape[-1:], w["g_3"], w["c_3"])
    torch.testing.assert_close(y, pre)
