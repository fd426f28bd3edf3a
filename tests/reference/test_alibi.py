"""Truth of ALiBi: plain Python entry by entry, and the biases of BLOOM and MPT in transformers."""

import math
import types

import pytest
import torch
from torch import Tensor
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor

FILE = "alibi"
SIZES = {"B": 2, "T": 7, "K": 5}
WRONG = {
    "the bias is scaled as well": (
        "scores - m * distance",
        "scores - m * distance / (K**0.5 if scaled else 1)",
    ),
    "slopes from h = 0": ("range(1, n + 1)", "range(n)"),
    "steepest head last": ("q.new_tensor(_slopes(H, slopes))", "q.new_tensor(_slopes(H, slopes)[::-1])"),
    "distance with the other sign": ("place[:, None] - place", "place - place[:, None]"),
    "bias added": ("scores - m", "scores + m"),
    "always symmetric": ("if symmetric:", "if True:"),
    "never symmetric": ("if symmetric:", "if False:"),
    "the paper's rule always": ('if rule == "paper":', "if True:"),
    "the code's rule always": ('if rule == "paper":', "if False:"),
    "every other slope, the wrong ones": ("[::2]", "[1::2]"),
    "the first of the next power": ("[::2]", ""),
    "the series of the power above": (
        "_series(below) + _series(2 * below)[::2]",
        "_series(2 * below)[::2] + _series(below)",
    ),
    "ratio 1/2 for any number of heads": ("2 ** (-8 * h / n)", "2.0**-h"),
    "always scaled": ("if scaled:", "if True:"),
    "never scaled": ("if scaled:", "if False:"),
    "strength ignored": ("m = strength *", "m ="),
    "keys by queries": ("->bhij", "->bhji"),
    "squared distance": ("m * distance", "m * distance * distance.abs()"),
}
SLOPES = {
    ("paper", 8): [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256],
    ("code", 4): [1 / 4, 1 / 16, 1 / 64, 1 / 256],
    ("code", 6): [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8],
    ("code", 7): [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2, 1 / 8, 1 / 32],
    ("code", 5): [1 / 4, 1 / 16, 1 / 64, 1 / 256, 1 / 2],
    ("code", 3): [1 / 16, 1 / 256, 1 / 4],
    ("paper", 3): [2 ** (-8 / 3), 2 ** (-16 / 3), 1 / 256],
    ("paper", 6): [2 ** (-8 * h / 6) for h in (1, 2, 3, 4, 5, 6)],
    ("code", 1): [1 / 256],
}


def entry_by_entry(q: Tensor, k: Tensor, m: list[float], symmetric: bool, strength: float, scaled: bool) -> Tensor:
    T, H, K = q.shape[1:]
    scores = []
    for h in range(H):
        for i in range(T):
            for j in range(T):
                back = abs(i - j) if symmetric else i - j
                product = (q[:, i, h] * k[:, j, h]).sum(dim=-1)
                scores.append((product / math.sqrt(K) if scaled else product) - strength * m[h] * back)
    return torch.stack(scores, dim=-1).unflatten(-1, (H, T, T))


def check(module: types.ModuleType, draw, agree) -> None:
    for (slopes, H), m in SLOPES.items():
        inputs = draw(FILE, {**SIZES, "H": H})
        for symmetric, strength, scaled in ((False, 1.0, True), (True, 0.5, False)):
            given = {"symmetric": symmetric, "strength": strength, "scaled": scaled}
            agree(
                lambda q, k, slopes=slopes, given=given: module.alibi(q, k, slopes=slopes, **given),
                lambda q, k, m=m, given=given: entry_by_entry(q, k, m, **given),
                inputs,
            )
    q, k = draw(FILE, {**SIZES, "H": 3}).values()
    torch.testing.assert_close(module.alibi(q, k), entry_by_entry(q, k, SLOPES["paper", 3], False, 1.0, True))
    one = torch.einsum("bihk,bjhk->bhij", q[:, :1], k[:, :1]) / 5**0.5
    torch.testing.assert_close(module.alibi(q[:, :1], k[:, :1]), one)


def test_agrees_with_the_formula(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def causal(scores: Tensor) -> Tensor:
    future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(future, float("-inf")).softmax(dim=-1)


@pytest.mark.parametrize("H", [8, 12, 6, 1])
def test_behind_mask_and_softmax_it_is_bloom_which_counts_from_the_first_token(H, shipped, draw):
    q, k = (tensor.float() for tensor in draw(FILE, {**SIZES, "H": H}).values())
    bloom = build_alibi_tensor(torch.ones(2, 7), H, torch.float32).view(2, H, 1, 7)
    scores = torch.einsum("bihk,bjhk->bhij", q, k) / 5**0.5

    ours = shipped(FILE).alibi(q, k, slopes="code")

    torch.testing.assert_close(causal(ours), causal(scores + bloom))


@pytest.mark.parametrize("H", [8, 4])
def test_behind_mask_and_softmax_it_is_mpt_which_counts_from_the_last_token(H, shipped, draw):
    q, k = (tensor.float() for tensor in draw(FILE, {**SIZES, "H": H}).values())
    mpt = build_mpt_alibi_tensor(H, 7).view(1, H, 1, 7)
    scores = torch.einsum("bihk,bjhk->bhij", q, k) / 5**0.5

    torch.testing.assert_close(causal(shipped(FILE).alibi(q, k)), causal(scores + mpt))


def test_without_a_mask_counting_from_the_first_token_is_not_the_same(shipped, draw):
    q, k = draw(FILE, {**SIZES, "H": 4}).values()
    counted = torch.einsum("bihk,bjhk->bhij", q, k) / 5**0.5
    counted = counted + torch.tensor(SLOPES["code", 4], dtype=q.dtype)[:, None, None] * torch.arange(7)

    ours = shipped(FILE).alibi(q, k, symmetric=True)

    torch.testing.assert_close(causal(ours), causal(counted))
    assert (ours.softmax(dim=-1) - counted.softmax(dim=-1)).abs().max() > 0.1


def test_of_strength_zero_the_softmax_is_that_of_scaled_dot_product_attention(shipped, draw):
    q, k = draw(FILE, {**SIZES, "H": 3}).values()
    v = torch.eye(7, dtype=q.dtype)[None, :, None].expand(2, 7, 3, 7)

    shares = shipped(FILE).alibi(q, k, strength=0.0).softmax(dim=-1)

    attention = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    torch.testing.assert_close(shares.transpose(1, 2), attention(q, k, v, causal=False)[0])
