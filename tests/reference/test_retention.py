"""Truth of retention: sums over pairs with a complex rotation, three forms, and the formulas of the authors' code."""

import contextlib
import types
from unittest import mock

import pytest
import torch
from torch import Tensor

FILE = "retention"
SIZES = {"B": 2, "T": 7, "H": 3, "K": 6, "V": 5}
FORMS = [("parallel", 4), ("recurrent", 4), ("chunkwise", 1), ("chunkwise", 3), ("chunkwise", 4), ("chunkwise", 9)]
WRONG = {
    "parallel: decay one step early": ("(t[:, None] - t).clamp(min=0)", "(t[:, None] - t + 1).clamp(min=0)"),
    "parallel: decay one step late": ("(t[:, None] - t).clamp(min=0)", "(t[:, None] - t - 1).clamp(min=0)"),
    "growth for decay": ("decay[:, None, None] ** (t", "(1 / decay[:, None, None]) ** (t"),
    "the future seen": (".tril()", ""),
    "the present not seen": (".tril()", ".tril(-1)"),
    "scores scaled by the root of K": ("q, k) * D", "q, k) * D / k.shape[-1] ** 0.5"),
    "softmax": ("q, k) * D", "q, k).masked_fill(D == 0, -torch.inf).softmax(dim=-1)"),
    "state read one step young": ("past = decay ** (t[:, None] + 1)", "past = decay ** t[:, None]"),
    "state not faded through the chunk": ("(decay**T)[:, None, None] * S", "S"),
    "state faded once a chunk": ("(decay**T)[:, None, None] * S", "decay[:, None, None] * S"),
    "tokens of a chunk not faded": ("left = decay ** (T - 1 - t[:, None])", "left = decay ** (0 * t[:, None])"),
    "tokens of a chunk faded from the wrong end": (
        "left = decay ** (T - 1 - t[:, None])",
        "left = decay ** t[:, None]",
    ),
    "recurrent: decay after the write": (
        'decay[:, None, None] * S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t])',
        'decay[:, None, None] * (S + einsum("bhk,bhv->bhkv", k[:, t], v[:, t]))',
    ),
    "recurrent: read before the write": (
        'einsum("bhkv,bhk->bhv", S, q[:, t])',
        'einsum("bhkv,bhk->bhv", S - einsum("bhk,bhv->bhkv", k[:, t], v[:, t]), q[:, t])',
    ),
    "rotation of the query only": ("for x in (q, k))", "for x in (q, q))"),
    "rotation the other way for keys": (
        "q, k = (_rotate(x, first, rotation) for x in (q, k))",
        "q, k = _rotate(q, first, rotation), _rotate(k.flip(1), first, rotation).flip(1)",
    ),
    "halves in the place of neighbours": ("x[..., 0::2], x[..., 1::2]", "x[..., : K // 2], x[..., K // 2 :]"),
    "frequencies of the whole width": (
        "torch.arange(0, K, 2, dtype=x.dtype, device=x.device) / K",
        "torch.arange(K // 2, dtype=x.dtype, device=x.device) / K",
    ),
    "code: last frequency left out": ("torch.linspace(0, 1, K // 2,", "torch.linspace(0, 1 - 2 / K, K // 2,"),
    "no rotation": ('if rotation != "none":', "if False:"),
    "rotation always": ('if rotation != "none":', "if True:"),
    "places begin again in each part": ("o, (S, first + T)", "o, (S, 0)"),
    "decays of the heads reversed": (
        "decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:\n    T",
        "decay: Tensor, S: Tensor) -> tuple[Tensor, Tensor]:\n    decay = decay.flip(0)\n    T",
    ),
    "state ignored": ("if state is None else state", "if True else state"),
}


