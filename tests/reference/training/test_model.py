"""The model around an idea: the same for all but the idea, trained through, causal, and counted."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from kb.reference.guest_model import Model, attend, attend_linearly
from kb.reference.registry import get_idea, list_ideas
from kb.reference.training import is_trainable
from kb.reference.training.program import describe_for_training

SIZES = {"T": 11, "D": 16, "H": 2, "K": 8, "V": 8, "F": 32, "R": 2}
TRAINABLE = [idea.slug for idea in list_ideas() if is_trainable(idea)]
ACROSS = {"batch-normalisation", "group-normalisation"}
"""Norms that see other tokens, as their headers say."""
AHEAD = {"relative-positions": ["a_ahead"]}
"""Weights of what comes later, which a causal model never asks for."""
Build = Callable[..., Model]


@pytest.fixture
def build() -> Build:
    def make(slug: str, seed: int = 0, layers: int = 2, **own: object) -> Model:
        return Model(describe_for_training(get_idea(slug), own, SIZES), vocabulary=7, layers=layers, seed=seed)

    return make


@pytest.fixture
def tokens() -> Tensor:
    return torch.randint(7, (3, SIZES["T"]), generator=torch.Generator().manual_seed(1))


def test_most_forms_are_trained() -> None:
    forms = {get_idea(slug).form for slug in TRAINABLE}
    assert forms == {"mixer", "recurrence", "block", "position", "features", "norm", "feed-forward"}
    assert len(TRAINABLE) >= 45


@pytest.mark.parametrize("slug", TRAINABLE)
def test_a_step_reaches_every_parameter(slug: str, build: Build, tokens: Tensor) -> None:
    model = build(slug)
    logits = model(tokens)
    assert logits.shape == (3, SIZES["T"], 7)
    assert logits.dtype == torch.float32
    cross_entropy(logits.flatten(0, 1), tokens.flatten()).backward()
    untouched = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.abs().sum() > 0]
    assert {name.rsplit(".", 1)[-1] for name in untouched} == set(AHEAD.get(slug, ()))
    assert all(bool(one.grad.isfinite().all()) for one in model.parameters() if one.grad is not None)


@pytest.mark.parametrize("slug", TRAINABLE)
def test_nothing_looks_ahead_but_norms_across_tokens(slug: str, build: Build, tokens: Tensor) -> None:
    assert (build(slug).find_leak(tokens) > 1e-4) == (slug in ACROSS)


@pytest.mark.parametrize(
    ("slug", "own"),
    [("scaled-dot-product-attention", {"causal": "false"}), ("pre-ln", {"causal": "false"})],
)
def test_what_is_told_to_look_ahead_is_found_out(
    slug: str, own: dict[str, object], build: Build, tokens: Tensor
) -> None:
    assert build(slug, **own).find_leak(tokens) > 1e-4


def test_a_change_of_the_first_token_reaches_the_last_answer(build: Build, tokens: Tensor) -> None:
    other = tokens.clone()
    other[:, 0] = (tokens[:, 0] + 1) % 7
    model = build("scaled-dot-product-attention")
    assert (model(tokens) - model(other))[:, -1].abs().max() > 0


def test_all_models_share_what_is_around_the_idea(build: Build) -> None:
    one, other = (dict(build(slug).named_parameters()) for slug in ("deltanet", "linear-attention"))
    assert set(other) < set(one)
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert {name.split(".")[-2] for name in set(one) - set(other)} == {"beta"}
    again = dict(build("deltanet", seed=1).named_parameters())
    assert not torch.equal(one["embedding"], again["embedding"])
    assert not torch.equal(one["layers.0.mixing.q"], one["layers.1.mixing.q"])


@pytest.mark.parametrize(
    ("slug", "of_the_idea"),
    [
        # projections q, k, v, out and a feed-forward network of twice the width; norms
        ("scaled-dot-product-attention", 4 * 16**2 + 4 * 16**2 + 2 * 16),
        ("deltanet", 4 * 16**2 + 4 * 16**2 + 2 * 16 + 2 * (16 + 1)),
        # w, u and b of four gates, and the way out
        ("lstm", 8 * 16**2 + 4 * 16 + 16**2 + 4 * 16**2 + 2 * 16),
        # a whole layer: four projections, two maps with biases, two norms with both
        ("pre-ln", 4 * 16**2 + 4 * 16**2 + 32 + 16 + 4 * 16),
    ],
)
def test_parameters_are_counted(slug: str, of_the_idea: int, build: Build) -> None:
    around = 7 * 16 + 4 * 16 + 16 + 16 * 7
    assert build(slug, layers=3).count_parameters() == around + 3 * of_the_idea


@pytest.mark.parametrize(
    ("slug", "numbers"),
    [
        ("scaled-dot-product-attention", 2 * 11 * 16),
        ("linear-attention", 2 * (8 * 8 + 8)),
        ("lstm", 2 * 16),
        ("alibi", None),
        ("swiglu", None),
    ],
)
def test_the_state_of_one_sequence_is_counted(slug: str, numbers: int | None, build: Build, tokens: Tensor) -> None:
    assert build(slug).count_state(tokens) == numbers


def test_attention_around_an_idea_is_that_of_the_library() -> None:
    q, k, v = (torch.randn(2, 9, 3, 4, generator=torch.Generator().manual_seed(n)) for n in range(3))
    scores = torch.einsum("bthk,bshk->bhts", q, k) / 2
    wanted = scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v)), is_causal=True).transpose(1, 2)
    torch.testing.assert_close(attend(scores, v), wanted)


def test_linear_attention_around_a_feature_map_is_a_mean_over_the_past() -> None:
    phi_q, phi_k = (torch.rand(2, 5, 1, 3, generator=torch.Generator().manual_seed(n)) for n in range(2))
    v = torch.randn(2, 5, 1, 4, generator=torch.Generator().manual_seed(2))
    out = attend_linearly(phi_q, phi_k, v)
    for b in range(2):
        for t in range(5):
            weights = [float(phi_q[b, t, 0] @ phi_k[b, s, 0]) for s in range(t + 1)]
            mean = sum((weight * v[b, s, 0] for s, weight in enumerate(weights)), torch.zeros(4)) / sum(weights)
            torch.testing.assert_close(out[b, t, 0], mean)
    assert attend_linearly(phi_q * 0, phi_k, v).isfinite().all()


def test_a_position_scheme_stands_inside_softmax_attention(build: Build, tokens: Tensor) -> None:
    none = build("alibi", strength="0")
    torch.testing.assert_close(none(tokens), build("scaled-dot-product-attention")(tokens))
    assert not torch.allclose(build("alibi")(tokens), none(tokens), atol=1e-6)


def owned(model: nn.Module, name: str) -> list[str]:
    """Return where in a model an idea's weight of this name stands."""
    return [path for path, _ in model.named_parameters() if path.endswith(f"weights.{name}")]


