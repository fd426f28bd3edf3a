"""Truth of state space duality: every product of decays written out, three forms, and the scan of Mamba-2."""

import contextlib
import types
from unittest import mock

import pytest
import torch
from torch import Tensor
from transformers.models.mamba2.modeling_mamba2 import mamba2_chunk_scan

FILE = "state_space_duality"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 5, "V": 4}
FORMS = [("parallel", 4), ("recurrent", 4), ("chunkwise", 1), ("chunkwise", 3), ("chunkwise", 4), ("chunkwise", 9)]
WRONG = {
    "the decay of the written token counts": (
        "total[..., :, None] - total[..., None, :]",
        "total[..., :, None] - (total - decay.log().transpose(1, 2))[..., None, :]",
    ),
    "the decay of the reading token does not count": (
        "total[..., :, None] - total[..., None, :]",
        "(total - decay.log().transpose(1, 2))[..., :, None] - total[..., None, :]",
    ),
    "growth for decay": ("total[..., :, None] - total[..., None, :]", "total[..., None, :] - total[..., :, None]"),
    "one decay in the place of their product": ("decay.log().cumsum(dim=1)", "decay.log()"),
    "decays added": ("decay.log().cumsum(dim=1)", "decay.cumsum(dim=1).log()"),
    "products for sums of logarithms": (
        'total[..., :, None] - total[..., None, :]).masked_fill(future, float("-inf")).exp()',
        "total.exp()[..., :, None] / total.exp()[..., None, :]).masked_fill(future, 0)",
    ),
    "mask after the exponential": (
        '.masked_fill(future, float("-inf")).exp()',
        ".exp().masked_fill(future, 0)",
    ),
    "the future seen": (".triu(1)", ".triu(9)"),
    "the present not seen": (".triu(1)", ".triu(0)"),
    "state read without fading": ("q, total.exp(), S", "q, total.exp() ** 0, S"),
    "state not faded through the chunk": ("end.exp()[..., None] * S", "S"),
    "tokens of a chunk not faded": ("(end - total).exp(), v)", "(end - total).exp() ** 0, v)"),
    "tokens of a chunk faded from the wrong end": ("(end - total).exp(), v)", "total.exp(), v)"),
    "scores scaled by the root of K": ("q, k) * L", "q, k) * L / k.shape[-1] ** 0.5"),
    "recurrent: decay after the write": (
        'decay[:, t, :, None, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])',
        'decay[:, t, :, None, None] * (S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t]))',
    ),
    "recurrent: write scaled by what is forgotten": (
        '+ einsum("bhk,bhv->bhkv", k[:, t], v[:, t])',
        '+ (1 - decay[:, t, :, None, None]) * einsum("bhk,bhv->bhkv", k[:, t], v[:, t])',
    ),
    "state ignored": ("if state is None else state", "if True else state"),
}


def product_by_product(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, S: Tensor) -> Tensor:
    """Outputs, then the last state: each pair's product of decays multiplied up one by one."""
    outputs = []
    for t in range(q.shape[1]):
        o = (q[:, t, :, :, None] * S).sum(dim=2) * decay[:, : t + 1].prod(dim=1)[..., None]
        for s in range(t + 1):
            score = (q[:, t] * k[:, s]).sum(dim=-1)
            for j in range(s + 1, t + 1):
                score = score * decay[:, j]
            o = o + score[..., None] * v[:, s]
        outputs.append(o)
    last = S * decay.prod(dim=1)[..., None, None]
    for s in range(q.shape[1]):
        last = last + (k[:, s] * decay[:, s + 1 :].prod(dim=1)[..., None])[..., None] * v[:, s, :, None]
    return torch.cat([torch.stack(outputs, dim=1).flatten(), last.flatten()])


def count_calls(module: types.ModuleType, *names: str, run) -> dict[str, int]:
    """How often each function of the module is called: forms that agree are told apart by how they get there."""
    with contextlib.ExitStack() as stack:
        watched = {
            name: stack.enter_context(mock.patch.object(module, name, wraps=getattr(module, name))) for name in names
        }
        run()
    return {name: one.call_count for name, one in watched.items()}


