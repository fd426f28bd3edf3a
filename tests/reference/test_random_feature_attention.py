"""Truth of random-feature attention (FAVOR+): exact against the sums over features, statistical against softmax."""

import math
import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "random_feature_attention"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
WRONG = {
    "directions: signs as QR leaves them": ("basis * triangle.diagonal().sign()", "basis"),
    "directions: norms of one": (" * lengths", ""),
    "directions: norms the root of d": ("rows.norm(dim=-1, keepdim=True)", "d**0.5"),
    "directions: norms chi squared": ("rows.norm(dim=-1, keepdim=True)", "rows.square().sum(dim=-1, keepdim=True)"),
    "directions: one norm for all": ("rows.norm(dim=-1, keepdim=True)", "rows.norm(dim=-1, keepdim=True)[:1]"),
    "directions: never orthogonal": ("if not orthogonal", "if True"),
    "directions: always orthogonal": ("if not orthogonal", "if False"),
    "directions: one block repeated": ("torch.cat(blocks)[:m]", "blocks[0].repeat(len(blocks), 1)[:m]"),
    "directions: seed ignored": ("manual_seed(seed)", "manual_seed(0)"),
    "directions: uniform": ("torch.randn(m, d,", "torch.rand(m, d,"),
    "scaled by the root of d": ("** -0.25", "** -0.5"),
    "not scaled": ("x * x.shape[-1] ** -0.25", "x * 1"),
    "no norm of x": (" - x.square().sum(dim=-1, keepdim=True) / 2", ""),
    "norm of x not halved": ("keepdim=True) / 2 -", "keepdim=True) -"),
    "norm of x added": ("exponents - x.square()", "exponents + x.square()"),
    "no 1 / sqrt(m)": (" - math.log(exponents.shape[-1]) / 2", ""),
    "1 / m": ("math.log(exponents.shape[-1]) / 2", "math.log(exponents.shape[-1])"),
    "hyperbolic: same sense twice": ("[exponents, -exponents]", "[exponents, exponents]"),
    "elu: both branches differentiated": ("x.clamp(min=0).log1p()", "x.log1p()"),
    "elu without + 1": ("x.clamp(min=0).log1p()", "x.clamp(min=1e-9).log()"),
    "parallel: mask one late": (".tril()", ".tril(1)"),
    "parallel: mask one early": (".tril()", ".tril(-1)"),
    "parallel: no running maximum in the scores": (" * fade)", ")"),
    "parallel: old state not faded": ("old[..., None] * einsum", "einsum"),
    "parallel: old denominator not faded": ("+ old * einsum", "+ einsum"),
    "parallel: state not faded": ("left[..., None] * S", "S"),
    "parallel: denominator's state not faded": ("left * z +", "z +"),
    "parallel: keys not faded to the end": (", k * (top - top[:, -1:]).exp()[..., None]", ", k"),
    "parallel: state not carried": ("S = left[..., None] * S + einsum", "S = einsum"),
    "denominator of the whole sequence": (
        "scores.sum(dim=-1).transpose(1, 2)",
        'einsum("bthm,bshm->bth", q, k)',
    ),
    "recurrent: old sums not faded": ("S = old[..., None] * S", "S = S"),
    "recurrent: old denominator not faded": ("old * z + new", "z + new"),
    "recurrent: denominator of the last key": ("old * z + new", "new"),
    "a key's maximum of its own": (".cummax(dim=1).values", ""),
    "maximum of the whole sequence": (".cummax(dim=1).values[:, 1:]", ".amax(dim=1, keepdim=True).expand(-1, T, -1)"),
    "maximum forgets the past": ("state[2][:, None]", "state[2][:, None] - math.inf"),
    "no maximum of the query": ("(q - most).exp()", "q.exp()"),
    "no denominator": ("numerator / denominator[..., None]", "numerator"),
    "queries and keys exchanged": ("for x in (q, k))", "for x in (k, q))"),
    "state ignored": ("if state is None", "if True"),
}


def summed(q: Tensor, k: Tensor, v: Tensor, *, omega: Tensor, features: str) -> Tensor:
    """Attention by the logarithm of the estimated kernel, pair by pair and feature by feature; no sum is shared."""
    d, senses = q.shape[-1], (1, -1) if features == "hyperbolic" else (1,)

    def phi(x: Tensor) -> list[Tensor]:
        if features == "elu":
            return [(torch.nn.functional.elu(x[..., c]) + 1).log() for c in range(d)]
        count = len(senses) * len(omega)
        size = (x**2).sum(dim=-1) / math.sqrt(d)
        return [
            sense * (x * row).sum(dim=-1) / d**0.25 - size / 2 - 0.5 * math.log(count)
            for sense in senses
            for row in omega
        ]

    asked, stored = phi(q), phi(k)
    outputs = []
    for t in range(q.shape[1]):
        logits = torch.stack(
            [
                torch.stack([a[:, t] + b[:, i] for a, b in zip(asked, stored, strict=True)]).logsumexp(dim=0)
                for i in range(t + 1)
            ],
            dim=1,
        )
        outputs.append((logits.softmax(dim=1)[..., None] * v[:, : t + 1]).sum(dim=1))
    return torch.stack(outputs, dim=1)


