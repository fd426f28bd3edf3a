"""Truth of DeltaNet, in its three forms."""

import itertools
import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "deltanet"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
WRONG = {
    "upper triangle for the lower": ("upper=False", "upper=True"),
    "system is the identity": ("strength * einsum(", "0 * einsum("),
    "system with the wrong sign": ("system = strength", "system = -strength"),
    "system with the queries": ('"bthk,bshk->bhts", k, k)', '"bthk,bshk->bhts", q, k)'),
    "strength of the other token": (
        'strength * einsum("bthk,bshk->bhts", k, k)',
        'strength.mT * einsum("bthk,bshk->bhts", k, k)',
    ),
    "strength on the values only": (
        "wanted = strength * (v.transpose(1, 2) - ",
        "wanted = (strength * v.transpose(1, 2) - ",
    ),
    "strength missing in the system": ("strength * einsum(", "einsum("),
    "diagonal taken for the solution's": ("unitriangular=True", "unitriangular=False"),
    "parallel: state not read by the keys": ("wanted = strength * (v.transpose(1, 2) - ", "wanted = strength * ("),
    "parallel: state not read by the queries": ('o = einsum("bthk,bhkv->bthv", q, S) + ', "o = "),
    "parallel: state not carried": ("return o, S + ", "return o, "),
    "parallel: values for corrections in the state": (
        '"bthk,bhtv->bhkv", k, u',
        '"bthk,bthv->bhkv", k, v * beta[..., None]',
    ),
    "query answered before the write": (
        'einsum("bthk,bshk->bhts", q, k).tril()',
        'einsum("bthk,bshk->bhts", q, k).tril(-1)',
    ),
    "future read": ('einsum("bthk,bshk->bhts", q, k).tril()', 'einsum("bthk,bshk->bhts", q, k)'),
    "queries and keys exchanged": ('"bthk,bshk->bhts", q, k)', '"bthk,bshk->bhts", k, q)'),
    "recurrent: only adds": ('(v[:, t] - einsum("bhkv,bhk->bhv", S, k[:, t]))', "v[:, t]"),
    "recurrent: state ignored": ("    outputs = []\n    for t", "    outputs, S = [], 0 * S\n    for t"),
    "chunks do not meet": ("o, S = _parallel", "o, _ = _parallel"),
    "last chunk dropped": ("range(0, k.shape[1], chunk)", "range(0, k.shape[1] - chunk + 1, chunk) or [0]"),
    "elu without + 1": ("x + 1, x.clamp(max=0).exp()", "x, x.clamp(max=0).exp() - 1"),
    "dpfp rolled the other way": ("r.roll(1,", "r.roll(-1,"),
    "sum over time": ("x.sum(dim=-1, keepdim=True)", "x.sum(dim=1, keepdim=True)"),
    "sum not clamped": (".clamp(min=1e-18)", ""),
    "sum: clamp that acts on living keys": ("1e-18", "5"),
    "norm squared": (".clamp(min=1e-24).sqrt()", ".clamp(min=1e-24)"),
    "norm not clamped": (".clamp(min=1e-24)", ""),
    "queries not normalised": (
        "q, k = (_normalise(_phi(x, features), normalise) for x in (q, k))",
        "q, k = _phi(q, features), _normalise(_phi(k, features), normalise)",
    ),
    "normalised before the features": (
        "_normalise(_phi(x, features), normalise)",
        "_phi(_normalise(x, normalise), features)",
    ),
    "state ignored": ("if state is None else state", "if True else state"),
    "recurrent on demand of parallel": ('form == "recurrent"', 'form == "parallel"'),
    "one chunk always": ('T if form == "parallel" else chunk', "T"),
    "elu of large keys without clamp": ("x.clamp(max=0).exp()", "x.exp()"),
}


def phi(x: Tensor, features: str, normalise: str) -> Tensor:
    K = x.shape[-1]
    if features == "elu":
        x = torch.nn.functional.elu(x) + 1
    elif features == "dpfp":
        parts = [x[..., c].clamp(min=0) for c in range(K)] + [(-x[..., c]).clamp(min=0) for c in range(K)]
        x = torch.stack([parts[c] * parts[c - 1] for c in range(2 * K)], dim=-1)
    if normalise == "sum":
        total = x @ torch.ones(x.shape[-1], dtype=x.dtype)
        return x / total.where(total > 0, 1)[..., None]
    return torch.nn.functional.normalize(x, dim=-1) if normalise == "l2" else x


def unrolled(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, start: Tensor | None = None, *, features: str, normalise: str
) -> Tensor:
    """Every write on its own, carried by the product of what all later tokens leave of it."""
    q, k = phi(q, features, normalise), phi(k, features, normalise)
    identity = torch.eye(k.shape[-1], dtype=k.dtype)
    outputs = []
    for t in range(k.shape[1]):
        memory, carried = 0, identity
        for i in range(t, -1, -1):
            key, strength = k[:, i], beta[:, i, :, None, None]
            memory = memory + carried @ (strength * key[..., :, None] * v[:, i, :, None, :])
            carried = carried @ (identity - strength * key[..., :, None] * key[..., None, :])
        if start is not None:
            memory = memory + carried @ start
        outputs.append((q[:, t, :, None, :] @ memory)[..., 0, :])
    return torch.stack(outputs, dim=1)


