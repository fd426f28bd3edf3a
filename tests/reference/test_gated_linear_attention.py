"""Truth of gated linear attention, in its three forms."""

import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "gated_linear_attention"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
STEP = 'decay[:, t, :, :, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])'
WRONG = {
    "recurrent: decay after the write": (STEP, STEP.replace("S + einsum", "(S + einsum") + ")"),
    "recurrent: decay by value channel": ("decay[:, t, :, :, None]", "decay[:, t, :, None, :S.shape[-1]]"),
    "recurrent: one decay a head": ("decay[:, t, :, :, None]", "decay[:, t, :, :1, None]"),
    "recurrent: decay of the token before": ("decay[:, t, :, :, None]", "decay[:, t - 1, :, :, None]"),
    "recurrent: no decay": ("decay[:, t, :, :, None] * S", "S"),
    "recurrent: input gate for forget gate": (
        'einsum("bhk,bhv->bhkv", k[:, t], v[:, t])',
        'einsum("bhk,bhv->bhkv", (1 - decay[:, t]) * k[:, t], v[:, t])',
    ),
    "parallel: decay of the token left out": (
        "decay.log().cumsum(dim=1)",
        "(decay.log().cumsum(dim=1) - decay.log())",
    ),
    "parallel: decay taken for its logarithm": ("decay.log().cumsum", "decay.cumsum"),
    "parallel: b_i / b_t": ("log_b[:, :, None] - log_b[:, None]", "log_b[:, None] - log_b[:, :, None]"),
    "parallel: quotient of products": (
        "(log_b[:, :, None] - log_b[:, None]).masked_fill(future, -torch.inf).exp()",
        "(log_b.exp()[:, :, None] / log_b.exp()[:, None]).masked_fill(future, 0)",
    ),
    "parallel: mask after the exponential": (
        ".masked_fill(future, -torch.inf).exp()",
        ".exp().masked_fill(future, 0)",
    ),
    "parallel: mask one late": (".triu(1)", ".triu(2)"),
    "parallel: mask one early": (".triu(1)", ".triu(0)"),
    "parallel: state not decayed for the queries": ("log_b.exp() * q, S)", "q, S)"),
    "parallel: state not decayed": ("log_b[:, -1, :, :, None].exp() * S", "S"),
    "parallel: state not carried": ("log_b[:, -1, :, :, None].exp() * S + ", ""),
    "parallel: keys not decayed to the end": ("between[:, -1] * k, v)", "k, v)"),
    "chunks do not meet": ("o, S = _parallel", "o, _ = _parallel"),
    "one chunk always": ('T if form == "parallel" else chunk', "T"),
    "state ignored": ("if state is None else state", "if True else state"),
    "scaled by the root of d_k": ("return _recurrent(q,", "return _recurrent(q / K**0.5,"),
}


def paired(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, start: Tensor | None = None) -> Tensor:
    """Every pair on its own, with the product of the decays that lie between."""
    outputs = []
    for t in range(k.shape[1]):
        o = 0
        for i in range(t + 1):
            left = decay[:, i + 1 : t + 1].prod(dim=1)
            o = o + (q[:, t] * left * k[:, i]).sum(dim=-1, keepdim=True) * v[:, i]
        if start is not None:
            o = o + ((q[:, t] * decay[:, : t + 1].prod(dim=1))[..., None] * start).sum(dim=-2)
        outputs.append(o)
    return torch.stack(outputs, dim=1)


FORMS = [{"form": "recurrent"}, {"form": "parallel"}, *({"form": "chunkwise", "chunk": n} for n in (1, 3, 4, 20))]


def check(module: types.ModuleType, draw, agree) -> None:
    attention = module.gated_linear_attention
    inputs = draw(FILE, SIZES)
    start = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    steep = {name: tensor.float().requires_grad_() for name, tensor in inputs.items()}
    steep["decay"] = torch.full_like(steep["decay"], 1e-8).requires_grad_()
    for form in FORMS:
        agree(
            lambda start, form=form, **given: attention(**given, state=start, **form)[0],
            paired,
            {**inputs, "start": start},
        )
        agree(lambda form=form, **given: attention(**given, **form)[0], paired, inputs)

        one = {name: tensor[:, :1] for name, tensor in inputs.items()}
        o, _ = attention(**one, **form)
        torch.testing.assert_close(o, (one["q"] * one["k"]).sum(dim=-1, keepdim=True) * one["v"])

        parts, state = [], None
        for now in (slice(0, 3), slice(3, 4), slice(4, 7)):
            o, state = attention(**{name: tensor[:, now] for name, tensor in inputs.items()}, state=state, **form)
            parts.append(o)
        whole, last = attention(**inputs, form="recurrent")
        torch.testing.assert_close(torch.cat(parts, dim=1), whole)
        torch.testing.assert_close(state, last)

        # nearly nothing survives a step: only a token's own value is read, with finite gradients
        o, _ = attention(**steep, **form)
        alone = (steep["q"] * steep["k"]).sum(dim=-1, keepdim=True) * steep["v"]
        torch.testing.assert_close(o, alone, rtol=1e-4, atol=1e-4)
        assert all(slope.isfinite().all() for slope in torch.autograd.grad(o.sum(), list(steep.values())))

    torch.testing.assert_close(attention(**inputs)[0], paired(**inputs))
    for form, passes in (("recurrent", 0), ("parallel", 1), ("chunkwise", 7)):
        with mock.patch.object(module, "_parallel", wraps=module._parallel) as parallel:
            attention(**inputs, form=form, chunk=1)
        assert parallel.call_count == passes


def test_agrees_with_every_pair_on_its_own(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("form", ["recurrent", "parallel", "chunkwise"])
def test_without_decay_it_is_the_fast_weight_programmer(form, shipped, draw):
    q, k, v, decay = draw(FILE, SIZES).values()

    o = shipped(FILE).gated_linear_attention(q, k, v, torch.ones_like(decay), form=form)

    torch.testing.assert_close(o, shipped("fast_weight_programmer").fast_weight_programmer(q, k, v))


def test_without_decay_and_with_features_it_is_linear_attention_before_its_denominator(shipped, draw):
    q, k, v, decay = draw(FILE, SIZES).values()
    mapped = (torch.nn.functional.elu(x) + 1 for x in (q, k))

    o, _ = shipped(FILE).gated_linear_attention(*mapped, v, torch.ones_like(decay))

    torch.testing.assert_close(o, shipped("linear_attention").linear_attention(q, k, v, normalise=False)[0])


def test_long_sequences_in_float32_agree_with_float64(shipped, draw):
    inputs = draw(FILE, {"T": 200})
    exact, _ = shipped(FILE).gated_linear_attention(**inputs, form="recurrent")

    for form in ("recurrent", "parallel", "chunkwise"):
        single = {name: tensor.float() for name, tensor in inputs.items()}
        o, _ = shipped(FILE).gated_linear_attention(**single, form=form)
        torch.testing.assert_close(o.double(), exact, rtol=1e-4, atol=1e-4)