def test_each_form_takes_its_place(build: Build) -> None:
    norms = owned(build("layer-normalisation"), "g")
    assert norms == [*(f"layers.{n}.norm_{m}.own.weights.g" for n in (0, 1) for m in (1, 2)), "norm.own.weights.g"]
    assert owned(build("swiglu"), "w_3") == [f"layers.{n}.feed_forward.own.weights.w_3" for n in (0, 1)]
    assert owned(build("multi-head-attention"), "w_q") == [f"layers.{n}.mixing.own.weights.w_q" for n in (0, 1)]
    assert owned(build("pre-ln"), "w_q") == [f"layers.{n}.whole.weights.w_q" for n in (0, 1)]
    assert owned(build("t5-relative-bias"), "b_distance")[0] == "layers.0.mixing.own.weights.b_distance"


def test_gates_stay_in_their_ranges_and_a_fading_memory_begins_nearly_lasting(build: Build) -> None:
    x = 30 * torch.randn(3, SIZES["T"], 16, generator=torch.Generator().manual_seed(0))

    def gate(model: Model, name: str) -> nn.Module:
        return next(module for path, module in model.named_modules() if path.endswith(f"0.mixing.gates.{name}"))

    decay = gate(build("gated-linear-attention").requires_grad_(False), "decay")
    assert decay(x).shape == (3, SIZES["T"], 2, 8)
    assert 0.5 <= decay(x).min() < decay(x).max() <= 1
    assert float(decay(0 * x).min()) == pytest.approx(0.5 + 0.5 / (1 + math.exp(-3)))
    assert gate(build("deltanet").requires_grad_(False), "beta")(0 * x).unique().tolist() == [0.5]
    assert gate(build("retention"), "decay")(x).shape == (2,)
    fixed = gate(build("deltanet", beta="0.25"), "beta")
    assert fixed(x).unique().tolist() == [0.25]
    assert list(fixed.parameters()) == []


def test_weights_begin_as_the_header_declares(build: Build) -> None:
    weights: dict[str, Any] = dict(build("rwkv-4").requires_grad_(False).named_parameters())
    torch.testing.assert_close(weights["layers.0.whole.weights.time_decay"], torch.linspace(-5, 3, 16))
    assert weights["layers.1.whole.weights.g_1"].unique().tolist() == [1.0]
    assert float(weights["layers.0.whole.weights.w_r"].std()) == pytest.approx(16**-0.5, rel=0.15)
