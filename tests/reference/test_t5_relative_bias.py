"""Truth of T5's relative bias: the buckets and biases of T5Attention in transformers, and the formula in Python.

Three changes of the file leave its numbers alone: the logarithm without its clamp (only distances of an exact bucket
meet it), ``<= exact`` (both rules give a distance of E bucket E), and no ``max(1, half)`` (a table of one bucket has
its only row first and last).
"""

import math
import types

import pytest
import torch
from torch import Tensor
from transformers import T5Config
from transformers.models.t5.modeling_t5 import T5Attention

FILE = "t5_relative_bias"
SIZES = {"B": 2, "T": 40, "H": 3, "K": 5}
WRONG = {
    "distance with the other sign": ("place[:, None] - place", "place - place[:, None]"),
    "sides swapped": ("(behind < 0)", "(behind > 0)"),
    "both sides alike": (" + half * (behind < 0)", ""),
    "zero ahead": ("(behind < 0)", "(behind <= 0)"),
    "buckets of equal width": ("(distance.clamp(min=exact) / exact).log() * spread", "distance - exact"),
    "a third of the buckets exact": ("count // 2", "count // 3"),
    "logarithm not of the ratio": ("(distance.clamp(min=exact) / exact).log()", "distance.clamp(min=1).log()"),
    "rounded up": ("spread).long()", "spread).ceil().long()"),
    "last bucket never reached": ("max=count - 1", "max=count - 2"),
    "begun again beyond the farthest": (".clamp(max=count - 1)", " % count"),
    "farthest ignored": ("farthest / exact", "128 / exact"),
    "two-sided always": ("if bidirectional:", "if True:"),
    "one-sided always": ("if bidirectional:", "if False:"),
    "a quarter of the buckets for what is behind": ("max(1, half), farthest", "max(1, half // 2), farthest"),
    "the future by its distance": ("behind.clamp(min=0)", "behind.abs()"),
    "scaled always": ("if scaled:", "if True:"),
    "scaled never": ("if scaled:", "if False:"),
    "the bias is scaled too": (
        'return scores + w["b_distance"][bucket].permute(2, 0, 1)',
        'return scores + w["b_distance"][bucket].permute(2, 0, 1) / (K**0.5 if scaled else 1)',
    ),
    "keys by queries": ("bjhk->bhij", "bjhk->bhji"),
}


def bucket(behind: int, buckets: int, farthest: int, bidirectional: bool) -> int:
    """The formula for one distance, i - j, in whole numbers as far as it goes."""
    if bidirectional:
        ahead = behind < 0
        return bucket(abs(behind), max(1, buckets // 2), farthest, False) + (buckets // 2 if ahead else 0)
    exact = max(1, buckets // 2)
    if behind < exact:
        return min(max(behind, 0), buckets - 1)
    share = math.log(behind / exact) / math.log(farthest / exact)
    return min(buckets - 1, exact + math.floor((buckets - exact) * share))


def query_by_query(
    q: Tensor, k: Tensor, b_distance: Tensor, *, buckets: int, farthest: int, bidirectional: bool, scaled: bool
) -> Tensor:
    T, K = q.shape[1], q.shape[3]
    scores = []
    for i in range(T):
        products = (q[:, i, None] * k).sum(dim=-1) / (K**0.5 if scaled else 1)  # (B, T, H), one key after the other
        scores.append(products + b_distance[[bucket(i - j, buckets, farthest, bidirectional) for j in range(T)]])
    return torch.stack(scores, dim=-1).permute(0, 2, 3, 1)


def check(module: types.ModuleType, draw, agree) -> None:
    biased = module.t5_relative_bias
    for buckets, farthest, bidirectional, scaled, T in (
        (8, 128, False, False, 40),
        (9, 200, True, True, 40),
        (32, 128, False, True, 40),
        (5, 150, False, False, 12),
        (4, 128, True, False, 40),
        (1, 128, False, False, 6),
        (1, 128, True, False, 6),
        (2, 300, False, True, 40),
        (3, 128, True, False, 40),
        (3, 128, False, False, 40),
    ):
        given = {"buckets": buckets, "farthest": farthest, "bidirectional": bidirectional, "scaled": scaled}
        agree(
            lambda q, k, given=given, **w: biased(q, k, w, **given),
            lambda q, k, given=given, **w: query_by_query(q, k, **given, **w),
            draw(FILE, {**SIZES, "T": T, "buckets": buckets}),
        )
    inputs = draw(FILE, {**SIZES, "B": 1, "T": 140, "H": 1})
    q, k, w = inputs.pop("q"), inputs.pop("k"), inputs
    wanted = query_by_query(q, k, **w, buckets=32, farthest=128, bidirectional=False, scaled=False)
    torch.testing.assert_close(biased(q, k, w), wanted)
    torch.testing.assert_close(biased(q[:, :1], k[:, :1], w), wanted[:, :, :1, :1])


def test_agrees_with_the_formula(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["decoder", "encoder"])
@pytest.mark.parametrize(("buckets", "farthest"), [(32, 128), (16, 128), (32, 200)])
def test_the_biases_are_those_of_t5_at_all_distances(bidirectional, buckets, farthest, shipped, draw):
    inputs = draw(FILE, {"B": 1, "T": 128, "H": 2, "K": 3, "buckets": buckets})
    q, k, table = inputs["q"], inputs["k"], inputs["b_distance"]
    t5 = T5Attention(
        T5Config(
            d_model=6,
            d_kv=3,
            num_heads=2,
            relative_attention_num_buckets=buckets,
            relative_attention_max_distance=farthest,
            is_decoder=not bidirectional,
        ),
        has_relative_attention_bias=True,
        layer_idx=0,
    ).double()
    t5.relative_attention_bias.weight.data.copy_(table)
    settings = {"buckets": buckets, "farthest": farthest, "bidirectional": bidirectional}

    ours = shipped(FILE).t5_relative_bias(q, k, {"b_distance": table}, **settings)

    theirs = torch.einsum("bihk,bjhk->bhij", q, k) + t5.compute_bias(128, 128).detach()
    torch.testing.assert_close(ours, theirs)
    behind = torch.arange(-600, 601)
    wanted = T5Attention._relative_position_bucket(
        -behind, bidirectional=bidirectional, num_buckets=buckets, max_distance=farthest
    )
    assert [bucket(n, **settings) for n in behind.tolist()] == wanted.tolist()
    side = buckets // 2 if bidirectional else buckets
    assert torch.equal(shipped(FILE)._buckets(behind[600:], side, farthest), wanted[600:])


def test_with_one_bucket_the_softmax_is_that_of_scaled_dot_product_attention(shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 9, "buckets": 1})
    q, k, w = inputs.pop("q"), inputs.pop("k"), inputs
    v = torch.eye(9, dtype=q.dtype)[None, :, None].expand(2, 9, 3, 9)

    shares = shipped(FILE).t5_relative_bias(q, k, w, buckets=1, scaled=True).softmax(dim=-1)

    attention = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    torch.testing.assert_close(shares.transpose(1, 2), attention(q, k, v, causal=False)[0])