def check_directions(module: types.ModuleType) -> None:
    eye = torch.eye(4, dtype=torch.float64)
    for seed in range(3):
        omega = module.draw_directions(10, 4, seed=seed)
        assert omega.shape == (10, 4)
        unit = omega / omega.norm(dim=-1, keepdim=True)
        for block in (unit[:4], unit[4:8]):
            torch.testing.assert_close(block @ block.T, eye)
        assert (unit[:4] @ unit[4:8].T - eye).abs().max() > 0.1
    assert torch.equal(omega, module.draw_directions(10, 4, seed=2))
    assert not torch.equal(omega, module.draw_directions(10, 4, seed=1))

    for orthogonal in (True, False):
        omega = torch.stack([module.draw_directions(300, 3, orthogonal=orthogonal, seed=seed) for seed in range(40)])
        assert (abs(omega[0, 0] @ omega[0, 1]) < 1e-12) == orthogonal
        squares = omega.square().sum(dim=-1)
        # 12,000 normal vectors in three dimensions: |omega|^2 has mean 3 and variance 6, no channel a mean
        assert abs(squares.mean() - 3) < 0.1
        assert abs(squares.var() - 6) < 0.7
        assert omega.mean(dim=(0, 1)).abs().max() < 0.04


def check_kernel(module: types.ModuleType) -> None:
    """The mean over draws is the softmax kernel; its error is estimated from the draws themselves."""
    q = torch.tensor([0.6, -0.4, 0.7], dtype=torch.float64)
    k = torch.tensor([0.8, 0.2, 0.5], dtype=torch.float64)
    pair = torch.stack([q, k])[None, :, None]
    wanted = math.exp(float(q @ k) / math.sqrt(3))
    for features in ("positive", "hyperbolic"):
        for orthogonal in (True, False):
            drawn = []
            for seed in range(60):
                omega = module.draw_directions(300, 3, orthogonal=orthogonal, seed=seed)
                phi = module.log_features(pair, omega, features).exp()[0, :, 0]
                drawn.append(phi[0] @ phi[1])
            means = torch.stack(drawn)
            error = float(means.std()) / math.sqrt(60)
            assert error < 0.03 * wanted
            assert abs(float(means.mean()) - wanted) < 4 * error


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.random_feature_attention
    inputs = draw(FILE, SIZES)
    check_directions(module)
    check_kernel(module)
    for form in ("parallel", "recurrent"):
        for features, m, orthogonal in (("positive", 6, True), ("hyperbolic", 7, False), ("elu", 6, True)):
            settings = {"form": form, "features": features, "m": m, "orthogonal": orthogonal, "seed": 3}
            omega = module.draw_directions(m, 5, orthogonal=orthogonal, seed=3)
            agree(
                lambda settings=settings, **given: attention(**given, **settings)[0],
                lambda omega=omega, features=features, **given: summed(**given, omega=omega, features=features),
                inputs,
            )
            large = {name: 12 * tensor if name != "v" else tensor for name, tensor in inputs.items()}
            agree(
                lambda settings=settings, **given: attention(**given, **settings)[0],
                lambda omega=omega, features=features, **given: summed(**given, omega=omega, features=features),
                large,
                rtol=1e-7,
                atol=1e-7,
            )

        one = {name: tensor[:, :1] for name, tensor in inputs.items()}
        torch.testing.assert_close(attention(**one, form=form)[0], one["v"])

        growing = {name: tensor * torch.arange(1, 8)[:, None, None] for name, tensor in inputs.items()}
        for sequence in (inputs, growing, {name: tensor.flip(1) for name, tensor in growing.items()}):
            parts, state = [], None
            for now in (slice(0, 3), slice(3, 4), slice(4, 7)):
                o, state = attention(**{n: tensor[:, now] for n, tensor in sequence.items()}, state=state, form=form)
                parts.append(o)
            whole, last = attention(**sequence, form="recurrent")
            torch.testing.assert_close(torch.cat(parts, dim=1), whole)
            torch.testing.assert_close(state, last)

        # logits in the hundreds: nothing leaves the range of float32, neither forward nor backward
        wild = {
            n: (10 * tensor.float() if n != "v" else tensor.float()).requires_grad_() for n, tensor in inputs.items()
        }
        # log(1 + x) has no slope at -1, where elu takes the other branch
        wild["k"].data[0, 0] = -1
        for features in ("positive", "hyperbolic", "elu"):
            o, _ = attention(**wild, form=form, features=features)
            assert o.isfinite().all()
            assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(wild.values())))


