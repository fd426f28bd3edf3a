"""Truth of rotary positions: complex numbers, rotation matrices, and the rotations of GPT-J, LLaMA and GPT-NeoX."""

import math
import types

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.gptj import modeling_gptj
from transformers.models.llama import modeling_llama

FILE = "rotary_positions"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 8}
TURN = "one * angle.cos() - two * angle.sin(), one * angle.sin() + two * angle.cos()"
WRONG = {
    "turned the other way": (TURN, "one * angle.cos() + two * angle.sin(), two * angle.cos() - one * angle.sin()"),
    "one sign wrong": (TURN, TURN.replace(" - ", " + ")),
    "sine and cosine swapped": (TURN, TURN.replace("cos", "x").replace("sin", "cos").replace("x", "sin")),
    "not a rotation": (TURN, "one * angle.cos() - two * angle.sin(), two * angle.cos() + two * angle.sin()"),
    "keys not turned": ("rotate(k, layout, base, fraction)", "k"),
    "queries not turned": ("rotate(q, layout, base, fraction)", "q"),
    "layouts swapped": ('layout == "interleaved"', 'layout != "interleaved"'),
    "taken apart in halves, put together in turn": (
        "turned[..., :pairs], turned[..., pairs:]",
        "turned[..., ::2], turned[..., 1::2]",
    ),
    "frequencies upside down": ("base ** (-c", "base ** (c"),
    "exponent c/d": ("-c / pairs", "-c / (2 * pairs)"),
    "exponent c/(d/2 - 1)": ("-c / pairs", "-c / max(1, pairs - 1)"),
    "speeds of the whole head": ("-c / pairs", "-2 * c / K"),
    "rest dropped": (", rest], dim=-1)", ", 0 * rest], dim=-1)"),
    "everything rotated": ("int(K * fraction)", "int(K)"),
    "keys by queries": ("->bhij", "->bhji"),
    "always scaled": ("if scaled else scores", "if True else scores"),
    "scaled by K": ("q.shape[-1] ** 0.5", "q.shape[-1]"),
    "pairs put back the other way round": ("torch.stack([one, two], dim=-1)", "torch.stack([two, one], dim=-1)"),
    "base ignored": ("* base **", "* 10000.0 **"),
}
SETTINGS = (
    {"layout": "interleaved", "base": 10000.0, "fraction": 1.0, "scaled": False},
    {"layout": "halves", "base": 10000.0, "fraction": 1.0, "scaled": True},
    {"layout": "interleaved", "base": 100.0, "fraction": 0.5, "scaled": True},
    {"layout": "halves", "base": 500.0, "fraction": 0.75, "scaled": False},
    {"layout": "interleaved", "base": 10.0, "fraction": 0.1, "scaled": False},
)


def by_complex_numbers(q: Tensor, k: Tensor, layout: str, base: float, fraction: float, scaled: bool) -> Tensor:
    """Re sum_c q_c conj(k_c) e^{i (i - j) theta_c}, and the plain product of what is not rotated."""
    T, K = q.shape[1], q.shape[3]
    pairs = math.floor(K * fraction) // 2
    first = [2 * c if layout == "interleaved" else c for c in range(pairs)]
    second = [2 * c + 1 if layout == "interleaved" else c + pairs for c in range(pairs)]
    scores = torch.einsum("bihk,bjhk->bhij", q[..., 2 * pairs :], k[..., 2 * pairs :])
    place = torch.arange(T, dtype=q.dtype)
    for c in range(pairs):
        a, b = (torch.complex(x[..., first[c]], x[..., second[c]]).transpose(1, 2) for x in (q, k))
        angle = (place[:, None] - place[None, :]) / base ** (2 * c / (2 * pairs))
        scores = scores + (a[..., :, None] * b[..., None, :].conj() * torch.polar(torch.ones_like(angle), angle)).real
    return scores / K**0.5 if scaled else scores


