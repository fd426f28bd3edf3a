"""Truth of the gated delta rule, in both forms."""

import types
from unittest import mock

import pytest
import torch
from torch import Tensor
from transformers.models.qwen3_next.modeling_qwen3_next import (
    torch_chunk_gated_delta_rule,
    torch_recurrent_gated_delta_rule,
)

FILE = "gated_delta_rule"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
FADE = "        S = decay[:, t, :, None, None] * S\n"
READ = 'einsum("bhkv,bhk->bhv", S, k[:, t])'
LAST = '        S = S + einsum("bhk,bhv->bhkv", k[:, t], u)\n'
WRONG = {
    "recurrent: read before fading": (READ, READ.replace("S,", "S / decay[:, t, :, None, None],")),
    "recurrent: fades the write too": (LAST, LAST.replace("S + einsum", "S + decay[:, t, :, None, None] * einsum")),
    "recurrent: decay of the token before": ("S = decay[:, t, ", "S = decay[:, t - 1, "),
    "recurrent: no decay": (FADE, ""),
    "recurrent: decay taken for its logarithm": (FADE, FADE.replace("None] * S", "None].exp() * S")),
    "recurrent: only adds": (f" - {READ}", ""),
    "recurrent: beta and decay exchanged": (
        "_recurrent(q, k, v, beta, decay, S)\n",
        "_recurrent(q, k, v, decay, beta, S)\n",
    ),
    "chunkwise: beta and decay exchanged": ("beta[:, now], decay[:, now], S)", "decay[:, now], beta[:, now], S)"),
    "chunkwise: decay of the token left out": (
        "decay.log().cumsum(dim=1)",
        "(decay.log().cumsum(dim=1) - decay.log())",
    ),
    "chunkwise: decay taken for its logarithm": ("decay.log().cumsum", "decay.cumsum"),
    "chunkwise: b_i / b_t": ("log_b[..., None] - log_b[:, :, None]", "log_b[:, :, None] - log_b[..., None]"),
    "chunkwise: mask after the exponential": (
        ".masked_fill(future, -torch.inf).exp()",
        ".exp().masked_fill(future, 0)",
    ),
    "chunkwise: mask one late": (".triu(1)", ".triu(2)"),
    "chunkwise: mask one early": (".triu(1)", ".triu(0)"),
    "chunkwise: system without decay": ("strength * between * einsum", "strength * einsum"),
    "chunkwise: system without strength": ("strength * between * einsum", "between * einsum"),
    "chunkwise: strength of the other token": ("strength * between * einsum", "strength.mT * between * einsum"),
    "chunkwise: strength on the values only": (
        "strength * (v.transpose(1, 2) - b *",
        "(strength * v.transpose(1, 2) - b *",
    ),
    "chunkwise: state read without decay by keys": ("(v.transpose(1, 2) - b * ", "(v.transpose(1, 2) - "),
    "chunkwise: state read without decay by queries": (
        'o = b * einsum("bthk,bhkv->bhtv", q, S)',
        'o = einsum("bthk,bhkv->bhtv", q, S)',
    ),
    "chunkwise: scores without decay": (
        'between * einsum("bthk,bshk->bhts", q, k)',
        'einsum("bthk,bshk->bhts", q, k).tril()',
    ),
    "chunkwise: state not decayed": ("b[:, :, -1, :, None] * S", "S"),
    "chunkwise: state not carried": ("b[:, :, -1, :, None] * S + ", ""),
    "chunkwise: corrections not decayed to the end": (
        'einsum("bthk,bht,bhtv->bhkv", k, between[:, :, -1], u)',
        'einsum("bthk,bhtv->bhkv", k, u)',
    ),
    "chunks do not meet": ("o, S = _parallel", "o, _ = _parallel"),
    "recurrent on demand of chunkwise": ('form == "recurrent"', "True"),
    "norm squared": (".clamp(min=1e-24).sqrt()", ".clamp(min=1e-24)"),
    "norm not clamped": (".clamp(min=1e-24)", ""),
    "queries not normalised": ("q, k = _l2(q), _l2(k)", "k = _l2(k)"),
    "always normalised": ('if normalise == "l2"', "if True"),
    "state ignored": ("if state is None else state", "if True else state"),
}


