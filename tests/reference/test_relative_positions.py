"""Truth of relative positions: pair by pair, and the whole table of pairs at once."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional

FILE = "relative_positions"
SIZES = {"B": 2, "T": 9, "H": 3, "K": 5}
WRONG = {
    "distance i - j": ("place - place[:, None]", "place[:, None] - place"),
    "clipped one early ahead": ("clamp(-reach, reach)", "clamp(-reach, max(0, reach - 1))"),
    "clipped one early behind": ("clamp(-reach, reach)", "clamp(min(0, 1 - reach), reach)"),
    "counted round, not clipped": (".clamp(-reach, reach) + reach", " % (2 * reach + 1)"),
    "never scaled": ("if scaled else scores", "if False else scores"),
    "always scaled": ("if scaled else scores", "if True else scores"),
    "vectors not scaled": (
        "return scores / K**0.5 if scaled else scores",
        "return (scores - position) / K**0.5 + position if scaled else scores",
    ),
    "vectors added to the query": ("q, a)", "k, a)"),
    "ahead and behind swapped": (
        '[w["a_behind"], w["a_here"], w["a_ahead"]]',
        '[w["a_ahead"], w["a_here"], w["a_behind"]]',
    ),
    "no vector at distance zero": ('w["a_here"], w', '0 * w["a_here"], w'),
    "a bias, not a vector": (
        'einsum("bihk,nk->bhin", q, a)',
        'einsum("bihk,nk->bhin", torch.ones_like(q), a)',
    ),
    "keys by queries": ("bjhk->bhij", "bjhk->bhji"),
    "beyond reach nothing": ("+ position", "+ position * ((place - place[:, None]).abs() <= reach)"),
}


def pair_by_pair(q: Tensor, k: Tensor, *, reach: int, scaled: bool, **w: Tensor) -> Tensor:
    T, K = q.shape[1], q.shape[3]
    scores = []
    for i in range(T):
        for j in range(T):
            n = min(max(j - i, -reach), reach)
            a = w["a_here"][0] if n == 0 else w["a_ahead"][n - 1] if n > 0 else w["a_behind"][reach + n]
            scores.append((q[:, i] * (k[:, j] + a)).sum(dim=-1) / (K**0.5 if scaled else 1))
    return torch.stack(scores, dim=-1).unflatten(-1, (T, T))


def by_table(q: Tensor, k: Tensor, *, reach: int, scaled: bool, **w: Tensor) -> Tensor:
    """The vector of every pair written out, (T, T, K), as equation 4 has it."""
    place = torch.arange(q.shape[1])
    rows = (place[None, :] - place[:, None]).clamp(-reach, reach) + reach
    a = functional.embedding(rows, torch.cat([w["a_behind"], w["a_here"], w["a_ahead"]]))
    keys = k.transpose(1, 2)[:, :, None] + a
    scores = (q.transpose(1, 2)[:, :, :, None] * keys).sum(dim=-1)
    return scores / q.shape[3] ** 0.5 if scaled else scores


def check(module: types.ModuleType, draw, agree) -> None:
    positions = module.relative_positions
    for reach, scaled in ((4, True), (2, False), (1, True), (8, True), (11, False), (0, True)):
        inputs = draw(FILE, {**SIZES, "reach": reach})
        for oracle in (pair_by_pair, by_table):
            agree(
                lambda q, k, r=reach, s=scaled, **w: positions(q, k, w, reach=r, scaled=s),
                lambda q, k, o=oracle, r=reach, s=scaled, **w: o(q, k, reach=r, scaled=s, **w),
                inputs,
            )
    inputs = draw(FILE, SIZES)
    q, k, w = inputs.pop("q"), inputs.pop("k"), inputs
    torch.testing.assert_close(positions(q, k, w), pair_by_pair(q, k, reach=4, scaled=True, **w))
    torch.testing.assert_close(positions(q[:, :1], k[:, :1], w), positions(q, k, w)[:, :, :1, :1])


def test_agrees_pair_by_pair(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_a_sequence_longer_than_twice_the_reach_needs_no_further_vectors(shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 40, "reach": 2})
    q, k, w = inputs.pop("q"), inputs.pop("k"), inputs
    same = k[:, :1].expand_as(k)

    scores = shipped(FILE).relative_positions(q, same, w, reach=2)

    torch.testing.assert_close(scores[..., 30, :29], scores[..., 30, :1].expand(-1, -1, 29))
    assert (scores[..., 30, 28] - scores[..., 30, 29]).abs().min() > 1e-4


def test_at_reach_zero_the_softmax_is_that_of_scaled_dot_product_attention(shipped, draw):
    inputs = draw(FILE, {**SIZES, "reach": 0})
    q, k, w = inputs.pop("q"), inputs.pop("k"), inputs
    v = torch.eye(9, dtype=q.dtype)[None, :, None].expand(2, 9, 3, 9)

    shares = shipped(FILE).relative_positions(q, k, w, reach=0).softmax(dim=-1)

    attention = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    torch.testing.assert_close(shares.transpose(1, 2), attention(q, k, v, causal=False)[0])
