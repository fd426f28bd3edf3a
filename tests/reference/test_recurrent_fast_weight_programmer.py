"""Truth of the Delta RNN."""

import types

import pytest
import torch
from torch import Tensor

FILE = "recurrent_fast_weight_programmer"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
READ = 'einsum("bhuv,bhu->bhv", R, o.softmax(dim=-1))'
WRONG = {
    "no softmax on the output": ("o.softmax(dim=-1)", "o"),
    "tanh for softmax": ("o.softmax(dim=-1)", "o.tanh()"),
    "softmax over heads": ("o.softmax(dim=-1)", "o.softmax(dim=-2)"),
    "softmax after R": (READ, 'einsum("bhuv,bhu->bhv", R, o).softmax(dim=-1)'),
    "no softmax on the key of R": ("k_back = k_back.softmax(dim=-1)", "k_back = k_back"),
    "key of R summed to one like phi": ("k_back.softmax(dim=-1)", '_phi(k_back, "elu", "sum")'),
    "softmax over time": ("k_back.softmax(dim=-1)", "k_back.softmax(dim=1)"),
    "no feedback": (f" + {READ}", ""),
    "first output without R": (READ, f"(t > 0) * {READ}"),
    "output before last": ("o.softmax(dim=-1)", "(outputs[-2] if t > 1 else 0 * o).softmax(dim=-1)"),
    "feedback of the feed-forward part only": (
        "outputs.append(o)",
        'outputs.append(o)\n        o = einsum("bhkv,bhk->bhv", S, q[:, t])',
    ),
    "R read transposed": ('"bhuv,bhu->bhv", R', '"bhvu,bhu->bhv", R'),
    "R read before it is written": (
        "_write(R, k_back[:, t], v_back[:, t], beta_back[:, t])",
        "_write(R, k_back[:, t - 1], v_back[:, t - 1], (t > 0) * beta_back[:, t - 1])",
    ),
    "R only adds": ("R = _write(R,", "R = R + _write(0 * R,"),
    "S only adds": ("S = _write(S,", "S = S + _write(0 * S,"),
    "one strength for both": ("v_back[:, t], beta_back[:, t]", "v_back[:, t], beta[:, t]"),
    "strengths exchanged": ("v[:, t], beta[:, t])", "v[:, t], beta_back[:, t])"),
    "one value for both": ("k_back[:, t], v_back[:, t]", "k_back[:, t], v[:, t]"),
    "R fed by the token's value as key": ("R, k_back[:, t]", "R, v[:, t].softmax(dim=-1)"),
    "strength on the value only": ("beta[..., None] * error", "beta[..., None] * v - (v - error)"),
    "error with the wrong sign": ("error = v - einsum", "error = v + einsum"),
    "elu without + 1": ("x + 1, x.clamp(max=0).exp()", "x, x.clamp(max=0).exp() - 1"),
    "elu of large keys without clamp": ("x.clamp(max=0).exp()", "x.exp()"),
    "always elu": ('features == "elu"', "True"),
    "sum over time": ("x.sum(dim=-1, keepdim=True)", "x.sum(dim=1, keepdim=True)"),
    "sum: clamp that acts on living keys": ("1e-18", "1"),
    "sum not clamped": (".clamp(min=1e-18)", ""),
    "norm squared": (".clamp(min=1e-24).sqrt()", ".clamp(min=1e-24)"),
    "norm not clamped": (".clamp(min=1e-24)", ""),
    "queries not mapped": ("q, k = _phi(q, features, normalise), ", "q, k = q, "),
    "state of S ignored": ("    outputs = []\n", "    outputs, S = [], 0 * S\n"),
    "state of R ignored": ("    outputs = []\n", "    outputs, R = [], 0 * R\n"),
    "last output ignored": ("    outputs = []\n", "    outputs, o = [], 0 * o\n"),
}


def phi(x: Tensor, features: str, normalise: str) -> Tensor:
    x = torch.nn.functional.elu(x) + 1 if features == "elu" else x
    if normalise == "sum":
        return x / (x @ torch.ones(x.shape[-1], dtype=x.dtype))[..., None]
    return torch.nn.functional.normalize(x, dim=-1) if normalise == "l2" else x


def remembered(k: Tensor, v: Tensor, beta: Tensor, t: int, start: Tensor) -> Tensor:
    """The matrix after token t: every write carried by the product of what all later tokens leave of it."""
    identity = torch.eye(k.shape[-1], dtype=k.dtype)
    memory, carried = 0, identity
    for i in range(t, -1, -1):
        key, strength = k[:, i], beta[:, i, :, None, None]
        memory = memory + carried @ (strength * key[..., :, None] * v[:, i, :, None, :])
        carried = carried @ (identity - strength * key[..., :, None] * key[..., None, :])
    return memory + carried @ start