def pair_by_pair(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, rotation: str = "rope") -> Tensor:
    """o_t = sum over s <= t of decay^{t-s} Re(q_t e^{i t theta} conj(k_s e^{i s theta})) v_s."""
    T, K = q.shape[1], q.shape[-1]
    theta = torch.tensor([10000.0 ** (-2 * i / K) for i in range(K // 2)], dtype=q.dtype)
    if rotation == "code":
        theta = torch.tensor([10000.0 ** (-i / (K // 2 - 1)) for i in range(K // 2)], dtype=q.dtype)
    if rotation == "none":
        theta = 0 * theta
    pairs = [torch.complex(x[..., ::2], x[..., 1::2]) for x in (q, k)]
    outputs = []
    for t in range(T):
        total = 0
        for s in range(t + 1):
            turn = torch.polar(torch.ones_like(theta), (t - s) * theta)
            score = (pairs[0][:, t] * pairs[1][:, s].conj() * turn).sum(dim=-1).real
            total = total + (torch.exp((t - s) * torch.log(decay)) * score)[..., None] * v[:, s]
        outputs.append(total)
    return torch.stack(outputs, dim=1)


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
    inputs["decay"] = torch.tensor([0.5, 0.9, 1.0], dtype=torch.float64)
    for rotation in ("rope", "code", "none"):
        for form, chunk in FORMS:
            given = {"form": form, "chunk": chunk, "rotation": rotation}
            agree(
                lambda given=given, **tensors: module.retention(**tensors, **given)[0],
                lambda rotation=rotation, **tensors: pair_by_pair(**tensors, rotation=rotation),
                inputs,
            )
            whole, (S, places) = module.retention(**inputs, **given)
            assert places == 7
            taken = count_calls(
                module, "_parallel", "_recurrent", run=lambda given=given: module.retention(**inputs, **given)
            )
            chunks = {"recurrent": 0, "parallel": 1, "chunkwise": -(-7 // chunk)}[form]
            assert taken == {"_parallel": chunks, "_recurrent": form == "recurrent"}
            parts, state = [], None
            for start, stop in ((0, 1), (1, 5), (5, 7)):
                part = {name: tensor if name == "decay" else tensor[:, start:stop] for name, tensor in inputs.items()}
                o, state = module.retention(**part, state=state, **given)
                parts.append(o)
            torch.testing.assert_close(torch.cat(parts, dim=1), whole)
            torch.testing.assert_close(state[0], S)

            def carry(given=given, **tensors):
                S, k = tensors.pop("S"), tensors["k"]
                o, (S, _) = module.retention(**tensors, state=(S, 2), **given)
                return torch.cat([o.flatten(), S.flatten(), 0 * k.flatten()])

            def carried(rotation=rotation, **tensors):
                """The state as two tokens more: any S is a sum of K outer products."""
                S = tensors.pop("S")
                return torch.cat([*(part.flatten() for part in unrolled(S, rotation=rotation, **tensors))])

            agree(carry, carried, {**inputs, "S": torch.randn_like(S)})
    long = {name: tensor.float() for name, tensor in draw(FILE, {**SIZES, "T": 400}).items()}
    long["decay"] = torch.full((3,), 0.3)
    for form, chunk in FORMS:
        assert module.retention(**long, form=form, chunk=chunk)[0].isfinite().all()
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in long.items()}
    slopes = torch.autograd.grad(module.retention(**leaves)[0].sum(), list(leaves.values()))
    assert all(slope.isfinite().all() for slope in slopes)


def unrolled(
    S: Tensor, q: Tensor, k: Tensor, v: Tensor, decay: Tensor, rotation: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs and last state after two earlier tokens that left S, step by step with complex numbers."""
    T, K = q.shape[1], q.shape[-1]
    exponent = [-2 * i / K if rotation == "rope" else -i / (K // 2 - 1) for i in range(K // 2)]
    theta = torch.tensor([10000.0**one for one in exponent], dtype=q.dtype) * (rotation != "none")
    outputs = []
    for t in range(T):
        turn = torch.polar(torch.ones_like(theta), (t + 2) * theta)
        turned = [
            torch.view_as_real(torch.complex(x[:, t, :, ::2], x[:, t, :, 1::2]) * turn).flatten(-2) for x in (q, k)
        ]
        S = S * decay.view(1, -1, 1, 1) + turned[1][..., None] * v[:, t, :, None]
        outputs.append((S * turned[0][..., None]).sum(dim=-2))
    return torch.stack(outputs, dim=1), S, 0 * k


def test_agrees_pair_by_pair_in_all_forms(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


@pytest.mark.parametrize("rotation", ["rope", "code"])
def test_an_odd_number_of_channels_cannot_be_rotated_and_need_not_be(rotation, shipped, draw):
    inputs, retention = draw(FILE, {**SIZES, "K": 5, "rotation": "none"}), shipped(FILE).retention

    o, _ = retention(**inputs, rotation="none")

    pairs = torch.stack([(inputs["q"][:, 6] * inputs["k"][:, i]).sum(dim=-1) for i in range(7)], dim=-1)
    faded = pairs * inputs["decay"][:, None] ** torch.arange(6, -1, -1)
    torch.testing.assert_close(o[:, 6], torch.einsum("bhi,bihv->bhv", faded, inputs["v"]))
    with pytest.raises(AssertionError):
        retention(**inputs, rotation=rotation)


def test_agrees_with_the_formulas_of_the_authors_code(shipped, draw):
    """As in torchscale: an angle for every channel, pairs turned by their signs, a table of powers for a mask."""
    inputs = draw(FILE, SIZES)
    T, H, K = 7, 3, 6
    gamma = 1 - 2.0 ** (-5 - torch.arange(H, dtype=torch.float64))
    angle = (1 / 10000 ** torch.linspace(0, 1, K // 2, dtype=torch.float64)).repeat_interleave(2)
    place = torch.arange(T, dtype=torch.float64)[:, None] * angle

    def shift(x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        turned = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
        return x * torch.cos(place) + turned * torch.sin(place)

    rows = torch.arange(T)
    mask = torch.stack([g ** (rows[:, None] - rows) for g in gamma]) * (rows[:, None] >= rows)
    wanted = (shift(inputs["q"]) @ shift(inputs["k"]).mT * mask) @ inputs["v"].transpose(1, 2)

    o, _ = shipped(FILE).retention(*(inputs[name] for name in "qkv"), gamma, rotation="code")
    torch.testing.assert_close(o, wanted.transpose(1, 2))


def test_scores_depend_on_the_distance_only(shipped, draw):
    inputs = draw(FILE, SIZES)
    zero = torch.zeros(2, 3, 6, 5, dtype=torch.float64)
    near, far = (shipped(FILE).retention(**inputs, state=(zero, place))[0] for place in (0, 1000))

    torch.testing.assert_close(near, far)


def test_without_decay_and_rotation_it_is_the_shipped_fast_weight_programmer(shipped, draw):
    q, k, v, decay = draw(FILE, SIZES).values()
    o, (S, _) = shipped(FILE).retention(q, k, v, torch.ones_like(decay), rotation="none")
    programmed, state = shipped("fast_weight_programmer").fast_weight_programmer(q, k, v)

    torch.testing.assert_close(o, programmed)
    torch.testing.assert_close(S, state)