def unrolled(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    decay: Tensor,
    start: Tensor | None = None,
    *,
    normalise: str = "l2",
) -> Tensor:
    """Every write on its own, carried by the product of what all later tokens leave of it."""
    if normalise == "l2":
        q, k = torch.nn.functional.normalize(q, dim=-1), torch.nn.functional.normalize(k, dim=-1)
    identity = torch.eye(k.shape[-1], dtype=k.dtype)
    outputs = []
    for t in range(k.shape[1]):
        memory, carried = 0, identity
        for i in range(t, -1, -1):
            key, strength, fading = k[:, i], beta[:, i, :, None, None], decay[:, i, :, None, None]
            memory = memory + carried @ (strength * key[..., :, None] * v[:, i, :, None, :])
            carried = carried @ (fading * (identity - strength * key[..., :, None] * key[..., None, :]))
        if start is not None:
            memory = memory + carried @ start
        outputs.append((q[:, t, :, None, :] @ memory)[..., 0, :])
    return torch.stack(outputs, dim=1)


FORMS = [{"form": "recurrent"}, *({"form": "chunkwise", "chunk": n} for n in (1, 3, 4, 20))]


def check(module: types.ModuleType, draw, agree) -> None:
    rule = module.gated_delta_rule
    inputs = draw(FILE, SIZES)
    start = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    steep = {name: tensor.float().requires_grad_() for name, tensor in inputs.items()}
    steep["decay"] = torch.full_like(steep["decay"], 1e-8).requires_grad_()
    for form in FORMS:
        for normalise in ("l2", "none"):
            agree(
                lambda start, form=form, how=normalise, **given: rule(**given, state=start, normalise=how, **form)[0],
                lambda how=normalise, **given: unrolled(**given, normalise=how),
                {**inputs, "start": start},
            )
        agree(lambda form=form, **given: rule(**given, **form)[0], unrolled, inputs)

        one = {name: tensor[:, :1] for name, tensor in inputs.items()}
        likeness = torch.cosine_similarity(one["q"], one["k"], dim=-1)[..., None]
        torch.testing.assert_close(rule(**one, **form)[0], one["beta"][..., None] * likeness * one["v"])

        parts, state = [], None
        for now in (slice(0, 3), slice(3, 4), slice(4, 7)):
            o, state = rule(**{name: tensor[:, now] for name, tensor in inputs.items()}, state=state, **form)
            parts.append(o)
        whole, last = rule(**inputs, form="recurrent")
        torch.testing.assert_close(torch.cat(parts, dim=1), whole)
        torch.testing.assert_close(state, last)

        # nearly nothing survives a step: only a token's own value is read, with finite gradients
        o, _ = rule(**steep, **form)
        likeness = torch.cosine_similarity(steep["q"], steep["k"], dim=-1)
        alone = (steep["beta"] * likeness)[..., None] * steep["v"]
        torch.testing.assert_close(o, alone, rtol=1e-4, atol=1e-4)
        assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(steep.values())))

    dead = {name: (0 * tensor if name == "k" else tensor).requires_grad_() for name, tensor in inputs.items()}
    o, _ = rule(**dead)
    assert not o.any()
    assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(dead.values())))
    for form, solves in (("recurrent", 0), ("chunkwise", 7)):
        with mock.patch.object(torch.linalg, "solve_triangular", wraps=torch.linalg.solve_triangular) as solve:
            rule(**inputs, form=form, chunk=1)
        assert solve.call_count == solves


def test_agrees_with_the_unrolled_product(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("library", [torch_recurrent_gated_delta_rule, torch_chunk_gated_delta_rule])
@pytest.mark.parametrize("form", ["recurrent", "chunkwise"])
def test_agrees_with_the_library(library, form, shipped, draw):
    """Its functions compute in float32 and scale queries by 1 / sqrt(d_k); its g is the logarithm of our decay."""
    q, k, v, beta, decay = draw(FILE, {**SIZES, "T": 70}).values()

    o, S = shipped(FILE).gated_delta_rule(q, k, v, beta, decay, form=form)
    expected, state = library(
        q * 5**0.5, k, v, g=decay.log(), beta=beta, output_final_state=True, use_qk_l2norm_in_kernel=True
    )

    torch.testing.assert_close(o / 5**0.5, expected.double(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(S, state.double(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["recurrent", "chunkwise"])
def test_without_decay_it_is_the_delta_rule(form, shipped, draw):
    q, k, v, beta, decay = draw(FILE, SIZES).values()

    o = shipped(FILE).gated_delta_rule(q, k, v, beta, torch.ones_like(decay), form=form, normalise="none")

    torch.testing.assert_close(o, shipped("delta_rule").delta_rule(q, k, v, beta))


def test_without_decay_it_is_deltanet_with_unit_keys(shipped, draw):
    q, k, v, beta, decay = draw(FILE, SIZES).values()

    o = shipped(FILE).gated_delta_rule(q, k, v, beta, torch.ones_like(decay))

    torch.testing.assert_close(o, shipped("deltanet").deltanet(q, k, v, beta, features="identity", normalise="l2"))
