"""Truth of DPFP."""

import types

import pytest
import torch
from torch import Tensor

FILE = "dpfp"
SIZES = {"B": 2, "T": 5, "H": 3, "K": 4}
WRONG = {
    "rolled the other way": ("r.roll(j,", "r.roll(-j,"),
    "rolled along the heads": ("r.roll(j, dims=-1)", "r.roll(j, dims=-2)"),
    "rolled as one flat row": ("r.roll(j, dims=-1)", "r.roll(j)"),
    "sign dropped": ("torch.cat([x, -x], dim=-1).relu()", "torch.cat([x, -x], dim=-1).abs()"),
    "not rectified": ("torch.cat([x, -x], dim=-1).relu()", "torch.cat([x, -x], dim=-1)"),
    "positive part twice": ("[x, -x]", "[x, x]"),
    "negative part first": ("[x, -x]", "[-x, x]"),
    "signs interleaved": ("torch.cat([x, -x], dim=-1).relu()", "torch.stack([x, -x], dim=-1).flatten(-2).relu()"),
    "rolled before the split": ("r * r.roll(j, dims=-1)", "r * torch.cat([a := x.roll(j, -1), -a], -1).relu()"),
    "shifts from 0": ("range(1, nu + 1)", "range(nu)"),
    "one shift too few": ("range(1, nu + 1)", "range(1, max(2, nu))"),
    "one shift only": ("r.roll(j,", "r.roll(1,"),
    "product of all shifts": ("torch.cat(products, dim=-1)", "torch.stack(products).prod(0).repeat(1, 1, 1, nu)"),
    "sum for product": ("r * r.roll", "r + r.roll"),
    "shifts interleaved": ("torch.cat(products, dim=-1)", "torch.stack(products, dim=-1).flatten(-2)"),
    "normalised by the sum": (
        "torch.cat(products, dim=-1)",
        "torch.cat(products, dim=-1) / (torch.cat(products, dim=-1).sum(-1, keepdim=True) + 1e-6)",
    ),
}


def listed(x: Tensor, nu: int) -> Tensor:
    """The formula part by part: part c of the 2 K is max(x_c, 0), or max(-x_{c-K}, 0) beyond K."""
    K = x.shape[-1]

    def part(c: int) -> Tensor:
        c %= 2 * K
        return (x[..., c] if c < K else -x[..., c - K]).clamp(min=0)

    return torch.stack([part(c) * part(c - j) for j in range(1, nu + 1) for c in range(2 * K)], dim=-1)


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    for nu in (1, 2, 3, 7):
        agree(lambda x, nu=nu: module.dpfp(x, nu=nu), lambda x, nu=nu: listed(x, nu), inputs)
    torch.testing.assert_close(module.dpfp(inputs["x"]), listed(inputs["x"], 1))
    torch.testing.assert_close(module.dpfp(inputs["x"][:, :1], nu=2), listed(inputs["x"][:, :1], 2))


def test_agrees_with_the_formula_part_by_part(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_no_shift_and_shifts_that_come_round_are_refused(shipped, draw):
    x = draw(FILE, SIZES)["x"]

    assert shipped(FILE).dpfp(x, nu=7).shape == (2, 5, 3, 56)
    for nu in (0, 8):
        with pytest.raises(AssertionError):
            shipped(FILE).dpfp(x, nu=nu)


def test_features_are_sparse_never_negative_and_of_second_degree(shipped, draw):
    x = draw(FILE, {"T": 400, "K": 8})["x"]

    phi = shipped(FILE).dpfp(x, nu=3)

    assert phi.min() == 0
    assert 0.23 < (phi > 0).double().mean() < 0.29
    torch.testing.assert_close(shipped(FILE).dpfp(3 * x, nu=3), 9 * phi)
    assert not shipped(FILE).dpfp(torch.eye(8, dtype=x.dtype)[None, :, None], nu=3).any()


def test_the_block_of_shift_k_is_zero_and_later_blocks_repeat_earlier_ones(shipped, draw):
    blocks = shipped(FILE).dpfp(draw(FILE, SIZES)["x"], nu=7).unflatten(-1, (7, 8))

    assert not blocks[..., 3, :].any()
    for j in (1, 2, 3):
        torch.testing.assert_close(blocks[..., 7 - j, :].roll(-(8 - j), -1), blocks[..., j - 1, :])


def test_the_index_that_the_paper_prints_gives_the_same_kernel(shipped, draw):
    q, k = draw(FILE, SIZES)["x"], draw(FILE, SIZES, seed=1)["x"]

    def printed(x: Tensor) -> Tensor:
        r = torch.cat([x, -x], dim=-1).relu()
        return torch.cat([r * r.roll(-j, dims=-1) for j in (1, 2, 3)], dim=-1)

    dpfp = shipped(FILE).dpfp
    torch.testing.assert_close((dpfp(q, nu=3) * dpfp(k, nu=3)).sum(-1), (printed(q) * printed(k)).sum(-1))