FORMS = [{"form": "recurrent"}, {"form": "parallel"}, *({"form": "chunkwise", "chunk": n} for n in (1, 3, 4, 20))]
MAPS = [
    {"features": features, "normalise": normalise}
    for features, normalise in itertools.product(("identity", "elu", "dpfp"), ("none", "sum", "l2"))
    if (features, normalise) != ("identity", "sum")
]


def check(module: types.ModuleType, draw, agree) -> None:
    net = module.deltanet
    inputs = draw(FILE, SIZES)
    generator = torch.Generator().manual_seed(1)
    for form in FORMS:
        for maps in MAPS if form == {"form": "parallel"} else [{"features": "elu", "normalise": "l2"}]:
            P = 10 if maps["features"] == "dpfp" else 5
            start = torch.randn(2, 3, P, 4, generator=generator, dtype=torch.float64)
            agree(
                lambda start, form=form, maps=maps, **given: net(**given, state=start, **form, **maps)[0],
                lambda start, maps=maps, **given: unrolled(**given, start=start, **maps),
                {**inputs, "start": start},
            )

        one = {name: tensor[:, :1] for name, tensor in inputs.items()}
        likeness = (phi(one["q"], "elu", "sum") * phi(one["k"], "elu", "sum")).sum(dim=-1, keepdim=True)
        torch.testing.assert_close(net(**one, **form)[0], one["beta"][..., None] * likeness * one["v"])

        parts, state = [], None
        for now in (slice(0, 3), slice(3, 4), slice(4, 7)):
            o, state = net(**{name: tensor[:, now] for name, tensor in inputs.items()}, state=state, **form)
            parts.append(o)
        whole, last = net(**inputs, form="recurrent")
        torch.testing.assert_close(torch.cat(parts, dim=1), whole)
        torch.testing.assert_close(state, last)

    for form, solves in (("recurrent", 0), ("parallel", 1), ("chunkwise", 7)):
        with mock.patch.object(torch.linalg, "solve_triangular", wraps=torch.linalg.solve_triangular) as solve:
            net(**inputs, form=form, chunk=1)
        assert solve.call_count == solves

    large = {name: (1000 * tensor).requires_grad_() for name, tensor in inputs.items()}
    o, _ = net(large["q"], large["k"], inputs["v"], inputs["beta"])
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), (large["q"], large["k"])))

    dead = {**inputs, "k": torch.eye(5, dtype=torch.float64).expand(2, 3, 5, 5).transpose(1, 2)[:, :, :3]}
    dead = {name: tensor[:, :5].clone().requires_grad_() for name, tensor in dead.items()}
    for normalise in ("sum", "l2"):
        o, _ = net(**dead, features="dpfp", normalise=normalise)
        assert not o.any()
        assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(dead.values())))
    torch.testing.assert_close(net(**inputs)[0], unrolled(**inputs, features="elu", normalise="sum"))


def test_agrees_with_the_unrolled_product(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("form", ["recurrent", "parallel", "chunkwise"])
def test_without_features_and_normalisation_it_is_the_delta_rule(form, shipped, draw):
    inputs = draw(FILE, SIZES)

    net = shipped(FILE).deltanet(**inputs, form=form, features="identity", normalise="none")

    torch.testing.assert_close(net, shipped("delta_rule").delta_rule(**inputs))


def test_dpfp_is_the_shipped_map_with_one_shift(shipped, draw):
    q, k, v, beta = draw(FILE, SIZES).values()
    dpfp = shipped("dpfp").dpfp

    o, _ = shipped(FILE).deltanet(q, k, v, beta, features="dpfp", normalise="none")

    torch.testing.assert_close(o, shipped("delta_rule").delta_rule(dpfp(q), dpfp(k), v, beta)[0])


def test_a_sum_instead_of_corrections_is_linear_attention_before_its_denominator(shipped, draw):
    """Keys that have nothing in common with later keys are never corrected: then both write the same."""
    q, k, v, beta = draw(FILE, {"T": 5, "K": 5}).values()
    k = torch.diag_embed(torch.full((5,), 40.0, dtype=k.dtype)).expand(2, 2, 5, 5).transpose(1, 2) - 40

    o, _ = shipped(FILE).deltanet(q, k, v, torch.ones_like(beta), normalise="none")
    added, _ = shipped("linear_attention").linear_attention(q, k, v, normalise=False)

    torch.testing.assert_close(o, added)


def test_normalised_keys_keep_the_memory_small_and_raw_features_do_not(shipped, draw):
    inputs = draw(FILE, {"T": 256})

    norms = {how: shipped(FILE).deltanet(**inputs, normalise=how)[1].norm() for how in ("none", "sum", "l2")}

    assert norms["none"] > 1e20
    assert norms["sum"] < 100
    assert norms["l2"] < 100


def test_long_sequences_in_float32_agree_with_float64(shipped, draw):
    inputs = draw(FILE, {"T": 200})
    exact, _ = shipped(FILE).deltanet(**inputs, form="recurrent")

    for form in ("recurrent", "parallel", "chunkwise"):
        o, _ = shipped(FILE).deltanet(**{name: tensor.float() for name, tensor in inputs.items()}, form=form)
        torch.testing.assert_close(o.double(), exact, rtol=1e-4, atol=1e-5)
