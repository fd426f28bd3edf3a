"""Truth of sinusoidal positions: plain Python entry by entry, and the tables of three models of transformers.

``dim=1`` for ``dim=-1`` leaves the numbers alone: the waves have two dimensions.
"""

import math
import types

import pytest
import torch
from torch import Tensor
from transformers.models.distilbert.modeling_distilbert import create_sinusoidal_embeddings
from transformers.models.m2m_100.modeling_m2m_100 import M2M100SinusoidalPositionalEmbedding
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

FILE = "sinusoidal_positions"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 6}
WRONG = {
    "sine and cosine swapped": ("angle.sin(), angle.cos()", "angle.cos(), angle.sin()"),
    "layouts swapped": ('layout == "interleaved"', 'layout != "interleaved"'),
    "places from 1": ("angle = place[:, None] *", "angle = (place[:, None] + 1) *"),
    "rules swapped": ('frequencies == "paper"', 'frequencies != "paper"'),
    "exponent c/d": ("2 * c / K", "c / K"),
    "exponent 2c/d of every channel": ("share = 2 * c / K", "share = 4 * c / K"),
    "frequencies upside down": ("10000.0**-share", "10000.0**share"),
    "code without the end point": ("max(1, pairs - 1)", "pairs"),
    "positions on the keys only": ("q + waves", "q"),
    "positions on the queries only": ("k + waves", "k"),
    "position with position only": (
        'einsum("bihk,bjhk->bhij", q + waves, k + waves)',
        'einsum("bihk,bjhk->bhij", q, k) + einsum("ihk,jhk->ij", waves, waves)',
    ),
    "keys by queries": ("->bhij", "->bhji"),
    "always scaled": ("if scaled else scores", "if True else scores"),
    "scaled by K": ("q.shape[-1] ** 0.5", "q.shape[-1]"),
    "amplitude once": ("waves = amplitude *", "waves ="),
    "amplitude on the sum": ("q + waves, k + waves", "amplitude * (q + waves), k + waves"),
    "a place for every head": (
        "_waves(q, layout, frequencies)[:, None]",
        "_waves(q.transpose(1, 2), layout, frequencies)",
    ),
}


def entry(place: int, channel: int, K: int, layout: str, frequencies: str) -> float:
    pairs = math.ceil(K / 2)
    if layout == "interleaved":
        clock, wave = divmod(channel, 2)
    else:
        wave, clock = divmod(channel, pairs)
    exponent = 2 * clock / K if frequencies == "paper" else clock / max(pairs - 1, 1)
    return (math.sin, math.cos)[wave](place / 10000**exponent)


def entry_by_entry(q: Tensor, k: Tensor, layout: str, frequencies: str, amplitude: float, scaled: bool) -> Tensor:
    T, K = q.shape[1], q.shape[3]
    table = [[amplitude * entry(p, c, K, layout, frequencies) for c in range(K)] for p in range(T)]
    rows = []
    for i in range(T):
        for j in range(T):
            terms = [(q[:, i, :, c] + table[i][c]) * (k[:, j, :, c] + table[j][c]) for c in range(K)]
            rows.append(sum(terms) / (math.sqrt(K) if scaled else 1))
    return torch.stack(rows, dim=-1).unflatten(-1, (T, T))


def check(module: types.ModuleType, draw, agree) -> None:
    positions = module.sinusoidal_positions
    for K in (6, 8, 5, 4, 1):
        inputs = draw(FILE, {**SIZES, "K": K})
        for layout, frequencies, amplitude, scaled in (
            ("interleaved", "paper", 1.0, False),
            ("halves", "paper", 1.0, True),
            ("interleaved", "code", 0.5, False),
            ("halves", "code", 2.0, True),
        ):
            given = {"layout": layout, "frequencies": frequencies, "amplitude": amplitude, "scaled": scaled}
            agree(
                lambda q, k, given=given: positions(q, k, **given),
                lambda q, k, given=given: entry_by_entry(q, k, **given),
                inputs,
            )
    q, k = draw(FILE, SIZES).values()
    torch.testing.assert_close(positions(q, k), entry_by_entry(q, k, "interleaved", "paper", 1.0, False))
    torch.testing.assert_close(positions(q[:, :1], k[:, :1]), positions(q, k)[:, :, :1, :1])


def test_agrees_with_the_formula(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def table(module: types.ModuleType, places: int, K: int, **settings: str) -> Tensor:
    """The scores of zero queries with keys that pick one channel each, the positions of keys taken out: PE itself."""
    q = torch.zeros(1, max(places, K), 1, K, dtype=torch.float64)
    k = torch.zeros_like(q)
    k[0, :K, 0] = torch.eye(K, dtype=torch.float64)
    scores = module.sinusoidal_positions(q, k, **settings) - module.sinusoidal_positions(q, 0 * k, **settings)
    return scores[0, 0, :places, :K]


@pytest.mark.parametrize("K", [8, 6])
def test_the_tables_are_those_of_distilbert_marian_and_m2m100(K, shipped):
    distilbert = torch.empty(20, K)
    create_sinusoidal_embeddings(20, K, distilbert)
    marian = MarianSinusoidalPositionalEmbedding(20, K)
    marian.weight.data.copy_(marian.create_weight())
    m2m100 = M2M100SinusoidalPositionalEmbedding.get_embedding(20, K)
    module = shipped(FILE)

    ours = [
        table(module, 20, K),
        table(module, 20, K, layout="halves"),
        table(module, 20, K, layout="halves", frequencies="code"),
    ]

    for one, other in zip(ours, (distilbert, marian.weight.detach(), m2m100), strict=True):
        torch.testing.assert_close(one, other.double(), rtol=0, atol=2e-6)


@pytest.mark.parametrize("frequencies", ["paper", "code"])
def test_a_shift_is_a_rotation_that_does_not_depend_on_the_place(frequencies, shipped):
    PE = table(shipped(FILE), 30, 8, frequencies=frequencies)
    clocks = torch.complex(PE[:, 1::2], PE[:, 0::2])  # cos + i sin

    turned = clocks[13:] / clocks[:-13]

    torch.testing.assert_close(turned, turned[:1].expand_as(turned))


def test_the_speeds_of_code_and_paper(shipped):
    module = shipped(FILE)

    paper, code = (table(module, 2, 8, frequencies=rule)[1, 0::2].asin() for rule in ("paper", "code"))

    torch.testing.assert_close(paper, torch.tensor([1, 0.1, 0.01, 0.001], dtype=paper.dtype))
    torch.testing.assert_close(code, 10000.0 ** (-torch.arange(4, dtype=code.dtype) / 3))


def test_without_amplitude_the_softmax_is_that_of_scaled_dot_product_attention(shipped, draw):
    q, k = draw(FILE, SIZES).values()
    v = torch.eye(7, dtype=q.dtype)[None, :, None].expand(2, 7, 3, 7)

    shares = shipped(FILE).sinusoidal_positions(q, k, amplitude=0.0, scaled=True).softmax(dim=-1)

    attention = shipped("scaled_dot_product_attention").scaled_dot_product_attention
    torch.testing.assert_close(shares.transpose(1, 2), attention(q, k, v, causal=False)[0])