def test_agrees_with_the_sums_and_its_kernel_is_unbiased(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("form", ["parallel", "recurrent"])
def test_with_the_features_of_linear_attention_it_is_linear_attention(form, shipped, draw):
    q, k, v = draw(FILE, SIZES).values()

    o, (S, z, p) = shipped(FILE).random_feature_attention(q, k, v, form=form, features="elu")
    linear, (sums, keys) = shipped("linear_attention").linear_attention(q, k, v)

    torch.testing.assert_close(o, linear)
    torch.testing.assert_close(S * p.exp()[..., None, None], sums)
    torch.testing.assert_close(z * p.exp()[..., None], keys)


def test_many_features_tend_to_softmax_attention(shipped, draw):
    q, k, v = draw(FILE, {"T": 12, "K": 4}).values()
    exact, _ = shipped("scaled_dot_product_attention").scaled_dot_product_attention(q / 4, k / 4, v)

    def apart(m: int) -> float:
        errors = [
            (shipped(FILE).random_feature_attention(q / 4, k / 4, v, m=m, seed=seed)[0] - exact).square().mean()
            for seed in range(8)
        ]
        return float(torch.stack(errors).mean().sqrt())

    few, many, most = apart(16), apart(256), apart(4096)

    assert most < 0.02
    # the error falls with the root of m: fourfold for sixteen times the features
    assert 2.5 < few / many < 6
    assert 2.5 < many / most < 6


@pytest.mark.parametrize("length", [0.2, 0.4])
def test_independent_directions_have_the_variance_that_the_header_states(length, shipped):
    pair = torch.full((1, 2, 1, 4), length, dtype=torch.float64)
    omega = shipped(FILE).draw_directions(200_000, 4, orthogonal=False)

    phi = shipped(FILE).log_features(pair, omega).exp()[0, :, 0]
    estimates = len(omega) * phi[0] * phi[1]

    wanted = math.exp((4 * (2 * length) ** 2) / math.sqrt(4)) - 1
    assert abs(float(estimates.var() / estimates.mean() ** 2) / wanted - 1) < 0.1


def test_orthogonal_directions_estimate_the_kernel_with_less_variance(shipped):
    generator = torch.Generator().manual_seed(0)
    x = 0.25 * torch.randn(1, 2, 1, 8, generator=generator, dtype=torch.float64)

    def variance(orthogonal: bool) -> Tensor:
        drawn = []
        for seed in range(400):
            omega = shipped(FILE).draw_directions(8, 8, orthogonal=orthogonal, seed=seed)
            phi = shipped(FILE).log_features(x, omega, "hyperbolic").exp()[0, :, 0]
            drawn.append(phi[0] @ phi[1])
        return torch.stack(drawn).var()

    assert variance(True) < 0.7 * variance(False)


def test_the_same_seed_draws_the_same_features_in_every_precision(shipped, draw):
    q, k, v = draw(FILE, {"T": 40}).values()
    exact, _ = shipped(FILE).random_feature_attention(q, k, v)

    for form in ("parallel", "recurrent"):
        o, _ = shipped(FILE).random_feature_attention(q.float(), k.float(), v.float(), form=form)
        torch.testing.assert_close(o.double(), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("m", [1, 2, 6])
def test_features_are_those_of_the_equation_with_their_factor(m, shipped, draw):
    """The factor cancels in the quotient of the sums, but the kernel is unbiased with this one only."""
    x, module = draw(FILE, SIZES)["q"], shipped(FILE)
    omega = module.draw_directions(m, 5)

    positive, hyperbolic = (module.log_features(x, omega, one).exp() for one in ("positive", "hyperbolic"))

    small = x / 5**0.25
    share = (-(small.norm(dim=-1) ** 2) / 2).exp()
    for i in range(m):
        product = sum(small[..., c] * omega[i, c] for c in range(5))
        torch.testing.assert_close(positive[..., i], share * product.exp() / m**0.5)
        both = hyperbolic[..., i], hyperbolic[..., m + i]
        torch.testing.assert_close(both, tuple(share * one.exp() / (2 * m) ** 0.5 for one in (product, -product)))


@pytest.mark.parametrize(("m", "blocks"), [(1, 1), (4, 1), (8, 2), (9, 3)])
def test_one_block_of_orthogonal_directions_is_drawn_for_every_d(m, blocks, shipped):
    module = shipped(FILE)
    with mock.patch.object(torch.linalg, "qr", wraps=torch.linalg.qr) as drawn:
        omega = module.draw_directions(m, 4)

    assert drawn.call_count == blocks
    assert torch.equal(omega, module.draw_directions(m, 4, orthogonal=True, seed=0))


@pytest.mark.parametrize("form", ["parallel", "recurrent"])
def test_a_form_is_the_one_that_was_asked_for(form, shipped, draw):
    module = shipped(FILE)
    with mock.patch.object(module, f"_{form}", wraps=getattr(module, f"_{form}")) as taken:
        module.random_feature_attention(**draw(FILE, SIZES), form=form)

    assert taken.call_count == 1