def check(module: types.ModuleType, draw, agree) -> None:
    inputs = draw(FILE, SIZES)
    inputs["decay"] = inputs["decay"].clamp(0.05, 1)
    inputs["S"] = torch.randn(2, 3, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for form, chunk in FORMS:

        def ours(q, k, v, decay, S, form=form, chunk=chunk):
            o, S = module.state_space_duality(q, k, v, decay, S, form=form, chunk=chunk)
            return torch.cat([o.flatten(), S.flatten()])

        agree(ours, product_by_product, inputs)
        given = {name: tensor for name, tensor in inputs.items() if name != "S"}
        whole, last = module.state_space_duality(**given, form=form, chunk=chunk)
        taken = count_calls(
            module,
            "_parallel",
            "_recurrent",
            run=lambda given=given, form=form, chunk=chunk: module.state_space_duality(
                **given, form=form, chunk=chunk
            ),
        )
        chunks = {"recurrent": 0, "parallel": 1, "chunkwise": -(-7 // chunk)}[form]
        assert taken == {"_parallel": chunks, "_recurrent": form == "recurrent"}
        parts, state = [], None
        for start, stop in ((0, 1), (1, 5), (5, 7)):
            part = {name: tensor[:, start:stop] for name, tensor in given.items()}
            o, state = module.state_space_duality(**part, state=state, form=form, chunk=chunk)
            parts.append(o)
        torch.testing.assert_close(torch.cat(parts, dim=1), whole)
        torch.testing.assert_close(state, last)
        torch.testing.assert_close(whole.float(), library(**given), rtol=1e-4, atol=1e-5)
        # long memories and memories that are wiped at once, in single precision, forwards and backwards
        faint = {name: tensor.float() for name, tensor in given.items()}
        faint["decay"] = torch.tensor([1e-12, 1.0, 1e-12, 1.0, 1e-12, 1e-12, 1e-12])[None, :, None].expand(2, 7, 3)
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in faint.items()}
        o = module.state_space_duality(**leaves, form=form, chunk=chunk)[0]
        wanted = module.state_space_duality(**{name: x.double() for name, x in faint.items()}, form="recurrent")[0]
        torch.testing.assert_close(o.double(), wanted, rtol=1e-4, atol=1e-4)
        slopes = torch.autograd.grad(o.sum(), list(leaves.values()))
        assert all(slope.isfinite().all() for slope in slopes)


def library(q: Tensor, k: Tensor, v: Tensor, decay: Tensor) -> Tensor:
    """The chunked scan of transformers' Mamba-2, whose step is one and whose A is -1: decay is then part of the step.

    Its x is multiplied by the step and its decay is e^{A step}; so step is -log(decay), and v is divided by it.
    """
    step = -decay.log()
    given = [tensor.float() for tensor in (v / step[..., None], step, -torch.ones(3, dtype=v.dtype), k, q)]
    return mamba2_chunk_scan(*given, chunk_size=4)


def test_agrees_product_by_product_in_all_forms(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_without_decay_it_is_the_shipped_fast_weight_programmer(shipped, draw):
    q, k, v, decay = draw(FILE, SIZES).values()
    o, S = shipped(FILE).state_space_duality(q, k, v, torch.ones_like(decay))
    programmed, state = shipped("fast_weight_programmer").fast_weight_programmer(q, k, v)

    torch.testing.assert_close(o, programmed)
    torch.testing.assert_close(S, state)


def test_with_one_decay_a_head_it_is_the_shipped_retention_without_rotation(shipped, draw):
    q, k, v, _ = draw(FILE, SIZES).values()
    decay = torch.tensor([0.5, 0.9, 1.0], dtype=q.dtype)
    o, S = shipped(FILE).state_space_duality(q, k, v, decay.expand(2, 7, 3))
    retained, (state, _) = shipped("retention").retention(q, k, v, decay, rotation="none")

    torch.testing.assert_close(o, retained)
    torch.testing.assert_close(S, state)
