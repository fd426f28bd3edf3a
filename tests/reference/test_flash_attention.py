"""Truth of FlashAttention: torch's own attention, with gradients, for tiles that fit and tiles that do not."""

import types

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

FILE = "flash_attention"
SIZES = {"B": 2, "T": 14, "H": 3, "K": 5, "V": 4}
WRONG = {
    "O not rescaled": ("kept[..., None] * mixed", "mixed"),
    "l not rescaled": ("kept * total", "total"),
    "rescaled the wrong way round": ("(m - higher).exp()", "(higher - m.clamp(min=-9)).exp()"),
    "maximum of the tile alone": ("torch.maximum(m, S.amax(dim=-1))", "S.amax(dim=-1).clamp(min=-50)"),
    "maximum not kept": ("                m = higher\n", ""),
    "divided in every tile": (
        "                m = higher\n",
        "                m = higher\n                mixed = mixed / total[..., None]\n",
    ),
    "ragged tile dropped": ("range(0, size, tile)", "range(0, max(1, size - size % tile), tile)"),
    "ragged tile cut short": ("min(first + tile, size)", "min(first + tile, max(size - 1, 1))"),
    "mask within the tile only": ("j > i,", "j - j[0] > i - i[0],"),
    "mask from the top left": (" + k.shape[1] - q.shape[1]", ""),
    "mask one early": ("j > i,", "(j > i - 1) & (j > 0),"),
    "mask one late": ("j > i,", "j > i + 1,"),
    "skipped one tile early": ("S - T + rows.stop", "S - T + rows.start"),
    "skipped without regard to the past": ("S - T + rows.stop", "rows.stop"),
    "no scale": ("k[:, columns]) / q.shape[3] ** 0.5\n    if", "k[:, columns])\n    if"),
    "causal ignored": ("if not causal:", "if False:"),
    "gradient: rowsum left out": ("(dP - row[:, :, rows, None])", "dP"),
    "gradient: no scale": ("row[:, :, rows, None]) / q.shape[3] ** 0.5", "row[:, :, rows, None])"),
    "gradient: P not divided": ("logsums.append(m + total.log())", "logsums.append(m)"),
    "gradient: P divided twice": ("logsums.append(m + total.log())", "logsums.append(m + 2 * total.log())"),
    "gradient: the last tile only": ("dq[:, rows] +=", "dq[:, rows] ="),
    "gradient: of the values once": ("dv[:, columns] +=", "dv[:, columns] ="),
    "earlier keys dropped": ("torch.cat([state[0], k], dim=1)", "torch.cat([0 * state[0], k], dim=1)"),
    "earlier values dropped": ("torch.cat([state[1], v], dim=1)", "torch.cat([0 * state[1], v], dim=1)"),
}


def library(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    """The queries as the last of the tokens: torch takes them for the first, so it is given the mask."""
    T, S = q.shape[1], k.shape[1]
    allowed = torch.ones(T, S, dtype=torch.bool).tril(S - T) if causal else None
    heads_first = (tensor.transpose(1, 2) for tensor in (q, k, v))
    return functional.scaled_dot_product_attention(*heads_first, attn_mask=allowed).transpose(1, 2)


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.flash_attention
    inputs = draw(FILE, SIZES)
    for tile in (1, 3, 4, 14, 64):
        for causal in (True, False):
            agree(
                lambda tile=tile, causal=causal, **qkv: attention(**qkv, causal=causal, tile=tile)[0],
                lambda causal=causal, **qkv: library(**qkv, causal=causal),
                inputs,
            )
    # seven queries behind seven earlier tokens
    agree(
        lambda q, k, v: attention(q[:, 7:], k[:, 7:], v[:, 7:], (k[:, :7], v[:, :7]), tile=3)[0],
        lambda q, k, v: library(q[:, 7:], k, v, True),
        inputs,
    )
    q, k, v = inputs.values()
    torch.testing.assert_close(attention(q, k, v)[0], library(q, k, v, True))
    torch.testing.assert_close(attention(1000 * q, 10 * k, v, tile=3)[0], library(1000 * q, 10 * k, v, True))
    torch.testing.assert_close(attention(q[:, :1], k[:, :1], v[:, :1])[0], v[:, :1])

    first, state = attention(q[:, :3], k[:, :3], v[:, :3])
    second, state = attention(q[:, 3:4], k[:, 3:4], v[:, 3:4], state)
    third, state = attention(q[:, 4:], k[:, 4:], v[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second, third], dim=1), library(q, k, v, True))
    torch.testing.assert_close(state, (k, v))

    # tiles that lie in the future are not looked at: two products for each of the others
    for settings, rows, seen in (({}, 14, 10), ({"tile": 3}, 14, 15), ({"causal": False}, 14, 16), ({}, 6, 7)):
        with Calls() as calls:
            attention(q[:, -rows:], k[:, -rows:], v[:, -rows:], (k[:, :-rows], v[:, :-rows]), **settings)
        assert [name for name, _ in calls].count("bmm") == 2 * seen


class Calls(TorchDispatchMode):
    """Notes operation and size of result of all that is computed while it is entered, gradients too."""

    def __enter__(self) -> list[tuple[str, int]]:
        self.notes: list[tuple[str, int]] = []
        super().__enter__()
        return self.notes

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.notes.append((func.overloadpacket.__name__, result.numel() if isinstance(result, Tensor) else 0))
        return result


def test_agrees_with_the_library(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("tile", [1, 3, 512])
def test_whatever_the_tile_it_is_scaled_dot_product_attention(tile, shipped, draw):
    q, k, v = draw(FILE, SIZES).values()

    o, state = shipped(FILE).flash_attention(q, k, v, tile=tile)

    plain = shipped("scaled_dot_product_attention").scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close((o, state), plain, rtol=1e-12, atol=1e-12)


def test_no_tensor_is_as_large_as_the_scores(shipped, draw):
    """Forward and backward, with T = 64 and tiles of 8: what autograd keeps and what is made are all smaller."""
    q, k, v = (x.requires_grad_() for x in draw(FILE, {"B": 1, "T": 64, "H": 1, "K": 4, "V": 4}).values())

    with Calls() as calls:
        o, _ = shipped(FILE).flash_attention(q, k, v, tile=8)
        o.sum().backward()

    assert sum(name == "bmm" for name, _ in calls) == (2 + 5) * 36
    assert max(size for _, size in calls) < 64 * 64 / 8


def test_more_than_128_tiles_of_queries_are_refused_but_a_long_past_is_not(shipped, draw):
    flash = shipped(FILE).flash_attention
    q, k, v = draw(FILE, {"B": 1, "T": 129, "H": 1, "K": 2, "V": 2, "tile": 2}).values()

    o, _ = flash(q[:, 1:], k[:, 1:], v[:, 1:], tile=1)
    last, _ = flash(q[:, -1:], k[:, -1:], v[:, -1:], (k[:, :-1], v[:, :-1]), tile=1)

    torch.testing.assert_close(o, library(q[:, 1:], k[:, 1:], v[:, 1:], True))
    torch.testing.assert_close(last, library(q, k, v, True)[:, -1:])
    with pytest.raises(AssertionError):
        flash(q, k, v, tile=1)
