"""Truth of multi-query attention: torch's attention with one head of keys, GPT-BigCode's, and query by query."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import GPTBigCodeConfig
from transformers.models.gpt_bigcode.modeling_gpt_bigcode import GPTBigCodeAttention

FILE = "multi_query_attention"
SIZES = {"B": 3, "T": 7, "H": 4, "K": 5, "V": 6}
WRONG = {
    "sum for mean": ("k.mean(dim=2), v.mean(dim=2)", "k.sum(dim=2), v.sum(dim=2)"),
    "first head alone": ("k.mean(dim=2), v.mean(dim=2)", "k[:, :, 0], v[:, :, 0]"),
    "keys of each head": (
        '"bthk,bsk->bhts", q, shared_k)',
        '"bthk,bshk->bhts", q, torch.cat([shared_k[:, : S - T, None].expand(-1, -1, q.shape[2], -1), k], dim=1))',
    ),
    "values of each head": (
        '"bhts,bsv->bthv", scores.softmax(dim=-1), shared_v)',
        '"bhts,bshv->bthv", scores.softmax(dim=-1)[..., S - T :], v)',
    ),
    "queries averaged too": ('"bthk,bsk->bhts", q,', '"bthk,bsk->bhts", q.mean(dim=2, keepdim=True).expand_as(q),'),
    "no scale": (" / K**0.5", ""),
    "scale by H K": ("K**0.5", "(K * q.shape[2]) ** 0.5"),
    "mask one late": ("triu(S - T + 1)", "triu(S - T + 2)"),
    "mask one early": ("triu(S - T + 1)", "triu(S - T)"),
    "mask from the top left": ("triu(S - T + 1)", "triu(1)"),
    "mask ignores the switch": ("    if causal:", "    if True:"),
    "softmax over the queries": ("softmax(dim=-1)", "softmax(dim=-2)"),
    "softmax over the heads": ("softmax(dim=-1)", "softmax(dim=1)"),
    "earlier keys dropped": ("[state[0], shared_k]", "[0 * state[0], shared_k]"),
    "earlier values dropped": ("[state[1], shared_v]", "[0 * state[1], shared_v]"),
}


def library(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    """One head of keys and values, whose mean is taken head by head."""
    H = q.shape[2]
    one_k, one_v = (sum(x[:, :, h : h + 1] for h in range(H)) / H for x in (k, v))
    heads_first = (tensor.transpose(1, 2) for tensor in (q, one_k, one_v))
    return functional.scaled_dot_product_attention(*heads_first, is_causal=causal, enable_gqa=True).transpose(1, 2)


def query_by_query(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The definition for one query at a time, which is given its past only."""
    o = torch.empty(*q.shape[:3], v.shape[3], dtype=q.dtype)
    for b, t, h in torch.cartesian_prod(*(torch.arange(size) for size in q.shape[:3])).tolist():
        keys, values = (x[b, : t + 1].transpose(0, 1).mean(dim=0) for x in (k, v))
        logits = keys @ q[b, t, h] / q.shape[3] ** 0.5
        shares = (logits - logits.max()).exp()
        o[b, t, h] = (shares / shares.sum()) @ values
    return o


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.multi_query_attention
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
    one = v[:, :1].mean(dim=2, keepdim=True).expand(-1, -1, 4, -1)
    torch.testing.assert_close(attention(q[:, :1], k[:, :1], v[:, :1])[0], one)

    first, state = attention(q[:, :3], k[:, :3], v[:, :3])
    second, state = attention(q[:, 3:4], k[:, 3:4], v[:, 3:4], state)
    third, state = attention(q[:, 4:], k[:, 4:], v[:, 4:], state)
    whole, last = attention(q, k, v)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), whole)
    torch.testing.assert_close(state, last)
    assert [tuple(part.shape) for part in last] == [(3, 7, 5), (3, 7, 6)]


def test_agrees_with_the_library_and_the_definition(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_between_the_projections_of_gpt_bigcode_it_is_its_attention(shipped, draw):
    """A model with one head of keys gives it to every head of the mixer: the mean of equals changes nothing."""
    config = GPTBigCodeConfig(n_embd=20, n_head=4, multi_query=True, attn_pdrop=0.0, resid_pdrop=0.0)
    config._attn_implementation = "eager"
    layer = GPTBigCodeAttention(config, layer_idx=0).double().eval()
    x = draw("post_ln", {"T": 7, "D": 20})["x"]
    blocked = torch.full((7, 7), torch.finfo(x.dtype).min, dtype=x.dtype).triu(1)[None, None]
    with torch.no_grad():
        theirs = layer(x, attention_mask=blocked)[0]
        q, k, v = layer.c_attn(x).split([20, 5, 5], dim=-1)
        q, k, v = q.unflatten(-1, (4, 5)), *(part[:, :, None].expand(-1, -1, 4, -1) for part in (k, v))

        ours = layer.c_proj(shipped(FILE).multi_query_attention(q, k, v)[0].flatten(-2))

    torch.testing.assert_close(ours, theirs)


def test_with_one_head_or_equal_keys_it_is_scaled_dot_product_attention(shipped, draw):
    q, k, v = draw(FILE, SIZES).values()
    plain = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    shared = [x[:, :, :1].expand_as(x) for x in (k, v)]

    torch.testing.assert_close(shipped(FILE).multi_query_attention(q, *shared)[0], plain(q, *shared)[0])
    single = [x[:, :, :1] for x in (q, k, v)]
    torch.testing.assert_close(shipped(FILE).multi_query_attention(*single)[0], plain(*single)[0])
