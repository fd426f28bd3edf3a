"""Truth of the Gopher block: RMSNorm and Transformer-XL's relative positions."""

import math
import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import XLNetConfig
from transformers.models.xlnet.modeling_xlnet import XLNetRelativeAttention

FILE = "gopher_block"
SIZES = {"B": 2, "T": 6, "D": 18, "F": 20, "heads": 3}
WRONG = {
    "distance one too large": ("n.clamp(min=0)", "(n + 1).clamp(min=0, max=T - 1)"),
    "distance reversed": ("n.clamp(min=0)", "(T - 1 - n).clamp(max=T - 1)"),
    "u in the place of v": ('w["v_distance"].view', 'w["u_content"].view'),
    "no u": ('q + w["u_content"].view(heads, -1)', "q"),
    "content alone scaled": (
        "(content + position) / (D // heads) ** 0.5",
        "content / (D // heads) ** 0.5 + position",
    ),
    "distances not projected": (' @ w["w_rel"]', ""),
    "sine and cosine in turn": (
        "torch.cat([angle.sin(), angle.cos()], dim=-1)",
        "torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)",
    ),
    "mean subtracted": ("return x / (x.square()", "x = x - x.mean(-1, keepdim=True)\n    return x / (x.square()"),
    "eps outside the root": ("keepdim=True) + 1e-6).sqrt()", "keepdim=True).sqrt() + 1e-6)"),
    "root of the sum": ("x.square().mean(dim", "x.square().sum(dim"),
    "norm on the sum": (
        'x + _relative_attention(_rms_norm(x, w["g_1"]), w, heads)',
        '_rms_norm(x + _relative_attention(x, w, heads), w["g_1"])',
    ),
    "future seen": ("n < 0", "n < -1"),
}


def wave(distance: int, D: int) -> Tensor:
    """Transformer-XL's vector of a distance: all sines, then all cosines, of which an odd D has one less."""
    angles = [distance / 10000 ** (i / D) for i in range(0, D, 2)]
    return torch.tensor([*map(math.sin, angles), *map(math.cos, angles[: D // 2])], dtype=torch.float64)


def score(i: int, j: int, x: Tensor, w: dict[str, Tensor], columns: slice) -> Tensor:
    """The four terms of one pair of tokens in one head, (B,)."""
    q, k = x[:, i] @ w["w_q"][:, columns], x[:, j] @ w["w_k"][:, columns]
    r = wave(i - j, x.shape[2]) @ w["w_rel"][:, columns]
    u, v = w["u_content"][columns], w["v_distance"][columns]
    return ((q * k).sum(-1) + q @ r + k @ u + r @ v) / (columns.stop - columns.start) ** 0.5


def pair_by_pair(x: Tensor, w: dict[str, Tensor], heads: int, activation: str = "gelu") -> Tensor:
    """The block with every score computed on its own, the library's RMSNorm, GELU and ReLU."""
    D = x.shape[2]
    normed = functional.rms_norm(x, (D,), w["g_1"], eps=1e-6)
    mixed = []
    for head in range(heads):
        columns = slice(head * D // heads, (head + 1) * D // heads)
        values = normed @ w["w_v"][:, columns]
        rows = []
        for i in range(x.shape[1]):
            scores = torch.stack([score(i, j, normed, w, columns) for j in range(i + 1)], dim=-1)
            rows.append((scores.softmax(dim=-1)[:, :, None] * values[:, : i + 1]).sum(dim=1))
        mixed.append(torch.stack(rows, dim=1))
    x = x + torch.cat(mixed, dim=-1) @ w["w_o"]
    normed = functional.rms_norm(x, (D,), w["g_2"], eps=1e-6)
    hidden = getattr(functional, activation)(functional.linear(normed, w["w_1"].T, w["b_1"]))
    return x + functional.linear(hidden, w["w_2"].T, w["b_2"])


def check(module: types.ModuleType, draw, agree) -> None:
    for D, activation in ((18, "gelu"), (15, "relu")):
        inputs = draw(FILE, {**SIZES, "D": D})
        agree(
            lambda x, activation=activation, **w: module.gopher_block(x, w, heads=3, activation=activation),
            lambda x, activation=activation, **w: pair_by_pair(x, w, 3, activation),
            inputs,
        )
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    torch.testing.assert_close(module.gopher_block(x, w), pair_by_pair(x, w, 2))
    torch.testing.assert_close(module.gopher_block(x[:, :1], w, heads=3), pair_by_pair(x[:, :1], w, 3))
    torch.testing.assert_close(module.gopher_block(1000 * x, w, heads=3), pair_by_pair(1000 * x, w, 3))


def test_agrees_with_the_four_scores_of_every_pair(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_the_attention_is_that_of_xlnet_which_shifts_instead_of_gathering(shipped, draw):
    inputs = draw(FILE, SIZES)
    x, w = inputs.pop("x"), inputs
    (_, T, D), heads = x.shape, 3
    xlnet = XLNetRelativeAttention(XLNetConfig(d_model=D, n_head=heads, d_inner=20, dropout=0.0)).double()
    tokens, split = x.transpose(0, 1), (heads, D // heads)
    with torch.no_grad():
        xlnet.r_w_bias.copy_(w["u_content"].view(split))
        xlnet.r_r_bias.copy_(w["v_distance"].view(split))
        q, k, v = ((tokens @ w[name]).unflatten(-1, split) for name in ("w_q", "w_k", "w_v"))
        # XLNet lists the distances from T down to 1 - T
        r = torch.stack([wave(n, D) for n in range(T, -T, -1)]) @ w["w_rel"]
        blocked = torch.ones(T, T, dtype=x.dtype).triu(1)[:, :, None, None]
        mixed = xlnet.rel_attn_core(q, k, v, r.unflatten(-1, split)[:, None].expand(-1, 2, -1, -1), attn_mask=blocked)

    ours = shipped(FILE)._relative_attention(x, w, heads)

    torch.testing.assert_close(ours, mixed.transpose(0, 1).flatten(-2) @ w["w_o"])


def test_the_number_of_parameters_is_thirteen_squares_and_nine_widths(draw):
    weights = draw(FILE, {"D": 24, "F": 96})
    del weights["x"]

    assert sum(weight.numel() for weight in weights.values()) == 13 * 24**2 + 9 * 24