def shares(x: Tensor) -> Tensor:
    return (x - x.logsumexp(dim=-1, keepdim=True)).exp()


def dense(
    S: Tensor, R: Tensor, o: Tensor, *, features: str = "elu", normalise: str = "sum", **given: Tensor
) -> Tensor:
    q, k = phi(given["q"], features, normalise), phi(given["k"], features, normalise)
    back = shares(given["k_back"])
    outputs = [o]
    for t in range(q.shape[1]):
        forward = remembered(k, given["v"], given["beta"], t, S)
        backward = remembered(back, given["v_back"], given["beta_back"], t, R)
        outputs.append((q[:, t, :, None] @ forward + shares(outputs[-1])[:, :, None] @ backward)[..., 0, :])
    return torch.stack(outputs[1:], dim=1)


def check(module: types.ModuleType, draw, agree) -> None:
    programmer = module.recurrent_fast_weight_programmer
    inputs = draw(FILE, SIZES)
    generator = torch.Generator().manual_seed(1)
    start = {
        name: torch.randn(2, 3, *shape, generator=generator, dtype=torch.float64)
        for name, shape in {"S": (5, 4), "R": (4, 4), "o": (4,)}.items()
    }
    for maps in ({}, {"normalise": "l2"}, {"normalise": "none"}, {"features": "identity", "normalise": "l2"}):
        agree(
            lambda S, R, o, maps=maps, **given: programmer(**given, state=(S, R, o), **maps)[0],
            lambda maps=maps, **given: dense(**given, **maps),
            {**inputs, **start},
        )
    nothing = {name: torch.zeros_like(tensor) for name, tensor in start.items()}
    # features around e^-6 sum to far less than one
    low = {name: tensor - 6 if name in ("q", "k") else tensor for name, tensor in inputs.items()}
    for given in (inputs, low):
        agree(lambda **given: programmer(**given)[0], lambda **given: dense(**given, **nothing), given)

    parts, state = [], None
    for now in (slice(0, 3), slice(3, 4), slice(4, 7)):
        o, state = programmer(**{name: tensor[:, now] for name, tensor in inputs.items()}, state=state)
        parts.append(o)
    whole, last = programmer(**inputs)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    torch.testing.assert_close(state, last)
    torch.testing.assert_close(last[2], whole[:, -1])

    large = {name: (300 * tensor.float()).requires_grad_() for name, tensor in inputs.items()}
    large |= {name: inputs[name].float() for name in ("beta", "beta_back")}
    o, _ = programmer(**large)
    assert o.isfinite().all()
    leaves = [tensor for tensor in large.values() if tensor.requires_grad]
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), leaves))

    dead = {name: (0 * tensor if name == "k" else tensor).requires_grad_() for name, tensor in inputs.items()}
    o, (S, _, _) = programmer(**dead, features="identity", normalise="l2")
    assert not S.any()
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(dead.values())))


def test_agrees_with_the_dense_form(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_one_token_reads_the_uniform_share_of_what_it_wrote_to_r(shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 1})
    silent = {**inputs, "beta": 0 * inputs["beta"]}

    o, _ = shipped(FILE).recurrent_fast_weight_programmer(**silent)

    torch.testing.assert_close(o, inputs["beta_back"][..., None] * inputs["v_back"] / 4)


@pytest.mark.parametrize(("features", "normalise"), [("elu", "sum"), ("identity", "l2")])
def test_without_writes_to_r_it_is_deltanet(features, normalise, shipped, draw):
    inputs = draw(FILE, SIZES)
    inputs["beta_back"] = 0 * inputs["beta_back"]
    maps = {"features": features, "normalise": normalise}

    o, (S, R, _) = shipped(FILE).recurrent_fast_weight_programmer(**inputs, **maps)
    feed_forward = {name: inputs[name] for name in ("q", "k", "v", "beta")}
    net, state = shipped("deltanet").deltanet(**feed_forward, **maps)

    torch.testing.assert_close(o, net)
    torch.testing.assert_close(S, state)
    assert not R.any()


def test_without_features_and_writes_to_r_it_is_the_delta_rule(shipped, draw):
    inputs = draw(FILE, SIZES)
    inputs["beta_back"] = 0 * inputs["beta_back"]

    o, _ = shipped(FILE).recurrent_fast_weight_programmer(**inputs, features="identity", normalise="none")
    rule, _ = shipped("delta_rule").delta_rule(*(inputs[name] for name in ("q", "k", "v", "beta")))

    torch.testing.assert_close(o, rule)