def turned(x: Tensor, layout: str, base: float, fraction: float) -> Tensor:
    """Every pair, looked up by its two channels, times e^{i p theta}, and put back where it was."""
    y = x.clone()
    d = math.floor(x.shape[3] * fraction) // 2 * 2
    for c in range(d // 2):
        one, two = (2 * c, 2 * c + 1) if layout == "interleaved" else (c, c + d // 2)
        angle = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * base ** (-2 * c / d)
        pair = torch.complex(x[..., one], x[..., two]) * torch.polar(torch.ones_like(angle), angle)
        y[..., one], y[..., two] = pair.real, pair.imag
    return y


def by_matrices(q: Tensor, k: Tensor) -> Tensor:
    """The block-diagonal matrices R_p of the paper, for neighbouring channels."""
    T, K = q.shape[1], q.shape[3]
    R = []
    for p in range(T):
        angles = [p * 10000 ** (-2 * c / K) for c in range(K // 2)]
        blocks = [[[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]] for a in angles]
        R.append(torch.block_diag(*(torch.tensor(block, dtype=q.dtype) for block in blocks)))
    turns = torch.stack(R)
    return torch.einsum("bihk,ilk,jlm,bjhm->bhij", q, turns, turns, k)


def check(module: types.ModuleType, draw, agree) -> None:
    positions = module.rotary_positions
    inputs = draw(FILE, SIZES)
    agree(lambda q, k: positions(q, k), by_matrices, inputs)
    for K in (8, 7):
        inputs = draw(FILE, {**SIZES, "K": K})
        for given in SETTINGS:
            agree(
                lambda q, k, given=given: positions(q, k, **given),
                lambda q, k, given=given: by_complex_numbers(q, k, **given),
                inputs,
            )
            rotation = {name: given[name] for name in ("layout", "base", "fraction")}
            agree(
                lambda x, rotation=rotation: module.rotate(x, **rotation),
                lambda x, rotation=rotation: turned(x, **rotation),
                {"x": inputs["q"]},
            )
    q, k = inputs.values()
    plain = torch.einsum("bihk,bjhk->bhij", q[:, :1], k[:, :1])
    torch.testing.assert_close(positions(q[:, :1], k[:, :1]), plain)


def test_agrees_with_complex_numbers_and_matrices(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_neighbours_turn_as_in_gpt_j(shipped, draw):
    q, k = (tensor.float() for tensor in draw(FILE, SIZES).values())
    sin, cos = modeling_gptj.create_sinusoidal_positions(7, 8).expand(2, 7, 8).chunk(2, dim=-1)
    theirs = [modeling_gptj.apply_rotary_pos_emb(x, sin, cos) for x in (q, k)]

    ours = shipped(FILE).rotary_positions(q, k)

    torch.testing.assert_close([shipped(FILE).rotate(x, "interleaved", 10000.0, 1.0) for x in (q, k)], theirs)
    torch.testing.assert_close(ours, torch.einsum("bihk,bjhk->bhij", *theirs))


def llama_angles(q: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    config = LlamaConfig(hidden_size=channels, num_attention_heads=1, head_dim=channels, rope_theta=10000.0)
    return modeling_llama.LlamaRotaryEmbedding(config)(q, torch.arange(q.shape[1])[None])


def test_halves_turn_as_in_llama(shipped, draw):
    q, k = (tensor.float() for tensor in draw(FILE, SIZES).values())
    theirs = modeling_llama.apply_rotary_pos_emb(q, k, *llama_angles(q, 8), unsqueeze_dim=2)

    ours = shipped(FILE).rotary_positions(q, k, layout="halves")

    torch.testing.assert_close(tuple(shipped(FILE).rotate(x, "halves", 10000.0, 1.0) for x in (q, k)), theirs)
    torch.testing.assert_close(ours, torch.einsum("bihk,bjhk->bhij", *theirs))


def test_a_part_of_the_channels_turns_as_in_gpt_neox(shipped, draw):
    q, k = (tensor.float() for tensor in draw(FILE, SIZES).values())
    theirs = modeling_gpt_neox.apply_rotary_pos_emb(q, k, *llama_angles(q, 4), unsqueeze_dim=2)

    ours = shipped(FILE).rotary_positions(q, k, layout="halves", fraction=0.5)

    torch.testing.assert_close(ours, torch.einsum("bihk,bjhk->bhij", *theirs))


@pytest.mark.parametrize("layout", ["interleaved", "halves"])
def test_scores_know_the_distance_and_nothing_else(layout, shipped, draw):
    q, k = draw(FILE, SIZES).values()
    same_q, same_k = q[:, :1].expand_as(q), k[:, :1].expand_as(k)

    scores = shipped(FILE).rotary_positions(same_q, same_k, layout=layout)

    for distance in range(-6, 7):
        diagonal = scores.diagonal(distance, dim1=-2, dim2=-1)
        torch.testing.assert_close(diagonal, diagonal[..., :1].expand_as(diagonal))
    assert (scores[..., 0, 1] - scores[..., 1, 0]).abs().min() > 1e-3


def test_the_layouts_differ_by_a_permutation(shipped, draw):
    q, k = draw(FILE, SIZES).values()
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    positions = shipped(FILE).rotary_positions

    torch.testing.assert_close(positions(q[..., order], k[..., order], layout="halves"), positions(q, k))


def test_where_nothing_is_rotated_the_softmax_is_that_of_scaled_dot_product_attention(shipped, draw):
    q, k = draw(FILE, SIZES).values()
    v = torch.eye(7, dtype=q.dtype)[None, :, None].expand(2, 7, 3, 7)

    shares = shipped(FILE).rotary_positions(q, k, fraction=0.0, scaled=True).softmax(dim=-1)

    attention = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    torch.testing.assert_close(shares.transpose(1, 2), attention(q, k, v, causal=False)[0])
